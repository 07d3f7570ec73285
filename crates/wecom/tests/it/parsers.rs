//! What strangers can send us: no input may be a panic, and none may be taken for more than it is.

use proptest::prelude::*;
use wecom::{
    CacheEntry, Device, Mode, State, UserAgent, UserId, UserIdError, Version, classify, remedy,
};

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 10_3_2 like Mac OS X) AppleWebKit/603.2.4 \
                      Mobile/14F89 wxwork/2.2.0 MicroMessenger/6.3.2";
const ANDROID: &str = "Mozilla/5.0 (Linux; Android 7.1) MQQBrowser/6.2 TBS/043 Mobile wxwork/4.1.22.6009 \
                       MicroMessenger/6.3.22 NetType/WIFI Language/zh";
const WINDOWS: &str =
    "Mozilla/5.0 (Windows NT 10.0) WXWork/2.1.3 (MicroMessenger/6.2) WindowsWechat QBCore/3";
const MACOS: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_12) wxwork/2.2.0 (MicroMessenger/6.2) WeChat/2.0.4";

#[test]
fn user_agents_of_the_documents() {
    let wecom = |version, device| UserAgent::WeCom { version: Version(version), device };
    assert_eq!(classify(IPHONE), wecom([2, 2, 0, 0], Device::Mobile));
    assert_eq!(classify(ANDROID), wecom([4, 1, 22, 6009], Device::Mobile));
    assert_eq!(classify(WINDOWS), wecom([2, 1, 3, 0], Device::Desktop));
    assert_eq!(classify(MACOS), wecom([2, 2, 0, 0], Device::Desktop));
}

#[test]
fn user_agents_of_other_browsers() {
    for (text, expected) in [
        ("Mozilla/5.0 (iPhone) Mobile/15E MicroMessenger/8.0.1", UserAgent::WeChat),
        ("Mozilla/5.0 (Windows NT 10.0) MICROMESSENGER/7", UserAgent::WeChat),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/142 Mobile Safari", UserAgent::PhoneBrowser),
        ("Mozilla/5.0 (iPad; CPU OS 12) Safari", UserAgent::PhoneBrowser),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/142 Safari", UserAgent::DesktopBrowser),
        ("wxwork without a version, MicroMessenger", UserAgent::WeChat),
        ("wxwork/x", UserAgent::DesktopBrowser),
        ("", UserAgent::DesktopBrowser),
    ] {
        assert_eq!(classify(text), expected, "{text}");
    }
}

#[test]
fn versions_compare_numerically() {
    let version = |text: &str| match classify(&format!("wxwork/{text}")) {
        UserAgent::WeCom { version, .. } => version,
        other => panic!("{other:?}"),
    };
    assert!(version("3.1.9") < version("3.1.23"));
    assert_eq!(version("3.1"), version("3.1.0.0"));
    assert_eq!(version("99999999999.1"), Version([u32::MAX, 1, 0, 0]));
    assert_eq!(version("1.2.3.4.5"), Version([1, 2, 3, 4]));
    assert_eq!(version("..."), Version([0; 4]));
}

#[test]
fn user_ids() {
    for good in ["a", "0", "ZhangSan", "a_b.c@d-e", &"x".repeat(64)] {
        assert_eq!(UserId::parse(good).unwrap().as_received(), good);
    }
    for bad in ["", &"x".repeat(65)] {
        assert_eq!(UserId::parse(bad), Err(UserIdError::Length), "{bad}");
    }
    for bad in ["-a", ".a", "@a", "_a", "a b", "a/b", "张三", "a😀", "a\0", "a\n", " a"] {
        assert_eq!(UserId::parse(bad), Err(UserIdError::Characters), "{bad:?}");
    }
}

#[test]
fn only_self_built_apps_fold() {
    let (upper, lower) = (UserId::parse("ZhangSan").unwrap(), UserId::parse("zhangsan").unwrap());
    assert_eq!(upper.folded(), "zhangsan");
    assert_eq!(upper.subject_key(Mode::SelfBuilt), "zhangsan");
    assert_eq!(upper.subject_key(Mode::Agency), "ZhangSan");
    assert!(upper.is_same(&lower, Mode::SelfBuilt));
    assert!(!upper.is_same(&lower, Mode::Agency));
}

proptest! {
    #[test]
    fn any_state_is_refused_or_kept(text in ".*") {
        let allowed = (1..=128).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_alphanumeric());
        prop_assert_eq!(State::parse(&text).is_ok(), allowed);
    }

    #[test]
    fn every_allowed_state_is_kept(text in "[a-zA-Z0-9]{1,128}") {
        let state = State::parse(&text).unwrap();
        prop_assert_eq!(state.as_str(), text);
    }

    #[test]
    fn any_user_id_is_refused_or_kept(text in ".*") {
        if let Ok(user_id) = UserId::parse(&text) {
            prop_assert!(text.is_ascii() && text.len() <= 64);
            prop_assert_eq!(user_id.as_received(), text);
        }
    }

    #[test]
    fn every_allowed_user_id_is_kept(text in "[a-zA-Z0-9][a-zA-Z0-9_.@-]{0,63}") {
        let user_id = UserId::parse(&text).unwrap();
        prop_assert_eq!(user_id.folded(), text.to_lowercase());
        prop_assert_eq!(user_id.as_received(), text);
    }

    #[test]
    fn any_user_agent_is_something(text in ".*") {
        classify(&text);
    }

    #[test]
    fn wxwork_anywhere_is_wecom(before in ".*", after in "[^0-9.].*") {
        let text = format!("{before}wxwork/4.0{after}");
        let is_wecom = matches!(classify(&text), UserAgent::WeCom { .. });
        prop_assert!(is_wecom);
    }

    #[test]
    fn any_cached_text_is_an_entry_or_none(text in ".*") {
        CacheEntry::from_text(&text);
    }

    #[test]
    fn any_errcode_has_a_remedy_or_none(errcode: i64) {
        if let Some(remedy) = remedy(errcode) {
            prop_assert!(!remedy.zh.is_empty() && !remedy.en.is_empty());
        }
    }
}
