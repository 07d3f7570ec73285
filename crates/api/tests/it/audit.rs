//! Every change is recorded, with who, from where, and which fields; never their values.

use std::collections::BTreeMap;

use actix_web::http::Method;
use chrono::DateTime;
use serde_json::{Value, json};

use crate::isolation::{body, fill, furnish, in_order, is_operators, make_way, send};
use crate::support::{Bed, Caller, app};

/// The tenant's events, oldest first. The list has them by their ids, which order by the millisecond.
async fn events(tenant: &Caller) -> Vec<Value> {
    let mut events = tenant.get("audit-events?limit=200").await.items().to_vec();
    let at = |event: &Value| DateTime::parse_from_rfc3339(event["at"].as_str().unwrap()).unwrap();
    events.sort_by_key(at);
    events
}

async fn last(tenant: &Caller) -> Value {
    events(tenant).await.pop().unwrap()
}

#[actix_web::test]
async fn each_change_has_its_event() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let (app, source, user) = (tenant.app().await, tenant.source().await, tenant.user().await);
    tenant.put(&format!("apps/{app}/identity-sources/{source}"), json!({})).await.assert(200);
    tenant
        .patch(
            &format!("identity-sources/{source}"),
            json!({ "secret": "new", "login_only": false }),
        )
        .await
        .assert(200);
    let changed = last(&tenant).await;
    assert_eq!(changed["action"], "source.update");
    assert_eq!(changed["source"], source);
    // What stayed as it was has not changed.
    assert_eq!(changed["detail"], json!({ "changed": ["secret"] }));
    tenant.post(&format!("apps/{app}/secret"), json!({})).await.assert(201);
    tenant.patch(&format!("users/{user}"), json!({ "status": "suspended" })).await.assert(200);
    tenant.put("verification-files/WW_verify_a.txt", json!({ "content": "x" })).await.assert(200);
    tenant.post(&format!("identity-sources/{source}/test"), json!({})).await.assert(200);
    for path in [
        format!("apps/{app}/identity-sources/{source}"),
        format!("apps/{app}"),
        format!("identity-sources/{source}"),
        format!("users/{user}"),
        "verification-files/WW_verify_a.txt".to_owned(),
    ] {
        tenant.delete(&path).await.assert(204);
    }
    bed.operator().patch(&tenant.home, json!({ "display_name": "B" })).await.assert(200);
    let events = events(&tenant).await;
    let actions: Vec<_> = events.iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "tenant.create",
            "api_key.create",
            "app.create",
            "corp.create",
            "source.create",
            "link.put",
            "source.update",
            "app.secret.create",
            "user.update",
            "verification_file.put",
            "source.test",
            "link.delete",
            "app.delete",
            "source.delete",
            "user.delete",
            "verification_file.delete",
            "tenant.update",
        ]
    );
    for event in &events {
        assert_eq!(event["result"], "ok");
        assert_eq!(event["address"], "198.51.100.7");
        assert_eq!(event["trace"].as_str().unwrap().len(), 12);
    }
    let kinds: Vec<_> = events.iter().map(|event| event["actor_kind"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], kinds[2], kinds[16]), ("operator", "api_key", "operator"));
    let keys = tenant.get("api-keys").await;
    assert_eq!(events[2]["actor_id"], keys.items()[0]["id"]);
}

/// The ids of all events there are, of every tenant.
async fn event_ids(bed: &Bed) -> BTreeMap<String, Value> {
    let operator = bed.operator();
    let mut events = BTreeMap::new();
    for tenant in operator.get("tenants?limit=200").await.items() {
        let path = format!("tenants/{}/audit-events/export", tenant["id"].as_str().unwrap());
        for line in operator.get(&path).await.assert(200).text.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            events.insert(event["id"].as_str().unwrap().to_owned(), event);
        }
    }
    events
}

/// Attack R8. The operations are those of the API document, so that a new one without an event cannot
/// be forgotten.
#[actix_web::test]
async fn r8_every_operation_that_changes_something_has_one_event() {
    let bed = Bed::new().await;
    let (tenant, operator) = (bed.tenant("a.example").await, bed.operator());
    let ids = furnish(&tenant).await;
    let key = tenant.get("api-keys").await.items()[0]["id"].clone();
    let mut changes = 0;
    for (at, (method, template, id)) in in_order().into_iter().enumerate() {
        let (caller, kind, actor) = match is_operators(&template) {
            true => (&operator, "operator", Value::Null),
            false => (&tenant, "api_key", key.clone()),
        };
        make_way(&tenant, &id).await;
        let before = event_ids(&bed).await;
        let path = fill(&template, &ids);
        let answer = send(caller, method.clone(), &path, body(&id, &ids, at).as_ref()).await;
        assert!(answer.status.is_success(), "{method} {template}: {}", answer.text);
        let mut after = event_ids(&bed).await;
        after.retain(|id, _| !before.contains_key(id));
        let new: Vec<Value> = after.into_values().collect();
        // What was read has no event, and a tenant's events go with it: the program's log has that.
        if method == Method::GET || id == "deleteTenant" {
            assert_eq!(new, [] as [Value; 0], "{method} {template}");
            continue;
        }
        changes += 1;
        let [event] = new.as_slice() else { panic!("{method} {template}: {new:?}") };
        assert_eq!(event["result"], "ok", "{template}");
        assert_eq!(
            (&event["actor_kind"], &event["actor_id"]),
            (&json!(kind), &actor),
            "{template}"
        );
        assert_eq!(event["address"], "198.51.100.7", "{template}");
        assert_eq!(event["trace"].as_str().unwrap().len(), 12, "{template}");
        // It says of what: an id beside the tenant's own, or its name.
        let detail = event["detail"].as_object().unwrap();
        let named = ["app", "source", "user"].iter().any(|name| !event[name].is_null())
            || ["corp", "api_key", "initial_access_token", "name", "kid"]
                .iter()
                .any(|name| detail.contains_key(*name));
        let action = event["action"].as_str().unwrap();
        let of_many = action.starts_with("tenant.") || action.ends_with(".import");
        assert!(named || of_many, "{template}: {event}");
    }
    assert!(changes >= 20, "{changes}");
}

#[actix_web::test]
async fn what_was_refused_changed_nothing_and_has_no_event() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let before = tenant.get("audit-events").await.text;
    tenant.post("apps", json!({})).await.assert(422);
    tenant.delete("apps/00000000-0000-4000-8000-000000000000").await.assert(404);
    assert_eq!(tenant.get("audit-events").await.text, before);
}

#[actix_web::test]
async fn events_are_found_by_their_trace_code() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let trace = tenant.get("audit-events").await.items()[1]["trace"].as_str().unwrap().to_owned();
    let found = tenant.get(&format!("audit-events?trace={trace}")).await;
    assert_eq!(found.items().len(), 1);
    assert_eq!(found.items()[0]["action"], "api_key.create");
    assert!(tenant.get("audit-events?trace=NOSUCHTRACE0").await.items().is_empty());
}

/// Attack Q11.
#[actix_web::test]
async fn the_address_is_what_trusted_proxies_say() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for (peer, forwarded, expected) in [
        ("198.51.100.7:1", "1.2.3.4", "198.51.100.7"),
        ("10.0.0.1:1", "1.2.3.4, 198.51.100.9", "198.51.100.9"),
        ("10.0.0.1:1", "1.2.3.4, 198.51.100.9, 10.1.1.1", "198.51.100.9"),
        ("10.0.0.1:1", "<script>", "10.0.0.1"),
    ] {
        let request = tenant.request(Method::POST, "apps").json(&app()).peer(peer);
        request.header("X-Forwarded-For", forwarded).send().await.assert(201);
        assert_eq!(last(&tenant).await["address"], expected);
    }
    // A line that is no ASCII does not make the one before it the last.
    for (second, expected) in [("\u{fc}", "10.0.0.1"), ("\u{fc}, 198.51.100.9", "198.51.100.9")] {
        let request = tenant.request(Method::POST, "apps").json(&app()).peer("10.0.0.1:1");
        let request =
            request.header("X-Forwarded-For", "1.2.3.4").header("X-Forwarded-For", second);
        request.send().await.assert(201);
        assert_eq!(last(&tenant).await["address"], expected);
    }
}
