//! The plan "Back-Channel OP".

use e2e::{AppServer, Tenant, verify_logout_token};
use serde_json::{Value, json};

use crate::rp::{Mode, Rp};
use crate::side::text;

/// The modules of the plan.
pub(crate) const MODULES: &[&str] = &[
    "oidcc_backchannel_logout_discovery_endpoint_verification",
    "oidcc_backchannel_rp_initiated_logout",
];

/// The one member of `events` (OpenID Connect Back-Channel Logout 1.0 §2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const SIGNED_OUT: &str = "https://app.example.com/signed-out";

async fn discovery(mut rp: Rp) {
    let url = rp.tenant.url("/oidc/.well-known/openid-configuration");
    let found = rp.browser.get(url).await.json();
    assert_eq!(found["backchannel_logout_supported"], true);
    assert_eq!(found["backchannel_logout_session_supported"], true);
    assert_eq!(found["end_session_endpoint"], rp.tenant.url("/oidc/session/end"));
}

/// The claims of the one logout token that came, with what the suite looks at in it.
async fn received(rp: &mut Rp, server: &AppServer, id_token: &Value) -> Value {
    let request = server.wait_for(1).await.remove(0);
    let form = url::form_urlencoded::parse(request.body.as_bytes()).into_owned();
    let form: Vec<(String, String)> = form.collect();
    let [(name, token)] = &form[..] else { panic!("nothing else is sent: {form:?}") };
    assert_eq!(name, "logout_token");
    let (tenant, app) = (rp.tenant.clone(), rp.tenant.app.clone());
    let claims = verify_logout_token(&tenant, &mut rp.browser, &app, token).await.claims;
    assert_eq!(claims["events"], json!({ EVENT: {} }));
    assert!(claims.get("nonce").is_none(), "{claims}");
    assert_eq!((&claims["sub"], &claims["sid"]), (&id_token["sub"], &id_token["sid"]));
    let (now, iat) = (store::Clock::now(rp.world.clock()).timestamp(), claims["iat"].as_i64());
    assert!(iat.is_some_and(|iat| iat <= now + 300 && iat > now - 86_400), "{claims}");
    assert!(claims["jti"].as_str().is_some_and(|jti| !jti.is_empty()), "{claims}");
    claims
}

async fn rp_initiated(mut rp: Rp) {
    let server = AppServer::start().await;
    let uri = json!({ "backchannel_logout_uri": server.url("/backchannel_logout") });
    let path = rp.tenant.path(&format!("/apps/{}", rp.tenant.app.id));
    rp.tenant.admin.patch(&path, uri).await;
    let response = rp.ask(&[]).await;
    let tokens = rp.tokens(&response).await;
    let hint = text(&tokens, "id_token").to_owned();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", SIGNED_OUT),
            ("state", "xyz"),
        ])
        .finish();
    let tenant: Tenant = rp.tenant.clone();
    let answer = rp.browser.get(tenant.url(&format!("/oidc/session/end?{query}"))).await;
    let location = answer.location().unwrap_or_else(|| panic!("{answer:?}"));
    assert!(location.as_str().starts_with(SIGNED_OUT), "{location}");
    received(&mut rp, &server, &crate::side::claims(&hint)).await;
    let silent = rp.ask(&[("prompt", "none")]).await;
    assert_eq!(silent.get("error"), Some("login_required"));
}

e2e::on_every_backend! {
    async fn oidcc_backchannel_logout_discovery_endpoint_verification(world: World) {
        let (one, other) = Rp::pair(&world, Mode::Query).await;
        tokio::join!(discovery(one), discovery(other));
    }

    async fn oidcc_backchannel_rp_initiated_logout(world: World) {
        let (one, other) = Rp::pair(&world, Mode::Query).await;
        tokio::join!(rp_initiated(one), rp_initiated(other));
    }
}
