//! Ready settings of products.

use serde_json::{Value, json};

use crate::support::{Bed, app, with};

#[actix_web::test]
async fn each_product_has_settings_that_name_what_it_needs_and_no_secret() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("login.acme.example").await;
    let made = tenant.post("apps", app()).await;
    let (id, secret) = (made.id(), made.body["client_secret"].as_str().unwrap().to_owned());
    let list = tenant.get(&format!("apps/{id}/integrations")).await;
    let products = list.assert(200).body["items"].as_array().unwrap().clone();
    assert_eq!(products.len(), 9);
    for product in products {
        let name = product["product"].as_str().unwrap();
        let path = format!("apps/{id}/integrations/{name}");
        let found = tenant.get(&path).await.assert(200).body.clone();
        let content = found["content"].as_str().unwrap();
        assert!(content.contains("https://login.acme.example/oidc"), "{name}: {content}");
        assert!(content.contains(&id) && content.contains("CLIENT_SECRET"), "{name}: {content}");
        assert!(!found.to_string().contains(&secret), "{name}");
        // Done as it says, nothing is left to do.
        let uri =
            format!("https://tool.acme.example{}", product["callback_path"].as_str().unwrap());
        let mut changes = json!({ "redirect_uris": [uri] });
        for change in found["changes"].as_array().unwrap() {
            if change["field"] != "redirect_uris" {
                changes[change["field"].as_str().unwrap()] = change["needed"].clone();
            }
        }
        let ready = tenant.post("apps", with(app(), changes)).await;
        let found = tenant.get(&format!("apps/{}/integrations/{name}", ready.id())).await;
        let found = found.assert(200).body.clone();
        assert_eq!(
            (&found["changes"], &found["redirect_uri"]),
            (&json!([]), &json!(uri)),
            "{name}"
        );
        let uses_host = ["gitea", "spring", "next.js"].contains(&name);
        let content = found["content"].as_str().unwrap();
        assert!(uses_host || content.contains("https://tool.acme.example"), "{name}: {content}");
    }
}

#[actix_web::test]
async fn a_product_that_nobody_knows_is_not_found() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("login.acme.example").await;
    let id = tenant.app().await;
    tenant.get(&format!("apps/{id}/integrations/nothing")).await.assert_problem(404, "not_found");
    let nobody: Value = json!("00000000-0000-4000-8000-000000000000");
    let path = format!("apps/{}/integrations/grafana", nobody.as_str().unwrap());
    tenant.get(&path).await.assert_problem(404, "not_found");
}

/// A name may hold what ends a string in every one of these formats.
#[actix_web::test]
async fn b8_a_tenants_name_ends_no_string() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("login.acme.example").await;
    let path = format!("/api/v1/tenants/{}", tenant.tenant);
    let renamed = json!({ "display_name": "A'; system('x'); \"B\\" });
    bed.operator().patch(&path, renamed).await.assert(200);
    let id = tenant.app().await;
    for name in ["gitlab", "next.js", "grafana"] {
        let found =
            tenant.get(&format!("apps/{id}/integrations/{name}")).await.assert(200).body.clone();
        let content = found["content"].as_str().unwrap();
        assert!(content.contains("A ; system( x );  B "), "{name}: {content}");
    }
}
