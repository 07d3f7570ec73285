//! Scripts of other origins: those that an app registered read answers, nobody else does (attack I6).

use e2e::{Answer, Tenant, on_every_backend};
use reqwest::Method;
use serde_json::json;

use crate::steps::{FORM, by, sign_in, text};

const OWN: &str = "https://spa.example.com";

fn allowed(answer: &Answer) -> Option<&str> {
    assert!(answer.headers.get("access-control-allow-credentials").is_none(), "{answer:?}");
    answer.headers.get("access-control-allow-origin").map(|value| value.to_str().unwrap())
}

/// Asks beforehand, as a browser does before a request with headers of its own.
async fn preflight(tenant: &Tenant, path: &str, origin: &str) -> Answer {
    let headers = [("origin", origin), ("access-control-request-method", "POST")];
    tenant.send(Method::OPTIONS, path, &headers, None).await
}

on_every_backend! {
    async fn i6_a_registered_origin_reads_answers_and_no_lookalike_does(world: World) {
        let tenant = world.tenant("acme").await;
        let other = world.tenant("other").await;
        let app = json!({ "token_endpoint_auth_method": "none", "web_origins": [OWN, "https://a_b.example"] });
        let tenant = by(&tenant, tenant.make_app(app).await);
        let endpoints = ["/oidc/token", "/oidc/me", "/oidc/request", "/oidc/token/revocation"];
        for path in endpoints {
            let answer = preflight(&tenant, path, OWN).await;
            assert_eq!((answer.status.as_u16(), allowed(&answer)), (204, Some(OWN)), "{path}");
            let headers = answer.headers["access-control-allow-headers"].to_str().unwrap();
            assert!(headers.contains("dpop") && headers.contains("authorization"), "{headers}");
            assert_eq!(answer.headers["vary"], "origin");
            let answer = tenant.send(Method::POST, path, &[FORM, ("origin", OWN)], Some(b"x=y")).await;
            assert_eq!(allowed(&answer), Some(OWN), "errors too: {path} {}", answer.body);
            for origin in [
                "https://spa.example.com.evil.example",
                "https://spa.example.com:8443",
                "https://evil-spa.example.com",
                "http://spa.example.com",
                "https://SPA.example.com",
                "https://spa.example.com/",
                "https://axb.example",
                "https://%.example.com",
                "https://spa%",
                "%",
                "\"",
                "null",
                "",
            ] {
                let asked = preflight(&tenant, path, origin).await;
                assert_eq!((asked.status.as_u16(), allowed(&asked)), (204, None), "{path} {origin}");
                let headers = [FORM, ("origin", origin)];
                let answer = tenant.send(Method::POST, path, &headers, Some(b"x=y")).await;
                assert_eq!(allowed(&answer), None, "{path} {origin}");
            }
            assert_eq!(allowed(&preflight(&other, path, OWN).await), None, "another tenant: {path}");
            assert_eq!(allowed(&preflight(&tenant, path, "https://a_b.example").await), Some("https://a_b.example"));
        }
        for path in ["/oidc/auth", "/login", "/oidc/session/end", "/oidc/token/introspection", "/approve"] {
            assert_eq!(allowed(&preflight(&tenant, path, OWN).await), None, "{path}");
        }
        // An app that is switched off has no scripts any more.
        tenant.admin.patch(&tenant.path(&format!("/apps/{}", tenant.app.id)), json!({ "status": "disabled" })).await;
        assert_eq!(allowed(&preflight(&tenant, "/oidc/token", OWN).await), None);
    }

    async fn a_script_gets_its_tokens_and_userinfo(world: World) {
        let tenant = world.tenant("acme").await;
        let app = json!({ "token_endpoint_auth_method": "none", "web_origins": [OWN] });
        let tenant = by(&tenant, tenant.make_app(app).await);
        let (code, pkce) = sign_in(&tenant, &mut world.browser(), "zhangsan").await;
        let form = [
            ("grant_type", "authorization_code"), ("code", &code), ("client_id", &tenant.app.id),
            ("redirect_uri", &tenant.app.redirect_uri), ("code_verifier", &pkce.verifier),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let answer = tenant
            .send(Method::POST, "/oidc/token", &[FORM, ("origin", OWN)], Some(body.as_bytes()))
            .await;
        assert_eq!((answer.status.as_u16(), allowed(&answer)), (200, Some(OWN)), "{}", answer.body);
        let bearer = format!("Bearer {}", text(&answer.json(), "access_token"));
        let headers = [("origin", OWN), ("authorization", bearer.as_str())];
        let answer = tenant.send(Method::GET, "/oidc/me", &headers, None).await;
        assert_eq!((answer.status.as_u16(), allowed(&answer)), (200, Some(OWN)), "{}", answer.body);
    }

    async fn the_script_for_apps_is_for_everybody(world: World) {
        let tenant = world.tenant("acme").await;
        let headers = [("origin", "https://anybody.example")];
        let answer = tenant.send(Method::GET, "/sdk/hufu.js", &headers, None).await;
        assert_eq!((answer.status.as_u16(), allowed(&answer)), (200, Some("*")));
        assert_eq!(answer.headers["content-type"], "text/javascript; charset=utf-8");
        assert_eq!(answer.headers["cross-origin-resource-policy"], "cross-origin");
        assert!(answer.body.contains("export class Hufu"), "it is the module");
        let etag = answer.headers["etag"].to_str().unwrap().to_owned();
        let again = tenant.send(Method::GET, "/sdk/hufu.js", &[("if-none-match", &etag)], None).await;
        assert_eq!(again.status, 304);
    }
}
