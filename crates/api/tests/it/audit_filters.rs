//! Which audit events are listed and exported: each filter by itself, and what is no filter.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Bed, Caller};

/// The actions of the list, which are those of the export.
async fn actions(tenant: &Caller, query: &str) -> Vec<String> {
    let action = |event: &Value| event["action"].as_str().unwrap().to_owned();
    let list = tenant.get(&format!("audit-events?limit=200&{query}")).await;
    let export = tenant.get(&format!("audit-events/export?{query}")).await;
    let lines: Vec<Value> =
        export.assert(200).text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(list.assert(200).items(), lines, "{query}");
    lines.iter().map(action).collect()
}

#[actix_web::test]
async fn each_filter_is_applied() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let (app, source, user) = (tenant.app().await, tenant.source().await, tenant.user().await);
    tenant.put(&format!("apps/{app}/identity-sources/{source}"), json!({})).await.assert(200);
    tenant.patch(&format!("users/{user}"), json!({ "status": "suspended" })).await.assert(200);
    let key = tenant.get("api-keys").await.items()[0]["id"].as_str().unwrap().to_owned();
    let scope = tenant.tenant.parse().unwrap();
    let mut tx = bed.store.begin(scope).await.unwrap();
    let refused = store::audit::Event {
        address: Some("2001:db8::1".to_owned()),
        ..store::audit::Event::system("sign_in", "not_a_member")
    };
    store::audit::record(&mut tx, &bed.store.env, refused).await.unwrap();
    tx.commit().await.unwrap();

    let all = [
        "tenant.create",
        "api_key.create",
        "app.create",
        "corp.create",
        "source.create",
        "link.put",
        "user.update",
        "sign_in",
    ];
    let no_id = "00000000-0000-4000-8000-000000000000";
    for (query, expected) in [
        ("", &all[..]),
        ("order=asc", &all),
        ("action=link.put", &["link.put"]),
        ("action=link.*", &["link.put"]),
        ("action=lin", &[]),
        ("action=app.*", &["app.create"]),
        ("result=ok", &all[..7]),
        ("result=!ok", &["sign_in"]),
        ("result=%21ok", &["sign_in"]),
        ("result=not_a_member", &["sign_in"]),
        ("result=login_only", &[]),
        ("actor_kind=operator", &all[..2]),
        ("actor_kind=system", &["sign_in"]),
        ("actor_kind=user", &[]),
        (&format!("actor={key}"), &all[2..7]),
        (&format!("actor={no_id}"), &[]),
        (&format!("app={app}"), &["app.create", "link.put"]),
        (&format!("source={source}"), &["source.create", "link.put"]),
        (&format!("app={app}&action=link.*"), &["link.put"]),
        (&format!("app={source}"), &[]),
        (&format!("user={user}"), &["user.update"]),
        ("address=2001:db8::1", &["sign_in"]),
        ("address=2001:DB8:0::1", &["sign_in"]),
        ("address=198.51.100.7", &all[..7]),
        ("address=::ffff:198.51.100.7", &all[..7]),
        ("since=1970-01-01T00:00:00Z&until=9999-12-31T23:59:59Z", &all),
        ("until=2000-01-01T00:00:00%2B08:00", &[]),
    ] {
        assert_eq!(actions(&tenant, query).await, expected, "{query}");
    }
    let newest: Vec<_> = all.into_iter().rev().collect();
    assert_eq!(actions(&tenant, "order=desc").await, newest);
}

#[actix_web::test]
async fn a_time_divides_the_events() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    tenant.app().await;
    let events = tenant.get("audit-events").await;
    let at: DateTime<Utc> = events.items()[1]["at"].as_str().unwrap().parse().unwrap();
    let text = |time: DateTime<Utc>| time.to_rfc3339().replace('+', "%2B");
    let (at, behind) = (text(at), text(at + TimeDelta::microseconds(1)));
    for (query, expected) in [
        (format!("until={at}"), vec!["tenant.create"]),
        (format!("since={at}&until={behind}"), vec!["api_key.create"]),
        (format!("since={behind}"), vec!["app.create"]),
    ] {
        assert_eq!(actions(&tenant, &query).await, expected, "{query}");
    }
}

#[actix_web::test]
async fn the_newest_come_first_if_asked_for_page_by_page() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for _ in 0..5 {
        tenant.app().await;
    }
    let mut expected = tenant.get("audit-events").await.items().to_vec();
    expected.reverse();
    let (mut seen, mut path) = (Vec::new(), "audit-events?order=desc&limit=3".to_owned());
    loop {
        let page = tenant.get(&path).await;
        seen.extend_from_slice(page.assert(200).items());
        let link = page.header("link");
        let Some(link) = link.strip_prefix('<') else { break };
        path = link.strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        assert!(path.contains("order=desc&limit=3&cursor="), "{path}");
        // What comes meanwhile is not on the next page.
        tenant.app().await;
    }
    assert_eq!(seen, expected);
}

#[actix_web::test]
async fn what_is_no_filter_is_named_with_its_remedy() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let long = "a".repeat(65);
    for (parameter, values) in [
        ("trace", &["", "a%20b", "%00", &long][..]),
        (
            "action",
            &["", "*", ".*", "link*", "link.%25", "LINK.PUT", "li%F0%9F%90%85", "%00", &long],
        ),
        ("result", &["", "!", "!login_only", "OK", "a.b", "%00", &long]),
        ("actor_kind", &["", "admin", "Operator"]),
        ("actor", &["", "me", "0199F3A0-0000-7000-8000-000000000001"]),
        ("app", &["wiki"]),
        ("source", &["wecom"]),
        ("user", &["ZhangSan"]),
        (
            "address",
            &["", "acme.example", "198.51.100.0/24", "198.51.100.7:80", "198.51.100.7%0d%0a"],
        ),
        (
            "since",
            &[
                "",
                "yesterday",
                "2027-01-31",
                "2027-01-31T00:00:00",
                "2027-01-31T00:00:00+08:00",
                "0000-01-01T00:00:00Z",
                "9999-12-31T23:59:59-14:00",
            ],
        ),
        ("until", &["2027-13-31T00:00:00Z", "1969-12-31T23:59:59Z"]),
        ("order", &["", "up", "DESC"]),
    ] {
        for value in values {
            for path in ["audit-events", "audit-events/export"] {
                let answer = tenant.get(&format!("{path}?{parameter}={value}")).await;
                answer.assert_problem(400, "malformed_request");
                let detail = answer.body["detail"].as_str().unwrap();
                assert!(
                    detail.starts_with(&format!("{parameter} has to be ")),
                    "{value}: {detail}"
                );
            }
        }
    }
    let (early, late) = ("2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z");
    for (since, until) in [(late, early), (early, early)] {
        let answer = tenant.get(&format!("audit-events?since={since}&until={until}")).await;
        let answer = answer.assert_problem(400, "malformed_request");
        assert!(
            answer.body["detail"].as_str().unwrap().starts_with("since has to be before until")
        );
    }
    tenant.get(&format!("audit-events?since={early}&until={late}")).await.assert(200);
    // An export has no pages.
    tenant.get("audit-events/export?limit=1").await.assert_problem(400, "malformed_request");
}
