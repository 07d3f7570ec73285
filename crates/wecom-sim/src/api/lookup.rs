//! `user/getuserid` and `user/get_userid_by_email` [D 95402, D 95895].

use serde_json::{Map, Value, json};

use super::{Failure, Reply, agentid, body, caller, company};
use crate::{lookups::Limit, request::Request, state::State, world::Member};

/// Whom a look-up wants.
enum Wanted {
    /// By mobile number, as [`digits`] has it.
    Mobile(String),
    /// By the mailbox given by the corp.
    BizMail(String),
    /// By the personal mail address.
    Email(String),
}

/// `{"mobile": …}`: 5 to 32 bytes.
pub(super) fn by_mobile(state: &State, request: &Request) -> Reply {
    find(state, request, |body| {
        let mobile = text(body, "mobile")?;
        if !(5..=32).contains(&mobile.len()) {
            return Err(Failure(40_058));
        }
        Ok(Wanted::Mobile(digits(mobile)))
    })
}

/// `{"email": …, "email_type": 1}`: 1, the default, is the mailbox given by the corp, 2 the
/// personal address.
pub(super) fn by_email(state: &State, request: &Request) -> Reply {
    find(state, request, |body| {
        let email = text(body, "email")?.to_owned();
        match body.get("email_type").map(Value::as_i64) {
            None | Some(Some(1)) => Ok(Wanted::BizMail(email)),
            Some(Some(2)) => Ok(Wanted::Email(email)),
            Some(_) => Err(Failure(40_058)),
        }
    })
}

/// Order: the caller, contact sync (48009: only the id-only calls are left to it [D 96079]), the
/// corp blocked (45009), body too large (40206), no JSON object or a wrong value in it (40058),
/// nobody or outside the visible range (46004 for both, and only this counts towards the block).
fn find(
    state: &State,
    request: &Request,
    wanted: impl FnOnce(&Map<String, Value>) -> Result<Wanted, Failure>,
) -> Reply {
    let world = state.world();
    let access = caller(state, &world, request)?;
    let company = company(&world, &access)?;
    let agentid = agentid(&access, 48_009)?;
    let limit = Limit::of(&world.rules, company);
    if limit.is_some() && state.lookups.is_blocked(state.now(), &access.corp) {
        return Err(Failure(45_009));
    }
    let wanted = wanted(&body(request)?)?;
    let mut members = company.members();
    let found = members.find(|member| wanted.is(member) && company.in_range(agentid, member));
    if let (None, Some(limit)) = (found, limit) {
        state.lookups.wrong(state.now(), &access.corp, limit);
    }
    let userid = &found.ok_or(Failure(46_004))?.userid;
    Ok(Map::from_iter([("userid".to_owned(), json!(userid))]))
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, Failure> {
    body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).ok_or(Failure(40_058))
}

impl Wanted {
    /// Is this the member? Letter case of an address is ignored: no document says.
    fn is(&self, member: &Member) -> bool {
        match self {
            Self::Mobile(wanted) => {
                !wanted.is_empty()
                    && member.mobile.as_deref().is_some_and(|mobile| digits(mobile) == *wanted)
            }
            Self::BizMail(wanted) => is_address(member.biz_mail.as_deref(), wanted),
            Self::Email(wanted) => is_address(member.email.as_deref(), wanted),
        }
    }
}

fn is_address(address: Option<&str>, wanted: &str) -> bool {
    address.is_some_and(|address| address.eq_ignore_ascii_case(wanted))
}

/// A mobile number's digits, without China's +86; the `+` of another country stays, so that
/// +1 380 000 0001 is not 13800000001. WeCom documents no form.
fn digits(mobile: &str) -> String {
    let mobile = mobile.trim();
    let national = mobile.strip_prefix("+86").unwrap_or(mobile);
    let plus = national.starts_with('+').then_some('+');
    plus.into_iter().chain(national.chars().filter(char::is_ascii_digit)).collect()
}
