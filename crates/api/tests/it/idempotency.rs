//! `Idempotency-Key`.

use actix_web::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Answer, Bed, Caller, app, with};

async fn post(caller: &Caller, path: &str, key: &str, body: &Value) -> Answer {
    caller.request(Method::POST, path).header("Idempotency-Key", key).json(body).send().await
}

#[actix_web::test]
async fn the_same_request_gets_the_same_answer() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let first = post(&tenant, "apps", "k", &app()).await;
    let second = post(&tenant, "apps", "k", &app()).await;
    assert_eq!(first.assert(201).text, second.assert(201).text);
    for header in ["location", "etag", "content-type"] {
        assert_eq!(first.header(header), second.header(header));
    }
    assert_eq!(first.header("idempotent-replayed"), "");
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert!(first.body["client_secret"].is_string());
    assert_eq!(tenant.get("apps").await.items().len(), 1);
    assert_eq!(tenant.get("audit-events").await.items().len(), 3);
}

#[actix_web::test]
async fn the_key_belongs_to_one_request() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    post(&tenant, "apps", "k", &app()).await.assert(201);
    let other = with(app(), json!({ "display_name": "Other" }));
    post(&tenant, "apps", "k", &other).await.assert_problem(422, "idempotency_key_reused");
    let corp = json!({ "corp_id": "ww1", "display_name": "Acme" });
    post(&tenant, "corps", "k", &corp).await.assert_problem(422, "idempotency_key_reused");
    // Another caller's keys are its own.
    let operator = Caller { home: tenant.home.clone(), ..bed.operator() };
    post(&operator, "apps", "k", &app()).await.assert(201);
    let stranger = bed.tenant("b.example").await;
    post(&stranger, "apps", "k", &app()).await.assert(201);
}

#[actix_web::test]
async fn a_refused_request_leaves_the_key_free() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = json!({ "corp_id": "ww1", "display_name": "Acme" });
    tenant.post("corps", corp.clone()).await.assert(201);
    post(&tenant, "corps", "k", &corp).await.assert(409);
    let right = json!({ "corp_id": "ww2", "display_name": "Acme" });
    post(&tenant, "corps", "k", &right).await.assert(201);
}

#[actix_web::test]
async fn a_key_is_visible_ascii_once() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for key in ["", "a b", "ü", &"x".repeat(256)] {
        post(&tenant, "apps", key, &app()).await.assert_problem(400, "malformed_request");
    }
    let twice = tenant.request(Method::POST, "apps").json(&app());
    let twice = twice.header("Idempotency-Key", "a").header("Idempotency-Key", "a");
    twice.send().await.assert_problem(400, "malformed_request");
    post(&tenant, "apps", &"x".repeat(255), &app()).await.assert(201);
}

#[actix_web::test]
async fn twenty_at_once_make_one() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let answers =
        join_all((0..20).map(|_| async { post(&tenant, "apps", "k", &app()).await })).await;
    let first = &answers[0].assert(201).text;
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.text == *first));
    let fresh = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_empty());
    assert_eq!(fresh.count(), 1);
    assert_eq!(tenant.get("apps").await.items().len(), 1);
}

#[actix_web::test]
async fn twenty_tenants_at_once_are_one() {
    let bed = Bed::new().await;
    let operator = bed.operator();
    let body = json!({ "host": "a.example", "display_name": "Acme" });
    let answers =
        join_all((0..20).map(|_| async { post(&operator, "tenants", "k", &body).await })).await;
    let id = answers[0].assert(201).id();
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.id() == id));
    assert_eq!(operator.get("tenants").await.items().len(), 1);
    let again = answers.iter().filter(|answer| answer.header("idempotent-replayed") == "true");
    assert_eq!(again.count(), 19);
}
