//! What the pages with forms are made of: fields that come in, fields that are shown, and a form that
//! did not work is shown again with the reason in place. Everything else that is refused is a page, as
//! ever.

use actix_web::HttpResponse;
use broker::{Address, Interaction, InteractionId, Reason};
use oidc::Params;
use secrecy::SecretString;
use store::app;
use store::normal::{Email, Phone};

use crate::answer::{self, Policy};
use crate::context::Context;
use crate::cookie;
use crate::failure::{Failure, notice_of};
use crate::login::cancel_view;
use crate::pages::{ActionView, FieldView, FormError, FormPage, FormView, Frame, Notice};
use crate::texts::LocalTexts;

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
        value: None,
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
        value: None,
    }
}

pub(crate) fn new_password_field(texts: &LocalTexts) -> FieldView {
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
    FieldView {
        name,
        id: name,
        label: label.to_owned(),
        kind,
        autocomplete,
        hint: None,
        value: None,
    }
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
        value: None,
    }
}

/// A form with name and password; the name may stand in it already.
pub(crate) fn password_form(
    texts: &LocalTexts,
    id: &'static str,
    action: &'static str,
    hidden: Vec<(&'static str, String)>,
    name: Option<&str>,
) -> FormView {
    let name = FieldView { value: name.map(str::to_owned), ..name_field(texts) };
    let fields = vec![name, password_field(texts)];
    FormView::new(id, action, hidden, fields, texts.sign_in)
}

/// The page on which a one-time code is entered by this form.
pub(crate) async fn code_page(
    context: &Context,
    interaction: &Interaction,
    form: FormView,
    links: Vec<ActionView>,
) -> Result<HttpResponse, Failure> {
    let texts = LocalTexts::of(context.language);
    let frame = context.frame_within(interaction).await?;
    let page = FormPage {
        heading: texts.enter_code.to_owned(),
        lead: vec![texts.code_sent.to_owned()],
        error: error_of(&context.query()?, &frame, &interaction.trace),
        forms: vec![FormView { fields: vec![code_field(texts)], ..form }],
        links,
        ..empty_page(context, interaction, frame)
    };
    context.form_page(interaction, page).await
}

/// The link on it to where another code is asked for.
pub(crate) fn another_code(texts: &LocalTexts, href: String) -> ActionView {
    ActionView { href, label: texts.another_code.to_owned(), primary: false }
}
