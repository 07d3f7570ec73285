//! What has to succeed, and the person who does not want to.

use e2e::{Answer, Client, Code, PUSH, Pkce, TOKEN, USERINFO, request_uri, verify_id_token};
use serde_json::{Value, json};

use crate::side::{Side, claims, is_code, is_error, is_page, text};

/// The random part of a secret of ours: at least 128 bits are asked for, we have 256.
fn is_random(secret: &str, prefix: &str) {
    let random = secret.strip_prefix(prefix).unwrap_or_else(|| panic!("{secret}"));
    assert_eq!(random.len(), 43, "{secret}");
    assert!(random.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
}

/// The whole flow of a client, with all that the suite looks at on its way: the tokens.
async fn whole_flow(client: &Client, browser: &mut e2e::Browser) -> Value {
    let pkce = Pkce::new();
    let pushed = client.push(&pkce).send().await;
    assert_eq!(pushed.headers["content-type"], "application/json");
    assert_eq!(pushed.headers["cache-control"], "no-store");
    // At least 5 seconds are asked for, and RFC 9126 §2.2 names 600 as long.
    assert!((5..=600).contains(&pushed.json()["expires_in"].as_i64().unwrap()));
    let request_uri = request_uri(&pushed);
    is_random(&request_uri, "urn:ietf:params:oauth:request_uri:hufu_par_");
    let answer = browser.get(client.authorize_url(&request_uri, &[])).await;
    let code = is_code(client, &answer, Some("s"));
    is_random(&code, "hufu_code_");
    let answer = client.redeem(&Code { code, pkce }).send().await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["content-type"], "application/json");
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "DPoP");
    assert_eq!(tokens["expires_in"], 600);
    is_random(text(&tokens, "refresh_token"), "hufu_refresh_");
    let access = claims(text(&tokens, "access_token"));
    assert_eq!(access["cnf"]["jkt"], client.dpop.as_ref().unwrap().thumbprint());
    assert_eq!(access["client_id"], client.id());
    let id = verify_id_token(&client.tenant, browser, text(&tokens, "id_token")).await;
    assert_ne!(id.header.alg, jsonwebtoken::Algorithm::RS256);
    let about = client.userinfo(text(&tokens, "access_token")).send().await;
    assert_eq!(about.status, 200, "{}", about.body);
    assert!(about.headers.contains_key("date"), "RFC 9110 §6.6.1");
    assert_eq!(about.json()["sub"], id.claims["sub"]);
    tokens
}

/// The page's form that gives up: where it goes, and its token.
fn cancel_form(page: &Answer) -> (String, String) {
    let form = page.body.split_once("action=\"/login/cancel").unwrap().1;
    let action = form.split_once('"').unwrap().0.replace("&amp;", "&");
    let csrf = form.split_once("name=\"csrf\" value=\"").unwrap().1.split_once('"').unwrap().0;
    (format!("/login/cancel{action}"), csrf.to_owned())
}

/// A request with this changed gives a code whose ID token has this nonce: the answer.
async fn succeeds(side: &mut Side, change: fn(e2e::Request) -> e2e::Request) -> (Answer, Value) {
    let (pkce, client) = (Pkce::new(), &side.one);
    let answer = client.authorize(&mut side.browser, change(client.push(&pkce))).await;
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    let tokens = client.redeem(&Code { code, pkce }).send().await.json();
    let about = client.userinfo(text(&tokens, "access_token")).send().await;
    assert_eq!(about.status, 200, "{}", about.body);
    (answer, claims(text(&tokens, "id_token")))
}

modules! {
    async fn discovery_end_point_verification(side: Side) {
        let tenant = &side.one.tenant;
        let url = tenant.url("/oidc/.well-known/openid-configuration");
        let metadata = side.browser.get(url).await.json();
        let other = tenant.url("/.well-known/oauth-authorization-server/oidc");
        assert_eq!(side.browser.get(other).await.json(), metadata, "RFC 8414");
        assert_eq!(metadata["issuer"], tenant.issuer());
        for (name, path) in [
            ("authorization_endpoint", "/oidc/auth"),
            ("token_endpoint", TOKEN),
            ("userinfo_endpoint", USERINFO),
            ("pushed_authorization_request_endpoint", PUSH),
            ("jwks_uri", "/oidc/.well-known/jwks.json"),
        ] {
            assert_eq!(metadata[name], tenant.url(path), "{name}");
        }
        assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
        assert!(metadata["require_pushed_authorization_requests"].is_boolean());
        assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(metadata["response_types_supported"], json!(["code"]));
        assert_eq!(metadata["subject_types_supported"], json!(["public"]));
        let has = |name: &str, value: &str| {
            let values = metadata[name].as_array().unwrap_or_else(|| panic!("{name}"));
            assert!(values.iter().any(|known| known == value), "{name} has no {value}");
        };
        has("scopes_supported", "openid");
        has("grant_types_supported", "refresh_token");
        has("token_endpoint_auth_methods_supported", "private_key_jwt");
        for alg in ["ES256", "PS256", "EdDSA"] {
            has("id_token_signing_alg_values_supported", alg);
            has("token_endpoint_auth_signing_alg_values_supported", alg);
            has("dpop_signing_alg_values_supported", alg);
        }
        // The other lists are of apps without the profile too. No proof is signed with RS256.
        assert_eq!(metadata["dpop_signing_alg_values_supported"].as_array().unwrap().len(), 3);
        let keys = side.browser.get(text(&metadata, "jwks_uri")).await.json();
        for key in keys["keys"].as_array().unwrap() {
            assert!(key.get("d").is_none(), "{key}");
            match text(key, "kty") {
                // 2048 bits are 342 characters.
                "RSA" => assert!(text(key, "n").len() >= 342, "{key}"),
                "EC" => assert_eq!(key["crv"], "P-256"),
                _ => assert_eq!(key["crv"], "Ed25519"),
            }
        }
    }

    /// Two clients, and the token of each is worth nothing with the other's key.
    async fn happy_flow(side: Side) {
        let first = whole_flow(&side.one, &mut side.browser).await;
        let second = whole_flow(&side.two, &mut side.browser).await;
        let (first, second) = (text(&first, "access_token"), text(&second, "access_token"));
        for (thief, stolen) in [(&side.one, second), (&side.two, first)] {
            let answer = thief.userinfo(stolen).send().await;
            assert_eq!(answer.status, 401, "{}", answer.body);
            let challenge = answer.headers["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("DPoP ") && challenge.contains("error="), "{challenge}");
        }
        assert_eq!(side.one.userinfo(first).send().await.status, 200);
        assert_eq!(side.two.userinfo(second).send().await.status, 200);
    }

    async fn ensure_authorization_request_without_state_success(side: Side) {
        let (answer, _) = succeeds(&mut side, |push| push.without("state")).await;
        assert_eq!(answer.parameter("state"), None);
    }

    async fn ensure_authorization_request_without_nonce_success(side: Side) {
        let (_, id) = succeeds(&mut side, |push| push.without("nonce")).await;
        assert!(id.get("nonce").is_none(), "{id}");
    }

    async fn ensure_authorization_request_with_64_char_nonce_success(side: Side) {
        let (_, id) = succeeds(&mut side, |push| push.with("nonce", &"x".repeat(64))).await;
        assert_eq!(id["nonce"], "x".repeat(64));
    }

    /// May be refused, but never cut short. We give it back.
    async fn ensure_authorization_request_with_long_nonce(side: Side) {
        let (_, id) = succeeds(&mut side, |push| push.with("nonce", &"x".repeat(384))).await;
        assert_eq!(id["nonce"], "x".repeat(384));
    }

    /// May be refused, but never cut short. We give it back.
    async fn ensure_authorization_request_with_long_state(side: Side) {
        let (answer, _) = succeeds(&mut side, |push| push.with("state", &"x".repeat(1000))).await;
        assert_eq!(answer.parameter("state"), Some("x".repeat(1000)));
    }

    async fn ensure_other_scope_order_succeeds(side: Side) {
        let (_, id) = succeeds(&mut side, |push| push.with("scope", "email profile openid")).await;
        assert!(id["sub"].is_string());
    }

    /// Every claim that the metadata name, asked for one by one, in all forms; and some that nobody
    /// knows, which are left out.
    async fn test_claims_parameter_identity_claims(side: Side) {
        let pkce = Pkce::new();
        let asked = json!({
            "name": null, "email": { "essential": true }, "phone_number": { "essential": false },
            "updated_at": { "value": 1 }, "preferred_username": { "values": ["x"] },
            "picture": null, "email_verified": null, "phone_number_verified": null, "x3k": null,
        });
        let asked = json!({ "userinfo": asked, "id_token": asked, "x3k": { "name": null } });
        let push = side.one.push(&pkce).with("scope", "openid").with("claims", &asked.to_string());
        let answer = side.one.authorize(&mut side.browser, push).await;
        let code = is_code(&side.one, &answer, Some("s"));
        let tokens = side.one.redeem(&Code { code, pkce }).send().await.json();
        let id = claims(text(&tokens, "id_token"));
        let about = side.one.userinfo(text(&tokens, "access_token")).send().await.json();
        assert_eq!(about["sub"], id["sub"]);
        for given in [&id, &about] {
            assert_eq!(given["name"], "张三");
            assert!(given["updated_at"].is_number(), "{given}");
            assert!(given.get("x3k").is_none(), "{given}");
        }
    }

    /// Our Cancel, for both clients: `access_denied` with state and issuer. It takes its token, and
    /// it is an answer: the pushed request is over.
    async fn user_rejects_authentication(side: Side) {
        let state = "x".repeat(128);
        for client in [&side.one, &side.two] {
            let tenant = &client.tenant;
            let mut browser = side.world.browser();
            let pushed = client.push(&Pkce::new()).with("state", &state).send().await;
            let url = client.authorize_url(&request_uri(&pushed), &[]);
            let page = browser.follow(&url).await;
            let (action, csrf) = cancel_form(&page);
            for wrong in [vec![], vec![("csrf", "x")]] {
                is_page(&browser.post(tenant.url(&action), &wrong).await, "csrf");
            }
            let mut other = side.world.browser();
            is_page(&other.post(tenant.url(&action), &[("csrf", &csrf)]).await, "csrf");
            let answer = browser.post(tenant.url(&action), &[("csrf", &csrf)]).await;
            is_error(client, &answer, "access_denied", Some(&state));
            is_page(&browser.get(&url).await, "request_uri_unknown");
            client.still_works(&mut side.browser).await;
        }
    }
}
