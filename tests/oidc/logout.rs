//! Signing out (OpenID Connect RP-Initiated Logout 1.0; attacks K1 to K4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use e2e::{Answer, Browser, Tenant, mutations, on_every_backend};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::steps::{
    SESSION, by, claims, code, events, is_error, is_oauth_error, is_page, is_signed_in,
    is_signed_out, send_form, sets_session, sign_in, signed_in, silently, text, tokens,
};

const END: &str = "/oidc/session/end";
const SIGNED_OUT: &str = "https://app.example.com/signed-out";

/// The same, without what the browser would bring along (attack A7).
fn out() -> String {
    format!("{SIGNED_OUT}#")
}

async fn end(
    tenant: &Tenant,
    browser: &mut Browser,
    method: Method,
    form: &[(&str, &str)],
) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    send_form(browser, method, Url::parse(&tenant.url(END)).unwrap(), &form).await
}

async fn get(tenant: &Tenant, browser: &mut Browser, form: &[(&str, &str)]) -> Answer {
    end(tenant, browser, Method::GET, form).await
}

/// A hidden field of a page's form.
fn field(page: &Answer, name: &str) -> Option<String> {
    let rest = page.body.split_once(&format!("name=\"{name}\" value=\""))?.1;
    Some(rest.split_once('"')?.0.to_owned())
}

/// The answer asks the person, cannot be framed, and has ended nothing.
fn asks(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.location().is_none() && !sets_session(answer), "{answer:?}");
    assert_eq!(answer.headers["x-frame-options"], "DENY");
    let csp = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(csp.contains("frame-ancestors 'none'"), "{csp}");
    assert!(!answer.body.contains("data-code"), "{}", answer.body);
    field(answer, "csrf").unwrap_or_else(|| panic!("it does not ask: {}", answer.body))
}

/// How often somebody was signed out, by the console.
async fn sign_outs(tenant: &Tenant) -> usize {
    events(tenant).await.iter().filter(|event| event["action"] == "sign_out").count()
}

/// The same token with other claims and another header, signed by nobody.
fn forged(token: &str, header: &Value, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims(token);
    change(&mut claims);
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", encode(header), encode(&claims))
}

on_every_backend! {
    async fn k1_without_a_hint_the_person_is_asked(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = tenant.app.id.clone();
        // The certification's no-params, only-state, no-id-token-hint, no-post-logout-redirect-uri.
        let requests: [&[(&str, &str)]; 5] = [
            &[],
            &[("state", "s")],
            &[("client_id", &app)],
            &[("client_id", &app), ("post_logout_redirect_uri", SIGNED_OUT), ("state", "s")],
            &[("id_token_hint", ""), ("decision", "sign_out")],
        ];
        for request in requests {
            for method in [Method::GET, Method::POST] {
                asks(&end(&tenant, &mut browser, method, request).await);
            }
        }
        // An address that nobody vouches for.
        let page = get(&tenant, &mut browser, &[("post_logout_redirect_uri", SIGNED_OUT)]).await;
        is_page(&page, "redirect_uri_mismatch", "no app");
        is_signed_in(&tenant, &mut browser).await;
        assert_eq!(sign_outs(&tenant).await, 0);
        // The person confirms: signed out, on a page of ours, not sent to where nobody proved.
        for request in requests {
            let csrf = asks(&get(&tenant, &mut browser, request).await);
            let mut form: Vec<(&str, &str)> =
                request.iter().copied().filter(|(name, _)| *name != "decision").collect();
            form.extend([("csrf", csrf.as_str()), ("decision", "sign_out")]);
            let answer = end(&tenant, &mut browser, Method::POST, &form).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            assert!(answer.location().is_none());
            is_signed_out(&tenant, &mut browser).await;
            sign_in(&tenant, &mut browser, "zhangsan").await;
        }
        assert_eq!(sign_outs(&tenant).await, requests.len());
    }

    async fn k1_csrf_logout_does_not_confirm_itself(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let mut attacker = world.browser();
        let theirs = asks(&get(&tenant, &mut attacker, &[]).await);
        let own = asks(&get(&tenant, &mut browser, &[]).await);
        assert_ne!(theirs, own);
        let cancel =
            browser.follow(tenant.authorize_url(&e2e::Pkce::new(), &[("prompt", "login")])).await;
        let other_purpose = field(&cancel, "csrf").unwrap();
        assert_ne!(other_purpose, own);
        for csrf in
            ["", "x", theirs.as_str(), other_purpose.as_str(), &own.to_uppercase(), &own[1..]]
        {
            let form = [("csrf", csrf), ("decision", "sign_out")];
            is_page(&end(&tenant, &mut browser, Method::POST, &form).await, "csrf", csrf);
        }
        let twice = [("csrf", own.as_str()), ("csrf", own.as_str()), ("decision", "sign_out")];
        assert!(end(&tenant, &mut browser, Method::POST, &twice).await.status.is_client_error());
        // The right token counts for nothing in the URL, nor where another site's page sends it.
        asks(&get(&tenant, &mut browser, &[("csrf", &own), ("decision", "sign_out")]).await);
        let cookies: Vec<String> = browser.cookies[&tenant.host]
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let body = format!("csrf={own}&decision=sign_out");
        for site in ["cross-site", "same-site", "none"] {
            let headers =
                [crate::steps::FORM, ("cookie", &cookies.join("; ")), ("sec-fetch-site", site)];
            let answer = tenant.send(Method::POST, END, &headers, Some(body.as_bytes())).await;
            is_page(&answer, "csrf", site);
        }
        is_signed_in(&tenant, &mut browser).await;
        // Staying is possible, and leads back to the app.
        let stay = [("csrf", own.as_str()), ("decision", "stay"), ("client_id", &tenant.app.id)];
        let answer = end(&tenant, &mut browser, Method::POST, &stay).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["location"]),
            (303, &"https://app.example.com/#".parse().unwrap())
        );
        is_signed_in(&tenant, &mut browser).await;
        let form = [("csrf", own.as_str()), ("decision", "sign_out")];
        assert_eq!(end(&tenant, &mut browser, Method::POST, &form).await.status, 200);
        is_signed_out(&tenant, &mut browser).await;
    }

    async fn k2_a_hint_that_is_not_ours_ends_nothing(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        let own = text(&issued, "id_token");
        let kid = jsonwebtoken::decode_header(own).unwrap().kid;
        let mut header = Header::new(Algorithm::HS256);
        header.kid.clone_from(&kid);
        let jwks = browser.get(tenant.url("/oidc/.well-known/jwks.json")).await.body;
        let confused = EncodingKey::from_secret(jwks.as_bytes());
        let (signed, signature) = own.rsplit_once('.').unwrap();
        let other = world.tenant("other").await;
        let mut theirs = world.browser();
        sign_in(&other, &mut theirs, "zhangsan").await;
        let foreign = tokens(&other, &mut theirs, &[]).await;
        let sub_of = |sub: &'static str| move |claims: &mut Value| claims["sub"] = json!(sub);
        let none = json!({ "alg": "none", "typ": "JWT", "kid": kid });
        let hints = [
            forged(own, &none, |_| ()),
            forged(own, &json!({ "alg": "nOnE", "typ": "JWT", "kid": kid }), |_| ()),
            forged(own, &none, sub_of("00000000-0000-4000-8000-000000000000")),
            jsonwebtoken::encode(&header, &claims(own), &confused).unwrap(),
            format!("{signed}."),
            signed.to_owned(),
            format!("{own}x"),
            format!("{own}."),
            format!(" {own}"),
            format!("{}.{signature}", forged(own, &none, |_| ()).trim_end_matches('.')),
            format!("{signed}.{}", "A".repeat(86)),
            text(&foreign, "id_token").to_owned(),
            text(&issued, "access_token").to_owned(),
            tenant.app.id.clone(),
            "x".to_owned(),
            "..".to_owned(),
            "a".repeat(9000),
        ];
        for hint in &hints {
            let request =
                [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", SIGNED_OUT)];
            for method in [Method::GET, Method::POST] {
                is_page(
                    &end(&tenant, &mut browser, method, &request).await,
                    "invalid_request",
                    hint,
                );
            }
        }
        // The app that is named is another one than the hint's.
        let neighbour = by(&tenant, tenant.make_app(json!({})).await);
        let crossed = [
            ("id_token_hint", own),
            ("client_id", &neighbour.app.id),
            ("post_logout_redirect_uri", SIGNED_OUT),
        ];
        is_page(
            &get(&tenant, &mut browser, &crossed).await,
            "invalid_request",
            "client_id is not the aud",
        );
        is_signed_in(&tenant, &mut browser).await;
        assert_eq!(sign_outs(&tenant).await, 0);
        let right = [
            ("id_token_hint", own),
            ("client_id", &tenant.app.id),
            ("post_logout_redirect_uri", SIGNED_OUT),
        ];
        assert_eq!(get(&tenant, &mut browser, &right).await.headers["location"], out().as_str());
        is_signed_out(&tenant, &mut browser).await;
    }

    async fn k2_a_hint_of_another_session_ends_nobodys(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let mut lisi = world.browser();
        sign_in(&tenant, &mut lisi, "LiSi").await;
        let theirs = tokens(&tenant, &mut lisi, &[]).await;
        let mut twin = world.browser();
        sign_in(&tenant, &mut twin, "zhangsan").await;
        let elsewhere = tokens(&tenant, &mut twin, &[]).await;
        for hint in [text(&theirs, "id_token"), text(&elsewhere, "id_token")] {
            let request = [("id_token_hint", hint), ("post_logout_redirect_uri", SIGNED_OUT)];
            asks(&get(&tenant, &mut browser, &request).await);
        }
        for browser in [&mut browser, &mut lisi, &mut twin] {
            is_signed_in(&tenant, browser).await;
        }
        assert_eq!(sign_outs(&tenant).await, 0);
    }

    async fn k2_a_hint_may_have_expired(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        world.clock().advance(chrono::TimeDelta::hours(2));
        is_signed_in(&tenant, &mut browser).await;
        let request = [
            ("id_token_hint", text(&issued, "id_token")),
            ("post_logout_redirect_uri", SIGNED_OUT),
            ("state", "a b&c=d"),
        ];
        let answer = get(&tenant, &mut browser, &request).await;
        assert_eq!(answer.headers["location"], format!("{SIGNED_OUT}?state=a+b%26c%3Dd#").as_str());
        is_signed_out(&tenant, &mut browser).await;
    }

    async fn k3_post_logout_redirect_uri_confusion(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        let hint = text(&issued, "id_token");
        let neighbour = json!({ "post_logout_redirect_uris": ["https://neighbour.example/out"] });
        tenant.make_app(neighbour).await;
        let mut wrong = mutations::of(SIGNED_OUT);
        wrong.extend(["https://neighbour.example/out".to_owned(), tenant.app.redirect_uri.clone()]);
        wrong.extend(["https://app.example.com/".to_owned(), tenant.url("/login")]);
        for uri in &wrong {
            for method in [Method::GET, Method::POST] {
                let request = [("id_token_hint", hint), ("post_logout_redirect_uri", uri)];
                let page = end(&tenant, &mut browser, method, &request).await;
                is_page(&page, "redirect_uri_mismatch", uri);
                let links = page.links().join(" ");
                assert!(
                    !links.contains("evil") && !links.contains("javascript:"),
                    "{uri}: {links}"
                );
            }
        }
        is_signed_in(&tenant, &mut browser).await;
        // Nor behind the confirmation.
        let csrf = asks(&get(&tenant, &mut browser, &[]).await);
        let form = [
            ("csrf", csrf.as_str()),
            ("decision", "sign_out"),
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", "https://evil.example/"),
        ];
        is_page(
            &end(&tenant, &mut browser, Method::POST, &form).await,
            "redirect_uri_mismatch",
            "confirmed",
        );
        is_signed_in(&tenant, &mut browser).await;
        let right = [("id_token_hint", hint), ("post_logout_redirect_uri", SIGNED_OUT)];
        let answer = end(&tenant, &mut browser, Method::POST, &right).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["location"]),
            (303, &out().parse().unwrap())
        );
        is_signed_out(&tenant, &mut browser).await;
    }

    async fn k4_after_signing_out_nothing_of_the_session_is_worth_anything(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let neighbour = by(&tenant, tenant.make_app(json!({})).await);
        let issued = tokens(&tenant, &mut browser, &[]).await;
        let at_neighbour = tokens(&neighbour, &mut browser, &[]).await;
        let (unused, pkce) = code(&tenant, &mut browser).await;
        let stale = browser.cookies[&tenant.host][SESSION].clone();
        let mut elsewhere = world.browser();
        sign_in(&tenant, &mut elsewhere, "zhangsan").await;
        let answer =
            get(&tenant, &mut browser, &[("id_token_hint", text(&issued, "id_token"))]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(!browser.cookies[&tenant.host].contains_key(SESSION), "the cookie is taken away");
        let mut copy = world.browser();
        copy.set_cookie(&tenant.url("/"), SESSION, &stale);
        for _ in 0..4 {
            // Each request goes to the next node.
            is_signed_out(&tenant, &mut copy).await;
            let answer = silently(&neighbour, &mut copy, &pkce, &[]).await;
            is_error(&neighbour, &answer, "login_required", "at another app");
            for tokens in [&issued, &at_neighbour] {
                assert_eq!(tenant.userinfo(text(tokens, "access_token")).await.status, 401);
            }
            is_oauth_error(
                &tenant.redeem(&unused, &pkce).await,
                400,
                "invalid_grant",
                "from before",
            );
        }
        let page = copy.follow(tenant.authorize_url(&pkce, &[])).await;
        assert_eq!(page.url.path(), "/login");
        // Signing out again with the same hint: done already. The person's other browser stays.
        let request = [
            ("id_token_hint", text(&issued, "id_token")),
            ("post_logout_redirect_uri", SIGNED_OUT),
        ];
        assert_eq!(get(&tenant, &mut copy, &request).await.headers["location"], out().as_str());
        is_signed_in(&tenant, &mut elsewhere).await;
        sign_in(&tenant, &mut browser, "zhangsan").await;
        is_signed_in(&tenant, &mut browser).await;
    }
}
