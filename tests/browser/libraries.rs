//! A client library that is not ours, in the sample app: discovery, code with PKCE, every check that it
//! knows of. Others are in `tests/clients`.

use e2e::on_every_backend;
use serde_json::json;

use crate::stage::Stage;

/// How an app proves itself, and what its ID tokens are signed with.
const REGISTRATIONS: [(&str, &str); 4] = [
    ("client_secret_basic", "ES256"),
    ("client_secret_basic", "RS256"),
    ("none", "ES256"),
    ("none", "RS256"),
];

on_every_backend! {
    async fn openidconnect_of_rust(world: World) {
        let tenant = world.tenant("acme").await;
        let mut stages = Vec::new();
        for (method, algorithm) in REGISTRATIONS {
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
