//! Libraries by which an app speaks the protocol itself, or which are part of a web framework.

use std::time::{Duration, Instant};

use e2e::{Tenant, World, on_every_backend};
use reqwest::Method;
use serde_json::{Value, json};

use crate::library::Library;
use crate::peer::Peer;

/// How an app proves itself, and what its ID tokens are signed with.
fn registered(method: &str, algorithm: &str) -> Value {
    json!({ "token_endpoint_auth_method": method, "id_token_signed_response_alg": algorithm })
}

/// A round for each registration. What the library does not offer is lacking.
async fn rounds(
    world: &World,
    program: &str,
    registrations: &[Value],
    lacking: &'static [&'static str],
) {
    let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
    for registration in registrations {
        let library = Library::set_up(program, &tenant, registration.clone()).await;
        library.lacking(lacking).goes_round(&other).await.ends().await;
    }
}

/// A framework's app, which is a web server, with a callback at this path.
async fn site(tenant: &Tenant, program: &str, path: &str, more: Value) -> Library {
    let mut peer = Peer::start(program);
    let port = peer.does("serve", json!({})).await;
    let base = format!("http://app.localhost:{port}");
    let mut registration = json!({
        "redirect_uris": [format!("{base}{path}")],
        "post_logout_redirect_uris": [format!("{base}/signed-out")],
        "backchannel_logout_uri": format!("http://127.0.0.1:{port}/backchannel-logout"),
    });
    for (name, value) in more.as_object().unwrap() {
        registration[name] = value.clone();
    }
    Library::of(peer, tenant, registration, json!({ "base": base })).await
}

/// The provider ends the session, and tells the app (K6).
async fn is_told_of_a_sign_out(library: &mut Library) {
    let issued = library.signs_in().await;
    let user = issued["claims"]["sub"].as_str().unwrap();
    let path = library.tenant.path(&format!("/users/{user}/sign-out"));
    library.peer.does("me", json!({})).await;
    let answer = library.tenant.admin.call(Method::POST, &path, &[], None).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    let began = Instant::now();
    while library.peer.plays("me", json!({})).await.get("done").is_some() {
        assert!(began.elapsed() < Duration::from_secs(20), "the app still knows them");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    library.signs_in().await;
}

on_every_backend! {
    async fn i2_i5_openid_client_of_npm(world: World) {
        let registrations = [
            registered("client_secret_post", "ES256"), registered("client_secret_post", "RS256"),
            registered("none", "ES256"), registered("none", "RS256"),
        ];
        rounds(&world, "node/clients/openid_client.mjs", &registrations, &[]).await;
    }

    async fn i2_i5_oauth4webapi_of_npm(world: World) {
        let registrations = [registered("none", "PS256"), registered("client_secret_basic", "EdDSA")];
        rounds(&world, "node/clients/oauth4webapi.mjs", &registrations, &[]).await;
    }

    async fn i2_i5_oauth4webapi_of_npm_with_keys(world: World) {
        let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
        let mut peer = Peer::start("node/clients/oauth4webapi.mjs");
        let jwks = peer.does("keys", json!({})).await;
        let app = json!({
            "token_endpoint_auth_method": "private_key_jwt", "jwks": jwks,
            "dpop_bound_access_tokens": true,
        });
        let library = Library::of(peer, &tenant, app, json!({})).await;
        library.goes_round(&other).await.ends().await;
    }

    async fn i2_i5_authlib_of_pypi(world: World) {
        let registrations = [registered("client_secret_basic", "RS256"), registered("none", "EdDSA")];
        rounds(&world, "python/authlib_client.py", &registrations, &[]).await;
    }

    async fn i2_i5_idpyoidc_of_pypi(world: World) {
        let registrations = [registered("client_secret_basic", "ES256"), registered("client_secret_post", "RS256")];
        rounds(&world, "python/idpyoidc_client.py", &registrations, &[]).await;
    }

    async fn i2_i5_mozilla_django_oidc_of_pypi(world: World) {
        let registrations = [registered("client_secret_basic", "ES256"), registered("client_secret_post", "RS256")];
        rounds(&world, "python/django_client.py", &registrations, &["userinfo", "refresh", "end"]).await;
    }

    async fn i2_i5_k6_express_openid_connect_of_npm(world: World) {
        let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
        let app = registered("client_secret_basic", "RS256");
        let mut library = site(&tenant, "node/clients/express_openid_connect.mjs", "/callback", app).await;
        is_told_of_a_sign_out(&mut library).await;
        library.lacking(&["userinfo"]).goes_round(&other).await.ends().await;
    }

    async fn i2_i5_auth_core_of_npm(world: World) {
        let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
        let app = registered("client_secret_basic", "ES256");
        let library = site(&tenant, "node/clients/auth_core.mjs", "/auth/callback/hufu", app).await;
        library.lacking(&["userinfo", "refresh", "end"]).goes_round(&other).await.ends().await;
    }

    async fn i2_i5_passport_openidconnect_of_npm(world: World) {
        let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
        let app = json!({ "token_endpoint_auth_method": "client_secret_post", "profile": "oidc_basic" });
        let library = site(&tenant, "node/clients/passport_openidconnect.mjs", "/callback", app).await;
        library.lacking(&["userinfo", "refresh", "end"]).goes_round(&other).await.ends().await;
    }
}
