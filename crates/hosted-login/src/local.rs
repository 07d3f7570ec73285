//! Signing in without a source: by password, by a one-time code, and with a forgotten password.

use actix_web::web::Bytes;
use actix_web::{HttpResponse, Responder};
use broker::{CodePurpose, Interaction, InteractionId, LocalMethods};
use oidc::Params;
use store::normal::Email;

use crate::answer;
use crate::context::Context;
use crate::failure::Failure;
use crate::forms::{
    address_field, address_view, again, another_code, code_field, code_page, empty_page, error_of,
    field, new_password_field, password_form, secret_field,
};
use crate::forward::answer_next;
use crate::login::interaction_id;
use crate::pages::{ActionView, FormPage, FormView, Notice};
use crate::texts::LocalTexts;

/// What the token of these forms is for.
const LOCAL: &str = "local";

/// What the login page shows of an app's local methods.
pub(crate) fn login_forms(
    context: &Context,
    interaction: &Interaction,
    methods: LocalMethods,
) -> (Vec<FormView>, Vec<ActionView>) {
    let id = &interaction.id;
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
    let name = hinted(interaction);
    let forms = match methods.password {
        true => vec![password_form(texts, "sign-in", "/login/password", hidden, name)],
        false => Vec::new(),
    };
    (forms, links)
}

/// The name that the app expects its person to type (`login_hint`, OpenID Connect Core §3.1.2.1), if a
/// name can be that long. Shown as it came, whether anybody has it or not.
fn hinted(interaction: &Interaction) -> Option<&str> {
    let hint = interaction.request()?.login_hint.as_deref()?;
    (hint.len() <= Email::AT_MOST).then_some(hint)
}

/// `POST /login/password`.
pub(crate) async fn password(context: Context, body: Bytes) -> impl Responder {
    let result = sign_in(&context, &body).await;
    context.answer(result).await
}

async fn sign_in(context: &Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let params = context.own_form(body, LOCAL)?;
    let id = interaction_id(&params)?;
    let result = async {
        let (name, password) = (field(&params, "name")?, secret_field(&params, "password")?);
        let broker = &context.site.broker;
        let (tenant, visitor) = (&context.tenant, &context.visitor);
        let next = broker.sign_in_by_password(tenant, &id, visitor, name, password).await?;
        answer_next(context, &next)
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
    let sms = kind_of(&params) == "sms";
    let broker = &context.site.broker;
    let interaction = context.interaction(&id).await?;
    let methods = broker.local_methods(&context.tenant, &interaction).await?;
    let offered = if sms { methods.sms_code } else { methods.email_code };
    if !offered {
        return Err(Failure::Notice(Notice::NotOffered));
    }
    let texts = LocalTexts::of(context.language);
    let frame = context.frame_within(&interaction).await?;
    let error = error_of(&params, &frame, &interaction.trace);
    let form = FormView::new(
        "send-code",
        "/login/code",
        context.hidden(&id, LOCAL),
        vec![address_view(texts, sms)],
        texts.send_code,
    );
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
    let id = interaction_id(&params)?;
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

/// By which kind of address a code comes.
fn kind_of(params: &Params) -> &'static str {
    if params.only("by") == Some("sms") { "sms" } else { "email" }
}

async fn ask_code(context: &Context) -> Result<HttpResponse, Failure> {
    let params = context.query()?;
    let (id, by) = (interaction_id(&params)?, kind_of(&params));
    let interaction = context.interaction(&id).await?;
    let texts = LocalTexts::of(context.language);
    let mut hidden = context.hidden(&id, LOCAL);
    hidden.push(("by", by.to_owned()));
    let form = FormView::new("enter-code", "/login/code/enter", hidden, Vec::new(), texts.sign_in);
    let another = another_code(texts, format!("/login/code?interaction={id}&by={by}"));
    code_page(context, &interaction, form, vec![another, back_to_login(texts, &id)]).await
}

/// `POST /login/code/enter`: signs in by the code.
pub(crate) async fn enter_post(context: Context, body: Bytes) -> impl Responder {
    let result = enter(&context, &body).await;
    context.answer(result).await
}

async fn enter(context: &Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let params = context.own_form(body, LOCAL)?;
    let id = interaction_id(&params)?;
    let result = async {
        let code = field(&params, "code")?;
        let (tenant, visitor) = (&context.tenant, &context.visitor);
        let next = context.site.broker.sign_in_by_code(tenant, &id, visitor, code).await?;
        answer_next(context, &next)
    };
    let by = kind_of(&params);
    again(result.await, &format!("/login/code/enter?interaction={id}&by={by}"))
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
    let interaction = context.interaction(&id).await?;
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
    let form = FormView::new(id_of_form, action, context.hidden(&id, LOCAL), fields, submit);
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
    let id = interaction_id(&params)?;
    let result = async {
        let (code, password) = (field(&params, "code")?, secret_field(&params, "password")?);
        let (tenant, visitor) = (&context.tenant, &context.visitor);
        context.site.broker.reset_password(tenant, &id, visitor, code, password).await?;
        Ok(answer::redirect(&format!("/login?interaction={id}&said=password_saved#")).finish())
    };
    again(result.await, &format!("/password/reset?interaction={id}"))
}
