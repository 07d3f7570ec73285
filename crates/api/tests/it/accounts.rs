//! Accounts as administrators make, change and close them.

use actix_web::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};
use store::id::TenantId;
use store::secret::SecretHash;
use store::session::{self, Device, NewSession, SignedInBy};

use crate::support::{Bed, Caller, with};

const PASSWORD: &str = "CANARY correct horse battery";

fn zhang() -> Value {
    json!({
        "name": "张三", "username": "ZhangSan", "external_id": "A-0017",
        "email": "San.Zhang@Acme.example", "email_verified": true, "phone_number": "138 0000 0001",
    })
}

async fn made(tenant: &Caller, body: Value) -> Value {
    let made = tenant.post("users", body).await;
    made.assert(201);
    made.body
}

fn path(user: &Value) -> String {
    format!("users/{}", user["id"].as_str().unwrap())
}

/// Signs somebody in; the hash of the cookie.
async fn sign_in(tenant: &Caller, user: &Value, cookie: &str) -> SecretHash {
    let (id, store): (TenantId, _) = (tenant.tenant.parse().unwrap(), &tenant.bed.store);
    let (token, device) = (SecretHash::of(cookie), Device::default());
    let life = TimeDelta::hours(1);
    let new =
        NewSession { by: SignedInBy::Password, device: &device, token: &token, life, idle: life };
    let user = user["id"].as_str().unwrap().parse().unwrap();
    let mut tx = store.begin(id).await.unwrap();
    session::create(&mut tx, &store.env, user, new).await.unwrap();
    tx.commit().await.unwrap();
    token
}

async fn is_alive(tenant: &Caller, token: &SecretHash) -> bool {
    let (id, store) = (tenant.tenant.parse().unwrap(), &tenant.bed.store);
    session::find(&mut store.tenant(id), &store.env, token).await.unwrap().is_some()
}

async fn last_event(tenant: &Caller) -> Value {
    tenant.get("audit-events?limit=200").await.items().last().unwrap().clone()
}

#[actix_web::test]
async fn an_account_is_made_and_shown() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let answer = tenant.post("users", with(zhang(), json!({ "password": PASSWORD }))).await;
    let user = &answer.assert(201).body;
    assert_eq!(answer.header("location"), format!("{}/{}", tenant.home, path(user)));
    let seen = tenant.get(&path(user)).await;
    assert_eq!(seen.body, *user);
    assert_eq!(seen.header("etag"), answer.header("etag"));
    for (field, value) in [
        ("name", json!("张三")),
        ("username", json!("ZhangSan")),
        ("external_id", json!("A-0017")),
        // In its normal form.
        ("email", json!("San.Zhang@acme.example")),
        ("email_verified", json!(true)),
        ("phone_number", json!("+8613800000001")),
        ("phone_number_verified", json!(false)),
        ("origin", json!("console")),
        ("status", json!("active")),
        ("has_password", json!(true)),
        ("last_sign_in_at", Value::Null),
        ("version", json!(1)),
    ] {
        assert_eq!(user[field], value, "{field}");
    }
    // Neither in an answer nor in an event.
    assert!(!tenant.get("audit-events?limit=200").await.text.contains("CANARY"));
    assert_eq!(last_event(&tenant).await["action"], "user.create");
    sign_in(&tenant, user, "a").await;
    let seen = tenant.get(&path(user)).await;
    assert!(seen.body["last_sign_in_at"].is_string(), "{}", seen.text);
    assert_eq!(tenant.get("users").await.items()[0], seen.body);
    // Nothing is needed of a person.
    made(&tenant, json!({})).await;
}

#[actix_web::test]
async fn a_repeated_call_makes_one_account() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let send = async |body: Value| {
        let request = tenant.request(Method::POST, "users").header("Idempotency-Key", "k1");
        request.json(&body).send().await
    };
    let body = with(zhang(), json!({ "password": PASSWORD }));
    let (first, again) = (send(body.clone()).await, send(body).await);
    assert_eq!(first.assert(201).body, again.assert(201).body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    send(zhang()).await.assert_problem(422, "idempotency_key_reused");
    assert_eq!(tenant.get("users").await.items().len(), 1);
}

#[actix_web::test]
async fn every_flaw_is_named() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let body = json!({
        "name": " ", "username": "a b", "external_id": "x".repeat(65), "email": "sаn@acme.example",
        "email_verified": "yes", "phone_number": "12345", "password": "short", "status": "active",
    });
    tenant.post("users", body).await.assert_errors(&[
        ("/email", "format"),
        ("/email_verified", "type"),
        ("/external_id", "length"),
        ("/name", "length"),
        ("/password", "too_short"),
        ("/phone_number", "format"),
        ("/status", "unknown_field"),
        ("/username", "format"),
    ]);
    let marks = json!({ "email_verified": true, "phone_number_verified": true });
    tenant.post("users", marks).await.assert_errors(&[
        ("/email_verified", "without_value"),
        ("/phone_number_verified", "without_value"),
    ]);
    for password in ["San.Zhang 2027", "xx ZhangSan xx", "xx 00000001 yy", "password123"] {
        let refused = tenant.post("users", with(zhang(), json!({ "password": password }))).await;
        assert_eq!(refused.assert(422).errors()[0].0, "/password", "{password}");
        assert!(!refused.text.contains(password), "{}", refused.text);
    }
    assert!(tenant.get("users").await.items().is_empty());
}

#[actix_web::test]
async fn what_somebody_has_is_named_in_the_conflict() {
    let bed = Bed::new().await;
    let (tenant, other) = (bed.tenant("a.example").await, bed.tenant("b.example").await);
    made(&tenant, with(zhang(), json!({ "phone_number_verified": true }))).await;
    let li = made(&tenant, json!({ "name": "Li Si" })).await;
    for (body, field) in [
        (json!({ "username": "ＺＨＡＮＧＳＡＮ" }), "/username"),
        (json!({ "external_id": "a-0017" }), "/external_id"),
        (json!({ "email": "san.zhang@ACME.example", "email_verified": true }), "/email"),
        (
            json!({ "phone_number": "+8613800000001", "phone_number_verified": true }),
            "/phone_number",
        ),
    ] {
        let create = tenant.post("users", body.clone()).await;
        let change = tenant.patch(&path(&li), body).await;
        for refused in [create, change] {
            refused.assert_problem(409, "conflict");
            assert_eq!(refused.body["errors"][0]["pointer"], field);
            assert_eq!(refused.body["errors"][0]["code"], "taken");
        }
    }
    // What is not verified says nothing.
    let same = json!({ "email": "san.zhang@acme.example", "phone_number": "13800000001" });
    made(&tenant, same.clone()).await;
    tenant.patch(&path(&li), same).await.assert(200);
    // Another tenant has its own people (N2).
    made(&other, zhang()).await;
    assert_eq!(other.get("users").await.items().len(), 1);
}

#[actix_web::test]
async fn a_merge_patch_changes_what_it_names() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let user = made(&tenant, zhang()).await;
    let path = path(&user);
    let changed = tenant.patch(&path, json!({ "name": "张三丰", "username": null })).await;
    assert_eq!(changed.assert(200).body["version"], 2);
    let event = last_event(&tenant).await;
    assert_eq!(event["detail"], json!({ "changed": ["name", "username"] }));
    let mut expected = with(user, json!({ "name": "张三丰", "username": null, "version": 2 }));
    expected["updated_at"] = changed.body["updated_at"].clone();
    assert_eq!(changed.body, expected);
    // Nothing new: no version, no event.
    let same = tenant.patch(&path, json!({ "name": "张三丰" })).await;
    assert_eq!(same.assert(200).body, expected);
    tenant.patch(&path, json!({})).await.assert(200);
    assert_eq!(last_event(&tenant).await, event);
    // Another's change is not overwritten.
    let request = tenant.request(Method::PATCH, &path).header("If-Match", "\"1\"");
    request.json(&json!({ "name": "x" })).send().await.assert_problem(412, "stale");
    tenant.patch(&path, json!({ "password": PASSWORD })).await.assert(422);
}

#[actix_web::test]
async fn a_new_value_is_not_verified_unless_somebody_says_so() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let body = with(zhang(), json!({ "phone_number_verified": true }));
    let path = path(&made(&tenant, body).await);
    let marks = async |patch: Value| {
        let body = tenant.patch(&path, patch).await.assert(200).body.clone();
        (body["email_verified"] == true, body["phone_number_verified"] == true)
    };
    // The same address, written otherwise.
    assert_eq!(marks(json!({ "email": "SAN.zhang@acme.example" })).await, (true, true));
    assert_eq!(marks(json!({ "email": "other@acme.example" })).await, (false, true));
    assert_eq!(marks(json!({ "email_verified": true })).await, (true, true));
    let both =
        json!({ "email": "third@acme.example", "email_verified": true, "phone_number": null });
    assert_eq!(marks(both).await, (true, false));
    let nothing = json!({ "phone_number_verified": true });
    tenant
        .patch(&path, nothing)
        .await
        .assert_errors(&[("/phone_number_verified", "without_value")]);
    let phone = json!({ "phone_number": "13900000001", "phone_number_verified": true });
    assert_eq!(marks(phone).await, (true, true));
    assert_eq!(marks(json!({ "email_verified": null })).await, (false, true));
}

/// What WeCom gave may have no normal form; it is not lost when something else changes.
#[actix_web::test]
async fn what_has_no_normal_form_stays() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let (id, env) = (tenant.tenant.parse().unwrap(), &bed.store.env);
    let mut tx = bed.store.begin(id).await.unwrap();
    let profile = store::user::Profile { phone_number: Some("8001".into()), ..Default::default() };
    let user = store::user::create(&mut tx, env, &profile).await.unwrap();
    tx.commit().await.unwrap();
    let path = format!("users/{}", user.id);
    let named = tenant.patch(&path, json!({ "name": "Li Si", "status": "active" })).await;
    assert_eq!(named.assert(200).body["phone_number"], "8001");
    assert_eq!(named.body["origin"], "console");
    let cleared = tenant.patch(&path, json!({ "phone_number": null })).await;
    assert_eq!(cleared.assert(200).body["phone_number"], Value::Null);
}

#[actix_web::test]
async fn m8_another_identifier_or_password_ends_every_session() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let user = made(&tenant, zhang()).await;
    let (path, other) = (path(&user), made(&tenant, json!({})).await);
    let bystander = sign_in(&tenant, &other, "bystander").await;
    let password = format!("{path}/password");
    for (at, (method, path, body)) in [
        (Method::PATCH, &path, json!({ "email": "new@acme.example" })),
        (Method::PATCH, &path, json!({ "phone_number": "13900000001" })),
        (Method::PATCH, &path, json!({ "email_verified": true })),
        (Method::PATCH, &path, json!({ "email_verified": false })),
        (Method::PATCH, &path, json!({ "username": "zhangsan2" })),
        (Method::PATCH, &path, json!({ "username": null })),
        (Method::PATCH, &path, json!({ "status": "suspended" })),
        (Method::PATCH, &path, json!({ "status": "active" })),
        (Method::PUT, &password, json!({ "password": PASSWORD })),
        (Method::DELETE, &password, json!({})),
        (Method::POST, &format!("{path}/sign-out"), json!({})),
    ]
    .into_iter()
    .enumerate()
    {
        let token = sign_in(&tenant, &user, &format!("cookie {at}")).await;
        let request = tenant.request(method.clone(), path).header("If-Match", "*");
        let answer = request.json(&body).send().await;
        assert!(answer.status.is_success(), "{}", answer.text);
        // A mark that is given says nothing against who is signed in.
        let stays = body == json!({ "email_verified": true });
        assert_eq!(is_alive(&tenant, &token).await, stays, "{method} {path} {body}");
    }
    // The control: what nobody is found by ends nothing, and nobody else is signed out.
    let token = sign_in(&tenant, &user, "control").await;
    for body in [json!({ "name": "x" }), json!({ "external_id": "A-0018" }), json!({})] {
        tenant.patch(&path, body).await.assert(200);
    }
    assert!(is_alive(&tenant, &token).await);
    assert!(is_alive(&tenant, &bystander).await);
}

#[actix_web::test]
async fn a_password_is_set_and_taken_away() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let user = made(&tenant, zhang()).await;
    let (path, id) = (path(&user), tenant.tenant.parse().unwrap());
    let password = format!("{path}/password");
    tenant.delete(&password).await.assert(404);
    let before = tenant.get(&path).await;
    let refused = tenant.put(&password, json!({ "password": "San.Zhang 2027" })).await;
    refused.assert_errors(&[("/password", "personal")]);
    tenant
        .put(&password, json!({ "password": 1, "x": 1 }))
        .await
        .assert_errors(&[("/password", "type"), ("/x", "unknown_field")]);
    tenant.put(&password, json!({ "password": PASSWORD })).await.assert(204);
    let event = last_event(&tenant).await;
    assert_eq!((&event["action"], &event["user"]), (&json!("user.password.set"), &user["id"]));
    let (mut scope, user_id) = (bed.store.tenant(id), user["id"].as_str().unwrap());
    let stored = store::password::find(&mut scope, user_id.parse().unwrap());
    let stored = stored.await.unwrap().unwrap();
    assert!(stored.hash.starts_with("$argon2id$") && !stored.hash.contains("CANARY"));
    let passwords = password::Passwords::new(password::Settings::default()).unwrap();
    let verdict = passwords.verify(PASSWORD.into(), Some(stored.hash)).await.unwrap();
    assert!(matches!(verdict, password::Verdict::Right { .. }));
    // Whoever has the older representation gets a new one.
    let request = tenant.request(Method::GET, &path).header("If-None-Match", before.header("etag"));
    let seen = request.send().await;
    assert_eq!(seen.assert(200).body["has_password"], true);
    tenant.delete(&password).await.assert(204);
    assert_eq!(last_event(&tenant).await["action"], "user.password.delete");
    assert_eq!(tenant.get(&path).await.body["has_password"], false);
    tenant.delete(&path).await.assert(204);
    tenant.put(&password, json!({ "password": PASSWORD })).await.assert_problem(409, "conflict");
}

#[actix_web::test]
async fn sessions_are_listed_and_ended() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let user = made(&tenant, zhang()).await;
    let path = path(&user);
    let tokens = [sign_in(&tenant, &user, "a").await, sign_in(&tenant, &user, "b").await];
    let sessions = tenant.get(&format!("{path}/sessions")).await;
    assert_eq!(sessions.assert(200).items().len(), 2);
    assert_eq!(sessions.items()[0]["method"], "password");
    assert!(!sessions.text.contains("token"), "{}", sessions.text);
    tenant.post(&format!("{path}/sign-out"), json!({ "x": 1 })).await.assert(422);
    tenant.post(&format!("{path}/sign-out"), json!({})).await.assert(204);
    assert!(tenant.get(&format!("{path}/sessions")).await.items().is_empty());
    for token in &tokens {
        assert!(!is_alive(&tenant, token).await);
    }
    let event = last_event(&tenant).await;
    assert_eq!(
        (&event["action"], &event["detail"]),
        (&json!("user.sign_out"), &json!({ "sessions": 2 }))
    );
}

#[actix_web::test]
async fn a_password_is_nothing_that_the_person_is_known_by() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let known = json!({
        "name": "Wang Xiaowu Junior", "username": "wang.xiaowu", "external_id": "EMP-2026-0017",
        "email": "xiaowu.wang@acme.example", "phone_number": "13800000017",
    });
    let path = path(&made(&tenant, known.clone()).await);
    for (name, value) in known.as_object().unwrap() {
        let password = json!({ "password": value });
        let refused = tenant.put(&format!("{path}/password"), password.clone()).await;
        assert_eq!(refused.status, 422, "{name}: {}", refused.text);
        refused.assert_errors(&[("/password", "personal")]);
        let own = with(json!({ name: value }), password);
        tenant.post("users", own).await.assert_errors(&[("/password", "personal")]);
    }
    // The control.
    tenant.put(&format!("{path}/password"), json!({ "password": PASSWORD })).await.assert(204);
}
