//! The plans "Dynamic OP" and "3rd Party-Init OP": their clients register themselves. A module about
//! something that is not offered tests that it is refused cleanly.

mod initiated;
mod keys;
mod requests;
mod shown;
mod tokens;

use e2e::Answer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::rp::Rp;

/// Makes a test of each module, on every backend and on two tenants at once.
macro_rules! modules {
    ($($file:ident: [$($name:ident,)*])*) => {
        mod plan {
            use super::*;
            use crate::rp::Mode;

            e2e::on_every_backend! { $($(
                async fn $name(world: World) {
                    let (one, other) = Rp::pair(&world, Mode::Query).await;
                    tokio::join!($file::$name(one), $file::$name(other));
                }
            )*)* }
        }

        /// The modules of the plans, by file.
        pub(crate) const MODULES: &[(&str, &[&str])] =
            &[$((stringify!($file), &[$(stringify!($name),)*]),)*];
    };
}

modules! {
    tokens: [
        oidcc_idtoken_rs256,
        oidcc_idtoken_unsigned,
        oidcc_userinfo_rs256,
        oidcc_server,
        oidcc_refresh_token,
        oidcc_discovery_endpoint_verification,
    ]
    requests: [
        oidcc_ensure_redirect_uri_in_authorization_request,
        oidcc_redirect_uri_query_ok,
        oidcc_redirect_uri_query_mismatch,
        oidcc_redirect_uri_query_added,
        oidcc_redirect_uri_regfrag,
        oidcc_request_uri_unsigned,
        oidcc_request_uri_signed_rs256,
        oidcc_ensure_request_object_with_redirect_uri,
    ]
    shown: [
        oidcc_registration_logo_uri,
        oidcc_registration_policy_uri,
        oidcc_registration_tos_uri,
        oidcc_registration_sector_uri,
        oidcc_registration_sector_bad,
    ]
    keys: [
        oidcc_registration_jwks_uri,
        oidcc_server_rotate_keys,
        oidcc_refresh_token_rp_key_rotation,
        oidcc_ensure_client_assertion_with_iss_aud_succeeds,
    ]
    initiated: [
        oidcc_3rd_party_init_login,
        oidcc_3rd_party_init_login_nohttps,
    ]
}

/// The redirect URI of every client that names no other.
const CALLBACK: &str = "https://app.example.com/callback";

/// A client registers itself; `more` goes over what every client of the plan says. The relying party is
/// that client from then on.
async fn register(rp: &mut Rp, more: Value) -> Value {
    let answer = ask_to_register(rp, more).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let app = answer.json();
    rp.tenant = rp.tenant.seen_by(&app);
    app
}

/// The same, whatever comes of it.
async fn ask_to_register(rp: &Rp, more: Value) -> Answer {
    let token = rp.tenant.initial_access_token(json!({
        "profile": "oidc_basic", "redirect_hosts": ["app.example.com"],
        "identity_sources": [rp.tenant.qr, rp.tenant.mobile],
    }));
    let mut metadata = json!({
        "redirect_uris": [CALLBACK], "client_name": "Suite", "response_types": ["code"],
        "grant_types": ["authorization_code", "refresh_token"], "contacts": ["suite@app.example.com"],
    });
    for (name, value) in more.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    rp.tenant.register(&token.await, &metadata).await
}

/// A registration that is refused with this error; the same without `more` is not.
async fn refuses(rp: &mut Rp, more: Value, error: &str) {
    let apps = async |rp: &Rp| {
        let path = rp.tenant.path("/apps");
        rp.tenant.admin.get(&path).await["items"].as_array().unwrap().len()
    };
    let before = apps(rp).await;
    let answer = ask_to_register(rp, more).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json()["error"], error, "{}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(apps(rp).await, before);
    register(rp, json!({})).await;
    rp.flow(&[]).await;
}

/// The client deletes itself, as the suite does at the end of each module.
async fn unregister(rp: &Rp, app: &Value) {
    let answer = rp.tenant.manage(Method::DELETE, app, None).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    assert_eq!(rp.tenant.manage(Method::GET, app, None).await.status, 401);
}
