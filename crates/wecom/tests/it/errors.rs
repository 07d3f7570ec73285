//! The classes of errors: the whole table of codes, and what a call does about each class.

use wecom::{Action, Error, remedy};

use crate::support::{Bed, answering, code, errcode, ok, refused, ticket, token_reply, zhangsan};

/// The global list of error codes [D 90313], by the letter of what to do.
#[rustfmt::skip]
const TABLE: [(Action, &[i64]); 7] = [
    (Action::Retry, &[-1, 6000, 45033, 45035]),
    (Action::RefreshToken, &[40014, 40082, 42001, 42009, 42012]),
    (Action::RestartSignIn, &[
        40029, 40077, 40078, 40205, 40207, 42003, 42007, 42022, 84014, 84015, 90210,
    ]),
    (Action::TellAdministrator, &[
        40001, 40013, 40056, 40057, 40080, 40083, 40091, 40102, 40133, 40134, 40141, 40209, 40210,
        43009, 43012, 45024, 45031, 48001, 48002, 48006, 48008, 48009, 50001, 50003, 50006, 60020,
        60031, 80001, 85005, 85008, 85111, 92001, 301_002, 301_007, 301_042, 670_001, 2_000_002,
        // Matters between corp and provider
        40084, 40136, 40137, 48004, 701_008, 701_016, 701_099,
    ]),
    (Action::NotAMember, &[
        40003, 40073, 40208, 43004, 46004, 50002, 60003, 60004, 60011, 60021, 60111, 60123, 81013,
        92000, 301_021,
    ]),
    (Action::Wait, &[40085, 45009, 45036, 85004]),
    (Action::GiveUp, &[
        40031, 40032, 40033, 40035, 40058, 40063, 40066, 40068, 40086, 40088, 40089, 40093, 40125,
        40206, 41001, 41002, 41004, 41008, 41009, 41011, 41021, 41022, 41023, 41024, 41025, 45029,
        48003, 48005, 48010, 49004, 50100, 60221, 60268, 84025, 84090, 85002, 90211, 91040, 92002,
        92003, 301_023, 301_024, 701_019, 710_000, 842_005, 845_001, 845_002, 845_003, 846_000,
        // Not in the list: 40163 is a code of WeChat
        40163, 123, -40001, i64::MAX, i64::MIN,
    ]),
];

#[test]
fn every_code_of_the_table_has_its_action() {
    for (action, codes) in TABLE {
        for &code in codes {
            assert_eq!(Action::for_errcode(code), action, "{code}");
        }
    }
}

#[test]
fn who_is_to_tell_the_administrator_knows_where_to_look() {
    let codes = TABLE.iter().find(|(action, _)| *action == Action::TellAdministrator).unwrap().1;
    for &code in codes {
        let remedy = remedy(code).unwrap_or_else(|| panic!("{code} has no remedy"));
        assert_ne!(remedy.text(wecom::Lang::Zh), remedy.text(wecom::Lang::En));
    }
    assert!(remedy(60020).unwrap().zh.contains("企业可信IP"));
    assert!(remedy(60111).unwrap().zh.contains("可见范围"));
    assert_eq!(remedy(40029), None);
    assert_eq!(remedy(0), None);
}

#[tokio::test]
async fn a_refusal_keeps_code_hint_and_address() {
    let bed = Bed::new(answering(refused(60020))).await;
    let error = bed.client.member(&bed.credentials, &zhangsan()).await.unwrap_err();
    let api = error.api().unwrap();
    assert_eq!(api.path, "cgi-bin/user/get");
    assert_eq!(api.errcode, 60020);
    assert_eq!(api.hint.as_deref(), Some("1782316307617340314383562"));
    assert_eq!(api.from_ip, Some("203.0.113.9".parse().unwrap()));
    assert_eq!(error.action(), Action::TellAdministrator);
    assert!(!error.is_misconfigured());
}

#[tokio::test]
async fn each_class_is_one_call_unless_it_may_be_repeated() {
    // Codes of every action, and the calls of user/get and of gettoken
    for (code, calls, gettokens) in [
        (-1, 4, 1),
        (6000, 4, 1),
        (45033, 4, 1),
        (40014, 2, 2),
        (42001, 2, 2),
        (42009, 1, 1),
        (40029, 1, 1),
        (40001, 1, 1),
        (60020, 1, 1),
        (60111, 1, 1),
        (45009, 1, 1),
        (41001, 1, 1),
        (77777, 1, 1),
    ] {
        let bed = Bed::new(answering(refused(code))).await;
        let error = bed.client.member(&bed.credentials, &zhangsan()).await.unwrap_err();
        assert_eq!(errcode(&error), Some(code));
        assert_eq!(bed.server.count("/user/get"), calls, "{code}");
        assert_eq!(bed.server.count("/gettoken"), gettokens, "{code}");
    }
}

#[tokio::test]
async fn a_busy_wecom_is_asked_again() {
    let script = |request: &crate::support::server::Request| match request.number {
        0 | 2 => refused(-1),
        1 => token_reply(""),
        _ => ok(serde_json::json!({ "userid": "ZhangSan" })),
    };
    let bed = Bed::new(script).await;
    bed.client.member(&bed.credentials, &zhangsan()).await.unwrap();
    assert_eq!(bed.server.count("/gettoken"), 2);
    assert_eq!(bed.server.count("/user/get"), 2);
}

#[tokio::test]
async fn a_code_is_sent_again_only_when_wecom_was_busy_or_the_token_stale() {
    for (refusal, calls) in [
        (-1, 4),
        (40014, 2),
        (42001, 2),
        (6000, 1),
        (45033, 1),
        (45035, 1),
        (40029, 1),
        (42003, 1),
        (42022, 1),
        (50001, 1),
        (60020, 1),
    ] {
        let bed = Bed::new(answering(refused(refusal))).await;
        let error = bed.client.user_info(&bed.credentials, &code()).await.unwrap_err();
        assert_eq!(errcode(&error), Some(refusal));
        assert_eq!(bed.server.count("/getuserinfo"), calls, "{refusal}");
    }
}

#[tokio::test]
async fn a_ticket_is_sent_once() {
    for refusal in [-1, 45033, 84014, 84015] {
        let bed = Bed::new(answering(refused(refusal))).await;
        let error =
            bed.client.user_detail(&bed.credentials, &ticket(), &zhangsan()).await.unwrap_err();
        assert_eq!(errcode(&error), Some(refusal));
        assert_eq!(bed.server.count("/getuserdetail"), 1, "{refusal}");
    }
}

#[tokio::test]
async fn the_egress_must_exist() {
    let bed = Bed::new(answering(refused(0))).await;
    let egress = Some("shanghai".to_owned());
    let credentials = wecom::Credentials { egress, ..bed.credentials.clone() };
    let error = bed.client.access_token(&credentials).await.unwrap_err();
    assert!(matches!(&error, Error::UnknownEgress(name) if name == "shanghai"), "{error:?}");
    assert_eq!(error.action(), Action::GiveUp);
    assert!(bed.server.lines().is_empty());
}
