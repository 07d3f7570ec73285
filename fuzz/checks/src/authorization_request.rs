//! Authorization requests (RFC 6749 §4.1.1).

use oidc::authorize::{self, AuthorizationRequest};
use oidc::{OAuthError, Params, Policy};
use store::app::App;
use store::protocol::ResponseMode;

use crate::app::{APPS, REDIRECT_URI};

/// Takes a query. Whatever is read of it is what the query said, within what the app may have; and it is
/// kept as it is while the person signs in.
pub fn authorization_request(data: &[u8]) {
    let Ok(params) = Params::parse(data) else { return };
    for app in APPS.iter() {
        match authorize::read(app, REDIRECT_URI, &params) {
            Ok(request) => is_within(app, &params, &request),
            Err(error) => is_tellable(&error),
        }
    }
}

fn is_within(app: &App, params: &Params, request: &AuthorizationRequest) {
    assert!(!params.has_duplicates());
    assert_eq!(params.only("response_type"), Some("code"));
    assert_eq!((request.app, request.redirect_uri.as_str()), (app.id, REDIRECT_URI));
    assert_eq!(request.state.as_deref(), params.only("state"));
    assert_eq!(request.nonce.as_deref(), params.only("nonce"));
    assert_eq!(request.code_challenge.as_deref(), params.only("code_challenge"));
    let asked: Vec<&str> = params.only("scope").unwrap().split(' ').collect();
    let granted: Vec<&str> = request.scope.split(' ').collect();
    assert!(granted.contains(&"openid"), "{granted:?}");
    let may_have = |scope: &&str| app.protocol.scopes.iter().any(|own| own == scope);
    assert!(granted.iter().all(|scope| asked.contains(scope) && may_have(scope)), "{granted:?}");
    let by_message = request.response_mode == ResponseMode::WebMessage;
    assert!(request.code_challenge.is_some() || !(Policy::of(app).pkce_required || by_message));
    let prompt = request.prompt;
    assert!(!prompt.none || !(prompt.login || prompt.select_account || prompt.consent));
    assert!(request.expected.as_ref().is_none_or(|users| !users.is_empty()));
    let kept = serde_json::to_string(request).unwrap();
    let again: AuthorizationRequest = serde_json::from_str(&kept).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), kept);
}

/// What an app is told is printable, and repeats nothing of the request (RFC 6749 §4.1.2.1).
fn is_tellable(error: &OAuthError) {
    let legal = |byte: u8| (0x20..=0x7e).contains(&byte) && byte != b'"' && byte != b'\\';
    assert!(error.description.bytes().all(legal), "{}", error.description);
}
