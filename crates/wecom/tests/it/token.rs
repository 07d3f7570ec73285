//! The access token: how often it is fetched, by whom, and what others do meanwhile.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use secrecy::ExposeSecret;
use serde_json::json;
use tokio::task::JoinSet;
use wecom::{Action, CacheEntry, CachedToken, Env, Error, Refusal, TokenCache, UserInfo};

use crate::support::{
    Bed, TOKEN, code, errcode, ok, refused,
    server::{Reply, Request},
    token_for, token_reply, zhangsan,
};

/// The n-th `gettoken` gives token n; every other call gives a member.
fn numbered(request: &Request) -> Reply {
    if request.is_gettoken() {
        token_reply(&request.gettokens.to_string())
    } else {
        ok(json!({ "userid": "ZhangSan" }))
    }
}

fn slowly(reply: Reply) -> Reply {
    Reply::After(Duration::from_millis(150), Box::new(reply))
}

/// 50 tasks on two nodes; their results.
async fn fifty(bed: &Bed) -> Vec<Result<String, Error>> {
    let nodes = [bed.client.clone(), bed.another_node()];
    let mut tasks = JoinSet::new();
    for number in 0..50 {
        let (client, credentials) = (nodes[number % 2].clone(), bed.credentials.clone());
        tasks.spawn(async move {
            let token = client.access_token(&credentials).await?;
            Ok(token.expose_secret().to_owned())
        });
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_fetch_one_token() {
    let bed = Bed::new(|request| slowly(numbered(request))).await;
    for token in fifty(&bed).await {
        assert_eq!(token.unwrap(), format!("{TOKEN}0"));
    }
    assert_eq!(bed.server.count("/gettoken"), 1);
    assert!(!bed.cache.is_locked(&bed.credentials.token_key));
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_send_a_wrong_secret_once() {
    for refusal in [40001, 40013, 40091] {
        let bed = Bed::new(move |_| slowly(refused(refusal))).await;
        for result in fifty(&bed).await {
            let error = result.unwrap_err();
            assert_eq!(errcode(&error), Some(refusal));
            assert_eq!(error.action(), Action::TellAdministrator);
            assert!(error.is_misconfigured());
            assert_eq!(error.api().unwrap().from_ip, Some("203.0.113.9".parse().unwrap()));
        }
        bed.client.user_info(&bed.credentials, &code()).await.unwrap_err();
        assert_eq!(bed.server.lines().len(), 1, "{refusal}");
        assert!(bed.cache.ttl(&bed.credentials.token_key) > Duration::from_secs(3500));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_share_any_refusal() {
    let bed = Bed::new(|_| slowly(refused(60020))).await;
    for result in fifty(&bed).await {
        let error = result.unwrap_err();
        assert_eq!(errcode(&error), Some(60020));
        assert!(!error.is_misconfigured());
    }
    assert_eq!(bed.server.lines().len(), 1);
    // Not for long: what an administrator mends must count at once
    assert!(bed.cache.ttl(&bed.credentials.token_key) <= Duration::from_secs(5));
}

#[tokio::test]
async fn another_secret_starts_without_the_refusal() {
    let bed =
        Bed::new(
            |request| {
                if request.line.ends_with("=wrong") { refused(40001) } else { numbered(request) }
            },
        )
        .await;
    let wrong = wecom::Credentials {
        secret: "wrong".into(),
        token_key: "wrong".to_owned(),
        ..bed.credentials.clone()
    };
    assert!(bed.client.access_token(&wrong).await.unwrap_err().is_misconfigured());
    bed.client.access_token(&bed.credentials).await.unwrap();
}

#[tokio::test]
async fn an_administrators_test_asks_past_the_refusal_and_mends_it() {
    let bed = Bed::new(|request| match request.gettokens {
        0 | 1 => refused(40001),
        _ => numbered(request),
    })
    .await;
    let (client, credentials) = (&bed.client, &bed.credentials);
    assert!(client.access_token(credentials).await.unwrap_err().is_misconfigured());
    assert!(client.verify_secret(credentials).await.unwrap_err().is_misconfigured());
    assert_eq!(bed.server.lines().len(), 2);
    client.verify_secret(credentials).await.unwrap();
    client.access_token(credentials).await.unwrap();
    assert_eq!(bed.server.lines().len(), 3);
}

#[tokio::test]
async fn an_administrators_test_is_never_repeated_and_spares_a_good_token() {
    let bed = Bed::new(|request| match request.gettokens {
        0 => numbered(request),
        _ => refused(-1),
    })
    .await;
    let (client, credentials) = (&bed.client, &bed.credentials);
    let before = client.access_token(credentials).await.unwrap();
    assert_eq!(errcode(&client.verify_secret(credentials).await.unwrap_err()), Some(-1));
    assert_eq!(bed.server.lines().len(), 2);
    let after = client.access_token(credentials).await.unwrap();
    assert_eq!(before.expose_secret(), after.expose_secret());
}

#[tokio::test]
async fn a_token_is_kept_until_its_renewal_and_not_beyond_its_end() {
    let bed = Bed::new(numbered).await;
    let (client, credentials) = (&bed.client, &bed.credentials);
    client.access_token(credentials).await.unwrap();
    let Some(CacheEntry::Token(kept)) = bed.cache.entry(&credentials.token_key) else {
        panic!("a token")
    };
    assert_eq!(kept.expires_at_unix - kept.refresh_at_unix, 300);
    bed.env.advance(6899);
    client.access_token(credentials).await.unwrap();
    assert_eq!(bed.server.lines().len(), 1);
    bed.env.advance(1);
    let renewed = client.access_token(credentials).await.unwrap();
    assert_eq!(renewed.expose_secret(), format!("{TOKEN}1"));
    bed.env.advance(7200);
    let fetched = client.access_token(credentials).await.unwrap();
    assert_eq!(fetched.expose_secret(), format!("{TOKEN}2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_renewal_one_refreshes_and_the_others_go_on() {
    let bed = Bed::new(|request| {
        let reply = numbered(request);
        if request.gettokens == 0 { reply } else { slowly(reply) }
    })
    .await;
    bed.client.access_token(&bed.credentials).await.unwrap();
    bed.env.advance(7000);
    let tokens: Vec<_> = fifty(&bed).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(bed.server.count("/gettoken"), 2);
    assert!(tokens.contains(&format!("{TOKEN}0")), "nobody waited");
    assert!(tokens.contains(&format!("{TOKEN}1")), "somebody renewed");
}

#[tokio::test]
async fn a_renewal_that_fails_spares_the_old_token() {
    let bed = Bed::new(|request| match request.gettokens {
        0 => numbered(request),
        1 => Reply::Drop,
        _ => refused(60020),
    })
    .await;
    let (client, credentials) = (&bed.client, &bed.credentials);
    client.access_token(credentials).await.unwrap();
    bed.env.advance(6950);
    for _ in 0..5 {
        client.access_token(credentials).await.unwrap();
    }
    assert_eq!(bed.server.lines().len(), 2);
    bed.env.advance(31);
    client.access_token(credentials).await.unwrap();
    assert_eq!(bed.server.lines().len(), 3);
    bed.env.advance(300);
    let error = client.access_token(credentials).await.unwrap_err();
    assert_eq!(errcode(&error), Some(60020));
}

#[tokio::test]
async fn a_renewal_with_a_wrong_secret_ends_the_old_token() {
    let bed = Bed::new(|request| match request.gettokens {
        0 => numbered(request),
        _ => refused(40001),
    })
    .await;
    bed.client.access_token(&bed.credentials).await.unwrap();
    bed.env.advance(6950);
    for _ in 0..5 {
        let error = bed.client.access_token(&bed.credentials).await.unwrap_err();
        assert!(error.is_misconfigured());
    }
    assert_eq!(bed.server.lines().len(), 2);
}

#[tokio::test]
async fn the_same_token_with_what_is_left_is_not_asked_for_at_every_call() {
    let bed =
        Bed::new(|request| token_for("", if request.gettokens == 0 { 7200 } else { 200 })).await;
    bed.client.access_token(&bed.credentials).await.unwrap();
    bed.env.advance(7000);
    for _ in 0..20 {
        bed.client.access_token(&bed.credentials).await.unwrap();
    }
    assert_eq!(bed.server.lines().len(), 2);
    bed.env.advance(100);
    bed.client.access_token(&bed.credentials).await.unwrap();
    assert_eq!(bed.server.lines().len(), 3);
}

#[tokio::test]
async fn a_token_at_its_end_is_waited_for_once() {
    for left in [0, 1, -5] {
        let bed = Bed::new(move |request| match request.gettokens {
            0 => token_for("old", left),
            _ => token_for("new", 7200),
        })
        .await;
        let token = bed.client.access_token(&bed.credentials).await.unwrap();
        assert_eq!(token.expose_secret(), format!("{TOKEN}new"));
        assert_eq!(bed.server.lines().len(), 2);
    }
    let bed = Bed::new(|_| token_for("old", 0)).await;
    bed.client.access_token(&bed.credentials).await.unwrap();
    assert_eq!(bed.server.lines().len(), 2);
}

#[tokio::test]
async fn a_reply_without_a_token_or_its_life_is_malformed() {
    for reply in [
        json!({ "expires_in": 7200 }),
        json!({ "access_token": "", "expires_in": 7200 }),
        json!({ "access_token": "t" }),
        json!({ "access_token": "t", "expires_in": "soon" }),
    ] {
        let bed = Bed::new(move |_| ok(reply.clone())).await;
        let error = bed.client.access_token(&bed.credentials).await.unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
        assert_eq!(bed.server.lines().len(), 1);
    }
}

#[tokio::test]
async fn a_stale_token_is_replaced_once_and_the_call_repeated_once() {
    for stale in [40014, 42001] {
        let bed = Bed::new(move |request| {
            if request.line.contains(&format!("{TOKEN}0&")) {
                refused(stale)
            } else {
                numbered(request)
            }
        })
        .await;
        let info = bed.client.user_info(&bed.credentials, &code()).await.unwrap();
        assert!(matches!(info, UserInfo::Member { .. }));
        assert_eq!(bed.server.count("/gettoken"), 2);
        assert_eq!(bed.server.count("/getuserinfo"), 2);
    }
}

#[tokio::test]
async fn a_token_that_stays_stale_surfaces() {
    let bed =
        Bed::new(|request| if request.is_gettoken() { numbered(request) } else { refused(42001) })
            .await;
    let error = bed.client.member(&bed.credentials, &zhangsan()).await.unwrap_err();
    assert_eq!(error.action(), Action::RefreshToken);
    assert_eq!(bed.server.count("/gettoken"), 2);
    assert_eq!(bed.server.count("/user/get"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_with_one_stale_token_fetch_one_new() {
    let bed = Bed::new(|request| {
        if request.line.contains(&format!("{TOKEN}0&")) {
            refused(40014)
        } else {
            numbered(request)
        }
    })
    .await;
    bed.client.access_token(&bed.credentials).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let (client, credentials) = (bed.client.clone(), bed.credentials.clone());
        tasks.spawn(async move { client.member(&credentials, &zhangsan()).await });
    }
    for member in tasks.join_all().await {
        member.unwrap();
    }
    assert_eq!(bed.server.count("/gettoken"), 2);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_lock() {
    let bed = Bed::new(|request| slowly(numbered(request))).await;
    let asking = bed.client.access_token(&bed.credentials);
    tokio::time::timeout(Duration::from_millis(50), asking).await.unwrap_err();
    let token = bed.client.access_token(&bed.credentials).await.unwrap();
    assert_eq!(token.expose_secret(), format!("{TOKEN}0"));
    assert_eq!(bed.server.lines().len(), 1);
}

#[tokio::test]
async fn who_gets_the_lock_late_looks_again() {
    let bed = Bed::new(numbered).await;
    let now = bed.env.now_unix();
    let (key, token) = (&bed.credentials.token_key, "another-node's".into());
    let entry = CachedToken { token, expires_at_unix: now + 7200, refresh_at_unix: now + 6900 };
    bed.cache.arrives_before_the_next_lock(key, CacheEntry::Token(entry));
    let token = bed.client.access_token(&bed.credentials).await.unwrap();
    assert_eq!(token.expose_secret(), "another-node's");
    let refusal = Refusal { errcode: 40001, hint: None, from_ip: None };
    bed.env.advance(7200);
    bed.cache.arrives_before_the_next_lock(key, CacheEntry::Refused(refusal));
    let error = bed.client.access_token(&bed.credentials).await.unwrap_err();
    assert!(error.is_misconfigured());
    assert!(bed.server.lines().is_empty());
    assert!(!bed.cache.is_locked(key));
}

#[tokio::test]
async fn who_waits_too_long_for_another_node_is_told_so() {
    let wait = Duration::from_millis(200);
    let bed = Bed::with(numbered, |settings| settings.token_wait = wait).await;
    let key = &bed.credentials.token_key;
    let guard = bed.cache.try_lock(key, Duration::from_mins(1)).await.unwrap().unwrap();
    let began = Instant::now();
    let error = bed.client.access_token(&bed.credentials).await.unwrap_err();
    assert!(matches!(error, Error::Busy), "{error:?}");
    assert!(began.elapsed() >= wait && began.elapsed() < Duration::from_secs(10));
    assert!(bed.server.lines().is_empty());
    bed.cache.unlock(key, guard).await.unwrap();
    bed.client.access_token(&bed.credentials).await.unwrap();
}

#[tokio::test]
async fn without_its_cache_nothing_is_called() {
    let bed = Bed::new(numbered).await;
    bed.cache.set_down(true);
    let error = bed.client.user_info(&bed.credentials, &code()).await.unwrap_err();
    assert!(matches!(error, Error::Cache(_)), "{error:?}");
    assert!(crate::support::everything(&error).contains("the cache is down"));
    assert!(bed.server.lines().is_empty());
    bed.cache.set_down(false);
    bed.client.user_info(&bed.credentials, &code()).await.unwrap();
}

#[tokio::test]
async fn jitter_moves_the_renewal() {
    let bed = Bed::new(numbered).await;
    let env = Arc::clone(&bed.env);
    env.set_random(45);
    bed.client.access_token(&bed.credentials).await.unwrap();
    let Some(CacheEntry::Token(kept)) = bed.cache.entry(&bed.credentials.token_key) else {
        panic!("a token")
    };
    assert_eq!(kept.expires_at_unix - kept.refresh_at_unix, 345);
}
