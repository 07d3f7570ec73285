//! A page with one or more forms: signing in without a source, codes, proofs, confirmations.

use askama::Template;

use super::{ActionView, CancelView, Frame, Notice, SourceView};

/// A page with forms.
#[derive(Clone, Debug, Template)]
#[template(path = "form.html")]
pub struct FormPage {
    /// Language, app, nonce.
    pub frame: Frame,
    /// What the page is for.
    pub heading: String,
    /// Sentences below it.
    pub lead: Vec<String>,
    /// Why the last attempt did not work.
    pub error: Option<FormError>,
    /// What is about to be done, as pairs of label and value.
    pub facts: Vec<(String, String)>,
    /// The forms, in order.
    pub forms: Vec<FormView>,
    /// Heading above the sources.
    pub sources_heading: Option<String>,
    /// Sources that lead on as well.
    pub sources: Vec<SourceView>,
    /// Links below.
    pub links: Vec<ActionView>,
    /// The way back to the app.
    pub cancel: Option<CancelView>,
    /// Its label.
    pub cancel_label: String,
}

/// Why the last attempt did not work.
#[derive(Clone, Debug)]
pub struct FormError {
    /// In words.
    pub text: String,
    /// The stable code.
    pub code: &'static str,
    /// The trace code of the sign-in.
    pub trace: String,
}

impl FormError {
    /// The words of a notice, in place.
    pub fn new(frame: &Frame, notice: Notice, trace: &str) -> Self {
        let text = (frame.texts.notice)(notice).text.to_owned();
        Self { text, code: notice.code(), trace: trace.to_owned() }
    }
}

/// A form.
#[derive(Clone, Debug)]
pub struct FormView {
    /// Its id in the page: stable, for robots and tests.
    pub id: &'static str,
    /// Where it is posted to.
    pub action: &'static str,
    /// What stands above it.
    pub heading: Option<String>,
    /// Hidden fields, the token among them.
    pub hidden: Vec<(&'static str, String)>,
    /// Its fields.
    pub fields: Vec<FieldView>,
    /// Its button.
    pub submit: String,
    /// A line below the button's text.
    pub note: Option<String>,
    /// Whether the button stands out.
    pub primary: bool,
}

impl FormView {
    /// The name of its button, which does not change: robots press it.
    pub(crate) fn button_id(&self) -> String {
        match self.id {
            "sign-in" => "login".to_owned(),
            id => format!("{id}-button"),
        }
    }

    /// A form whose button stands out, with nothing above it and nothing more on its button.
    pub fn new(
        id: &'static str,
        action: &'static str,
        hidden: Vec<(&'static str, String)>,
        fields: Vec<FieldView>,
        submit: &str,
    ) -> Self {
        Self {
            id,
            action,
            heading: None,
            hidden,
            fields,
            submit: submit.to_owned(),
            note: None,
            primary: true,
        }
    }
}

/// A field.
#[derive(Clone, Debug)]
pub struct FieldView {
    /// Its name.
    pub name: &'static str,
    /// Its id in the page.
    pub id: &'static str,
    /// Its label.
    pub label: String,
    /// Its `type`: `text`, `password`, `email`, `tel`.
    pub kind: &'static str,
    /// Its `autocomplete` (WCAG 2.2, 1.3.5).
    pub autocomplete: &'static str,
    /// What it is like.
    pub hint: Option<String>,
    /// What stands in it already.
    pub value: Option<String>,
}

impl FieldView {
    /// Which digits are typed into it, if it is one for digits.
    pub(crate) fn digits(&self) -> Option<&'static str> {
        match (self.autocomplete, self.name) {
            ("one-time-code", _) => Some("[0-9 -]{6,9}"),
            (_, "number") => Some("[0-9]{2}"),
            _ => None,
        }
    }
}
