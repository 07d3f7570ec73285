//! Connections: the start of a source, and its callback.

use std::time::Duration;

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, Responder, web};
use broker::upstream::Panel;
use broker::{Callback, Errand, Error, Reason, Start};
use oidc::Params;
use store::app;
use store::ephemeral::Slot;
use store::id::AppId;
use store::source;

use crate::answer;
use crate::context::Context;
use crate::failure::{Failure, way_back};
use crate::forward::answer_next;
use crate::oidc_endpoints::upstream_code;
use crate::pages::Notice;
use crate::workbench;

/// `GET /connections/social/{identifier}`: sends an interaction's browser upstream.
pub(crate) async fn start(context: Context, identifier: web::Path<String>) -> impl Responder {
    let result = begin(&context, &identifier).await;
    context.answer(result).await
}

async fn begin(context: &Context, identifier: &str) -> Result<HttpResponse, Failure> {
    let params = context.query()?;
    if !params.has("interaction") {
        return from_workbench(context, identifier, &params).await;
    }
    let id = params.get("interaction")?.and_then(|text| text.parse().ok());
    let id = id.ok_or(Failure::Notice(Notice::InteractionExpired))?;
    let panel = match (params.get("display")?, params.get("panel_size")?) {
        (Some("panel"), Some("small")) => Some(Panel::Small),
        (Some("panel"), _) => Some(Panel::Middle),
        _ => None,
    };
    let errand = match params.get("errand")? {
        Some("proof") => Errand::Proof,
        Some("consent") => Errand::Consent,
        _ => Errand::SignIn,
    };
    let start = Start { identifier, language: context.language.wecom(), panel, errand };
    let url = context.site.broker.start(&context.tenant, &id, &context.visitor, start).await?;
    let mut response = answer::redirect(&url).finish();
    if panel.is_some() {
        // WeCom's panel asks which site shows it (errcode -31033 [D 98152]).
        let origin = HeaderValue::from_static("origin");
        response.headers_mut().insert(header::REFERRER_POLICY, origin);
    }
    Ok(response)
}

/// A source's address without an interaction, such as in WeCom's workbench: a sign-in begins at the
/// app, so the browser is sent there. The app is the one that `app_id` names, or the only one that
/// the source is linked to.
async fn from_workbench(
    context: &Context,
    identifier: &str,
    params: &Params,
) -> Result<HttpResponse, Failure> {
    let nowhere = || Failure::Notice(Notice::InteractionExpired);
    let mut scope = context.site.broker.provider.store.tenant(context.tenant.id);
    let source = source::find_by_identifier(&mut scope, identifier).await?.ok_or_else(nowhere)?;
    let links = app::links_of_source(&mut scope, source.id).await?;
    let named =
        params.get("app_id")?.map(str::parse::<AppId>).transpose().map_err(|_| nowhere())?;
    let linked = match (named, links.as_slice()) {
        (Some(named), links) => links.iter().find(|link| link.app_id == named),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let linked = linked.ok_or_else(nowhere)?;
    let app = app::find(&mut scope, linked.app_id).await?.ok_or_else(nowhere)?;
    let issuer = context.site.broker.provider.issuer(&context.tenant).to_string();
    let location = way_back(&app, &issuer).ok_or_else(nowhere)?;
    Ok(answer::leave(&location).finish())
}

/// `GET /connections/social/{identifier}/callback`: the browser comes back from upstream.
pub(crate) async fn callback(context: Context, identifier: web::Path<String>) -> impl Responder {
    let result = finish(&context, &identifier).await;
    context.answer(result).await
}

async fn finish(context: &Context, identifier: &str) -> Result<HttpResponse, Failure> {
    let params = context.query()?;
    let state = params.get("state")?.unwrap_or_default();
    let proper =
        (1..=128).contains(&state.len()) && state.bytes().all(|b| b.is_ascii_alphanumeric());
    if !proper || params.has_duplicates() {
        return Err(Failure::Notice(Notice::StateUnknown));
    }
    let callback = Callback { identifier, state, code: upstream_code(&params) };
    match context.site.broker.callback(&context.tenant, &context.visitor, callback).await {
        Ok(next) => answer_next(context, &next),
        Err(Error::Refused(refused)) => match sent_on(context, identifier, &refused).await {
            Some(location) => Ok(answer::leave(&location).finish()),
            None => Err(Error::Refused(refused).into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Silent restarts of one app from one address and browser in two minutes; a page stops the rest.
const RESTARTS: Slot<u64> = Slot::new("silent_restarts", Duration::from_mins(2));
const RESTARTS_AT_MOST: u64 = 2;

/// Where a refused browser is sent on without a page. Going back in the history after signing in
/// leads into the app; a cookie that was lost on the way inside the client (rule 2) to a fresh
/// sign-in, which begins where the old one did, at the app or in the workbench, so that nothing of
/// the old one is finished here.
async fn sent_on(context: &Context, identifier: &str, refused: &broker::Refused) -> Option<String> {
    let app = refused.app.as_ref()?;
    let issuer = context.site.broker.provider.issuer(&context.tenant).to_string();
    let location = way_back(app, &issuer);
    match refused.reason {
        Reason::AlreadySignedIn => location,
        Reason::BrowserChanged => {
            let begins_anew = match refused.workbench {
                true => workbench::link(identifier, app),
                // Only an address that is meant for it begins a sign-in by itself.
                false => app.initiate_login_uri.as_ref().and(location)?,
            };
            let again = context.is_in_client() && restart_allowed(context, app.id).await;
            again.then_some(begins_anew)
        }
        _ => None,
    }
}

async fn restart_allowed(context: &Context, app: AppId) -> bool {
    let browser = context.visitor.user_agent.as_deref().unwrap_or_default();
    let key = format!("{app}:{:?}:{browser}", context.visitor.address);
    let ephemeral = &context.site.broker.provider.store.ephemeral;
    let count = ephemeral.count(&RESTARTS, context.tenant.id, key).await;
    count.is_ok_and(|count| count <= RESTARTS_AT_MOST)
}
