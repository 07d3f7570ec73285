//! What a review of the sign-in asked for: leavers, wrong secrets, sign-outs that last, and what
//! strangers learn.

use e2e::{Browser, Pkce, Tenant, World, on_every_backend};
use reqwest::Method;
use serde_json::{Value, json};
use wecom_sim::Member;

use crate::steps::{
    BROWSER, GETTOKEN, HOME, SESSION, calls, client, cookie, events, redemptions, refused, sets,
    signs_in, sso, sub, to_callback,
};

/// A browser that a member is signed in with, and the tokens of the app.
struct SignedIn {
    browser: Browser,
    tokens: Value,
}

impl SignedIn {
    async fn new(tenant: &Tenant, member: &str) -> Self {
        let mut browser = tenant.world.browser();
        let tokens = tenant.tokens(&mut browser, member).await;
        Self { browser, tokens }
    }

    fn token(&self, name: &str) -> &str {
        self.tokens[name].as_str().unwrap()
    }

    /// Whether session and access token are good, asked at every node; both are or neither is.
    async fn is_good(&mut self, tenant: &Tenant, expected: bool) {
        for _ in 0..2 {
            let answer = sso(tenant, &mut self.browser, &Pkce::new()).await;
            assert_eq!(answer.parameter("code").is_some(), expected, "{answer:?}");
            let error = (!expected).then_some("login_required");
            assert_eq!(answer.parameter("error").as_deref(), error, "{answer:?}");
            let status = tenant.userinfo(self.token("access_token")).await.status;
            assert_eq!(status, if expected { 200 } else { 401 });
        }
    }
}

/// How somebody stops being one whom the app is for.
#[derive(Debug, Clone, Copy)]
enum Leaving {
    Removed,
    OutOfSight,
    Status(u8),
}

impl Leaving {
    const ALL: [Self; 4] = [Self::Removed, Self::OutOfSight, Self::Status(2), Self::Status(5)];

    fn leave(self, tenant: &Tenant) {
        let wecom = tenant.world.wecom();
        match self {
            Self::Removed => wecom.remove_member(&tenant.corp_id, "zhangsan"),
            Self::OutOfSight => wecom.edit_app(&tenant.corp_id, tenant.agent_id, |app| {
                app.visible.members.retain(|member| member != "zhangsan");
            }),
            Self::Status(status) => {
                let member = Member { status, ..Member::new("zhangsan", "张三") };
                wecom.set_member(&tenant.corp_id, member)
            }
        }
        .unwrap();
    }

    fn come_back(self, tenant: &Tenant) {
        let wecom = tenant.world.wecom();
        match self {
            Self::OutOfSight => wecom.edit_app(&tenant.corp_id, tenant.agent_id, |app| {
                app.visible.members.push("zhangsan".to_owned());
            }),
            _ => wecom.set_member(&tenant.corp_id, Member::new("zhangsan", "张三")),
        }
        .unwrap();
    }

    /// The page that tells them.
    fn code(self) -> &'static str {
        match self {
            Self::Removed | Self::OutOfSight => "not_visible",
            Self::Status(_) => "not_a_member",
        }
    }
}

/// A sign-in with a secret that was saved just now.
async fn saves_and_tries(world: &World, tenant: &Tenant, secret: &str) -> e2e::Answer {
    let path = tenant.path(&format!("/identity-sources/{}", tenant.qr));
    tenant.admin.patch(&path, json!({ "secret": secret })).await;
    let (mut browser, pkce) = (world.browser(), Pkce::new());
    tenant.sign_in(&mut browser, &tenant.authorize_url(&pkce, &[]), "zhangsan").await
}

on_every_backend! {
    async fn a_leavers_sessions_end_as_soon_as_wecom_says_so(world: World) {
        let tenant = world.tenant("acme").await;
        let mut colleague = SignedIn::new(&tenant, "wangwu").await;
        let user = signs_in(&tenant, "zhangsan").await;
        for leaving in Leaving::ALL {
            let mut here = SignedIn::new(&tenant, "zhangsan").await;
            let mut elsewhere = SignedIn::new(&tenant, "zhangsan").await;
            // The same browser, asked for a fresh sign-in.
            let fresh = tenant.authorize_url(&Pkce::new(), &[("prompt", "login")]);
            let wecom = tenant.start_qr(&mut here.browser, &fresh).await.location().unwrap();
            let back = tenant.confirm(&mut here.browser, &wecom, "zhangsan").await;
            let callback = back.location().unwrap();
            here.is_good(&tenant, true).await;
            leaving.leave(&tenant);
            let page = here.browser.get(callback.as_str()).await;
            refused(&tenant, &page, leaving.code()).await;
            here.is_good(&tenant, false).await;
            elsewhere.is_good(&tenant, false).await;
            let ended = events(&tenant, "").await;
            let ended = ended.iter().filter(|event| event["action"] == "sessions.end");
            let ended: Vec<_> = ended.filter(|event| event["result"] == leaving.code()).collect();
            assert!(!ended.is_empty(), "{leaving:?}");
            assert!(ended.iter().all(|event| event["user"] == user.as_str()), "{ended:?}");
            leaving.come_back(&tenant);
            here.is_good(&tenant, false).await;
            assert_eq!(signs_in(&tenant, "zhangsan").await, user, "{leaving:?}");
        }
        colleague.is_good(&tenant, true).await;
    }

    async fn a_sign_out_while_the_source_is_off_lasts(world: World) {
        let tenant = world.tenant("acme").await;
        let mut person = SignedIn::new(&tenant, "zhangsan").await;
        let mut elsewhere = SignedIn::new(&tenant, "zhangsan").await;
        let stale = cookie(&tenant, &person.browser, SESSION).unwrap();
        let source = tenant.path(&format!("/identity-sources/{}", tenant.qr));
        tenant.admin.patch(&source, json!({ "status": "disabled" })).await;
        let hint = person.token("id_token").to_owned();
        let end = tenant.url(&format!("/oidc/session/end?id_token_hint={hint}"));
        assert_eq!(person.browser.get(end).await.status, 200);
        tenant.admin.patch(&source, json!({ "status": "active" })).await;
        person.browser.set_cookie(&tenant.url("/"), SESSION, &stale);
        person.is_good(&tenant, false).await;
        // Whoever did not sign out shows that the source itself would answer again.
        elsewhere.is_good(&tenant, true).await;
        signs_in(&tenant, "zhangsan").await;
    }

    async fn one_tenants_wrong_secrets_do_not_ban_everybody(world: World) {
        let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
        // So that what holds the calls back is not WeCom's own ban.
        world.wecom().edit_rules(|rules| rules.wrong_secret_limit = 1000);
        let corps = world.wecom().world().corps;
        let right = corps.iter().find(|corp| corp.corp_id == tenant.corp_id).unwrap();
        let right = right.apps[0].secret.clone();
        let user = signs_in(&tenant, "zhangsan").await;
        let before = calls(&world, GETTOKEN);
        for number in 0..10 {
            let page = saves_and_tries(&world, &tenant, &format!("wrong-{number}")).await;
            refused(&tenant, &page, "source_misconfigured").await;
        }
        assert_eq!(calls(&world, GETTOKEN) - before, 10);
        for number in 10..13 {
            let page = saves_and_tries(&world, &tenant, &format!("wrong-{number}")).await;
            refused(&tenant, &page, "upstream_unavailable").await;
        }
        assert_eq!(calls(&world, GETTOKEN) - before, 10, "WeCom hears no more of it");
        signs_in(&other, "zhangsan").await;
        assert_eq!(calls(&world, GETTOKEN) - before, 11, "another tenant is not held back");
        // An access token that is there needs no call.
        let answer = saves_and_tries(&world, &tenant, &right).await;
        assert!(answer.parameter("code").is_some(), "{answer:?}");
        assert_eq!(tenant.users().await[0]["id"], user.as_str());
        assert_eq!(calls(&world, GETTOKEN) - before, 11);
    }

    async fn a_refused_callback_tells_another_browser_nothing(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
        Leaving::Status(2).leave(&tenant);
        let first = browser.get(callback.as_str()).await;
        refused(&tenant, &first, "not_a_member").await;
        let mut with_its_own = world.browser();
        to_callback(&tenant, &mut with_its_own, &Pkce::new(), "LiSi").await;
        for mut stranger in [world.browser(), with_its_own] {
            let page = stranger.get(callback.as_str()).await;
            refused(&tenant, &page, "browser_changed").await;
            assert_ne!(page.trace(), first.trace());
            assert!(!page.links().iter().any(|link| link.contains("interaction=")), "{}", page.body);
        }
        // Its own browser is told the same again.
        let again = browser.get(callback.as_str()).await;
        refused(&tenant, &again, "not_a_member").await;
        assert_eq!(again.trace(), first.trace());
        assert_eq!(redemptions(&world, &callback), 1);
        Leaving::Status(2).come_back(&tenant);
        signs_in(&tenant, "zhangsan").await;
    }

    async fn a_fresh_sign_in_by_a_named_source_is_not_silent_either(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut phone, pkce) = (client(&tenant, "zhangsan"), Pkce::new());
        let fresh = [("prompt", "login"), ("connection", "mobile")];
        let page = phone.follow(tenant.authorize_url(&pkce, &fresh)).await;
        assert_eq!((page.status.as_u16(), page.url.path()), (200, "/login"));
        assert_eq!(calls(&world, "/connect/oauth2/authorize"), 0, "WeCom is not asked by itself");
        assert!(tenant.users().await.is_empty());
        let link = page.links().into_iter().find(|link| link.contains("/social/mobile")).unwrap();
        let answer = phone.follow(tenant.url(&link)).await;
        let user = sub(&tenant, &pkce, &answer).await;
        // Where no fresh one is asked for, the named source is gone to at once.
        let (mut phone, pkce) = (client(&tenant, "zhangsan"), Pkce::new());
        let answer = phone.follow(tenant.authorize_url(&pkce, &[("connection", "mobile")])).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
    }

    async fn q4_a_form_of_another_site_does_not_replace_the_browsers_cookie(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
        let kept = cookie(&tenant, &browser, BROWSER).unwrap();
        let url = url::Url::parse(&tenant.authorize_url(&Pkce::new(), &[])).unwrap();
        let form = url.query().unwrap();
        let kind = ("content-type", "application/x-www-form-urlencoded");
        // A browser leaves `SameSite=Lax` cookies out of another site's form.
        let headers = [kind, ("sec-fetch-site", "cross-site")];
        let answer = tenant.send(Method::POST, "/oidc/auth", &headers, Some(form.as_bytes())).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        assert!(!sets(&answer, BROWSER) && !sets(&answer, SESSION), "{answer:?}");
        let next = answer.location().unwrap();
        assert_eq!(next.path(), "/oidc/auth");
        assert!(next.query_pairs().eq(url.query_pairs()), "{next} is not {url}");
        let login = browser.get(next.as_str()).await;
        assert_eq!(login.location().unwrap().path(), "/login");
        assert_eq!(cookie(&tenant, &browser, BROWSER).as_ref(), Some(&kept));
        // The sign-in that was under way is unharmed.
        let answer = browser.get(callback.as_str()).await;
        sub(&tenant, &pkce, &answer).await;
        // A form of the same site is answered at once.
        let headers = [kind, ("sec-fetch-site", "same-origin")];
        let answer = tenant.send(Method::POST, "/oidc/auth", &headers, Some(form.as_bytes())).await;
        assert_eq!(answer.location().unwrap().path(), "/login");
    }

    async fn a_workbench_link_leads_to_linked_apps_only(world: World) {
        let tenant = world.tenant("acme").await;
        let unlinked = tenant.make_app(json!({ "home_url": "https://app.example.com/2" })).await;
        let link = format!("/apps/{}/identity-sources/{}", unlinked.id, tenant.mobile);
        tenant.admin.delete(&tenant.path(&link)).await;
        let mut phone = client(&tenant, "zhangsan");
        let workbench = tenant.url("/connections/social/mobile");
        let page = phone.get(format!("{workbench}?app_id={}", unlinked.id)).await;
        refused(&tenant, &page, "interaction_expired").await;
        // The only one that is linked needs no name.
        let answer = phone.get(&workbench).await;
        assert_eq!((answer.status.as_u16(), answer.location().unwrap().as_str()), (303, format!("{HOME}#").as_str()));
        tenant.admin.put(&tenant.path(&link), json!({ "position": 1 })).await;
        let answer = phone.get(format!("{workbench}?app_id={}", unlinked.id)).await;
        assert_eq!(answer.location().unwrap().as_str(), "https://app.example.com/2#");
    }
}
