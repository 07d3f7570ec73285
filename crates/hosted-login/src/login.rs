//! The login page: what an app offers in this browser, and the way to cancel.

use actix_web::web::Bytes;
use actix_web::{HttpResponse, Responder};
use broker::offer::{Obstacle, Offer};
use broker::{Interaction, InteractionId, LocalMethods, Passage, Reason};
use oidc::Params;
use store::app::{self, App};
use store::source::{self, Source, SourceKind, Status};

use crate::answer::{self, Policy};
use crate::context::Context;
use crate::cookie;
use crate::failure::{Failure, app_origins, refusal, way_back};
use crate::forms::error_of;
use crate::forward::answer_next;
use crate::language::Language;
use crate::local::login_forms;
use crate::oidc_endpoints::form;
use crate::pages::{
    self, CancelView, LanguageLink, Login, Notice, PanelView, SourceView, UnavailableView,
};
use crate::texts::LocalTexts;

/// What a cancel form's token is for.
const CANCEL: &str = "cancel";

/// `GET /login`: shows an interaction's page, or goes on by itself where there is nothing to choose.
pub(crate) async fn login(mut context: Context) -> impl Responder {
    let result = show(&mut context).await;
    context.answer(result).await
}

async fn show(context: &mut Context) -> Result<HttpResponse, Failure> {
    let id = interaction_id(&context.query()?)?;
    let broker = context.site.broker.clone();
    let interaction = context.interaction(&id).await?;
    match &interaction.passage {
        // What can be added is another page's to say.
        Passage::Link { .. } => {
            let id = id.to_string();
            let location = oidc::append("/account/identities/add", [("interaction", &*id)]);
            return Ok(answer::redirect(&location).finish());
        }
        // There is one way for it, and it begins anew.
        Passage::Consent { ticket } => {
            return Ok(answer::redirect(&format!("/c/{ticket}")).finish());
        }
        Passage::Approval { .. } => {
            return Ok(answer::redirect(&format!("/approve?interaction={id}")).finish());
        }
        Passage::App(_) | Passage::Account | Passage::Workbench(_) => {}
    }
    let asked = interaction.request();
    context.prefer(asked.and_then(|request| request.ui_locales.as_deref()));
    let mut scope = context.site.broker.provider.store.tenant(context.tenant.id);
    let (app, sources) = match interaction.app() {
        None => (None, source::active(&mut scope).await?),
        Some(id) => match app::find(&mut scope, id).await? {
            Some(app) if app.status == Status::Active => {
                let sources = source::of_app(&mut scope, app.id).await?;
                (Some(app), sources)
            }
            app => return Err(refusal(Reason::AppDisabled, app, Some(interaction.trace))),
        },
    };
    let methods = broker.local_methods(&context.tenant, &interaction).await?;
    if sources.is_empty() && !methods.any() {
        return Err(Failure::Notice(Notice::NoSources));
    }
    let offer = Offer::sort(sources, &context.client());
    // Who comes back with an error has tried already.
    let tried = context.query()?.has("error");
    if let Some(source) = by_itself(&interaction, &offer).filter(|_| !tried) {
        return Ok(answer::redirect(&start_href(&id, &source.identifier)).finish());
    }
    page(context, &interaction, app.as_ref(), offer, methods).await
}

/// The source that is started without asking: the one that the app named, or the silent one inside
/// the WeCom client. A fresh sign-in is never silent.
fn by_itself<'a>(interaction: &Interaction, offer: &'a Offer) -> Option<&'a Source> {
    let named = interaction.request().and_then(|request| request.connection.as_ref());
    let named =
        named.and_then(|name| offer.usable.iter().find(|source| source.identifier == *name));
    let is_silent = |source: &Source| source.kind == SourceKind::WecomMobile;
    named.or_else(|| offer.silent()).filter(|source| !(interaction.fresh && is_silent(source)))
}

pub(crate) fn interaction_id(params: &Params) -> Result<InteractionId, Failure> {
    let id = params.get("interaction")?.and_then(|text| text.parse().ok());
    id.ok_or(Failure::Notice(Notice::InteractionExpired))
}

pub(crate) fn start_href(id: &InteractionId, identifier: &str) -> String {
    format!("/connections/social/{identifier}?interaction={id}")
}

async fn page(
    context: &Context,
    interaction: &Interaction,
    app: Option<&App>,
    offer: Offer,
    methods: LocalMethods,
) -> Result<HttpResponse, Failure> {
    let id = &interaction.id;
    let language = context.language;
    let issuer = context.site.broker.provider.issuer(&context.tenant).to_string();
    let mut frame = context.frame_of(app)?;
    frame.languages = languages(id);
    let with_panel =
        offer.usable.iter().position(|source| source.panel && source.kind == SourceKind::WecomQr);
    let mut usable = offer.usable;
    let panel = with_panel.map(|index| {
        let source = usable.remove(index);
        let href = start_href(id, &source.identifier);
        PanelView {
            src: format!("{href}&display=panel"),
            name: name_of(&source, language),
            fallback_href: href,
        }
    });
    let policy = Policy {
        frame: panel.is_some().then(|| context.site.broker.wecom.panel_origin().to_owned()),
        form_action: context.form_action(interaction).await?,
    };
    let view = |source: Source| source_view(source, id, language);
    // Where one works, the others need no explanation.
    let explain = panel.is_none() && usable.is_empty() && !methods.any();
    let unavailable = offer.unusable.iter().filter(|_| explain);
    let unavailable =
        unavailable.map(|(source, why)| unavailable_view(source, *why, language)).collect();
    let nonce = frame.nonce.clone();
    let params = context.query()?;
    let (forms, links) = login_forms(context, interaction, methods);
    let saved = params.only("said") == Some("password_saved");
    let template = Login {
        error: error_of(&params, &frame, &interaction.trace),
        said: saved.then(|| LocalTexts::of(language).password_saved.to_owned()),
        frame,
        panel,
        forms,
        links,
        sources: usable.into_iter().map(view).collect(),
        unavailable,
        // With the issuer: an app need not begin a sign-in without (OpenID Connect Core §4).
        this_link: app.and_then(|app| way_back(app, &issuer)),
        // Who cancels the way to their account has nowhere else to go, unless they are signed in.
        cancel: cancel_view(context, id)
            .filter(|_| app.is_some() || context.visitor.session.is_some()),
    };
    answer::page(200, &nonce, &policy, &template)
}

/// A source that starts when it is chosen.
pub(crate) fn source_view(source: Source, id: &InteractionId, language: Language) -> SourceView {
    SourceView {
        href: start_href(id, &source.identifier),
        name: name_of(&source, language),
        kind: match source.kind {
            SourceKind::WecomQr => pages::SourceKind::WecomQr,
            SourceKind::WecomMobile => pages::SourceKind::WecomMobile,
        },
        logo_url: source.logo_url,
        note: None,
    }
}

fn unavailable_view(source: &Source, obstacle: Obstacle, language: Language) -> UnavailableView {
    let reason = match obstacle {
        Obstacle::OnlyInWecom => pages::Reason::OnlyInWecom,
        Obstacle::OnlyOnDesktop => pages::Reason::OnlyOnDesktop,
        Obstacle::PersonalWechat => pages::Reason::PersonalWechat,
    };
    UnavailableView { name: name_of(source, language), reason }
}

/// A source's name as this reader understands it: an administrator gave at least one.
pub(crate) fn name_of(source: &Source, language: Language) -> String {
    language.pick(&source.display_names.0).unwrap_or(&source.identifier).to_owned()
}

/// The form that gives up.
pub(crate) fn cancel_view(context: &Context, id: &InteractionId) -> Option<CancelView> {
    let secret = context.browser_secret.as_ref()?;
    let csrf = cookie::csrf(secret, CANCEL);
    Some(CancelView { action: format!("/login/cancel?interaction={id}"), csrf })
}

fn languages(id: &InteractionId) -> Vec<LanguageLink> {
    let href =
        |language: &Language| format!("/login?interaction={id}&ui_locales={}", language.tag());
    Language::ALL
        .iter()
        .map(|language| LanguageLink { language: *language, href: href(language) })
        .collect()
}

/// Where a form's redirect leads: Chromium checks `form-action` along the way.
pub(crate) fn origin_of(redirect_uri: &str) -> Option<String> {
    let url = url::Url::parse(redirect_uri).ok()?;
    Some(match url.scheme() {
        "http" | "https" => url.origin().ascii_serialization(),
        scheme => format!("{scheme}:"),
    })
}

/// `POST /login/cancel`: the person gives up; the app is told.
pub(crate) async fn cancel(context: Context, body: Bytes) -> impl Responder {
    let result = give_up(&context, &body).await;
    context.answer(result).await
}

async fn give_up(context: &Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let id = interaction_id(&context.query()?)?;
    // The interaction stands in the URL; what is posted is the token alone.
    let params = Params::parse(body)?;
    context.check_csrf(&params, CANCEL)?;
    let next = context.site.broker.cancel(&context.tenant, &id, &context.visitor).await?;
    answer_next(context, &next)
}

impl Context {
    /// Where the redirects behind a form of an interaction may lead.
    pub(crate) async fn form_action(
        &self,
        interaction: &Interaction,
    ) -> Result<Vec<String>, Failure> {
        if let Some(request) = interaction.request() {
            return Ok(origin_of(&request.redirect_uri).into_iter().collect());
        }
        let Some(id) = interaction.app() else { return Ok(Vec::new()) };
        let provider = &self.site.broker.provider;
        let app = app::find(&mut provider.store.tenant(self.tenant.id), id).await?;
        let issuer = provider.issuer(&self.tenant).to_string();
        // Who cancels goes to the app's own address.
        Ok(app.map(|app| app_origins(&app, &issuer)).unwrap_or_default())
    }

    /// Whether a form was sent by our page in this browser (attack Q4).
    pub(crate) fn check_csrf(&self, params: &Params, purpose: &str) -> Result<(), Failure> {
        let foreign = self
            .request
            .headers()
            .get("sec-fetch-site")
            .is_some_and(|site| site.as_bytes() != b"same-origin");
        let secret = self.browser_secret.as_ref().ok_or(Failure::Notice(Notice::Csrf))?;
        let sent = params.get("csrf")?.unwrap_or_default();
        let right = store::secret::SecretHash::of(&cookie::csrf(secret, purpose)).matches(sent);
        if right && !foreign { Ok(()) } else { Err(Failure::Notice(Notice::Csrf)) }
    }

    /// The parameters of a form of ours, from our page.
    pub(crate) fn own_form(&self, body: &Bytes, purpose: &str) -> Result<Params, Failure> {
        let params = form(&self.request, body)?;
        self.check_csrf(&params, purpose)?;
        Ok(params)
    }
}
