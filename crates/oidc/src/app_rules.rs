//! What an app may be: one set of rules, for administrators at the console and for apps that register
//! themselves (RFC 7591).

mod protocol;
pub mod uris;

use outgoing::Policy;
use serde_json::Value;
use store::app::{AppSettings, AuthMethod};
use store::signing_key::Algorithm;
use store::source::Status;
use strict_json::{Fields, Flaws, rules};

use self::uris::Registrant;

/// Most redirect URIs of an app.
const MAX_URIS: usize = 50;

/// What the rules depend on.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Which addresses we may call.
    pub outgoing: &'a Policy,
    /// Whether pages may be served by http on this very machine, as in the demo.
    pub http: bool,
    /// Whether an app without a secret may be one on a device, with a private-use scheme or http on
    /// `localhost` (RFC 8252 §7).
    pub native: bool,
}

/// Reads an app. Its secret and its branding are the caller's.
pub fn read(fields: &mut Fields, by: &Rules<'_>) -> Option<AppSettings> {
    let (http, outgoing) = (by.http, by.outgoing);
    let method = fields.defaulted(
        "token_endpoint_auth_method",
        AuthMethod::ClientSecretBasic,
        rules::word(&["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]),
    );
    let uri = Registrant { public: by.native && method == Some(AuthMethod::None), http };
    let uris = |min| rules::list(min, MAX_URIS, uris::redirect_uri(uri));
    let display_name = fields.required("display_name", rules::text(100));
    let logo_url = fields.optional("logo_url", uris::picture);
    let home_url = fields.optional("home_url", uris::page(http));
    let initiate_login_uri = fields.optional("initiate_login_uri", uris::page(http));
    let redirect_uris = fields.required("redirect_uris", uris(1));
    let post_logout = fields.defaulted("post_logout_redirect_uris", Vec::new(), uris(0));
    let id_token_alg =
        fields.defaulted("id_token_signed_response_alg", Algorithm::Es256, algorithm);
    let registration = fields.defaulted("registration", true, rules::boolean);
    let sign_in_methods = fields.defaulted("sign_in_methods", Vec::new(), sign_in_methods);
    let status = fields.defaulted("status", Status::Active, rules::word(&["active", "disabled"]));
    let backchannel = fields.optional("backchannel_logout_uri", uris::called(outgoing));
    let protocol = protocol::read(fields, outgoing);
    if let (Some(protocol), Some(method), Some(algorithm)) = (&protocol, method, id_token_alg) {
        protocol::check(protocol, fields, method, algorithm);
    }
    Some(AppSettings {
        display_name: display_name?,
        logo_url: logo_url?,
        home_url: home_url?,
        initiate_login_uri: initiate_login_uri?,
        redirect_uris: redirect_uris?,
        post_logout_redirect_uris: post_logout?,
        token_endpoint_auth_method: method?,
        secret_hash: None,
        id_token_alg: id_token_alg?,
        registration: registration?,
        sign_in_methods: sign_in_methods?,
        status: status?,
        branding: None,
        protocol: protocol?,
        backchannel_logout_uri: backchannel?,
    })
}

/// What people may sign in with beside sources.
pub fn sign_in_methods(value: &Value) -> Result<Vec<String>, Flaws> {
    rules::list(0, 3, rules::word(&["password", "email_code", "sms_code"]))(value)
}

/// What a key signs with.
pub fn algorithm(value: &Value) -> Result<Algorithm, Flaws> {
    rules::word(&["ES256", "RS256", "PS256", "EdDSA"])(value)
}
