//! A page in Chromium whose script is oidc-client-ts: it calls us across origins, from its own window,
//! from popups and from hidden frames.

use e2e::{App, Tenant, World, on_every_backend};
use serde_json::{Value, json};

use crate::keys::rotate;
use crate::library::Library;
use crate::peer::{Peer, needed};

/// The program, serving its page: with the page's address at this host.
async fn page(host: &str) -> (Peer, String) {
    needed("HUFU_TEST_CHROMIUM");
    let mut peer = Peer::start("node/clients/oidc_client_ts.mjs");
    let port = peer.does("serve", json!({})).await;
    (peer, format!("http://{host}:{port}"))
}

/// The page as an app of its tenant.
async fn register(tenant: &Tenant, base: &str) -> App {
    let app = json!({
        "token_endpoint_auth_method": "none", "web_origins": [base],
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [format!("{base}/callback")],
        "post_logout_redirect_uris": [format!("{base}/signed-out")],
    });
    tenant.make_app(app).await
}

async fn set_up(peer: &mut Peer, tenant: &Tenant, base: &str) {
    let app = register(tenant, base).await;
    let settings = json!({
        "base": format!("{base}/"), "issuer": tenant.issuer(), "client_id": app.id,
        "redirect_uri": app.redirect_uri, "scope": "openid profile",
        "post_logout_redirect_uri": format!("{base}/signed-out"),
    });
    peer.does("set_up", settings).await;
}

async fn is_of_zhangsan(tenant: &Tenant, issued: &Value) {
    let users = tenant.users().await;
    assert_eq!((users.len(), &users[0]["id"]), (1, &issued["claims"]["sub"]));
}

on_every_backend! {
    async fn i2_i5_oidc_client_ts_of_npm(world: World) {
        let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
        let (peer, base) = page("app.localhost").await;
        let app = json!({ "token_endpoint_auth_method": "none", "web_origins": [base] });
        let library = Library::of(peer, &tenant, app, json!({ "base": base })).await;
        library.goes_round(&other).await.ends().await;
    }
}

/// By popup, by refresh token and by frame, with a rotation of keys between.
async fn popup_and_silent(world: &World, host: &str, is_same_site: bool) {
    let tenant = world.tenant("acme").await;
    let (mut peer, base) = page(host).await;
    set_up(&mut peer, &tenant, &base).await;
    let first = peer.does("popup", json!({})).await;
    is_of_zhangsan(&tenant, &first).await;
    let refreshed = peer.does("silent", json!({})).await;
    assert_ne!(refreshed["refresh_token"], first["refresh_token"]);
    is_of_zhangsan(&tenant, &refreshed).await;
    rotate(&tenant, "ES256").await;
    if is_same_site {
        let framed = peer.does("silent_by_frame", json!({})).await;
        is_of_zhangsan(&tenant, &framed).await;
    } else {
        // A frame of another site gets no cookies.
        let said = peer.refuses("silent_by_frame", json!({})).await;
        assert!(said.contains("login_required"), "{said}");
    }
    let again = peer.does("popup_again", json!({})).await;
    is_of_zhangsan(&tenant, &again).await;
    peer.does("sign_out", json!({})).await;
    peer.ends().await;
}

on_every_backend! {
    async fn o6_oidc_client_ts_by_popup_and_silently(world: World) {
        popup_and_silent(&world, "app.acme.localhost", true).await;
    }

    async fn o6_oidc_client_ts_on_another_site(world: World) {
        popup_and_silent(&world, "app.localhost", false).await;
    }
}
