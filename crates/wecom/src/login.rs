//! Login URLs. Each parameter of a URL is a field of a struct: nothing else can get in.

use std::fmt::Write as _;

use url::Url;

use crate::{AgentId, BaseUrls, State, encode::encode};

/// Language of WeCom's web login page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl Lang {
    fn as_str(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }
}

/// Size of the panel in a page of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanelSize {
    /// 480 × 416 pixels.
    Middle,
    /// 320 × 380 pixels.
    Small,
}

impl PanelSize {
    fn as_str(self) -> &'static str {
        match self {
            Self::Middle => "middle",
            Self::Small => "small",
        }
    }

    /// Width and height in CSS pixels.
    pub fn pixels(self) -> (u16, u16) {
        match self {
            Self::Middle => (480, 416),
            Self::Small => (320, 380),
        }
    }
}

/// The web login as a frame in a page of ours. At consent the top window goes to the
/// `redirect_uri` (`redirect_type=top`) [D 98268].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panel {
    /// Its size.
    pub size: PanelSize,
}

/// The web login of desktop browsers: QR code, or one click beside a running client [D 98152].
#[derive(Debug, Clone, Copy)]
pub struct WebLogin<'a> {
    /// The corp's id.
    pub corp_id: &'a str,
    /// The app.
    pub agent_id: AgentId,
    /// Where WeCom sends the browser with `code` and `state`; without a query of its own.
    pub redirect_uri: &'a Url,
    /// Returned unchanged.
    pub state: &'a State,
    /// Language of the page; WeCom's choice without.
    pub lang: Option<Lang>,
    /// As a frame in a page of ours; a page of its own without.
    pub panel: Option<Panel>,
}

/// What an in-client sign-in asks the member for [D 91022].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `snsapi_base`: silent, gives the `userid`.
    Base,
    /// `snsapi_privateinfo`: asks for consent, gives a `user_ticket` as well.
    PrivateInfo,
}

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Self::Base => "snsapi_base",
            Self::PrivateInfo => "snsapi_privateinfo",
        }
    }
}

/// The sign-in inside the WeCom client [D 91022].
#[derive(Debug, Clone, Copy)]
pub struct InClientLogin<'a> {
    /// The corp's id.
    pub corp_id: &'a str,
    /// The app. Always sent: `snsapi_privateinfo` needs it.
    pub agent_id: AgentId,
    /// Where WeCom sends the browser with `code` and `state`; without a query of its own.
    pub redirect_uri: &'a Url,
    /// Returned unchanged.
    pub state: &'a State,
    /// What to ask for.
    pub scope: Scope,
}

impl BaseUrls {
    /// The URL of the web login, in the parameter order of [D 98152].
    pub fn web_login(&self, login: &WebLogin<'_>) -> String {
        let mut url = format!(
            "{}/wwlogin/sso/login?login_type=CorpApp&appid={}&agentid={}&redirect_uri={}&state={}",
            self.web_login.as_str(),
            encode(login.corp_id),
            login.agent_id,
            encode(login.redirect_uri.as_str()),
            login.state.as_str(),
        );
        if let Some(lang) = login.lang {
            push(&mut url, "lang", lang.as_str());
        }
        if let Some(panel) = login.panel {
            push(&mut url, "redirect_type", "top");
            push(&mut url, "panel_size", panel.size.as_str());
        }
        url
    }

    /// The URL of the in-client authorise page, in the parameter order of [D 91022].
    pub fn in_client(&self, login: &InClientLogin<'_>) -> String {
        format!(
            "{}/connect/oauth2/authorize?appid={}&redirect_uri={}&response_type=code\
             &scope={}&state={}&agentid={}#wechat_redirect",
            self.oauth.as_str(),
            encode(login.corp_id),
            encode(login.redirect_uri.as_str()),
            login.scope.as_str(),
            login.state.as_str(),
            login.agent_id,
        )
    }
}

fn push(url: &mut String, name: &str, value: &str) {
    // Writing to a String can't fail.
    let _ = write!(url, "&{name}={value}");
}
