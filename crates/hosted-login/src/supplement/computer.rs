//! Where the person signs in: asking for an authorisation, showing the ticket, going on.

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, Responder};
use broker::{AfterConsent, InteractionId, Standing};
use oidc::Params;

use crate::answer::{self, Policy};
use crate::bind::BIND;
use crate::context::Context;
use crate::failure::Failure;
use crate::forms::error_of;
use crate::forward::answer_next;
use crate::login::{cancel_view, interaction_id, start_href};
use crate::pages::{ActionView, Continue, FormError, Notice, OnComputer, Target};
use crate::texts::SupplementTexts;

/// `POST /bind/consent`: inside the client on to WeCom, elsewhere a ticket.
pub(crate) async fn ask(context: Context, body: Bytes) -> impl Responder {
    let result = async {
        let id = interaction_id(&context.own_form(&body, BIND)?)?;
        if !context.is_in_client() {
            context.site.broker.ask_consent(&context.tenant, &id, &context.visitor).await?;
        }
        Ok(answer::redirect(&format!("/bind/consent?interaction={id}#")).finish())
    };
    let result = result.await;
    context.answer(result).await
}

/// `GET /bind/consent`: the ticket; inside the client the way on to WeCom.
pub(crate) async fn show(context: Context) -> impl Responder {
    let result = match context.is_in_client() {
        true => to_wecom(&context).await,
        false => ticket(&context).await,
    };
    context.answer(result).await
}

/// Leads on by a link: a form's own redirect may only lead where the page's policy says, and nobody
/// knows all the hosts that WeCom leads along.
async fn to_wecom(context: &Context) -> Result<HttpResponse, Failure> {
    let id = interaction_id(&context.query()?)?;
    let asking = context.asking(&id).await?;
    let source = asking.consent.as_ref().ok_or(Failure::Notice(Notice::NotOffered))?;
    let href = format!("{}&errand=consent", start_href(&id, &source.identifier));
    let frame = context.frame_within(&asking.interaction).await?;
    let nonce = frame.nonce.clone();
    let page = Continue { frame, target: Target::Link { href } };
    answer::page(200, &nonce, &Policy::default(), &page)
}

async fn ticket(context: &Context) -> Result<HttpResponse, Failure> {
    let params = context.query()?;
    let id = interaction_id(&params)?;
    let broker = &context.site.broker;
    let shown = broker.on_computer(&context.tenant, &id, &context.visitor).await?;
    let Some(shown) = shown else {
        return Ok(answer::redirect(&format!("/bind?interaction={id}#")).finish());
    };
    let interaction = &shown.asking.interaction;
    let texts = SupplementTexts::of(context.language);
    let frame = context.frame_within(interaction).await?;
    let other = ActionView {
        href: format!("/bind?interaction={id}"),
        label: texts.another_way.to_owned(),
        primary: false,
    };
    let nonce = frame.nonce.clone();
    let page = OnComputer {
        texts,
        error: error_of(&params, &frame, &interaction.trace),
        said: (params.only("said") == Some("waiting")).then_some(texts.waiting),
        link: shown.link,
        number: shown.number,
        hidden: context.hidden(&id, BIND),
        poll: format!("/bind/consent/status?interaction={id}"),
        links: vec![other],
        cancel: cancel_view(context, &id),
        cancel_label: frame.cancel_label(),
        frame,
    };
    let policy = Policy { frame: None, form_action: context.form_action(interaction).await? };
    answer::page(200, &nonce, &policy, &page).map(answer::asking_us)
}

/// `GET /bind/consent/status`: 204 while nobody has decided, and 200 when it is time to go on. Asked
/// by the interaction, in its own browser (attack M2).
pub(crate) async fn status(context: Context) -> HttpResponse {
    let standing = async {
        let id = interaction_id(&context.query()?)?;
        Ok::<_, Failure>(
            context.site.broker.consent_standing(&context.tenant, &id, &context.visitor).await?,
        )
    };
    let nothing = serde_json::json!({});
    match standing.await {
        Ok(Standing::Waiting) => answer::nothing(),
        Ok(_) => answer::json(StatusCode::OK, &serde_json::json!({ "go_on": true })),
        Err(failure) => {
            let status = StatusCode::from_u16(failure.notice().status());
            answer::json(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &nothing)
        }
    }
}

/// `POST /bind/consent/continue`: goes on with what the phone has authorised.
pub(crate) async fn go_on(context: Context, body: Bytes) -> impl Responder {
    let result = gone_on(&context, &body).await;
    context.answer(result).await
}

async fn gone_on(context: &Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let id = interaction_id(&context.own_form(body, BIND)?)?;
    let broker = &context.site.broker;
    let after = broker.after_consent(&context.tenant, &id, &context.visitor).await?;
    Ok(match after {
        AfterConsent::Next(next) => answer_next(context, &next)?,
        AfterConsent::Not(standing) => answer::redirect(&instead(&id, standing)).finish(),
    })
}

/// Where the person is told that there is nothing to go on with, and has the other ways again.
fn instead(id: &InteractionId, standing: Standing) -> String {
    let asked = format!("/bind?interaction={id}");
    match standing {
        Standing::Waiting => format!("/bind/consent?interaction={id}&said=waiting#"),
        Standing::Refused => format!("{asked}&consent=refused#"),
        Standing::TooManyTries => format!("{asked}&consent=wrong#"),
        Standing::TooOld => format!("{asked}&consent=old#"),
        Standing::Given | Standing::NotAsked => format!("{asked}#"),
    }
}

/// What the page that asks says of an authorisation that came to nothing.
pub(crate) fn told(context: &Context, params: &Params, trace: &str) -> Option<FormError> {
    let texts = SupplementTexts::of(context.language);
    let (text, notice) = match params.only("consent")? {
        "refused" => (texts.refused, Notice::DeniedUpstream),
        "wrong" => (texts.wrong, Notice::TooManyRequests),
        "old" => (texts.old, Notice::TicketUnknown),
        _ => return None,
    };
    Some(FormError { text: text.to_owned(), code: notice.code(), trace: trace.to_owned() })
}
