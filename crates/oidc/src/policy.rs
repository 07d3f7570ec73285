//! What the provider demands of an app: its profile and its own settings, in one place. Nobody else
//! looks at a profile.

use chrono::TimeDelta;
use store::app::{App, AuthMethod};
use store::protocol::{GrantType, Profile, Protocol};

/// What the provider demands of an app, and gives it.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "independent demands")]
pub struct Policy {
    /// Authorization requests need a `code_challenge` (RFC 9700 §2.1.1, OAuth 2.1 §7.5.1).
    pub pkce_required: bool,
    /// Authorization requests come by PAR only (RFC 9126 §6, FAPI 2.0 §5.3.2.2).
    pub pushed_required: bool,
    /// Access tokens are bound to a key (RFC 9449 §5.2, FAPI 2.0 §5.3.2.1).
    pub dpop_required: bool,
    /// DPoP proofs need a nonce of ours (RFC 9449 §8).
    pub dpop_nonce_required: bool,
    /// Keys with RSASSA-PKCS1-v1_5 may sign assertions; FAPI 2.0 §5.4.1 forbids it.
    pub rs256_allowed: bool,
    /// A refresh token is exchanged for another with each use: nothing else binds it to its client
    /// (RFC 9700 §4.14.2). FAPI 2.0 §5.3.2.1 forbids it for the others.
    pub rotates_refresh_tokens: bool,
    /// People are asked before the app learns who they are.
    pub consent_required: bool,
    /// They are asked each time: anybody can say to be this app, which registered itself and has no
    /// secret (attack J10, RFC 8252 §8.6).
    pub consent_always: bool,
    /// The app gets refresh tokens.
    pub refreshes: bool,
    /// How long an access token is valid.
    pub access_token_life: TimeDelta,
    /// How long a refresh token lives that nobody uses.
    pub refresh_token_idle: TimeDelta,
    /// How long refreshing goes on without the session.
    pub refresh_token_life: TimeDelta,
}

impl Policy {
    /// What holds for an app.
    pub fn of(app: &App) -> Self {
        let protocol: &Protocol = &app.protocol;
        let public = app.token_endpoint_auth_method == AuthMethod::None;
        let fapi = protocol.profile == Profile::Fapi2;
        let seconds = |seconds: u32| TimeDelta::seconds(i64::from(seconds));
        Self {
            pkce_required: public || protocol.profile != Profile::OidcBasic,
            pushed_required: fapi || protocol.require_pushed_authorization_requests,
            dpop_required: fapi || protocol.dpop_bound_access_tokens,
            dpop_nonce_required: fapi,
            rs256_allowed: !fapi,
            rotates_refresh_tokens: public,
            consent_required: protocol.consent_required,
            consent_always: public && app.registered.is_some(),
            refreshes: protocol.grants_by(GrantType::RefreshToken),
            access_token_life: seconds(protocol.access_token_lifetime),
            refresh_token_idle: seconds(protocol.refresh_token_idle_lifetime),
            refresh_token_life: seconds(protocol.refresh_token_lifetime),
        }
    }
}
