//! From an error to what a person or an app reads: the one place that decides it.

use actix_web::HttpResponse;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header;
use broker::{Reason, Refused};
use oidc::{ErrorCode, OAuthError};
use serde_json::json;
use store::app::App;
use store::audit::Event;
use store::id::AppId;

use crate::account::ways_on;
use crate::answer::{self, Policy};
use crate::context::Context;
use crate::cookie;
use crate::language::Language;
use crate::login::origin_of;
use crate::pages::{ActionView, Frame, Message, Notice};
use crate::texts::PlacesTexts;

/// Why a request is not answered as it was meant.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A broker's rule says no, or something below it failed.
    #[error(transparent)]
    Broker(#[from] broker::Error),
    /// The protocol says no, or something below it failed.
    #[error(transparent)]
    Oidc(#[from] oidc::Error),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A page says why.
    #[error("{}", .0.code())]
    Notice(Notice),
    /// A page could not be rendered.
    #[error("a page could not be rendered")]
    Page(#[source] askama::Error),
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        Self::Oidc(error.into())
    }
}

/// The notice of a refusal.
pub(crate) fn notice_of(reason: Reason) -> Notice {
    match reason {
        Reason::InteractionExpired => Notice::InteractionExpired,
        Reason::BrowserChanged => Notice::BrowserChanged,
        Reason::StateUnknown => Notice::StateUnknown,
        Reason::DeniedUpstream => Notice::DeniedUpstream,
        Reason::NotAMember => Notice::NotAMember,
        Reason::NotVisible => Notice::NotVisible,
        Reason::LinkedCorp => Notice::LinkedCorp,
        Reason::LoginOnly => Notice::LoginOnly,
        Reason::RegistrationClosed => Notice::RegistrationClosed,
        Reason::SeveralAccounts => Notice::SeveralAccounts,
        Reason::AlreadyBound => Notice::AlreadyBound,
        Reason::LinkedElsewhere => Notice::LinkedElsewhere,
        Reason::LinkSuspended => Notice::LinkSuspended,
        Reason::UserSuspended => Notice::UserSuspended,
        Reason::SourceDisabled => Notice::SourceDisabled,
        Reason::SourceMisconfigured => Notice::SourceMisconfigured,
        Reason::AppDisabled => Notice::AppDisabled,
        Reason::UpstreamUnavailable => Notice::UpstreamUnavailable,
        Reason::UpstreamBusy => Notice::UpstreamBusy,
        Reason::AlreadySignedIn => Notice::AlreadySignedIn,
        Reason::ProofFailed => Notice::ProofFailed,
        Reason::CodeWrong => Notice::CodeWrong,
        Reason::TooManyRequests => Notice::TooManyRequests,
        Reason::SignInFirst => Notice::SignInFirst,
        Reason::NotOffered => Notice::NotOffered,
        Reason::LastWayIn => Notice::LastWayIn,
        Reason::PasswordUnacceptable => Notice::PasswordUnacceptable,
        Reason::TicketUnknown => Notice::TicketUnknown,
        Reason::ValueNotConfirmed => Notice::ValueNotConfirmed,
        Reason::SomebodyElse => Notice::SomebodyElse,
        Reason::CodeNotSent => Notice::CodeNotSent,
    }
}

/// What a store's failure means to the outside: try again soon, or we are at fault.
fn notice_of_store(error: &store::Error) -> Notice {
    match error {
        store::Error::Unavailable(_)
        | store::Error::Full
        | store::Error::Conflict
        | store::Error::Stale => Notice::Unavailable,
        _ => Notice::InternalError,
    }
}

impl Failure {
    /// The store's failure below this one, if that is what it is.
    fn of_store(&self) -> Option<&store::Error> {
        match self {
            Self::Store(error)
            | Self::Oidc(oidc::Error::Store(error))
            | Self::Broker(
                broker::Error::Store(error) | broker::Error::Oidc(oidc::Error::Store(error)),
            ) => Some(error),
            _ => None,
        }
    }

    /// What a page says about it.
    pub(crate) fn notice(&self) -> Notice {
        match self {
            Self::Broker(broker::Error::Refused(refused)) => notice_of(refused.reason),
            Self::Oidc(oidc::Error::OAuth(_))
            | Self::Broker(broker::Error::Oidc(oidc::Error::OAuth(_))) => Notice::InvalidRequest,
            Self::Notice(notice) => *notice,
            // The pool is full, or a relay does not answer: both pass.
            Self::Broker(broker::Error::Password(error)) if error.is_busy() => Notice::Unavailable,
            Self::Broker(broker::Error::Notify(_)) => Notice::CodeNotSent,
            _ => self.of_store().map_or(Notice::InternalError, notice_of_store),
        }
    }

    fn log(&self) {
        let source = std::error::Error::source(self).map(ToString::to_string);
        match self.notice().status() {
            503 => tracing::warn!(error = %self, source, "a store is unavailable"),
            500 => tracing::error!(error = %self, source, "a request failed"),
            _ => {}
        }
    }
}

/// The person's own account.
pub(crate) const ACCOUNT: &str = "/account";

/// Seconds after which it is worth trying again.
const RETRY_AFTER: u32 = 5;

/// A page about a failure.
pub(crate) struct FailurePage {
    failure: Failure,
    frame: Frame,
    trace: String,
    actions: Vec<ActionView>,
    contact: Option<String>,
}

impl FailurePage {
    /// Where there is no tenant, there is nothing to record and no way back.
    pub(crate) fn without_tenant(language: Language, failure: Failure) -> Self {
        // These pages carry no script: a nonce that nobody has to guess.
        Self {
            failure,
            frame: Frame::new(language, "none"),
            trace: String::new(),
            actions: Vec::new(),
            contact: None,
        }
    }

    pub(crate) fn into_response(self) -> HttpResponse {
        self.failure.log();
        let notice = self.failure.notice();
        metrics::counter!("hufu_pages_about_failures_total", "code" => notice.code()).increment(1);
        let (language, nonce) = (self.frame.language, self.frame.nonce.clone());
        let mut message = Message::new(self.frame, notice, self.trace);
        message.actions = self.actions;
        message.contact = self.contact.filter(|_| notice.is_for_administrators());
        if let Failure::Oidc(oidc::Error::OAuth(error)) = &self.failure {
            message.details = Some(error.description.to_owned());
        }
        let status = notice.status();
        message.retry_after = (status == 503 || status == 429).then_some(RETRY_AFTER);
        let page = answer::page(status, &nonce, &Policy::default(), &message);
        let mut response = page.unwrap_or_else(|error| {
            error.log();
            // Even this has a language.
            HttpResponse::InternalServerError().body(match language {
                Language::ZhCn => "出错了",
                Language::ZhTw => "發生錯誤",
                Language::Ja => "問題が発生しました",
                Language::En => "Something went wrong",
            })
        });
        if message.retry_after.is_some() {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER.into());
        }
        response
    }

    pub(crate) fn into_error(self) -> actix_web::Error {
        InternalError::from_response("", self.into_response()).into()
    }
}

impl Context {
    /// A handler's answer; a failure becomes a page, with a code and a way on.
    pub(crate) async fn answer(&self, result: Result<HttpResponse, Failure>) -> HttpResponse {
        self.answer_with(result, Vec::new()).await
    }

    /// The same; `actions` are what can be done on the page of a failure, before all else.
    pub(crate) async fn answer_with(
        &self,
        result: Result<HttpResponse, Failure>,
        actions: Vec<ActionView>,
    ) -> HttpResponse {
        let mut response = match result {
            Ok(response) => response,
            Err(failure) => self.failure_page(failure, actions).await,
        };
        if self.is_awaited.get() {
            answer::within_reach(&mut response);
        }
        if let Some(language) = self.chosen_now() {
            // A header that cannot be set costs a choice, no more.
            let _ = response.add_cookie(&cookie::plant_language(language));
        }
        response
    }

    async fn failure_page(&self, failure: Failure, mut actions: Vec<ActionView>) -> HttpResponse {
        let refused = match &failure {
            Failure::Broker(broker::Error::Refused(refused)) => Some(refused),
            _ => None,
        };
        let known = refused.and_then(|refused| refused.trace.clone());
        let app = match refused.and_then(|refused| refused.app.clone()) {
            Some(app) => Some(app),
            None => self.last_app().await,
        };
        let trace = match known {
            Some(trace) if refused.is_some_and(|refused| refused.recorded) => trace,
            known => self.record(failure.notice(), known, app.as_ref().map(|app| app.id)).await,
        };
        let Ok(frame) = self.frame_of(app.as_ref()) else {
            return FailurePage::without_tenant(self.language, failure).into_response();
        };
        actions.extend(ways_on(self.language, self.request.path(), failure.notice()));
        let texts = frame.texts;
        if let Some(retry) = refused.and_then(|refused| refused.retry.as_ref()) {
            let href = format!("/login?interaction={retry}");
            actions.push(ActionView {
                href,
                label: texts.try_again.to_owned(),
                primary: actions.is_empty(),
            });
        }
        let issuer = self.site.broker.provider.issuer(&self.tenant).to_string();
        if let Some(app) = &app
            && let Some(href) = way_back(app, &issuer)
        {
            let label = (texts.back_to)(&app.display_name);
            actions.push(ActionView { href, label, primary: actions.is_empty() });
        }
        // Nobody is left without a way on.
        if actions.is_empty() {
            let label = PlacesTexts::of(self.language).to_account.to_owned();
            actions.push(ActionView { href: ACCOUNT.to_owned(), label, primary: false });
        }
        let contact = self.tenant.support_contact.clone();
        FailurePage { failure, frame, trace, actions, contact }.into_response()
    }

    /// Records a failure that the broker has not, and gives it a trace code if it has none.
    async fn record(&self, notice: Notice, known: Option<String>, app: Option<AppId>) -> String {
        let event = Event { app_id: app, ..Event::system("page", notice.code()) };
        // When the store is away, there is nothing to record with; the program's log has it.
        if notice == Notice::Unavailable {
            return String::new();
        }
        let recorded = self.site.broker.record_public(self.tenant.id, &self.visitor, known, event);
        recorded.await.unwrap_or_default()
    }

    /// The app that this browser last came from, if it still is one.
    pub(crate) async fn last_app(&self) -> Option<App> {
        let id = cookie::app(&self.request)?;
        let mut scope = self.site.broker.provider.store.tenant(self.tenant.id);
        store::app::find(&mut scope, id).await.ok().flatten()
    }
}

/// Where a person can begin anew: where the app begins sign-ins (OpenID Connect Core §4), its home
/// page, or the site that it is on.
pub(crate) fn way_back(app: &App, issuer: &str) -> Option<String> {
    if app.status != store::source::Status::Active {
        return None;
    }
    if let Some(uri) = &app.initiate_login_uri {
        return Some(oidc::append(uri, [("iss", issuer)]));
    }
    app.home_url.clone().or_else(|| {
        let first = url::Url::parse(app.redirect_uris.values.first()?).ok()?;
        matches!(first.scheme(), "http" | "https").then(|| first.origin().ascii_serialization())
    })
}

/// The origins that a way through the app may lead to: where it begins a sign-in and where it gets the
/// answer. For a page whose form ends there.
pub(crate) fn app_origins(app: &App, issuer: &str) -> Vec<String> {
    let own = way_back(app, issuer);
    let answers = app.redirect_uris.values.iter();
    let mut origins: Vec<String> =
        own.iter().chain(answers).filter_map(|address| origin_of(address)).collect();
    origins.sort_unstable();
    origins.dedup();
    origins
}

/// A failure of an endpoint that programs call (RFC 6749 §5.2).
pub(crate) fn oauth_response(failure: &Failure, used_basic: bool) -> HttpResponse {
    failure.log();
    let Failure::Oidc(oidc::Error::OAuth(error)) = failure else {
        return match failure.notice().status() {
            503 => {
                let body = json!({ "error": ErrorCode::TemporarilyUnavailable });
                let mut response = answer::json(StatusCode::SERVICE_UNAVAILABLE, &body);
                response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER.into());
                response
            }
            _ => answer::json(
                StatusCode::INTERNAL_SERVER_ERROR,
                &json!({ "error": ErrorCode::ServerError }),
            ),
        };
    };
    if error.code != ErrorCode::InvalidClient {
        return answer::json(StatusCode::BAD_REQUEST, error);
    }
    let mut response = answer::json(StatusCode::UNAUTHORIZED, error);
    if used_basic {
        let challenge = header::HeaderValue::from_static("Basic realm=\"token\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// A refusal that was decided here, as the broker would have.
pub(crate) fn refusal(reason: Reason, app: Option<App>, trace: Option<String>) -> Failure {
    broker::Error::from(Refused { trace, app, ..Refused::about(reason) }).into()
}
