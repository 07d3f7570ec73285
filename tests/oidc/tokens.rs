//! Tokens and UserInfo (attacks F5, F6, F9, J5, J7, J8).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::{Answer, Pkce, Tenant, WECOM, on_every_backend, verify_id_token};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use wecom_sim::{Member, SensitiveField};

use crate::steps::{
    by, claims, code, is_error, is_not_stored, is_oauth_error, is_page, is_signed_in, sign_in,
    signed_in, silently, text, tokens,
};

/// UserInfo does not know the token.
fn is_unknown(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.body);
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{what}: {challenge}");
    assert_eq!(answer.json()["error"], "invalid_token", "{what}");
    assert!(answer.json().get("sub").is_none(), "{what}");
    is_not_stored(answer);
}

/// The members of an object, sorted.
fn members(object: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// What a person's UserInfo has for a scope.
async fn userinfo_for(tenant: &Tenant, browser: &mut e2e::Browser, scope: &str) -> Value {
    let issued = tokens(tenant, browser, &[("scope", scope)]).await;
    let answer = tenant.userinfo(text(&issued, "access_token")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    is_not_stored(&answer);
    assert_eq!(answer.json()["sub"], claims(text(&issued, "id_token"))["sub"]);
    answer.json()
}

on_every_backend! {
    async fn f5_no_token_passes_for_another_kind(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let other = world.tenant("other").await;
        let mut theirs = world.browser();
        sign_in(&other, &mut theirs, "zhangsan").await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        let foreign = tokens(&other, &mut theirs, &[]).await;
        let (access, id_token) = (text(&issued, "access_token"), text(&issued, "id_token"));
        assert_eq!(jsonwebtoken::decode_header(access).unwrap().typ.as_deref(), Some("at+jwt"));
        is_unknown(&tenant.userinfo(id_token).await, "an ID token for an access token");
        is_unknown(&tenant.userinfo(text(&foreign, "access_token")).await, "another tenant's");
        is_unknown(&other.userinfo(access).await, "at another tenant's");
        let answer =
            silently(&tenant, &mut browser, &Pkce::new(), &[("id_token_hint", access)]).await;
        is_error(&tenant, &answer, "invalid_request", "an access token for a hint");
        let page =
            browser.get(tenant.url(&format!("/oidc/session/end?id_token_hint={access}"))).await;
        is_page(&page, "invalid_request", "an access token for a hint");
        is_signed_in(&tenant, &mut browser).await;
        assert_eq!(tenant.userinfo(access).await.status, 200);
        world.clock().advance(chrono::TimeDelta::seconds(601));
        is_unknown(&tenant.userinfo(access).await, "expired");
        let fresh = tokens(&tenant, &mut browser, &[]).await;
        assert_eq!(tenant.userinfo(text(&fresh, "access_token")).await.status, 200);
    }

    async fn f6_a_forged_access_token_is_unknown(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        let access = text(&issued, "access_token");
        let parts: Vec<&str> = access.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!("{access}") };
        let kid = jsonwebtoken::decode_header(access).unwrap().kid;
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let with = |alg: &str| encode(&json!({ "alg": alg, "typ": "at+jwt", "kid": kid }));
        let keys = browser.get(tenant.url("/oidc/.well-known/jwks.json")).await.body;
        let mut hs = Header::new(Algorithm::HS256);
        (hs.typ, hs.kid) = (Some("at+jwt".to_owned()), kid.clone());
        let confused = EncodingKey::from_secret(keys.as_bytes());
        let jwk: Value = serde_json::from_str(&keys).unwrap();
        let embedded =
            encode(&json!({ "alg": "ES256", "typ": "at+jwt", "kid": "x", "jwk": jwk["keys"][0] }));
        let mut longer = claims(access);
        longer["exp"] = json!(99_999_999_999_i64);
        let mut changed = claims(access);
        changed["scope"] = json!("openid profile email phone admin");
        let forged = [
            format!("{}.{payload}.", with("none")),
            format!("{}.{payload}.{signature}", with("none")),
            format!("{}.{payload}.", with("None")),
            format!("{}.{payload}.{signature}", with("RS256")),
            jsonwebtoken::encode(&hs, &claims(access), &confused).unwrap(),
            format!("{embedded}.{payload}.{signature}"),
            format!("{header}.{}.{signature}", encode(&longer)),
            format!("{header}.{}.{signature}", encode(&changed)),
            // CVE-2022-21449: a signature of zeroes.
            format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode([0_u8; 64])),
            format!("{header}.{payload}."),
            format!("{header}.{payload}"),
            format!("{access}."),
            format!("{access}.x"),
            format!("{access}="),
            format!("{header}.{payload}.{}", &signature[..signature.len() - 2]),
            access.replacen('.', "..", 1),
            access[1..].to_owned(),
            "x".to_owned(),
            "..".to_owned(),
            "a".repeat(9000),
            "e30.e30.e30".to_owned(),
        ];
        for token in &forged {
            is_unknown(&tenant.userinfo(token).await, token);
        }
        assert_eq!(tenant.userinfo(access).await.status, 200);
    }

    async fn f9_no_answer_with_a_token_may_be_stored(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let (code, pkce) = code(&tenant, &mut browser).await;
        let answer = tenant.redeem(&code, &pkce).await;
        assert_eq!(answer.status, 200);
        is_not_stored(&answer);
        assert_eq!(
            members(&answer.json()),
            ["access_token", "expires_in", "id_token", "scope", "token_type"]
        );
        assert_eq!(
            (&answer.json()["token_type"], &answer.json()["expires_in"]),
            (&json!("Bearer"), &json!(600))
        );
        is_not_stored(&tenant.redeem(&code, &pkce).await);
        is_not_stored(&tenant.userinfo("x").await);
        let nobody = tenant.send(Method::GET, "/oidc/me", &[], None).await;
        assert_eq!(
            (nobody.status.as_u16(), &nobody.headers["www-authenticate"]),
            (401, &"Bearer".parse().unwrap())
        );
        is_not_stored(&nobody);
    }

    async fn userinfo_takes_the_token_in_the_header_only(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        let access = text(&issued, "access_token");
        for (method, scheme) in
            [(Method::GET, "Bearer"), (Method::POST, "Bearer"), (Method::GET, "bearer")]
        {
            let bearer = format!("{scheme} {access}");
            let answer = tenant.send(method, "/oidc/me", &[("authorization", &bearer)], None).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
        }
        let in_query = format!("/oidc/me?access_token={access}");
        let in_form = format!("access_token={access}");
        for answer in [
            tenant.send(Method::GET, &in_query, &[], None).await,
            tenant
                .send(Method::POST, "/oidc/me", &[crate::steps::FORM], Some(in_form.as_bytes()))
                .await,
            tenant.send(Method::GET, "/oidc/me", &[("authorization", access)], None).await,
            tenant
                .send(
                    Method::GET,
                    "/oidc/me",
                    &[("authorization", &format!("DPoP {access}"))],
                    None,
                )
                .await,
        ] {
            assert_eq!(answer.status, 401, "{}", answer.body);
        }
        let bearer = format!("Bearer {access}");
        // RFC 6750 §3.1: in one way, not in two.
        for twice in [in_query.as_str(), "/oidc/me?access_token=x", "/oidc/me?access_token=x&access_token=y"] {
            let header = [("authorization", bearer.as_str())];
            let answer = tenant.send(Method::GET, twice, &header, None).await;
            is_oauth_error(&answer, 400, "invalid_request", twice);
            let challenge = answer.headers["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Bearer error=\"invalid_request\""), "{challenge}");
        }
        let beside = [("authorization", bearer.as_str())];
        let answer = tenant.send(Method::GET, "/oidc/me?x=y", &beside, None).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let two = [("authorization", bearer.as_str()), ("authorization", "Bearer x")];
        assert_eq!(tenant.send(Method::GET, "/oidc/me", &two, None).await.status, 401);
    }

    async fn j5_j7_j12_the_id_token_says_what_the_standard_asks_for(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for (algorithm, kind) in [
            ("ES256", Algorithm::ES256),
            ("RS256", Algorithm::RS256),
            ("PS256", Algorithm::PS256),
            ("EdDSA", Algorithm::EdDSA),
        ] {
            let app = json!({ "id_token_signed_response_alg": algorithm });
            let tenant = by(&tenant, tenant.make_app(app).await);
            let issued = tokens(&tenant, &mut browser, &[]).await;
            let data = verify_id_token(&tenant, &mut browser, text(&issued, "id_token")).await;
            assert_eq!(data.header.alg, kind);
            let claims = data.claims;
            assert_eq!(
                members(&claims),
                [
                    "acr", "amr", "at_hash", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sid",
                    "sub"
                ]
            );
            assert_eq!((&claims["acr"], &claims["amr"]), (&json!("urn:hufu:acr:interactive"), &json!(["wecom"])));
            // J7: one audience, and no other party.
            assert_eq!(claims["aud"], tenant.app.id);
            // J12: it lives for ten minutes from now on.
            let number = |name: &str| claims[name].as_i64().unwrap();
            assert_eq!(number("exp") - number("iat"), 600);
            let now = world.store().env.now().timestamp();
            assert!((now - number("iat")).abs() < 60, "{claims}");
            let access = text(&issued, "access_token");
            // EdDSA hashes by SHA-512 (RFC 8032 §5.1).
            let by = if algorithm == "EdDSA" { &digest::SHA512 } else { &digest::SHA256 };
            let hash = digest::digest(by, access.as_bytes());
            let half = hash.as_ref().len() / 2;
            assert_eq!(claims["at_hash"], URL_SAFE_NO_PAD.encode(&hash.as_ref()[..half]));
            let access = crate::steps::claims(access);
            assert_eq!((&access["iss"], &access["aud"]), (&claims["iss"], &json!(tenant.issuer())));
            assert_eq!(
                (&access["client_id"], &access["sub"]),
                (&json!(tenant.app.id), &claims["sub"])
            );
            assert_eq!(access["auth_time"], claims["auth_time"]);
        }
    }

    async fn j8_userinfo_tells_what_the_scope_allows(world: World) {
        let tenant = world.tenant("acme").await;
        let member = Member {
            mobile: Some("13800000001".to_owned()),
            email: Some("zhangsan@mail.example".to_owned()),
            ..Member::new("zhangsan", "张三")
        };
        world.wecom().set_member(&tenant.corp_id, member).unwrap();
        let fields = SensitiveField::ALL.to_vec();
        world
            .wecom()
            .edit_app(&tenant.corp_id, tenant.agent_id, |app| app.sensitive_fields = fields)
            .unwrap();
        let mobile = tenant.path(&format!("/identity-sources/{}", tenant.mobile));
        tenant.admin.patch(&mobile, json!({ "scope": "snsapi_privateinfo" })).await;
        let mut browser = world.browser().saying(WECOM);
        let in_wecom = format!("{}/zhangsan", tenant.corp_id);
        browser.set_cookie(&world.wecom_base(), "sim_member", &in_wecom);
        let mut consent = browser.follow(tenant.authorize_url(&Pkce::new(), &[])).await.url;
        consent.set_path("/connect/oauth2/consent");
        let allowed = [("allow", "1"), ("field", "mobile"), ("field", "email")];
        consent.query_pairs_mut().extend_pairs(allowed);
        let answer = browser.follow(consent.as_str()).await;
        assert!(answer.parameter("code").is_some(), "{answer:?}");

        assert_eq!(members(&userinfo_for(&tenant, &mut browser, "openid").await), ["sub"]);
        let profile = userinfo_for(&tenant, &mut browser, "openid profile").await;
        assert_eq!(profile["name"], "张三");
        assert!(profile["updated_at"].is_i64(), "{profile}");
        assert!(
            profile.get("email").is_none() && profile.get("phone_number").is_none(),
            "{profile}"
        );
        let email = userinfo_for(&tenant, &mut browser, "openid email").await;
        assert_eq!(members(&email), ["email", "email_verified", "sub"]);
        assert_eq!(
            (&email["email"], &email["email_verified"]),
            (&json!("zhangsan@mail.example"), &json!(false))
        );
        let phone = userinfo_for(&tenant, &mut browser, "openid phone").await;
        assert_eq!(members(&phone), ["phone_number", "phone_number_verified", "sub"]);
        assert_eq!(
            (&phone["phone_number"], &phone["phone_number_verified"]),
            (&json!("13800000001"), &json!(false))
        );
        let all = userinfo_for(&tenant, &mut browser, "openid profile email phone address").await;
        for name in ["name", "email", "phone_number"] {
            assert!(all[name].is_string(), "{name}: {all}");
        }
    }

    async fn other_methods_are_told_which_ones_there_are(world: World) {
        let tenant = world.tenant("acme").await;
        let (get, post, both) = ("GET", "POST", "GET, POST");
        for (path, allow) in [
            ("/oidc/.well-known/openid-configuration", get),
            ("/.well-known/oauth-authorization-server/oidc", get),
            ("/oidc/.well-known/jwks.json", get),
            ("/oidc/auth", both),
            ("/oidc/token", post),
            ("/oidc/me", both),
            ("/oidc/session/end", both),
            ("/login", get),
            ("/login/cancel", post),
            ("/connections/social/qr", get),
            ("/connections/social/qr/callback", get),
        ] {
            for method in
                ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"]
            {
                let answer = tenant.send(method.parse().unwrap(), path, &[], None).await;
                let allowed = allow.split(", ").any(|known| known == method);
                assert_eq!(answer.status == 405, !allowed, "{method} {path}: {}", answer.status);
                assert!(answer.status.as_u16() < 500, "{method} {path}: {}", answer.status);
                if !allowed {
                    assert_eq!(answer.headers["allow"], allow, "{method} {path}");
                }
            }
        }
    }
}
