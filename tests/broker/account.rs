//! The account page: what a person sees of their own account, and how they get there and away.

use chrono::TimeDelta;
use e2e::{PHONE, Pkce, on_every_backend};
use serde_json::json;

use crate::account_steps::{
    branch, csrf, enters, grows_old, identities, is_named, links, page, post, sessions, tenant_id,
};
use crate::steps::{BROWSER, SESSION, cookie, refused, sets, signs_in, sso};

on_every_backend! {
    async fn without_a_session_the_page_leads_through_a_sign_in_and_back(world: World) {
        let tenant = world.tenant("acme").await;
        let user = signs_in(&tenant, "zhangsan").await;
        let mut browser = world.browser();
        let answer = browser.get(tenant.url("/account")).await;
        assert_eq!((answer.status.as_u16(), answer.location().unwrap().path()), (303, "/login"));
        assert!(sets(&answer, BROWSER) && !sets(&answer, SESSION), "{answer:?}");
        let answer = tenant.sign_in(&mut browser, &tenant.url("/account"), "zhangsan").await;
        assert_eq!(answer.location().unwrap().path(), "/account");
        let shown = page(&tenant, &mut browser).await;
        for known in ["张三", "acme 公司", "Chrome on Linux", "This device", "127.0.0.1"] {
            assert!(shown.body.contains(known), "{known}: {}", shown.body);
        }
        assert!(!sets(&shown, SESSION), "looking changes no session");
        assert_eq!(sessions(&tenant, &user).await.len(), 2);
        // Who is nobody's account here gets none by opening the page.
        let mut stranger = world.browser();
        let answer = tenant.sign_in(&mut stranger, &tenant.url("/account"), "LiSi").await;
        refused(&tenant, &answer, "registration_closed").await;
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn the_page_tells_what_is_the_persons_own_and_nothing_else(world: World) {
        let tenant = world.tenant("acme").await;
        let mut other = world.browser();
        let neighbour = enters(&tenant, &mut other, "LiSi").await;
        is_named(&tenant, &neighbour, "lisi-name", Some("lisi@example.com")).await;
        let mut browser = world.browser();
        let user = enters(&tenant, &mut browser, "zhangsan").await;
        is_named(&tenant, &user, "zhang.san", Some("san@example.com")).await;
        let mut phone = world.browser().saying(PHONE);
        let answer = tenant.sign_in(&mut world.browser(), &tenant.url("/account"), "zhangsan").await;
        // A session that a phone goes on with, by its cookie.
        let planted = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
        let (name, value) = planted.split_once('=').unwrap();
        phone.set_cookie(&tenant.url(""), name, value);
        phone.get(tenant.url("/account")).await;

        let shown = page(&tenant, &mut browser).await.body;
        let told = ["san@example.com", "zhang.san", "Verified", "Sign-in", "Test app", "Account created"];
        for known in told {
            assert!(shown.contains(known), "{known}: {shown}");
        }
        for foreign in ["李四", "lisi", neighbour.as_str()] {
            assert!(!shown.contains(foreign), "{foreign}: {shown}");
        }
        assert_eq!(shown.matches("This device").count(), 1);
        assert_eq!(shown.matches("/end\"").count(), 2, "one other session, and all others: {shown}");
        // Each session is another one's "this device".
        let theirs = page(&tenant, &mut other).await.body;
        assert!(theirs.contains("李四") && !theirs.contains("张三") && !theirs.contains("san@"));
    }

    async fn what_an_administrator_does_is_told_without_their_address(world: World) {
        let tenant = world.tenant("acme").await;
        let user = signs_in(&tenant, "zhangsan").await;
        for status in ["suspended", "active"] {
            let path = tenant.path(&format!("/users/{user}"));
            tenant.admin.patch(&path, json!({ "status": status })).await;
        }
        let mut browser = world.browser();
        enters(&tenant, &mut browser, "zhangsan").await;
        let shown = page(&tenant, &mut browser).await.body;
        assert_eq!(shown.matches("<div>Changed by an administrator</div>").count(), 2, "{shown}");
    }

    async fn twenty_events_are_shown_and_the_newest_first(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        enters(&tenant, &mut browser, "zhangsan").await;
        for _ in 0..25 {
            sso(&tenant, &mut browser, &pkce).await;
        }
        let shown = page(&tenant, &mut browser).await.body;
        assert_eq!(shown.matches("App opened").count(), 20, "{shown}");
        assert!(!shown.contains("Account created"), "{shown}");
    }

    async fn a_session_is_noted_as_used_once_a_minute(world: World) {
        let tenant = world.tenant("acme").await;
        let mut browser = world.browser();
        let user = enters(&tenant, &mut browser, "zhangsan").await;
        let begun = sessions(&tenant, &user).await[0].last_seen_at;
        world.clock().advance(TimeDelta::seconds(40));
        page(&tenant, &mut browser).await;
        assert_eq!(sessions(&tenant, &user).await[0].last_seen_at, begun);
        world.clock().advance(TimeDelta::seconds(40));
        page(&tenant, &mut browser).await;
        let seen = sessions(&tenant, &user).await[0].last_seen_at;
        assert!(seen - begun >= TimeDelta::seconds(80), "{seen} {begun}");
    }

    async fn the_page_is_in_the_readers_language_and_stays_in_it(world: World) {
        let tenant = world.tenant("acme").await;
        let mut browser = world.browser();
        enters(&tenant, &mut browser, "zhangsan").await;
        for (tag, words) in [
            ("zh-CN", "我的账号"), ("zh-TW", "我的帳號"), ("ja", "マイアカウント"), ("en", "Your account"),
        ] {
            browser.accept_language = tag.to_owned();
            assert!(page(&tenant, &mut browser).await.body.contains(words), "{tag}");
        }
        // The language that the person chose goes along with links and forms.
        let shown = browser.get(tenant.url("/account?ui_locales=ja")).await;
        assert!(shown.body.contains("マイアカウント"));
        let links = shown.links();
        let remove = links.iter().find(|link| link.starts_with("/account/identities/")).unwrap();
        assert!(remove.ends_with("?ui_locales=ja"), "{remove}");
        assert!(browser.get(tenant.url(remove)).await.body.contains("<html lang=\"ja\""));
        let form = [("csrf", csrf(&shown)), ("ui_locales", "ja".to_owned())];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = browser.post(tenant.url("/account/sessions/end"), &form).await;
        assert_eq!(answer.parameter("ui_locales").as_deref(), Some("ja"), "{answer:?}");
    }

    async fn signing_out_on_the_page_ends_this_session_alone(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, mut other) = (world.browser(), world.browser());
        let user = enters(&tenant, &mut browser, "zhangsan").await;
        enters(&tenant, &mut other, "zhangsan").await;
        // Also an old one: going is always possible.
        grows_old(&tenant);
        let answer = post(&tenant, &mut browser, "/account/sign-out", &[]).await;
        assert_eq!(answer.location().unwrap().path(), "/account/signed-out");
        assert_eq!(cookie(&tenant, &browser, SESSION), None);
        let farewell = browser.get(answer.location().unwrap().as_str()).await;
        assert!(farewell.status == 200 && farewell.body.contains("You are signed out"));
        assert_eq!(sessions(&tenant, &user).await.len(), 1);
        page(&tenant, &mut other).await;
        let answer = browser.get(tenant.url("/account")).await;
        assert_eq!(answer.location().unwrap().path(), "/login");
        // Who is signed in is not told the opposite.
        let answer = other.get(tenant.url("/account/signed-out")).await;
        assert_eq!(answer.location().unwrap().path(), "/account");
    }

    async fn a_suspended_link_is_marked_and_cannot_be_removed(world: World) {
        let tenant = world.tenant("acme").await;
        let mut browser = world.browser();
        let user = enters(&tenant, &mut browser, "zhangsan").await;
        branch(&tenant).await;
        links(&tenant, &mut browser, "ZhangS").await;
        // By this link nobody is signed in any more: here they are by the other one.
        let id = identities(&tenant, &user).await[1].id;
        let store = world.store();
        let mut tx = store.begin(tenant_id(&tenant)).await.unwrap();
        let suspended = store::identity::LinkStatus::Suspended;
        store::identity::set_status(&mut tx, id, suspended).await.unwrap();
        tx.commit().await.unwrap();
        let shown = page(&tenant, &mut browser).await.body;
        assert!(shown.contains("Paused by an administrator") && !shown.contains(&id.to_string()));
        // Otherwise it could be added again, and be active.
        let path = format!("/account/identities/{id}");
        refused(&tenant, &browser.get(tenant.url(&path)).await, "link_suspended").await;
        let answer = post(&tenant, &mut browser, &path, &[]).await;
        refused(&tenant, &answer, "link_suspended").await;
        assert_eq!(identities(&tenant, &user).await.len(), 2);
    }

    async fn an_old_sign_in_leads_to_a_fresh_one_and_back(world: World) {
        let tenant = world.tenant("acme").await;
        let mut browser = world.browser();
        let user = enters(&tenant, &mut browser, "zhangsan").await;
        is_named(&tenant, &user, "zhang.san", None).await;
        crate::account_steps::app_takes(&tenant, &["password"]).await;
        assert_eq!(browser.get(tenant.url("/account/password")).await.status, 200);
        grows_old(&tenant);
        let shown = page(&tenant, &mut browser).await;
        assert!(shown.body.contains("张三"), "an old session still looks");
        let answer = browser.get(tenant.url("/account/password")).await;
        refused(&tenant, &answer, "sign_in_first").await;
        let links = answer.links();
        assert!(links.iter().any(|link| link == "/account"), "{links:?}");
        let again = links.iter().find(|link| *link == "/account/sign-in").unwrap();
        let before = sessions(&tenant, &user).await[0].id;
        let answer = tenant.sign_in(&mut browser, &tenant.url(again), "zhangsan").await;
        assert_eq!(answer.location().unwrap().path(), "/account");
        assert_eq!(browser.get(tenant.url("/account/password")).await.status, 200);
        assert_eq!(sessions(&tenant, &user).await[0].id, before, "the session goes on");
        // Who thinks better of it is on the page again.
        let login = browser.follow(tenant.url(again)).await;
        let form = login.body.split_once("action=\"/login/cancel").unwrap().1;
        let query = form.split_once('"').unwrap().0.to_owned();
        let token = csrf(&e2e::Answer { body: form.to_owned(), ..login.clone() });
        let cancel = tenant.url(&format!("/login/cancel{query}"));
        let answer = browser.post(cancel, &[("csrf", token.as_str())]).await;
        assert_eq!(answer.location().unwrap().path(), "/account");
    }
}
