//! How an app proves itself at the token endpoint (attacks E1, E2, E4, E6, E7).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::{Answer, App, Tenant, on_every_backend};
use reqwest::Method;
use serde_json::json;

use crate::steps::{FORM, basic, by, code, is_oauth_error, is_page, signed_in, text, tokens};

const TOKEN: &str = "/oidc/token";

/// A token request with these headers and these parameters beside the grant's own.
async fn ask(
    tenant: &Tenant,
    authorization: Option<&str>,
    form: &[(&str, &str)],
    grant: &[(&str, &str)],
) -> Answer {
    let all: Vec<(&str, &str)> = grant.iter().chain(form).copied().collect();
    tenant.post(TOKEN, &all, authorization).await
}

/// Refused, with a challenge where a header was used (RFC 6749 §5.2).
fn is_refused(answer: &Answer, with_header: bool, what: &str) {
    is_oauth_error(answer, 401, "invalid_client", what);
    let challenge = answer.headers.get("www-authenticate").map(|value| value.to_str().unwrap());
    assert_eq!(challenge.is_some_and(|value| value.starts_with("Basic ")), with_header, "{what}");
}

on_every_backend! {
    async fn e1_an_app_authenticates_in_its_own_way_only(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let post = json!({ "token_endpoint_auth_method": "client_secret_post" });
        let post = by(&tenant, tenant.make_app(post).await);
        let public =
            by(&tenant, tenant.make_app(json!({ "token_endpoint_auth_method": "none" })).await);
        let secret = |app: &App| app.secret.clone().unwrap();
        for asking in [&tenant, &post, &public] {
            let (code, pkce) = code(asking, &mut browser).await;
            let grant = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", &asking.app.redirect_uri),
                ("code_verifier", &pkce.verifier),
            ];
            let id = asking.app.id.as_str();
            let own = asking.app.secret.clone().unwrap_or_else(|| "guess".to_owned());
            let is = |method: &Tenant| asking.app.id == method.app.id;
            let in_header = basic(id, &own);
            // Nothing, the name alone, empty, wrong, another app's, cut and lengthened.
            is_refused(&ask(&tenant, None, &[], &grant).await, false, "nothing");
            is_refused(
                &ask(&tenant, None, &[("client_id", "")], &grant).await,
                false,
                "an empty name",
            );
            is_refused(
                &ask(&tenant, None, &[("client_id", id), ("client_secret", "")], &grant).await,
                false,
                "empty",
            );
            let mut wrong = vec![
                "x".to_owned(),
                format!("{own}x"),
                own[1..].to_owned(),
                own.to_uppercase(),
                "\0".to_owned(),
            ];
            wrong.push(secret(if is(&tenant) { &post.app } else { &tenant.app }));
            for wrong in &wrong {
                let form = [("client_id", id), ("client_secret", wrong.as_str())];
                is_refused(&ask(&tenant, None, &form, &grant).await, false, wrong);
                is_refused(&ask(&tenant, Some(&basic(id, wrong)), &[], &grant).await, true, wrong);
            }
            is_refused(
                &ask(&tenant, Some(&basic(id, "")), &[], &grant).await,
                true,
                "an empty secret",
            );
            // A name that is not the header's.
            let other = [("client_id", "00000000-0000-4000-8000-000000000000")];
            is_refused(&ask(&tenant, Some(&in_header), &other, &grant).await, true, "another name");
            // Both ways at once.
            let both = [("client_id", id), ("client_secret", own.as_str())];
            let answer = ask(&tenant, Some(&in_header), &both, &grant).await;
            is_oauth_error(&answer, 400, "invalid_request", "both ways");
            // The right secret in a way that is not the app's.
            if !is(&tenant) {
                is_refused(&ask(&tenant, Some(&in_header), &[], &grant).await, true, "a header");
            }
            if !is(&post) {
                is_refused(&ask(&tenant, None, &both, &grant).await, false, "a form");
            }
            if !is(&public) {
                is_refused(
                    &ask(&tenant, None, &[("client_id", id)], &grant).await,
                    false,
                    "the name alone",
                );
            }
            // Never from the URL.
            let path = format!("{TOKEN}?client_id={id}&client_secret={own}");
            let answer = tenant.post(&path, &grant, None).await;
            is_oauth_error(&answer, 400, "invalid_request", "in the URL");
            // Its own way; nothing so far touched the code.
            let answer = if is(&post) {
                ask(&tenant, None, &both, &grant).await
            } else {
                asking.redeem(&code, &pkce).await
            };
            assert_eq!(answer.status, 200, "{id}: {}", answer.body);
        }
    }

    async fn e2_the_basic_header_is_read_as_the_rfc_says(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let (id, secret) = (tenant.app.id.as_str(), tenant.app.secret.as_deref().unwrap());
        let percent =
            |text: &str| text.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}"));
        let encode = |text: &str| STANDARD.encode(text);
        let right = [
            format!("Basic {}", encode(&format!("{id}:{secret}"))),
            format!("basic {}", encode(&format!("{id}:{secret}"))),
            format!("BASIC {}", encode(&format!("{}:{}", percent(id), percent(secret)))),
            format!("Basic {}", encode(&format!("{id}:{}", percent(secret).to_lowercase()))),
        ];
        for header in &right {
            let (code, pkce) = code(&tenant, &mut browser).await;
            let grant = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("client_id", id),
                ("redirect_uri", &tenant.app.redirect_uri),
                ("code_verifier", &pkce.verifier),
            ];
            let answer = ask(&tenant, Some(header), &[], &grant).await;
            assert_eq!(answer.status, 200, "{header}: {}", answer.body);
        }
        let wrong = [
            "Basic".to_owned(),
            "Basic ".to_owned(),
            "Basic ###".to_owned(),
            format!("Basic {}", encode(id)),
            format!("Basic {}", encode(&format!("{id}:"))),
            format!("Basic {}", encode(&format!(":{secret}"))),
            format!("Basic {}", encode(&format!("{id}:{secret}:x"))),
            format!("Basic {}", encode(&format!("{id}:{secret} "))),
            // Encoded twice, the colon encoded, not UTF-8, not base64's alphabet.
            format!("Basic {}", encode(&format!("{id}:{}", percent(&percent(secret))))),
            format!("Basic {}", encode(&format!("{id}%3A{secret}"))),
            format!("Basic {}", encode(&format!("{id}:%FF"))),
            format!("Basic {}", STANDARD.encode([id.as_bytes(), b":\xff"].concat())),
            format!("Basic {id}:{secret}"),
            format!("Bearer {secret}"),
            format!("Digest {}", encode(&format!("{id}:{secret}"))),
            format!("Basic {}", encode(&format!("{id}:+%+"))),
            format!("Basic {}", encode(&"x".repeat(4000))),
            encode(&format!("{id}:{secret}")),
        ];
        for header in &wrong {
            let answer = ask(
                &tenant,
                Some(header),
                &[("client_id", id)],
                &[("grant_type", "authorization_code")],
            )
            .await;
            is_refused(&answer, true, header);
        }
    }

    async fn e4_an_unknown_app_is_told_what_a_wrong_secret_is_told(world: World) {
        let tenant = world.tenant("acme").await;
        let other = world.tenant("other").await;
        let known = ask(
            &tenant,
            Some(&basic(&tenant.app.id, "x")),
            &[],
            &[("grant_type", "authorization_code")],
        )
        .await;
        for id in ["00000000-0000-4000-8000-000000000000", "x", "", "é", &other.app.id] {
            let unknown =
                ask(&tenant, Some(&basic(id, "x")), &[], &[("grant_type", "authorization_code")])
                    .await;
            assert_eq!((unknown.status, &unknown.body), (known.status, &known.body), "{id}");
        }
    }

    /// Mutual TLS is not offered: what a proxy would say of a certificate proves nothing, whoever says it.
    async fn e7_a_certificate_in_a_header_proves_nothing(world: World) {
        let (tenant, _) = signed_in(&world).await;
        let grants = json!({ "grant_types": ["authorization_code", "client_credentials"], "scopes": ["openid", "api"] });
        let app = by(&tenant, tenant.make_app(grants).await);
        let body = "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----";
        let form = format!("grant_type=client_credentials&client_id={}", app.app.id);
        for header in [
            "x-client-cert", "x-ssl-client-cert", "x-forwarded-client-cert", "ssl-client-cert",
            "x-ssl-client-verify", "x-ssl-client-s-dn", "client-cert", "x-amzn-mtls-clientcert",
        ] {
            let value = if header.ends_with("verify") { "SUCCESS" } else { body };
            let headers = [FORM, (header, value)];
            let answer = app.send(Method::POST, TOKEN, &headers, Some(form.as_bytes())).await;
            is_refused(&answer, false, header);
        }
        for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
            let change = json!({ "token_endpoint_auth_method": method });
            let path = tenant.path(&format!("/apps/{}", app.app.id));
            let any = [("if-match", "*")];
            let answer = tenant.admin.call(Method::PATCH, &path, &any, Some(change)).await;
            assert_eq!(answer.status, 422, "{}", answer.body);
        }
        // Positive control.
        let secret = app.app.secret.clone().unwrap();
        let grant = [("grant_type", "client_credentials")];
        let answer = ask(&app, Some(&basic(&app.app.id, &secret)), &[], &grant).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    async fn e6_a_secret_that_was_replaced_and_an_app_that_is_off(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        let (first, pkce) = code(&tenant, &mut browser).await;
        let path = tenant.path(&format!("/apps/{}", tenant.app.id));
        let answer = tenant.admin.call(Method::POST, &format!("{path}/secret"), &[], None).await;
        let new = App {
            secret: Some(text(&answer.json(), "client_secret").to_owned()),
            ..tenant.app.clone()
        };
        is_refused(&tenant.redeem(&first, &pkce).await, true, "the old secret");
        let renewed = by(&tenant, new);
        assert_eq!(renewed.redeem(&first, &pkce).await.status, 200);
        let (second, pkce) = code(&renewed, &mut browser).await;
        tenant.admin.patch(&path, json!({ "status": "disabled" })).await;
        is_refused(&renewed.redeem(&second, &pkce).await, true, "an app that is off");
        assert_eq!(tenant.userinfo(text(&issued, "access_token")).await.status, 401);
        let end = format!(
            "/oidc/session/end?id_token_hint={}&post_logout_redirect_uri={}",
            text(&issued, "id_token"),
            "https://app.example.com/signed-out",
        );
        let page = browser.get(tenant.url(&end)).await;
        is_page(&page, "redirect_uri_mismatch", "an app that is off sends nobody anywhere");
        tenant.admin.patch(&path, json!({ "status": "active" })).await;
        assert_eq!(renewed.redeem(&second, &pkce).await.status, 200);
    }

    async fn b5_the_token_endpoint_takes_a_posted_form_only(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let (code, pkce) = code(&tenant, &mut browser).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &tenant.app.redirect_uri),
            ("code_verifier", &pkce.verifier),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let header = basic(&tenant.app.id, tenant.app.secret.as_deref().unwrap());
        let authorization = ("authorization", header.as_str());
        let json = serde_json::to_string(
            &form.iter().copied().collect::<std::collections::BTreeMap<_, _>>(),
        )
        .unwrap();
        for kind in [
            "application/json",
            "text/plain",
            "multipart/form-data",
            "application/x-www-form-urlencodedx",
            "",
        ] {
            for body in [&json, &body] {
                let headers = [("content-type", kind), authorization];
                let answer =
                    tenant.send(Method::POST, TOKEN, &headers, Some(body.as_bytes())).await;
                is_oauth_error(&answer, 400, "invalid_request", kind);
            }
        }
        let answer =
            tenant.send(Method::POST, TOKEN, &[authorization], Some(body.as_bytes())).await;
        is_oauth_error(&answer, 400, "invalid_request", "no type");
        for query in [format!("{TOKEN}?{body}"), format!("{TOKEN}?code={code}")] {
            let answer = tenant.send(Method::POST, &query, &[authorization, FORM], Some(b"")).await;
            is_oauth_error(&answer, 400, "invalid_request", "in the URL");
            let answer = tenant.send(Method::GET, &query, &[authorization], None).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.headers["allow"]),
                (405, &"POST".parse().unwrap())
            );
        }
        for (name, _) in form {
            let without: Vec<(&str, &str)> =
                form.iter().copied().filter(|(other, _)| *other != name).collect();
            if ["grant_type", "code"].contains(&name) {
                let answer = tenant.token(&tenant.app, &without).await;
                is_oauth_error(&answer, 400, "invalid_request", name);
            }
        }
        let kind = ("content-type", "Application/X-WWW-Form-Urlencoded; charset=UTF-8");
        let answer =
            tenant.send(Method::POST, TOKEN, &[kind, authorization], Some(body.as_bytes())).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}
