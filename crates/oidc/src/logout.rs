//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): what an app may ask for.

use store::app::{self, App};
use store::id::{AppId, SessionId, UserId};
use store::source::Status;
use store::tenant::Tenant;

use crate::Provider;
use crate::error::Result;
use crate::jwt::{self, Kind};
use crate::params::{Params, append};
use crate::token::IdClaims;

/// What an ID token of ours proves when it comes back as a hint. It may have expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// For whom it was made.
    pub app: AppId,
    /// Whom it is about.
    pub user: UserId,
    /// In which session it was made.
    pub session: SessionId,
}

/// A logout request that may be acted upon.
#[derive(Debug)]
pub struct LogoutRequest {
    /// What the hint proves; without one the person is asked first (attack K1).
    pub hint: Option<Hint>,
    /// The app that asks, if it is known.
    pub app: Option<App>,
    /// Where the browser goes afterwards; only with a hint, and registered byte for byte.
    pub redirect: Option<String>,
    /// Languages the person reads.
    pub ui_locales: Option<String>,
}

/// Why a logout request is refused, always with a page: nothing is signed out, nobody redirected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// A parameter cannot be read or stands twice, or the hint is not ours.
    InvalidRequest,
    /// `post_logout_redirect_uri` is not registered for the app.
    RedirectUri,
}

/// Opens an ID token of this tenant that is shown as a hint. `None` if it is anything else.
pub(crate) async fn open_hint(
    provider: &Provider,
    tenant: &Tenant,
    hint: &str,
) -> Result<Option<Hint>> {
    let keys = provider.keys.of(tenant.id).await?;
    let claims = jwt::open::<IdClaims>(&keys, Kind::IdToken, hint).map(|(_, claims)| claims);
    let issuer = provider.issuer(tenant);
    Ok(claims.filter(|claims| issuer.is(&claims.iss)).map(|claims| Hint {
        app: claims.aud,
        user: claims.sub,
        session: claims.sid,
    }))
}

/// Checks a logout request.
pub async fn parse(
    provider: &Provider,
    tenant: &Tenant,
    params: &Params,
) -> Result<std::result::Result<LogoutRequest, Refused>> {
    if params.has_duplicates() {
        return Ok(Err(Refused::InvalidRequest));
    }
    let hint = match params.only("id_token_hint") {
        None => None,
        Some(text) => match open_hint(provider, tenant, text).await? {
            None => return Ok(Err(Refused::InvalidRequest)),
            hint => hint,
        },
    };
    let named: Option<AppId> = match params.only("client_id").map(str::parse) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => return Ok(Err(Refused::InvalidRequest)),
    };
    if let (Some(hint), Some(named)) = (hint, named)
        && hint.app != named
    {
        return Ok(Err(Refused::InvalidRequest));
    }
    let app = match hint.map(|hint| hint.app).or(named) {
        None => None,
        Some(id) => app::find(&mut provider.store.tenant(tenant.id), id)
            .await?
            .filter(|app| app.status == Status::Active),
    };
    let redirect = match params.only("post_logout_redirect_uri") {
        None => None,
        Some(uri) => {
            let registered = app.as_ref().is_some_and(|app| {
                app.post_logout_redirect_uris.values.iter().any(|known| known == uri)
            });
            if !registered {
                return Ok(Err(Refused::RedirectUri));
            }
            let state = params.only("state").map(|state| ("state", state));
            hint.map(|_| append(uri, state))
        }
    };
    let ui_locales = params.only("ui_locales").map(str::to_owned);
    Ok(Ok(LogoutRequest { hint, app, redirect, ui_locales }))
}
