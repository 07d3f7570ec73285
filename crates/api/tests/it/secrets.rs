//! Secrets go in, and never out. (Each answer of every test is searched for the WeCom secret as well.)

use serde_json::json;

use crate::support::{Bed, CANARY, app, initial_access_token};

#[actix_web::test]
async fn no_reading_shows_a_secret() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let source = tenant.source().await;
    let made = tenant.post("apps", app()).await;
    let client_secret = made.body["client_secret"].as_str().unwrap().to_owned();
    let key = tenant.post("api-keys", json!({ "display_name": "x" })).await.body["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let made_token = tenant.post("initial-access-tokens", initial_access_token()).await;
    let token = made_token.body["token"].as_str().unwrap().to_owned();
    let mut scope = bed.store.tenant(tenant.tenant.parse().unwrap());
    let row = store::source::find(&mut scope, source.parse().unwrap()).await.unwrap().unwrap();
    assert!(!format!("{row:?}").contains(CANARY));
    for path in [
        "identity-sources".to_owned(),
        format!("identity-sources/{source}"),
        "apps".to_owned(),
        format!("apps/{}", made.id()),
        "api-keys".to_owned(),
        "initial-access-tokens".to_owned(),
        "audit-events?limit=200".to_owned(),
    ] {
        let text = tenant.get(&path).await.text;
        for secret in [CANARY, client_secret.as_str(), key.as_str(), token.as_str()] {
            assert!(!text.contains(secret), "{path}");
        }
    }
}

#[actix_web::test]
async fn no_refusal_repeats_what_was_sent() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    // `Answer` searches for the canary.
    for body in [
        json!({ "secret": format!("{CANARY} with a space") }),
        json!({ "secret": { "nested": CANARY } }),
        json!({ "display_names": CANARY, "identifier": CANARY, "corp": CANARY, "kind": CANARY }),
    ] {
        tenant.post("identity-sources", body).await.assert(422);
    }
    let broken = tenant
        .request(actix_web::http::Method::POST, "apps")
        .header("Content-Type", "application/json");
    broken.body(format!("{{\"secret\": {CANARY}}}")).send().await.assert(400);
    tenant.get(&format!("apps/{CANARY}")).await.assert(404);
    tenant.get(&format!("apps?cursor={CANARY}")).await.assert(400);
    let auth = bed.request(actix_web::http::Method::GET, &tenant.home).key(CANARY);
    auth.send().await.assert(401);
}
