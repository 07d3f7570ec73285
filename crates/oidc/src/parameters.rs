//! The parameters of an authorization request, each with its own rules. None knows the others.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::app::App;
use store::id::UserId;
use store::protocol::{GrantType, Protocol, ResponseMode};

use crate::acr::Acr;
use crate::authorize::{Demand, Prompt};
use crate::error::{ErrorCode, OAuthError};
use crate::params::Params;
use crate::response::origin_of;

/// Longest `state`, in bytes: ten times what libraries send. It is kept while the person signs in.
const STATE_AT_MOST: usize = 2048;
/// Longest `nonce`, `ui_locales` and `login_hint`, in bytes.
const OPAQUE_AT_MOST: usize = 512;

type Result<T> = std::result::Result<T, OAuthError>;

/// Whether a value can be kept and given back: short enough, and without the control characters
/// that RFC 6749 §A.5 leaves out.
fn is_proper(value: &str, at_most: usize) -> bool {
    value.len() <= at_most && !value.chars().any(char::is_control)
}

/// What has to hold for the request as a whole.
pub(crate) fn rules(params: &Params) -> Result<()> {
    if params.has_duplicates() {
        return Err(OAuthError::invalid_request("a parameter stands more than once"));
    }
    if params.has("request") {
        let wrong = "request objects are not supported";
        return Err(OAuthError::new(ErrorCode::RequestNotSupported, wrong));
    }
    if params.has("request_uri") {
        let wrong = "request_uri has to be one that the PAR endpoint gave";
        return Err(OAuthError::new(ErrorCode::RequestUriNotSupported, wrong));
    }
    match params.get("response_type")? {
        Some("code") => Ok(()),
        None => Err(OAuthError::invalid_request("response_type is missing: use code")),
        Some(_) => {
            let wrong = "only response_type=code is supported";
            Err(OAuthError::new(ErrorCode::UnsupportedResponseType, wrong))
        }
    }
}

pub(crate) fn state(params: &Params) -> Result<Option<String>> {
    match params.get("state")? {
        Some(state) if !is_proper(state, STATE_AT_MOST) => {
            let wrong = "state is longer than 2048 bytes or has control characters";
            Err(OAuthError::invalid_request(wrong))
        }
        state => Ok(state.map(str::to_owned)),
    }
}

/// `response_mode`: one that the app may use (attack B2); a message only to an origin of its own.
pub(crate) fn response_mode(
    app: &App,
    redirect_uri: &str,
    params: &Params,
) -> Result<ResponseMode> {
    // What a code comes by if nobody says otherwise is a mode as the others are.
    let name = params.get("response_mode")?.unwrap_or(ResponseMode::Query.as_str());
    let mode = ResponseMode::ALL.iter().find(|mode| mode.as_str() == name);
    let mode = mode
        .filter(|mode| app.protocol.response_modes.contains(mode))
        .ok_or(OAuthError::invalid_request("response_mode is none that this app may use"))?;
    if *mode == ResponseMode::WebMessage {
        let origin = origin_of(redirect_uri);
        let known = origin.is_some_and(|origin| app.protocol.web_origins.contains(&origin));
        if !known {
            let wrong = "web_message needs the origin of redirect_uri among the app's web_origins";
            return Err(OAuthError::invalid_request(wrong));
        }
    }
    Ok(*mode)
}

/// `scope`: has to hold `openid`; what we do not know or the app may not have is left out.
pub(crate) fn scope(app: &App, params: &Params) -> Result<String> {
    let asked = params.get("scope")?.unwrap_or_default();
    let asked: Vec<&str> = asked.split(' ').collect();
    let refreshes = app.protocol.grants_by(GrantType::RefreshToken);
    let granted: Vec<&str> = (app.protocol.scopes.iter().map(String::as_str))
        .filter(|scope| asked.contains(scope) && (refreshes || *scope != "offline_access"))
        .collect();
    if granted.contains(&"openid") {
        Ok(granted.join(" "))
    } else {
        Err(OAuthError::new(ErrorCode::InvalidScope, "scope has to contain openid"))
    }
}

/// A value that means nothing to us, or is only kept.
pub(crate) fn opaque(params: &Params, name: &str) -> Result<Option<String>> {
    match params.get(name)? {
        Some(value) if !is_proper(value, OPAQUE_AT_MOST) => {
            let wrong = "nonce or ui_locales is longer than 512 bytes or has control characters";
            Err(OAuthError::invalid_request(wrong))
        }
        value => Ok(value.map(str::to_owned)),
    }
}

/// `login_hint` is a hint: one that makes no sense is left out.
pub(crate) fn login_hint(params: &Params) -> Result<Option<String>> {
    let hint = params.get("login_hint")?.filter(|hint| is_proper(hint, OPAQUE_AT_MOST));
    Ok(hint.map(str::to_owned))
}

/// `dpop_jkt` (RFC 9449 §10): a SHA-256 in base64url.
pub(crate) fn thumbprint(params: &Params) -> Result<Option<String>> {
    match params.get("dpop_jkt")? {
        Some(jkt) if !URL_SAFE_NO_PAD.decode(jkt).is_ok_and(|bytes| bytes.len() == 32) => {
            Err(OAuthError::invalid_request("dpop_jkt is not the thumbprint of a key"))
        }
        jkt => Ok(jkt.map(str::to_owned)),
    }
}

pub(crate) fn prompt(params: &Params) -> Result<Prompt> {
    let mut prompt = Prompt::default();
    let words = params.get("prompt")?.unwrap_or_default();
    for word in words.split(' ').filter(|word| !word.is_empty()) {
        match word {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "select_account" => prompt.select_account = true,
            "consent" => prompt.consent = true,
            _ => return Err(OAuthError::invalid_request("prompt has a value that does not exist")),
        }
    }
    if prompt.none && (prompt.login || prompt.select_account || prompt.consent) {
        return Err(OAuthError::invalid_request("prompt=none cannot be combined"));
    }
    Ok(prompt)
}

pub(crate) fn max_age(params: &Params) -> Result<Option<u64>> {
    params
        .get("max_age")?
        .map(|text| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More seconds than fit are as good as no limit.
            true => Ok(text.parse().unwrap_or(u64::MAX)),
            false => Err(OAuthError::invalid_request("max_age has to be a number of seconds")),
        })
        .transpose()
}

/// Whom the hint and the `claims` parameter allow together.
pub(crate) fn expected(
    hinted: Option<UserId>,
    claimed: Option<Vec<UserId>>,
) -> Result<Option<Vec<UserId>>> {
    let both = match (hinted, claimed) {
        (None, claimed) => claimed,
        (Some(hinted), None) => Some(vec![hinted]),
        (Some(hinted), Some(mut claimed)) => {
            claimed.retain(|user| *user == hinted);
            Some(claimed)
        }
    };
    match both {
        Some(nobody) if nobody.is_empty() => Err(OAuthError::new(
            ErrorCode::LoginRequired,
            "id_token_hint and claims ask for somebody who does not exist here",
        )),
        expected => Ok(expected),
    }
}

/// What the sign-in shall prove: an essential claim, or the best that `acr_values` wishes for.
pub(crate) fn acr(params: &Params, essential: Option<Acr>) -> Result<Option<Demand>> {
    let wished = params.get("acr_values")?.unwrap_or_default();
    let wished = wished.split(' ').find_map(Acr::from_name);
    let essential = essential.map(|acr| Demand { acr, essential: true });
    Ok(essential.or(wished.map(|acr| Demand { acr, essential: false })))
}

pub(crate) fn connection(params: &Params) -> Result<Option<String>> {
    match params.get("connection")? {
        Some(name) if !is_identifier(name) => {
            Err(OAuthError::invalid_request("connection is not an identifier of a source"))
        }
        name => Ok(name.map(str::to_owned)),
    }
}

/// Whether a text can be a source's identifier: `^[a-z0-9-]{1,31}$`.
pub fn is_identifier(text: &str) -> bool {
    (1..=31).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The scopes that are about a person, which an app cannot have for itself.
pub(crate) fn is_of_a_person(scope: &str) -> bool {
    Protocol::SCOPES.contains(&scope)
}
