//! Signing keys at the console: preparing, activating, withdrawing, and what nobody gets to see.

use actix_web::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use store::signing_key::{self, SigningKey};

use crate::support::{Answer, Bed, Caller};

async fn prepare(tenant: &Caller, algorithm: &str) -> Answer {
    tenant.post("signing-keys", json!({ "algorithm": algorithm })).await
}

async fn activate(tenant: &Caller, kid: &str, body: Value) -> Answer {
    tenant.post(&format!("signing-keys/{kid}/activate"), body).await
}

/// The keys of an algorithm, as id and status, newest first.
async fn keys(tenant: &Caller, algorithm: &str) -> Vec<(String, String)> {
    let text = |key: &Value, name: &str| key[name].as_str().unwrap().to_owned();
    let all = tenant.get("signing-keys").await;
    let of = all.items().iter().filter(|key| key["algorithm"] == algorithm);
    of.map(|key| (text(key, "kid"), text(key, "status"))).collect()
}

fn pairs(keys: &[(String, String)]) -> Vec<(&str, &str)> {
    keys.iter().map(|(kid, status)| (kid.as_str(), status.as_str())).collect()
}

#[actix_web::test]
async fn i5_a_key_is_prepared_activated_and_taken_away() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let all = tenant.get("signing-keys").await;
    assert_eq!(all.assert(200).items().len(), 4);
    for key in all.items() {
        let mut names: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["algorithm", "changed_at", "created_at", "kid", "status"]);
    }
    let first = keys(&tenant, "ES256").await.remove(0).0;

    let made = prepare(&tenant, "ES256").await;
    let next = made.assert(201).kid();
    assert_eq!((&made.body["status"], &made.body["algorithm"]), (&json!("next"), &json!("ES256")));
    assert_eq!(tenant.get(made.header("location")).await.body, made.body);
    let twice = prepare(&tenant, "ES256").await;
    twice.assert_problem(409, "conflict");
    assert_eq!(twice.errors(), [("/algorithm".to_owned(), "taken".to_owned())]);
    prepare(&tenant, "RS256").await.assert(201);

    // Not before everybody knows it, unless somebody takes it upon themselves.
    for body in [json!({}), json!({ "force": false }), json!({ "force": null })] {
        let early = activate(&tenant, &next, body).await;
        early.assert_problem(409, "conflict");
        assert!(early.body["detail"].as_str().unwrap().contains("{\"force\": true}"));
    }
    let path = format!("signing-keys/{next}/activate");
    tenant.request(Method::POST, &path).send().await.assert_problem(409, "conflict");
    assert_eq!(pairs(&keys(&tenant, "ES256").await), [(&*next, "next"), (&*first, "active")]);
    let done = activate(&tenant, &next, json!({ "force": true })).await;
    assert_eq!(done.assert(200).body["status"], "active");
    assert_eq!(pairs(&keys(&tenant, "ES256").await), [(&*next, "active"), (&*first, "retired")]);
    for kid in [&next, &first] {
        activate(&tenant, kid, json!({ "force": true })).await.assert_problem(409, "conflict");
    }

    // A key that still verifies: nobody has to take over.
    tenant.delete(&format!("signing-keys/{first}")).await.assert(204);
    assert_eq!(pairs(&keys(&tenant, "ES256").await), [(&*next, "active")]);
    tenant.delete(&format!("signing-keys/{first}")).await.assert_problem(404, "not_found");
    activate(&tenant, &first, json!({})).await.assert_problem(404, "not_found");
}

#[actix_web::test]
async fn i5_somebody_takes_over_from_a_withdrawn_key() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for algorithm in ["ES256", "RS256", "PS256", "EdDSA"] {
        let first = keys(&tenant, algorithm).await.remove(0).0;
        let next = prepare(&tenant, algorithm).await.kid();
        tenant.delete(&format!("signing-keys/{first}")).await.assert(204);
        assert_eq!(pairs(&keys(&tenant, algorithm).await), [(&*next, "active")]);
        // Without a next key: one that is made now.
        tenant.delete(&format!("signing-keys/{next}")).await.assert(204);
        let left = keys(&tenant, algorithm).await;
        assert!(matches!(&*pairs(&left), [(kid, "active")] if *kid != next && *kid != first));
        // A next key goes alone.
        let next = prepare(&tenant, algorithm).await.kid();
        tenant.delete(&format!("signing-keys/{next}")).await.assert(204);
        assert_eq!(keys(&tenant, algorithm).await, left);
    }
    let mut actions: Vec<String> = Vec::new();
    for event in tenant.get("audit-events?action=signing_key.*&limit=200").await.items() {
        assert_eq!(event["actor_kind"], "api_key");
        assert!(event["detail"]["kid"].is_string(), "{event}");
        actions.push(event["action"].as_str().unwrap().trim_start_matches("signing_key.").into());
    }
    let each = ["create", "withdraw", "withdraw", "create", "withdraw"];
    assert_eq!(actions, each.repeat(4));
}

#[actix_web::test]
async fn bodies_and_ids_that_are_not_right() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for (body, code) in [
        (json!({}), "required"),
        (json!({ "algorithm": "HS256" }), "choice"),
        (json!({ "algorithm": "none" }), "choice"),
        (json!({ "algorithm": "es256" }), "choice"),
        (json!({ "algorithm": ["ES256"] }), "type"),
    ] {
        tenant.post("signing-keys", body).await.assert_errors(&[("/algorithm", code)]);
    }
    let extra = json!({ "algorithm": "ES256", "status": "active" });
    tenant.post("signing-keys", extra).await.assert_errors(&[("/status", "unknown_field")]);
    let next = prepare(&tenant, "ES256").await.kid();
    for wrong in [json!("true"), json!(1), json!([])] {
        let answer = activate(&tenant, &next, json!({ "force": wrong })).await;
        answer.assert_errors(&[("/force", "type")]);
    }
    for kid in ["x", &next.to_uppercase(), "00000000-0000-4000-8000-000000000000"] {
        activate(&tenant, kid, json!({ "force": true })).await.assert(404);
        tenant.delete(&format!("signing-keys/{kid}")).await.assert(404);
    }
    // The same call once more is the same key.
    let again = async || {
        let body = json!({ "algorithm": "EdDSA" });
        let request = tenant.request(Method::POST, "signing-keys").header("Idempotency-Key", "k");
        request.json(&body).send().await.assert(201).kid()
    };
    assert_eq!(again().await, again().await);
    activate(&tenant, &next, json!({ "force": true })).await.assert(200);
}

/// Every spelling of a key's private half that could get into a text.
fn spellings(private: &[u8]) -> Vec<String> {
    use std::fmt::Write as _;
    // The public half stands at the end of some; the middle is private in all.
    let middle = &private[private.len() / 3..private.len() / 2];
    let mut hex = String::new();
    for byte in middle {
        write!(hex, "{byte:02x}").unwrap();
    }
    let numbers = format!("{middle:?}");
    let whole = private[..private.len() / 3 * 3].chunks(48);
    let coded = whole.flat_map(|part| [STANDARD.encode(part), URL_SAFE_NO_PAD.encode(part)]);
    coded
        .filter(|text| text.len() == 64)
        .chain([hex, numbers.trim_matches(['[', ']']).to_owned()])
        .collect()
}

#[actix_web::test]
async fn t2_no_answer_and_no_debug_output_has_a_private_key() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let id = tenant.tenant.parse().unwrap();
    let made = prepare(&tenant, "ES256").await;
    let kid = made.kid();
    let mut answers = vec![made.text.clone(), prepare(&tenant, "RS256").await.text];
    let rows: Vec<SigningKey> = signing_key::list(&mut bed.store.tenant(id)).await.unwrap();
    assert_eq!(rows.len(), 6);
    answers.push(tenant.get("signing-keys").await.text);
    answers.push(tenant.get(&format!("signing-keys/{kid}")).await.text);
    answers.push(activate(&tenant, &kid, json!({})).await.text);
    answers.push(activate(&tenant, &kid, json!({ "force": true })).await.text);
    tenant.delete(&format!("signing-keys/{kid}")).await.assert(204);
    answers.push(tenant.get("audit-events?limit=200").await.text);
    answers.push(format!("{rows:?} {:?} {:?}", bed.console, rows[0]));
    for row in &rows {
        let private = signing_key::private_key(&bed.store.keys, id, row).unwrap();
        answers.push(format!("{private:?}"));
        for spelling in spellings(private.expose_secret()) {
            for answer in &answers {
                assert!(!answer.contains(&spelling), "{}: {answer}", row.algorithm);
            }
        }
        // The control: it would be found.
        let leak = format!("{:?}", private.expose_secret());
        assert!(spellings(private.expose_secret()).iter().any(|each| leak.contains(each)));
    }
    for answer in &answers[..answers.len() - rows.len()] {
        for member in ["\"d\"", "\"p\"", "\"q\"", "\"dp\"", "\"dq\"", "\"qi\"", "private_key\""] {
            assert!(!answer.contains(member), "{member}: {answer}");
        }
    }
}
