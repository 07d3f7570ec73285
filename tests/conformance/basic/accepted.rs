//! What has to succeed.

use e2e::Pkce;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::rp::Rp;
use crate::side::text;

/// The types of the standard claims (OpenID Connect Core §5.1), as far as they are there.
fn types_are_right(claims: &Value) {
    for (name, value) in claims.as_object().unwrap() {
        let right = match name.as_str() {
            "email_verified" | "phone_number_verified" => value.is_boolean(),
            "updated_at" => value.is_number(),
            "address" => value.is_object(),
            _ => value.is_string(),
        };
        assert!(right, "{name}: {value}");
    }
}

/// A request with this scope gives these claims at UserInfo, if the person has them.
async fn scope(mut rp: Rp, scope: &str, claims: &[&str]) {
    let (_, first) = rp.flow(&[]).await;
    let user = format!("/users/{}", text(&first, "sub"));
    let email = format!("person@{}.example", rp.tenant.host.split('.').next().unwrap());
    let profile = json!({ "email": email, "phone_number": "13800000001" });
    rp.tenant.admin.patch(&rp.tenant.path(&user), profile).await;
    let (_, about) = rp.flow(&[("scope", scope)]).await;
    types_are_right(&about);
    for claim in claims {
        assert!(about.get(*claim).is_some(), "{claim}: {about}");
    }
    assert_eq!(about.as_object().unwrap().len(), claims.len() + 1, "nothing else: {about}");
}

pub(crate) async fn oidcc_server(mut rp: Rp) {
    let keys = rp.browser.get(rp.tenant.url("/oidc/.well-known/jwks.json")).await.json();
    let keys = keys["keys"].as_array().unwrap();
    let mut kids: Vec<&str> = keys.iter().map(|key| text(key, "kid")).collect();
    kids.sort_unstable();
    kids.dedup();
    assert_eq!(kids.len(), keys.len(), "each key has a kid of its own");
    for member in ["d", "p", "q", "dp", "dq", "qi", "k"] {
        assert!(keys.iter().all(|key| key.get(member).is_none()), "{member}");
    }
    let (claims, _) = rp.flow(&[]).await;
    // The other client's check: its own token, about the same person.
    rp.tenant.app = rp.other.clone();
    let (other, _) = rp.flow(&[]).await;
    assert_eq!(other["sub"], claims["sub"]);
    assert_ne!(other["aud"], claims["aud"]);
}

/// Somebody's access token.
async fn access_token(rp: &mut Rp) -> (String, Value) {
    let response = rp.ask(&[]).await;
    let tokens = rp.tokens(&response).await;
    (text(&tokens, "access_token").to_owned(), crate::side::claims(text(&tokens, "id_token")))
}

pub(super) async fn oidcc_userinfo_get(mut rp: Rp) {
    let (token, claims) = access_token(&mut rp).await;
    let answer = rp.tenant.userinfo(&token).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["sub"]), (200, &claims["sub"]));
    assert_eq!(answer.headers["content-type"], "application/json");
}

pub(super) async fn oidcc_userinfo_post_header(mut rp: Rp) {
    let (token, claims) = access_token(&mut rp).await;
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let answer = rp.tenant.send(Method::POST, "/oidc/me", &headers, None).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["sub"]), (200, &claims["sub"]));
}

/// A warning of the suite, which we accept: RFC 6750 §2.2 allows to do without.
pub(super) async fn oidcc_userinfo_post_body(mut rp: Rp) {
    let (token, _) = access_token(&mut rp).await;
    let refused = rp.tenant.post("/oidc/me", &[("access_token", &token)], None).await;
    assert_eq!(refused.status, 401, "{}", refused.body);
    assert_eq!(rp.tenant.userinfo(&token).await.status, 200);
}

pub(super) async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow(mut rp: Rp) {
    rp.flow(&[("nonce", "")]).await;
}

pub(super) async fn oidcc_scope_profile(rp: Rp) {
    scope(rp, "openid profile", &["name", "updated_at"]).await;
}

pub(super) async fn oidcc_scope_email(rp: Rp) {
    scope(rp, "openid email", &["email", "email_verified"]).await;
}

/// We hold no addresses: nothing is told (a warning of the suite), and nothing goes wrong.
pub(super) async fn oidcc_scope_address(rp: Rp) {
    scope(rp, "openid address", &[]).await;
}

pub(super) async fn oidcc_scope_phone(rp: Rp) {
    scope(rp, "openid phone", &["phone_number", "phone_number_verified"]).await;
}

pub(super) async fn oidcc_scope_all(rp: Rp) {
    let all =
        ["name", "updated_at", "email", "email_verified", "phone_number", "phone_number_verified"];
    scope(rp, "openid profile email address phone", &all).await;
}

pub(super) async fn oidcc_alternate_happy_flow(mut rp: Rp) {
    let url = Url::parse(&rp.url(&[("scope", "profile openid")])).unwrap();
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.reverse();
    let mut turned = url;
    turned.query_pairs_mut().clear().extend_pairs(pairs);
    let response = rp.open(turned.as_str()).await;
    rp.tokens(&response).await;
}

pub(super) async fn oidcc_display_page(mut rp: Rp) {
    rp.flow(&[("display", "page")]).await;
}

pub(super) async fn oidcc_display_popup(mut rp: Rp) {
    rp.flow(&[("display", "popup")]).await;
}

pub(super) async fn oidcc_ensure_request_with_unknown_parameter_succeeds(mut rp: Rp) {
    rp.flow(&[("extra", "foobar")]).await;
}

pub(super) async fn oidcc_login_hint(mut rp: Rp) {
    rp.flow(&[("login_hint", "zhangsan@example.com")]).await;
}

pub(super) async fn oidcc_ui_locales(mut rp: Rp) {
    rp.flow(&[("ui_locales", "se")]).await;
}

pub(super) async fn oidcc_claims_locales(mut rp: Rp) {
    rp.flow(&[("claims_locales", "se")]).await;
}

pub(super) async fn oidcc_ensure_request_with_acr_values_succeeds(mut rp: Rp) {
    let metadata = rp.browser.get(rp.tenant.url("/oidc/.well-known/openid-configuration")).await;
    let values: Vec<String> =
        serde_json::from_value(metadata.json()["acr_values_supported"].clone()).unwrap();
    let (claims, _) = rp.flow(&[("acr_values", &values.join(" "))]).await;
    assert!(values.iter().any(|value| *value == claims["acr"]), "{claims}");
}

pub(super) async fn oidcc_claims_essential(mut rp: Rp) {
    let asked = json!({ "userinfo": { "name": { "essential": true } } }).to_string();
    let (_, about) = rp.flow(&[("scope", "openid"), ("claims", &asked)]).await;
    assert_eq!(about["name"], "张三");
}

pub(super) async fn oidcc_ensure_post_request_succeeds(mut rp: Rp) {
    rp.flow(&[]).await;
    let url = Url::parse(&rp.url(&[])).unwrap();
    let (mut endpoint, form) = (url.clone(), url.query().map(str::to_owned));
    endpoint.set_query(None);
    let answer = rp.browser.send(Method::POST, &endpoint, form).await;
    let response = rp.response(&answer);
    rp.tokens(&response).await;
}

pub(super) async fn oidcc_server_client_secret_post(mut rp: Rp) {
    rp.tenant.app = rp.by_post.clone();
    let response = rp.ask(&[]).await;
    let app = &rp.by_post;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", response.code()),
        ("redirect_uri", &app.redirect_uri),
        ("client_id", &app.id),
        ("client_secret", app.secret.as_deref().unwrap()),
    ];
    let answer = rp.tenant.post("/oidc/token", &form, None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

pub(super) async fn oidcc_ensure_request_with_valid_pkce_succeeds(mut rp: Rp) {
    let pkce = Pkce::new();
    let extra = [("code_challenge", pkce.challenge.as_str()), ("code_challenge_method", "S256")];
    let response = rp.ask(&extra).await;
    let answer = rp.tenant.redeem(response.code(), &pkce).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}
