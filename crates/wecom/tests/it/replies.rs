//! What the calls send, and what they make of the replies.

use serde_json::{Value, json};
use wecom::{AgentId, Error, MemberStatus, Mode, TransportError, UserIdError, UserInfo};

use crate::support::{Bed, TICKET, TOKEN, answering, code, ok, server::Reply, ticket, zhangsan};

async fn user_info(reply: Reply) -> Result<UserInfo, Error> {
    let bed = Bed::new(answering(reply)).await;
    bed.client.user_info(&bed.credentials, &code()).await
}

async fn member(reply: Value) -> Result<wecom::Member, Error> {
    let bed = Bed::new(answering(ok(reply))).await;
    bed.client.member(&bed.credentials, &zhangsan()).await
}

#[tokio::test]
async fn a_sign_in_sends_the_documented_requests() {
    let bed = Bed::new(|request| {
        if request.is_gettoken() {
            return crate::support::token_reply("+/=");
        }
        if request.line.contains("/agent/get") {
            return ok(json!({ "agentid": 1_000_002 }));
        }
        ok(json!({ "userid": "ZhangSan" }))
    })
    .await;
    let (client, credentials) = (&bed.client, &bed.credentials);
    client.user_info(credentials, &"a b+c/d&e".into()).await.unwrap();
    client.user_detail(credentials, &ticket(), &zhangsan()).await.unwrap();
    client.member(credentials, &zhangsan()).await.unwrap();
    client.agent(credentials, AgentId(1_000_002)).await.unwrap();
    let token = format!("access_token={TOKEN}%2B%2F%3D");
    assert_eq!(
        bed.server.lines(),
        [
            "GET /cgi-bin/gettoken?corpid=ww0123456789abcdef&corpsecret=canary-corpsecret"
                .to_owned(),
            format!("GET /cgi-bin/auth/getuserinfo?{token}&code=a%20b%2Bc%2Fd%26e"),
            format!("POST /cgi-bin/auth/getuserdetail?{token}"),
            format!("GET /cgi-bin/user/get?{token}&userid=ZhangSan"),
            format!("GET /cgi-bin/agent/get?{token}&agentid=1000002"),
        ]
    );
    let detail = &bed.server.requests()[2];
    assert_eq!(detail.body, json!({ "user_ticket": TICKET }).to_string());
    for request in bed.server.requests() {
        assert!(!request.head.contains("referer:") && !request.head.contains("accept-encoding"));
    }
}

#[tokio::test]
async fn a_member_with_and_without_a_ticket() {
    let reply = json!({ "userid": "ZhangSan", "user_ticket": "T", "expires_in": 1800, "new": {} });
    let Ok(UserInfo::Member { user_id, user_ticket: Some(_) }) = user_info(ok(reply)).await else {
        panic!("a member with a ticket")
    };
    assert_eq!(user_id, zhangsan());
    for ticket in [json!(""), json!(null)] {
        let reply = json!({ "userid": "ZhangSan", "user_ticket": ticket });
        let info = user_info(ok(reply)).await;
        assert!(matches!(info, Ok(UserInfo::Member { user_ticket: None, .. })), "{info:?}");
    }
}

#[tokio::test]
async fn errcode_0_without_a_userid_is_not_a_member() {
    let Ok(UserInfo::NotMember { openid, external_userid }) =
        user_info(ok(json!({ "openid": "o1", "external_userid": "wm1" }))).await
    else {
        panic!("not a member")
    };
    assert_eq!((openid.as_deref(), external_userid.as_deref()), (Some("o1"), Some("wm1")));
    for reply in
        [json!({}), json!({ "userid": "" }), json!({ "userid": null }), json!({"UserId":"x"})]
    {
        let info = user_info(ok(reply)).await;
        let nobody =
            matches!(info, Ok(UserInfo::NotMember { openid: None, external_userid: None }));
        assert!(nobody, "{info:?}");
    }
}

#[tokio::test]
async fn another_corps_member_is_set_apart() {
    let info = user_info(ok(json!({ "userid": "wwOther/zhangsan" }))).await;
    assert!(matches!(info, Ok(UserInfo::LinkedCorp)), "{info:?}");
}

#[tokio::test]
async fn a_userid_that_cannot_be_is_an_error() {
    let long = "x".repeat(65);
    for (userid, why) in [
        ("zhang san", UserIdError::Characters),
        ("zhang😀", UserIdError::Characters),
        ("-zhangsan", UserIdError::Characters),
        (long.as_str(), UserIdError::Length),
    ] {
        match user_info(ok(json!({ "userid": userid }))).await {
            Err(Error::UnexpectedUserId { source, .. }) => assert_eq!(source, why),
            other => panic!("{userid}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_key_twice_is_malformed() {
    for body in [
        r#"{"errcode":0,"userid":"a","userid":"b"}"#,
        r#"{"errcode":40029,"errcode":0,"userid":"a"}"#,
        r#"{"errcode":0,"userid":"a","user_ticket":"t","user_ticket":"t"}"#,
    ] {
        let info = user_info(Reply::Body(body)).await;
        assert!(matches!(info, Err(Error::Malformed { .. })), "{body}: {info:?}");
    }
    // A key that nobody reads may do so
    let info = user_info(Reply::Body(r#"{"userid":"a","x":1,"x":2}"#)).await;
    assert!(matches!(info, Ok(UserInfo::Member { .. })), "{info:?}");
}

#[tokio::test]
async fn json_of_another_shape_is_malformed() {
    for body in [
        "[]",
        r#"[0,"ok"]"#,
        "null",
        "7",
        r#""userid""#,
        r#"{"userid":["a"]}"#,
        r#"{"userid":true}"#,
        r#"{"userid":1.5}"#,
        r#"{"errcode":"none","userid":"a"}"#,
        r#"{"errcode":1e3,"userid":"a"}"#,
    ] {
        let info = user_info(Reply::Body(body)).await;
        assert!(matches!(info, Err(Error::Malformed { .. })), "{body}: {info:?}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_a_transport_error() {
    for body in ["", "<html>busy</html>", r#"{"userid":"a""#, r#"{"userid":"a"}}"#, "{\"\u{0}\"}"] {
        let info = user_info(Reply::Body(body)).await;
        let is_not_json =
            matches!(info, Err(Error::Transport { source: TransportError::NotJson, .. }));
        assert!(is_not_json, "{body}: {info:?}");
    }
}

#[tokio::test]
async fn errcode_may_be_a_text_or_absent() {
    let info = user_info(Reply::Body(r#"{"errcode":"0","userid":"a"}"#)).await;
    assert!(matches!(info, Ok(UserInfo::Member { .. })), "{info:?}");
    let info = user_info(Reply::Body(r#"{"userid":"a"}"#)).await;
    assert!(matches!(info, Ok(UserInfo::Member { .. })), "{info:?}");
    let error = user_info(Reply::Body(r#"{"errcode":"40029","errmsg":7,"userid":[]}"#)).await;
    assert_eq!(error.unwrap_err().api().unwrap().errcode, 40029);
}

#[tokio::test]
async fn a_member_of_the_directory() {
    let full = member(json!({
        "userid": "zhangsan", "name": "张三", "alias": "jack", "mobile": 13_800_000_000_u64,
        "email": "z@acme.cn", "biz_mail": "z@qy.cn", "avatar": "http://p/0", "status": "1",
        "department": [1, 2], "gender": "1", "extattr": { "attrs": [] }
    }))
    .await
    .unwrap();
    assert_eq!(full.user_id.as_received(), "zhangsan");
    assert_eq!(full.name.as_deref(), Some("张三"));
    assert_eq!(full.alias.as_deref(), Some("jack"));
    assert_eq!(full.mobile.as_deref(), Some("13800000000"));
    assert_eq!(full.email.as_deref(), Some("z@acme.cn"));
    assert_eq!(full.biz_mail.as_deref(), Some("z@qy.cn"));
    assert_eq!(full.avatar.as_deref(), Some("http://p/0"));
    assert!(full.may_sign_in());
    let debug = format!("{full:?}");
    assert!(!debug.contains("acme") && !debug.contains("138") && !debug.contains("张三"));

    let bare = member(json!({ "userid": "ZhangSan", "name": "", "mobile": null })).await.unwrap();
    assert_eq!((bare.name, bare.mobile, bare.email, bare.status), (None, None, None, None));
}

#[tokio::test]
async fn only_an_active_member_may_sign_in() {
    for (number, status, may) in [
        (1, MemberStatus::Active, true),
        (2, MemberStatus::Disabled, false),
        (4, MemberStatus::NotActivated, false),
        (5, MemberStatus::Left, false),
        (9, MemberStatus::Unknown(9), false),
    ] {
        let member = member(json!({ "userid": "ZhangSan", "status": number })).await.unwrap();
        assert_eq!((member.status, member.may_sign_in()), (Some(status), may));
    }
    let without = member(json!({ "userid": "ZhangSan" })).await.unwrap();
    assert!(!without.may_sign_in());
}

#[tokio::test]
async fn a_reply_about_somebody_else_is_refused() {
    let error = member(json!({ "userid": "lisi", "status": 1 })).await.unwrap_err();
    assert!(matches!(error, Error::Mismatch { field: "userid", .. }), "{error:?}");
    let error = member(json!({ "status": 1 })).await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error:?}");

    let bed = Bed::new(answering(ok(json!({ "userid": "zhangsan", "mobile": "1" })))).await;
    let detail = bed.client.user_detail(&bed.credentials, &ticket(), &zhangsan()).await.unwrap();
    assert_eq!(detail.mobile.as_deref(), Some("1"));
    // An agency's ids do not ignore case
    let agency = wecom::Credentials { mode: Mode::Agency, ..bed.credentials.clone() };
    let error = bed.client.user_detail(&agency, &ticket(), &zhangsan()).await.unwrap_err();
    assert!(matches!(error, Error::Mismatch { field: "userid", .. }), "{error:?}");
}

#[tokio::test]
async fn an_app_and_its_visible_range() {
    let bed = Bed::new(answering(ok(json!({
        "agentid": "1000002", "name": "Hufu", "close": 0, "redirect_domain": "sso.acme.cn",
        "home_url": "", "allow_userinfos": { "user": [{ "userid": "a" }, { "userid": "b" }] },
        "allow_partys": { "partyid": [1, "2"] }, "allow_tags": null, "report_location_flag": 0
    }))))
    .await;
    let agent = bed.client.agent(&bed.credentials, AgentId(1_000_002)).await.unwrap();
    assert_eq!(agent.name.as_deref(), Some("Hufu"));
    assert_eq!(agent.closed, Some(false));
    assert_eq!(agent.redirect_domain.as_deref(), Some("sso.acme.cn"));
    assert_eq!(agent.home_url, None);
    assert_eq!(agent.visible_range.user_ids, ["a", "b"]);
    assert_eq!(agent.visible_range.departments, [1, 2]);
    assert!(agent.visible_range.tags.is_empty() && !agent.visible_range.is_empty());
    let error = bed.client.agent(&bed.credentials, AgentId(1_000_003)).await.unwrap_err();
    assert!(matches!(error, Error::Mismatch { field: "agentid", .. }), "{error:?}");
}

#[tokio::test]
async fn an_app_that_nobody_sees() {
    let bed = Bed::new(answering(ok(json!({ "agentid": 7, "close": 1 })))).await;
    let agent = bed.client.agent(&bed.credentials, AgentId(7)).await.unwrap();
    assert!(agent.visible_range.is_empty());
    assert_eq!(agent.closed, Some(true));
}
