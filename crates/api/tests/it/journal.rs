//! The journal of links, undo and restore, and what a trace code leads to.

use chrono::{DateTime, FixedOffset};
use serde_json::{Value, json};
use store::session::SignedInBy;

use crate::links_of_users::{assert_conflict, by, is_alive, link, named, session};
use crate::support::{Answer, Bed, Caller};

/// A tenant with a source, and the id of its corp.
async fn tenant(bed: &Bed) -> (Caller, String, String) {
    let tenant = bed.tenant("a.example").await;
    let source = tenant.source().await;
    let corp = tenant.get("corps").await.items()[0]["id"].as_str().unwrap().to_owned();
    (tenant, source, corp)
}

/// The last event of the journal, which is listed by ids: they order by the millisecond.
async fn last(tenant: &Caller) -> Value {
    let mut events = tenant.get("link-events?limit=200").await.items().to_vec();
    events.sort_by_key(at);
    events.pop().unwrap()
}

pub(crate) fn at(event: &Value) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(event["at"].as_str().unwrap()).unwrap()
}

async fn act(tenant: &Caller, event: &Value, what: &str) -> Answer {
    let path = format!("link-events/{}/{what}", event["id"].as_str().unwrap());
    tenant.post(&path, json!({})).await
}

async fn identities(tenant: &Caller, user: &str) -> usize {
    tenant.get(&format!("users/{user}/identities")).await.items().len()
}

#[actix_web::test]
async fn the_journal_is_read_by_user_corp_kind_and_time() {
    let bed = Bed::new().await;
    let (tenant, _, corp) = tenant(&bed).await;
    let (one, other) = (named(&tenant, "one").await, named(&tenant, "other").await);
    link(&tenant, &one, &corp, "One").await.assert(201);
    let second = link(&tenant, &other, &corp, "Other").await.assert(201).id();
    tenant.delete(&format!("users/{other}/identities/{second}")).await.assert(204);
    let count = async |query: &str| tenant.get(&format!("link-events?{query}")).await.items().len();
    assert_eq!(count("").await, 3);
    assert_eq!(count(&format!("user={other}")).await, 2);
    assert_eq!(count(&format!("corp={corp}&kind=link")).await, 2);
    assert_eq!(count("kind=unlink").await, 1);
    assert_eq!(count("since=2020-01-01T00:00:00Z").await, 3);
    assert_eq!(count("since=2999-01-01T00:00:00Z").await, 0);
    for wrong in ["user=x", "corp=x", &format!("corp={one}"), "kind=x", "since=x", "other=x"] {
        let answer = tenant.get(&format!("link-events?{wrong}")).await;
        answer.assert_problem(400, "malformed_request");
    }
    let event = last(&tenant).await;
    let read = tenant.get(&format!("link-events/{}", event["id"].as_str().unwrap())).await;
    assert_eq!(read.assert(200).body, event);
    assert_eq!(
        (&event["kind"], &event["user"], &event["userid"], &event["rule"]),
        (&json!("unlink"), &json!(other), &json!("Other"), &json!("console"))
    );
    assert_eq!(event["actor_kind"], "api_key");
    let stranger = bed.tenant("b.example").await;
    let path = format!(
        "/api/v1/tenants/{}/link-events/{}",
        stranger.tenant,
        event["id"].as_str().unwrap()
    );
    stranger.get(&path).await.assert(404);
    stranger.post(&format!("{path}/undo"), json!({})).await.assert(404);
}

#[actix_web::test]
async fn an_undo_takes_the_link_away_and_ends_all_sessions_once() {
    let bed = Bed::new().await;
    let (tenant, source, corp) = tenant(&bed).await;
    let user = named(&tenant, "one").await;
    let identity = link(&tenant, &user, &corp, "Wrong").await.id();
    let made = last(&tenant).await;
    let sessions = [
        session(&tenant, &user, by(&source, &identity)).await,
        session(&tenant, &user, SignedInBy::Password).await,
    ];
    let other = named(&tenant, "other").await;
    let others = session(&tenant, &other, SignedInBy::Password).await;
    tenant.patch(&format!("users/{user}"), json!({ "status": "active" })).await.assert(200);

    let undone = act(&tenant, &made, "undo").await;
    undone.assert(200);
    assert_eq!((&undone.body["user"], &undone.body["stranded"]), (&json!(user), &json!(false)));
    let since = undone.body["since_then"].as_array().unwrap();
    assert_eq!(since.len(), 1, "{since:?}");
    assert_eq!(since[0]["action"], "user.update");
    for token in &sessions {
        assert!(!is_alive(&tenant, token).await);
    }
    assert!(is_alive(&tenant, &others).await, "nobody else is signed out");
    assert_eq!(identities(&tenant, &user).await, 0);
    assert_conflict(&act(&tenant, &made, "undo").await, "already_undone");
    let marked = tenant.get(&format!("link-events/{}", made["id"].as_str().unwrap())).await;
    assert_eq!(marked.body["undone_by"], undone.body["event"]);
    let undo = last(&tenant).await;
    assert_eq!((&undo["kind"], &undo["id"]), (&json!("undo"), &undone.body["event"]));
    assert_eq!(undo["evidence"], json!({ "event": made["id"] }));
    assert_conflict(&act(&tenant, &undo, "undo").await, "wrong_kind");
    assert_conflict(&act(&tenant, &made, "restore").await, "wrong_kind");
    // The control: the right person can be linked, and signs in to their own.
    link(&tenant, &user, &corp, "Right").await.assert(201);
}

#[actix_web::test]
async fn what_was_taken_away_is_put_back_once() {
    let bed = Bed::new().await;
    let (tenant, _, corp) = tenant(&bed).await;
    let (user, other) = (named(&tenant, "one").await, named(&tenant, "other").await);
    link(&tenant, &user, &corp, "One").await.assert(201);
    act(&tenant, &last(&tenant).await, "undo").await.assert(200);
    let undo = last(&tenant).await;
    let restored = act(&tenant, &undo, "restore").await;
    restored.assert(200);
    assert_eq!(restored.body["identity"]["userid"], "One");
    assert_eq!(restored.body["user"], user.as_str());
    assert_conflict(&act(&tenant, &undo, "restore").await, "already_undone");
    let restore = last(&tenant).await;
    assert_eq!(restore["kind"], "restore");
    // A restore makes a link, which can be wrong again.
    act(&tenant, &restore, "undo").await.assert(200);
    let undo = last(&tenant).await;
    // Linked elsewhere meanwhile.
    link(&tenant, &other, &corp, "one").await.assert(201);
    let refused = act(&tenant, &undo, "restore").await;
    assert_conflict(&refused, "linked_elsewhere");
    assert!(refused.body["detail"].as_str().unwrap().contains(&other));
    let path = format!("users/{other}/identities");
    let taken = tenant.get(&path).await.items()[0]["id"].as_str().unwrap().to_owned();
    tenant.delete(&format!("{path}/{taken}")).await.assert(204);
    // The user got another identity of the corp, or was suspended.
    link(&tenant, &user, &corp, "Second").await.assert(201);
    assert_conflict(&act(&tenant, &undo, "restore").await, "second_identity");
    let status = |status: &str| {
        let (tenant, user, body) = (tenant.clone(), user.clone(), json!({ "status": status }));
        async move { tenant.patch(&format!("users/{user}"), body).await.assert(200).clone() }
    };
    status("suspended").await;
    assert_conflict(&act(&tenant, &undo, "restore?allow_second=true").await, "suspended");
    status("active").await;
    act(&tenant, &undo, "restore?allow_second=true").await.assert(200);
    assert_eq!(identities(&tenant, &user).await, 2);
}

#[actix_web::test]
async fn a_link_that_another_event_made_is_not_undone() {
    let bed = Bed::new().await;
    let (tenant, _, corp) = tenant(&bed).await;
    let user = named(&tenant, "one").await;
    let first = link(&tenant, &user, &corp, "One").await.id();
    let old = last(&tenant).await;
    tenant.delete(&format!("users/{user}/identities/{first}")).await.assert(204);
    assert_conflict(&act(&tenant, &old, "undo").await, "superseded");
    link(&tenant, &user, &corp, "one").await.assert(201);
    assert_conflict(&act(&tenant, &old, "undo").await, "superseded");
    assert_eq!(identities(&tenant, &user).await, 1);
    act(&tenant, &last(&tenant).await, "undo").await.assert(200);
    assert_eq!(identities(&tenant, &user).await, 0);
    tenant.delete(&format!("users/{user}")).await.assert(204);
    assert_conflict(&act(&tenant, &last(&tenant).await, "restore").await, "deleted");
}

#[actix_web::test]
async fn a_trace_code_leads_to_its_steps_with_names() {
    let bed = Bed::new().await;
    let (tenant, _, corp) = tenant(&bed).await;
    let user = tenant.user().await;
    let path = format!("users/{user}/identities?allow_second=true");
    tenant.post(&path, json!({ "corp": corp, "userid": "One" })).await.assert(201);
    let trace = last(&tenant).await["trace"].as_str().unwrap().to_owned();
    for typed in [trace.clone(), trace.to_lowercase()] {
        let found = tenant.get(&format!("traces/{typed}")).await;
        assert_eq!(found.assert(200).body["trace"], trace.as_str());
        let steps = found.body["steps"].as_array().unwrap();
        let said: Vec<_> = steps.iter().map(|step| (&step["of"], &step["action"])).collect();
        assert_eq!(
            said,
            [(&json!("links"), &json!("link")), (&json!("audit"), &json!("identity.link"))]
        );
        for step in steps {
            assert_eq!(step["user"], json!({ "id": user, "name": "Zhang San" }));
        }
        assert_eq!(steps[0]["person"]["userid"], "One");
    }
    for unknown in ["7J4Q2M9XK0TB", "a%00b", "a.b"] {
        tenant.get(&format!("traces/{unknown}")).await.assert(404);
    }
    bed.tenant("b.example").await.get(&format!("traces/{trace}")).await.assert(404);
}
