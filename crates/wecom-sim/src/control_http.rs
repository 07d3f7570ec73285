//! The control over HTTP, for the demo and for browser tests.

use std::future::{Ready, ready};

use actix_web::{
    HttpResponse,
    web::{self, Data, Json, Path, ServiceConfig},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    control::Control,
    error::Error,
    fault::Fault,
    state::State,
    tokens::Invalidation,
    world::{App, Member, World},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invalidate {
    corp: Option<String>,
    agentid: Option<i64>,
    how: Option<Invalidation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientMember {
    corp: String,
    member: Option<String>,
}

/// The control's table.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/control/world")
                .route(web::get().to(|c| with(c, |c| json!(c.world()))))
                .route(
                    web::put().to(|c, Json(world): Json<World>| with(c, |c| c.set_world(world))),
                ),
        )
        .service(
            web::resource("/control/members/{corp}/{userid}")
                .route(web::put().to(put_member))
                .route(web::delete().to(|c, path: Path<(String, String)>| {
                    attempt(c, move |c| c.remove_member(&path.0, &path.1))
                })),
        )
        .service(web::resource("/control/apps/{corp}/{agentid}").route(web::put().to(
            |c, path: Path<(String, i64)>, Json(app): Json<App>| {
                attempt(c, move |c| c.edit_app(&path.0, path.1, |old| *old = app))
            },
        )))
        .service(
            web::resource("/control/faults")
                .route(web::get().to(|c| with(c, |c| json!(c.faults()))))
                .route(web::post().to(|c, Json(fault): Json<Fault>| with(c, |c| c.inject(fault))))
                .route(web::delete().to(|c| with(c, Control::clear_faults))),
        )
        .service(
            web::resource("/control/journal")
                .route(web::get().to(|c| with(c, |c| json!(c.journal()))))
                .route(web::delete().to(|c| with(c, Control::clear_journal))),
        )
        .service(web::resource("/control/tokens/invalidate").route(web::post().to(
            |c, Json(body): Json<Invalidate>| {
                with(c, move |c| {
                    let how = body.how.unwrap_or(Invalidation::Invalid);
                    json!(c.invalidate_tokens(body.corp.as_deref(), body.agentid, how))
                })
            },
        )))
        .service(web::resource("/control/client").route(web::put().to(
            |c, Json(body): Json<ClientMember>| {
                attempt(c, move |c| c.set_client_member(&body.corp, body.member.as_deref()))
            },
        )));
}

async fn put_member(
    state: Data<State>,
    path: Path<(String, String)>,
    Json(mut member): Json<Member>,
) -> HttpResponse {
    let (corp, userid) = path.into_inner();
    member.userid = userid;
    attempt(state, move |control| control.set_member(&corp, member)).await
}

/// Does it and answers with what it gave.
fn with<T: serde::Serialize>(
    state: Data<State>,
    act: impl FnOnce(&Control) -> T,
) -> Ready<HttpResponse> {
    ready(HttpResponse::Ok().json(act(&Control::new(state.into_inner()))))
}

/// Does it and answers 204, or 404 and 422 with the reason.
fn attempt(
    state: Data<State>,
    act: impl FnOnce(&Control) -> Result<(), Error>,
) -> Ready<HttpResponse> {
    ready(match act(&Control::new(state.into_inner())) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(error @ Error::InvalidUserid(_)) => {
            HttpResponse::UnprocessableEntity().json(json!({ "error": error.to_string() }))
        }
        Err(error) => HttpResponse::NotFound().json(json!({ "error": error.to_string() })),
    })
}
