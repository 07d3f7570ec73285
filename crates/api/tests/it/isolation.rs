//! Nothing of one tenant is reached through another (attack N2). The operations are those of the API
//! document, so that a new one cannot be forgotten.

use std::collections::BTreeMap;

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::links_of_users::{link, named};
use crate::support::{Answer, Bed, Caller, app, initial_access_token, source, with};

/// The ids of everything that a tenant has, by the names of the document's path parameters.
pub(crate) type Ids = BTreeMap<String, String>;

pub(crate) async fn furnish(tenant: &Caller) -> Ids {
    let corp = tenant.corp().await;
    let source = tenant.post("identity-sources", source(&corp)).await.id();
    let app = tenant.app().await;
    tenant.put(&format!("apps/{app}/identity-sources/{source}"), json!({})).await.assert(200);
    let name = format!("WW_verify_{}.txt", tenant.tenant.replace('-', ""));
    let content = json!({ "content": "x" });
    tenant.put(&format!("verification-files/{name}"), content).await.assert(200);
    let callback = format!("corps/{corp}/contact-callback");
    tenant.request(Method::POST, &callback).send().await.assert(201);
    let key = tenant.post("api-keys", json!({ "display_name": "more" })).await.id();
    let user = tenant.user().await;
    let links = links(tenant, &user).await;
    let ids = [
        ("tenant", tenant.tenant.clone()),
        ("corp", corp),
        ("source", source),
        ("app", app),
        ("name", name),
        ("key", key),
        ("token", tenant.post("initial-access-tokens", initial_access_token()).await.id()),
        ("user", user),
        ("kid", tenant.post("signing-keys", json!({ "algorithm": "ES256" })).await.kid()),
        ("identifier", "wecom".to_owned()),
        ("product", "grafana".to_owned()),
    ];
    ids.into_iter().chain(links).map(|(name, id)| (name.to_owned(), id)).collect()
}

/// A second corp, the user's identity, and events in the journal: one that can be undone, and one that
/// can be restored.
async fn links(tenant: &Caller, user: &str) -> [(&'static str, String); 5] {
    let body = json!({ "corp_id": "wwsecond", "display_name": "Second" });
    let second = tenant.post("corps", body).await.id();
    let identities = tenant.get(&format!("users/{user}/identities")).await;
    let identity = identities.items()[0]["id"].as_str().unwrap().to_owned();
    named(tenant, "free").await;
    let (one, two) = (named(tenant, "one").await, named(tenant, "two").await);
    link(tenant, &one, &second, "one").await.assert(201);
    let gone = link(tenant, &two, &second, "two").await.id();
    tenant.delete(&format!("users/{two}/identities/{gone}")).await.assert(204);
    let event = async |query: &str, name: &str| {
        let events = tenant.get(&format!("link-events?{query}")).await;
        events.items()[0][name].as_str().unwrap().to_owned()
    };
    let of_one = format!("user={one}");
    [
        ("second", second),
        ("identity", identity),
        ("event", event(&of_one, "id").await),
        ("trace", event(&of_one, "trace").await),
        ("unlinked", event("kind=unlink", "id").await),
    ]
}

/// Every operation: method, path template, operation id.
pub(crate) fn operations() -> Vec<(Method, String, String)> {
    let document: Value = serde_json::from_str(&api::document_json()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let Some(id) = operation["operationId"].as_str() {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                operations.push((method, path.clone(), id.to_owned()));
            }
        }
    }
    assert!(operations.len() >= 40, "{}", operations.len());
    operations
}

pub(crate) fn fill(template: &str, ids: &Ids) -> String {
    let template = template.replace("{event}/restore", "{unlinked}/restore");
    let mut path = format!("/api/v1{template}");
    for (name, id) in ids {
        path = path.replace(&format!("{{{name}}}"), id);
    }
    path
}

/// A proper body, if the operation takes one.
pub(crate) fn body(operation: &str, ids: &Ids, fresh: usize) -> Option<Value> {
    let name = json!({ "display_name": "Changed" });
    Some(match operation {
        "createTenant" => json!({ "host": format!("n{fresh}.example"), "display_name": "N" }),
        "createCorp" => json!({ "corp_id": format!("wwn{fresh}"), "display_name": "N" }),
        "createIdentitySource" => {
            with(source(&ids["corp"]), json!({ "identifier": format!("n{fresh}") }))
        }
        "createApp" => app(),
        "createInitialAccessToken" => initial_access_token(),
        "createApiKey" | "updateTenant" | "updateCorp" | "updateApp" => name,
        "updateIdentitySource" => json!({ "login_only": true }),
        "updateUser" => json!({ "status": "active" }),
        "createSigningKey" => json!({ "algorithm": "RS256" }),
        "activateSigningKey" => json!({ "force": true }),
        "createUser" => json!({ "external_id": format!("n{fresh}"), "name": "N" }),
        "putUserPassword" => json!({ "password": "correct horse battery" }),
        // A line of JSON is one of JSON lines.
        "importUsers" => json!({ "external_id": format!("i{fresh}"), "name": "N" }),
        "linkIdentity" => json!({ "corp": ids["second"], "userid": format!("n{fresh}") }),
        "putIdentityStatus" => json!({ "status": "suspended" }),
        "importIdentities" => {
            json!({ "corp": ids["second"], "userid": format!("n{fresh}"), "username": "free" })
        }
        "simulateSignIn" => json!({ "app": ids["app"], "person": { "userid": "A" } }),
        "reportRules" => json!({}),
        "putAppIdentitySource" => json!({ "position": 7 }),
        "putTenantMessaging" => json!({ "support_contact": "IT 8888" }),
        "putTenantBranding" => json!({ "accent": "#123456" }),
        "putVerificationFile" => json!({ "content": "changed" }),
        _ => return None,
    })
}

pub(crate) async fn send(
    caller: &Caller,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    let mut request = caller.request(method, path).header("If-Match", "*");
    if let Some(body) = body {
        request = match path.ends_with("/import") {
            true => request.header("Content-Type", "application/x-ndjson").body(body.to_string()),
            false => request.json(body),
        };
    }
    request.send().await
}

/// Everything of a tenant that can be read, as bytes.
async fn everything(operator: &Caller, ids: &Ids) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (method, template, _) in operations() {
        if method == Method::GET && template.contains("{tenant}") {
            let mut path = fill(&template, ids);
            if template.ends_with("audit-events") {
                path.push_str("?limit=200");
            }
            let answer = operator.get(&path).await;
            answer.assert(200);
            all.insert(path, answer.text);
        }
    }
    all
}

#[actix_web::test]
async fn what_is_another_tenants_is_not_there() {
    let bed = Bed::new().await;
    let (own, other) = (bed.tenant("a.example").await, bed.tenant("b.example").await);
    let (own_ids, other_ids) = (furnish(&own).await, furnish(&other).await);
    let operator = bed.operator();
    let before = everything(&operator, &other_ids).await;
    for (at, (method, template, id)) in operations().into_iter().enumerate() {
        if !template.contains("{tenant}") {
            continue;
        }
        // The other tenant's path, with our key.
        let body = body(&id, &other_ids, at);
        let refused = send(&own, method.clone(), &fill(&template, &other_ids), body.as_ref()).await;
        let expected = if template == "/tenants/{tenant}" { 403 } else { 404 };
        refused.assert(expected);
        // Our path, with one of the other tenant's ids in each place.
        for name in [
            "corp", "source", "app", "key", "token", "kid", "user", "name", "identity", "event",
            "trace",
        ] {
            if !template.contains(&format!("{{{name}}}")) || id == "putVerificationFile" {
                continue;
            }
            let mut mixed = own_ids.clone();
            mixed.insert(name.to_owned(), other_ids[name].clone());
            if name == "event" {
                mixed.insert("unlinked".to_owned(), other_ids["unlinked"].clone());
            }
            let path = fill(&template, &mixed);
            for caller in [&own, &operator] {
                let refused = send(caller, method.clone(), &path, body.as_ref()).await;
                assert_eq!(refused.status, 404, "{method} {path}");
            }
        }
    }
    // Ids in bodies.
    let foreign = with(source(&other_ids["corp"]), json!({ "identifier": "mine" }));
    own.post("identity-sources", foreign).await.assert_errors(&[("/corp", "unknown")]);
    assert_eq!(everything(&operator, &other_ids).await, before);
}

/// Every operation, so that each finds what it needs: what takes something away comes last, and the
/// inner before the outer.
pub(crate) fn in_order() -> Vec<(Method, String, String)> {
    let mut operations = operations();
    operations.sort_by_key(|(method, template, id)| {
        let removed = *method == Method::DELETE;
        let depth = if removed { usize::MAX - template.matches('/').count() } else { 0 };
        (removed, depth, id == "deleteCorp")
    });
    operations
}

/// Whether only the operator may do that.
pub(crate) fn is_operators(template: &str) -> bool {
    matches!(template, "/tenants" | "/tenants/{tenant}")
}

/// Takes away what was made along the way and would be in the way of an operation.
pub(crate) async fn make_way(tenant: &Caller, operation: &str) {
    if operation == "deleteCorp" {
        for source in tenant.get("identity-sources").await.items() {
            let id = source["id"].as_str().unwrap();
            tenant.delete(&format!("identity-sources/{id}")).await.assert(204);
        }
    }
}

/// The control: with the right key, every operation does what it says.
#[actix_web::test]
async fn what_is_ones_own_is_there() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let operator = bed.operator();
    let ids = furnish(&tenant).await;
    for (at, (method, template, id)) in in_order().into_iter().enumerate() {
        let caller = if is_operators(&template) { &operator } else { &tenant };
        let body = body(&id, &ids, at);
        make_way(&tenant, &id).await;
        let answer = send(caller, method.clone(), &fill(&template, &ids), body.as_ref()).await;
        assert!(answer.status.is_success(), "{method} {template}: {}", answer.text);
    }
}
