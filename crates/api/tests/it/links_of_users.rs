//! Links between users and upstream persons, by hand and in bulk.

use actix_web::http::Method;
use chrono::TimeDelta;
use serde_json::{Value, json};
use store::account::{self, AccountSettings};
use store::id::{IdentityId, SourceId, TenantId, UserId};
use store::normal::Handle;
use store::secret::SecretHash;
use store::session::{self, Device, NewSession, SignedInBy};

use crate::support::{Answer, Bed, Caller, source, with};

/// An account as an administrator made it.
pub(crate) async fn account(tenant: &Caller, settings: AccountSettings) -> String {
    let store = &tenant.bed.store;
    let mut tx = store.begin(tenant_id(tenant)).await.unwrap();
    let user = account::create(&mut tx, &store.env, &settings).await.unwrap();
    tx.commit().await.unwrap();
    user.id.to_string()
}

/// An account with this external id and user name.
pub(crate) async fn named(tenant: &Caller, name: &str) -> String {
    let settings = AccountSettings {
        external_id: Some(Handle::parse(&format!("A-{name}")).unwrap()),
        username: Some(Handle::parse(name).unwrap()),
        ..AccountSettings::default()
    };
    account(tenant, settings).await
}

fn tenant_id(tenant: &Caller) -> TenantId {
    tenant.tenant.parse().unwrap()
}

const HOUR: TimeDelta = TimeDelta::hours(1);

/// Somebody signs in as the user: the hash of the session's cookie.
pub(crate) async fn session(tenant: &Caller, user: &str, by: SignedInBy) -> SecretHash {
    let store = &tenant.bed.store;
    let token = SecretHash::of(&store.env.alphanumeric(20).unwrap());
    let device = Device::default();
    let new = NewSession { by, device: &device, token: &token, life: HOUR, idle: HOUR };
    let mut tx = store.begin(tenant_id(tenant)).await.unwrap();
    let user: UserId = user.parse().unwrap();
    session::create(&mut tx, &store.env, user, new).await.unwrap();
    tx.commit().await.unwrap();
    token
}

/// Whether the session is alive.
pub(crate) async fn is_alive(tenant: &Caller, token: &SecretHash) -> bool {
    let store = &tenant.bed.store;
    let mut scope = store.tenant(tenant_id(tenant));
    session::find(&mut scope, &store.env, token).await.unwrap().is_some()
}

/// By this source and identity.
pub(crate) fn by(source: &str, identity: &str) -> SignedInBy {
    let (source, identity): (SourceId, IdentityId) =
        (source.parse().unwrap(), identity.parse().unwrap());
    SignedInBy::Source(source, identity)
}

/// A person is linked to a user by hand.
pub(crate) async fn link(tenant: &Caller, user: &str, corp: &str, userid: &str) -> Answer {
    let path = format!("users/{user}/identities");
    tenant.post(&path, json!({ "corp": corp, "userid": userid })).await
}

/// The codes of a conflict.
#[track_caller]
pub(crate) fn assert_conflict(answer: &Answer, code: &str) {
    answer.assert_problem(409, "conflict");
    assert_eq!(answer.body["errors"][0]["code"], code, "{}", answer.text);
}

#[actix_web::test]
async fn a_person_is_linked_once_whatever_the_case() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    let (one, other) = (named(&tenant, "one").await, named(&tenant, "other").await);
    let made = link(&tenant, &one, &corp, "ZhangSan").await;
    made.assert(201);
    assert_eq!(
        (&made.body["userid"], &made.body["status"]),
        (&json!("ZhangSan"), &json!("active"))
    );
    assert_eq!(made.body["corp_id"], "ww1a2b3c4d5e6f7890");
    for same in ["ZhangSan", "zhangsan", "ZHANGSAN"] {
        let again = link(&tenant, &one, &corp, same).await;
        assert_eq!(again.assert(200).id(), made.id());
        let elsewhere = link(&tenant, &other, &corp, same).await;
        assert_conflict(&elsewhere, "linked_elsewhere");
        assert!(elsewhere.body["detail"].as_str().unwrap().contains(&one), "{}", elsewhere.text);
    }
    let second = link(&tenant, &one, &corp, "LiSi").await;
    assert_conflict(&second, "second_identity");
    let path = format!("users/{one}/identities?allow_second=true");
    tenant.post(&path, json!({ "corp": corp, "userid": "LiSi" })).await.assert(201);
    let identities = tenant.get(&format!("users/{one}/identities")).await;
    assert_eq!(identities.items().len(), 2);
    let path = format!("users/{one}/identities?allow_second=maybe");
    let wrong = tenant.post(&path, json!({ "corp": corp, "userid": "LiSi" })).await;
    wrong.assert_problem(400, "malformed_request");
}

#[actix_web::test]
async fn agency_ids_are_letter_by_letter_and_two_modes_need_a_word() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    let agency = with(source(&corp), json!({ "identifier": "agency", "mode": "agency" }));
    tenant.post("identity-sources", agency).await.assert(201);
    let (one, other) = (named(&tenant, "one").await, named(&tenant, "other").await);
    link(&tenant, &one, &corp, "woAbCdEf").await.assert(201);
    link(&tenant, &other, &corp, "woabcdef").await.assert(201);
    tenant.post("identity-sources", source(&corp)).await.assert(201);
    let third = named(&tenant, "third").await;
    link(&tenant, &third, &corp, "ZhangSan").await.assert_errors(&[("/mode", "required")]);
    let path = format!("users/{third}/identities");
    let body = json!({ "corp": corp, "userid": "ZhangSan", "mode": "self_built" });
    tenant.post(&path, body).await.assert(201);
    let fourth = named(&tenant, "fourth").await;
    let path = format!("users/{fourth}/identities");
    let body = json!({ "corp": corp, "userid": "zhangsan", "mode": "self_built" });
    assert_conflict(&tenant.post(&path, body).await, "linked_elsewhere");
}

#[actix_web::test]
async fn who_may_not_be_linked_is_not() {
    let bed = Bed::new().await;
    let (tenant, stranger) = (bed.tenant("a.example").await, bed.tenant("b.example").await);
    let (corp, foreign) = (tenant.corp().await, stranger.corp().await);
    let user = named(&tenant, "one").await;
    link(&tenant, &user, &foreign, "ZhangSan").await.assert_errors(&[("/corp", "unknown")]);
    for wrong in ["张三", "a b", "-a", "a/b", ""] {
        link(&tenant, &user, &corp, wrong).await.assert(422);
    }
    link(&tenant, &stranger.user().await, &corp, "ZhangSan").await.assert(404);
    let path = format!("users/{user}");
    tenant.patch(&path, json!({ "status": "suspended" })).await.assert(200);
    assert_conflict(&link(&tenant, &user, &corp, "ZhangSan").await, "suspended");
    tenant.patch(&path, json!({ "status": "active" })).await.assert(200);
    link(&tenant, &user, &corp, "ZhangSan").await.assert(201);
    tenant.delete(&path).await.assert(204);
    assert_conflict(&link(&tenant, &user, &corp, "LiSi").await, "deleted");
    // The control: the person can be somebody new.
    let other = named(&tenant, "other").await;
    link(&tenant, &other, &corp, "ZhangSan").await.assert(201);
}

#[actix_web::test]
async fn unlinking_ends_what_the_identity_signed_in() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let source = tenant.source().await;
    let corp = tenant.get("corps").await.items()[0]["id"].as_str().unwrap().to_owned();
    let user = named(&tenant, "one").await;
    let identity = link(&tenant, &user, &corp, "ZhangSan").await.id();
    let by_link = session(&tenant, &user, by(&source, &identity)).await;
    let by_password = session(&tenant, &user, SignedInBy::Password).await;
    let other = named(&tenant, "other").await;
    let path = format!("users/{user}/identities/{identity}");
    tenant.delete(&format!("users/{other}/identities/{identity}")).await.assert(404);
    assert!(is_alive(&tenant, &by_link).await);
    tenant.delete(&path).await.assert(204);
    assert!(!is_alive(&tenant, &by_link).await);
    assert!(is_alive(&tenant, &by_password).await);
    tenant.delete(&path).await.assert(404);
    assert!(tenant.get(&format!("users/{user}/identities")).await.items().is_empty());
    link(&tenant, &other, &corp, "ZhangSan").await.assert(201);
}

#[actix_web::test]
async fn suspending_a_link_ends_its_sessions_and_keeps_its_person() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let source = tenant.source().await;
    let corp = tenant.get("corps").await.items()[0]["id"].as_str().unwrap().to_owned();
    let (user, other) = (named(&tenant, "one").await, named(&tenant, "other").await);
    let identity = link(&tenant, &user, &corp, "ZhangSan").await.id();
    let token = session(&tenant, &user, by(&source, &identity)).await;
    let path = format!("users/{user}/identities/{identity}/status");
    let off = tenant.put(&path, json!({ "status": "suspended" })).await;
    assert_eq!(off.assert(200).body["status"], "suspended");
    assert!(!is_alive(&tenant, &token).await);
    assert_conflict(&link(&tenant, &other, &corp, "ZhangSan").await, "linked_elsewhere");
    for _ in 0..2 {
        let on = tenant.put(&path, json!({ "status": "active" })).await;
        assert_eq!(on.assert(200).body["status"], "active");
    }
    tenant.put(&path, json!({ "status": "gone" })).await.assert_errors(&[("/status", "choice")]);
    let mut events = tenant.get("link-events").await.items().to_vec();
    events.sort_by_key(crate::journal::at);
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["link", "suspend", "resume"]);
}

/// Sends an import.
async fn import(tenant: &Caller, query: &str, kind: &str, body: String) -> Answer {
    let request = tenant.request(Method::POST, &format!("identities/import{query}"));
    request.header("Content-Type", kind).body(body).send().await
}

fn sums(answer: &Answer) -> (u64, u64, u64) {
    let sum = |name: &str| answer.body[name].as_u64().unwrap();
    answer.assert(200);
    (sum("linked"), sum("unchanged"), sum("failed"))
}

fn codes(answer: &Answer) -> Vec<(u64, String)> {
    let errors = answer.body["errors"].as_array().unwrap().iter();
    errors
        .map(|error| (error["line"].as_u64().unwrap(), error["code"].as_str().unwrap().to_owned()))
        .collect()
}

const NDJSON: &str = "application/x-ndjson";

#[actix_web::test]
async fn links_are_imported_and_each_bad_line_is_named() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    let mut users = Vec::new();
    for name in ["one", "two", "three", "four"] {
        users.push(named(&tenant, name).await);
    }
    let lines: [Value; 11] = [
        json!({ "corp": corp, "userid": "One", "user": users[0] }),
        json!({ "corp": corp, "userid": "Two", "external_id": "a-TWO" }),
        json!({ "corp": corp, "userid": "Three", "username": "THREE" }),
        json!({ "corp": corp, "userid": "three", "username": "three" }),
        json!({ "corp": corp, "userid": "ONE", "username": "four" }),
        json!({ "corp": corp, "userid": "Another", "username": "one" }),
        json!({ "corp": corp, "userid": "Nobody", "username": "nobody" }),
        json!({ "corp": corp, "userid": "a b", "username": "four" }),
        json!({ "corp": users[0], "userid": "Five", "username": "four" }),
        json!({ "corp": corp, "userid": "Five", "username": "four", "user": users[3] }),
        json!({ "corp": corp, "userid": "Five", "username": "four", "password": "x" }),
    ];
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let body = format!("{}\n\nnonsense", lines.join("\n\n"));
    let expected = [
        (9, "linked_elsewhere"),
        (11, "second_identity"),
        (13, "not_found"),
        (15, "userid"),
        (17, "unknown_corp"),
        (19, "user"),
        (21, "unknown_field"),
        (23, "malformed_json"),
    ];
    for (query, result) in [
        ("?dry_run=true", (3, 1, 8)),
        ("", (3, 1, 8)),
        ("", (0, 4, 8)),
        ("?dry_run=true", (0, 4, 8)),
    ] {
        let answer = import(&tenant, query, NDJSON, body.clone()).await;
        assert_eq!(sums(&answer), result, "{query} {}", answer.text);
        let mut found = codes(&answer);
        found.sort();
        let expected = expected.map(|(line, code)| (line, code.to_owned()));
        assert_eq!(found, expected, "{query}");
        let linked = tenant.get(&format!("users/{}/identities", users[1])).await.items().len();
        assert_eq!(linked, usize::from(query.is_empty() || result.0 == 0), "{query}");
    }
    let second = json!({ "corp": corp, "userid": "Another", "username": "one" }).to_string();
    let answer = import(&tenant, "?allow_second=true", NDJSON, second).await;
    assert_eq!(sums(&answer), (1, 0, 0));
}

#[actix_web::test]
async fn links_are_imported_from_a_spreadsheet() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    named(&tenant, "one").await;
    named(&tenant, "two").await;
    let body = format!(
        "\u{feff}corp,userid,\"external_id\",mode\r\n{corp},One,A-one,\r\n\"{corp}\",\"woXy\",A-two,agency\r\n\
         {corp},Three\r\n{corp},Th\"ree,A-one,\r\n"
    );
    let answer = import(&tenant, "", "text/csv; charset=utf-8", body).await;
    assert_eq!(sums(&answer), (2, 0, 2), "{}", answer.text);
    assert_eq!(codes(&answer), [(4, "format".to_owned()), (5, "format".to_owned())]);
    for header in ["", "corp,userid", "corp,userid,user,user", "corp,userid,user,password"] {
        let answer = import(&tenant, "", "text/csv", format!("{header}\n")).await;
        answer.assert_problem(400, "malformed_request");
    }
    import(&tenant, "", "application/json", "{}".into())
        .await
        .assert_problem(415, "unsupported_media_type");
}

#[actix_web::test]
async fn an_import_of_many_lines_goes_in_parts() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    let store = &bed.store;
    let mut tx = store.begin(tenant_id(&tenant)).await.unwrap();
    for number in 0..450 {
        let external_id = Some(Handle::parse(&format!("n-{number}")).unwrap());
        let settings = AccountSettings { external_id, ..AccountSettings::default() };
        account::create(&mut tx, &store.env, &settings).await.unwrap();
    }
    tx.commit().await.unwrap();
    let line = |number: usize, user: usize| {
        format!("{{\"corp\":\"{corp}\",\"userid\":\"p{number}\",\"external_id\":\"n-{user}\"}}\n")
    };
    let mut body: String = (0..450).map(|number| line(number, number)).collect();
    // The person of the first part, for the user of the last one.
    body.push_str(&line(0, 449));
    for (query, result) in [("?dry_run=true", (450, 0, 1)), ("", (450, 0, 1)), ("", (0, 450, 1))] {
        let answer = import(&tenant, query, NDJSON, body.clone()).await;
        assert_eq!(sums(&answer), result, "{query}");
        assert_eq!(codes(&answer), [(451, "linked_elsewhere".to_owned())], "{query}");
    }
    let long = format!("{}\n", "x".repeat(5000));
    import(&tenant, "", NDJSON, long).await.assert_problem(413, "too_large");
}

#[actix_web::test]
async fn r4_a_body_of_empty_lines_has_an_end() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for (path, lines) in [("identities/import", 100_010), ("rule-report", 10_010)] {
        let path = match path {
            "rule-report" => format!("identity-sources/{}/rule-report", tenant.source().await),
            path => path.to_owned(),
        };
        let body = "\n".repeat(lines);
        let request = tenant.request(Method::POST, &path);
        let answer = request.header("Content-Type", "application/x-ndjson").body(body).send().await;
        assert_eq!(answer.status, 413, "{path}: {}", answer.text);
    }
}
