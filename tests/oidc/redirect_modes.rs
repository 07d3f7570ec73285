//! What is nearly a registered address gets nothing, in whichever way answers go there (attacks A1, O1).

use std::collections::BTreeSet;

use e2e::{Answer, Browser, Client, Pkce, Tenant, mutations, on_every_backend, request_uri};
use reqwest::Method;
use serde_json::json;
use url::Url;

use crate::redirect_uri::{answers, is_refused};
use crate::response_modes::{ORIGIN, message, posted, with_script};
use crate::steps::{is_error, is_oauth_error, query, signed_in, silently, text};

/// The ways in which an answer goes to an app (OAuth 2.0 Multiple Response Type Encoding Practices §2.1,
/// Form Post Response Mode, Web Message Response Mode).
const MODES: [&str; 3] = ["query", "form_post", "web_message"];

/// What is nearly the address, and addresses of others: another app's of the tenant, and another
/// tenant's.
async fn wrong(tenant: &Tenant) -> Vec<String> {
    let uri = &tenant.app.redirect_uri;
    let (neighbour, abroad) =
        ("https://neighbour.example/callback", "https://abroad.example/callback");
    tenant.make_app(json!({ "redirect_uris": [neighbour] })).await;
    let other = tenant.world.tenant("other").await;
    other.make_app(json!({ "redirect_uris": [abroad] })).await;
    let mut wrong = mutations::of(uri);
    assert!(wrong.len() >= 60, "{}", wrong.len());
    wrong.extend([neighbour, abroad].map(str::to_owned));
    wrong.push(tenant.url("/oidc/auth"));
    wrong.push(format!("{uri}/{}", "a".repeat(3000)));
    wrong
}

/// The code that an answer by this mode carries to the right address.
fn carried(app: &Tenant, answer: &Answer, mode: &str) -> String {
    match mode {
        "query" => {
            let location = answer.location().unwrap_or_else(|| panic!("{answer:?}"));
            let begin = format!("{}?code=", app.app.redirect_uri);
            assert!(location.as_str().starts_with(&begin), "{location}");
            answer.parameter("code").unwrap()
        }
        "form_post" => {
            let (action, fields) = posted(answer, mode);
            assert_eq!(action, app.app.redirect_uri);
            fields[0].1.clone()
        }
        // It looks at the origin as well.
        _ => text(&message(answer, mode), "code").to_owned(),
    }
}

/// The right address is answered by this mode.
async fn is_answered(app: &Tenant, browser: &mut Browser, mode: &str) {
    let pkce = Pkce::new();
    let answer = silently(app, browser, &pkce, &[("response_mode", mode)]).await;
    let code = carried(app, &answer, mode);
    assert_eq!(app.redeem(&code, &pkce).await.status, 200, "{mode}");
}

on_every_backend! {
    async fn a1_o1_redirect_uri_confusion_in_every_mode(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let wrong = wrong(&tenant).await;
        for mode in MODES {
            let app = with_script(&tenant, json!({})).await;
            let before = answers(&app).await;
            for uri in &wrong {
                let extra =
                    [("redirect_uri", uri.as_str()), ("prompt", "none"), ("response_mode", mode)];
                is_refused(&app, &mut browser, &query(&app, &Pkce::new(), &extra)).await;
            }
            assert_eq!(answers(&app).await, before, "{mode}: no code was made");
            is_answered(&app, &mut browser, mode).await;
            assert_eq!(answers(&app).await, before + 1);
        }
    }

    async fn a1_o1_redirect_uri_confusion_of_a_pushed_request_in_every_mode(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let wrong = wrong(&tenant).await;
        let fields = json!({ "token_endpoint_auth_method": "none", "web_origins": [ORIGIN] });
        let client = Client::make(&tenant, None, None, fields).await;
        for mode in MODES {
            let pkce = Pkce::new();
            let push = client.push(&pkce).with("response_mode", mode);
            for uri in &wrong {
                let answer = push.clone().with("redirect_uri", uri).send().await;
                is_oauth_error(&answer, 400, "invalid_request", &format!("{mode} {uri}"));
            }
            // Beside the name of a right one they mean nothing (RFC 9126 §4).
            let pushed = request_uri(&push.send().await);
            let beside = [("redirect_uri", wrong[0].as_str()), ("response_mode", "query")];
            let answer = browser.get(client.authorize_url(&pushed, &beside)).await;
            let code = carried(&client.tenant, &answer, mode);
            assert_eq!(client.tenant.redeem(&code, &pkce).await.status, 200, "{mode}");
        }
    }

    async fn o1_a_message_goes_to_exactly_the_registered_origin(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let parsed = mutations::of(&tenant.app.redirect_uri).into_iter();
        let parsed = parsed.filter_map(|uri| Url::parse(&uri).ok());
        let mut origins: BTreeSet<String> =
            parsed.map(|uri| uri.origin().ascii_serialization()).collect();
        assert!(origins.remove(ORIGIN) && origins.len() >= 12, "{origins:?}");
        origins.extend([
            ORIGIN.replace("https", "http"),
            format!("{ORIGIN}."),
            format!("{ORIGIN}/"),
            format!("{ORIGIN}:443"),
            ORIGIN.to_uppercase(),
            "*".to_owned(),
            "null".to_owned(),
            String::new(),
        ]);
        let app = with_script(&tenant, json!({})).await;
        let path = app.path(&format!("/apps/{}", app.app.id));
        for origin in &origins {
            let body = json!({ "web_origins": [origin] });
            let headers = [("if-match", "*")];
            let changed = app.admin.call(Method::PATCH, &path, &headers, Some(body)).await;
            if changed.status.is_client_error() {
                continue;
            }
            assert_eq!(changed.json()["web_origins"], json!([origin]), "kept as it was given");
            let answer =
                silently(&app, &mut browser, &Pkce::new(), &[("response_mode", "web_message")]).await;
            is_error(&app, &answer, "invalid_request", origin);
        }
        app.admin.patch(&path, json!({ "web_origins": [ORIGIN] })).await;
        is_answered(&app, &mut browser, "web_message").await;
    }
}
