//! What every handler on a tenant's host needs to know about a request.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use broker::{Asking, Browser, Interaction, InteractionId, Visitor};
use oidc::{Caller, Endpoint, OAuthError, Params};
use secrecy::SecretString;
use store::app::App;
use store::protocol::ResponseMode;
use store::tenant::{self, Tenant, TenantStatus};
use wecom::UserAgent;

use crate::address::{client_address, host};
use crate::failure::{Failure, FailurePage, oauth_response};
use crate::language::Language;
use crate::pages::{AppView, Frame, LanguageLink, Notice};
use crate::{Site, cookie};

/// A request to a tenant's host.
pub(crate) struct Context {
    pub(crate) site: web::Data<Site>,
    /// From the request's host, never from a parameter (rule 8).
    pub(crate) tenant: Tenant,
    /// The browser, as far as its cookies and its connection say.
    pub(crate) visitor: Visitor,
    /// The browser's secret.
    pub(crate) browser_secret: Option<SecretString>,
    pub(crate) language: Language,
    pub(crate) request: HttpRequest,
    /// Whether a window waits for a message from this page.
    pub(crate) is_awaited: Cell<bool>,
}

impl Context {
    async fn read(request: HttpRequest) -> Result<Self, actix_web::Error> {
        let site = request
            .app_data::<web::Data<Site>>()
            .cloned()
            .ok_or_else(|| actix_web::error::ErrorInternalServerError("not wired"))?;
        let language = negotiate(&site, &request);
        let fail = |failure| FailurePage::without_tenant(language, failure).into_error();
        let found = match host(request.head()) {
            None => None,
            Some(host) => tenant::find_by_host(&site.broker.provider.store.database, &host)
                .await
                .map_err(|error| failed(&request, language, error.into()))?,
        };
        let tenant = match found {
            None => return Err(fail(Failure::Notice(Notice::UnknownHost))),
            Some(tenant) if tenant.status != TenantStatus::Active => {
                return Err(fail(Failure::Notice(Notice::TenantSuspended)));
            }
            Some(tenant) => tenant,
        };
        let browser_secret = cookie::browser(&request);
        let visitor = Visitor {
            browser: browser_secret.as_ref().map(Browser::of),
            session: cookie::session(&request),
            address: client_address(&request, &site.trusted_proxies),
            user_agent: request
                .headers()
                .get(header::USER_AGENT)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            language: language.notify(),
        };
        let is_awaited = Cell::new(false);
        Ok(Self { site, tenant, visitor, browser_secret, language, request, is_awaited })
    }

    /// The parameters of the query.
    pub(crate) fn query(&self) -> Result<Params, Failure> {
        Ok(Params::parse(self.request.query_string().as_bytes())?)
    }

    /// An interaction of this browser, by its name.
    pub(crate) async fn interaction(&self, id: &InteractionId) -> Result<Interaction, Failure> {
        let found = self.site.broker.interaction(&self.tenant, id, &self.visitor).await?;
        self.note(&found);
        Ok(found)
    }

    /// What the person of an interaction is asked.
    pub(crate) async fn asking(&self, id: &InteractionId) -> Result<Asking, Failure> {
        let found = self.site.broker.asking(&self.tenant, id, &self.visitor).await?;
        self.note(&found.interaction);
        Ok(found)
    }

    /// Notes whether a window waits for the end of an interaction.
    pub(crate) fn note(&self, interaction: &Interaction) {
        let by = interaction.request().map(|request| request.response_mode);
        self.is_awaited.set(by == Some(ResponseMode::WebMessage));
    }

    /// Who calls an endpoint for programs, as far as the request proves it. The `DPoP` headers are
    /// [`proofs`](Self::proofs).
    pub(crate) fn caller<'a>(
        &'a self,
        endpoint: Endpoint,
        dpop: &'a [&'a str],
    ) -> Result<Caller<'a>, OAuthError> {
        let method = self.request.method().as_str();
        Ok(Caller { endpoint, method, authorization: self.authorization()?, dpop })
    }

    /// The `DPoP` headers. One that is no text counts: it is no proof.
    pub(crate) fn proofs(&self) -> Vec<&str> {
        let headers = self.request.headers().get_all("dpop");
        headers.map(|value| value.to_str().unwrap_or_default()).collect()
    }

    /// A header's text.
    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// What this browser says that it is.
    pub(crate) fn client(&self) -> UserAgent {
        wecom::classify(self.visitor.user_agent.as_deref().unwrap_or_default())
    }

    /// Whether it is the WeCom client's.
    pub(crate) fn is_in_client(&self) -> bool {
        matches!(self.client(), UserAgent::WeCom { .. })
    }

    /// The `Authorization` header. One that stands twice names two callers at once (attack B3).
    pub(crate) fn authorization(&self) -> Result<Option<&str>, OAuthError> {
        let mut values = self.request.headers().get_all(header::AUTHORIZATION);
        let wrong =
            OAuthError::invalid_request("the Authorization header has to be text, and once");
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| wrong),
            (Some(_), Some(_)) => Err(wrong),
        }
    }

    /// The browser's secret, or a new one that the answer has to plant.
    pub(crate) fn browser_or_new(&self) -> Result<SecretString, Failure> {
        match &self.browser_secret {
            Some(secret) => Ok(secret.clone()),
            None => Ok(self.site.broker.provider.store.env.secret(cookie::BROWSER_PREFIX)?),
        }
    }

    /// The frame of a page in this context, with a fresh nonce.
    pub(crate) fn frame(&self) -> Result<Frame, Failure> {
        let nonce = self.site.broker.provider.store.env.alphanumeric(22)?;
        let branding = self.tenant.branding.clone().unwrap_or_default();
        Ok(Frame { branding, ..Frame::new(self.language, nonce) })
    }

    /// The same for a page that an app sent the person to: its branding goes over the tenant's.
    pub(crate) fn frame_of(&self, app: Option<&App>) -> Result<Frame, Failure> {
        let mut frame = self.frame()?;
        if let Some(app) = app {
            let mut own = app.branding.clone().unwrap_or_default();
            own.logo_url = own.logo_url.or_else(|| app.logo_url.clone());
            frame.branding = own.over(&frame.branding);
            let logo_url = frame.branding.logo_url.clone();
            frame.app = Some(AppView { name: app.display_name.clone(), logo_url });
        }
        Ok(frame)
    }

    /// Takes the language that an app asked for, unless the person chose one.
    pub(crate) fn prefer(&mut self, ui_locales: Option<&str>) {
        if ui_locales.is_some() && chosen(&self.request).is_none() {
            let accept = self.header(header::ACCEPT_LANGUAGE);
            self.language = Language::negotiate(ui_locales, accept, self.site.default_language);
            self.visitor.language = self.language.notify();
        }
    }

    /// The language that the person has just chosen by a link of ours, to be remembered.
    pub(crate) fn chosen_now(&self) -> Option<Language> {
        named(&self.request).filter(|_| !self.request.path().starts_with("/oidc/"))
    }

    /// Links to this page in each language.
    pub(crate) fn languages_here(&self) -> Vec<LanguageLink> {
        let query = Params::parse(self.request.query_string().as_bytes()).unwrap_or_default();
        let kept = query.without(&["ui_locales", "error", "said"]).to_query();
        let link = |language: Language| {
            let path = self.request.path();
            LanguageLink { language, href: format!("{path}?{kept}&ui_locales={}", language.tag()) }
        };
        Language::ALL.into_iter().map(link).collect()
    }
}

/// The language that a query names.
fn named(request: &HttpRequest) -> Option<Language> {
    let query = Params::parse(request.query_string().as_bytes()).ok()?;
    Language::from_tag(query.only("ui_locales")?)
}

/// The language that the person chose, now or before.
fn chosen(request: &HttpRequest) -> Option<Language> {
    named(request).or_else(|| cookie::language(request))
}

/// A failure before the tenant is known, as those who call this path read it.
fn failed(request: &HttpRequest, language: Language, failure: Failure) -> actix_web::Error {
    if Endpoint::ALL.iter().any(|endpoint| request.path().starts_with(endpoint.path())) {
        return InternalError::from_response("", oauth_response(&failure, false)).into();
    }
    FailurePage::without_tenant(language, failure).into_error()
}

fn negotiate(site: &Site, request: &HttpRequest) -> Language {
    if let Some(language) = chosen(request) {
        return language;
    }
    let query = Params::parse(request.query_string().as_bytes()).unwrap_or_default();
    let accept =
        request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::negotiate(query.only("ui_locales"), accept, site.default_language)
}

impl FromRequest for Context {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(Self::read(request.clone()))
    }
}
