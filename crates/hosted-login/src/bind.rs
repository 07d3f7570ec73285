//! The pages that ask who somebody is here: a new account, or an existing one with proof.
//!
//! Nothing about any account is shown before it is proved; then the page names it and the person, and
//! asks once more.

use actix_web::web::Bytes;
use actix_web::{HttpResponse, Responder};
use broker::decide::{Ask, Why};
use broker::offer::Offer;
use broker::{Asking, InteractionId};
use store::policy::{AskForm, MatchField, Proof};
use store::source;
use store::user::User;
use store::{corp, source::Source};

use crate::answer;
use crate::context::Context;
use crate::failure::Failure;
use crate::forms::{
    address_field, address_view, again, another_code, code_page, empty_page, error_of, field,
    password_form, secret_field,
};
use crate::forward::answer_next;
use crate::login::{interaction_id, source_view};
use crate::pages::{FieldView, FormPage, FormView, Frame, SourceView};
use crate::supplement::computer::told;
use crate::texts::{BindTexts, LocalTexts};

/// What the token of these forms is for.
pub(crate) const BIND: &str = "bind";

/// `GET /bind`: what the person is asked, or the account that they proved.
pub(crate) async fn get(context: Context) -> impl Responder {
    let result = show(&context).await;
    context.answer(result).await
}

async fn show(context: &Context) -> Result<HttpResponse, Failure> {
    let params = context.query()?;
    let id = interaction_id(&params)?;
    let asking = context.asking(&id).await?;
    let frame = context.frame_within(&asking.interaction).await?;
    let trace = &asking.interaction.trace;
    let error = error_of(&params, &frame, trace).or_else(|| told(context, &params, trace));
    let proving = params.get("step")? == Some("prove");
    let corp = corp_name(context, &asking).await?;
    let page = match &asking.proved {
        Some(user) => confirmation(context, &asking, user, &corp, frame),
        None if proving || starts_with_proof(&asking.pending.ask) => {
            proofs(context, &asking, &corp, frame).await?
        }
        None => choice(context, &asking, &corp, frame),
    };
    context.form_page(&asking.interaction, FormPage { error, ..page }).await
}

/// Whether there is nothing to choose but how to prove an account: bind only, or in one form.
fn starts_with_proof(ask: &Ask) -> bool {
    let fetches = ask.consent || !ask.typed.is_empty();
    !ask.proofs.is_empty() && !fetches && (!ask.create || ask.form == AskForm::OneForm)
}

async fn corp_name(context: &Context, asking: &Asking) -> Result<String, Failure> {
    let mut scope = context.site.broker.provider.store.tenant(context.tenant.id);
    let found = corp::find(&mut scope, asking.source.corp).await?;
    Ok(found.map(|corp| corp.display_name).unwrap_or_default())
}

fn person_name(texts: &BindTexts, asking: &Asking) -> String {
    let name = asking.pending.person.profile.name.clone();
    name.unwrap_or_else(|| texts.name_unknown.to_owned())
}

fn lead(texts: &BindTexts, asking: &Asking, corp: &str) -> Vec<String> {
    let why = match asking.pending.ask.why {
        Why::Several => texts.several,
        Why::OtherIdentity => texts.other_identity,
        Why::Always | Why::NoMatch => texts.meaning,
    };
    vec![(texts.who)(&person_name(texts, asking), corp), why.to_owned()]
}

fn button(
    context: &Context,
    id: &InteractionId,
    form: (&'static str, &'static str),
    submit: &str,
    primary: bool,
) -> FormView {
    let form = FormView::new(form.0, form.1, context.hidden(id, BIND), Vec::new(), submit);
    FormView { primary, ..form }
}

/// New or existing, with the ways to fetch a missing value.
fn choice(context: &Context, asking: &Asking, corp: &str, frame: Frame) -> FormPage {
    let texts = BindTexts::of(context.language);
    let (id, ask) = (&asking.interaction.id, &asking.pending.ask);
    let fetches = asking.consent.is_some() || !ask.typed.is_empty();
    let mut forms = Vec::new();
    if asking.consent.is_some() {
        forms.push(button(context, id, ("consent", "/bind/consent"), texts.consent, true));
    }
    forms.extend(ask.typed.iter().map(|field| typed_form(context, id, *field)));
    if !ask.proofs.is_empty() {
        let existing =
            button(context, id, ("existing", "/bind/existing"), texts.existing, !fetches);
        forms.push(FormView { note: Some(texts.existing_note.to_owned()), ..existing });
    }
    if ask.create {
        let primary = !fetches && ask.proofs.is_empty();
        let create = button(context, id, ("create", "/bind/create"), texts.create, primary);
        forms.push(FormView { note: Some(texts.create_note.to_owned()), ..create });
    }
    let mut lead = lead(texts, asking, corp);
    let heading = match fetches {
        true => {
            lead.truncate(1);
            lead.push(texts.missing_text.to_owned());
            texts.missing_heading
        }
        false => texts.heading,
    };
    FormPage {
        heading: heading.to_owned(),
        lead,
        forms,
        ..empty_page(context, &asking.interaction, frame)
    }
}

/// The form for a value that WeCom confirms.
fn typed_form(context: &Context, id: &InteractionId, value: MatchField) -> FormView {
    let (texts, local) = (BindTexts::of(context.language), LocalTexts::of(context.language));
    let mobile = value == MatchField::Mobile;
    let (form, heading) = match (mobile, value) {
        (true, _) => ("typed-mobile", texts.typed_mobile),
        (false, MatchField::BizMail) => ("typed-biz-mail", texts.typed_email),
        (false, _) => ("typed-email", texts.typed_email),
    };
    let plain = address_view(local, mobile);
    let field = FieldView { id: if mobile { "typed-phone" } else { "typed-address" }, ..plain };
    let mut hidden = context.hidden(id, BIND);
    hidden.push(("field", value.as_str().to_owned()));
    let form = FormView::new(form, "/bind/typed", hidden, vec![field], texts.typed_submit);
    FormView { heading: Some(heading.to_owned()), primary: false, ..form }
}

/// The ways to prove an account.
async fn proofs(
    context: &Context,
    asking: &Asking,
    corp: &str,
    frame: Frame,
) -> Result<FormPage, Failure> {
    let (texts, local) = (BindTexts::of(context.language), LocalTexts::of(context.language));
    let (id, ask) = (&asking.interaction.id, &asking.pending.ask);
    let has = |proof: Proof| ask.proofs.contains(&proof);
    let send = |form, sms: bool, heading: &str| {
        let id_of_field = if sms { "code-phone" } else { "code-email" };
        let field = FieldView { id: id_of_field, ..address_view(local, sms) };
        let hidden = context.hidden(id, BIND);
        let form = FormView::new(form, "/bind/code", hidden, vec![field], local.send_code);
        FormView { heading: Some(heading.to_owned()), primary: false, ..form }
    };
    let mut forms = Vec::new();
    if has(Proof::Password) {
        let hidden = context.hidden(id, BIND);
        let form = password_form(local, "prove-password", "/bind/password", hidden, None);
        let heading = Some(texts.by_password.to_owned());
        forms.push(FormView { heading, submit: texts.prove.to_owned(), ..form });
    }
    if has(Proof::SmsCode) {
        forms.push(send("prove-sms", true, texts.by_sms_code));
    }
    if has(Proof::EmailCode) {
        forms.push(send("prove-email", false, texts.by_email_code));
    }
    let sources = match has(Proof::Source) {
        true => other_sources(context, asking).await?,
        false => Vec::new(),
    };
    let one_form = ask.create && ask.form == AskForm::OneForm;
    let mut lead = lead(texts, asking, corp);
    lead.push(if one_form { texts.one_form } else { texts.prove_text }.to_owned());
    if one_form {
        let create = button(context, id, ("create", "/bind/create"), texts.create, false);
        forms.push(FormView { note: Some(texts.create_note.to_owned()), ..create });
    }
    Ok(FormPage {
        heading: if one_form { texts.heading } else { texts.prove_heading }.to_owned(),
        lead,
        forms,
        sources_heading: (!sources.is_empty()).then(|| texts.by_source.to_owned()),
        sources,
        ..empty_page(context, &asking.interaction, frame)
    })
}

/// The other sources that work in this browser: signing in by one of them proves its account.
async fn other_sources(context: &Context, asking: &Asking) -> Result<Vec<SourceView>, Failure> {
    let mut scope = context.site.broker.provider.store.tenant(context.tenant.id);
    let all = match asking.interaction.app() {
        Some(app) => source::of_app(&mut scope, app).await?,
        None => source::active(&mut scope).await?,
    };
    // Another source of the same corp would only lead to the same person.
    let others: Vec<Source> =
        all.into_iter().filter(|source| source.corp != asking.source.corp).collect();
    let id = &asking.interaction.id;
    let proof = |source| {
        let view = source_view(source, id, context.language);
        SourceView { href: format!("{}&errand=proof", view.href), ..view }
    };
    Ok(Offer::sort(others, &context.client()).usable.into_iter().map(proof).collect())
}

/// Which account is about to be bound to whom.
fn confirmation(
    context: &Context,
    asking: &Asking,
    user: &User,
    corp: &str,
    frame: Frame,
) -> FormPage {
    let texts = BindTexts::of(context.language);
    let id = &asking.interaction.id;
    let member = format!("{} · {corp}", person_name(texts, asking));
    FormPage {
        heading: texts.confirm_heading.to_owned(),
        lead: vec![texts.confirm_text.to_owned()],
        facts: vec![
            (texts.member.to_owned(), member),
            (texts.account.to_owned(), account_name(texts, user)),
        ],
        forms: vec![
            button(context, id, ("confirm", "/bind/confirm"), texts.confirm, true),
            button(context, id, ("another", "/bind/another"), texts.another, false),
        ],
        ..empty_page(context, &asking.interaction, frame)
    }
}

/// What a person knows their account by: they have proved it.
fn account_name(texts: &BindTexts, user: &User) -> String {
    let name = user.name.as_deref().unwrap_or(texts.name_unknown);
    let known = user.username.as_deref().or(user.email.as_deref()).or(user.phone_number.as_deref());
    match known {
        Some(known) if known != name => format!("{name} · {known}"),
        _ => name.to_owned(),
    }
}

/// `POST /bind/existing`: on to the proofs.
pub(crate) async fn existing(context: Context, body: Bytes) -> impl Responder {
    let result = (|| {
        let id = interaction_id(&context.own_form(&body, BIND)?)?;
        Ok(answer::redirect(&format!("/bind?interaction={id}&step=prove#")).finish())
    })();
    context.answer(result).await
}

/// `POST /bind/create`: a new account.
pub(crate) async fn create(context: Context, body: Bytes) -> impl Responder {
    let result = answered(&context, &body, true).await;
    context.answer(result).await
}

/// `POST /bind/confirm`: the account that was proved.
pub(crate) async fn confirm(context: Context, body: Bytes) -> impl Responder {
    let result = answered(&context, &body, false).await;
    context.answer(result).await
}

async fn answered(context: &Context, body: &Bytes, new: bool) -> Result<HttpResponse, Failure> {
    let id = interaction_id(&context.own_form(body, BIND)?)?;
    let (broker, tenant, visitor) = (&context.site.broker, &context.tenant, &context.visitor);
    let next = match new {
        true => broker.create_account(tenant, &id, visitor).await?,
        false => broker.confirm_binding(tenant, &id, visitor).await?,
    };
    answer_next(context, &next)
}

/// `POST /bind/another`: not that account.
pub(crate) async fn another(context: Context, body: Bytes) -> impl Responder {
    let result = async {
        let id = interaction_id(&context.own_form(&body, BIND)?)?;
        context.site.broker.forget_proof(&context.tenant, &id, &context.visitor).await?;
        Ok(answer::redirect(&format!("/bind?interaction={id}&step=prove#")).finish())
    };
    let result = result.await;
    context.answer(result).await
}

/// `POST /bind/password`: proves an account by its password.
pub(crate) async fn password(context: Context, body: Bytes) -> impl Responder {
    let result = prove(&context, &body).await;
    context.answer(result).await
}

async fn prove(context: &Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let params = context.own_form(body, BIND)?;
    let id = interaction_id(&params)?;
    let result = async {
        let (name, password) = (field(&params, "name")?, secret_field(&params, "password")?);
        let (tenant, visitor) = (&context.tenant, &context.visitor);
        let broker = &context.site.broker;
        let next = broker.prove_by_password(tenant, &id, visitor, name, password).await?;
        answer_next(context, &next)
    };
    again(result.await, &format!("/bind?interaction={id}&step=prove"))
}

/// `POST /bind/code`: sends a code to an address of the account.
pub(crate) async fn code_post(context: Context, body: Bytes) -> impl Responder {
    let result = send(&context, &body).await;
    context.answer(result).await
}

async fn send(context: &Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let params = context.own_form(body, BIND)?;
    let id = interaction_id(&params)?;
    let result = async {
        let address = address_field(&params)?;
        let (tenant, visitor) = (&context.tenant, &context.visitor);
        let broker = &context.site.broker;
        broker.send_binding_code(tenant, &id, visitor, &address).await?;
        Ok(answer::redirect(&format!("/bind/code?interaction={id}#")).finish())
    };
    again(result.await, &format!("/bind?interaction={id}&step=prove"))
}

/// `GET /bind/code`: asks for the code.
pub(crate) async fn code_get(context: Context) -> impl Responder {
    let result = ask_code(&context).await;
    context.answer(result).await
}

async fn ask_code(context: &Context) -> Result<HttpResponse, Failure> {
    let params = context.query()?;
    let id = interaction_id(&params)?;
    let asking = context.asking(&id).await?;
    let (texts, bind) = (LocalTexts::of(context.language), BindTexts::of(context.language));
    let hidden = context.hidden(&id, BIND);
    let form = FormView::new("enter-code", "/bind/code/enter", hidden, Vec::new(), bind.prove);
    let another = another_code(texts, format!("/bind?interaction={id}&step=prove"));
    code_page(context, &asking.interaction, form, vec![another]).await
}

/// `POST /bind/code/enter`: proves an account by the code.
pub(crate) async fn enter(context: Context, body: Bytes) -> impl Responder {
    let result = confirm_code(&context, &body).await;
    context.answer(result).await
}

async fn confirm_code(context: &Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let params = context.own_form(body, BIND)?;
    let id = interaction_id(&params)?;
    let result = async {
        let code = field(&params, "code")?;
        let (tenant, visitor) = (&context.tenant, &context.visitor);
        let next = context.site.broker.prove_by_code(tenant, &id, visitor, code).await?;
        answer_next(context, &next)
    };
    again(result.await, &format!("/bind/code?interaction={id}"))
}
