//! Apache's `mod_auth_openidc`, which keeps a whole site for members: C, with a JOSE library of its own.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use e2e::{Backend, Tenant, World};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::apache::{Apache, free_port};
use crate::keys::rotate;
use crate::server::Server;

/// Longer than an ID token lives, and than the site lets clocks differ.
const AGO: TimeDelta = TimeDelta::hours(1);

/// A site of a tenant: its server, and its address.
async fn site(tenant: &Tenant, method: &str, algorithm: &str) -> (Apache, Server, String) {
    let port = free_port();
    let base = format!("http://app.localhost:{port}");
    let callback = format!("{base}/callback");
    let app = tenant
        .make_app(json!({
            "redirect_uris": [callback], "post_logout_redirect_uris": [format!("{base}/signed-out")],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": method, "id_token_signed_response_alg": algorithm,
            "backchannel_logout_uri": format!("http://127.0.0.1:{port}/callback?logout=backchannel"),
        }))
        .await;
    let issuer = tenant.issuer();
    let variables = [
        ("ISSUER", issuer.as_str()),
        ("CLIENT_ID", &app.id),
        ("CLIENT_SECRET", app.secret.as_deref().unwrap_or_default()),
        ("REDIRECT_URI", &callback),
        ("METHOD", method),
    ];
    let apache = Apache::start("relying_party.conf", port, &variables).await;
    let tenant = Tenant { app, ..tenant.clone() };
    (apache, Server::of(tenant, format!("{base}/index.html")), base)
}

/// What the site knows of the person: nothing if nobody is signed in.
async fn knows(server: &mut Server, base: &str) -> Option<Value> {
    let answer = server.browser.get(format!("{base}/callback?info=json")).await;
    (answer.status == 200).then(|| answer.json())
}

/// A sign-in that the site takes.
async fn signs_in(server: &mut Server, base: &str) -> Value {
    server.goes_through().await;
    let page = server.browser.get(format!("{base}/index.html")).await;
    assert_eq!((page.status.as_u16(), page.body.as_str()), (200, "For members only"));
    let info = knows(server, base).await.unwrap();
    let (claims, users) = (&info["id_token"], server.tenant.users().await);
    assert_eq!((users.len(), &users[0]["id"]), (1, &claims["sub"]));
    assert_eq!(claims["aud"], server.tenant.app.id);
    assert_eq!(
        (&info["userinfo"]["sub"], &info["userinfo"]["name"]),
        (&claims["sub"], &json!("张三"))
    );
    info
}

/// The site refreshes what it has.
async fn refreshes(server: &mut Server, base: &str, info: &Value) {
    let mut url = Url::parse(&format!("{base}/callback")).unwrap();
    let token = info["access_token"].as_str().unwrap();
    url.query_pairs_mut()
        .append_pair("refresh", &format!("{base}/"))
        .append_pair("access_token", token);
    let answer = server.browser.get(url).await;
    assert_eq!(answer.location().unwrap().as_str(), format!("{base}/"), "{answer:?}");
    let fresh = knows(server, base).await.unwrap();
    assert_ne!(fresh["access_token"], info["access_token"]);
    let answer = server.tenant.userinfo(fresh["access_token"].as_str().unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Another tenant's answer to the site's request is none (I2).
async fn is_not_confused(server: &mut Server, base: &str, other: &Tenant) {
    server.forget();
    let answer = server.is_brought_an_answer_of(other).await;
    assert_ne!(answer.status, 302, "{answer:?}");
    assert_eq!(knows(server, base).await, None);
    signs_in(server, base).await;
}

/// A key that the site has never seen begins to sign (I5).
async fn follows_a_rotation(server: &mut Server, base: &str, algorithm: &str) {
    rotate(&server.tenant, algorithm).await;
    server.forget();
    signs_in(server, base).await;
}

/// The site signs the person out, here and there.
async fn signs_out(server: &mut Server, base: &str) {
    let signed_out = format!("{base}/signed-out");
    let mut url = Url::parse(&format!("{base}/callback")).unwrap();
    url.query_pairs_mut().append_pair("logout", &signed_out);
    let away = server.browser.get(url).await.location().unwrap();
    assert!(away.as_str().starts_with(&server.tenant.url("/oidc/session/end?")), "{away}");
    let back = server.browser.get(away).await.location().unwrap();
    assert!(back.as_str().starts_with(&signed_out), "{back}");
    assert_eq!(knows(server, base).await, None);
    let url = server.begins().await;
    assert_eq!(server.browser.get(url).await.location().unwrap().path(), "/login");
}

/// The provider ends the session, and tells the site (K6).
async fn is_told_of_a_sign_out(server: &mut Server, base: &str) {
    server.forget();
    let info = signs_in(server, base).await;
    let user = info["id_token"]["sub"].as_str().unwrap();
    let path = server.tenant.path(&format!("/users/{user}/sign-out"));
    let answer = server.tenant.admin.call(Method::POST, &path, &[], None).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    let began = Instant::now();
    while knows(server, base).await.is_some() {
        assert!(began.elapsed() < Duration::from_secs(20), "the site still knows them");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    signs_in(server, base).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_i5_k6_mod_auth_openidc_sqlite() {
    let world = World::start(Backend::Sqlite).await;
    // What is signed now is over in the site's time, which is everybody's.
    world.clock().advance(-AGO);
    let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
    for (method, algorithm) in [("client_secret_basic", "ES256"), ("client_secret_post", "RS256")] {
        let (_apache, mut server, base) = site(&tenant, method, algorithm).await;
        if world.clock().ahead() < TimeDelta::zero() {
            server.goes_through().await;
            assert_eq!(knows(&mut server, &base).await, None, "an expired ID token");
            world.clock().advance(AGO);
        }
        let info = signs_in(&mut server, &base).await;
        refreshes(&mut server, &base, &info).await;
        is_not_confused(&mut server, &base, &other).await;
        follows_a_rotation(&mut server, &base, algorithm).await;
        is_told_of_a_sign_out(&mut server, &base).await;
        signs_out(&mut server, &base).await;
    }
    world.stop().await;
}
