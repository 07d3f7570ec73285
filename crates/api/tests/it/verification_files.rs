//! WeCom's domain verification files.

use serde_json::json;

use crate::support::Bed;

#[actix_web::test]
async fn a_file_is_written_read_and_deleted() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("login.acme.example").await;
    let path = "verification-files/WW_verify_aBc123.txt";
    let put = tenant.put(path, json!({ "content": "aBc123" })).await;
    assert_eq!(put.assert(200).body["url"], "https://login.acme.example/WW_verify_aBc123.txt");
    tenant.put(path, json!({ "content": "other" })).await.assert(200);
    assert_eq!(tenant.get(path).await.body["content"], "other");
    assert_eq!(tenant.get("verification-files").await.items().len(), 1);
    tenant.delete(path).await.assert(204);
    tenant.delete(path).await.assert(404);
    tenant.get(path).await.assert(404);
}

#[actix_web::test]
async fn names_and_contents_are_wecoms() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let long = format!("WW_verify_{}.txt", "a".repeat(65));
    for name in [
        "x.txt",
        "WW_verify_.txt",
        "WW_verify_a.html",
        "WW_verify_a.txt.txt",
        "WW_verify_a-b.txt",
        "ww_verify_a.txt",
        "WW_verify_a%2e%2e.txt",
        "WW_verify_a.txt%00",
        "WW_verify_%C3%BC.txt",
        "index.html",
        &long,
    ] {
        let put =
            tenant.put(&format!("verification-files/{name}"), json!({ "content": "a" })).await;
        put.assert_errors(&[("/name", "format")]);
    }
    for (content, code) in [
        (json!(""), "length"),
        (json!("x".repeat(1025)), "length"),
        (json!("a\u{0}"), "character"),
        (json!(1), "type"),
    ] {
        let put =
            tenant.put("verification-files/WW_verify_a.txt", json!({ "content": content })).await;
        put.assert_errors(&[("/content", code)]);
    }
    let full = json!({ "content": "x".repeat(1024) });
    tenant
        .put(&format!("verification-files/WW_verify_{}.txt", "a".repeat(64)), full)
        .await
        .assert(200);
}

#[actix_web::test]
async fn they_are_bounded() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    for at in 0..50 {
        let path = format!("verification-files/WW_verify_{at}.txt");
        tenant.put(&path, json!({ "content": "x" })).await.assert(200);
    }
    let more = tenant.put("verification-files/WW_verify_50.txt", json!({ "content": "x" })).await;
    more.assert_problem(409, "conflict");
    tenant.put("verification-files/WW_verify_0.txt", json!({ "content": "y" })).await.assert(200);
}
