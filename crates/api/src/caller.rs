//! Who calls, for which tenant, with what right. A handler's argument says what right it needs:
//! [`Operator`] or [`TenantCaller`]. Nothing of a request is read before the caller is known.

use std::borrow::Cow;
use std::future::Future;
use std::net::IpAddr;
use std::ops::Deref;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest};
use hosted_login::address::client_address;
use serde_json::Value;
use store::audit::{ActorKind, Event};
use store::id::{ApiKeyId, TenantId};
use store::secret::SecretHash;
use store::tenant::Tenant;
use store::{Store, TenantRead, TenantWrite};
use uuid::Uuid;

use crate::fields::{self, Context, Input};
use crate::problem::{
    FORBIDDEN, MALFORMED_REQUEST, Problem, Result, TOO_LARGE, UNAUTHENTICATED,
    UNSUPPORTED_MEDIA_TYPE,
};
use crate::render::Trace;
use crate::{Console, json};

/// Longest body, in bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Actor {
    Operator,
    ApiKey(ApiKeyId, TenantId),
}

/// A call by somebody who is known.
pub(crate) struct Call {
    console: Arc<Console>,
    actor: Actor,
    request: HttpRequest,
    query: Vec<(String, String)>,
    body: Bytes,
}

/// A call with the operator's right: everything.
pub(crate) struct Operator(Call);

/// As [`TenantCaller`], with a body that is too large to be read at once: the handler reads it as it
/// comes.
pub(crate) struct TenantUpload {
    /// The call. Its own body is empty.
    pub(crate) call: TenantCaller,
    /// What comes.
    pub(crate) payload: Payload,
}

/// A call with the right to one tenant: the operator's, or an API key of that tenant.
pub(crate) struct TenantCaller {
    call: Call,
    /// The tenant of the path.
    pub(crate) tenant: Tenant,
}

impl Deref for Operator {
    type Target = Call;
    fn deref(&self) -> &Call {
        &self.0
    }
}

impl Deref for TenantCaller {
    type Target = Call;
    fn deref(&self) -> &Call {
        &self.call
    }
}

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (console, actor) = authenticate(&request).await?;
            if actor != Actor::Operator {
                let text =
                    "Only the operator's key may do that; an API key acts for its tenant only.";
                return Err(Problem::new(FORBIDDEN, text));
            }
            Call::read(console, actor, request, &mut payload).await.map(Self)
        })
    }
}

impl FromRequest for TenantCaller {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (console, actor, tenant) = of_tenant(&request).await?;
            let call = Call::read(console, actor, request, &mut payload).await?;
            Ok(Self { call, tenant })
        })
    }
}

impl FromRequest for TenantUpload {
    type Error = Problem;
    type Future = Extracted<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let (console, actor, tenant) = of_tenant(&request).await?;
            let call = Call::without_body(console, actor, request)?;
            Ok(Self { call: TenantCaller { call, tenant }, payload })
        })
    }
}

/// Who calls, and for which tenant.
async fn of_tenant(request: &HttpRequest) -> Result<(Arc<Console>, Actor, Tenant)> {
    let (console, actor) = authenticate(request).await?;
    let id: TenantId = path_id(request, "tenant")?;
    // Another tenant and no tenant look alike.
    if matches!(actor, Actor::ApiKey(_, own) if own != id) {
        return Err(Problem::not_found());
    }
    let found = store::tenant::find(&console.store.database, id).await?;
    let tenant = found.ok_or_else(Problem::not_found)?;
    Ok((console, actor, tenant))
}

async fn authenticate(request: &HttpRequest) -> Result<(Arc<Console>, Actor)> {
    let console = request.app_data::<Data<Console>>();
    let console = Arc::clone(console.ok_or_else(|| Problem::internal(Unwired))?);
    let key = bearer(request.headers()).ok_or_else(unauthenticated)?;
    if console.operator_key.matches(key) {
        return Ok((console, Actor::Operator));
    }
    let Store { database, env, .. } = &console.store;
    let owner = store::api_key::owner(database, env, &SecretHash::of(key)).await?;
    let owner = owner.ok_or_else(unauthenticated)?;
    Ok((console, Actor::ApiKey(owner.id, owner.tenant_id)))
}

/// The scope was mounted without its console.
#[derive(Debug, thiserror::Error)]
#[error("the console's routes have no console")]
struct Unwired;

/// The token of `Authorization: Bearer …` (RFC 6750 §2.1), if the header stands once.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(AUTHORIZATION);
    let line = lines.next()?.to_str().ok()?;
    if lines.next().is_some() {
        return None;
    }
    let (scheme, token) = line.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn unauthenticated() -> Problem {
    let text = "Send a valid API key as Authorization: Bearer hufu_key_…";
    Problem::new(UNAUTHENTICATED, text).with_header("WWW-Authenticate", "Bearer")
}

/// An id of the path. What is no id names nothing.
fn path_id<T: FromStr>(request: &HttpRequest, name: &str) -> Result<T> {
    request.match_info().get(name).and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)
}

impl Call {
    async fn read(
        console: Arc<Console>,
        actor: Actor,
        request: HttpRequest,
        payload: &mut Payload,
    ) -> Result<Self> {
        let call = Self::without_body(console, actor, request)?;
        let body =
            Bytes::from_request(&call.request, payload).await.map_err(|error| match error
                .as_error::<PayloadError>(
            ) {
                None | Some(PayloadError::Overflow) => {
                    Problem::new(TOO_LARGE, "The body may have 64 KiB at most.")
                }
                Some(_) => {
                    Problem::new(MALFORMED_REQUEST, "The body did not arrive whole: send it again.")
                }
            })?;
        Ok(Self { body, ..call })
    }

    /// All but the body.
    fn without_body(console: Arc<Console>, actor: Actor, request: HttpRequest) -> Result<Self> {
        let query = crate::query::read(&request)?;
        if request.headers().contains_key(CONTENT_ENCODING) {
            let text = "Send the body without Content-Encoding.";
            return Err(Problem::new(UNSUPPORTED_MEDIA_TYPE, text));
        }
        Ok(Self { console, actor, request, query, body: Bytes::new() })
    }

    /// The settings.
    pub(crate) fn console(&self) -> &Console {
        &self.console
    }

    /// All state.
    pub(crate) fn store(&self) -> &Store {
        &self.console.store
    }

    /// The method.
    pub(crate) fn method(&self) -> &Method {
        self.request.method()
    }

    /// The path, as it was sent.
    pub(crate) fn path(&self) -> &str {
        self.request.path()
    }

    /// The headers.
    pub(crate) fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// The body, as it was sent.
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// A parameter of the query.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All parameters of the query.
    pub(crate) fn queries(&self) -> &[(String, String)] {
        &self.query
    }

    /// An id of the path.
    pub(crate) fn id<T: FromStr>(&self, name: &str) -> Result<T> {
        path_id(&self.request, name)
    }

    /// A name of the path.
    pub(crate) fn name(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    /// Whom an `Idempotency-Key` belongs to.
    pub(crate) fn caller_id(&self) -> Uuid {
        match self.actor {
            Actor::Operator => Uuid::nil(),
            Actor::ApiKey(id, _) => id.0,
        }
    }

    /// The API key that calls, if it is one.
    pub(crate) fn api_key(&self) -> Option<ApiKeyId> {
        match self.actor {
            Actor::Operator => None,
            Actor::ApiKey(id, _) => Some(id),
        }
    }

    /// The caller's network address.
    fn address(&self) -> Option<IpAddr> {
        client_address(&self.request, &self.console.trusted_proxies)
    }

    /// The trace code of this call.
    pub(crate) fn trace(&self) -> Option<String> {
        Trace::of(&self.request)
    }

    /// An audit event of this call.
    pub(crate) fn event(&self, action: &'static str) -> Event {
        let (actor_kind, actor_id) = match self.actor {
            Actor::Operator => (ActorKind::Operator, None),
            Actor::ApiKey(id, _) => (ActorKind::ApiKey, Some(id.0)),
        };
        Event {
            actor_kind,
            actor_id,
            address: self.address().map(|address| address.to_string()),
            trace: self.trace(),
            ..Event::system(action, "ok")
        }
    }

    /// The body of a POST or PUT.
    pub(crate) fn input<T: Input>(&self) -> Result<T> {
        self.media_type(&["application/json"])?;
        let context = Context { console: &self.console, patching: false };
        fields::read(json::parse(&self.body)?, context)
    }

    /// The body of a PATCH (a merge patch, RFC 7396) of which each field tells by itself what becomes
    /// of it.
    pub(crate) fn edits<T: Input>(&self) -> Result<T> {
        self.media_type(&["application/merge-patch+json", "application/json"])?;
        fields::read(json::parse(&self.body)?, Context { console: &self.console, patching: true })
    }

    /// Checks that a POST that needs no body has none, or an empty object.
    pub(crate) fn no_input(&self) -> Result<()> {
        struct Nothing;
        impl Input for Nothing {
            fn read(_: &mut fields::Fields, _: Context<'_>) -> Option<Self> {
                Some(Self)
            }
        }
        if self.body.is_empty() { Ok(()) } else { self.input::<Nothing>().map(drop) }
    }

    /// Applies the body, a merge patch (RFC 7396), to what there is, and reads the whole by the
    /// rules of a new one. With the names of the fields that change.
    pub(crate) fn patched<T: Input>(
        &self,
        current: &Value,
        immutable: &[&'static str],
    ) -> Result<(T, Vec<String>)> {
        self.media_type(&["application/merge-patch+json", "application/json"])?;
        let patch = json::parse(&self.body)?;
        let Value::Object(members) = &patch else {
            return Err(Problem::field("", "type", "The body has to be a JSON object."));
        };
        let errors: Vec<_> = immutable
            .iter()
            .filter(|name| members.contains_key(**name))
            .map(|name| crate::problem::FieldError {
                pointer: json::pointer("", name),
                code: "immutable",
                detail: format!("{name} never changes: leave it out, or make a new one"),
            })
            .collect();
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        let mut whole = current.clone();
        let names: Vec<String> = members.keys().cloned().collect();
        json::merge(&mut whole, patch);
        // What is taken away and was not there is read too: it may be unknown, or need a value.
        for name in names.iter().filter(|name| current.get(name).is_none()) {
            if whole.get(name).is_none() {
                whole[name] = Value::Null;
            }
        }
        let changed =
            names.into_iter().filter(|name| whole.get(name) != current.get(name)).collect();
        let context = Context { console: &self.console, patching: true };
        Ok((fields::read(whole, context)?, changed))
    }

    /// Checks the body's media type; parameters do not count.
    pub(crate) fn media_type(&self, accepted: &[&str]) -> Result<()> {
        let mut lines = self.headers().get_all(CONTENT_TYPE);
        let line = lines.next().and_then(|line| line.to_str().ok()).unwrap_or_default();
        let essence = line.split(';').next().unwrap_or_default().trim();
        if lines.next().is_none()
            && accepted.iter().any(|known| known.eq_ignore_ascii_case(essence))
        {
            return Ok(());
        }
        let text: Cow<'_, str> = accepted.join(" or ").into();
        Err(Problem::new(UNSUPPORTED_MEDIA_TYPE, format!("Send the body as Content-Type: {text}.")))
    }
}

impl TenantCaller {
    /// Reads the tenant's rows.
    pub(crate) fn scope(&self) -> TenantRead {
        self.store().tenant(self.tenant.id)
    }

    /// Begins a change of the tenant's rows.
    pub(crate) async fn begin(&self) -> Result<TenantWrite> {
        Ok(self.store().begin(self.tenant.id).await?)
    }
}
