//! Users are found by the beginning of what they have, and by exactly what they have.

use serde_json::{Value, json};

use crate::support::{Answer, Bed, Caller};

async fn people(tenant: &Caller) {
    for person in [
        json!({ "name": "Zhang San", "username": "zhang.san", "external_id": "A-001",
                "email": "San@Acme.example", "email_verified": true, "phone_number": "13800000001" }),
        json!({ "name": "张伟", "username": "wei", "external_id": "A-002", "phone_number": "+85221234567" }),
        json!({ "name": "Li_Si", "email": "san@acme.example" }),
    ] {
        tenant.post("users", person).await.assert(201);
    }
}

fn names(answer: &Answer) -> Vec<&str> {
    answer.assert(200).items().iter().map(|user| user["name"].as_str().unwrap()).collect()
}

async fn found(tenant: &Caller, query: &str) -> String {
    let (name, value) = query.split_once('=').unwrap();
    let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let answer = tenant.get(&format!("users?{name}={value}")).await;
    assert_eq!((&answer.body["next"], &answer.body["more"]), (&Value::Null, &json!(false)));
    names(&answer).join(", ")
}

#[actix_web::test]
async fn users_are_found_by_a_beginning() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    people(&tenant).await;
    for (text, expected) in [
        ("zhang", "Zhang San"),
        ("  ＺＨＡＮＧ s ", "Zhang San"),
        ("张", "张伟"),
        ("WEI", "张伟"),
        ("a-0", "Zhang San, 张伟"),
        ("A-001", "Zhang San"),
        ("san@", "Li_Si, Zhang San"),
        ("SAN@ACME.EXAMPLE", "Li_Si, Zhang San"),
        ("138", "Zhang San"),
        ("138-0000-00", "Zhang San"),
        ("+86138", "Zhang San"),
        ("008613800000001", "Zhang San"),
        ("86138", "Zhang San"),
        ("852", "张伟"),
        // Not in the middle, and nothing is a pattern.
        ("hang", ""),
        ("0001", ""),
        ("%", ""),
        ("_", ""),
        ("li%", ""),
        ("Li_", "Li_Si"),
        ("acme", ""),
        ("' OR 1=1 --", ""),
        ("\u{10FFFF}", ""),
    ] {
        assert_eq!(found(&tenant, &format!("search={text}")).await, expected, "{text}");
    }
}

#[actix_web::test]
async fn users_are_found_by_exactly_what_they_have() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    people(&tenant).await;
    for (query, expected) in [
        ("username=ZHANG.SAN", "Zhang San"),
        ("username=zhang", ""),
        ("external_id=a-001", "Zhang San"),
        ("external_id=a-00", ""),
        // Also where it is not verified.
        ("email=san@ACME.example", "Li_Si, Zhang San"),
        ("email=san@acme.exampl", ""),
        ("email=san", ""),
        ("phone_number=13800000001", "Zhang San"),
        ("phone_number=+85221234567", "张伟"),
        ("phone_number=1380000000", ""),
    ] {
        assert_eq!(found(&tenant, query).await, expected, "{query}");
    }
}

#[actix_web::test]
async fn a_search_says_when_there_are_more() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for at in 0..7 {
        let body = json!({ "name": format!("Wang {at}"), "username": format!("wang{at}") });
        let user = tenant.post("users", body).await;
        if at >= 5 {
            let path = format!("users/{}", user.id());
            tenant.patch(&path, json!({ "status": "suspended" })).await.assert(200);
        }
    }
    let some = tenant.get("users?search=wang&limit=3").await;
    assert_eq!(names(&some), ["Wang 0", "Wang 1", "Wang 2"]);
    assert_eq!((&some.body["next"], &some.body["more"]), (&Value::Null, &json!(true)));
    let all = tenant.get("users?search=wang&limit=7").await;
    assert_eq!((names(&all).len(), &all.body["more"]), (7, &json!(false)));
    let suspended = tenant.get("users?search=wang&status=suspended&limit=2").await;
    assert_eq!(names(&suspended), ["Wang 5", "Wang 6"]);
    assert_eq!(suspended.body["more"], false);
    let page = tenant.get("users?limit=3").await;
    assert_eq!((&page.body["more"], page.items().len()), (&json!(true), 3));
    assert!(page.body["next"].is_string());
    // A deleted user has nothing left to be found by.
    let path = format!("users/{}", all.items()[0]["id"].as_str().unwrap());
    tenant.delete(&path).await.assert(204);
    assert_eq!(names(&tenant.get("users?search=wang&status=deleted").await).len(), 0);
    assert_eq!(names(&tenant.get("users?search=wang").await).len(), 6);
}

#[actix_web::test]
async fn n2_a_search_finds_the_tenants_own_people_only() {
    let bed = Bed::new().await;
    let (own, other) = (bed.tenant("a.example").await, bed.tenant("b.example").await);
    people(&own).await;
    for query in ["search=zhang", "search=138", "username=wei", "external_id=A-001", "search=san@"]
    {
        assert_eq!(found(&other, query).await, "", "{query}");
        // The control.
        assert_ne!(found(&own, query).await, "", "{query}");
    }
    let path = format!("/api/v1/tenants/{}/users?search=zhang", own.tenant);
    other.get(&path).await.assert_problem(404, "not_found");
}

#[actix_web::test]
async fn what_is_no_search_is_refused() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let long = format!("search={}", "a".repeat(255));
    for query in [
        "search=",
        "search=%20",
        "search=a&username=b",
        "email=a%40b.cn&phone_number=13800000001",
        "search=a&cursor=AAYlQ0Zk5IABkzOAVqh6gLnOmk2Zgkqv",
        "search=a&limit=0",
        "search=a&search=b",
        &long,
    ] {
        tenant.get(&format!("users?{query}")).await.assert_problem(400, "malformed_request");
    }
    tenant.get("users?search=a").await.assert(200);
}
