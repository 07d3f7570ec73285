//! Lists in pages.

use actix_web::rt::System;
use proptest::prelude::*;
use serde_json::json;

use crate::support::{Bed, Caller, initial_access_token};

async fn with_corps(bed: &Bed, count: usize) -> Caller {
    let tenant = bed.tenant("a.example").await;
    for at in 0..count {
        let body = json!({ "corp_id": format!("ww{at}"), "display_name": "Acme" });
        tenant.post("corps", body).await.assert(201);
    }
    tenant
}

#[actix_web::test]
async fn pages_follow_each_other_without_gaps() {
    let bed = Bed::new().await;
    let tenant = with_corps(&bed, 7).await;
    let whole = tenant.get("corps").await;
    assert_eq!((whole.items().len(), &whole.body["next"]), (7, &json!(null)));
    assert_eq!(whole.header("link"), "");
    let (mut seen, mut path) = (Vec::new(), "corps?limit=3".to_owned());
    loop {
        let page = tenant.get(&path).await;
        seen.extend_from_slice(page.assert(200).items());
        let Some(next) = page.body["next"].as_str() else { break };
        assert_eq!(page.items().len(), 3);
        let link = page.header("link").strip_prefix('<').unwrap();
        path = link.strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        assert_eq!(path, format!("{}/corps?limit=3&cursor={next}", tenant.home));
    }
    assert_eq!(seen, whole.items());
}

#[actix_web::test]
async fn every_list_has_pages() {
    let bed = Bed::new().await;
    let tenant = with_corps(&bed, 2).await;
    for _ in 0..2 {
        tenant.app().await;
        tenant.user().await;
    }
    tenant.post("api-keys", json!({ "display_name": "second" })).await.assert(201);
    for _ in 0..2 {
        tenant.post("initial-access-tokens", initial_access_token()).await.assert(201);
    }
    bed.tenant("b.example").await;
    let operator = bed.operator();
    for (caller, path) in [
        (&tenant, "corps"),
        (&tenant, "apps"),
        (&tenant, "users"),
        (&tenant, "api-keys"),
        (&tenant, "initial-access-tokens"),
        (&tenant, "audit-events"),
        (&operator, "tenants"),
    ] {
        let first = caller.get(&format!("{path}?limit=1")).await;
        let next = first.assert(200).body["next"].as_str().unwrap();
        let second = caller.get(&format!("{path}?limit=1&cursor={next}")).await;
        assert_ne!(first.items(), second.assert(200).items(), "{path}");
    }
}

#[actix_web::test]
async fn a_page_keeps_its_filter() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for _ in 0..3 {
        tenant.user().await;
    }
    let page = tenant.get("users?status=active&limit=1").await;
    assert!(
        page.header("link").contains("users?status=active&limit=1&cursor="),
        "{}",
        page.header("link")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is sent as a cursor: never a fault of ours.
    #[test]
    fn no_cursor_is_a_fault(bytes in proptest::collection::vec(any::<u8>(), 20..28), text in "\\PC{0,40}") {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&bytes);
        System::new().block_on(async {
            let bed = Bed::new().await;
            let tenant = with_corps(&bed, 1).await;
            for cursor in [&encoded, &text] {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                query.append_pair("cursor", cursor);
                let query = query.finish();
                for list in ["corps", "apps", "users", "identity-sources", "api-keys", "audit-events"] {
                    let answer = tenant.get(&format!("{list}?{query}")).await;
                    assert!(matches!(answer.status.as_u16(), 200 | 400), "{}", answer.text);
                }
            }
        });
    }
}
