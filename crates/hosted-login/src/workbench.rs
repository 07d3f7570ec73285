//! WeCom's workbench: the link that opens an app and signs its person in on the way.

use actix_web::{HttpResponse, Responder, web};
use broker::{Browser, Opened, Reason};
use store::app::{self, App};
use store::source::Status;

use crate::answer;
use crate::context::Context;
use crate::cookie;
use crate::failure::{Failure, refusal, way_back};
use crate::login::start_href;
use crate::pages::Notice;

/// The path of an app's link by a source.
pub(crate) fn link(identifier: &str, app: &App) -> String {
    format!("/connections/social/{identifier}/workbench/{}", app.id)
}

/// `GET /connections/social/{identifier}/workbench/{app}`: inside the client the person is signed in
/// without a page; anywhere else the app begins a sign-in by itself.
pub(crate) async fn open(context: Context, path: web::Path<(String, String)>) -> impl Responder {
    let (identifier, app) = path.into_inner();
    let result = opened(&context, &identifier, &app).await;
    context.answer(result).await
}

async fn opened(context: &Context, identifier: &str, app: &str) -> Result<HttpResponse, Failure> {
    let app = context.app(app).await?;
    let secret = context.browser_or_new()?;
    let browser = Browser::of(&secret);
    let broker = &context.site.broker;
    let visitor = &context.visitor;
    match broker.open_from_workbench(&context.tenant, &app, identifier, visitor, &browser).await? {
        Opened::SignIn(interaction) => {
            let mut response = answer::redirect(&start_href(&interaction.id, identifier));
            response.cookie(cookie::plant_browser(&secret)).cookie(cookie::plant_app(app.id));
            Ok(response.finish())
        }
        Opened::Elsewhere => context.to_app(&app, Notice::OnlyInWecom),
    }
}

impl Context {
    /// The app of this id, if it may be used.
    pub(crate) async fn app(&self, id: &str) -> Result<App, Failure> {
        let unknown = || Failure::Notice(Notice::UnknownClient);
        let id = id.parse().map_err(|_| unknown())?;
        let mut scope = self.site.broker.provider.store.tenant(self.tenant.id);
        let app = app::find(&mut scope, id).await?.ok_or_else(unknown)?;
        match app.status {
            Status::Active => Ok(app),
            Status::Disabled => Err(refusal(Reason::AppDisabled, Some(app), None)),
        }
    }

    /// Sends the browser to the app's own address, as it is registered and nowhere else (attack A5).
    pub(crate) fn to_app(&self, app: &App, without: Notice) -> Result<HttpResponse, Failure> {
        let issuer = self.site.broker.provider.issuer(&self.tenant).to_string();
        let location = way_back(app, &issuer).ok_or(Failure::Notice(without))?;
        Ok(answer::leave(&location).finish())
    }
}
