//! A rotation of a tenant's keys by the console, at once: what its apps have not seen begins to sign.

use e2e::Tenant;
use serde_json::json;

/// Makes a new key of an algorithm and lets it sign: its id, as soon as every node signs by it.
pub(crate) async fn rotate(tenant: &Tenant, algorithm: &str) -> String {
    let body = json!({ "algorithm": algorithm });
    let made = tenant.admin.post(&tenant.path("/signing-keys"), body).await;
    let kid = made["kid"].as_str().unwrap().to_owned();
    let path = tenant.path(&format!("/signing-keys/{kid}/activate"));
    tenant.admin.post(&path, json!({ "force": true })).await;
    tenant.until_signing(&kid).await;
    kid
}
