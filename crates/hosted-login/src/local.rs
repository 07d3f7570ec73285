//! Signing in without a source: by password, by a one-time code, and with a forgotten password.
//!
//! A form that did not work is shown again with the reason in place; everything else that is refused
//! is a page, as ever.

use actix_web::web::Bytes;
use actix_web::{HttpResponse, Responder};
use broker::{Address, CodePurpose, Interaction, InteractionId, LocalMethods, Reason};
use oidc::Params;
use secrecy::SecretString;
use store::app;
use store::normal::{Email, Phone};

use crate::answer::{self, Policy};
use crate::context::Context;
use crate::cookie;
use crate::failure::{Failure, notice_of};
use crate::login::{cancel_view, interaction_id};
use crate::oidc_endpoints::answer_next;
use crate::pages::{ActionView, FieldView, FormError, FormPage, FormView, Frame, Notice};
use crate::texts::LocalTexts;

/// What the token of these forms is for.
const LOCAL: &str = "local";

/// The notice that a form shows in place, if the failure is one that the person can mend there.
pub(crate) fn in_place(failure: &Failure) -> Option<Notice> {
    match failure {
        Failure::Broker(broker::Error::Refused(refused)) => match refused.reason {
            Reason::ProofFailed
            | Reason::CodeWrong
            | Reason::TooManyRequests
            | Reason::PasswordUnacceptable
            | Reason::ValueNotConfirmed
            | Reason::AlreadyBound
            | Reason::UpstreamBusy
            | Reason::UpstreamUnavailable
            | Reason::CodeNotSent => Some(notice_of(refused.reason)),
            _ => None,
        },
        Failure::Notice(Notice::InvalidInput) => Some(Notice::InvalidInput),
        _ => None,
    }
}

/// Sends the browser back to the form, which shows why; or fails with a page.
pub(crate) fn again(
    result: Result<HttpResponse, Failure>,
    form: &str,
) -> Result<HttpResponse, Failure> {
    let failure = match result {
        Ok(response) => return Ok(response),
        Err(failure) => failure,
    };
    match in_place(&failure) {
        Some(notice) => {
            let code = notice.code();
            metrics::counter!("hufu_form_refusals_total", "code" => code).increment(1);
            Ok(answer::redirect(&format!("{form}&error={code}#")).finish())
        }
        None => Err(failure),
    }
}

/// The error that a form was sent back with.
pub(crate) fn error_of(params: &Params, frame: &Frame, trace: &str) -> Option<FormError> {
    let notice = Notice::from_code(params.only("error")?)?;
    Some(FormError::new(frame, notice, trace))
}

/// A field of a form of ours, which has to be there and short.
pub(crate) fn field<'p>(params: &'p Params, name: &str) -> Result<&'p str, Failure> {
    let value = params.get(name)?.map(str::trim).unwrap_or_default();
    if value.is_empty() || value.len() > 1024 {
        return Err(Failure::Notice(Notice::InvalidInput));
    }
    Ok(value)
}

/// A secret of a form: as it was typed, white space and all.
pub(crate) fn secret_field(params: &Params, name: &str) -> Result<SecretString, Failure> {
    let value = params.get(name)?.unwrap_or_default();
    if value.is_empty() || value.len() > 4096 {
        return Err(Failure::Notice(Notice::InvalidInput));
    }
    Ok(value.to_owned().into())
}

/// The address that somebody typed.
pub(crate) fn address_field(params: &Params) -> Result<Address, Failure> {
    let wrong = || Failure::Notice(Notice::InvalidInput);
    match (params.get("email")?, params.get("phone")?) {
        (Some(email), None) => Email::parse(email).map(Address::Email).map_err(|_| wrong()),
        (None, Some(phone)) => Phone::parse(phone).map(Address::Phone).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

impl Context {
    /// The token of a form, for one purpose.
    pub(crate) fn token(&self, purpose: &str) -> String {
        let secret = self.browser_secret.as_ref();
        secret.map(|secret| cookie::csrf(secret, purpose)).unwrap_or_default()
    }

    /// The hidden fields of a form that belongs to an interaction.
    pub(crate) fn hidden(&self, id: &InteractionId, purpose: &str) -> Vec<(&'static str, String)> {
        vec![("csrf", self.token(purpose)), ("interaction", id.to_string())]
    }

    /// The frame of a page within an interaction: with the app that the person came from.
    pub(crate) async fn frame_within(&self, interaction: &Interaction) -> Result<Frame, Failure> {
        let Some(id) = interaction.app() else { return self.frame() };
        let mut scope = self.site.broker.provider.store.tenant(self.tenant.id);
        self.frame_of(app::find(&mut scope, id).await?.as_ref())
    }

    /// A page with forms, within an interaction.
    pub(crate) async fn form_page(
        &self,
        interaction: &Interaction,
        mut page: FormPage,
    ) -> Result<HttpResponse, Failure> {
        page.frame.languages = self.languages_here();
        let policy = Policy { frame: None, form_action: self.form_action(interaction).await? };
        answer::page(200, &page.frame.nonce.clone(), &policy, &page)
    }
}

/// A form page to be completed by struct update.
pub(crate) fn empty_page(context: &Context, interaction: &Interaction, frame: Frame) -> FormPage {
    let cancel_label = frame.cancel_label();
    FormPage {
        heading: String::new(),
        lead: Vec::new(),
        error: None,
        facts: Vec::new(),
        forms: Vec::new(),
        sources_heading: None,
        sources: Vec::new(),
        links: Vec::new(),
        cancel: cancel_view(context, &interaction.id),
        cancel_label,
        frame,
    }
}

fn name_field(texts: &LocalTexts) -> FieldView {
    let label = texts.name.to_owned();
    FieldView {
        name: "name",
        id: "name",
        label,
        kind: "text",
        autocomplete: "username",
        hint: None,
    }
}

fn password_field(texts: &LocalTexts) -> FieldView {
    FieldView {
        name: "password",
        id: "password",
        label: texts.password.to_owned(),
        kind: "password",
        autocomplete: "current-password",
        hint: None,
    }
}

fn new_password_field(texts: &LocalTexts) -> FieldView {
    FieldView {
        label: texts.new_password.to_owned(),
        autocomplete: "new-password",
        hint: Some(texts.new_password_hint.to_owned()),
        ..password_field(texts)
    }
}

/// The field for an address.
pub(crate) fn address_view(texts: &LocalTexts, sms: bool) -> FieldView {
    let (name, label, kind, autocomplete) = match sms {
        false => ("email", texts.email, "email", "email"),
        true => ("phone", texts.phone, "tel", "tel"),
    };
    FieldView { name, id: name, label: label.to_owned(), kind, autocomplete, hint: None }
}

/// The field for a code.
pub(crate) fn code_field(texts: &LocalTexts) -> FieldView {
    FieldView {
        name: "code",
        id: "code",
        label: texts.code.to_owned(),
        kind: "text",
        autocomplete: "one-time-code",
        hint: None,
    }
}

/// A form with name and password.
pub(crate) fn password_form(
    texts: &LocalTexts,
    id: &'static str,
    action: &'static str,
    hidden: Vec<(&'static str, String)>,
) -> FormView {
    FormView {
        id,
        action,
        heading: None,
        hidden,
        fields: vec![name_field(texts), password_field(texts)],
        submit: texts.sign_in.to_owned(),
        note: None,
        primary: true,
    }
}

/// What the login page shows of an app's local methods.
pub(crate) fn login_forms(
    context: &Context,
    id: &InteractionId,
    methods: LocalMethods,
) -> (Vec<FormView>, Vec<ActionView>) {
    let texts = LocalTexts::of(context.language);
    let link =
        |href: String, label: &str| ActionView { href, label: label.to_owned(), primary: false };
    let mut links = Vec::new();
    if methods.reset {
        links.push(link(format!("/password/forgot?interaction={id}"), texts.forgot));
    }
    if methods.email_code {
        links.push(link(format!("/login/code?interaction={id}&by=email"), texts.with_email_code));
    }
    if methods.sms_code {
        links.push(link(format!("/login/code?interaction={id}&by=sms"), texts.with_sms_code));
    }
    let hidden = context.hidden(id, LOCAL);
    let forms = match methods.password {
        true => vec![password_form(texts, "sign-in", "/login/password", hidden)],
        false => Vec::new(),
    };
    (forms, links)
}

/// The interaction that a form names.
pub(crate) fn named(params: &Params) -> Result<InteractionId, Failure> {
    interaction_id(params)
}

/// `POST /login/password`.
pub(crate) async fn password(context: Context, body: Bytes) -> impl Responder {
    let result = sign_in(&context, &body).await;
    context.answer(result).await
}

async fn sign_in(context: &Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let params = context.own_form(body, LOCAL)?;
    let id = named(&params)?;
    let result = async {
        let (name, password) = (field(&params, "name")?, secret_field(&params, "password")?);
        let broker = &context.site.broker;
        let (tenant, visitor) = (&context.tenant, &context.visitor);
        let next = broker.sign_in_by_password(tenant, &id, visitor, name, password).await?;
        Ok(answer_next(context, &next).finish())
    };
    again(result.await, &format!("/login?interaction={id}"))
}

/// `GET /login/code`: asks for the address that a code is to be sent to.
pub(crate) async fn code_get(context: Context) -> impl Responder {
    let result = ask_address(&context).await;
    context.answer(result).await
}

async fn ask_address(context: &Context) -> Result<HttpResponse, Failure> {
    let params = context.query()?;
    let id = interaction_id(&params)?;
    let sms = params.get("by")? == Some("sms");
    let broker = &context.site.broker;
    let interaction = broker.interaction(&context.tenant, &id, &context.visitor).await?;
    let methods = broker.local_methods(&context.tenant, &interaction).await?;
    let offered = if sms { methods.sms_code } else { methods.email_code };
    if !offered {
        return Err(Failure::Notice(Notice::NotOffered));
    }
    let texts = LocalTexts::of(context.language);
    let frame = context.frame_within(&interaction).await?;
    let error = error_of(&params, &frame, &interaction.trace);
    let form = FormView {
        id: "send-code",
        action: "/login/code",
        heading: None,
        hidden: context.hidden(&id, LOCAL),
        fields: vec![address_view(texts, sms)],
        submit: texts.send_code.to_owned(),
        note: None,
        primary: true,
    };
    let heading = if sms { texts.with_sms_code } else { texts.with_email_code };
    let page = FormPage {
        heading: heading.to_owned(),
        error,
        forms: vec![form],
        links: vec![back_to_login(texts, &id)],
        ..empty_page(context, &interaction, frame)
    };
    context.form_page(&interaction, page).await
}

fn back_to_login(texts: &LocalTexts, id: &InteractionId) -> ActionView {
    ActionView {
        href: format!("/login?interaction={id}"),
        label: texts.another_way.to_owned(),
        primary: false,
    }
}

/// `POST /login/code`: sends a code.
pub(crate) async fn code_post(context: Context, body: Bytes) -> impl Responder {
    let result = send(&context, &body, CodePurpose::SignIn).await;
    context.answer(result).await
}

async fn send(
    context: &Context,
    body: &Bytes,
    purpose: CodePurpose,
) -> Result<HttpResponse, Failure> {
    let params = context.own_form(body, LOCAL)?;
    let id = named(&params)?;
    let by = if params.has("phone") { "sms" } else { "email" };
    let (form, enter) = match purpose {
        CodePurpose::Reset => (
            format!("/password/forgot?interaction={id}"),
            format!("/password/reset?interaction={id}"),
        ),
        _ => (
            format!("/login/code?interaction={id}&by={by}"),
            format!("/login/code/enter?interaction={id}&by={by}"),
        ),
    };
    let result = async {
        let address = address_field(&params)?;
        let (tenant, visitor) = (&context.tenant, &context.visitor);
        let broker = &context.site.broker;
        broker.send_local_code(tenant, &id, visitor, purpose, &address).await?;
        Ok(answer::redirect(&format!("{enter}#")).finish())
    };
    again(result.await, &form)
}

/// `GET /login/code/enter`: asks for the code.
pub(crate) async fn enter_get(context: Context) -> impl Responder {
    let result = ask_code(&context).await;
    context.answer(result).await
}

async fn ask_code(context: &Context) -> Result<HttpResponse, Failure> {
    let params = context.query()?;
    let id = interaction_id(&params)?;
    let by = if params.get("by")? == Some("sms") { "sms" } else { "email" };
    let broker = &context.site.broker;
    let interaction = broker.interaction(&context.tenant, &id, &context.visitor).await?;
    let texts = LocalTexts::of(context.language);
    let frame = context.frame_within(&interaction).await?;
    let error = error_of(&params, &frame, &interaction.trace);
    let form = FormView {
        id: "enter-code",
        action: "/login/code/enter",
        heading: None,
        hidden: context.hidden(&id, LOCAL),
        fields: vec![code_field(texts)],
        submit: texts.sign_in.to_owned(),
        note: None,
        primary: true,
    };
    let another = ActionView {
        href: format!("/login/code?interaction={id}&by={by}"),
        label: texts.another_code.to_owned(),
        primary: false,
    };
    let page = FormPage {
        heading: texts.enter_code.to_owned(),
        lead: vec![texts.code_sent.to_owned()],
        error,
        forms: vec![form],
        links: vec![another, back_to_login(texts, &id)],
        ..empty_page(context, &interaction, frame)
    };
    context.form_page(&interaction, page).await
}

/// `POST /login/code/enter`: signs in by the code.
pub(crate) async fn enter_post(context: Context, body: Bytes) -> impl Responder {
    let result = enter(&context, &body).await;
    context.answer(result).await
}

async fn enter(context: &Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let params = context.own_form(body, LOCAL)?;
    let id = named(&params)?;
    let result = async {
        let code = field(&params, "code")?;
        let (tenant, visitor) = (&context.tenant, &context.visitor);
        let next = context.site.broker.sign_in_by_code(tenant, &id, visitor, code).await?;
        Ok(answer_next(context, &next).finish())
    };
    again(result.await, &format!("/login/code/enter?interaction={id}"))
}

/// `GET /password/forgot`: asks for the mail address of the account.
pub(crate) async fn forgot_get(context: Context) -> impl Responder {
    let result = reset_page(&context, false).await;
    context.answer(result).await
}

/// `POST /password/forgot`: sends a code.
pub(crate) async fn forgot_post(context: Context, body: Bytes) -> impl Responder {
    let result = send(&context, &body, CodePurpose::Reset).await;
    context.answer(result).await
}

/// `GET /password/reset`: asks for the code and the new password.
pub(crate) async fn reset_get(context: Context) -> impl Responder {
    let result = reset_page(&context, true).await;
    context.answer(result).await
}

async fn reset_page(context: &Context, sent: bool) -> Result<HttpResponse, Failure> {
    let params = context.query()?;
    let id = interaction_id(&params)?;
    let broker = &context.site.broker;
    let interaction = broker.interaction(&context.tenant, &id, &context.visitor).await?;
    if !broker.local_methods(&context.tenant, &interaction).await?.reset {
        return Err(Failure::Notice(Notice::NotOffered));
    }
    let texts = LocalTexts::of(context.language);
    let frame = context.frame_within(&interaction).await?;
    let error = error_of(&params, &frame, &interaction.trace);
    let (heading, lead, id_of_form, action, fields, submit) = match sent {
        false => (
            texts.forgot_heading,
            texts.forgot_text,
            "forgot",
            "/password/forgot",
            vec![address_view(texts, false)],
            texts.send_code,
        ),
        true => (
            texts.reset_heading,
            texts.code_sent,
            "reset",
            "/password/reset",
            vec![code_field(texts), new_password_field(texts)],
            texts.save,
        ),
    };
    let form = FormView {
        id: id_of_form,
        action,
        heading: None,
        hidden: context.hidden(&id, LOCAL),
        fields,
        submit: submit.to_owned(),
        note: None,
        primary: true,
    };
    let page = FormPage {
        heading: heading.to_owned(),
        lead: vec![lead.to_owned()],
        error,
        forms: vec![form],
        links: vec![back_to_login(texts, &id)],
        ..empty_page(context, &interaction, frame)
    };
    context.form_page(&interaction, page).await
}

/// `POST /password/reset`: saves the new password; then the person signs in with it.
pub(crate) async fn reset_post(context: Context, body: Bytes) -> impl Responder {
    let result = reset(&context, &body).await;
    context.answer(result).await
}

async fn reset(context: &Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let params = context.own_form(body, LOCAL)?;
    let id = named(&params)?;
    let result = async {
        let (code, password) = (field(&params, "code")?, secret_field(&params, "password")?);
        let (tenant, visitor) = (&context.tenant, &context.visitor);
        context.site.broker.reset_password(tenant, &id, visitor, code, password).await?;
        Ok(answer::redirect(&format!("/login?interaction={id}&said=password_saved#")).finish())
    };
    again(result.await, &format!("/password/reset?interaction={id}"))
}
