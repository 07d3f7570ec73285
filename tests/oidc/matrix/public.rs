//! What everybody may read: it rests on nothing, or on a name.

use e2e::{ContactAddress, Tenant, contact_change};
use reqwest::Method;
use serde_json::json;

use super::artefact::Artefact::{ContactCallback, ContactSignature, VerificationFile};
use super::shown::{Shown, Works};
use crate::steps::sign_in;

/// The right requests.
pub(super) async fn right(tenant: &Tenant, method: &Method, pattern: &'static str) -> Vec<Shown> {
    // Who is signed in reads the same.
    let mut browser = tenant.world.browser();
    sign_in(tenant, &mut browser, "zhangsan").await;
    let read = |text: &str| Shown::new(method, pattern, Works::page(text)).from(tenant, &browser);
    vec![match pattern {
        "/oidc/.well-known/openid-configuration"
        | "/.well-known/oauth-authorization-server/oidc" => {
            read(&format!("\"issuer\":\"{}\"", tenant.issuer()))
        }
        "/oidc/.well-known/jwks.json" => read("\"keys\""),
        "/sdk/hufu.js" => read("export"),
        "/assets/{name}" => {
            let page = tenant.world.browser().follow(tenant.url("/account/sign-in")).await;
            let asset = page.links().into_iter().find(|link| link.starts_with("/assets/"));
            read("").at("name", asset.unwrap().trim_start_matches("/assets/"))
        }
        "/WW_verify_{name:[A-Za-z0-9]{1,64}}.txt" => {
            let name = tenant.id.replace('-', "");
            let path = tenant.path(&format!("/verification-files/WW_verify_{name}.txt"));
            tenant.admin.put(&path, json!({ "content": name })).await;
            let shown = read(&name).at("name", &name).naming("name", VerificationFile);
            shown.rests_on(&[VerificationFile])
        }
        "/wecom/contacts/{path}" => contact(tenant, method, pattern).await,
        other => panic!("{method} {other}"),
    }]
}

/// WeCom has an address prove itself, or tells of somebody who is new.
async fn contact(tenant: &Tenant, method: &Method, pattern: &'static str) -> Shown {
    let address = ContactAddress::make(tenant).await;
    let (query, body, answer) = if *method == Method::GET {
        (address.receiver.ask("echo", tenant.now()).unwrap(), None, "echo")
    } else {
        let message =
            contact_change(&tenant.corp_id, tenant.now(), "create_user", "<UserID>a</UserID>");
        let delivery = address.delivery(tenant, &message);
        (delivery.query, Some(delivery.body), "success")
    };
    let shown = Shown::new(method, pattern, Works::page(answer));
    let shown = shown.at("path", address.path.rsplit('/').next().unwrap());
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let shown = pairs.fold(shown, |shown, (name, value)| shown.asking(&name, &value));
    let shown = body.into_iter().fold(shown, Shown::sending);
    let shown = shown.naming("path", ContactCallback).naming("msg_signature", ContactSignature);
    shown.rests_on(&[ContactCallback, ContactSignature])
}
