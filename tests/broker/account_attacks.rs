//! Attacks on a person's account by way of its pages (M2, M8, M12, Q4 to Q6).

use chrono::TimeDelta;
use e2e::{ContactAddress, Pkce, member_deleted, on_every_backend};
use reqwest::Method;
use serde_json::json;

use crate::account_steps::{
    GOOD, app_takes, begin_link, branch, choose, csrf, enters, grows_old, identities, is_done,
    is_named, links, page, post, results, sessions, to_link_callback,
};
use crate::steps::{BROWSER, SESSION, cookie, parameter, refused, sso, sub};

on_every_backend! {
    /// A begins, and has V's browser go on: with the link upstream, and with the callback.
    async fn m2_m12_another_browser_finishes_nobodys_link(world: World) {
        let tenant = world.tenant("acme").await;
        branch(&tenant).await;
        let (mut a, mut v) = (world.browser(), world.browser());
        let attacker = enters(&tenant, &mut a, "zhangsan").await;
        let victim = enters(&tenant, &mut v, "LiSi").await;
        let link = begin_link(&tenant, &mut a).await;
        let add = link.replace("/connections/social/branch", "/account/identities/add");
        let login = link.replace("/connections/social/branch", "/login");
        for url in [&link, &add, &login] {
            refused(&tenant, &v.get(url).await, "browser_changed").await;
            refused(&tenant, &world.browser().get(url).await, "browser_changed").await;
        }
        // V's own person confirms at WeCom, in V's browser, what A had begun.
        let wecom = a.get(&link).await.location().unwrap();
        let callback = tenant.confirm(&mut v, &wecom, "chenwei").await.location().unwrap();
        refused(&tenant, &v.get(callback.as_str()).await, "browser_changed").await;
        for user in [&attacker, &victim] {
            assert_eq!(identities(&tenant, user).await.len(), 1);
        }
        // A's own browser may.
        let link = begin_link(&tenant, &mut a).await;
        let callback = to_link_callback(&tenant, &mut a, &link, "ZhangS").await;
        assert_eq!(a.get(callback.as_str()).await.location().unwrap().path(), "/account");
        assert_eq!(identities(&tenant, &attacker).await.len(), 2);
    }

    async fn m12_an_identity_that_is_linked_elsewhere_stays_there(world: World) {
        let tenant = world.tenant("acme").await;
        branch(&tenant).await;
        let (mut a, mut v) = (world.browser(), world.browser());
        let attacker = enters(&tenant, &mut a, "zhangsan").await;
        let victim = enters(&tenant, &mut v, "LiSi").await;
        links(&tenant, &mut v, "ZhangS").await;
        // Also by another spelling, and also of two that link at once.
        for member in ["ZhangS", "zhangs"] {
            let answer = links(&tenant, &mut a, member).await;
            refused(&tenant, &answer, "linked_elsewhere").await;
            assert!(!answer.body.contains("李四") && !answer.body.contains(&victim));
            // Another one may be tried.
            let again = answer.links().into_iter().find(|link| link.starts_with("/login?")).unwrap();
            let again = a.follow(tenant.url(&again)).await;
            assert_eq!(again.url.path(), "/account/identities/add", "{}", again.body);
        }
        assert_eq!(identities(&tenant, &attacker).await.len(), 1);
        assert_eq!(identities(&tenant, &victim).await.len(), 2);
        assert_eq!(results(&tenant, "identity.link").await, ["ok", "linked_elsewhere", "linked_elsewhere"]);
        assert!(page(&tenant, &mut a).await.body.contains("Refused"));
        assert_eq!(links(&tenant, &mut a, "chenwei").await.location().unwrap().path(), "/account");
        assert_eq!(identities(&tenant, &attacker).await.len(), 2);
    }

    async fn m12_of_two_accounts_that_link_one_identity_at_once_one_gets_it(world: World) {
        let tenant = world.tenant("acme").await;
        branch(&tenant).await;
        let (mut a, mut b) = (world.browser(), world.browser());
        let first = enters(&tenant, &mut a, "zhangsan").await;
        let second = enters(&tenant, &mut b, "LiSi").await;
        let (to_a, to_b) = (begin_link(&tenant, &mut a).await, begin_link(&tenant, &mut b).await);
        let to_a = to_link_callback(&tenant, &mut a, &to_a, "ZhangS").await;
        let to_b = to_link_callback(&tenant, &mut b, &to_b, "ZhangS").await;
        let (at_a, at_b) = tokio::join!(a.get(to_a.as_str()), b.get(to_b.as_str()));
        let refusals = [&at_a, &at_b].into_iter().filter_map(e2e::Answer::code);
        assert_eq!(refusals.collect::<Vec<_>>(), ["linked_elsewhere"], "{at_a:?} {at_b:?}");
        let counts = [identities(&tenant, &first).await.len(), identities(&tenant, &second).await.len()];
        assert_eq!(counts.iter().sum::<usize>(), 3, "{counts:?}");
    }

    async fn m12_each_change_needs_a_sign_in_of_the_last_five_minutes(world: World) {
        let tenant = world.tenant("acme").await;
        branch(&tenant).await;
        let (mut browser, mut other) = (world.browser(), world.browser());
        let user = enters(&tenant, &mut other, "zhangsan").await;
        is_named(&tenant, &user, "zhang.san", Some("san@example.com")).await;
        app_takes(&tenant, &["password", "email_code"]).await;
        enters(&tenant, &mut browser, "zhangsan").await;
        let link = begin_link(&tenant, &mut browser).await;
        let identity = identities(&tenant, &user).await[0].id;
        let session = sessions(&tenant, &user).await[1].id;
        grows_old(&tenant);
        let password = [("current", ""), ("new", GOOD), ("repeated", GOOD)];
        let changes: [(String, &[(&str, &str)]); 5] = [
            ("/account/identities".to_owned(), &[]),
            ("/account/password".to_owned(), &password),
            (format!("/account/sessions/{session}/end"), &[]),
            ("/account/sessions/end".to_owned(), &[]),
            // The last one: it is what this browser is signed in by.
            (format!("/account/identities/{identity}"), &[]),
        ];
        for (path, fields) in &changes {
            let answer = post(&tenant, &mut browser, path, fields).await;
            refused(&tenant, &answer, "sign_in_first").await;
            assert!(answer.links().iter().any(|link| link == "/account/sign-in"), "{path}");
        }
        // What was begun in time is too late by now, unless it was upstream already.
        let add = link.replace("/connections/social/branch", "/account/identities/add");
        for url in [&link, &add] {
            refused(&tenant, &browser.get(url).await, "sign_in_first").await;
        }
        assert_eq!(sessions(&tenant, &user).await.len(), 2);
        assert_eq!(identities(&tenant, &user).await.len(), 1);
        // Signed in anew, all of them are done.
        tenant.sign_in(&mut browser, &tenant.url("/account/sign-in"), "zhangsan").await;
        for (path, fields) in &changes {
            let answer = post(&tenant, &mut browser, path, fields).await;
            assert_eq!(answer.status, 303, "{path}: {}", answer.body);
        }
        assert!(sessions(&tenant, &user).await.is_empty());
        assert!(identities(&tenant, &user).await.is_empty());
    }

    async fn m12_a_link_needs_the_session_that_asked_for_it_to_the_end(world: World) {
        let tenant = world.tenant("acme").await;
        branch(&tenant).await;
        let (mut browser, mut other) = (world.browser(), world.browser());
        let user = enters(&tenant, &mut browser, "zhangsan").await;

        // The sign-in is too old at the end.
        let link = begin_link(&tenant, &mut browser).await;
        let wecom = browser.get(&link).await.location().unwrap();
        world.clock().advance(TimeDelta::minutes(15));
        let callback = tenant.confirm(&mut browser, &wecom, "ZhangS").await.location().unwrap();
        refused(&tenant, &browser.get(callback.as_str()).await, "sign_in_first").await;

        // The session was ended from elsewhere.
        tenant.sign_in(&mut browser, &tenant.url("/account/sign-in"), "zhangsan").await;
        let link = begin_link(&tenant, &mut browser).await;
        let callback = to_link_callback(&tenant, &mut browser, &link, "ZhangS").await;
        enters(&tenant, &mut other, "zhangsan").await;
        let answer = post(&tenant, &mut other, "/account/sessions/end", &[]).await;
        is_done(&tenant, &mut other, &answer, "sessions").await;
        refused(&tenant, &browser.get(callback.as_str()).await, "sign_in_first").await;

        // The browser has another session of the same person by now: not the one that asked.
        enters(&tenant, &mut browser, "zhangsan").await;
        let link = begin_link(&tenant, &mut browser).await;
        let callback = to_link_callback(&tenant, &mut browser, &link, "ZhangS").await;
        let before = cookie(&tenant, &browser, BROWSER).unwrap();
        post(&tenant, &mut browser, "/account/sign-out", &[]).await;
        enters(&tenant, &mut browser, "zhangsan").await;
        assert_eq!(cookie(&tenant, &browser, BROWSER).unwrap(), before, "it is the same browser");
        refused(&tenant, &browser.get(callback.as_str()).await, "sign_in_first").await;

        // Or one of somebody else.
        let link = begin_link(&tenant, &mut browser).await;
        let callback = to_link_callback(&tenant, &mut browser, &link, "ZhangS").await;
        post(&tenant, &mut browser, "/account/sign-out", &[]).await;
        let neighbour = enters(&tenant, &mut browser, "LiSi").await;
        refused(&tenant, &browser.get(&link).await, "sign_in_first").await;
        refused(&tenant, &browser.get(callback.as_str()).await, "sign_in_first").await;

        // Or none.
        post(&tenant, &mut browser, "/account/sign-out", &[]).await;
        enters(&tenant, &mut browser, "zhangsan").await;
        let link = begin_link(&tenant, &mut browser).await;
        let callback = to_link_callback(&tenant, &mut browser, &link, "ZhangS").await;
        browser.cookies.get_mut(&tenant.host).unwrap().remove(SESSION);
        refused(&tenant, &browser.get(callback.as_str()).await, "sign_in_first").await;

        for user in [&user, &neighbour] {
            assert_eq!(identities(&tenant, user).await.len(), 1);
        }
        // A session that signs in again on the way goes on under a new secret, and is the same.
        enters(&tenant, &mut browser, "zhangsan").await;
        let link = begin_link(&tenant, &mut browser).await;
        let callback = to_link_callback(&tenant, &mut browser, &link, "ZhangS").await;
        tenant.sign_in(&mut browser, &tenant.url("/account/sign-in"), "zhangsan").await;
        assert_eq!(browser.get(callback.as_str()).await.location().unwrap().path(), "/account");
        assert_eq!(identities(&tenant, &user).await.len(), 2);
        // A second delivery of it does nothing more.
        assert_eq!(browser.get(callback.as_str()).await.location().unwrap().path(), "/account");
        assert_eq!(results(&tenant, "identity.link").await.iter().filter(|it| *it == "ok").count(), 1);
    }

    async fn m8_whoever_else_was_signed_in_is_out_after_a_change(world: World) {
        let tenant = world.tenant("acme").await;
        branch(&tenant).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let user = enters(&tenant, &mut browser, "zhangsan").await;
        is_named(&tenant, &user, "zhang.san", None).await;
        app_takes(&tenant, &["password"]).await;
        for change in ["link", "set", "change", "unlink"] {
            let mut attacker = world.browser();
            let stolen = tenant.tokens(&mut attacker, "zhangsan").await;
            let access = stolen["access_token"].as_str().unwrap();
            let unused = sso(&tenant, &mut attacker, &pkce).await.parameter("code").unwrap();
            assert_eq!(tenant.userinfo(access).await.status, 200);
            let own = tenant_tokens(&tenant, &mut browser).await;
            let answer = match change {
                "link" => links(&tenant, &mut browser, "ZhangS").await,
                "set" => choose(&tenant, &mut browser, "", GOOD).await,
                "change" => choose(&tenant, &mut browser, GOOD, "quite another phrase").await,
                _ => {
                    // Not the one that both are signed in by.
                    let second = identities(&tenant, &user).await[1].id;
                    let path = format!("/account/identities/{second}");
                    post(&tenant, &mut browser, &path, &[]).await
                }
            };
            assert_eq!(answer.location().unwrap().path(), "/account", "{change}");
            assert_eq!(tenant.userinfo(access).await.status, 401, "{change}");
            assert_eq!(tenant.redeem(&unused, &pkce).await.json()["error"], "invalid_grant", "{change}");
            let answer = sso(&tenant, &mut attacker, &pkce).await;
            assert_eq!(answer.parameter("error").as_deref(), Some("login_required"), "{change}");
            // The person's own session and its grants go on.
            assert_eq!(tenant.userinfo(&own).await.status, 200, "{change}");
            assert_eq!(sessions(&tenant, &user).await.len(), 1, "{change}");
        }
    }

    async fn k7_who_leaves_proves_no_account_by_the_link_they_had(world: World) {
        let tenant = world.tenant("acme").await;
        let source = branch(&tenant).await;
        let address = ContactAddress::make(&tenant).await;
        let user = enters(&tenant, &mut world.browser(), "zhangsan").await;
        let link = tenant.path(&format!("/apps/{}/identity-sources/{source}", tenant.app.id));
        tenant.admin.put(&link, json!({})).await;
        let asks = json!({ "association": "ask", "association_policy": { "proofs": ["source"] } });
        tenant.admin.patch(&tenant.path(&format!("/identity-sources/{source}")), asks).await;
        let mut browser = world.browser();
        let pkce = Pkce::new();
        for leaves in [true, false] {
            // By the branch they come, by the other corp they prove whose account it is.
            let mut page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
            for (part, member) in [("/branch?", "ZhangS"), ("errand=proof", "zhangsan")] {
                if page.url.path() == "/bind" {
                    let id = parameter(&page.url, "interaction").unwrap();
                    let form = [("csrf", &*csrf(&page)), ("interaction", &*id)];
                    let to = browser.post(tenant.url("/bind/existing"), &form).await.location();
                    page = browser.get(to.unwrap().as_str()).await;
                }
                let on = page.links().into_iter().find(|link| link.contains(part));
                let on = tenant.url(&on.unwrap_or_else(|| panic!("no {part}: {}", page.body)));
                let callback = to_link_callback(&tenant, &mut browser, &on, member).await;
                page = browser.follow(callback.as_str()).await;
            }
            if leaves {
                address.tell(&tenant, &member_deleted(&tenant, "zhangsan")).await;
            }
            let id = parameter(&page.url, "interaction").unwrap();
            let form = [("csrf", &*csrf(&page)), ("interaction", &*id)];
            let answer = browser.post(tenant.url("/bind/confirm"), &form).await;
            if leaves {
                refused(&tenant, &answer, "sign_in_first").await;
                assert_eq!(identities(&tenant, &user).await.len(), 1);
            } else {
                assert_eq!(sub(&tenant, &pkce, &answer).await, user);
            }
        }
    }

    async fn q4_no_change_without_the_pages_own_token(world: World) {
        let tenant = world.tenant("acme").await;
        branch(&tenant).await;
        let (mut browser, mut other) = (world.browser(), world.browser());
        let user = enters(&tenant, &mut other, "zhangsan").await;
        enters(&tenant, &mut browser, "zhangsan").await;
        is_named(&tenant, &user, "zhang.san", None).await;
        app_takes(&tenant, &["password"]).await;
        links(&tenant, &mut browser, "ZhangS").await;
        enters(&tenant, &mut other, "zhangsan").await;
        let identity = identities(&tenant, &user).await[1].id;
        let session = sessions(&tenant, &user).await[0].id;
        let own = csrf(&page(&tenant, &mut browser).await);
        let theirs = csrf(&page(&tenant, &mut other).await);
        // Of the same browser, but for cancelling.
        let purpose = csrf(&browser.follow(tenant.url("/account/sign-in")).await);
        let password = [("current", ""), ("new", GOOD), ("repeated", GOOD)];
        let forms: [(String, &[(&str, &str)]); 6] = [
            ("/account/identities".to_owned(), &[]),
            (format!("/account/identities/{identity}"), &[]),
            (format!("/account/sessions/{session}/end"), &[]),
            ("/account/sessions/end".to_owned(), &[]),
            ("/account/password".to_owned(), &password),
            ("/account/sign-out".to_owned(), &[]),
        ];
        for (path, fields) in &forms {
            for token in [None, Some(""), Some("x"), Some(&*theirs), Some(&*purpose)] {
                let mut form = fields.to_vec();
                form.extend(token.map(|token| ("csrf", token)));
                let answer = browser.post(tenant.url(path), &form).await;
                refused(&tenant, &answer, "csrf").await;
            }
            // The right one, from a page of another site, or by GET.
            let jar = &browser.cookies[&tenant.host];
            let cookies: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let cookies = cookies.join("; ");
            let kind = ("content-type", "application/x-www-form-urlencoded");
            for site in ["cross-site", "same-site", "none"] {
                let headers = [("cookie", &*cookies), kind, ("sec-fetch-site", site)];
                let mut form = url::form_urlencoded::Serializer::new(String::new());
                let body = form.extend_pairs(fields.iter()).append_pair("csrf", &own).finish();
                let answer = tenant.send(Method::POST, path, &headers, Some(body.as_bytes())).await;
                assert_eq!(answer.code().as_deref(), Some("csrf"), "{site} {path}");
            }
            let answer = browser.get(tenant.url(&format!("{path}?csrf={own}"))).await;
            assert!(matches!(answer.status.as_u16(), 200 | 405), "{path}: {answer:?}");
        }
        assert_eq!(identities(&tenant, &user).await.len(), 2);
        assert_eq!(sessions(&tenant, &user).await.len(), 2);
        assert!(results(&tenant, "password.change").await.is_empty());
        // The page's own forms do what they say.
        for (path, fields) in &forms {
            let mut form = fields.to_vec();
            form.push(("csrf", &own));
            let answer = browser.post(tenant.url(path), &form).await;
            assert_eq!(answer.status, 303, "{path}: {}", answer.body);
        }
        assert_eq!(results(&tenant, "password.change").await, ["ok"]);
        assert!(sessions(&tenant, &user).await.is_empty());
    }

    async fn q5_an_ended_session_sees_and_changes_nothing(world: World) {
        let tenant = world.tenant("acme").await;
        let mut browser = world.browser();
        enters(&tenant, &mut browser, "zhangsan").await;
        let token = csrf(&page(&tenant, &mut browser).await);
        let mut thief = browser.clone();
        let ended = post(&tenant, &mut browser, "/account/sign-out", &[]).await;
        assert_eq!(ended.status, 303);
        let answer = thief.get(tenant.url("/account")).await;
        assert_eq!(answer.location().unwrap().path(), "/login");
        assert!(answer.body.is_empty());
        for path in ["/account/identities", "/account/sessions/end", "/account/password"] {
            let answer = thief.post(tenant.url(path), &[("csrf", &token)]).await;
            refused(&tenant, &answer, "sign_in_first").await;
        }
        // One that is over by itself is as dead.
        enters(&tenant, &mut browser, "zhangsan").await;
        page(&tenant, &mut browser).await;
        world.clock().advance(TimeDelta::hours(12));
        let answer = browser.get(tenant.url("/account")).await;
        assert_eq!(answer.location().unwrap().path(), "/login");
    }

    async fn q6_going_back_after_signing_out_shows_nothing_that_was_kept(world: World) {
        let tenant = world.tenant("acme").await;
        branch(&tenant).await;
        let mut browser = world.browser();
        let user = enters(&tenant, &mut browser, "zhangsan").await;
        is_named(&tenant, &user, "zhang.san", None).await;
        app_takes(&tenant, &["password"]).await;
        let identity = identities(&tenant, &user).await[0].id;
        let link = begin_link(&tenant, &mut browser).await;
        let paths = [
            "/account".to_owned(),
            "/account/password".to_owned(),
            format!("/account/identities/{identity}"),
            link.replace("/connections/social/branch", "/account/identities/add")
                .replacen(&tenant.url(""), "", 1),
        ];
        for path in &paths {
            let answer = browser.get(tenant.url(path)).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            let header = |name: &str| answer.headers[name].to_str().unwrap();
            assert_eq!(header("cache-control"), "no-store", "{path}");
            assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
            let policy = header("content-security-policy");
            assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
            assert!(policy.contains("form-action 'self';"), "{policy}");
        }
        post(&tenant, &mut browser, "/account/sign-out", &[]).await;
        for path in &paths {
            let answer = browser.get(tenant.url(path)).await;
            assert_ne!(answer.status, 200, "{path}");
            assert!(!answer.body.contains("张三") && !answer.body.contains("zhang.san"), "{path}");
        }
    }
}

/// Fresh tokens from the browser's session: the access token.
async fn tenant_tokens(tenant: &e2e::Tenant, browser: &mut e2e::Browser) -> String {
    let pkce = Pkce::new();
    let code = sso(tenant, browser, &pkce).await.parameter("code").unwrap();
    let tokens = tenant.redeem(&code, &pkce).await.json();
    tokens["access_token"].as_str().unwrap().to_owned()
}
