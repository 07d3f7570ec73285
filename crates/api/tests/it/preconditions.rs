//! `ETag`, `If-Match`, `If-None-Match`.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Bed, Caller};

/// One of each versioned resource, with a change.
async fn resources(tenant: &Caller) -> Vec<(Caller, String, Value)> {
    let operator = tenant.bed.operator();
    let name = json!({ "display_name": "New" });
    let source = tenant.source().await;
    let source_path = format!("identity-sources/{source}");
    let corp = tenant.get(&source_path).await.body["corp"].as_str().unwrap().to_owned();
    vec![
        (tenant.clone(), source_path, json!({ "login_only": true })),
        (tenant.clone(), format!("apps/{}", tenant.app().await), name.clone()),
        (
            tenant.clone(),
            format!("users/{}", tenant.user().await),
            json!({ "status": "suspended" }),
        ),
        (tenant.clone(), format!("corps/{corp}"), name.clone()),
        (operator, tenant.home.clone(), name),
    ]
}

async fn send(caller: &Caller, method: Method, path: &str, tags: &[&str], body: &Value) -> Answer {
    let mut request = caller.request(method, path).json(body);
    for tag in tags {
        request = request.header("If-Match", tag);
    }
    request.send().await
}

#[actix_web::test]
async fn a_change_names_the_version_it_is_of() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for (caller, path, change) in resources(&tenant).await {
        let before = caller.get(&path).await;
        let tag = before.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        let weak = format!("W/{tag}");
        for method in [Method::PATCH, Method::DELETE] {
            let none = send(&caller, method.clone(), &path, &[], &change).await;
            none.assert_problem(428, "precondition_required");
            for stale in ["\"0\"", "\"2\"", "\"\"", "\"1x\"", &weak, "\"5\", \"6\""] {
                let answer = send(&caller, method.clone(), &path, &[stale], &change).await;
                answer.assert_problem(412, "stale");
            }
            for odd in ["1", "\"1", "", "x\"1\"", "\"1\" \"1\"", "*, \"1\""] {
                let answer = send(&caller, method.clone(), &path, &[odd], &change).await;
                answer.assert_problem(400, "malformed_request");
            }
        }
        assert_eq!(caller.get(&path).await.text, before.text, "nothing has changed");

        let changed = send(&caller, Method::PATCH, &path, &["\"0\"", &tag], &change).await;
        let new = changed.assert(200).header("etag").to_owned();
        assert_ne!(new, tag);
        assert_eq!(caller.get(&path).await.header("etag"), new);
        send(&caller, Method::PATCH, &path, &[&tag], &change).await.assert_problem(412, "stale");
        let plain = format!("\"9\", \"{}\"", changed.body["version"]);
        let again = send(&caller, Method::PATCH, &path, &[&plain], &change).await;
        again.assert(200);
        if path.starts_with("corps") {
            continue; // In use; see `sources`.
        }
        send(&caller, Method::DELETE, &path, &[again.header("etag")], &change).await.assert(204);
    }
}

#[actix_web::test]
async fn what_is_known_is_not_sent_again() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for (caller, path, change) in resources(&tenant).await {
        let tag = caller.get(&path).await.header("etag").to_owned();
        let ask = async |tags: &str| {
            caller.request(Method::GET, &path).header("If-None-Match", tags).send().await
        };
        for known in [&tag, &format!("W/{tag}"), &format!("\"x\", {tag}"), "*"] {
            let answer = ask(known).await;
            answer.assert(304);
            assert_eq!((answer.header("etag"), answer.text.as_str()), (tag.as_str(), ""));
        }
        ask("\"x\"").await.assert(200);
        ask("x").await.assert_problem(400, "malformed_request");
        caller.patch(&path, change).await.assert(200);
        ask(&tag).await.assert(200);
    }
}

#[actix_web::test]
async fn of_two_changes_of_one_version_one_wins() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let app = format!("apps/{}", tenant.app().await);
    let change = async |name: String| {
        send(&tenant, Method::PATCH, &app, &["\"1\""], &json!({ "display_name": name })).await
    };
    let all = futures_util::future::join_all((0..10).map(|at| change(format!("N{at}")))).await;
    assert_eq!(all.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(all.iter().filter(|answer| answer.status == 412).count(), 9);
}
