//! What programs show: who they are, codes, tokens, proofs.

use e2e::{Client, Key, PUSH, Pkce, REGISTER, TOKEN, Tenant, USERINFO, sha256};
use reqwest::Method;
use serde_json::{Value, json};

use super::artefact::Artefact::{
    AccessToken, AppId, AuthorizationCode, ClientAssertion, ClientCredentials, DpopNonce,
    DpopProof, InitialAccessToken, RefreshToken, RegistrationToken,
};
use super::shown::{Shown, Works};
use crate::steps::{code, refreshing, sign_in, text, tokens};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The right requests.
pub(super) async fn right(tenant: &Tenant, method: &Method, pattern: &'static str) -> Vec<Shown> {
    match pattern {
        TOKEN => tokens_for_what_apps_hold(tenant, method).await,
        PUSH => pushed(tenant, method).await,
        USERINFO => about_a_person(tenant, method).await,
        "/oidc/token/introspection" => asked_about(tenant, method, pattern).await,
        "/oidc/token/revocation" => vec![revoked(tenant, method, pattern).await],
        REGISTER => vec![registering(tenant, method).await],
        "/oidc/register/{client}" => vec![registered(tenant, method, pattern).await],
        other => panic!("{method} {other}"),
    }
}

/// What an app says of itself.
fn metadata() -> Value {
    json!({ "redirect_uris": ["https://agent.example.com/callback"] })
}

async fn registering(tenant: &Tenant, method: &Method) -> Shown {
    let token = tenant.initial_access_token(json!({})).await;
    let shown = Shown::new(method, REGISTER, Works::Created("registration_access_token"));
    let shown = shown.saying_json(&metadata()).showing(InitialAccessToken, "Bearer", &token);
    shown.rests_on(&[InitialAccessToken])
}

/// An app that reads, replaces or deletes itself.
async fn registered(tenant: &Tenant, method: &Method, pattern: &'static str) -> Shown {
    let token = tenant.initial_access_token(json!({})).await;
    let app = tenant.registered(&token, &metadata()).await;
    let works = match *method {
        Method::DELETE => Works::Empty,
        _ => Works::page("registration_client_uri"),
    };
    let shown = Shown::new(method, pattern, works)
        .at("client", text(&app, "client_id"))
        .naming("client", AppId)
        .showing(RegistrationToken, "Bearer", text(&app, "registration_access_token"))
        .rests_on(&[AppId, RegistrationToken]);
    if *method != Method::PUT {
        return shown;
    }
    let mut said = metadata();
    said["client_id"] = app["client_id"].clone();
    shown.saying_json(&said)
}

/// An app that signs its assertions and proves its key.
async fn proving(tenant: &Tenant) -> Client {
    Client::make(tenant, Some(Key::ec()), Some(Key::ec()), json!({})).await
}

async fn signed_in(tenant: &Tenant) -> e2e::Browser {
    let mut browser = tenant.world.browser();
    sign_in(tenant, &mut browser, "zhangsan").await;
    browser
}

/// Tokens with a refresh token, and the public app that has them.
async fn refreshable(tenant: &Tenant) -> (Tenant, Value) {
    let app = refreshing(tenant, json!({})).await;
    let tokens = tokens(&app, &mut signed_in(tenant).await, &[]).await;
    (app, tokens)
}

/// With the assertion of a client.
fn asserting(shown: Shown, client: &Client) -> Shown {
    let client = client.clone();
    let shown = shown.with("client_assertion_type", ASSERTION_TYPE);
    shown.making("client_assertion", ClientAssertion, move || client.assertion().signed())
}

/// A code and what redeems it.
fn redeeming(shown: Shown, tenant: &Tenant, code: &str, pkce: &Pkce) -> Shown {
    let grant = [
        ("grant_type", "authorization_code"),
        ("redirect_uri", tenant.app.redirect_uri.as_str()),
        ("code_verifier", &pkce.verifier),
        ("code", code),
    ];
    shown.with_all(&grant).naming("code", AuthorizationCode)
}

async fn tokens_for_what_apps_hold(tenant: &Tenant, method: &Method) -> Vec<Shown> {
    let new = || Shown::new(method, TOKEN, Works::page("\"access_token\""));
    let mut browser = signed_in(tenant).await;
    let (held, pkce) = code(tenant, &mut browser).await;
    let by_secret = redeeming(new().by(tenant), tenant, &held, &pkce);
    let client = proving(tenant).await;
    let held = client.code(&mut browser).await;
    let own = client.clone();
    let by_proof = redeeming(asserting(new(), &client), &client.tenant, &held.code, &held.pkce)
        .proving(move || own.proof(&Method::POST, TOKEN).signed());
    // The answer names a nonce, whatever it says.
    client.request(TOKEN, &[]).proven().once().send().await;
    let nonce = client.nonce(TOKEN).unwrap();
    let held = client.code(&mut browser).await;
    let with_nonce = redeeming(asserting(new(), &client), &client.tenant, &held.code, &held.pkce)
        .proving_with(&client, &nonce);
    let (public, tokens) = refreshable(tenant).await;
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", public.app.id.as_str()),
        ("refresh_token", text(&tokens, "refresh_token")),
    ];
    let refresh = new().with_all(&refresh);
    vec![
        by_secret.rests_on(&[ClientCredentials, AuthorizationCode]),
        by_proof.rests_on(&[ClientAssertion, AuthorizationCode, DpopProof]),
        with_nonce.rests_on(&[ClientAssertion, AuthorizationCode, DpopNonce]),
        refresh
            .naming("client_id", AppId)
            .naming("refresh_token", RefreshToken)
            .rests_on(&[AppId, RefreshToken]),
    ]
}

async fn pushed(tenant: &Tenant, method: &Method) -> Vec<Shown> {
    let pkce = Pkce::new();
    let new = |tenant: &Tenant| {
        Shown::new(method, PUSH, Works::Created("\"request_uri\"")).with_all(&[
            ("response_type", "code"),
            ("redirect_uri", &tenant.app.redirect_uri),
            ("scope", "openid"),
            ("code_challenge", &pkce.challenge),
            ("code_challenge_method", "S256"),
        ])
    };
    let client = proving(tenant).await;
    let own = client.clone();
    let proven = asserting(new(&client.tenant), &client)
        .proving(move || own.proof(&Method::POST, PUSH).signed());
    let (id, app) = (client.id().to_owned(), tenant.app.id.clone());
    vec![
        new(tenant).by(tenant).with("client_id", &app).rests_on(&[ClientCredentials]),
        proven.with("client_id", &id).rests_on(&[ClientAssertion, DpopProof]),
    ]
}

async fn about_a_person(tenant: &Tenant, method: &Method) -> Vec<Shown> {
    let new = || Shown::new(method, USERINFO, Works::page("\"sub\""));
    let mut browser = signed_in(tenant).await;
    let bearer = tokens(tenant, &mut browser, &[]).await;
    let client = proving(tenant).await;
    let bound = client.tokens(&mut browser).await;
    let token = text(&bound, "access_token").to_owned();
    let (method, ath) = (method.clone(), sha256(&token));
    let proof = move || client.proof(&method, USERINFO).claim("ath", ath.as_str()).signed();
    vec![
        new().bearing("Bearer", text(&bearer, "access_token")).rests_on(&[AccessToken]),
        new().bearing("DPoP", &token).proving(proof).rests_on(&[AccessToken, DpopProof]),
    ]
}

async fn asked_about(tenant: &Tenant, method: &Method, pattern: &'static str) -> Vec<Shown> {
    let ask = |by: &Tenant, token: &str| {
        let shown = Shown::new(method, pattern, Works::page("\"active\":true"));
        shown.by(by).with("token", token)
    };
    let access = tokens(tenant, &mut signed_in(tenant).await, &[]).await;
    let fields = json!({ "token_endpoint_auth_method": "client_secret_basic" });
    let app = refreshing(tenant, fields).await;
    let refresh = tokens(&app, &mut signed_in(tenant).await, &[]).await;
    vec![
        ask(tenant, text(&access, "access_token"))
            .naming("token", AccessToken)
            .rests_on(&[ClientCredentials, AccessToken]),
        ask(&app, text(&refresh, "refresh_token"))
            .naming("token", RefreshToken)
            .rests_on(&[ClientCredentials, RefreshToken]),
    ]
}

/// Whether the token was any is nobody's business (RFC 7009 §2.2), so that nothing rests on it. What
/// was not revoked is seen by the first tenant's next requests.
async fn revoked(tenant: &Tenant, method: &Method, pattern: &'static str) -> Shown {
    let (_, tokens) = refreshable(tenant).await;
    let shown = Shown::new(method, pattern, Works::page("{}")).by(tenant);
    let shown = shown.with("token", text(&tokens, "refresh_token"));
    shown.naming("token", RefreshToken).rests_on(&[ClientCredentials])
}
