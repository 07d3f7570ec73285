//! Tenant, app, source and user switched off between any two steps of a sign-in (attack M13).

use e2e::{Answer, Browser, Pkce, Tenant, on_every_backend};
use reqwest::Method;
use serde_json::json;
use url::Url;

use crate::steps::{
    GETUSERINFO, SESSION, calls, parameter, sets, signs_in, sso, sub, to_callback, to_wecom,
};

/// What can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Tenant,
    App,
    Source,
    Link,
    User,
}

impl Piece {
    async fn switch(self, tenant: &Tenant, user: &str, on: bool) {
        let status = |off: &str| json!({ "status": if on { "active" } else { off } });
        let (app, qr) = (&tenant.app.id, &tenant.qr);
        let link = tenant.path(&format!("/apps/{app}/identity-sources/{qr}"));
        let admin = &tenant.admin;
        match (self, on) {
            (Self::Tenant, _) => {
                let operator = tenant.world.operator();
                operator.patch(&tenant.path(""), status("suspended")).await;
            }
            (Self::App, _) => {
                admin.patch(&tenant.path(&format!("/apps/{app}")), status("disabled")).await;
            }
            (Self::Source, _) => {
                let path = tenant.path(&format!("/identity-sources/{qr}"));
                admin.patch(&path, status("disabled")).await;
            }
            (Self::Link, true) => {
                admin.put(&link, json!({ "position": 0 })).await;
            }
            (Self::Link, false) => admin.delete(&link).await,
            (Self::User, _) => {
                admin.patch(&tenant.path(&format!("/users/{user}")), status("suspended")).await;
            }
        }
    }

    /// The page that says so, or none where the answer is not a page.
    fn code(self) -> &'static str {
        match self {
            Self::Tenant => "tenant_suspended",
            Self::App => "app_disabled",
            Self::Source | Self::Link => "source_disabled",
            Self::User => "user_suspended",
        }
    }
}

/// A sign-in that stops before one of its steps.
struct Way {
    browser: Browser,
    pkce: Pkce,
    authorize: String,
}

impl Way {
    fn begin(tenant: &Tenant) -> Self {
        let pkce = Pkce::new();
        let authorize = tenant.authorize_url(&pkce, &[]);
        Self { browser: tenant.world.browser(), pkce, authorize }
    }

    /// The link of the login page that starts the QR source.
    async fn link_to_start(&mut self, tenant: &Tenant) -> String {
        let page = self.browser.follow(&self.authorize).await;
        let link = page.links().into_iter().find(|link| link.contains("/connections/social/qr"));
        tenant.url(&link.unwrap())
    }
}

/// The page of a piece that is switched off; the person is not signed in.
fn is_refused(piece: Piece, answer: &Answer) {
    assert_eq!(answer.code().as_deref(), Some(piece.code()), "{piece:?} {}", answer.body);
    assert!(answer.location().is_none() && !sets(answer, SESSION), "{answer:?}");
}

async fn userinfo_status(tenant: &Tenant, access: &str) -> u16 {
    tenant.userinfo(access).await.status.as_u16()
}

on_every_backend! {
    async fn m13_disabled_before_the_login_page(world: World) {
        let tenant = world.tenant("acme").await;
        let user = signs_in(&tenant, "zhangsan").await;
        for piece in [Piece::Tenant, Piece::App] {
            piece.switch(&tenant, &user, false).await;
            let answer =
                Way::begin(&tenant).browser.get(tenant.authorize_url(&Pkce::new(), &[])).await;
            is_refused(piece, &answer);
            piece.switch(&tenant, &user, true).await;
            let mut way = Way::begin(&tenant);
            let login = way.browser.get(&way.authorize).await.location().unwrap();
            piece.switch(&tenant, &user, false).await;
            is_refused(piece, &way.browser.get(login.as_str()).await);
            piece.switch(&tenant, &user, true).await;
            assert_eq!(signs_in(&tenant, "zhangsan").await, user);
        }
        // A source that is off or not linked is not offered.
        for piece in [Piece::Source, Piece::Link] {
            piece.switch(&tenant, &user, false).await;
            let page = world.browser().follow(tenant.authorize_url(&Pkce::new(), &[])).await;
            assert!(!page.links().iter().any(|link| link.contains("/social/qr")), "{}", page.body);
            piece.switch(&tenant, &user, true).await;
            assert_eq!(signs_in(&tenant, "zhangsan").await, user);
        }
    }

    async fn m13_disabled_before_the_start(world: World) {
        let tenant = world.tenant("acme").await;
        let user = signs_in(&tenant, "zhangsan").await;
        for piece in [Piece::Tenant, Piece::App, Piece::Source, Piece::Link] {
            let mut way = Way::begin(&tenant);
            let start = way.link_to_start(&tenant).await;
            piece.switch(&tenant, &user, false).await;
            is_refused(piece, &way.browser.get(&start).await);
            piece.switch(&tenant, &user, true).await;
            assert!(way.browser.get(&start).await.location().is_some());
        }
        assert_eq!(signs_in(&tenant, "zhangsan").await, user);
    }

    async fn m13_disabled_before_the_callback(world: World) {
        let tenant = world.tenant("acme").await;
        let user = signs_in(&tenant, "zhangsan").await;
        for piece in [Piece::Tenant, Piece::App, Piece::Source, Piece::Link, Piece::User] {
            let mut way = Way::begin(&tenant);
            let callback = to_callback(&tenant, &mut way.browser, &way.pkce, "zhangsan").await;
            let before = calls(&world, GETUSERINFO);
            piece.switch(&tenant, &user, false).await;
            is_refused(piece, &way.browser.get(callback.as_str()).await);
            let redeemed = calls(&world, GETUSERINFO) - before;
            assert_eq!(redeemed, usize::from(piece == Piece::User), "{piece:?}");
            piece.switch(&tenant, &user, true).await;
            assert_eq!(signs_in(&tenant, "zhangsan").await, user);
        }
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn m13_disabled_before_the_token_and_at_userinfo(world: World) {
        let tenant = world.tenant("acme").await;
        let user = signs_in(&tenant, "zhangsan").await;
        for piece in [Piece::Tenant, Piece::App, Piece::Source, Piece::User] {
            let mut way = Way::begin(&tenant);
            let answer = tenant.sign_in(&mut way.browser, &way.authorize, "zhangsan").await;
            let tokens = tenant.redeem(&answer.parameter("code").unwrap(), &way.pkce).await.json();
            let access = tokens["access_token"].as_str().unwrap();
            assert_eq!(userinfo_status(&tenant, access).await, 200);
            let code = sso(&tenant, &mut way.browser, &way.pkce).await.parameter("code").unwrap();
            piece.switch(&tenant, &user, false).await;
            assert!(matches!(userinfo_status(&tenant, access).await, 401 | 403), "{piece:?}");
            let answer = tenant.redeem(&code, &way.pkce).await;
            assert!(answer.status.is_client_error(), "{piece:?} {answer:?}");
            assert!(!answer.body.contains("access_token"), "{piece:?} {answer:?}");
            let answer = sso(&tenant, &mut way.browser, &way.pkce).await;
            assert_eq!(answer.parameter("code"), None, "{piece:?} {answer:?}");
            piece.switch(&tenant, &user, true).await;
            assert_eq!(signs_in(&tenant, "zhangsan").await, user);
        }
    }

    /// Unlinking keeps what was granted, as the console's documentation says, and grants no more.
    async fn m13_unlinked_sources_answer_for_no_app_any_more(world: World) {
        let tenant = world.tenant("acme").await;
        let mut way = Way::begin(&tenant);
        let answer = tenant.sign_in(&mut way.browser, &way.authorize, "zhangsan").await;
        let user = sub(&tenant, &way.pkce, &answer).await;
        Piece::Link.switch(&tenant, &user, false).await;
        let answer = sso(&tenant, &mut way.browser, &way.pkce).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
        Piece::Link.switch(&tenant, &user, true).await;
        let answer = sso(&tenant, &mut way.browser, &way.pkce).await;
        assert_eq!(sub(&tenant, &way.pkce, &answer).await, user);
    }

    async fn m13_a_deleted_source_ends_what_hangs_on_it(world: World) {
        let tenant = world.tenant("acme").await;
        let mut way = Way::begin(&tenant);
        let answer = tenant.sign_in(&mut way.browser, &way.authorize, "zhangsan").await;
        let tokens = tenant.redeem(&answer.parameter("code").unwrap(), &way.pkce).await.json();
        let code = sso(&tenant, &mut way.browser, &way.pkce).await.parameter("code").unwrap();
        let mut late = Way::begin(&tenant);
        let callback: Url = to_callback(&tenant, &mut late.browser, &late.pkce, "zhangsan").await;
        let mut at_wecom = Way::begin(&tenant);
        let wecom = to_wecom(&tenant, &mut at_wecom.browser, &at_wecom.pkce).await;
        assert!(parameter(&wecom, "state").is_some());
        tenant.admin.delete(&tenant.path(&format!("/identity-sources/{}", tenant.qr))).await;
        let access = tokens["access_token"].as_str().unwrap();
        assert_eq!(userinfo_status(&tenant, access).await, 401);
        assert_eq!(tenant.redeem(&code, &way.pkce).await.json()["error"], "invalid_grant");
        assert_eq!(sso(&tenant, &mut way.browser, &way.pkce).await.parameter("code"), None);
        is_refused(Piece::Source, &late.browser.get(callback.as_str()).await);
        // The other source still signs the same person in.
        let (mut phone, pkce) = (crate::steps::client(&tenant, "zhangsan"), Pkce::new());
        let answer = phone.follow(tenant.authorize_url(&pkce, &[])).await;
        sub(&tenant, &pkce, &answer).await;
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn m13_a_tenant_that_is_deleted_is_gone_at_every_step(world: World) {
        let tenant = world.tenant("acme").await;
        let other = world.tenant("other").await;
        let mut way = Way::begin(&tenant);
        let answer = tenant.sign_in(&mut way.browser, &way.authorize, "zhangsan").await;
        let code = answer.parameter("code").unwrap();
        let mut late = Way::begin(&tenant);
        let callback = to_callback(&tenant, &mut late.browser, &late.pkce, "zhangsan").await;
        let before = calls(&world, GETUSERINFO);
        world.operator().delete(&tenant.path("")).await;
        assert_eq!(late.browser.get(callback.as_str()).await.status, 404);
        assert_eq!(tenant.redeem(&code, &way.pkce).await.status, 404);
        assert_eq!(sso(&tenant, &mut way.browser, &way.pkce).await.status, 404);
        let answer = world.operator().call(Method::GET, &tenant.path(""), &[], None).await;
        assert_eq!(answer.status, 404);
        assert_eq!(calls(&world, GETUSERINFO), before);
        signs_in(&other, "zhangsan").await;
    }
}
