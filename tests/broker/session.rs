//! The session and the cookies (attack Q2).

use e2e::{Answer, Browser, Pkce, Tenant, on_every_backend};
use serde_json::Value;

use crate::steps::{BROWSER, SESSION, cookie, signs_in, sso, sub};

/// Every cookie of an answer is out of reach of scripts, other sites' forms and other hosts.
fn cookies_are_locked(answer: &Answer) -> usize {
    let lines: Vec<&str> =
        answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    for line in &lines {
        let (pair, attributes) = line.split_once("; ").unwrap();
        assert!(pair.starts_with("__Host-"), "{line}");
        let mut attributes: Vec<&str> = attributes.split("; ").collect();
        attributes.sort_unstable();
        let life = attributes.iter().position(|part| part.starts_with("Max-Age=")).unwrap();
        let life: u64 = attributes.remove(life)["Max-Age=".len()..].parse().unwrap();
        assert!(life <= 24 * 3600, "{line}");
        assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"], "{line}");
    }
    lines.len()
}

async fn token_of(
    tenant: &Tenant,
    browser: &mut Browser,
    pkce: &Pkce,
    extra: &[(&str, &str)],
) -> Value {
    let answer = tenant.sign_in(browser, &tenant.authorize_url(pkce, extra), "zhangsan").await;
    tenant.redeem(&answer.parameter("code").unwrap(), pkce).await.json()
}

on_every_backend! {
    async fn q2_every_cookie_is_locked_to_its_host(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let first = browser.get(tenant.authorize_url(&pkce, &[])).await;
        assert_eq!(cookies_are_locked(&first), 2);
        let mut seen = 0;
        let mut answer = first;
        while let Some(next) = answer.location() {
            answer = browser.get(next.as_str()).await;
            if !answer.url.as_str().starts_with(&world.wecom_base()) {
                seen += cookies_are_locked(&answer);
            }
        }
        assert_eq!(seen, 0, "nothing is planted on the way");
        let answer =
            tenant.sign_in(&mut browser, &tenant.authorize_url(&pkce, &[]), "zhangsan").await;
        assert_eq!(cookies_are_locked(&answer), 1);
        let again = sso(&tenant, &mut browser, &pkce).await;
        assert_eq!(cookies_are_locked(&again), 0);
        sub(&tenant, &pkce, &again).await;
    }

    async fn q2_the_session_changes_at_each_sign_in_and_the_old_one_is_worthless(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        // Planted before signing in, by whoever: never taken over.
        let planted = format!("hufu_session_{}", "a".repeat(43));
        browser.set_cookie(&tenant.url("/"), SESSION, &planted);
        token_of(&tenant, &mut browser, &pkce, &[]).await;
        let first = cookie(&tenant, &browser, SESSION).unwrap();
        assert_ne!(first, planted);
        token_of(&tenant, &mut browser, &pkce, &[("prompt", "login")]).await;
        let second = cookie(&tenant, &browser, SESSION).unwrap();
        assert_ne!(second, first);
        for worthless in [planted, first] {
            let mut thief = world.browser();
            thief.set_cookie(&tenant.url("/"), SESSION, &worthless);
            let answer = sso(&tenant, &mut thief, &pkce).await;
            assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
        }
        let answer = sso(&tenant, &mut browser, &pkce).await;
        sub(&tenant, &pkce, &answer).await;
    }

    async fn q2_somebody_else_in_the_same_browser_ends_the_session_before(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let tokens = token_of(&tenant, &mut browser, &pkce, &[]).await;
        let first = cookie(&tenant, &browser, SESSION).unwrap();
        let again = tenant.authorize_url(&pkce, &[("prompt", "select_account")]);
        let answer = tenant.sign_in(&mut browser, &again, "LiSi").await;
        let lisi = sub(&tenant, &pkce, &answer).await;
        // What the first person's session gave is over.
        let access = tokens["access_token"].as_str().unwrap();
        assert_eq!(tenant.userinfo(access).await.status, 401);
        let mut before = world.browser();
        before.set_cookie(&tenant.url("/"), SESSION, &first);
        let answer = sso(&tenant, &mut before, &pkce).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
        let answer = sso(&tenant, &mut browser, &pkce).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, lisi);
        assert_ne!(signs_in(&tenant, "zhangsan").await, lisi);
    }

    async fn q2_cookies_that_only_look_right_are_nothing(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        token_of(&tenant, &mut browser, &pkce, &[]).await;
        let session = cookie(&tenant, &browser, SESSION).unwrap();
        let planted = cookie(&tenant, &browser, BROWSER).unwrap();
        let wrong = [
            String::new(),
            session.to_uppercase(),
            format!("{session}a"),
            session[..session.len() - 1].to_owned(),
            planted,
            "a".repeat(5000),
        ];
        for wrong in wrong {
            let mut other = world.browser();
            other.set_cookie(&tenant.url("/"), SESSION, &wrong);
            let answer = sso(&tenant, &mut other, &pkce).await;
            assert_eq!(answer.parameter("error").as_deref(), Some("login_required"), "{wrong}");
        }
        let answer = sso(&tenant, &mut browser, &pkce).await;
        sub(&tenant, &pkce, &answer).await;
    }
}
