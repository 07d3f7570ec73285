//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0): who is told that a session has ended,
//! and how.

use std::time::Duration;

use chrono::TimeDelta;
use e2e::{
    App, AppServer, Browser, Received, Tenant, World, on_every_backend, verify_logout_token,
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use tokio::time::{sleep, timeout};

use crate::steps::{
    by, claims, events, is_signed_in, is_signed_out, sign_in, signed_in, text, tokens,
};

/// Where a browser is sent after signing out.
pub(crate) const SIGNED_OUT: &str = "https://app.example.com/signed-out";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// An app of the tenant that is told at this path of its server.
pub(crate) async fn told_app(tenant: &Tenant, server: &AppServer, path: &str) -> Tenant {
    let body = json!({ "backchannel_logout_uri": server.url(path), "display_name": path });
    by(tenant, tenant.make_app(body).await)
}

/// A tenant with an app that is told at its server, and a browser that is signed in to it: with the
/// app's ID token.
pub(crate) async fn told(world: &World) -> (Tenant, AppServer, Browser, String) {
    let server = AppServer::start().await;
    let (tenant, mut browser) = signed_in(world).await;
    let tenant = told_app(&tenant, &server, "/logout").await;
    let issued = tokens(&tenant, &mut browser, &[]).await;
    let id_token = text(&issued, "id_token").to_owned();
    (tenant, server, browser, id_token)
}

/// The app asks for its person's logout: the browser is sent back to it at once.
pub(crate) async fn log_out(tenant: &Tenant, browser: &mut Browser, id_token: &str) {
    let query = [("id_token_hint", id_token), ("post_logout_redirect_uri", SIGNED_OUT)];
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let answer = browser.get(tenant.url(&format!("/oidc/session/end?{query}"))).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(answer.headers["location"], format!("{SIGNED_OUT}#").as_str());
}

/// The logout token that a request carries, and nothing else.
pub(crate) fn logout_token(request: &Received) -> String {
    let head = request.head.to_ascii_lowercase();
    assert!(head.starts_with("post "), "{head}");
    assert!(head.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"), "{head}");
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
    assert_eq!(pairs.len(), 1, "{pairs:?}");
    assert_eq!(pairs[0].0, "logout_token");
    pairs[0].1.clone()
}

/// The number that a query finds in the database.
pub(crate) async fn counted(world: &World, query: &str) -> i64 {
    let query = AssertSqlSafe(query.to_owned());
    match &world.store().database {
        store::Database::Sqlite { options, .. } => {
            let mut beside = SqliteConnection::connect_with(options).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut beside).await
        }
        store::Database::Postgres(pool) => sqlx::query_scalar(query).fetch_one(pool).await,
    }
    .unwrap()
}

/// How many logout tokens are yet to be delivered.
pub(crate) async fn waiting(world: &World) -> i64 {
    counted(world, "SELECT count(*) FROM logout_deliveries").await
}

/// Waits until nothing is left to be delivered.
pub(crate) async fn all_settled(world: &World) {
    let settled = async {
        while waiting(world).await > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(Duration::from_secs(40), settled).await.is_ok(), "something is left");
}

/// The results of the deliveries that are in the audit.
pub(crate) async fn results(tenant: &Tenant) -> Vec<String> {
    let all = events(tenant).await.into_iter();
    let ours = all.filter(|event| event["action"] == "backchannel_logout");
    ours.map(|event| text(&event, "result").to_owned()).collect()
}

/// Checks every claim of a logout token as an app has to, and returns them.
async fn verified(tenant: &Tenant, app: &App, token: &str, id_token: &Value) -> Value {
    let mut browser = tenant.world.browser();
    let data = verify_logout_token(tenant, &mut browser, app, token).await;
    assert_eq!(data.header.typ.as_deref(), Some("logout+jwt"));
    let claims = data.claims;
    let names: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["aud", "events", "exp", "iat", "iss", "jti", "sid", "sub"]);
    assert_eq!(claims["iss"], tenant.issuer());
    assert_eq!(claims["aud"], app.id);
    assert_eq!((&claims["sub"], &claims["sid"]), (&id_token["sub"], &id_token["sid"]));
    assert_eq!(claims["events"], json!({ EVENT: {} }));
    let number = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(number("exp") - number("iat"), 120);
    assert!((tenant.world.store().env.now().timestamp() - number("iat")).abs() < 60, "{claims}");
    assert!(uuid::Uuid::parse_str(text(&claims, "jti")).is_ok());
    claims
}

on_every_backend! {
    async fn k6_every_app_of_the_session_is_told_once(world: World) {
        let (tenant, server, mut browser, id_token) = told(&world).await;
        // Another algorithm, two grants; a grant in another session only; no grant; not to be told.
        let second = told_app(&tenant, &server, "/second").await;
        let alg = json!({ "id_token_signed_response_alg": "RS256" });
        second.admin.patch(&tenant.path(&format!("/apps/{}", second.app.id)), alg).await;
        let issued = tokens(&second, &mut browser, &[]).await;
        tokens(&second, &mut browser, &[]).await;
        let elsewhere = told_app(&tenant, &server, "/elsewhere").await;
        let mut other = world.browser();
        sign_in(&elsewhere, &mut other, "zhangsan").await;
        told_app(&tenant, &server, "/stranger").await;
        let silent = by(&tenant, tenant.make_app(json!({})).await);
        tokens(&silent, &mut browser, &[]).await;

        log_out(&tenant, &mut browser, &id_token).await;
        let mut received = server.wait_for(2).await;
        all_settled(&world).await;
        assert_eq!(server.received().len(), 2, "{:?}", server.received());
        received.sort_by(|one, other| one.path.cmp(&other.path));
        let mut jtis = Vec::new();
        let second_id = claims(text(&issued, "id_token"));
        let expected = [("/logout", &tenant.app, claims(&id_token)), ("/second", &second.app, second_id)];
        for (request, (path, app, id_token)) in received.iter().zip(expected) {
            assert_eq!(request.path, path);
            let claims = verified(&tenant, app, &logout_token(request), &id_token).await;
            jtis.push(claims["jti"].clone());
        }
        assert_ne!(jtis[0], jtis[1]);
        is_signed_out(&tenant, &mut browser).await;
        is_signed_in(&elsewhere, &mut other).await;
        // Signing out once more ends nothing, so nobody is told.
        log_out(&tenant, &mut browser, &id_token).await;
        assert_eq!(waiting(&world).await, 0);
        assert_eq!(results(&tenant).await, Vec::<String>::new());
    }

    async fn k6_whoever_ends_a_session_the_apps_are_told(world: World) {
        let (tenant, server, mut browser, id_token) = told(&world).await;
        log_out(&tenant, &mut browser, &id_token).await;
        let mut told = 1;
        for how in ["account page", "other browser", "administrator", "suspended", "deleted"] {
            let mut browser = world.browser();
            let (code, pkce) = sign_in(&tenant, &mut browser, "zhangsan").await;
            let issued = tenant.redeem(&code, &pkce).await.json();
            let id_token = claims(text(&issued, "id_token"));
            let user = tenant.path(&format!("/users/{}", text(&id_token, "sub")));
            let post = Method::POST;
            match how {
                "account page" => end_at(&tenant, &mut browser, "/account/sign-out").await,
                "other browser" => {
                    let mut other = world.browser();
                    sign_in(&tenant, &mut other, "zhangsan").await;
                    end_at(&tenant, &mut other, "/account/sessions/end").await;
                    // The other one is not ended by this, but must not be told of later.
                    end_at(&tenant, &mut other, "/account/sign-out").await;
                }
                "administrator" => {
                    let path = format!("{user}/sign-out");
                    let answer = tenant.admin.call(post, &path, &[], None).await;
                    assert_eq!(answer.status, 204, "{}", answer.body);
                }
                "suspended" => {
                    tenant.admin.patch(&user, json!({ "status": "suspended" })).await;
                    all_settled(&world).await;
                    tenant.admin.patch(&user, json!({ "status": "active" })).await;
                }
                _ => tenant.admin.delete(&user).await,
            }
            all_settled(&world).await;
            told += if how == "other browser" { 2 } else { 1 };
            let received = server.received();
            let mut of_this = 0;
            for request in &received {
                let token = claims(&logout_token(request));
                of_this += usize::from(token["sid"] == id_token["sid"]);
                assert_eq!(token["sub"], id_token["sub"], "{how}");
            }
            assert_eq!(of_this, 1, "{how}: {received:?}");
            assert_eq!(received.len(), told, "{how}");
        }
    }

    async fn an_app_that_is_not_to_be_told_any_more_is_not(world: World) {
        let server = AppServer::start().await;
        let (tenant, mut browser) = signed_in(&world).await;
        let mut apps = Vec::new();
        for path in ["/disabled", "/silent", "/deleted", "/stays"] {
            let app = told_app(&tenant, &server, path).await;
            apps.push((tenant.path(&format!("/apps/{}", app.app.id)), tokens(&app, &mut browser, &[]).await));
        }
        server.reply(e2e::Reply::status(503));
        let app = by(&tenant, tenant.make_app(json!({})).await);
        let id_token = tokens(&app, &mut browser, &[]).await;
        log_out(&app, &mut browser, text(&id_token, "id_token")).await;
        server.wait_for(4).await;
        tenant.admin.patch(&apps[0].0, json!({ "status": "disabled" })).await;
        tenant.admin.patch(&apps[1].0, json!({ "backchannel_logout_uri": null })).await;
        tenant.admin.delete(&apps[2].0).await;
        server.reply(e2e::Reply::status(204));
        world.clock().advance(TimeDelta::minutes(2));
        all_settled(&world).await;
        let paths: Vec<String> = server.received()[4..].iter().map(|to| to.path.clone()).collect();
        assert_eq!(paths, ["/stays"]);
    }

    async fn the_metadata_says_that_apps_are_told(world: World) {
        let tenant = world.tenant("acme").await;
        let mut browser = world.browser();
        let metadata = browser.get(tenant.url("/oidc/.well-known/openid-configuration")).await.json();
        assert_eq!(metadata["backchannel_logout_supported"], true);
        assert_eq!(metadata["backchannel_logout_session_supported"], true);
    }
}

/// One of the account page's forms without fields.
pub(crate) async fn end_at(tenant: &Tenant, browser: &mut Browser, path: &str) {
    let page = browser.get(tenant.url("/account")).await;
    let rest = page.body.split_once("name=\"csrf\" value=\"");
    let rest = rest.unwrap_or_else(|| panic!("no form: {}", page.body)).1;
    let token = rest.split_once('"').unwrap().0.to_owned();
    let answer = browser.post(tenant.url(path), &[("csrf", &token)]).await;
    assert!(answer.status.is_redirection(), "{path}: {} {}", answer.status, answer.body);
}
