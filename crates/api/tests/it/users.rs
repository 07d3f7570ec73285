//! Users and their identities.

use serde_json::{Value, json};
use store::session::{Device, NewSession, SignedInBy};

use crate::support::Bed;

#[actix_web::test]
async fn a_user_is_suspended_and_let_in_again() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let path = format!("users/{}", tenant.user().await);
    let suspended = tenant.patch(&path, json!({ "status": "suspended" })).await;
    assert_eq!(suspended.assert(200).body["status"], "suspended");
    assert_eq!(suspended.body["version"], 2);
    assert!(tenant.get("users?status=active").await.items().is_empty());
    assert_eq!(tenant.get("users?status=suspended").await.items().len(), 1);
    tenant.patch(&path, json!({ "status": "active" })).await.assert(200);
    for status in [json!("deleted"), json!("happy")] {
        tenant
            .patch(&path, json!({ "status": status }))
            .await
            .assert_errors(&[("/status", "choice")]);
    }
    let wrong = tenant.patch(&path, json!({ "nmae": "x" })).await;
    wrong.assert_errors(&[("/nmae", "unknown_field")]);
    tenant.patch(&path, json!({ "status": null })).await.assert_errors(&[("/status", "required")]);
}

#[actix_web::test]
async fn suspending_ends_every_session() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let user = tenant.user().await;
    let id = tenant.tenant.parse().unwrap();
    let token = store::secret::SecretHash::of("cookie");
    let mut tx = bed.store.begin(id).await.unwrap();
    let user_id = user.parse().unwrap();
    let new = NewSession {
        by: SignedInBy::Password,
        device: &Device::default(),
        token: &token,
        life: chrono::TimeDelta::hours(1),
        idle: chrono::TimeDelta::hours(1),
    };
    store::session::create(&mut tx, &bed.store.env, user_id, new).await.unwrap();
    tx.commit().await.unwrap();
    let alive = async || {
        let mut scope = bed.store.tenant(id);
        store::session::find(&mut scope, &bed.store.env, &token).await.unwrap().is_some()
    };
    assert!(alive().await);
    tenant.patch(&format!("users/{user}"), json!({ "status": "suspended" })).await.assert(200);
    tenant.patch(&format!("users/{user}"), json!({ "status": "active" })).await.assert(200);
    assert!(!alive().await);
}

#[actix_web::test]
async fn a_deleted_user_leaves_a_tombstone() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let path = format!("users/{}", tenant.user().await);
    let identities = tenant.get(&format!("{path}/identities")).await;
    assert_eq!(identities.assert(200).items()[0]["userid"], "ZhangSan");
    tenant.delete(&path).await.assert(204);
    let tombstone = tenant.get(&path).await;
    assert_eq!(tombstone.assert(200).body["status"], "deleted");
    assert_eq!(tombstone.body["name"], Value::Null);
    assert!(tenant.get(&format!("{path}/identities")).await.items().is_empty());
    assert!(tenant.get("users").await.items().is_empty());
    assert_eq!(tenant.get("users?status=deleted").await.items().len(), 1);
    tenant.patch(&path, json!({ "status": "active" })).await.assert_problem(409, "conflict");
    tenant.delete(&path).await.assert_problem(409, "conflict");
}
