//! The plans "RP-Initiated OP" and "Config OP".

use e2e::{Answer, Tenant};
use serde_json::{Value, json};
use url::Url;

use crate::rp::{Mode, Rp};
use crate::side::{is_page, text};

/// Where the browser goes after signing out.
const SIGNED_OUT: &str = "https://app.example.com/signed-out";

/// The modules of the two plans.
pub(crate) const MODULES: &[&str] = &[
    "oidcc_rp_initiated_logout_discovery_endpoint_verification",
    "oidcc_rp_initiated_logout",
    "oidcc_rp_initiated_logout_no_state",
    "oidcc_rp_initiated_logout_bad_post_logout_redirect_uri",
    "oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri",
    "oidcc_rp_initiated_logout_modified_id_token_hint",
    "oidcc_rp_initiated_logout_bad_id_token_hint",
    "oidcc_rp_initiated_logout_no_id_token_hint",
    "oidcc_rp_initiated_logout_no_params",
    "oidcc_rp_initiated_logout_only_state",
    "oidcc_rp_initiated_logout_no_post_logout_redirect_uri",
    "oidcc_discovery_endpoint_verification",
];

/// A relying party with somebody signed in, and their ID token.
async fn signed_in(mut rp: Rp) -> (Rp, String) {
    let response = rp.ask(&[]).await;
    let tokens = rp.tokens(&response).await;
    let hint = text(&tokens, "id_token").to_owned();
    (rp, hint)
}

/// Sends the browser to sign out.
async fn end(rp: &mut Rp, params: &[(&str, &str)]) -> Answer {
    let mut url = Url::parse(&rp.tenant.url("/oidc/session/end")).unwrap();
    if !params.is_empty() {
        url.query_pairs_mut().extend_pairs(params);
    }
    rp.browser.get(url.as_str()).await
}

/// Whether the session still answers.
async fn is_signed_in(rp: &mut Rp) -> bool {
    let response = rp.ask(&[("prompt", "none")]).await;
    match response.get("error") {
        None => true,
        Some(error) => {
            assert_eq!(error, "login_required");
            false
        }
    }
}

/// The answer goes nowhere: a failure, after which the person is still signed in.
async fn goes_nowhere(mut rp: Rp, params: &[(&str, &str)], code: &str) {
    is_page(&end(&mut rp, params).await, code);
    assert!(is_signed_in(&mut rp).await);
}

/// The person is asked, confirms, and is signed out without being sent anywhere.
async fn asks_first(mut rp: Rp, params: &[(&str, &str)]) {
    let page = end(&mut rp, params).await;
    assert_eq!((page.status.as_u16(), page.location()), (200, None));
    assert!(is_signed_in(&mut rp).await, "nothing is done before they confirm");
    let csrf = page.body.split_once("name=\"csrf\" value=\"").unwrap().1.split_once('"').unwrap().0;
    let mut form = vec![("csrf", csrf), ("decision", "sign_out")];
    form.extend(params);
    let url = rp.tenant.url("/oidc/session/end");
    let done = rp.browser.post(url, &form).await;
    assert_eq!((done.status.as_u16(), done.location()), (200, None), "{}", done.body);
    assert!(!is_signed_in(&mut rp).await);
}

macro_rules! modules {
    ($($(#[$doc:meta])* async fn $name:ident($rp:ident: Rp) $body:block)*) => {
        e2e::on_every_backend! { $(
            $(#[$doc])*
            async fn $name(world: World) {
                async fn on_one_side($rp: Rp) $body

                let (one, other) = Rp::pair(&world, Mode::Query).await;
                tokio::join!(on_one_side(one), on_one_side(other));
            }
        )* }
    };
}

/// The metadata, with what holds for every plan.
async fn metadata(tenant: &Tenant, rp: &mut Rp) -> Value {
    let answer = rp.browser.get(tenant.url("/oidc/.well-known/openid-configuration")).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["content-type"]),
        (200, &"application/json".parse().unwrap())
    );
    answer.json()
}

modules! {
    async fn oidcc_rp_initiated_logout_discovery_endpoint_verification(rp: Rp) {
        let (mut rp, tenant) = { let tenant = rp.tenant.clone(); (rp, tenant) };
        let found = metadata(&tenant, &mut rp).await;
        assert_eq!(found["end_session_endpoint"], tenant.url("/oidc/session/end"));
    }

    async fn oidcc_rp_initiated_logout(rp: Rp) {
        let (mut rp, hint) = signed_in(rp).await;
        let params = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", SIGNED_OUT), ("state", "xyz")];
        let answer = end(&mut rp, &params).await;
        let location = answer.location().unwrap_or_else(|| panic!("{answer:?}"));
        assert!(location.as_str().starts_with(SIGNED_OUT), "{location}");
        assert_eq!(answer.parameter("state").as_deref(), Some("xyz"));
        assert!(!is_signed_in(&mut rp).await);
    }

    async fn oidcc_rp_initiated_logout_no_state(rp: Rp) {
        let (mut rp, hint) = signed_in(rp).await;
        let params = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", SIGNED_OUT)];
        let answer = end(&mut rp, &params).await;
        assert!(answer.location().unwrap().as_str().starts_with(SIGNED_OUT));
        assert_eq!(answer.parameter("state"), None);
        assert!(!is_signed_in(&mut rp).await);
    }

    async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(rp: Rp) {
        let (rp, hint) = signed_in(rp).await;
        let bad = "https://app.example.com/somewhere-else";
        let params = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", bad)];
        goes_nowhere(rp, &params, "redirect_uri_mismatch").await;
    }

    async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(rp: Rp) {
        let (rp, hint) = signed_in(rp).await;
        let added = format!("{SIGNED_OUT}?added=true");
        let params = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", added.as_str())];
        goes_nowhere(rp, &params, "redirect_uri_mismatch").await;
    }

    async fn oidcc_rp_initiated_logout_modified_id_token_hint(rp: Rp) {
        let (rp, hint) = signed_in(rp).await;
        // {"alg":"none"}, the same claims, no signature.
        let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", hint.split('.').nth(1).unwrap());
        let params = [("id_token_hint", unsigned.as_str()), ("post_logout_redirect_uri", SIGNED_OUT)];
        goes_nowhere(rp, &params, "invalid_request").await;
    }

    async fn oidcc_rp_initiated_logout_bad_id_token_hint(rp: Rp) {
        let (rp, hint) = signed_in(rp).await;
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        let stranger = jsonwebtoken::EncodingKey::from_secret(b"somebody else's");
        let forged = jsonwebtoken::encode(&header, &crate::side::claims(&hint), &stranger).unwrap();
        let params = [("id_token_hint", forged.as_str()), ("post_logout_redirect_uri", SIGNED_OUT)];
        goes_nowhere(rp, &params, "invalid_request").await;
    }

    /// Without a hint the address has to be known by the client, and nobody is sent there.
    async fn oidcc_rp_initiated_logout_no_id_token_hint(rp: Rp) {
        let (rp, _) = signed_in(rp).await;
        goes_nowhere(rp, &[("post_logout_redirect_uri", SIGNED_OUT)], "redirect_uri_mismatch").await;
    }

    async fn oidcc_rp_initiated_logout_no_params(rp: Rp) {
        let (rp, _) = signed_in(rp).await;
        asks_first(rp, &[]).await;
    }

    async fn oidcc_rp_initiated_logout_only_state(rp: Rp) {
        let (rp, _) = signed_in(rp).await;
        asks_first(rp, &[("state", "xyz")]).await;
    }

    async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri(rp: Rp) {
        let (mut rp, hint) = signed_in(rp).await;
        let answer = end(&mut rp, &[("id_token_hint", &hint), ("state", "xyz")]).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (200, None));
        assert!(!is_signed_in(&mut rp).await);
    }

    /// The one module of the Config plan.
    async fn oidcc_discovery_endpoint_verification(rp: Rp) {
        let (mut rp, tenant) = { let tenant = rp.tenant.clone(); (rp, tenant) };
        let found = metadata(&tenant, &mut rp).await;
        let issuer = text(&found, "issuer");
        assert_eq!(issuer, tenant.issuer());
        let parsed = Url::parse(issuer).unwrap();
        assert_eq!((parsed.query(), parsed.fragment()), (None, None));
        let list = |name: &str| -> Vec<String> {
            serde_json::from_value(found[name].clone()).unwrap_or_else(|_| panic!("{name}: {found}"))
        };
        for (name, value) in [
            ("id_token_signing_alg_values_supported", "RS256"),
            ("response_types_supported", "code"),
            ("subject_types_supported", "public"),
            ("scopes_supported", "openid"),
            ("grant_types_supported", "authorization_code"),
            ("code_challenge_methods_supported", "S256"),
            ("claims_supported", "sub"),
            ("response_modes_supported", "form_post"),
        ] {
            assert!(list(name).iter().any(|known| known == value), "{name}");
        }
        for scope in list("scopes_supported") {
            assert!(scope.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte)), "{scope}");
        }
        let (own, object) = (format!("{}/", tenant.url("")), found.as_object().unwrap());
        for (name, value) in object.iter().filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri") {
            assert!(value.as_str().unwrap().starts_with(&own), "{name}: {value}");
        }
        let keys = rp.browser.get(text(&found, "jwks_uri")).await;
        assert_eq!(keys.status, 200);
        let keys = keys.json();
        assert!(keys["keys"].as_array().is_some_and(|keys| !keys.is_empty()), "{keys}");
        assert_eq!(found["request_parameter_supported"], json!(false));
    }
}
