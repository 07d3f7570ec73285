//! Going on to an app, and the way from the WeCom client into the system's browser.
//!
//! | | |
//! |---|---|
//! | `GET /continue?app=` | on to the app; in the client on a computer a page may offer the browser first |
//! | `POST /continue/offer` | makes a ticket |
//! | `GET /continue/{ticket}` | in the client the link and the code; in the other browser the question |
//! | `GET`, `POST /continue` | in the other browser: the code is typed |
//! | `POST /continue/{ticket}` | takes the ticket, the only request that does |

use actix_web::web::Bytes;
use actix_web::{HttpResponse, Responder, web};
use broker::{HandingOver, Reason, Ticket};
use secrecy::SecretString;
use store::app::App;

use crate::answer::{self, Policy};
use crate::context::Context;
use crate::cookie;
use crate::failure::{Failure, app_origins, refusal, way_back};
use crate::forward::answer_next;
use crate::pages::{
    ActionView, Continue, HandOverCode, HandOverConfirm, HandOverLink, HandOverOffer, Notice,
    Target,
};
use crate::texts::HandOverTexts;

/// What the forms' token is for.
const HAND_OVER: &str = "hand_over";

/// `GET /continue`: on to an app, or the page on which a code is typed.
pub(crate) async fn go_on(context: Context) -> impl Responder {
    let result = gone_on(&context).await;
    context.answer(result).await
}

async fn gone_on(context: &Context) -> Result<HttpResponse, Failure> {
    let params = context.query()?;
    let Some(app) = params.get("app")? else { return code_page(context) };
    let app = context.app(app).await?;
    let here = own_address(context, &app)?;
    if !context.site.broker.offers_browser(&context.tenant, &context.visitor, &app).await? {
        return context.to_app(&app, Notice::AlreadySignedIn);
    }
    let secret = context.browser_or_new()?;
    let frame = context.frame_of(Some(&app))?;
    let nonce = frame.nonce.clone();
    let csrf = cookie::csrf(&secret, HAND_OVER);
    let page = HandOverOffer { frame, here, app: app.id.to_string(), csrf };
    let response = answer::page(200, &nonce, &Policy::default(), &page)?;
    Ok(planted(response, &secret, Some(&app)))
}

/// The app's own address, which a signed-in person goes on to.
fn own_address(context: &Context, app: &App) -> Result<String, Failure> {
    let issuer = context.site.broker.provider.issuer(&context.tenant).to_string();
    way_back(app, &issuer).ok_or(Failure::Notice(Notice::AlreadySignedIn))
}

fn planted(mut response: HttpResponse, secret: &SecretString, app: Option<&App>) -> HttpResponse {
    answer::add_cookie(&mut response, &cookie::plant_browser(secret));
    if let Some(app) = app {
        answer::add_cookie(&mut response, &cookie::plant_app(app.id));
    }
    response
}

fn code_page(context: &Context) -> Result<HttpResponse, Failure> {
    let secret = context.browser_or_new()?;
    let frame = context.frame()?;
    let nonce = frame.nonce.clone();
    let page = HandOverCode { frame, csrf: cookie::csrf(&secret, HAND_OVER) };
    let response = answer::page(200, &nonce, &Policy::default(), &page)?;
    Ok(planted(response, &secret, None))
}

/// `POST /continue/offer`: makes a ticket for another browser.
pub(crate) async fn offer(context: Context, body: Bytes) -> impl Responder {
    let result = async {
        let params = context.own_form(&body, HAND_OVER)?;
        let app = context.app(params.get("app")?.unwrap_or_default()).await?;
        let broker = &context.site.broker;
        let ticket = broker.offer_hand_over(&context.tenant, &context.visitor, &app).await?;
        Ok(answer::redirect(&path(&ticket)).finish())
    };
    context.answer(result.await).await
}

fn path(ticket: &Ticket) -> String {
    format!("/continue/{}", ticket.expose())
}

/// `POST /continue`: a code was typed. Only its own page looks at it.
pub(crate) async fn enter(context: Context, body: Bytes) -> impl Responder {
    let result = async {
        let params = context.own_form(&body, HAND_OVER)?;
        let ticket = Ticket::parse(params.get("code")?.unwrap_or_default());
        let ticket = ticket.ok_or_else(|| refusal(Reason::CodeWrong, None, None))?;
        Ok(answer::redirect(&path(&ticket)).finish())
    };
    answered(&context, result.await).await
}

/// `GET /continue/{ticket}`: shows, and takes nothing.
pub(crate) async fn show(context: Context, ticket: web::Path<String>) -> impl Responder {
    let result = shown(&context, &ticket).await;
    answered(&context, result).await
}

fn parse(text: &str) -> Result<Ticket, Failure> {
    Ticket::parse(text).ok_or_else(|| refusal(Reason::TicketUnknown, None, None))
}

async fn shown(context: &Context, text: &str) -> Result<HttpResponse, Failure> {
    let ticket = parse(text)?;
    // No other site uses up this network's tries.
    let from = context.request.headers().get("sec-fetch-site");
    let foreign = from.is_some_and(|site| site.as_bytes() == b"cross-site");
    if foreign && matches!(ticket, Ticket::Code(_)) {
        return Err(refusal(Reason::TicketUnknown, None, None));
    }
    let broker = &context.site.broker;
    let found = broker.handing_over(&context.tenant, &context.visitor, &ticket).await?;
    match (found.here, &ticket) {
        (false, _) => confirm(context, &ticket, found),
        (true, Ticket::Link(_)) => link_page(context, &ticket, &found.app),
        // Typed where it came from: nothing is to be handed over. By a page, because the code's form may
        // lead nowhere else.
        (true, Ticket::Code(_)) => {
            let frame = context.frame_of(Some(&found.app))?;
            let nonce = frame.nonce.clone();
            let target = Target::Link { href: own_address(context, &found.app)? };
            answer::page(200, &nonce, &Policy::default(), &Continue { frame, target })
        }
    }
}

fn link_page(context: &Context, ticket: &Ticket, app: &App) -> Result<HttpResponse, Failure> {
    let secret = context.browser_or_new()?;
    let frame = context.frame_of(Some(app))?;
    let nonce = frame.nonce.clone();
    let issuer = context.site.broker.provider.issuer(&context.tenant);
    let page = HandOverLink {
        frame,
        link: issuer.at(&path(ticket)),
        address: issuer.at("/continue"),
        code: ticket.code(),
        here: own_address(context, app)?,
        app: app.id.to_string(),
        csrf: cookie::csrf(&secret, HAND_OVER),
    };
    answer::page(200, &nonce, &Policy::default(), &page)
}

fn confirm(
    context: &Context,
    ticket: &Ticket,
    found: HandingOver,
) -> Result<HttpResponse, Failure> {
    let HandingOver { app, original, ends, .. } = found;
    let secret = context.browser_or_new()?;
    let frame = context.frame_of(Some(&app))?;
    let nonce = frame.nonce.clone();
    let nameless = HandOverTexts::of(context.language).nameless;
    let named = |name: Option<String>, username: Option<String>| {
        name.or(username).unwrap_or_else(|| nameless.to_owned())
    };
    let issuer = context.site.broker.provider.issuer(&context.tenant).to_string();
    let form_action = app_origins(&app, &issuer);
    let page = HandOverConfirm {
        frame,
        action: path(ticket),
        csrf: cookie::csrf(&secret, HAND_OVER),
        user: named(original.name, original.username),
        ends: ends.map(|user| named(user.name, user.username)),
        without: own_address(context, &app)?,
    };
    let response = answer::page(200, &nonce, &Policy { frame: None, form_action }, &page)?;
    Ok(planted(response, &secret, Some(&app)))
}

/// `POST /continue/{ticket}`: the person agreed.
pub(crate) async fn take(
    context: Context,
    ticket: web::Path<String>,
    body: Bytes,
) -> impl Responder {
    let result = async {
        context.own_form(&body, HAND_OVER)?;
        let ticket = parse(&ticket)?;
        let broker = &context.site.broker;
        let next = broker.take_over(&context.tenant, &context.visitor, &ticket).await?;
        answer_next(&context, &next)
    };
    answered(&context, result.await).await
}

/// The answer; on a page about a wrong code another one can be typed.
async fn answered(context: &Context, result: Result<HttpResponse, Failure>) -> HttpResponse {
    let again = ActionView {
        href: "/continue".to_owned(),
        label: HandOverTexts::of(context.language).enter.to_owned(),
        primary: true,
    };
    context.answer_with(result, vec![again]).await
}
