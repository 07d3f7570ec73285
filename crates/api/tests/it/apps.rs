//! Apps and their links to sources.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::support::{Bed, Caller, app, source, with};

async fn refused(tenant: &Caller, members: Value) -> Vec<(String, String)> {
    tenant.post("apps", with(app(), members)).await.assert(422).errors()
}

#[actix_web::test]
async fn an_app_is_made_read_changed_and_deleted() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let made = tenant.post("apps", app()).await;
    made.assert(201);
    let secret = made.body["client_secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("hufu_secret_") && secret.len() == 12 + 43);
    assert_eq!(made.body["client_id"], made.body["id"]);
    assert_eq!(made.body["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(made.body["id_token_signed_response_alg"], "ES256");

    let read = tenant.get(made.header("location")).await;
    assert!(!read.assert(200).text.contains(&secret));
    assert_eq!(read.body["client_secret_set"], true);
    assert_eq!(read.header("etag"), "\"1\"");

    let path = format!("apps/{}", made.id());
    let uris = json!({ "redirect_uris": ["https://wiki.example/a", "https://wiki.example/b"], "home_url": "https://wiki.example" });
    let changed = tenant.patch(&path, uris.clone()).await;
    assert_eq!(changed.assert(200).body["redirect_uris"], uris["redirect_uris"]);
    let cleared = tenant.patch(&path, json!({ "home_url": null })).await;
    assert_eq!(cleared.assert(200).body["home_url"], Value::Null);
    assert_eq!(cleared.body["client_secret_set"], true);
    tenant
        .patch(&path, json!({ "redirect_uris": null }))
        .await
        .assert_errors(&[("/redirect_uris", "required")]);

    tenant.delete(&path).await.assert(204);
    tenant.get(&path).await.assert(404);
}

#[actix_web::test]
async fn a_new_secret_replaces_the_old_one() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let made = tenant.post("apps", app()).await;
    let old = made.body["client_secret"].as_str().unwrap().to_owned();
    let path = format!("apps/{}", made.id());
    let renewed = tenant.request(Method::POST, &format!("{path}/secret")).send().await;
    let new = renewed.assert(201).body["client_secret"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    assert_eq!(renewed.header("etag"), "\"2\"");
    let id = made.id().parse().unwrap();
    let mut scope = bed.store.tenant(tenant.tenant.parse().unwrap());
    let stored = store::app::find(&mut scope, id).await.unwrap().unwrap().secret_hash().unwrap();
    assert!(stored.matches(&new) && !stored.matches(&old));

    let odd = tenant.post(&format!("{path}/secret"), json!({ "secret": "mine" })).await;
    odd.assert_errors(&[("/secret", "unknown_field")]);
    let public = tenant.patch(&path, json!({ "token_endpoint_auth_method": "none" })).await;
    assert_eq!(public.assert(200).body["client_secret_set"], false);
    tenant.post(&format!("{path}/secret"), json!({})).await.assert_problem(409, "conflict");
}

#[actix_web::test]
async fn a_public_app_has_no_secret() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let made =
        tenant.post("apps", with(app(), json!({ "token_endpoint_auth_method": "none" }))).await;
    assert_eq!(made.assert(201).body.get("client_secret"), None);
    assert_eq!(made.body["client_secret_set"], false);
}

#[actix_web::test]
async fn an_app_says_who_gets_an_account_and_how_people_sign_in() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let made = tenant.post("apps", app()).await;
    assert_eq!(made.assert(201).body["registration"], true);
    assert_eq!(made.body["sign_in_methods"], json!([]));
    let path = format!("apps/{}", made.id());
    let closed = json!({ "registration": false, "sign_in_methods": ["sms_code", "password"] });
    let changed = tenant.patch(&path, closed.clone()).await;
    // A new secret is no reason to forget it.
    tenant.request(Method::POST, &format!("{path}/secret")).send().await.assert(201);
    for answer in [changed, tenant.get(&path).await] {
        assert_eq!(answer.body["registration"], closed["registration"], "{}", answer.text);
        assert_eq!(answer.body["sign_in_methods"], closed["sign_in_methods"]);
    }
    for (members, expected) in [
        (json!({ "registration": "no" }), ("/registration", "type")),
        (json!({ "registration": 0 }), ("/registration", "type")),
        (json!({ "sign_in_methods": "password" }), ("/sign_in_methods", "type")),
        (json!({ "sign_in_methods": ["source"] }), ("/sign_in_methods/0", "choice")),
        (json!({ "sign_in_methods": ["password", "Password"] }), ("/sign_in_methods/1", "choice")),
        (json!({ "sign_in_methods": [true] }), ("/sign_in_methods/0", "type")),
        (
            json!({ "sign_in_methods": ["email_code", "email_code"] }),
            ("/sign_in_methods/1", "duplicate"),
        ),
    ] {
        tenant.post("apps", with(app(), members.clone())).await.assert_errors(&[expected]);
        tenant.patch(&path, members).await.assert_errors(&[expected]);
    }
    let all = json!({ "sign_in_methods": ["email_code", "sms_code", "password"] });
    let made = tenant.post("apps", with(app(), all.clone())).await;
    assert_eq!(made.assert(201).body["sign_in_methods"], all["sign_in_methods"]);
    // Null puts back what is so by itself.
    let cleared = json!({ "registration": null, "sign_in_methods": null });
    let cleared = tenant.patch(&path, cleared).await;
    assert_eq!(cleared.assert(200).body["registration"], true);
    assert_eq!(cleared.body["sign_in_methods"], json!([]));
}

/// Attack A2.
#[actix_web::test]
async fn bad_redirect_uris_are_refused() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let long = format!("https://a.example/{}", "x".repeat(2048));
    for (uri, code) in [
        ("", "format"),
        ("/callback", "format"),
        ("//a.example/", "format"),
        ("a.example", "format"),
        ("https:a.example", "format"),
        ("https:/a.example", "format"),
        ("https:///a.example", "format"),
        ("HTTPS://a.example", "format"),
        ("https://", "format"),
        ("https://a.example:99999/", "format"),
        ("http://a.example/", "scheme"),
        ("http://10.0.0.1/", "scheme"),
        ("http://127.0.0.2/", "scheme"),
        ("http://localhost/", "scheme"),
        ("http://app.localhost:3000/", "scheme"),
        ("http://localhost.a.example/", "scheme"),
        ("https://a.example/#", "fragment"),
        ("https://a.example/#x", "fragment"),
        ("https://*.a.example/", "wildcard"),
        ("https://a.example/*", "wildcard"),
        ("https://user@a.example/", "userinfo"),
        ("https://user:pass@a.example/", "userinfo"),
        ("https://@a.example/", "userinfo"),
        ("https://a.example\\@b.example/", "character"),
        ("https://a.example/ x", "character"),
        ("https://a.example/\r\nX: y", "character"),
        (" https://a.example/", "character"),
        ("https://a.example/ü", "character"),
        ("https://a.example/<x>", "character"),
        ("javascript:alert(1)", "scheme"),
        ("data:text/html,x", "scheme"),
        ("vbscript:x", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("blob:https://a.example/x", "scheme"),
        ("ftp://a.example/", "scheme"),
        ("com.example.app:/callback", "scheme"),
        ("myapp://callback", "scheme"),
        (&long, "length"),
    ] {
        for field in ["redirect_uris", "post_logout_redirect_uris"] {
            let members = json!({ field: ["https://ok.example/", uri] });
            let errors = refused(&tenant, members).await;
            assert_eq!(errors, [(format!("/{field}/1"), code.to_owned())], "{uri}");
        }
    }
    assert!(tenant.get("apps").await.items().is_empty());
}

#[actix_web::test]
async fn good_redirect_uris_are_kept_byte_for_byte() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let uris = json!([
        "https://a.example",
        "https://a.example/",
        "https://A.example/x?y=1&z=%20",
        "https://a.example:8443/cb",
        "http://127.0.0.1/",
        "http://127.0.0.1:3000/cb",
        "http://[::1]:3000/cb",
    ]);
    let made = tenant.post("apps", with(app(), json!({ "redirect_uris": uris }))).await;
    assert_eq!(made.assert(201).body["redirect_uris"], uris);
    let native = json!({
        "token_endpoint_auth_method": "none",
        "redirect_uris": ["com.example.app:/callback", "http://localhost:3000/cb", "http://127.0.0.1/"],
    });
    let made = tenant.post("apps", with(app(), native.clone())).await;
    assert_eq!(made.assert(201).body["redirect_uris"], native["redirect_uris"]);
    for uri in
        ["javascript:alert(1)", "myapp:/callback", "http://a.example/", "com.example.app:/x#y"]
    {
        let members = with(native.clone(), json!({ "redirect_uris": [uri] }));
        assert_eq!(refused(&tenant, members).await[0].0, "/redirect_uris/0", "{uri}");
    }
    let native = format!("apps/{}", made.id());
    let confidential =
        tenant.patch(&native, json!({ "token_endpoint_auth_method": "client_secret_basic" })).await;
    confidential.assert_errors(&[("/redirect_uris/0", "scheme"), ("/redirect_uris/1", "scheme")]);
}

#[actix_web::test]
async fn an_installation_by_http_takes_localhost() {
    let bed = Bed::with_scheme("http").await;
    let tenant = bed.tenant("acme.localhost:8080").await;
    let members = json!({
        "redirect_uris": ["http://wiki.localhost:9000/cb"], "home_url": "http://wiki.localhost:9000/",
        "initiate_login_uri": "http://wiki.localhost:9000/login",
    });
    tenant.post("apps", with(app(), members)).await.assert(201);
    let errors = refused(
        &tenant,
        json!({ "redirect_uris": ["http://a.example/"], "home_url": "http://a.example/" }),
    )
    .await;
    assert_eq!(errors.len(), 2);
}

#[actix_web::test]
async fn lists_have_bounds_and_no_doubles() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let many: Vec<_> = (0..51).map(|at| format!("https://a.example/{at}")).collect();
    for (uris, expected) in [
        (json!([]), ("/redirect_uris", "length")),
        (json!(many), ("/redirect_uris", "length")),
        (json!("https://a.example"), ("/redirect_uris", "type")),
        (json!({ "0": "https://a.example" }), ("/redirect_uris", "type")),
        (json!([1]), ("/redirect_uris/0", "type")),
        (json!(["https://a.example/", "https://a.example/"]), ("/redirect_uris/1", "duplicate")),
    ] {
        let answer = tenant.post("apps", with(app(), json!({ "redirect_uris": uris }))).await;
        answer.assert_errors(&[expected]);
    }
    let fifty = json!({ "redirect_uris": many[..50], "post_logout_redirect_uris": [] });
    tenant.post("apps", with(app(), fifty)).await.assert(201);
}

#[actix_web::test]
async fn sources_are_linked_and_unlinked() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    let first = tenant.post("identity-sources", source(&corp)).await.id();
    let other = with(source(&corp), json!({ "identifier": "other" }));
    let second = tenant.post("identity-sources", other).await.id();
    let app = tenant.app().await;
    let links = format!("apps/{app}/identity-sources");
    let order = async |tenant: &Caller| -> Vec<String> {
        let answer = tenant.get(&links).await;
        let items = answer.assert(200).items().iter();
        items.map(|link| link["source"].as_str().unwrap().to_owned()).collect()
    };
    assert!(order(&tenant).await.is_empty());
    let put = tenant.put(&format!("{links}/{first}"), json!({ "position": 2 })).await;
    assert_eq!(put.assert(200).body["position"], 2);
    tenant.put(&format!("{links}/{second}"), json!({ "position": 1 })).await.assert(200);
    assert_eq!(order(&tenant).await, [second.clone(), first.clone()]);
    // Moving is putting again.
    tenant.put(&format!("{links}/{second}"), json!({ "position": 3 })).await.assert(200);
    assert_eq!(order(&tenant).await, [first.clone(), second.clone()]);
    let back = tenant.get(&format!("identity-sources/{first}/apps")).await;
    assert_eq!(back.items()[0]["app"], app);

    let odd = tenant.put(&format!("{links}/{first}"), json!({ "position": -1, "x": 1 })).await;
    odd.assert_errors(&[("/position", "range"), ("/x", "unknown_field")]);
    let none = "00000000-0000-4000-8000-000000000000";
    tenant.put(&format!("{links}/{none}"), json!({})).await.assert(404);
    tenant.put(&format!("apps/{none}/identity-sources/{first}"), json!({})).await.assert(404);

    tenant.delete(&format!("{links}/{first}")).await.assert(204);
    tenant.delete(&format!("{links}/{first}")).await.assert(404);
    assert_eq!(order(&tenant).await, std::slice::from_ref(&second));
    tenant.delete(&format!("identity-sources/{second}")).await.assert(204);
    assert!(order(&tenant).await.is_empty());
}
