//! The URLs, byte for byte.

use url::Url;
use wecom::{
    AgentId, BaseUrl, BaseUrlError, BaseUrls, InClientLogin, Lang, Panel, PanelSize, Scope, State,
    StateError, WebLogin,
};

fn redirect_uri() -> Url {
    Url::parse("https://sso.acme.cn/connections/social/wecom-qr/callback").unwrap()
}

#[test]
fn web_login() {
    let (redirect_uri, state) = (redirect_uri(), State::parse("0aB9").unwrap());
    let page = WebLogin {
        corp_id: "ww100000a5f2191",
        agent_id: AgentId(1_000_002),
        redirect_uri: &redirect_uri,
        state: &state,
        lang: None,
        panel: None,
    };
    let bare = "https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp\
                &appid=ww100000a5f2191&agentid=1000002&redirect_uri=https%3A%2F%2Fsso.acme.cn%2F\
                connections%2Fsocial%2Fwecom-qr%2Fcallback&state=0aB9";
    let urls = BaseUrls::default();
    assert_eq!(urls.web_login(&page), bare);
    let english = WebLogin { lang: Some(Lang::En), ..page };
    assert_eq!(urls.web_login(&english), format!("{bare}&lang=en"));
    let panel = Some(Panel { size: PanelSize::Small });
    assert_eq!(
        urls.web_login(&WebLogin { lang: Some(Lang::Zh), panel, ..page }),
        format!("{bare}&lang=zh&redirect_type=top&panel_size=small")
    );
    let panel = Some(Panel { size: PanelSize::Middle });
    assert_eq!(
        urls.web_login(&WebLogin { panel, ..page }),
        format!("{bare}&redirect_type=top&panel_size=middle")
    );
}

#[test]
fn in_client() {
    let (redirect_uri, state) = (redirect_uri(), State::parse("0aB9").unwrap());
    let login = InClientLogin {
        corp_id: "ww100000a5f2191",
        agent_id: AgentId(1_000_002),
        redirect_uri: &redirect_uri,
        state: &state,
        scope: Scope::Base,
    };
    let expected = |scope: &str| {
        format!(
            "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww100000a5f2191\
             &redirect_uri=https%3A%2F%2Fsso.acme.cn%2Fconnections%2Fsocial%2Fwecom-qr%2Fcallback\
             &response_type=code&scope={scope}&state=0aB9&agentid=1000002#wechat_redirect"
        )
    };
    let urls = BaseUrls::default();
    assert_eq!(urls.in_client(&login), expected("snsapi_base"));
    let asking = InClientLogin { scope: Scope::PrivateInfo, ..login };
    assert_eq!(urls.in_client(&asking), expected("snsapi_privateinfo"));
}

#[test]
fn nothing_in_a_value_becomes_a_parameter() {
    let redirect_uri = Url::parse("https://a.example/cb?scope=x&agentid=7#f").unwrap();
    let state = State::parse("s").unwrap();
    let login = InClientLogin {
        corp_id: "ww1&agentid=9#x 虎",
        agent_id: AgentId(1),
        redirect_uri: &redirect_uri,
        state: &state,
        scope: Scope::Base,
    };
    let url = Url::parse(&BaseUrls::default().in_client(&login)).unwrap();
    let names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    let allowed = ["appid", "redirect_uri", "response_type", "scope", "state", "agentid"];
    assert_eq!(names, allowed);
    let values: Vec<_> = url.query_pairs().map(|(_, value)| value.into_owned()).collect();
    assert_eq!(values[0], login.corp_id);
    assert_eq!(values[1], redirect_uri.as_str());
    assert_eq!(url.fragment(), Some("wechat_redirect"));
}

#[test]
fn base_urls_are_replaceable() {
    let urls = BaseUrls {
        web_login: "http://wecom.localhost:8081/web/".parse().unwrap(),
        ..BaseUrls::default()
    };
    let (redirect_uri, state) = (redirect_uri(), State::parse("s").unwrap());
    let login = WebLogin {
        corp_id: "c",
        agent_id: AgentId(1),
        redirect_uri: &redirect_uri,
        state: &state,
        lang: None,
        panel: None,
    };
    let url = urls.web_login(&login);
    assert!(url.starts_with("http://wecom.localhost:8081/web/wwlogin/sso/login?login_type="));
}

#[test]
fn base_urls_are_https_or_loopback() {
    for good in ["https://wecom.example", "http://127.0.0.1:9", "http://[::1]", "http://localhost"]
    {
        assert_eq!(good.parse::<BaseUrl>().unwrap().as_str(), good);
    }
    for (bad, why) in [
        ("qyapi.weixin.qq.com", BaseUrlError::Invalid),
        ("http://qyapi.weixin.qq.com", BaseUrlError::Scheme),
        ("http://localhost.example", BaseUrlError::Scheme),
        ("ftp://127.0.0.1", BaseUrlError::Scheme),
        ("https://user@wecom.example", BaseUrlError::Extra),
        ("https://wecom.example?debug=1", BaseUrlError::Extra),
        ("https://wecom.example#x", BaseUrlError::Extra),
    ] {
        assert_eq!(bad.parse::<BaseUrl>(), Err(why), "{bad}");
    }
}

#[test]
fn state_is_letters_and_digits() {
    assert_eq!(State::parse(""), Err(StateError::Length));
    assert_eq!(State::parse(&"a".repeat(129)), Err(StateError::Length));
    assert!(State::parse(&"a".repeat(128)).is_ok());
    for bad in ["a-b", "a_b", "a b", "a=", "ä", "a&b", "a\n"] {
        assert_eq!(State::parse(bad), Err(StateError::Characters), "{bad:?}");
    }
}
