//! Client libraries that are not ours, in their ordinary use: discovery, code with PKCE, every check
//! that they know of.

use e2e::on_every_backend;
use serde_json::json;

use crate::stage::{Stage, node};

/// Each kind of registration: how the app proves itself, and what its ID tokens are signed with.
/// The confidential ones take the method that a library takes by itself.
fn registrations(confidential: &'static str) -> [(&'static str, &'static str); 4] {
    [(confidential, "ES256"), (confidential, "RS256"), ("none", "ES256"), ("none", "RS256")]
}

on_every_backend! {
    async fn openid_client_of_npm(world: World) {
        let tenant = world.tenant("acme").await;
        for (method, algorithm) in registrations("client_secret_post") {
            let app = tenant.make_app(json!({
                "token_endpoint_auth_method": method, "id_token_signed_response_alg": algorithm,
            })).await;
            assert_eq!(app.secret.is_none(), method == "none");
            let issuer = tenant.issuer();
            let told = node("openid_client.mjs", &[
                ("ISSUER", issuer.as_str()),
                ("CLIENT_ID", app.id.as_str()),
                ("CLIENT_SECRET", app.secret.as_deref().unwrap_or_default()),
                ("REDIRECT_URI", app.redirect_uri.as_str()),
                ("MEMBER", "zhangsan"),
                ("SOURCE", "WeCom qr"),
                ("SCOPE", "openid profile email phone"),
                ("POST_LOGOUT_REDIRECT_URI", "https://app.example.com/signed-out"),
            ]).await;
            assert_eq!(told["id_token_header"]["alg"], algorithm);
            assert_eq!(told["claims"]["aud"], app.id);
            assert_eq!(told["userinfo"]["sub"], told["claims"]["sub"]);
            assert_eq!(told["userinfo"]["name"], "张三");
            let end = told["end_session_url"].as_str().unwrap();
            assert!(end.starts_with(&tenant.url("/oidc/session/end?")), "{end}");
        }
        assert_eq!(tenant.users().await.len(), 1, "it was one person all the time");
    }

    async fn openidconnect_of_rust(world: World) {
        let tenant = world.tenant("acme").await;
        let mut stages = Vec::new();
        for (method, algorithm) in registrations("client_secret_basic") {
            let registration = json!({
                "token_endpoint_auth_method": method, "id_token_signed_response_alg": algorithm,
            });
            stages.push(Stage::with(tenant.clone(), registration).await);
        }
        let apps: Vec<&str> = stages.iter().map(Stage::base_url).collect();
        let told = stages[0].play_with("several_apps", &[("APPS", &apps.join(" "))]).await;
        let told = told.as_array().unwrap();
        assert_eq!(told.len(), stages.len());
        for (claims, stage) in told.iter().zip(&stages) {
            assert_eq!(claims["id_token"]["aud"], json!([stage.app.id]));
            assert_eq!(claims["id_token"]["sub"], told[0]["id_token"]["sub"]);
        }
        for stage in stages {
            stage.strike().await;
        }
    }
}
