//! Corps and identity sources.

use serde_json::{Value, json};

use crate::support::{Bed, CANARY, source, with};

#[actix_web::test]
async fn a_corp_is_made_read_changed_and_deleted() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let body = json!({ "corp_id": "ww1", "display_name": "Acme", "egress": "shanghai" });
    let made = tenant.post("corps", body.clone()).await;
    assert_eq!(made.assert(201).body["egress"], "shanghai");
    assert_eq!(tenant.get(made.header("location")).await.body, made.body);
    let again = tenant.post("corps", body.clone()).await;
    again.assert_problem(409, "conflict");
    assert_eq!(again.errors(), [("/corp_id".to_owned(), "taken".to_owned())]);
    for egress in ["", "nowhere"] {
        let odd = with(body.clone(), json!({ "egress": egress }));
        tenant.post("corps", odd).await.assert_errors(&[("/egress", "unknown_egress")]);
    }
    let path = format!("corps/{}", made.id());
    let direct = tenant.patch(&path, json!({ "egress": null, "display_name": "B" })).await;
    assert_eq!(direct.assert(200).body["egress"], Value::Null);
    tenant
        .patch(&path, json!({ "corp_id": "ww2" }))
        .await
        .assert_errors(&[("/corp_id", "immutable")]);
    let in_use = with(source(&made.id()), json!({}));
    let source = tenant.post("identity-sources", in_use).await.id();
    tenant.delete(&path).await.assert_problem(409, "conflict");
    tenant.delete(&format!("identity-sources/{source}")).await.assert(204);
    tenant.delete(&path).await.assert(204);
}

#[actix_web::test]
async fn a_source_says_what_to_copy_into_wecoms_console() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("login.acme.example").await;
    let id = tenant.source().await;
    let read = tenant.get(&format!("identity-sources/{id}")).await;
    let setup = &read.assert(200).body["setup"];
    assert_eq!(
        setup["callback_url"],
        "https://login.acme.example/connections/social/wecom/callback"
    );
    assert_eq!(setup["callback_domain"], "login.acme.example");
    assert_eq!(setup["trusted_domain"], "login.acme.example");
    assert_eq!(
        setup["workbench_link"],
        "https://login.acme.example/connections/social/wecom/workbench/{app}"
    );
    assert_eq!(setup["egress_addresses"], json!(["203.0.113.10"]));
    assert_eq!(setup["misconfigured"], Value::Null);
    for (name, hint) in setup["hints"].as_object().unwrap() {
        assert!(setup.get(name).is_some(), "{name}");
        assert!(hint["zh"].as_str().unwrap().len() > 5 && hint["en"].as_str().unwrap().len() > 5);
    }
    assert!(setup["hints"]["callback_domain"]["zh"].as_str().unwrap().contains("授权回调域"));
    let corp = read.body["corp"].as_str().unwrap();
    tenant.patch(&format!("corps/{corp}"), json!({ "egress": "shanghai" })).await.assert(200);
    let read = tenant.get(&format!("identity-sources/{id}")).await;
    assert_eq!(read.body["setup"]["egress_addresses"], json!(["203.0.113.20"]));
}

#[actix_web::test]
async fn a_secret_is_kept_and_never_shown() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let made = tenant.source().await;
    let path = format!("identity-sources/{made}");
    let secret = async || {
        let tenant = tenant.tenant.parse().unwrap();
        let mut scope = bed.store.tenant(tenant);
        let row = store::source::find(&mut scope, made.parse().unwrap()).await.unwrap().unwrap();
        let secret = store::source::secret(&bed.store.keys, tenant, &row).unwrap();
        secrecy::ExposeSecret::expose_secret(&secret).to_owned()
    };
    let read = tenant.get(&path).await;
    assert_eq!(read.body["secret_set"], true);
    assert_eq!(read.body.get("secret"), None);
    tenant.patch(&path, json!({ "login_only": true })).await.assert(200);
    assert_eq!(secret().await, CANARY);
    tenant.patch(&path, json!({ "secret": "another" })).await.assert(200);
    assert_eq!(secret().await, "another");
    tenant.patch(&path, json!({ "secret": null })).await.assert_errors(&[("/secret", "required")]);
    assert_eq!(secret().await, "another");
    for odd in ["", "a b", "ü", &"x".repeat(513)] {
        let refused = tenant.patch(&path, json!({ "secret": odd })).await;
        assert_eq!(refused.assert(422).errors()[0].0, "/secret");
    }
}

#[actix_web::test]
async fn identifiers_are_proper_unique_and_fixed() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    let long = "a".repeat(32);
    for (identifier, code) in [
        ("", "format"),
        ("A", "format"),
        ("a_b", "format"),
        ("a.b", "format"),
        ("a/b", "format"),
        ("ü", "format"),
        (long.as_str(), "format"),
        ("callback", "reserved"),
        ("test", "reserved"),
    ] {
        let body = with(source(&corp), json!({ "identifier": identifier }));
        tenant.post("identity-sources", body).await.assert_errors(&[("/identifier", code)]);
    }
    let free = async |name: &str| tenant.get(&format!("identity-sources/identifiers/{name}")).await;
    assert_eq!(
        free("wecom").await.assert(200).body,
        json!({ "identifier": "wecom", "free": true })
    );
    let made = tenant.post("identity-sources", source(&corp)).await;
    made.assert(201);
    assert_eq!(free("wecom").await.body["free"], false);
    assert_eq!(free("apps").await.assert(200).body["free"], true);
    free("Not%20Proper").await.assert_errors(&[("/identifier", "format")]);
    free("callback").await.assert_errors(&[("/identifier", "reserved")]);
    let again = tenant.post("identity-sources", source(&corp)).await;
    again.assert_problem(409, "conflict");
    assert_eq!(again.errors(), [("/identifier".to_owned(), "taken".to_owned())]);
    // Another tenant's names are its own.
    let other = bed.tenant("b.example").await;
    other.source().await;

    let path = format!("identity-sources/{}", made.id());
    let fixed = json!({ "corp": corp, "identifier": "b", "kind": "wecom_qr", "mode": "agency", "agent_id": 5 });
    tenant.patch(&path, fixed).await.assert_errors(&[
        ("/corp", "immutable"),
        ("/identifier", "immutable"),
        ("/kind", "immutable"),
        ("/mode", "immutable"),
    ]);
    assert_eq!(tenant.get(&path).await.body["agent_id"], 1_000_002);
}

#[actix_web::test]
async fn settings_fit_the_kind() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    let post =
        async |members: Value| tenant.post("identity-sources", with(source(&corp), members)).await;
    post(json!({ "scope": "snsapi_privateinfo" })).await.assert_errors(&[("/scope", "kind")]);
    post(json!({ "kind": "wecom_mobile", "panel": true }))
        .await
        .assert_errors(&[("/panel", "kind")]);
    post(json!({ "association": "guess" })).await.assert_errors(&[("/association", "choice")]);
    for agent in [json!(0), json!(-1), json!(4_294_967_296_i64)] {
        post(json!({ "agent_id": agent })).await.assert_errors(&[("/agent_id", "range")]);
    }
    post(json!({ "agent_id": 1.5 })).await.assert_errors(&[("/agent_id", "type")]);
    post(json!({ "display_names": {} })).await.assert_errors(&[("/display_names", "length")]);
    post(json!({ "display_names": "WeCom" })).await.assert_errors(&[("/display_names", "type")]);
    post(json!({ "display_names": { "en": "x".repeat(65) } }))
        .await
        .assert_errors(&[("/display_names/en", "length")]);
    let none = "00000000-0000-4000-8000-000000000000";
    post(json!({ "corp": none })).await.assert_errors(&[("/corp", "unknown")]);
    post(json!({ "logo_url": "https://u@a.example/" }))
        .await
        .assert_errors(&[("/logo_url", "userinfo")]);

    post(json!({ "identifier": "qr", "panel": true, "logo_url": "https://a.example/l.svg" }))
        .await
        .assert(201);
    let mobile = json!({ "identifier": "mobile", "kind": "wecom_mobile", "scope": "snsapi_privateinfo", "mode": "agency" });
    let mobile = post(mobile).await;
    assert_eq!(mobile.assert(201).body["scope"], "snsapi_privateinfo");
    let path = format!("identity-sources/{}", mobile.id());
    // Null takes a language away; the last one stays.
    let names = json!({ "display_names": { "en": null, "de": "WeCom" } });
    let changed = tenant.patch(&path, names).await;
    assert_eq!(
        changed.assert(200).body["display_names"],
        json!({ "zh-CN": "企业微信", "de": "WeCom" })
    );
}
