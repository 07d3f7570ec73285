//! Signing out, here and at the provider (RP-Initiated Logout 1.0).

use std::sync::Arc;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use openidconnect::{CsrfToken, LogoutRequest, PostLogoutRedirectUrl};

use crate::cookie;
use crate::error::Error;
use crate::pages::{self, redirect};
use crate::params::Params;
use crate::state::{Session, State};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/sign-out", web::post().to(sign_out))
        .route("/signed-out", web::get().to(signed_out));
}

/// Other sites cannot send this form for somebody: the cookie does not go with a POST of theirs.
async fn sign_out(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let session = cookie::read(&request, cookie::SESSION)
        .and_then(|secret| state.sessions.take_if(&secret, |_| true));
    let Some(session) = session else { return redirect("/").finish() };
    pages::or_message(&request, leave(&state, &request, &session))
}

fn leave(
    state: &State,
    request: &HttpRequest,
    session: &Arc<Session>,
) -> Result<HttpResponse, Error> {
    let gone = cookie::remove(cookie::SESSION);
    let Some(endpoint) = session.end_session.clone() else {
        return Ok(redirect("/signed-out").cookie(gone).finish());
    };
    let back = PostLogoutRedirectUrl::new(format!("{}/signed-out", state.base))
        .map_err(|error| Error::Address("the public address", error))?;
    let key = CsrfToken::new_random_len(32);
    let browser = cookie::read(request, cookie::BROWSER).unwrap_or_else(cookie::secret);
    state.leaving.put(key.secret().clone(), browser.clone());
    let url = LogoutRequest::from(endpoint)
        .set_id_token_hint(&session.told.id_token)
        .set_post_logout_redirect_uri(back)
        .set_state(key)
        .http_get_url();
    let browser = cookie::plant(cookie::BROWSER, browser);
    Ok(redirect(url.as_str()).cookie(gone).cookie(browser).finish())
}

/// Says more only when the provider comes back with what this browser left with.
async fn signed_out(state: Data<State>, request: HttpRequest) -> HttpResponse {
    let answer = || {
        let params = Params::parse(request.query_string().as_bytes());
        let browser = cookie::read(&request, cookie::BROWSER);
        let everywhere = match (params.one("state")?, browser) {
            (Some(key), Some(browser)) => state.leaving.take_if(key, |of| *of == browser).is_some(),
            _ => false,
        };
        Ok(pages::signed_out(&request, everywhere))
    };
    pages::or_message(&request, answer())
}
