//! Where the browser goes next: the one place that makes an answer of what the broker says.

use actix_web::HttpResponse;
use broker::Next;
use oidc::{AuthorizationResponse, origin_of};
use serde_json::{Map, json};
use store::app::App;
use store::protocol::ResponseMode;

use crate::answer::{self, Policy};
use crate::context::Context;
use crate::cookie;
use crate::failure::Failure;
use crate::login;
use crate::pages::{Continue, Leave, Target};

/// Sends the browser where the broker says. A location ends with a fragment of its own, if an empty
/// one: otherwise the browser takes along the one of the way here, WeCom's `#wechat_redirect` or
/// somebody's choice (attack A7).
pub(crate) fn answer_next(context: &Context, next: &Next) -> Result<HttpResponse, Failure> {
    let (mut response, session) = match next {
        Next::ToApp { response, session } => (to_app(context, response)?, session),
        Next::Login(interaction) => {
            let location = format!("/login?interaction={}", interaction.id);
            (answer::redirect(&location).finish(), &None)
        }
        Next::ToAccount { session } => (answer::leave("/account").finish(), session),
        Next::ToAppHome { app, session } => {
            (answer::leave(&format!("/continue?app={app}")).finish(), session)
        }
        Next::ToBind(id) => (answer::leave(&format!("/bind?interaction={id}")).finish(), &None),
        Next::ToConsent(id) => {
            (answer::leave(&format!("/consent?interaction={id}")).finish(), &None)
        }
        Next::ToApproval { id, session } => {
            (answer::leave(&format!("/approve?interaction={id}")).finish(), session)
        }
    };
    if let Some(session) = session {
        metrics::counter!("hufu_sign_ins_total").increment(1);
        let life = context.site.broker.sessions.life;
        answer::add_cookie(&mut response, &cookie::plant_session(session, life));
    }
    Ok(response)
}

/// An authorization response, by the way that the app asked for.
fn to_app(context: &Context, response: &AuthorizationResponse) -> Result<HttpResponse, Failure> {
    let location = response.location();
    let origin = origin_of(&response.redirect_uri);
    match (response.mode, origin) {
        (ResponseMode::WebMessage, Some(origin)) => message(context, response, &origin, location),
        (ResponseMode::FormPost, _) => form_post(context, response),
        // No message goes to where there is no origin; none was asked for either.
        (ResponseMode::Query | ResponseMode::WebMessage, _) => {
            Ok(answer::leave(&location).finish())
        }
    }
}

/// What comes of a request at once. An error of an app that nobody vouches for is no way for it to send
/// people somewhere from here: they are asked first (attack A4, RFC 9700 §4.11.2).
pub(crate) fn answer_at_once(
    context: &Context,
    app: &App,
    next: &Next,
) -> Result<HttpResponse, Failure> {
    let response = match next {
        Next::ToApp { response, .. } if app.is_stranger() && response.is_error() => response,
        _ => return answer_next(context, next),
    };
    let frame = context.frame_of(Some(app))?;
    let (nonce, host) = (frame.nonce.clone(), host_of(&response.redirect_uri));
    let (target, policy) = match response.mode {
        ResponseMode::FormPost => posting(response),
        ResponseMode::Query | ResponseMode::WebMessage => {
            (Target::Link { href: response.location() }, Policy::default())
        }
    };
    answer::page(200, &nonce, &policy, &Leave { frame, host, target })
}

/// The host that an address leads to; the scheme, if it has none.
pub(crate) fn host_of(redirect_uri: &str) -> String {
    let url = url::Url::parse(redirect_uri).ok();
    let host = url.as_ref().and_then(|url| url.host_str().or(Some(url.scheme())));
    host.unwrap_or_default().to_owned()
}

/// OAuth 2.0 Form Post Response Mode.
fn form_post(context: &Context, response: &AuthorizationResponse) -> Result<HttpResponse, Failure> {
    let frame = context.frame()?;
    let nonce = frame.nonce.clone();
    let (target, policy) = posting(response);
    answer::page(200, &nonce, &policy, &Continue { frame, target })
}

/// The form that carries an answer, and what its page may do.
fn posting(response: &AuthorizationResponse) -> (Target, Policy) {
    let form_action = login::origin_of(&response.redirect_uri).into_iter().collect();
    let (action, fields) = (response.redirect_uri.clone(), response.params.clone());
    (Target::Post { action, fields }, Policy { frame: None, form_action })
}

/// A message to the window that asks, readable by the one origin that the app registered (attack O1).
fn message(
    context: &Context,
    response: &AuthorizationResponse,
    origin: &str,
    href: String,
) -> Result<HttpResponse, Failure> {
    let frame = context.frame()?;
    let nonce = frame.nonce.clone();
    let params = response.params.iter().map(|(name, value)| (name.clone(), json!(value)));
    let params: Map<_, _> = params.collect();
    let message = json!({ "type": "authorization_response", "response": params }).to_string();
    let target = Target::Message { message, origin: origin.to_owned(), href };
    let page = answer::page(200, &nonce, &Policy::default(), &Continue { frame, target })?;
    let mut page = answer::framed_by(page, origin);
    answer::within_reach(&mut page);
    Ok(page)
}
