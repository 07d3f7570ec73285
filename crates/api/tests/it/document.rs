//! The API document, and the page that shows it.

use std::collections::BTreeSet;

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{Bed, source, with};

fn document() -> Value {
    serde_json::from_str(&api::document_json()).unwrap()
}

fn committed() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/console.json")
}

#[test]
fn the_committed_document_is_the_programs() {
    let committed = std::fs::read_to_string(committed()).unwrap();
    assert!(
        committed == api::document_json(),
        "run: cargo run -p api --example openapi > openapi/console.json"
    );
}

#[test]
fn it_is_one_of_openapi() {
    let read_back = serde_json::to_value(api::document()).unwrap();
    assert_eq!(read_back["openapi"], "3.1.0");
    assert_eq!(
        read_back["paths"].as_object().unwrap().len(),
        document()["paths"].as_object().unwrap().len()
    );
}

/// Every operation, with its id.
fn operations() -> Vec<(String, Value)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let items = paths.values().flat_map(|item| item.as_object().unwrap().values());
    let operations = items.filter(|operation| operation.get("operationId").is_some());
    operations
        .map(|operation| (operation["operationId"].as_str().unwrap().to_owned(), operation.clone()))
        .collect()
}

#[test]
fn every_operation_is_described() {
    let mut ids = BTreeSet::new();
    for (id, operation) in operations() {
        assert!(ids.insert(id.clone()), "{id} stands twice");
        assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 5), "{id}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{id}");
        for status in ["400", "401", "500", "503"] {
            assert!(operation["responses"].get(status).is_some(), "{id} {status}");
        }
        let success = operation["responses"]
            .as_object()
            .unwrap()
            .keys()
            .any(|status| status.starts_with('2'));
        assert!(success, "{id}");
    }
    assert!(ids.len() >= 40);
}

#[test]
fn every_property_is_described_and_every_reference_leads_somewhere() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let parts = schema["allOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        for (property, schema) in
            parts.iter().filter_map(|part| part["properties"].as_object()).flatten()
        {
            assert!(
                schema.get("description").is_some()
                    || schema.get("$ref").is_some()
                    || schema.get("oneOf").is_some(),
                "{name}.{property}"
            );
        }
    }
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                open.extend(members.values());
            }
            Value::Array(elements) => open.extend(elements),
            _ => {}
        }
    }
}

/// What the document says of a body, the program does: the names are known, and what is required is
/// missed.
#[actix_web::test]
async fn bodies_are_as_the_document_says() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let document = document();
    let app = tenant.app().await;
    let source_id = tenant.source().await;
    for (path, schema) in [
        ("/api/v1/tenants".to_owned(), "NewTenant"),
        ("corps".to_owned(), "NewCorp"),
        ("identity-sources".to_owned(), "NewIdentitySource"),
        ("apps".to_owned(), "NewApp"),
        ("api-keys".to_owned(), "NewApiKey"),
        ("initial-access-tokens".to_owned(), "NewInitialAccessToken"),
        (format!("apps/{app}/identity-sources/{source_id}"), "NewLink"),
        ("verification-files/WW_verify_a.txt".to_owned(), "NewVerificationFile"),
    ] {
        let schema = &document["components"]["schemas"][schema];
        assert_eq!(schema["additionalProperties"], false);
        let caller = if path == "/api/v1/tenants" { bed.operator() } else { tenant.clone() };
        let method = if schema["required"].is_null() || path.contains('/') && !path.starts_with('/')
        {
            Method::PUT
        } else {
            Method::POST
        };
        // A list of lists is nobody's type.
        let mut body: Value = json!({});
        for name in schema["properties"].as_object().unwrap().keys() {
            body[name] = json!([[]]);
        }
        let wrong = caller.request(method.clone(), &path).json(&body).send().await;
        let errors = wrong.assert(422).errors();
        assert!(errors.iter().all(|(_, code)| code != "unknown_field"), "{errors:?}");
        let properties = schema["properties"].as_object().unwrap().len();
        let fields: BTreeSet<_> =
            errors.iter().map(|(at, _)| at.split('/').nth(1).unwrap()).collect();
        assert_eq!(fields.len(), properties, "{errors:?}");

        let Some(required) = schema["required"].as_array() else { continue };
        let empty = caller.request(method, &path).json(&json!({})).send().await;
        let missed: BTreeSet<_> =
            empty.assert(422).errors().into_iter().map(|(at, _)| at[1..].to_owned()).collect();
        let required: BTreeSet<_> =
            required.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        assert_eq!(missed, required);
    }
}

/// The document's own examples are proper.
#[actix_web::test]
async fn examples_are_accepted() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let document = document();
    let example = |schema: &str| {
        let mut body = json!({});
        for (name, property) in
            document["components"]["schemas"][schema]["properties"].as_object().unwrap()
        {
            if let Some(example) = property.get("example") {
                body[name] = example.clone();
            }
        }
        body
    };
    bed.operator().post("tenants", example("NewTenant")).await.assert(201);
    let corp = with(example("NewCorp"), json!({ "egress": "shanghai" }));
    let corp = tenant.post("corps", corp).await;
    tenant.post("apps", example("NewApp")).await.assert(201);
    tenant.post("api-keys", example("NewApiKey")).await.assert(201);
    let body = with(source(&corp.id()), example("NewIdentitySource"));
    tenant.post("identity-sources", body).await.assert(201);
    let name = document["components"]["parameters"]["name"]["example"].as_str().unwrap();
    tenant
        .put(&format!("verification-files/{name}"), example("NewVerificationFile"))
        .await
        .assert(200);
}

#[actix_web::test]
async fn the_document_is_served() {
    let bed = Bed::new().await;
    let served = bed.request(Method::GET, "/api/v1/openapi.json").send().await;
    assert_eq!(served.assert(200).body, document());
    assert_eq!(served.header("content-type"), "application/json");
}

#[actix_web::test]
async fn the_reference_page_has_its_own_assets_only() {
    let bed = Bed::new().await;
    let page = bed.request(Method::GET, "/docs/").send().await;
    page.assert(200);
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.contains("script-src 'self';"),
        "{policy}"
    );
    let mut assets = Vec::new();
    for part in page.text.split(['"', '\'']) {
        assert!(
            !part.starts_with("http:") && !part.starts_with("https:") && !part.starts_with("//"),
            "{part}"
        );
        if let Some(asset) = part.strip_prefix("./") {
            assets.push(asset.to_owned());
        }
    }
    assert!(assets.len() >= 3, "{assets:?}");
    assert!(!page.text.contains("<script>"), "no inline script: {}", page.text);
    for asset in assets {
        let answer = bed.request(Method::GET, &format!("/docs/{asset}")).send().await;
        assert_eq!(answer.status, 200, "{asset}");
    }
    let start = bed.request(Method::GET, "/docs/swagger-initializer.js").send().await;
    assert!(start.text.contains("/api/v1/openapi.json"));
    let to = bed.request(Method::GET, "/docs").send().await;
    assert_eq!((to.status.as_u16(), to.header("location")), (308, "/docs/"));
}
