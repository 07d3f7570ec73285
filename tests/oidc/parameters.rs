//! What a request may carry (attacks B1 to B4, B6, B7).

use e2e::{Answer, Browser, Pkce, Tenant, on_every_backend};
use reqwest::Method;
use serde_json::json;
use url::Url;

use crate::steps::{
    FORM, authorize, basic, by, claims, code, is_error, is_oauth_error, is_page, is_signed_in,
    query, raw, send_form, signed_in, silently, status, text, tokens,
};

const TOKEN: &str = "/oidc/token";
const END: &str = "/oidc/session/end";

fn encode(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// A query with a parameter once more.
fn twice(query: &str, name: &str, value: &str) -> [String; 2] {
    let pair = format!("{name}={}", encode(value));
    [format!("{query}&{pair}"), format!("{pair}&{query}")]
}

/// A token request with a body as it is.
async fn token(tenant: &Tenant, body: &str) -> Answer {
    let basic = basic(&tenant.app.id, tenant.app.secret.as_deref().unwrap());
    let headers = [FORM, ("authorization", basic.as_str())];
    tenant.send(Method::POST, TOKEN, &headers, Some(body.as_bytes())).await
}

/// The answer to a right request, and its state as it came back.
async fn state_of(tenant: &Tenant, browser: &mut Browser, state: &str) -> Option<String> {
    let answer = silently(tenant, browser, &Pkce::new(), &[("state", state)]).await;
    assert!(answer.parameter("code").is_some(), "{answer:?}");
    answer.parameter("state")
}

on_every_backend! {
    async fn b1_there_is_no_other_flow_than_the_code(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for kind in [
            "token",
            "id_token",
            "id_token token",
            "code token",
            "code id_token",
            "code id_token token",
            "none",
            "Code",
            "code ",
            " code",
            "code code",
            "code\0",
            "[code]",
        ] {
            let answer =
                silently(&tenant, &mut browser, &Pkce::new(), &[("response_type", kind)]).await;
            is_error(&tenant, &answer, "unsupported_response_type", kind);
        }
        let answer = silently(&tenant, &mut browser, &Pkce::new(), &[("response_type", "")]).await;
        is_error(&tenant, &answer, "invalid_request", "no response type");
        let (code, pkce) = code(&tenant, &mut browser).await;
        for kind in [
            "password",
            "client_credentials",
            "refresh_token",
            "implicit",
            "authorization_code ",
            "Authorization_Code",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ] {
            let form = [
                ("grant_type", kind),
                ("code", &code),
                ("redirect_uri", &tenant.app.redirect_uri),
                ("code_verifier", &pkce.verifier),
                ("username", "zhangsan"),
                ("password", "x"),
                ("refresh_token", "x"),
            ];
            let answer = tenant.token(&tenant.app, &form).await;
            // These two there are, but not for this app.
            let error = match kind {
                "client_credentials" | "refresh_token" => "unauthorized_client",
                _ => "unsupported_grant_type",
            };
            is_oauth_error(&answer, 400, error, kind);
        }
        assert_eq!(tenant.redeem(&code, &pkce).await.status, 200);
    }

    async fn b2_no_other_response_mode_gets_a_code(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let tenant = by(&tenant, tenant.make_app(json!({ "response_modes": ["query"] })).await);
        for mode in [
            "fragment",
            "form_post",
            "web_message",
            "jwt",
            "query.jwt",
            "fragment.jwt",
            "QUERY",
            "query ",
            "okta_post_message",
        ] {
            let answer =
                silently(&tenant, &mut browser, &Pkce::new(), &[("response_mode", mode)]).await;
            is_error(&tenant, &answer, "invalid_request", mode);
        }
        let answer =
            silently(&tenant, &mut browser, &Pkce::new(), &[("response_mode", "query")]).await;
        assert!(answer.parameter("code").is_some(), "{answer:?}");
    }

    async fn b3_a_parameter_twice_at_the_authorization_endpoint(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let extra =
            [("prompt", "none"), ("max_age", "1000"), ("response_mode", "query"), ("unknown", "x")];
        let query = query(&tenant, &Pkce::new(), &extra);
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert_eq!(pairs.len(), 12);
        for (name, value) in &pairs {
            for other in [value.as_str(), "other", ""] {
                for form in twice(&query, name, other) {
                    for method in [Method::GET, Method::POST] {
                        let answer = authorize(&tenant, &mut browser, method, &form).await;
                        match name.as_str() {
                            "client_id" => is_page(&answer, "invalid_request", &form),
                            "redirect_uri" => is_page(&answer, "redirect_uri_mismatch", &form),
                            _ => is_error(&tenant, &answer, "invalid_request", &form),
                        }
                        let state = answer.location().and_then(|_| answer.parameter("state"));
                        let expected =
                            answer.location().filter(|_| name != "state").map(|_| "s".to_owned());
                        assert_eq!(state, expected, "{form}");
                    }
                }
            }
        }
        // Half in the query, half in the form.
        let url = Url::parse(&tenant.url(&format!("/oidc/auth?{query}"))).unwrap();
        for body in [query.as_str(), "state=other", ""] {
            let answer = browser.send(Method::POST, &url, Some(body.to_owned())).await;
            is_page(&answer, "invalid_request", body);
        }
        let answer = authorize(&tenant, &mut browser, Method::POST, &query).await;
        assert!(answer.parameter("code").is_some(), "{answer:?}");
    }

    async fn b3_a_parameter_twice_at_the_token_endpoint(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let (code, pkce) = code(&tenant, &mut browser).await;
        let id = tenant.app.id.as_str();
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &tenant.app.redirect_uri),
            ("code_verifier", &pkce.verifier),
            ("client_id", id),
            ("unknown", "x"),
        ];
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        for (name, value) in pairs {
            for other in [value, "other", ""] {
                for body in twice(&body, name, other) {
                    let answer = token(&tenant, &body).await;
                    is_oauth_error(&answer, 400, "invalid_request", &body);
                }
            }
        }
        // The secret twice, for an app that sends it in the form.
        let post =
            tenant.make_app(json!({ "token_endpoint_auth_method": "client_secret_post" })).await;
        let secret = post.secret.unwrap();
        let form =
            format!("{body}&client_secret={secret}&client_secret={secret}").replace(id, &post.id);
        let answer = tenant.send(Method::POST, TOKEN, &[FORM], Some(form.as_bytes())).await;
        is_oauth_error(&answer, 400, "invalid_request", "client_secret twice");
        // Two headers to authenticate with.
        let basic = basic(id, tenant.app.secret.as_deref().unwrap());
        let two = [FORM, ("authorization", basic.as_str()), ("authorization", "Basic eDp5")];
        let answer = tenant.send(Method::POST, TOKEN, &two, Some(body.as_bytes())).await;
        assert!(answer.status.is_client_error(), "{}", answer.body);
        // A query beside the form.
        for query in ["x=y", "code=other", "grant_type=authorization_code"] {
            let path = format!("{TOKEN}?{query}");
            let headers = [FORM, ("authorization", basic.as_str())];
            let answer = tenant.send(Method::POST, &path, &headers, Some(body.as_bytes())).await;
            is_oauth_error(&answer, 400, "invalid_request", query);
        }
        let answer = token(&tenant, &body).await;
        assert_eq!(answer.status, 200, "none of them touched the code: {}", answer.body);
    }

    async fn b3_a_parameter_twice_at_the_logout(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        let pairs = [
            ("id_token_hint", text(&issued, "id_token")),
            ("client_id", &tenant.app.id),
            ("state", "s"),
            ("post_logout_redirect_uri", "https://app.example.com/signed-out"),
            ("ui_locales", "en"),
            ("unknown", "x"),
        ];
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let end = Url::parse(&tenant.url(END)).unwrap();
        for (name, value) in pairs {
            for other in [value, "other", ""] {
                for form in twice(&query, name, other) {
                    for method in [Method::GET, Method::POST] {
                        let answer = send_form(&mut browser, method, end.clone(), &form).await;
                        is_page(&answer, "invalid_request", &form);
                    }
                }
            }
        }
        let mixed = Url::parse(&tenant.url(&format!("{END}?{query}"))).unwrap();
        for body in [query.as_str(), "state=other", ""] {
            let answer = browser.send(Method::POST, &mixed, Some(body.to_owned())).await;
            is_page(&answer, "invalid_request", body);
        }
        is_signed_in(&tenant, &mut browser).await;
        let answer = send_form(&mut browser, Method::POST, end, &query).await;
        assert_eq!(answer.headers["location"], "https://app.example.com/signed-out?state=s#");
    }

    async fn b4_state_and_nonce_come_back_intact_or_not_at_all(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for value in [
            &"a".repeat(384),
            "&code=evil",
            "#x",
            "é\u{1F600}\u{2028}",
            "%41",
            "+",
            " ",
            "%0d%0aLocation: https://evil.example/",
            "<script>alert(1)</script>",
            "\"'\\",
            "https://evil.example/?x=y",
            &"a".repeat(512),
        ] {
            assert_eq!(state_of(&tenant, &mut browser, value).await.as_deref(), Some(value));
            let issued = tokens(&tenant, &mut browser, &[("nonce", value)]).await;
            assert_eq!(claims(text(&issued, "id_token"))["nonce"], value);
        }
        let longest = "a".repeat(2048);
        assert_eq!(state_of(&tenant, &mut browser, &longest).await, Some(longest));
        let (long, longer) = ("a".repeat(513), "a".repeat(2049));
        let controls =
            ["\0", "a\0b", "a\nb", "\r\nLocation: https://evil.example/", "\u{7f}", "\u{85}"];
        for name in ["state", "nonce", "ui_locales"] {
            let too_long = if name == "state" { &longer } else { &long };
            for value in controls.iter().copied().chain([too_long.as_str()]) {
                let answer = silently(&tenant, &mut browser, &Pkce::new(), &[(name, value)]).await;
                is_error(&tenant, &answer, "invalid_request", &format!("{name} {value:?}"));
                let state = answer.parameter("state");
                assert_eq!(
                    state.as_deref(),
                    Some("s").filter(|_| name != "state"),
                    "{name} {value:?}"
                );
                assert!(answer.headers["location"].len() < 1000, "{name} is not echoed");
            }
        }
    }

    async fn b4_what_we_do_not_know_is_ignored(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for extra in [
            ("unknown", "x"),
            ("login_hint", "zhangsan"),
            ("ui_locales", "fr zh-CN en"),
            ("ui_locales", "%%%"),
            ("display", "popup"),
            ("display", "page"),
            ("display", "nonsense"),
            ("acr_values", "urn:x 1 2"),
            ("claims_locales", "zh-CN en"),
            ("claims", r#"{"userinfo":{"name":{"essential":true}}}"#),
            ("id_token_signed_response_alg", "none"),
            ("audience", "https://evil.example"),
            ("resource", "x"),
            ("web_message_uri", "https://evil.example/"),
            ("origin", "https://evil.example"),
            ("registration", "{}"),
            ("access_type", "offline"),
            ("scope", "phone openid email address offline_access x profile"),
        ] {
            let answer = silently(&tenant, &mut browser, &Pkce::new(), &[extra]).await;
            assert!(answer.parameter("code").is_some(), "{extra:?}: {answer:?}");
            let page = browser
                .follow(tenant.authorize_url(&Pkce::new(), &[extra, ("prompt", "login")]))
                .await;
            assert_eq!((page.status.as_u16(), page.url.path()), (200, "/login"), "{extra:?}");
        }
        // Request objects are refused, not ignored (OpenID Connect Core §6).
        for (name, error) in
            [("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")]
        {
            let answer =
                silently(&tenant, &mut browser, &Pkce::new(), &[(name, "https://evil.example/x")])
                    .await;
            is_error(&tenant, &answer, error, name);
        }
    }

    async fn b4_bytes_that_are_no_text(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let query = query(&tenant, &Pkce::new(), &[("prompt", "none")]);
        for bad in ["%FF", "%C0%AF", "%ED%A0%80", "%F4%90%80%80", "%80", "a%E2%82"] {
            for pair in [format!("x={bad}"), format!("{bad}=x"), format!("ui_locales={bad}")] {
                let form = format!("{query}&{pair}");
                for method in [Method::GET, Method::POST] {
                    is_page(
                        &authorize(&tenant, &mut browser, method, &form).await,
                        "invalid_request",
                        &form,
                    );
                }
                let end = Url::parse(&tenant.url(END)).unwrap();
                is_page(
                    &send_form(&mut browser, Method::GET, end, &pair).await,
                    "invalid_request",
                    &pair,
                );
                is_oauth_error(&token(&tenant, &pair).await, 400, "invalid_request", &pair);
            }
        }
        for name in [
            "client_id",
            "redirect_uri",
            "scope",
            "prompt",
            "max_age",
            "connection",
            "id_token_hint",
        ] {
            let answer = browser.get(tenant.authorize_url(&Pkce::new(), &[(name, "\0")])).await;
            assert!(
                answer.status.as_u16() == 303 || answer.status.is_client_error(),
                "{name}: {answer:?}"
            );
            assert!(
                answer.location().is_none_or(|_| answer.parameter("error").is_some()),
                "{name}"
            );
        }
        is_signed_in(&tenant, &mut browser).await;
    }

    async fn b4_a_mebibyte_is_refused_and_nothing_else_suffers(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let query = query(&tenant, &Pkce::new(), &[("state", ""), ("prompt", "none")]);
        let state = "a".repeat(1024 * 1024);
        for port in world.ports() {
            let line = format!(
                "GET /oidc/auth?{query}&state={state} HTTP/1.1\r\nHost: {}\r\n\r\n",
                tenant.host
            );
            let answer = raw(*port, line.as_bytes()).await;
            // The connection may be cut while we still write; an answer is a refusal.
            assert!(answer.is_empty() || (400..500).contains(&status(&answer)), "{answer}");
            assert!(!answer.contains("hufu_code_"), "{answer}");
            for path in ["/oidc/auth", TOKEN, END] {
                let body = format!("{query}&state={state}");
                let head = format!(
                    "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\
                     Connection: close\r\n\r\n{body}",
                    tenant.host,
                    FORM.1,
                    body.len(),
                );
                let answer = raw(*port, head.as_bytes()).await;
                assert!(answer.is_empty() || status(&answer) == 413, "{path}: {answer}");
            }
        }
        // CVE-2026-4634: a scope of 100 000 characters.
        let scope = format!("openid {}", "x ".repeat(30_000));
        let answer = authorize(
            &tenant,
            &mut browser,
            Method::POST,
            &format!("{query}&x={}", encode(&scope)),
        )
        .await;
        assert!(answer.parameter("code").is_some() || answer.status == 413, "{}", answer.status);
        let answer = silently(&tenant, &mut browser, &Pkce::new(), &[("scope", &scope)]).await;
        assert!(answer.parameter("code").is_some(), "{}", answer.status);
        is_signed_in(&tenant, &mut browser).await;
    }
}
