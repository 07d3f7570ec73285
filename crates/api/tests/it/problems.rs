//! What is wrong with a request is told as a problem, all of it at once.

use actix_web::http::Method;
use actix_web::rt::System;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Bed, app, source, with};

#[actix_web::test]
async fn every_bad_field_is_told_at_once() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let bad = json!({
        "corp": "x", "identifier": "Not Proper", "kind": "saml", "agent_id": "1", "secret": "",
        "display_names": { "en": "", "!": "x" }, "logo_url": "http://a.example", "panel": "yes",
        "colour": "red", "a/b~c": 1,
    });
    let refused = tenant.post("identity-sources", bad).await;
    refused.assert_errors(&[
        ("/agent_id", "type"),
        ("/a~1b~0c", "unknown_field"),
        ("/colour", "unknown_field"),
        ("/corp", "format"),
        ("/display_names/!", "format"),
        ("/display_names/en", "length"),
        ("/identifier", "format"),
        ("/kind", "choice"),
        ("/logo_url", "scheme"),
        ("/mode", "required"),
        ("/panel", "type"),
        ("/secret", "length"),
    ]);
    // Every message names its field, and what to do.
    for error in refused.body["errors"].as_array().unwrap() {
        let (pointer, detail) =
            (error["pointer"].as_str().unwrap(), error["detail"].as_str().unwrap());
        assert!(detail.starts_with(&pointer[1..]), "{detail}");
    }
}

#[actix_web::test]
async fn a_patch_is_read_as_strictly() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let app = format!("apps/{}", tenant.app().await);
    let refused = tenant.patch(&app, json!({ "colour": null, "size": 1, "status": "gone" })).await;
    refused.assert_errors(&[
        ("/colour", "unknown_field"),
        ("/size", "unknown_field"),
        ("/status", "choice"),
    ]);
    for body in [json!([]), json!(null), json!("x")] {
        tenant.patch(&app, body).await.assert_errors(&[("", "type")]);
    }
    tenant.patch(&app, json!({})).await.assert(200);
}

#[actix_web::test]
async fn a_body_is_one_strict_json_object() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let post = |body: &str| {
        let request =
            tenant.request(Method::POST, "apps").header("Content-Type", "application/json");
        request.body(body.to_owned()).send()
    };
    for body in ["", "{", "{\"a\":1,}", "{} {}", "nul", "{'a':1}", "\u{feff}{}", "{\"a\":1e999}"] {
        post(body).await.assert_problem(400, "malformed_json");
    }
    let nested = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    post(&nested).await.assert_problem(400, "malformed_json");
    for body in ["[]", "null", "1", "\"x\""] {
        post(body).await.assert_errors(&[("", "type")]);
    }
    let request = tenant.request(Method::POST, "apps").header("Content-Type", "application/json");
    request
        .body(&b"{\"display_name\":\"\xff\"}"[..])
        .send()
        .await
        .assert_problem(400, "malformed_json");
}

#[actix_web::test]
async fn a_name_that_stands_twice_is_refused() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for (body, pointer) in [
        (r#"{"display_name":"a","display_name":"b"}"#, "/display_name"),
        (r#"{"x":[{"a":1},{"b":{"c~/d":1,"c~/d":2}}]}"#, "/x/1/b/c~0~1d"),
        (r#"{"display_name":"a","display_\u006eame":"b"}"#, "/display_name"),
    ] {
        let request =
            tenant.request(Method::POST, "apps").header("Content-Type", "application/json");
        let refused = request.body(body).send().await;
        refused.assert_problem(400, "malformed_json");
        assert_eq!(refused.errors(), [(pointer.to_owned(), "duplicate_name".to_owned())]);
    }
    assert!(tenant.get("apps").await.items().is_empty());
}

#[actix_web::test]
async fn the_media_type_has_to_be_json() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let post = |kind: &'static str| {
        let request = tenant.request(Method::POST, "apps").body(app().to_string());
        request.header("Content-Type", kind).send()
    };
    for kind in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json"]
    {
        post(kind).await.assert_problem(415, "unsupported_media_type");
    }
    let none = tenant.request(Method::POST, "apps").body(app().to_string());
    none.send().await.assert_problem(415, "unsupported_media_type");
    let packed =
        tenant.request(Method::POST, "apps").json(&app()).header("Content-Encoding", "gzip");
    packed.send().await.assert_problem(415, "unsupported_media_type");
    post("Application/JSON; charset=utf-8").await.assert(201);
    let id = tenant.app().await;
    for (kind, status) in [
        ("application/merge-patch+json", 200),
        ("application/json", 200),
        ("application/json-patch+json", 415),
    ] {
        let request = tenant.request(Method::PATCH, &format!("apps/{id}")).header("If-Match", "*");
        let request = request.header("Content-Type", kind).body(r#"{"display_name":"x"}"#);
        request.send().await.assert(status);
    }
}

#[actix_web::test]
async fn a_large_body_is_refused() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let name = "x".repeat(64 * 1024);
    let refused = tenant.post("apps", with(app(), json!({ "display_name": name }))).await;
    refused.assert_problem(413, "too_large");
}

#[actix_web::test]
async fn the_query_has_known_parameters_once() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for path in [
        "corps?x=1",
        "corps?limit=1&limit=1",
        "corps?limit=1&limit=2",
        "corps?Limit=1",
        "corps?=",
        "corps?limit=0",
        "corps?limit=201",
        "corps?limit=-1",
        "corps?limit=+5",
        "corps?limit=05",
        "corps?limit=x",
        "corps?limit=",
        "corps?cursor=",
        "corps?cursor=x",
        "corps?status=active",
        "users?status=happy",
        "users?status=active&status=deleted",
        "audit-events?trace=",
        "audit-events?trace=%0d%0a",
        "verification-files?limit=1",
    ] {
        tenant.get(path).await.assert_problem(400, "malformed_request");
    }
    let post = tenant.request(Method::POST, "apps?dry=1").json(&app()).send().await;
    post.assert_problem(400, "malformed_request");
    tenant.get("corps?limit=200").await.assert(200);
}

#[actix_web::test]
async fn unknown_paths_and_methods_are_problems() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for path in
        ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/tenants/", "/api/v1/tenants/x/y/z/a/b"]
    {
        let answer = bed.request(Method::GET, path).send().await;
        answer.assert_problem(404, "not_found");
    }
    for (method, path, allow) in [
        (Method::PUT, "/api/v1/tenants".to_owned(), "GET, POST"),
        (Method::DELETE, format!("{}/corps", tenant.home), "GET, POST"),
        (Method::OPTIONS, format!("{}/corps", tenant.home), "GET, POST"),
        (Method::POST, format!("{}/corps/x", tenant.home), "GET, PATCH, DELETE"),
        (Method::GET, format!("{}/apps/x/secret", tenant.home), "POST"),
        (Method::TRACE, format!("{}/audit-events", tenant.home), "GET"),
    ] {
        let answer = bed.request(method, &path).key(&tenant.key).send().await;
        answer.assert_problem(405, "method_not_allowed");
        let mut allowed: Vec<_> = answer.header("allow").split(", ").collect();
        let mut expected: Vec<_> = allow.split(", ").collect();
        allowed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(allowed, expected);
    }
}

#[actix_web::test]
async fn no_answer_is_kept_by_caches() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for answer in [tenant.get("corps").await, tenant.get("corps/x").await] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[actix_web::test]
async fn a_store_that_is_gone_is_503() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    bed.store.database.close().await;
    for answer in [tenant.get("corps").await, tenant.post("identity-sources", source(&corp)).await]
    {
        answer.assert_problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "5");
    }
}

#[actix_web::test]
async fn text_for_people_is_text() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for (name, code) in [
        (json!(""), "length"),
        (json!("   "), "length"),
        (json!("x".repeat(101)), "length"),
        (json!("a\r\nb"), "character"),
        (json!("a\u{1b}[31m"), "character"),
        (json!("a\u{202e}b"), "character"),
        (json!(1), "type"),
    ] {
        let refused = tenant.post("apps", with(app(), json!({ "display_name": name }))).await;
        refused.assert_errors(&[("/display_name", code)]);
    }
    let wide = "字".repeat(100);
    tenant.post("apps", with(app(), json!({ "display_name": wide }))).await.assert(201);
}

/// Values of every type, among them those that rules take an interest in.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "(https?|com\\.x|javascript)://?[a-z@#*:/\\[\\]0-9.-]{0,20}".prop_map(Value::from),
        prop::sample::select(vec![
            "none",
            "active",
            "wecom_qr",
            "ES256",
            "agency",
            "2999-01-01T00:00:00Z"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{2}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn bodies() -> impl Strategy<Value = Value> {
    let names = vec![
        "host",
        "display_name",
        "status",
        "corp_id",
        "egress",
        "corp",
        "identifier",
        "kind",
        "mode",
        "agent_id",
        "secret",
        "display_names",
        "logo_url",
        "scope",
        "panel",
        "association",
        "redirect_uris",
        "home_url",
        "token_endpoint_auth_method",
        "expires_at",
        "position",
        "content",
    ];
    let members = prop::collection::hash_map(prop::sample::select(names), values(), 0..22);
    members.prop_map(|map| map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever is sent as a body: never a fault of ours.
    #[test]
    fn no_body_is_a_fault(bodies in prop::collection::vec(bodies(), 20)) {
        System::new().block_on(async {
            let bed = Bed::new().await;
            let tenant = bed.tenant("a.example").await;
            let operator = bed.operator();
            let app = format!("apps/{}", tenant.app().await);
            let source = format!("identity-sources/{}", tenant.source().await);
            for body in bodies {
                let mut answers = vec![operator.post("tenants", body.clone()).await];
                for path in ["corps", "identity-sources", "apps", "api-keys"] {
                    answers.push(tenant.post(path, body.clone()).await);
                }
                for path in [&app, &source] {
                    answers.push(tenant.patch(path, body.clone()).await);
                }
                for answer in answers {
                    assert!(!answer.status.is_server_error(), "{body}: {}", answer.text);
                }
            }
        });
    }
}

#[actix_web::test]
async fn r8_what_a_caller_sent_comes_back_visible() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let body = json!({ "display_name": "x", "\u{9b}2J\u{202e}": 1 });
    let answer = tenant.post("apps", body).await;
    assert!(answer.text.contains("unknown_field"), "{}", answer.text);
    assert!(!answer.text.chars().any(|c| matches!(c, '\u{9b}' | '\u{202e}')), "{}", answer.text);
    let line = "{\"external_id\": \"A-1\", \"\u{9b}2J\": 1}\n";
    let request = tenant.request(Method::POST, "users/import");
    let answer = request.header("Content-Type", "application/x-ndjson").body(line).send().await;
    assert!(answer.text.contains("unknown_field"), "{}", answer.text);
    assert!(!answer.text.contains('\u{9b}'), "{}", answer.text);
}
