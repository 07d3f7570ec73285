//! Who has a mobile number or an e-mail address: what is sent, how often, and what comes of it.

use serde_json::{Value, json};
use wecom::{Action, EmailKind, Error, UserId, UserIdError};

use crate::support::{
    Bed, EMAIL, MOBILE, TOKEN, answering, errcode, everything, ok, refused, server::Reply,
    token_reply, zhangsan,
};

const MOBILE_PATH: &str = "cgi-bin/user/getuserid";
const EMAIL_PATH: &str = "cgi-bin/user/get_userid_by_email";

/// Both look-ups, the second for both kinds, with the path of each.
async fn all(bed: &Bed) -> [(&'static str, Result<Option<UserId>, Error>); 3] {
    let (client, credentials) = (&bed.client, &bed.credentials);
    [
        (MOBILE_PATH, client.user_id_by_mobile(credentials, MOBILE).await),
        (EMAIL_PATH, client.user_id_by_email(credentials, EMAIL, EmailKind::Corp).await),
        (EMAIL_PATH, client.user_id_by_email(credentials, EMAIL, EmailKind::Personal).await),
    ]
}

/// How often each look-up of [`all`] was sent: the same for all of them.
fn times(bed: &Bed) -> usize {
    let by_mobile = bed.server.count("/user/getuserid?");
    assert_eq!(bed.server.count("/user/get_userid_by_email?"), 2 * by_mobile);
    by_mobile
}

#[tokio::test]
async fn the_documented_requests_are_sent() {
    let bed = Bed::new(answering(ok(json!({ "userid": "ZhangSan" })))).await;
    for (path, found) in all(&bed).await {
        assert_eq!(found.unwrap(), Some(zhangsan()), "{path}");
    }
    let sent: Vec<(String, Value)> = bed
        .server
        .requests()
        .into_iter()
        .filter(|request| !request.is_gettoken())
        .map(|request| {
            assert!(request.head.contains("content-type: application/json"), "{}", request.head);
            (request.line, serde_json::from_str(&request.body).unwrap())
        })
        .collect();
    let line = |path| format!("POST /{path}?access_token={TOKEN}");
    assert_eq!(
        sent,
        [
            (line(MOBILE_PATH), json!({ "mobile": MOBILE })),
            (line(EMAIL_PATH), json!({ "email": EMAIL, "email_type": 1 })),
            (line(EMAIL_PATH), json!({ "email": EMAIL, "email_type": 2 })),
        ]
    );
}

#[tokio::test]
async fn what_is_looked_up_travels_unchanged() {
    let bed = Bed::new(answering(ok(json!({ "userid": "ZhangSan" })))).await;
    let (client, credentials) = (&bed.client, &bed.credentials);
    for text in ["+86 138\"0013\\8000", "张三@例子.中国", "a&b=c?d#e"] {
        client.user_id_by_mobile(credentials, text).await.unwrap();
        let body = &bed.server.requests().last().unwrap().body.clone();
        assert_eq!(serde_json::from_str::<Value>(body).unwrap(), json!({ "mobile": text }));
        client.user_id_by_email(credentials, text, EmailKind::Personal).await.unwrap();
        let body = &bed.server.requests().last().unwrap().body.clone();
        let email: Value = serde_json::from_str(body).unwrap();
        assert_eq!(email, json!({ "email": text, "email_type": 2 }));
    }
}

#[tokio::test]
async fn nobody_is_found_by_one_call() {
    let bed = Bed::new(answering(refused(46004))).await;
    for (path, found) in all(&bed).await {
        assert_eq!(found.unwrap(), None, "{path}");
    }
    assert_eq!(times(&bed), 1);
}

#[tokio::test]
async fn no_other_refusal_is_taken_for_nobody() {
    // Refusals about a member as well
    for code in [40003, 60011, 60021, 60111, 40058, 48002, 60020, 77777] {
        let bed = Bed::new(answering(refused(code))).await;
        for (path, found) in all(&bed).await {
            let error = found.unwrap_err();
            assert_eq!(errcode(&error), Some(code));
            assert_eq!(error.api().unwrap().path, path);
        }
        assert_eq!(times(&bed), 1, "{code}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_token_is_not_nobody() {
    let bed = Bed::new(|_| refused(46004)).await;
    for (_, found) in all(&bed).await {
        assert_eq!(errcode(&found.unwrap_err()), Some(46004));
    }
    assert_eq!(times(&bed), 0);
}

#[tokio::test]
async fn blocked_for_the_day_is_to_wait_and_is_not_asked_again() {
    for code in [45009, 45036] {
        let bed = Bed::new(answering(refused(code))).await;
        for (_, found) in all(&bed).await {
            let error = found.unwrap_err();
            assert_eq!(errcode(&error), Some(code));
            assert_eq!(error.action(), Action::Wait);
        }
        assert_eq!(times(&bed), 1, "{code}");
    }
}

#[tokio::test]
async fn a_busy_wecom_is_asked_three_times_more() {
    for code in [-1, 6000, 45033] {
        let bed = Bed::new(answering(refused(code))).await;
        for (_, found) in all(&bed).await {
            assert_eq!(found.unwrap_err().action(), Action::Retry);
        }
        assert_eq!(times(&bed), 4, "{code}");
    }
}

#[tokio::test]
async fn a_lost_reply_is_not_asked_for_again() {
    let broken = Reply::Raw(b"HTTP/1.1 502 X\r\ncontent-length: 0\r\n\r\n".to_vec());
    for reply in [Reply::Drop, broken, Reply::Body("<html>")] {
        let bed = Bed::new(answering(reply)).await;
        for (path, found) in all(&bed).await {
            let error = found.unwrap_err();
            assert!(matches!(error, Error::Transport { path: at, .. } if at == path), "{error:?}");
        }
        assert_eq!(times(&bed), 1);
    }
}

#[tokio::test]
async fn a_stale_token_is_replaced_and_the_look_up_repeated_once() {
    for stale in [40014, 42001] {
        let bed = Bed::new(move |request| {
            if request.is_gettoken() {
                token_reply(&request.gettokens.to_string())
            } else if request.line.ends_with(&format!("{TOKEN}1")) {
                ok(json!({ "userid": "ZhangSan" }))
            } else {
                refused(stale)
            }
        })
        .await;
        let (client, credentials) = (&bed.client, &bed.credentials);
        let found = client.user_id_by_mobile(credentials, MOBILE).await.unwrap();
        assert_eq!(found, Some(zhangsan()));
        let requests = bed.server.requests();
        assert_eq!(requests.len(), 4);
        assert_eq!(requests[1].body, requests[3].body);

        let bed = Bed::new(answering(refused(stale))).await;
        let (client, credentials) = (&bed.client, &bed.credentials);
        let found = client.user_id_by_email(credentials, EMAIL, EmailKind::Corp).await;
        assert_eq!(found.unwrap_err().action(), Action::RefreshToken);
        assert_eq!(bed.server.count("/user/get_userid_by_email?"), 2);
    }
}

#[tokio::test]
async fn success_without_a_userid_is_malformed() {
    for reply in [
        json!({}),
        json!({ "userid": "" }),
        json!({ "userid": null }),
        json!({ "userid": [MOBILE] }),
        json!({ "userid": { EMAIL: true } }),
        json!({ "UserId": "ZhangSan" }),
    ] {
        let bed = Bed::new(answering(ok(reply))).await;
        for (at, found) in all(&bed).await {
            let error = found.unwrap_err();
            assert!(matches!(error, Error::Malformed { path, .. } if path == at), "{error:?}");
            assert!(!everything(&error).contains("canary"), "{error:?}");
        }
        assert_eq!(times(&bed), 1);
    }
}

#[tokio::test]
async fn a_userid_that_cannot_be_is_an_error() {
    let long = "x".repeat(65);
    for (userid, why) in [
        ("wwOther/zhangsan", UserIdError::Characters),
        ("canary-mobile canary-email", UserIdError::Characters),
        ("-zhangsan", UserIdError::Characters),
        (long.as_str(), UserIdError::Length),
    ] {
        let bed = Bed::new(answering(ok(json!({ "userid": userid })))).await;
        for (at, found) in all(&bed).await {
            match found {
                Err(Error::UnexpectedUserId { path, source }) => {
                    assert_eq!((path, source), (at, why));
                }
                other => panic!("{userid}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn what_is_empty_too_short_or_too_long_calls_nothing() {
    let bed = Bed::new(answering(ok(json!({ "userid": "ZhangSan" })))).await;
    let (client, credentials) = (&bed.client, &bed.credentials);
    let canary = "canary".repeat(50);
    for mobile in ["", "1380", "      ", &canary[..33], "一二三四五六七八九十一"] {
        let error = client.user_id_by_mobile(credentials, mobile).await.unwrap_err();
        let length = matches!(error, Error::Length { path: MOBILE_PATH, field: "mobile" });
        assert!(length && error.action() == Action::GiveUp, "{error:?}");
        assert!(!everything(&error).contains("canary"), "{error:?}");
    }
    for email in ["", " \t\n", &canary[..255]] {
        let found = client.user_id_by_email(credentials, email, EmailKind::Personal).await;
        let error = found.unwrap_err();
        let length = matches!(error, Error::Length { path: EMAIL_PATH, field: "email" });
        assert!(length && error.action() == Action::GiveUp, "{error:?}");
        assert!(!everything(&error).contains("canary"), "{error:?}");
    }
    assert!(bed.server.lines().is_empty(), "not even gettoken");
    for mobile in [&canary[..5], &canary[..32]] {
        client.user_id_by_mobile(credentials, mobile).await.unwrap();
    }
    client.user_id_by_email(credentials, &canary[..254], EmailKind::Corp).await.unwrap();
}

#[tokio::test]
async fn no_refusal_tells_what_was_looked_up() {
    for code in [-1, 40014, 45009, 60020, 77777] {
        let bed = Bed::new(answering(refused(code))).await;
        for (_, found) in all(&bed).await {
            let error = found.unwrap_err();
            let told = everything(&error);
            assert!(!told.contains("canary") && !told.contains("acme"), "{told}");
            // Told is what support asks for
            assert!(told.contains("1782316307617340314383562"), "{told}");
        }
    }
}
