//! How pages look: a tenant's, which its own administrator sets too, and an app's, which goes over
//! it. Values with a fixed meaning only: there is no place for markup, script or style (attack N4).

use std::collections::BTreeMap;

use actix_web::{get, put};
use serde::Serialize;
use serde_json::{Value, json};
use store::audit::{self, Event};
use store::branding::{Agreement, Background, Branding, Color};
use store::tenant::{self, Tenant};
use utoipa::ToSchema;

use crate::answer::Answer;
use crate::caller::TenantCaller;
use crate::fields::{self, Context, Fields, Flaw, Flaws, Input};
use crate::precondition::{etag, if_match, is_known};
use crate::problem::Result;
use crate::{rules, uris};

/// Longest heading, note or name of an agreement, in characters.
const MAX_TEXT: usize = 200;
/// Most agreements that a page names.
const MAX_AGREEMENTS: usize = 5;

/// How the pages look. What is left out is the tenant's for an app, and ours for a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewBranding {
    /// The picture above the heading, an https URL. An app's own `logo_url` goes over its tenant's.
    #[schema(max_length = 2048, example = "https://acme.example/logo.svg")]
    logo_url: Option<String>,
    /// The colour of buttons. Text on it is black or white, whichever is easier to read; links and
    /// the focus get a shade of it that can be read on the card, light or dark.
    #[schema(value_type = Option<String>, pattern = "^#[0-9A-Fa-f]{6}$", example = "#0b7a5c")]
    accent: Option<Color>,
    /// What is behind the card: a colour such as `#f3f5f9`, or the https URL of a picture that fills
    /// the page. Both are darkened in the dark colour scheme.
    #[schema(value_type = Option<String>, max_length = 2048, example = "#eef6f2")]
    background: Option<Background>,
    /// The login page's heading by language tag, in place of ours. At most 200 characters each.
    #[schema(required = false, example = json!({ "zh-CN": "欢迎回来", "en": "Welcome back" }))]
    heading: BTreeMap<String, String>,
    /// A line below the card, by language tag. At most 200 characters each.
    #[schema(required = false, example = json!({ "en": "Need help? Call 1234." }))]
    note: BTreeMap<String, String>,
    /// What a person agrees to by signing in, as links on the login page.
    #[schema(required = false, max_items = 5)]
    agreements: Vec<NewAgreement>,
}

/// A document that people agree to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewAgreement {
    /// Its name by language tag, at least one. At most 200 characters each.
    #[schema(example = json!({ "zh-CN": "用户协议", "en": "Terms of Service" }))]
    names: BTreeMap<String, String>,
    /// Where it can be read, an https URL.
    #[schema(max_length = 2048, example = "https://acme.example/terms")]
    url: String,
}

impl Input for NewBranding {
    fn read(fields: &mut Fields, context: Context<'_>) -> Option<Self> {
        let texts = || rules::by_language(0, MAX_TEXT);
        let logo_url = fields.optional("logo_url", uris::picture);
        let accent = fields.optional("accent", color);
        let background = fields.optional("background", background);
        let heading = fields.defaulted("heading", BTreeMap::new(), texts());
        let note = fields.defaulted("note", BTreeMap::new(), texts());
        let agreements =
            fields.defaulted("agreements", Vec::new(), |value| agreements(value, context));
        Some(Self {
            logo_url: logo_url?,
            accent: accent?,
            background: background?,
            heading: heading?,
            note: note?,
            agreements: agreements?,
        })
    }
}

impl Input for NewAgreement {
    fn read(fields: &mut Fields, _: Context<'_>) -> Option<Self> {
        let names = fields.required("names", rules::by_language(1, MAX_TEXT));
        let url = fields.required("url", uris::picture);
        Some(Self { names: names?, url: url? })
    }
}

fn color(value: &Value) -> Result<Color, Flaws> {
    let text = "has to be a colour as #rrggbb, such as #1f64d2";
    rules::string(value)?.parse().map_err(|_| vec![Flaw::new("format", text)])
}

fn background(value: &Value) -> Result<Background, Flaws> {
    match rules::string(value)? {
        text if text.starts_with('#') => color(value).map(Background::Color),
        text if text.starts_with("https:") => uris::picture(value).map(Background::Image),
        _ => {
            let text = "has to be a colour as #rrggbb, or the https URL of a picture";
            Err(vec![Flaw::new("format", text)])
        }
    }
}

fn agreements(value: &Value, context: Context<'_>) -> Result<Vec<NewAgreement>, Flaws> {
    let Some(elements) = value.as_array() else {
        return Err(vec![Flaw::new("type", "has to be a list")]);
    };
    if elements.len() > MAX_AGREEMENTS {
        let text = format!("has to have at most {MAX_AGREEMENTS} elements");
        return Err(vec![Flaw::new("length", text)]);
    }
    let (mut agreements, mut flaws) = (Vec::with_capacity(elements.len()), Flaws::new());
    for (at, element) in elements.iter().enumerate() {
        match fields::nested(element, context) {
            Ok(agreement) => agreements.push(agreement),
            Err(more) => flaws.extend(more.into_iter().map(|flaw| flaw.under(&format!("/{at}")))),
        }
    }
    if flaws.is_empty() { Ok(agreements) } else { Err(flaws) }
}

impl NewBranding {
    /// What the store keeps of it: nothing, if nothing is decided.
    pub(crate) fn kept(self) -> Option<Branding> {
        let kept = |new: NewAgreement| Agreement { names: new.names, url: new.url };
        let branding = Branding {
            logo_url: self.logo_url,
            accent: self.accent,
            background: self.background,
            heading: self.heading,
            note: self.note,
            agreements: self.agreements.into_iter().map(kept).collect(),
        };
        (!branding.is_empty()).then_some(branding)
    }
}

/// How the pages look.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Branding)]
pub(crate) struct BrandingView {
    /// The picture above the heading.
    #[schema(required)]
    logo_url: Option<String>,
    /// The colour of buttons, in lower case.
    #[schema(required, example = "#0b7a5c")]
    accent: Option<String>,
    /// What is behind the card: a colour, or the URL of a picture.
    #[schema(required, example = "#eef6f2")]
    background: Option<String>,
    /// The login page's heading by language tag.
    heading: BTreeMap<String, String>,
    /// A line below the card, by language tag.
    note: BTreeMap<String, String>,
    /// What a person agrees to by signing in.
    agreements: Vec<AgreementView>,
}

/// A document that people agree to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agreement)]
pub(crate) struct AgreementView {
    /// Its name by language tag.
    names: BTreeMap<String, String>,
    /// Where it can be read.
    #[schema(example = "https://acme.example/terms")]
    url: String,
}

impl From<Branding> for BrandingView {
    fn from(branding: Branding) -> Self {
        let view = |kept: Agreement| AgreementView { names: kept.names, url: kept.url };
        Self {
            logo_url: branding.logo_url,
            accent: branding.accent.map(String::from),
            background: branding.background.map(String::from),
            heading: branding.heading,
            note: branding.note,
            agreements: branding.agreements.into_iter().map(view).collect(),
        }
    }
}

/// Read how a tenant's pages look
///
/// Everything is empty if nothing was decided. Its version is the tenant's.
#[utoipa::path(tag = "Branding", operation_id = "getTenantBranding",
    responses((status = 200, description = "How they look", body = BrandingView)))]
#[get("/tenants/{tenant}/branding")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let tag = etag(call.tenant.version);
    if is_known(call.headers(), &tag)? {
        return Ok(Answer::not_modified().etag(tag));
    }
    answer(call.tenant.branding.clone(), tag)
}

/// Decide how a tenant's pages look
///
/// As a whole: what is left out is ours again. Apps may have a branding of their own, which goes over
/// this one field by field. The tenant's version goes up.
#[utoipa::path(tag = "Branding", operation_id = "putTenantBranding", request_body = NewBranding,
    responses((status = 200, description = "How they look now", body = BrandingView)))]
#[put("/tenants/{tenant}/branding")]
pub(crate) async fn put(call: TenantCaller) -> Result<Answer> {
    if_match(call.headers(), call.tenant.version)?;
    let new: NewBranding = call.input()?;
    let tenant = Tenant { branding: new.kept(), ..call.tenant.clone() };
    let env = &call.store().env;
    let mut tx = call.begin().await?;
    let tenant = tenant::update(&mut tx, env, &tenant).await?;
    let detail = json!({ "changed": ["branding"] });
    audit::record(&mut tx, env, Event { detail, ..call.event("tenant.branding.put") }).await?;
    tx.commit().await?;
    answer(tenant.branding, etag(tenant.version))
}

fn answer(branding: Option<Branding>, tag: String) -> Result<Answer> {
    Ok(Answer::ok(&BrandingView::from(branding.unwrap_or_default()))?.etag(tag))
}
