//! Tenants.

use actix_web::http::Method;
use serde_json::json;

use crate::support::Bed;

#[actix_web::test]
async fn a_tenant_is_made_read_changed_and_deleted() {
    let bed = Bed::new().await;
    let operator = bed.operator();
    let made = operator
        .post("tenants", json!({ "host": "login.acme.example", "display_name": "Acme" }))
        .await;
    made.assert(201);
    let path = format!("/api/v1/tenants/{}", made.id());
    assert_eq!(made.header("location"), path);
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(made.body["issuer"], "https://login.acme.example/oidc");
    assert_eq!(made.body["status"], "active");
    let read = operator.get(&path).await;
    assert_eq!(read.assert(200).body, made.body);

    let changed = operator.patch(&path, json!({ "status": "suspended" })).await;
    assert_eq!(changed.assert(200).body["status"], "suspended");
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!(changed.body["display_name"], "Acme");

    operator.delete(&path).await.assert(204);
    operator.get(&path).await.assert_problem(404, "not_found");
}

#[actix_web::test]
async fn a_new_tenant_has_a_signing_key_for_each_algorithm() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("login.acme.example").await;
    let mut scope = bed.store.tenant(tenant.tenant.parse().unwrap());
    let keys = store::signing_key::list(&mut scope).await.unwrap();
    let mut algorithms: Vec<_> = keys.iter().map(|key| key.algorithm.as_str()).collect();
    algorithms.sort_unstable();
    assert_eq!(algorithms, ["ES256", "EdDSA", "PS256", "RS256"]);
}

#[actix_web::test]
async fn a_host_is_a_dns_name_of_one_spelling() {
    let bed = Bed::new().await;
    let operator = bed.operator();
    for (at, host) in [
        "login.acme.example",
        "acme.localhost",
        "acme.localhost:8443",
        "a-b.xn--fiqs8s",
        "1.example",
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({ "host": host, "display_name": format!("T{at}") });
        operator.post("tenants", body).await.assert(201);
    }
    for (host, code) in [
        ("", "format"),
        ("localhost", "format"),
        ("Login.acme.example", "format"),
        ("https://acme.example", "format"),
        ("acme.example/path", "format"),
        ("acme.example.", "format"),
        ("-acme.example", "format"),
        ("acme_.example", "format"),
        ("ac me.example", "format"),
        ("user@acme.example", "format"),
        ("127.0.0.1", "format"),
        ("acme.0x7f", "format"),
        ("[::1]", "format"),
        ("企业.example", "format"),
        ("*.acme.example", "format"),
        ("acme.example:443", "port"),
        ("acme.example:0", "port"),
        ("acme.example:", "port"),
        ("acme.example:080", "port"),
        ("acme.example:65536", "port"),
        ("acme.example:+80", "port"),
        ("console.example", "reserved"),
    ] {
        let made = operator.post("tenants", json!({ "host": host, "display_name": "Acme" })).await;
        made.assert_errors(&[("/host", code)]);
    }
    let long = format!("{}.example", "a".repeat(64));
    let made = operator.post("tenants", json!({ "host": long, "display_name": "Acme" })).await;
    made.assert_errors(&[("/host", "format")]);
}

#[actix_web::test]
async fn a_host_belongs_to_one_tenant() {
    let bed = Bed::new().await;
    let operator = bed.operator();
    let first = bed.tenant("a.example").await;
    bed.tenant("b.example").await;
    let again = operator.post("tenants", json!({ "host": "a.example", "display_name": "C" })).await;
    again.assert_problem(409, "conflict");
    assert_eq!(again.errors(), [("/host".to_owned(), "taken".to_owned())]);
    let moved = operator.patch(&first.home, json!({ "host": "b.example" })).await;
    moved.assert_problem(409, "conflict");
    assert_eq!(moved.errors(), [("/host".to_owned(), "taken".to_owned())]);
}

#[actix_web::test]
async fn a_tenant_that_is_deleted_takes_its_keys_along() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    tenant.source().await;
    bed.operator().delete(&tenant.home).await.assert(204);
    tenant.request(Method::GET, "corps").send().await.assert_problem(401, "unauthenticated");
}
