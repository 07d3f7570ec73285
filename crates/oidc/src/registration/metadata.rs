//! Client metadata (RFC 7591 §2, OpenID Connect Dynamic Client Registration 1.0 §2) and the app that
//! they describe: read by the rules of every app, and written back.
//!
//! What is unknown means nothing, as the RFC wants it. What is known and not offered is refused, when
//! the app would otherwise rely on it; or left out of the answer, which tells what is registered.

use outgoing::Policy;
use serde_json::{Map, Value, json};
use store::app::{App, AppSettings};
use store::protocol::{Profile, Protocol};
use store::registration::About;
use strict_json::{Fields, Flaw, Flaws, read_known, read_object, rules};
use url::Url;

use super::{MetadataError, described, object};
use crate::app_rules::{self, Rules, uris};
use crate::error::ErrorCode;

/// What the registration of an app may not decide by itself.
pub(super) struct Given<'a> {
    /// Which addresses we may call.
    pub(super) outgoing: &'a Policy,
    /// Which rules the app is held to.
    pub(super) profile: Profile,
    /// The hosts that browsers may be sent to; any, if there is none.
    pub(super) redirect_hosts: &'a [String],
    /// The scopes that it may have.
    pub(super) scopes: Vec<&'a str>,
}

/// An app as it describes itself.
pub(super) struct Metadata {
    pub(super) settings: AppSettings,
    pub(super) about: About,
}

/// Our names of what has another one in the RFCs, and what has the same.
const NAMES: [(&str, &str); 14] = [
    ("client_name", "display_name"),
    ("client_uri", "home_url"),
    ("redirect_uris", "redirect_uris"),
    ("post_logout_redirect_uris", "post_logout_redirect_uris"),
    ("initiate_login_uri", "initiate_login_uri"),
    ("backchannel_logout_uri", "backchannel_logout_uri"),
    ("token_endpoint_auth_method", "token_endpoint_auth_method"),
    ("id_token_signed_response_alg", "id_token_signed_response_alg"),
    ("userinfo_signed_response_alg", "userinfo_signed_response_alg"),
    ("grant_types", "grant_types"),
    ("jwks", "jwks"),
    ("jwks_uri", "jwks_uri"),
    ("dpop_bound_access_tokens", "dpop_bound_access_tokens"),
    ("require_pushed_authorization_requests", "require_pushed_authorization_requests"),
];

/// What an app would rely on and does not get.
const NOT_OFFERED: [&str; 14] = [
    "id_token_encrypted_response_alg",
    "id_token_encrypted_response_enc",
    "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
    "request_object_signing_alg",
    "request_object_encryption_alg",
    "request_object_encryption_enc",
    "require_signed_request_object",
    "request_uris",
    "authorization_signed_response_alg",
    "authorization_encrypted_response_alg",
    "introspection_signed_response_alg",
    "introspection_encrypted_response_alg",
    "tls_client_certificate_bound_access_tokens",
];

/// What only the answer says (RFC 7592 §2.2).
const ANSWERED: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// Reads the metadata of a new app.
pub(super) fn read(body: &[u8], given: &Given<'_>) -> Result<Metadata, MetadataError> {
    read_object_of(object(body)?, given)
}

/// Reads the metadata that go over an app's own. They have to name it, and its secret if any is in
/// them (RFC 7592 §2.2).
pub(super) fn read_again(
    body: &[u8],
    given: &Given<'_>,
    app: &App,
) -> Result<Metadata, MetadataError> {
    let object = object(body)?;
    if object.get("client_id").and_then(Value::as_str) != Some(&app.id.to_string()) {
        return Err(MetadataError::new("client_id has to be the app's own"));
    }
    if let Some(secret) = object.get("client_secret") {
        let own = app.secret_hash();
        if !own.is_some_and(|own| secret.as_str().is_some_and(|secret| own.matches(secret))) {
            return Err(MetadataError::new("client_secret has to be the app's own, or left out"));
        }
    }
    if let Some(name) = ANSWERED.iter().find(|name| object.contains_key(**name)) {
        return Err(MetadataError::new(format!("{name} is not yours to set: leave it out")));
    }
    read_object_of(object, given)
}

fn read_object_of(
    object: Map<String, Value>,
    given: &Given<'_>,
) -> Result<Metadata, MetadataError> {
    let mut as_ours = translated(&object, given);
    let own = read_known(object, |fields| read_own(fields, given));
    let native = own.as_ref().is_ok_and(|(about, _)| about.native);
    let scopes = own.as_ref().ok().and_then(|(_, scopes)| scopes.clone());
    let scopes = scopes.map_or_else(|| json!(given.scopes), |scopes| json!(scopes));
    as_ours.insert("scopes".to_owned(), scopes);
    // An app that somebody may write from anywhere is no page of the demo's machine.
    let rules = Rules { outgoing: given.outgoing, http: false, native };
    let settings = read_object(as_ours, |fields| {
        let settings = app_rules::read(fields, &rules)?;
        fields.flaws(hosts(&settings, given.redirect_hosts));
        Some(settings)
    });
    match (own, settings) {
        (Ok((about, _)), Ok(settings)) => Ok(Metadata { settings, about }),
        (own, settings) => {
            let flaws = own.err().into_iter().chain(settings.err()).flatten();
            Err(refused(&flaws.collect::<Flaws>()))
        }
    }
}

/// The metadata under our names, with what is registered where they say nothing.
fn translated(object: &Map<String, Value>, given: &Given<'_>) -> Map<String, Value> {
    let mut ours = Map::new();
    // OpenID Connect Dynamic Client Registration 1.0 §2 says RS256; FAPI 2.0 §5.4.1 forbids it.
    let algorithm = if given.profile == Profile::Fapi2 { "ES256" } else { "RS256" };
    ours.insert("id_token_signed_response_alg".to_owned(), algorithm.into());
    ours.insert("profile".to_owned(), given.profile.as_str().into());
    let first = object.get("redirect_uris").and_then(|uris| uris.get(0)?.as_str());
    if let Some(url) = first.and_then(|uri| Url::parse(uri).ok()) {
        let name: String = url.host_str().unwrap_or(url.scheme()).chars().take(100).collect();
        ours.insert("display_name".to_owned(), name.into());
    }
    for (theirs, own) in NAMES {
        if let Some(value) = object.get(theirs).filter(|value| !value.is_null()) {
            ours.insert(own.to_owned(), value.clone());
        }
    }
    ours
}

/// Reads what only registered apps have, and the scopes that are asked for.
fn read_own(fields: &mut Fields, given: &Given<'_>) -> Option<(About, Option<Vec<String>>)> {
    let words = |max| rules::list(0, max, rules::text(200));
    let (page, called) = (uris::page(false), uris::called(given.outgoing));
    let kind = rules::word::<String>(&["web", "native"]);
    let kind = fields.defaulted("application_type", "web".to_owned(), kind);
    let about = About {
        native: kind? == "native",
        logo_uri: fields.optional("logo_uri", &page)?,
        policy_uri: fields.optional("policy_uri", &page)?,
        tos_uri: fields.optional("tos_uri", &page)?,
        contacts: fields.defaulted("contacts", Vec::new(), words(20))?,
        sector_identifier_uri: fields.optional("sector_identifier_uri", called)?,
        software_id: fields.optional("software_id", rules::text(200))?,
        software_version: fields.optional("software_version", rules::text(200))?,
    };
    offered(fields);
    let scopes = fields.optional("scope", |value| scopes(value, &given.scopes))?;
    Some((about, scopes))
}

/// Notes what is asked for and not offered.
fn offered(fields: &mut Fields) {
    fields.optional("token_endpoint_auth_signing_alg", app_rules::algorithm);
    fields.optional("subject_type", rules::word::<String>(&["public"]));
    fields.optional("response_types", rules::list(1, 1, rules::word::<String>(&["code"])));
    fields.optional("grant_types", |value| match value.as_array() {
        Some(ways) if ways.iter().any(|way| way == "client_credentials") => {
            wrong("has client_credentials, which an administrator gives")
        }
        Some(ways) if !ways.iter().any(|way| way == "authorization_code") => {
            wrong("has to have authorization_code, which response_types needs")
        }
        _ => Ok(()),
    });
    for name in NOT_OFFERED {
        fields.optional(name, |value| match is_nothing(value) {
            true => Ok(()),
            false => wrong("is not supported here: leave it out"),
        });
    }
}

fn wrong<T>(text: &str) -> Result<T, Flaws> {
    Err(vec![Flaw::new("unsupported", text)])
}

/// Whether a value asks for nothing.
fn is_nothing(value: &Value) -> bool {
    *value == json!(false) || *value == json!([]) || *value == json!("")
}

/// Those that it may have among the scopes that are asked for. Nobody takes others by asking (attack
/// B6).
fn scopes(value: &Value, may_have: &[&str]) -> Result<Vec<String>, Flaws> {
    let asked = rules::string(value)?.split(' ').filter(|scope| !scope.is_empty());
    let mut allowed: Vec<String> =
        asked.filter(|scope| may_have.contains(scope)).map(str::to_owned).collect();
    allowed.sort_unstable();
    allowed.dedup();
    match allowed.is_empty() {
        true => wrong(&format!("has to have some of {}", may_have.join(" "))),
        false => Ok(allowed),
    }
}

/// What sends browsers to hosts that the administrator did not allow.
fn hosts(settings: &AppSettings, allowed: &[String]) -> Flaws {
    if allowed.is_empty() {
        return Flaws::new();
    }
    let lists = [
        ("/redirect_uris", &settings.redirect_uris),
        ("/post_logout_redirect_uris", &settings.post_logout_redirect_uris),
    ];
    let single =
        [("/home_url", &settings.home_url), ("/initiate_login_uri", &settings.initiate_login_uri)];
    let all = lists
        .into_iter()
        .flat_map(|(name, uris)| uris.iter().map(move |uri| (name, uri)))
        .chain(single.into_iter().filter_map(|(name, uri)| Some((name, uri.as_ref()?))));
    let is_allowed = |uri: &str| {
        let host = Url::parse(uri).ok().and_then(|url| url.host_str().map(str::to_owned));
        host.is_some_and(|host| allowed.contains(&host))
    };
    let foreign = all.filter(|(_, uri)| !is_allowed(uri));
    let text = "has a host that this token is not for";
    foreign.map(|(name, _)| Flaw::new("host", text).under(name)).collect()
}

/// What the caller is told: what is wrong with a redirect URI has an error of its own (RFC 7591
/// §3.2.2).
fn refused(flaws: &Flaws) -> MetadataError {
    let is_of_redirect_uri = |flaw: &Flaw| flaw.below.starts_with("/redirect_uris");
    let error = match flaws.iter().any(is_of_redirect_uri) {
        true => ErrorCode::InvalidRedirectUri,
        false => ErrorCode::InvalidClientMetadata,
    };
    let told = |flaw: &Flaw| {
        let place = flaw.below.trim_start_matches('/');
        let known = NAMES.iter().find(|(_, ours)| place == *ours);
        let place = known.map_or_else(|| place.to_owned(), |(theirs, _)| (*theirs).to_owned());
        format!("{place} {}", flaw.text)
    };
    let texts: Vec<String> = flaws.iter().map(told).collect();
    MetadataError { error, error_description: described(&texts.join("; ")) }
}

/// All that is registered (RFC 7591 §3.2.1), without secrets.
pub(super) fn written(app: &App, about: &About) -> Map<String, Value> {
    let Protocol { grant_types, scopes, jwks, jwks_uri, .. } = &app.protocol.0;
    let protocol = &app.protocol;
    let all = json!({
        "client_id": app.id,
        "client_id_issued_at": app.created_at.timestamp(),
        "client_name": app.display_name,
        "client_uri": app.home_url,
        "redirect_uris": app.redirect_uris.values,
        "post_logout_redirect_uris": app.post_logout_redirect_uris.values,
        "initiate_login_uri": app.initiate_login_uri,
        "backchannel_logout_uri": app.backchannel_logout_uri,
        "token_endpoint_auth_method": app.token_endpoint_auth_method,
        "id_token_signed_response_alg": app.id_token_alg,
        "userinfo_signed_response_alg": protocol.userinfo_signed_response_alg,
        "grant_types": grant_types,
        "response_types": ["code"],
        "scope": scopes.join(" "),
        "subject_type": "public",
        "jwks": jwks,
        "jwks_uri": jwks_uri,
        "dpop_bound_access_tokens": protocol.dpop_bound_access_tokens,
        "require_pushed_authorization_requests": protocol.require_pushed_authorization_requests,
        "application_type": if about.native { "native" } else { "web" },
        "logo_uri": about.logo_uri,
        "policy_uri": about.policy_uri,
        "tos_uri": about.tos_uri,
        "contacts": about.contacts,
        "sector_identifier_uri": about.sector_identifier_uri,
        "software_id": about.software_id,
        "software_version": about.software_version,
    });
    let Value::Object(all) = all else { return Map::new() };
    let is_there = |value: &Value| !value.is_null() && *value != json!([]);
    all.into_iter().filter(|(_, value)| is_there(value)).collect()
}
