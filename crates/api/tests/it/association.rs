//! How first sign-ins find an account: what an administrator may write about it.

use serde_json::{Value, json};

use crate::support::{Answer, Bed, Caller, source, with};

/// A policy as it is by itself.
fn plain() -> Value {
    json!({
        "rules": [], "on_no_match": "create", "on_several": "refuse", "on_other_identity": "refuse",
        "ask_form": "choose", "proofs": ["password", "email_code", "sms_code", "source"],
        "offer_consent": false, "offer_typed": false, "offer_browser": false,
    })
}

/// A policy in which nothing is as it is by itself.
fn other() -> Value {
    json!({
        "rules": [{ "field": "userid_username", "trusted": true }, { "field": "mobile", "trusted": false }],
        "on_no_match": "ask", "on_several": "ask", "on_other_identity": "ask", "ask_form": "one_form",
        "proofs": ["email_code"], "offer_consent": true, "offer_typed": true, "offer_browser": true,
    })
}

async fn post(tenant: &Caller, corp: &str, members: Value) -> Answer {
    tenant.post("identity-sources", with(source(corp), members)).await
}

#[actix_web::test]
async fn a_policy_is_written_and_read() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    for (name, members, expected) in [
        ("a", json!({}), plain()),
        ("b", json!({ "association_policy": null }), plain()),
        ("c", json!({ "association_policy": {} }), plain()),
        ("d", json!({ "association": "ask", "association_policy": other() }), other()),
        ("e", json!({ "association": "field", "association_policy": other() }), other()),
        // What is null is as it is by itself.
        (
            "f",
            json!({ "association_policy": { "rules": null, "proofs": null, "ask_form": null } }),
            plain(),
        ),
        (
            "g",
            json!({ "association_policy": { "proofs": [] } }),
            with(plain(), json!({ "proofs": [] })),
        ),
    ] {
        let made = post(&tenant, &corp, with(members, json!({ "identifier": name }))).await;
        assert_eq!(made.assert(201).body["association_policy"], expected, "{name}");
        let read = tenant.get(made.header("location")).await;
        assert_eq!(read.body["association_policy"], expected, "{name}");
    }
}

#[actix_web::test]
async fn a_policy_is_refused_member_by_member() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    for (policy, expected) in [
        (json!("field"), vec![("", "type")]),
        (json!([]), vec![("", "type")]),
        (json!({ "rule": [] }), vec![("/rule", "unknown_field")]),
        (json!({ "rule": null }), vec![("/rule", "unknown_field")]),
        (json!({ "a/b~c": 1 }), vec![("/a~1b~0c", "unknown_field")]),
        (json!({ "on_no_match": "refuse" }), vec![("/on_no_match", "choice")]),
        (json!({ "on_several": "create" }), vec![("/on_several", "choice")]),
        (json!({ "on_other_identity": true }), vec![("/on_other_identity", "type")]),
        (json!({ "ask_form": "oneform" }), vec![("/ask_form", "choice")]),
        (json!({ "proofs": "password" }), vec![("/proofs", "type")]),
        (json!({ "proofs": ["password", "name"] }), vec![("/proofs/1", "choice")]),
        (json!({ "proofs": ["source", "source"] }), vec![("/proofs/1", "duplicate")]),
        (json!({ "offer_consent": 1 }), vec![("/offer_consent", "type")]),
        (json!({ "offer_typed": "true" }), vec![("/offer_typed", "type")]),
        (json!({ "offer_browser": [] }), vec![("/offer_browser", "type")]),
        (
            json!({ "rules": {}, "ask_form": 1, "x": 1 }),
            vec![("/ask_form", "type"), ("/rules", "type"), ("/x", "unknown_field")],
        ),
    ] {
        let expected: Vec<_> =
            expected.iter().map(|(at, code)| (format!("/association_policy{at}"), *code)).collect();
        let expected: Vec<_> = expected.iter().map(|(at, code)| (at.as_str(), *code)).collect();
        let refused = post(&tenant, &corp, json!({ "association_policy": policy })).await;
        refused.assert_errors(&expected);
    }
}

#[actix_web::test]
async fn rules_are_proper_and_of_one_field_each() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    let good = json!({ "field": "mobile", "trusted": true });
    for (rules, expected) in [
        (json!({ "0": good }), vec![("", "type")]),
        (json!(vec![good.clone(); 11]), vec![("", "length")]),
        (json!([good, good]), vec![("/1", "duplicate")]),
        (json!([good, { "field": "mobile", "trusted": false }]), vec![("/1", "duplicate")]),
        (json!(["mobile"]), vec![("/0", "format")]),
        (json!([["mobile", true]]), vec![("/0", "format")]),
        (json!([null]), vec![("/0", "format")]),
        (json!([{}]), vec![("/0", "format")]),
        (json!([{ "field": "mobile" }]), vec![("/0", "format")]),
        (json!([{ "trusted": true }]), vec![("/0", "format")]),
        (json!([{ "field": "name", "trusted": true }]), vec![("/0", "format")]),
        (json!([{ "field": "mobile", "trusted": "yes" }]), vec![("/0", "format")]),
        (json!([{ "field": "mobile", "trusted": true, "verified": true }]), vec![("/0", "format")]),
        (
            json!([{ "field": "Mobile", "trusted": true }, good, 5]),
            vec![("/0", "format"), ("/2", "format")],
        ),
    ] {
        let expected: Vec<_> = expected
            .iter()
            .map(|(at, code)| (format!("/association_policy/rules{at}"), *code))
            .collect();
        let expected: Vec<_> = expected.iter().map(|(at, code)| (at.as_str(), *code)).collect();
        let policy = json!({ "rules": rules });
        post(&tenant, &corp, json!({ "association_policy": policy }))
            .await
            .assert_errors(&expected);
    }
    let fields = ["biz_mail", "mobile", "userid_external_id", "email", "userid_username"];
    let all: Vec<_> = fields.map(|field| json!({ "field": field, "trusted": true })).into();
    let made = post(&tenant, &corp, json!({ "association_policy": { "rules": all } })).await;
    // In their order.
    assert_eq!(made.assert(201).body["association_policy"]["rules"], json!(all));
}

/// An agency app sees encrypted userids, which are nobody's name [D 96518].
#[actix_web::test]
async fn an_agency_source_has_no_rule_of_userids() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    let rule = |field: &str| json!({ "rules": [{ "field": field, "trusted": true }] });
    let agency = |field: &str| json!({ "mode": "agency", "association": "field", "association_policy": rule(field) });
    let refused = [("/association_policy/rules/0", "mode")];
    for field in ["userid_username", "userid_external_id"] {
        post(&tenant, &corp, agency(field)).await.assert_errors(&refused);
    }
    let made = post(&tenant, &corp, agency("mobile")).await;
    let path = format!("identity-sources/{}", made.assert(201).id());
    for field in ["userid_username", "userid_external_id"] {
        let patch = json!({ "association_policy": rule(field) });
        tenant.patch(&path, patch).await.assert_errors(&refused);
        let own =
            json!({ "identifier": field.replace('_', "-"), "association_policy": rule(field) });
        post(&tenant, &corp, own).await.assert(201);
    }
}

#[actix_web::test]
async fn association_by_field_needs_a_rule() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    let missing = [("/association_policy/rules", "required")];
    let by_field = json!({ "association": "field" });
    for policy in [json!(null), json!({}), json!({ "rules": [] }), json!({ "rules": null })] {
        let members = with(by_field.clone(), json!({ "association_policy": policy }));
        post(&tenant, &corp, members).await.assert_errors(&missing);
    }
    post(&tenant, &corp, by_field.clone()).await.assert_errors(&missing);
    // Beside another flaw, both are named.
    let two = with(by_field.clone(), json!({ "association_policy": {}, "agent_id": 0 }));
    post(&tenant, &corp, two).await.assert_errors(&[("/agent_id", "range"), missing[0]]);
    let odd = with(by_field.clone(), json!({ "association_policy": { "x": 1 } }));
    post(&tenant, &corp, odd).await.assert_errors(&[("/association_policy/x", "unknown_field")]);

    let made = post(&tenant, &corp, json!({ "association": "ask" })).await;
    let path = format!("identity-sources/{}", made.assert(201).id());
    tenant.patch(&path, by_field.clone()).await.assert_errors(&missing);
    let rules = json!({ "rules": [{ "field": "email", "trusted": true }] });
    let right = with(by_field, json!({ "association_policy": rules }));
    tenant.patch(&path, right).await.assert(200);
    for none in [json!(null), json!({ "rules": null }), json!({ "rules": [] })] {
        let patch = json!({ "association_policy": none });
        tenant.patch(&path, patch.clone()).await.assert_errors(&missing);
    }
    // Together with the association they may go.
    let back = json!({ "association": "none", "association_policy": null });
    assert_eq!(tenant.patch(&path, back).await.assert(200).body["association_policy"], plain());
}

#[actix_web::test]
async fn a_patch_changes_a_policy_member_by_member() {
    let bed = Bed::new().await;
    let tenant = bed.tenant("a.example").await;
    let corp = tenant.corp().await;
    let made =
        post(&tenant, &corp, json!({ "association": "field", "association_policy": other() }))
            .await;
    let path = format!("identity-sources/{}", made.assert(201).id());
    let mut expected = other();
    for (patch, changed) in [
        (json!({}), json!({})),
        (json!({ "ask_form": "choose" }), json!({ "ask_form": "choose" })),
        (json!({ "offer_typed": null }), json!({ "offer_typed": false })),
        (json!({ "proofs": null }), json!({ "proofs": plain()["proofs"] })),
        (json!({ "proofs": ["source", "password"] }), json!({ "proofs": ["password", "source"] })),
        // A list is one value: it is replaced.
        (
            json!({ "rules": [{ "field": "email", "trusted": true }], "on_several": "refuse" }),
            json!({ "rules": [{ "field": "email", "trusted": true }], "on_several": "refuse" }),
        ),
    ] {
        let answer = tenant.patch(&path, json!({ "association_policy": patch })).await;
        expected = with(expected, changed);
        assert_eq!(answer.assert(200).body["association_policy"], expected);
    }
    // What does not name it leaves it alone.
    let answer = tenant.patch(&path, json!({ "login_only": true })).await;
    assert_eq!(answer.assert(200).body["association_policy"], expected);
    let odd = json!({ "association_policy": { "on_no_match": "x", "unknown": 1 } });
    tenant.patch(&path, odd).await.assert_errors(&[
        ("/association_policy/on_no_match", "choice"),
        ("/association_policy/unknown", "unknown_field"),
    ]);
    assert_eq!(tenant.get(&path).await.body["association_policy"], expected);
    let reset =
        tenant.patch(&path, json!({ "association": "ask", "association_policy": null })).await;
    assert_eq!(reset.assert(200).body["association_policy"], plain());
}
