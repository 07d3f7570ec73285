//! `agent/get`: the app as WeCom sees it, for an administrator's test.

use serde::Deserialize;

use crate::{AgentId, Error, lenient};

pub(crate) const PATH: &str = "cgi-bin/agent/get";

/// An app's settings [D 90227].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// The app.
    pub agent_id: AgentId,
    /// Its name.
    pub name: Option<String>,
    /// Whether it is disabled.
    pub closed: Option<bool>,
    /// The trusted domain, host and perhaps port: to be compared with ours.
    pub redirect_domain: Option<String>,
    /// The page that opens from the workbench.
    pub home_url: Option<String>,
    /// Who may use it.
    pub visible_range: VisibleRange,
    /// Agency apps only: 0 to be developed, 1 developing, 2 online, 3 online with a newer version
    /// that is not published.
    pub publish_status: Option<i64>,
}

/// Whom an app is visible to (可见范围).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VisibleRange {
    /// Members by their `userid`, as received.
    pub user_ids: Vec<String>,
    /// Departments by their id.
    pub departments: Vec<i64>,
    /// Tags by their id.
    pub tags: Vec<i64>,
}

impl VisibleRange {
    /// Whether nobody may use the app.
    pub fn is_empty(&self) -> bool {
        self.user_ids.is_empty() && self.departments.is_empty() && self.tags.is_empty()
    }
}

#[derive(Deserialize)]
pub(crate) struct Reply {
    #[serde(default, deserialize_with = "lenient::integer")]
    agentid: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::integer")]
    close: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    redirect_domain: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    home_url: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    allow_userinfos: Users,
    #[serde(default, deserialize_with = "lenient::or_default")]
    allow_partys: Departments,
    #[serde(default, deserialize_with = "lenient::or_default")]
    allow_tags: Tags,
    #[serde(default, deserialize_with = "lenient::integer")]
    customized_publish_status: Option<i64>,
}

#[derive(Deserialize, Default)]
struct Users {
    #[serde(default, deserialize_with = "lenient::or_default")]
    user: Vec<User>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default, deserialize_with = "lenient::text")]
    userid: Option<String>,
}

#[derive(Deserialize, Default)]
struct Departments {
    #[serde(default, deserialize_with = "lenient::integers")]
    partyid: Vec<i64>,
}

#[derive(Deserialize, Default)]
struct Tags {
    #[serde(default, deserialize_with = "lenient::integers")]
    tagid: Vec<i64>,
}

impl Agent {
    pub(crate) fn from_reply(reply: Reply, asked: AgentId) -> Result<Self, Error> {
        let received = reply.agentid.ok_or_else(|| Error::lacks(PATH, "agentid"))?;
        if u64::try_from(received) != Ok(asked.0) {
            return Err(Error::Mismatch { path: PATH, field: "agentid" });
        }
        let users = reply.allow_userinfos.user.into_iter();
        Ok(Self {
            agent_id: asked,
            name: reply.name,
            closed: reply.close.map(|close| close != 0),
            redirect_domain: reply.redirect_domain,
            home_url: reply.home_url,
            visible_range: VisibleRange {
                user_ids: users.filter_map(|user| user.userid).collect(),
                departments: reply.allow_partys.partyid,
                tags: reply.allow_tags.tagid,
            },
            publish_status: reply.customized_publish_status,
        })
    }
}
