//! What a person changes about their account.

use e2e::{Pkce, on_every_backend};
use store::link_event::LinkKind;
use store::source::Status;

use crate::account_steps::{
    BRANCH, GOOD, app_takes, begin_link, begin_link_by, branch, choose, enters, enters_by,
    identities, is_done, is_named, is_signed_out, journal, links, page, post, results, sessions,
    tenant_id, to_link_callback, user_id,
};
use crate::steps::{events, refused, sso, sub};

on_every_backend! {
    async fn a_second_way_in_is_added_and_signs_in(world: World) {
        let tenant = world.tenant("acme").await;
        let source = branch(&tenant).await;
        let mut browser = world.browser();
        let user = enters(&tenant, &mut browser, "zhangsan").await;
        let answer = links(&tenant, &mut browser, "ZhangS").await;
        assert_eq!(answer.location().unwrap().path(), "/account", "{}", answer.body);
        let shown = page(&tenant, &mut browser).await.body;
        assert!(shown.contains(BRANCH) && shown.contains("张三 (branch)"), "{shown}");
        assert!(!shown.contains("Add a way to sign in"), "nothing is left to add: {shown}");
        assert!(shown.contains("Adding a way to sign in"), "{shown}");
        // Written down, with who did it and how.
        let last = journal(&tenant, &user).await.pop().unwrap();
        assert_eq!((last.kind, last.rule.as_deref()), (LinkKind::Bind, Some("account_page")));
        assert_eq!((last.userid.as_str(), last.actor_id), ("ZhangS", Some(user_id(&user).0)));
        assert_eq!(last.source_id.unwrap().to_string(), source);
        assert_eq!(results(&tenant, "identity.link").await, ["ok"]);
        let told = events(&tenant, &format!("trace={}", last.trace.unwrap())).await;
        assert_eq!(told[0]["action"], "identity.link");
        // It is the same account.
        let path = tenant.path(&format!("/apps/{}/identity-sources/{source}", tenant.app.id));
        tenant.admin.put(&path, serde_json::json!({ "position": 9 })).await;
        let (mut fresh, pkce) = (world.browser(), Pkce::new());
        let login = fresh.follow(tenant.authorize_url(&pkce, &[])).await;
        let link = login.links().into_iter().find(|link| link.contains("/social/branch")).unwrap();
        let wecom = fresh.get(tenant.url(&link)).await.location().unwrap();
        let callback = tenant.confirm(&mut fresh, &wecom, "zhangs").await.location().unwrap();
        let answer = fresh.get(callback.as_str()).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
    }

    async fn what_is_linked_already_and_what_cannot_be_used_is_not_offered(world: World) {
        let tenant = world.tenant("acme").await;
        let source = branch(&tenant).await;
        let mut browser = world.browser();
        enters(&tenant, &mut browser, "zhangsan").await;
        let link = begin_link(&tenant, &mut browser).await;
        // Neither the corp's other source, nor its own, by an address that was made up.
        for identifier in ["mobile", "qr"] {
            let made_up = link.replace("branch", identifier);
            let started = browser.get(&made_up).await;
            let Some(wecom) = started.location() else { continue };
            let Some(callback) = tenant.confirm(&mut browser, &wecom, "LiSi").await.location() else {
                continue;
            };
            let answer = browser.get(callback.as_str()).await;
            refused(&tenant, &answer, "already_bound").await;
        }
        let path = tenant.path(&format!("/identity-sources/{source}"));
        tenant.admin.patch(&path, serde_json::json!({ "status": Status::Disabled.as_str() })).await;
        refused(&tenant, &browser.get(&link).await, "source_disabled").await;
        let shown = page(&tenant, &mut browser).await.body;
        assert!(!shown.contains("Add a way to sign in"), "{shown}");
        tenant.admin.patch(&path, serde_json::json!({ "status": "active" })).await;
        let started = browser.get(&link).await;
        assert!(started.location().unwrap().as_str().starts_with(&world.wecom_base()));
    }

    async fn a_way_in_is_removed_after_a_warning_and_the_last_one_stays(world: World) {
        let tenant = world.tenant("acme").await;
        branch(&tenant).await;
        let (mut browser, mut other) = (world.browser(), world.browser());
        let user = enters(&tenant, &mut browser, "zhangsan").await;
        let [only] = identities(&tenant, &user).await.try_into().unwrap();
        let path = format!("/account/identities/{}", only.id);
        let asked = browser.get(tenant.url(&path)).await;
        assert!(asked.body.contains("only way in") && !asked.body.contains("<form"), "{asked:?}");
        refused(&tenant, &post(&tenant, &mut browser, &path, &[]).await, "last_way_in").await;
        assert_eq!(results(&tenant, "identity.unlink").await, ["last_way_in"]);
        assert!(page(&tenant, &mut browser).await.body.contains("Refused"));

        links(&tenant, &mut browser, "ZhangS").await;
        enters(&tenant, &mut other, "zhangsan").await;
        let asked = browser.get(tenant.url(&path)).await;
        assert!(asked.body.contains("neither by QR code nor inside WeCom"), "{}", asked.body);
        // The other one: its removal leaves this browser signed in, and no other.
        let [_, second] = identities(&tenant, &user).await.try_into().unwrap();
        let of_second = format!("/account/identities/{}", second.id);
        let answer = post(&tenant, &mut browser, &of_second, &[]).await;
        is_done(&tenant, &mut browser, &answer, "removed").await;
        let [left] = identities(&tenant, &user).await.try_into().unwrap();
        assert_eq!(left.userid, "zhangsan");
        let last = journal(&tenant, &user).await.pop().unwrap();
        assert_eq!((last.kind, last.subject.as_str()), (LinkKind::Unlink, "zhangs"));
        // The upstream person may have been signed in.
        assert_eq!(other.get(tenant.url("/account")).await.location().unwrap().path(), "/login");
        let again = post(&tenant, &mut browser, &of_second, &[]).await;
        refused(&tenant, &again, "not_offered").await;
        // The one that this browser is signed in by (attack K7): who leaves would stay signed in by it.
        links(&tenant, &mut browser, "ZhangS").await;
        let answer = post(&tenant, &mut browser, &path, &[]).await;
        is_signed_out(&tenant, &mut browser, &answer).await;
        assert_eq!(sessions(&tenant, &user).await.len(), 0);
        let [left] = identities(&tenant, &user).await.try_into().unwrap();
        assert_eq!(left.userid, "ZhangS");
        enters_by(&tenant, &mut browser, "branch", "ZhangS").await;
        page(&tenant, &mut browser).await;
        let (mut fresh, pkce) = (world.browser(), Pkce::new());
        let authorize = tenant.authorize_url(&pkce, &[]);
        let answer = tenant.sign_in(&mut fresh, &authorize, "zhangsan").await;
        assert_ne!(sub(&tenant, &pkce, &answer).await, user, "the person is somebody new");
    }

    async fn what_counts_as_another_way_in(world: World) {
        let tenant = world.tenant("acme").await;
        let source = branch(&tenant).await;
        let mut browser = world.browser();
        let user = enters(&tenant, &mut browser, "zhangsan").await;
        links(&tenant, &mut browser, "ZhangS").await;
        let [first, second] = identities(&tenant, &user).await.try_into().unwrap();
        let path = format!("/account/identities/{}", first.id);
        let switch = |status: &'static str| {
            let path = tenant.path(&format!("/identity-sources/{source}"));
            let tenant = tenant.clone();
            async move { tenant.admin.patch(&path, serde_json::json!({ "status": status })).await }
        };
        let stays = async |browser: &mut e2e::Browser, what: &str| {
            let answer = post(&tenant, browser, &path, &[]).await;
            assert_eq!(answer.code().as_deref(), Some("last_way_in"), "{what}: {answer:?}");
        };
        // An identity without a source, or a suspended one.
        switch("disabled").await;
        stays(&mut browser, "no source").await;
        switch("active").await;
        let store = world.store();
        let mut tx = store.begin(tenant_id(&tenant)).await.unwrap();
        let suspended = store::identity::LinkStatus::Suspended;
        store::identity::set_status(&mut tx, second.id, suspended).await.unwrap();
        tx.commit().await.unwrap();
        stays(&mut browser, "suspended").await;
        // An address that is verified, where no app takes codes.
        is_named(&tenant, &user, "zhang.san", Some("san@example.com")).await;
        app_takes(&tenant, &["sms_code"]).await;
        stays(&mut browser, "no app takes codes by mail").await;
        // A password that no app takes.
        app_takes(&tenant, &["password"]).await;
        let answer = choose(&tenant, &mut browser, "", GOOD).await;
        is_done(&tenant, &mut browser, &answer, "password").await;
        app_takes(&tenant, &[]).await;
        stays(&mut browser, "no app takes passwords").await;
        // Either of them.
        app_takes(&tenant, &["email_code"]).await;
        let asked = browser.get(tenant.url(&path)).await;
        assert!(asked.body.contains("<form"), "{}", asked.body);
        app_takes(&tenant, &["password"]).await;
        let answer = post(&tenant, &mut browser, &path, &[]).await;
        is_signed_out(&tenant, &mut browser, &answer).await;
        assert_eq!(identities(&tenant, &user).await.len(), 1);
    }

    async fn of_two_removals_at_once_one_way_in_is_left(world: World) {
        let tenant = world.tenant("acme").await;
        branch(&tenant).await;
        let mut browser = world.browser();
        let user = enters(&tenant, &mut browser, "zhangsan").await;
        for _ in 0..4 {
            let known = identities(&tenant, &user).await;
            let (own, other) = (("zhangsan", "qr"), ("ZhangS", "branch"));
            let ((own, by), (member, identifier)) =
                if known[0].userid == "zhangsan" { (own, other) } else { (other, own) };
            // Whoever removed what they were signed in by signs in by the other one.
            enters_by(&tenant, &mut browser, by, own).await;
            let link = begin_link_by(&tenant, &mut browser, identifier).await;
            let callback = to_link_callback(&tenant, &mut browser, &link, member).await;
            let answer = browser.get(callback.as_str()).await;
            assert_eq!(answer.location().unwrap().path(), "/account", "{}", answer.body);
            let token = crate::account_steps::csrf(&page(&tenant, &mut browser).await);
            let removals = identities(&tenant, &user).await.into_iter().map(|identity| {
                let (mut browser, token) = (browser.clone(), token.clone());
                let url = tenant.url(&format!("/account/identities/{}", identity.id));
                async move { browser.post(url, &[("csrf", &token)]).await }
            });
            let answers = futures_util::future::join_all(removals).await;
            let done = answers.iter().filter(|answer| answer.status == 303).count();
            // The slower one is refused, or finds nobody signed in any more.
            let kept = ["last_way_in", "sign_in_first"];
            let kept = answers
                .iter()
                .filter(|answer| answer.code().is_some_and(|code| kept.contains(&code.as_str())));
            assert_eq!((done, kept.count()), (1, 1), "{answers:?}");
            assert_eq!(identities(&tenant, &user).await.len(), 1);
        }
    }

    async fn a_password_is_set_and_changed_with_the_current_one_as_proof(world: World) {
        let tenant = world.tenant("acme").await;
        let mut browser = world.browser();
        let user = enters(&tenant, &mut browser, "zhangsan").await;
        // Without a name, or an app that takes it, a password would be good for nothing.
        let answer = choose(&tenant, &mut browser, "", GOOD).await;
        refused(&tenant, &answer, "not_offered").await;
        assert!(!page(&tenant, &mut browser).await.body.contains("Set a password"));
        is_named(&tenant, &user, "zhang.san", None).await;
        app_takes(&tenant, &["password"]).await;
        assert!(page(&tenant, &mut browser).await.body.contains("Set a password"));
        for (new, problem) in [
            ("short", "too_short"), ("12345678", "repetitive"), ("password1", "common"),
            ("my zhang.san pass", "personal"), ("bell\u{7}bell bell", "characters"),
        ] {
            let answer = choose(&tenant, &mut browser, "", new).await;
            assert_eq!(answer.parameter("problem").as_deref(), Some(problem), "{new}: {answer:?}");
            let form = browser.get(answer.location().unwrap().as_str()).await;
            assert!(form.body.contains(&format!("data-problem=\"{problem}\"")), "{}", form.body);
            let kept = format!("value=\"{new}\"");
            assert!(!form.body.contains(&kept), "what was typed is not shown again");
        }
        let fields = [("current", ""), ("new", GOOD), ("repeated", "something else")];
        let answer = post(&tenant, &mut browser, "/account/password", &fields).await;
        assert_eq!(answer.parameter("problem").as_deref(), Some("different"));
        assert!(results(&tenant, "password.change").await.is_empty());
        let answer = choose(&tenant, &mut browser, "", GOOD).await;
        is_done(&tenant, &mut browser, &answer, "password").await;

        let other = "quite another phrase";
        for wrong in ["", other, "Correct horse battery"] {
            let answer = choose(&tenant, &mut browser, wrong, other).await;
            assert_eq!(answer.parameter("problem").as_deref(), Some("proof_failed"), "{answer:?}");
        }
        let answer = choose(&tenant, &mut browser, GOOD, other).await;
        is_done(&tenant, &mut browser, &answer, "password").await;
        // The new one is it, and the old one is not.
        let answer = choose(&tenant, &mut browser, GOOD, GOOD).await;
        assert_eq!(answer.parameter("problem").as_deref(), Some("proof_failed"));
        let answer = choose(&tenant, &mut browser, other, GOOD).await;
        is_done(&tenant, &mut browser, &answer, "password").await;
        let told = results(&tenant, "password.change").await;
        let failed = "proof_failed";
        assert_eq!(told, ["ok", failed, failed, failed, "ok", failed, "ok"]);
    }

    async fn of_two_new_passwords_at_once_one_is_taken(world: World) {
        let tenant = world.tenant("acme").await;
        let mut browser = world.browser();
        let user = enters(&tenant, &mut browser, "zhangsan").await;
        is_named(&tenant, &user, "zhang.san", None).await;
        app_takes(&tenant, &["password"]).await;
        choose(&tenant, &mut browser, "", GOOD).await;
        let new = ["the first of two", "the second of two"];
        let token = crate::account_steps::csrf(&page(&tenant, &mut browser).await);
        let changes = new.map(|new| {
            let (mut browser, token) = (browser.clone(), token.clone());
            let url = tenant.url("/account/password");
            async move {
                let form = [("csrf", &*token), ("current", GOOD), ("new", new), ("repeated", new)];
                browser.post(url, &form).await
            }
        });
        let answers = futures_util::future::join_all(changes).await;
        let done = |answer: &e2e::Answer| answer.parameter("done").is_some();
        assert_eq!(answers.iter().filter(|answer| done(answer)).count(), 1, "{answers:?}");
        let taken = new[answers.iter().position(done).unwrap()];
        let answer = choose(&tenant, &mut browser, taken, GOOD).await;
        is_done(&tenant, &mut browser, &answer, "password").await;
    }

    async fn one_session_is_ended_and_all_others(world: World) {
        let tenant = world.tenant("acme").await;
        let pkce = Pkce::new();
        let mut browsers = [world.browser(), world.browser(), world.browser()];
        let mut neighbour = world.browser();
        let mut user = String::new();
        for browser in &mut browsers {
            user = enters(&tenant, browser, "zhangsan").await;
        }
        let stranger = enters(&tenant, &mut neighbour, "LiSi").await;
        let [mut mine, mut second, mut third] = browsers;
        // Newest first; somebody else's is none of theirs.
        let foreign = sessions(&tenant, &stranger).await[0].id;
        let path = format!("/account/sessions/{foreign}/end");
        refused(&tenant, &post(&tenant, &mut mine, &path, &[]).await, "not_offered").await;
        page(&tenant, &mut neighbour).await;
        let third_id = sessions(&tenant, &user).await[0].id;
        let path = format!("/account/sessions/{third_id}/end");
        let answer = post(&tenant, &mut mine, &path, &[]).await;
        is_done(&tenant, &mut mine, &answer, "session").await;
        let answer = sso(&tenant, &mut third, &pkce).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
        page(&tenant, &mut second).await;
        let answer = post(&tenant, &mut mine, "/account/sessions/end", &[]).await;
        is_done(&tenant, &mut mine, &answer, "sessions").await;
        let answer = sso(&tenant, &mut second, &pkce).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
        assert!(sso(&tenant, &mut mine, &pkce).await.parameter("code").is_some());
        assert!(sso(&tenant, &mut neighbour, &pkce).await.parameter("code").is_some());
        assert_eq!(results(&tenant, "session.end").await, ["ok"]);
        assert_eq!(results(&tenant, "sessions.end").await, ["ok"]);
    }
}
