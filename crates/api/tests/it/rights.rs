//! Who may call.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{Bed, OPERATOR_KEY};

#[actix_web::test]
async fn without_a_valid_key_nothing_is_told() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let path = format!("{}/corps", tenant.home);
    let basic = format!("Basic {}", tenant.key);
    let twice = format!("Bearer {} {}", tenant.key, tenant.key);
    for value in
        ["", "Bearer", "Bearer ", "Bearer x", &basic, &twice, "hufu_key_x", "Bearer \u{e9}"]
    {
        let answer = bed.request(Method::GET, &path).header("Authorization", value).send().await;
        answer.assert_problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    bed.request(Method::GET, &path).send().await.assert_problem(401, "unauthenticated");
    // Two headers: which one would count?
    let two = tenant.request(Method::GET, "corps").header("Authorization", "Bearer x").send().await;
    two.assert_problem(401, "unauthenticated");
    // Never from the query.
    let query = format!("{path}?access_token={}", tenant.key);
    bed.request(Method::GET, &query).send().await.assert_problem(401, "unauthenticated");
    // Control: the scheme's name ignores case (RFC 9110 §11.1).
    let lower = format!("bearer {}", tenant.key);
    bed.request(Method::GET, &path).header("Authorization", &lower).send().await.assert(200);
}

#[actix_web::test]
async fn the_key_is_asked_for_before_anything_is_read() {
    let bed = Bed::new().await;
    let broken = bed.request(Method::POST, "/api/v1/tenants?x=1").body("{").send().await;
    broken.assert_problem(401, "unauthenticated");
    let large = bed.request(Method::POST, "/api/v1/tenants").body(vec![b'x'; 100_000]).send().await;
    large.assert_problem(401, "unauthenticated");
}

#[actix_web::test]
async fn tenants_are_the_operators() {
    let bed = Bed::new().await;
    let (own, other) = (bed.tenant("a.example").await, bed.tenant("b.example").await);
    for path in ["/api/v1/tenants", &own.home, &other.home] {
        own.get(path).await.assert_problem(403, "forbidden");
    }
    own.post("/api/v1/tenants", json!({})).await.assert_problem(403, "forbidden");
    bed.operator().get("/api/v1/tenants").await.assert(200);
}

#[actix_web::test]
async fn the_operators_key_acts_for_every_tenant() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let path = format!("{}/corps", tenant.home);
    bed.request(Method::GET, &path).key(OPERATOR_KEY).send().await.assert(200);
}

#[actix_web::test]
async fn another_tenant_looks_like_none() {
    let bed = Bed::new().await;
    let (own, other) = (bed.tenant("a.example").await, bed.tenant("b.example").await);
    let foreign = own.get(&format!("{}/corps", other.home)).await;
    let none = own.get("/api/v1/tenants/00000000-0000-4000-8000-000000000000/corps").await;
    let no_id = own.get("/api/v1/tenants/nonsense/corps").await;
    for answer in [&foreign, &none, &no_id] {
        answer.assert_problem(404, "not_found");
        let mut body = answer.body.clone();
        body["trace"] = json!(null);
        let mut expected = none.body.clone();
        expected["trace"] = json!(null);
        assert_eq!(body, expected);
        let names = |headers: &actix_web::http::header::HeaderMap| {
            let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
            names.sort();
            names
        };
        assert_eq!(names(&answer.headers), names(&none.headers));
    }
}

#[actix_web::test]
async fn an_id_has_one_spelling() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    tenant.get(&format!("corps/{corp}")).await.assert(200);
    for id in [
        corp.to_uppercase(),
        corp.replace('-', ""),
        format!("{{{corp}}}"),
        format!("{corp}%20"),
        "x".into(),
    ] {
        tenant.get(&format!("corps/{id}")).await.assert_problem(404, "not_found");
    }
    let upper = format!("/api/v1/tenants/{}/corps", tenant.tenant.to_uppercase());
    tenant.get(&upper).await.assert_problem(404, "not_found");
}

#[actix_web::test]
async fn a_deleted_or_expired_key_is_none() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let soon = bed.store.env.now() + chrono::TimeDelta::milliseconds(300);
    let body = json!({ "display_name": "short", "expires_at": soon.to_rfc3339() });
    let short = tenant.post("api-keys", body).await;
    short.assert(201);
    let key = short.body["key"].as_str().unwrap();
    let path = format!("{}/corps", tenant.home);
    bed.request(Method::GET, &path).key(key).send().await.assert(200);
    tokio::time::sleep(std::time::Duration::from_millis(350)).await;
    bed.request(Method::GET, &path).key(key).send().await.assert_problem(401, "unauthenticated");

    let keys = tenant.get("api-keys").await;
    let own = keys.items().iter().find(|key| key["display_name"] == "test").unwrap();
    let own = own["id"].as_str().unwrap().to_owned();
    tenant.get(&format!("api-keys/{own}")).await.assert(200);
    tenant.delete(&format!("api-keys/{own}")).await.assert(204);
    tenant.get("corps").await.assert_problem(401, "unauthenticated");
}

#[actix_web::test]
async fn a_key_that_ends_makes_none_that_ends_later() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let end = bed.store.env.now() + chrono::TimeDelta::hours(1);
    let body = |end: chrono::DateTime<chrono::Utc>| json!({ "display_name": "CI", "expires_at": end.to_rfc3339() });
    let short = tenant.post("api-keys", body(end)).await;
    let key = short.assert(201).body["key"].as_str().unwrap().to_owned();
    let path = format!("{}/api-keys", tenant.home);
    let make =
        async |body: Value| bed.request(Method::POST, &path).key(&key).json(&body).send().await;
    let later = make(body(end + chrono::TimeDelta::seconds(1))).await;
    later.assert_errors(&[("/expires_at", "too_late")]);
    make(json!({ "display_name": "CI" })).await.assert_errors(&[("/expires_at", "too_late")]);
    make(body(end - chrono::TimeDelta::minutes(1))).await.assert(201);
}

#[actix_web::test]
async fn an_api_key_shows_itself_once() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let made = tenant.post("api-keys", json!({ "display_name": "CI" })).await;
    let key = made.assert(201).body["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("hufu_key_") && key.len() == 9 + 43, "{key}");
    assert_eq!(made.body["prefix"], key[..15]);
    let read = tenant.get(made.header("location")).await;
    assert!(!read.assert(200).text.contains(&key));
    assert!(!tenant.get("api-keys").await.text.contains(&key));
    let past = json!({ "display_name": "CI", "expires_at": "2020-01-01T00:00:00Z" });
    tenant.post("api-keys", past).await.assert_errors(&[("/expires_at", "past")]);
    let odd = json!({ "display_name": "CI", "expires_at": "tomorrow" });
    tenant.post("api-keys", odd).await.assert_errors(&[("/expires_at", "format")]);
}
