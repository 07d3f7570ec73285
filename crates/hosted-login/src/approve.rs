//! The page that asks whether an app may know who the person is.

use actix_web::web::Bytes;
use actix_web::{HttpResponse, Responder};
use broker::{Approving, InteractionId};
use oidc::authorize::AuthorizationRequest;
use store::app::App;

use crate::answer::{self, Policy};
use crate::context::Context;
use crate::cookie;
use crate::failure::Failure;
use crate::forward::{answer_next, host_of};
use crate::login::{cancel_view, interaction_id, origin_of};
use crate::pages::{Approve, OriginView};
use crate::texts::ApproveTexts;

/// What the form's token is for.
const APPROVE: &str = "approve";

/// `GET /approve`: what the app wants to know.
pub(crate) async fn show(mut context: Context) -> impl Responder {
    let result = page(&mut context).await;
    context.answer(result).await
}

async fn page(context: &mut Context) -> Result<HttpResponse, Failure> {
    let id = interaction_id(&context.query()?)?;
    let broker = context.site.broker.clone();
    let found = broker.approving(&context.tenant, &context.visitor, &id).await?;
    let Approving { interaction, app, user } = found;
    context.note(&interaction);
    let request = interaction.request();
    context.prefer(request.and_then(|request| request.ui_locales.as_deref()));
    let mut frame = context.frame_of(Some(&app))?;
    frame.languages = context.languages_here();
    let nonce = frame.nonce.clone();
    let secret = context.browser_or_new()?;
    let texts = ApproveTexts::of(context.language);
    let wanted = request.map(AuthorizationRequest::wanted).unwrap_or_default();
    let form_action = request.and_then(|request| origin_of(&request.redirect_uri));
    let page = Approve {
        frame,
        user: user.name.or(user.username).unwrap_or_default(),
        gives: wanted
            .split(' ')
            .map(|scope| (texts.scope)(scope).unwrap_or(scope))
            .map(str::to_owned)
            .collect(),
        origin: request.and_then(|request| origin_view(&app, &request.redirect_uri)),
        action: action(&id),
        csrf: cookie::csrf(&secret, APPROVE),
        cancel: cancel_view(context, &id),
    };
    let policy = Policy { frame: None, form_action: form_action.into_iter().collect() };
    answer::page(200, &nonce, &policy, &page)
}

/// Where an app is from that registered itself.
fn origin_view(app: &App, redirect_uri: &str) -> Option<OriginView> {
    let about = &app.registered.as_ref()?.about;
    let (policy, terms) = (about.policy_uri.clone(), about.tos_uri.clone());
    Some(OriginView { host: host_of(redirect_uri), policy, terms })
}

fn action(id: &InteractionId) -> String {
    format!("/approve?interaction={id}")
}

/// `POST /approve`: the person agrees. Who does not, cancels.
pub(crate) async fn agree(context: Context, body: Bytes) -> impl Responder {
    let result = async {
        let id = interaction_id(&context.query()?)?;
        let params = oidc::Params::parse(&body)?;
        context.check_csrf(&params, APPROVE)?;
        let next = context.site.broker.approve(&context.tenant, &context.visitor, &id).await?;
        answer_next(&context, &next)
    };
    context.answer(result.await).await
}
