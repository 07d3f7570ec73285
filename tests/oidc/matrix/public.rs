//! What everybody may read: it rests on nothing, or on a name.

use e2e::Tenant;
use reqwest::Method;
use serde_json::json;

use super::artefact::Artefact::VerificationFile;
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
        other => panic!("{method} {other}"),
    }]
}
