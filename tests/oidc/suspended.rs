//! What programs are told where there is no tenant to serve them: in JSON, as ever (RFC 6749 §5.2).

use e2e::{Tenant, on_every_backend};
use reqwest::Method;
use serde_json::{Value, json};

use crate::steps::{
    FORM, is_oauth_error, raw, refreshed, refreshing, signed_in, status, text, tokens,
};

/// The endpoints that programs call.
const ENDPOINTS: [&str; 5] = [
    "/oidc/token",
    "/oidc/request",
    "/oidc/token/introspection",
    "/oidc/token/revocation",
    "/oidc/me",
];

async fn set(tenant: &Tenant, status: &str) {
    tenant.world.operator().patch(&tenant.path(""), json!({ "status": status })).await;
}

on_every_backend! {
    async fn i3_f2_a_suspended_tenant_tells_programs_so_in_json(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = refreshing(&tenant, json!({})).await;
        let issued = tokens(&app, &mut browser, &[]).await;
        let form = format!(
            "grant_type=refresh_token&client_id={}&refresh_token={}",
            app.app.id, text(&issued, "refresh_token"),
        );
        set(&tenant, "suspended").await;
        for path in ENDPOINTS {
            let answer = tenant.send(Method::POST, path, &[FORM], Some(form.as_bytes())).await;
            if path != "/oidc/me" {
                is_oauth_error(&answer, 400, "unauthorized_client", path);
                continue;
            }
            is_oauth_error(&answer, 401, "invalid_token", path);
            let challenge = answer.headers["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{challenge}");
        }
        // A person gets a page.
        let page = browser.get(tenant.url("/account")).await;
        assert_eq!(page.code().as_deref(), Some("tenant_suspended"));
        // Nothing of it was lost.
        set(&tenant, "active").await;
        assert_eq!(app.userinfo(text(&issued, "access_token")).await.status, 200);
        refreshed(&app, text(&issued, "refresh_token")).await;
    }

    async fn i3_an_unknown_host_tells_programs_so_in_json(world: World) {
        let tenant = world.tenant("acme").await;
        for path in ENDPOINTS {
            let ask = |host: &str| format!(
                "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let answer = raw(world.ports()[0], ask("nobody.localhost").as_bytes()).await;
            assert_eq!(status(&answer), 404, "{path}: {answer}");
            let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
            assert_eq!(body["error"], "invalid_request", "{path}: {answer}");
            let answer = raw(world.ports()[0], ask(&tenant.host).as_bytes()).await;
            assert!([400, 401].contains(&status(&answer)), "{path}: {answer}");
        }
    }
}
