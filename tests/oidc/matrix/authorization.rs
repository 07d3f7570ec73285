//! What apps send a browser with, and what the browser brings along.

use e2e::{Client, Pkce, Tenant, request_uri};
use reqwest::Method;
use serde_json::json;
use url::Url;

use super::artefact::Artefact::{
    AppId, Browser, FormToken, IdToken, Interaction, RequestUri, Session,
};
use super::people::GETS_A_CODE;
use super::shown::{Shown, Works};
use crate::steps::{by, sign_in, text, tokens};

/// The right requests.
pub(super) async fn right(tenant: &Tenant, method: &Method, pattern: &'static str) -> Vec<Shown> {
    let mut browser = tenant.world.browser();
    sign_in(tenant, &mut browser, "zhangsan").await;
    match pattern {
        "/oidc/auth" => asked(tenant, &mut browser, method, pattern).await,
        "/oidc/session/end" => ended(tenant, &mut browser, method, pattern).await,
        "/approve" => vec![approved(tenant, &mut browser, method, pattern).await],
        other => panic!("{method} {other}"),
    }
}

async fn asked(
    tenant: &Tenant,
    browser: &mut e2e::Browser,
    method: &Method,
    pattern: &'static str,
) -> Vec<Shown> {
    let hint = tokens(tenant, browser, &[]).await;
    let client = json!({ "token_endpoint_auth_method": "client_secret_post" });
    let client = Client::make(tenant, None, None, client).await;
    let pushed = request_uri(&client.push(&Pkce::new()).send().await);
    let new = |query: &str| {
        let shown = Shown::new(method, pattern, GETS_A_CODE).from(tenant, browser);
        shown.query_of(&Url::parse(query).unwrap()).naming("client_id", AppId)
    };
    let silent = |extra: &[(&str, &str)]| {
        let mut all = vec![("prompt", "none")];
        all.extend(extra);
        new(&tenant.authorize_url(&Pkce::new(), &all))
    };
    let hinted = silent(&[("id_token_hint", text(&hint, "id_token"))]);
    let pushed = new(&client.authorize_url(&pushed, &[]));
    vec![
        silent(&[]).rests_on(&[Session, AppId]),
        hinted.naming("id_token_hint", IdToken).rests_on(&[Session, AppId, IdToken]),
        pushed.naming("request_uri", RequestUri).rests_on(&[Session, AppId, RequestUri]),
    ]
}

async fn ended(
    tenant: &Tenant,
    browser: &mut e2e::Browser,
    method: &Method,
    pattern: &'static str,
) -> Vec<Shown> {
    let hint = tokens(tenant, browser, &[]).await;
    let by_an_app = Shown::new(method, pattern, Works::To("https://app.example.com/signed-out"))
        .from(tenant, browser)
        .with("id_token_hint", text(&hint, "id_token"))
        .with("post_logout_redirect_uri", "https://app.example.com/signed-out")
        .naming("id_token_hint", IdToken)
        .rests_on(&[IdToken]);
    if method == Method::GET {
        return vec![by_an_app];
    }
    let page = browser.get(tenant.url(pattern)).await;
    let confirmed = Shown::new(method, pattern, Works::page("signed out"))
        .from(tenant, browser)
        .form_of(&page, pattern)
        .with("decision", "sign_out")
        .rests_on(&[Browser, FormToken])
        .of_any_browser();
    vec![by_an_app, confirmed]
}

async fn approved(
    tenant: &Tenant,
    browser: &mut e2e::Browser,
    method: &Method,
    pattern: &'static str,
) -> Shown {
    let app = tenant.make_app(json!({ "consent_required": true })).await;
    let page = browser.follow(by(tenant, app).authorize_url(&Pkce::new(), &[])).await;
    assert_eq!(page.url.path(), pattern, "{}", page.body);
    if method == Method::GET {
        let shown = Shown::new(method, pattern, Works::page("id=\"approve\""));
        let shown = shown.from(tenant, browser).query_of(&page.url);
        return shown.rests_on(&[Session, Browser, Interaction]);
    }
    let shown = Shown::new(method, pattern, GETS_A_CODE).from(tenant, browser);
    let shown = shown.form_of(&page, pattern);
    shown.rests_on(&[Session, Browser, FormToken, Interaction])
}
