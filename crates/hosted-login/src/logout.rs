//! RP-initiated logout: an app asks, the person confirms, the session ends.

use actix_web::web::Bytes;
use actix_web::{HttpResponse, Responder};
use broker::SignedOut;
use oidc::Params;
use oidc::logout::{self, LogoutRequest, Refused};
use store::app::App;

use crate::answer::{self, Policy};
use crate::context::Context;
use crate::cookie;
use crate::failure::{ACCOUNT, Failure, way_back};
use crate::login::origin_of;
use crate::oidc_endpoints::form;
use crate::pages::{self, ActionView, ConfirmSignOut, Notice};

/// What a confirmation's token is for.
const SIGN_OUT: &str = "sign_out";
/// Parameters that a confirmation carries along.
const CARRIED: [&str; 5] =
    ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"];

/// `GET /oidc/session/end`.
pub(crate) async fn end_session_get(mut context: Context) -> impl Responder {
    let result = match context.query() {
        Ok(params) => end_session(&mut context, &params).await,
        Err(failure) => Err(failure),
    };
    context.answer(result).await
}

/// `POST /oidc/session/end`: an app's form, or our own confirmation.
pub(crate) async fn end_session_post(mut context: Context, body: Bytes) -> impl Responder {
    let result = match form(&context.request, &body) {
        Ok(params) if params.has("csrf") => confirmed(&context, &body).await,
        Ok(params) => end_session(&mut context, &params).await,
        Err(error) => Err(error.into()),
    };
    context.answer(result).await
}

async fn request(context: &Context, params: &Params) -> Result<LogoutRequest, Failure> {
    let provider = &context.site.broker.provider;
    logout::parse(provider, &context.tenant, params).await?.map_err(|refused| {
        Failure::Notice(match refused {
            Refused::InvalidRequest => Notice::InvalidRequest,
            Refused::RedirectUri => Notice::RedirectUriMismatch,
        })
    })
}

async fn end_session(context: &mut Context, params: &Params) -> Result<HttpResponse, Failure> {
    let request = request(context, params).await?;
    context.prefer(request.ui_locales.as_deref());
    let broker = &context.site.broker;
    match broker.logout(&context.tenant, &request, &context.visitor).await? {
        SignedOut::Done => signed_out(context, &request),
        SignedOut::Confirm => confirm(context, params, &request),
    }
}

fn signed_out(context: &Context, request: &LogoutRequest) -> Result<HttpResponse, Failure> {
    if let Some(location) = &request.redirect {
        return Ok(answer::leave(location).cookie(cookie::remove_session()).finish());
    }
    let frame = context.frame_of(request.app.as_ref())?;
    let nonce = frame.nonce.clone();
    let texts = frame.texts;
    let issuer = context.site.broker.provider.issuer(&context.tenant).to_string();
    let back = |app: &App| {
        let label = (texts.back_to)(&app.display_name);
        way_back(app, &issuer).map(|href| ActionView { href, label, primary: true })
    };
    let anew = || ActionView {
        href: ACCOUNT.to_owned(),
        label: texts.sign_in_again.to_owned(),
        primary: false,
    };
    let actions = vec![request.app.as_ref().and_then(back).unwrap_or_else(anew)];
    let page = pages::SignedOut { frame, actions };
    let mut response = answer::page(200, &nonce, &Policy::default(), &page)?;
    answer::add_cookie(&mut response, &cookie::remove_session());
    Ok(response)
}

fn confirm(
    context: &Context,
    params: &Params,
    request: &LogoutRequest,
) -> Result<HttpResponse, Failure> {
    let frame = context.frame_of(request.app.as_ref())?;
    let nonce = frame.nonce.clone();
    let secret = context.browser_or_new()?;
    let carried = CARRIED
        .iter()
        .filter_map(|name| params.only(name).map(|value| ((*name).to_owned(), value.to_owned())));
    let page = ConfirmSignOut {
        frame,
        action: "/oidc/session/end".to_owned(),
        csrf: cookie::csrf(&secret, SIGN_OUT),
        fields: carried.collect(),
        user: None,
    };
    // Who signs out is sent to the one, who stays to the other.
    let ends = [request.redirect.clone(), stay(context, request)];
    let form_action = ends.into_iter().flatten().filter_map(|end| origin_of(&end)).collect();
    let mut response = answer::page(200, &nonce, &Policy { frame: None, form_action }, &page)?;
    if context.browser_secret.is_none() {
        answer::add_cookie(&mut response, &cookie::plant_browser(&secret));
    }
    Ok(response)
}

async fn confirmed(context: &Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let params = context.own_form(body, SIGN_OUT)?;
    let request = request(context, &params).await?;
    if params.get("decision")? == Some("sign_out") {
        context.site.broker.sign_out(&context.tenant, &context.visitor).await?;
        return signed_out(context, &request);
    }
    match stay(context, &request) {
        Some(location) => Ok(answer::leave(&location).finish()),
        None => Err(Failure::Notice(Notice::AlreadySignedIn)),
    }
}

/// Where a person who stays is sent: back to the app, if one asked.
fn stay(context: &Context, request: &LogoutRequest) -> Option<String> {
    let issuer = context.site.broker.provider.issuer(&context.tenant).to_string();
    request.app.as_ref().and_then(|app| way_back(app, &issuer))
}
