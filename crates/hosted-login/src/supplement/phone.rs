//! On the phone: opening a computer's ticket, and confirming.

use actix_web::web::Bytes;
use actix_web::{HttpResponse, Responder, web};
use broker::{Browser, Consenting};

use super::{CONSENT, described};
use crate::answer::{self, Policy};
use crate::context::Context;
use crate::cookie;
use crate::failure::Failure;
use crate::forms::{again, empty_page, error_of, field};
use crate::login::interaction_id;
use crate::pages::{FieldView, FormError, FormPage, FormView, Notice, OpenInWecom};
use crate::texts::SupplementTexts;

/// `GET /c/{ticket}`: inside the WeCom client on to WeCom, elsewhere how to get there.
pub(crate) async fn open(context: Context, ticket: web::Path<String>) -> impl Responder {
    let result = opened(&context, &ticket).await;
    context.answer(result).await
}

async fn opened(context: &Context, ticket: &str) -> Result<HttpResponse, Failure> {
    let broker = &context.site.broker;
    if !context.is_in_client() {
        broker.is_open_ticket(&context.tenant, ticket).await?;
        let frame = context.frame()?;
        let nonce = frame.nonce.clone();
        let link = broker.provider.issuer(&context.tenant).at(&format!("/c/{ticket}"));
        let texts = SupplementTexts::of(context.language);
        let page = OpenInWecom { frame, texts, link };
        return answer::page(200, &nonce, &Policy::default(), &page);
    }
    let secret = context.browser_or_new()?;
    let (tenant, visitor, browser) = (&context.tenant, &context.visitor, Browser::of(&secret));
    let language = context.language.wecom();
    let url = broker.open_ticket(tenant, visitor, &browser, ticket, language).await?;
    let mut response = answer::redirect(&url);
    response.cookie(cookie::plant_browser(&secret));
    Ok(response.finish())
}

/// `GET /consent`: who signs in where, and the question.
pub(crate) async fn show(context: Context) -> impl Responder {
    let result = shown(&context).await;
    context.answer(result).await
}

async fn shown(context: &Context) -> Result<HttpResponse, Failure> {
    let params = context.query()?;
    let id = interaction_id(&params)?;
    let broker = &context.site.broker;
    let consenting = broker.consenting(&context.tenant, &id, &context.visitor).await?;
    let texts = SupplementTexts::of(context.language);
    let frame = context.frame_of(consenting.app.as_ref())?;
    let error = error_of(&params, &frame, &consenting.interaction.trace);
    // "Have a new code sent" is no advice here.
    let error = error.map(|error| match error.code == Notice::CodeWrong.code() {
        true => FormError { text: texts.number_wrong.to_owned(), ..error },
        false => error,
    });
    let hidden = context.hidden(&consenting.interaction.id, CONSENT);
    let number = FieldView {
        name: "number",
        id: "number",
        label: texts.type_number.to_owned(),
        kind: "text",
        autocomplete: "off",
        hint: Some(texts.type_number_hint.to_owned()),
        value: None,
    };
    let page = FormPage {
        heading: texts.confirm_heading.to_owned(),
        lead: vec![texts.confirm_text.to_owned()],
        error,
        facts: facts(context, texts, &consenting),
        forms: vec![
            FormView::new("confirm", "/consent", hidden.clone(), vec![number], texts.confirm),
            FormView {
                primary: false,
                ..FormView::new("refuse", "/consent/refuse", hidden, Vec::new(), texts.refuse)
            },
        ],
        cancel: None,
        ..empty_page(context, &consenting.interaction, frame)
    };
    context.form_page(&consenting.interaction, page).await
}

fn facts(
    context: &Context,
    texts: &SupplementTexts,
    consenting: &Consenting,
) -> Vec<(String, String)> {
    let name = consenting.name.clone().unwrap_or_else(|| texts.name_unknown.to_owned());
    let place = match &consenting.app {
        Some(app) => app.display_name.clone(),
        None => context.tenant.display_name.clone(),
    };
    let mut device = described(&consenting.device, texts);
    if let Some(address) = &consenting.device.address {
        device = format!("{device} · {address}");
    }
    let minutes = u32::try_from(consenting.age.num_minutes()).unwrap_or(0);
    let rows = [
        (texts.person, name),
        (texts.app, place),
        (texts.computer, device),
        (texts.time, (texts.minutes_ago)(minutes)),
    ];
    rows.map(|(label, value)| (label.to_owned(), value)).into()
}

/// `POST /consent`: the person confirms.
pub(crate) async fn confirm(context: Context, body: Bytes) -> impl Responder {
    let result = confirmed(&context, &body).await;
    context.answer(result).await
}

async fn confirmed(context: &Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let params = context.own_form(body, CONSENT)?;
    let id = interaction_id(&params)?;
    let result = async {
        let number = field(&params, "number")?;
        let (tenant, visitor) = (&context.tenant, &context.visitor);
        context.site.broker.give_consent(tenant, &id, visitor, number).await?;
        Ok(answer::redirect("/consent/done#").finish())
    };
    again(result.await, &format!("/consent?interaction={id}"))
}

/// `POST /consent/refuse`: the person refuses.
pub(crate) async fn refuse(context: Context, body: Bytes) -> impl Responder {
    let result = async {
        let id = interaction_id(&context.own_form(&body, CONSENT)?)?;
        context.site.broker.refuse_consent(&context.tenant, &id, &context.visitor).await?;
        Ok(answer::redirect("/consent/done?said=refused#").finish())
    };
    let result = result.await;
    context.answer(result).await
}

/// `GET /consent/done`: what comes next happens on the computer.
pub(crate) async fn done(context: Context) -> impl Responder {
    let result = finished(&context);
    context.answer(result).await
}

fn finished(context: &Context) -> Result<HttpResponse, Failure> {
    let texts = SupplementTexts::of(context.language);
    let refused = context.query()?.only("said") == Some("refused");
    let (heading, text) = match refused {
        false => (texts.done_heading, texts.done_text),
        true => (texts.refused_heading, texts.refused_text),
    };
    let frame = context.frame()?;
    let nonce = frame.nonce.clone();
    let page = FormPage {
        heading: heading.to_owned(),
        lead: vec![text.to_owned()],
        error: None,
        facts: Vec::new(),
        forms: Vec::new(),
        sources_heading: None,
        sources: Vec::new(),
        links: Vec::new(),
        cancel: None,
        cancel_label: String::new(),
        frame,
    };
    answer::page(200, &nonce, &Policy::default(), &page)
}
