//! Every route on a tenant's host.

use actix_web::web::{self, PayloadConfig, ServiceConfig};
use actix_web::{FromRequest, Handler, Resource, Responder, Route, guard};

use crate::answer::method_not_allowed;
use crate::supplement::{computer, phone, typed};
use crate::{
    Site, account, approve, bind, connection, cors, hand_over, local, login, logout,
    oidc_endpoints as oidc, program_endpoints as programs, public, registration, workbench,
};

/// A form of ours or an app's is far shorter.
const BODY_AT_MOST: usize = 64 * 1024;

/// Adds every route on a tenant's host.
pub fn routes(site: Site) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(web::Data::new(site))
            .app_data(PayloadConfig::new(BODY_AT_MOST))
            .configure(provider)
            .service(get("/login", login::login))
            .service(post("/login/cancel", login::cancel))
            .service(post("/login/password", local::password))
            .service(get_post("/login/code", local::code_get, local::code_post))
            .service(get_post("/login/code/enter", local::enter_get, local::enter_post))
            .service(get_post("/password/forgot", local::forgot_get, local::forgot_post))
            .service(get_post("/password/reset", local::reset_get, local::reset_post))
            .service(get_post("/approve", approve::show, approve::agree))
            .service(get("/bind", bind::get))
            .service(post("/bind/existing", bind::existing))
            .service(post("/bind/create", bind::create))
            .service(post("/bind/confirm", bind::confirm))
            .service(post("/bind/another", bind::another))
            .service(post("/bind/password", bind::password))
            .service(get_post("/bind/code", bind::code_get, bind::code_post))
            .service(post("/bind/code/enter", bind::enter))
            .service(get("/account", account::show))
            .service(get("/account/sign-in", account::sign_in))
            .service(post("/account/sign-out", account::sign_out))
            .service(get("/account/signed-out", account::signed_out))
            .service(get_post("/account/password", account::password, account::change_password))
            .service(post("/account/identities", account::link))
            .service(get("/account/identities/add", account::add))
            .service(get_post("/account/identities/{id}", account::removal, account::remove))
            .service(post("/account/apps/{app}/withdraw", account::withdraw))
            .service(post("/account/sessions/end", account::end_others))
            .service(post("/account/sessions/{id}/end", account::end_session))
            .service(post("/bind/typed", typed::post))
            .service(get_post("/bind/consent", computer::show, computer::ask))
            .service(get("/bind/consent/status", computer::status))
            .service(post("/bind/consent/continue", computer::go_on))
            .service(get("/c/{ticket}", phone::open))
            .service(get_post("/consent", phone::show, phone::confirm))
            .service(post("/consent/refuse", phone::refuse))
            .service(get("/consent/done", phone::done))
            .service(get("/connections/social/{identifier}", connection::start))
            .service(get("/connections/social/{identifier}/callback", connection::callback))
            .service(get("/connections/social/{identifier}/workbench/{app}", workbench::open))
            .service(get_post("/continue", hand_over::go_on, hand_over::enter))
            .service(post("/continue/offer", hand_over::offer))
            .service(get_post("/continue/{ticket}", hand_over::show, hand_over::take))
            .service(get("/WW_verify_{name:[A-Za-z0-9]{1,64}}.txt", public::verification_file))
            .service(get("/sdk/hufu.js", public::sdk))
            .service(get("/assets/{name}", public::asset))
            .default_service(web::to(public::not_found));
    }
}

/// The OpenID Provider's own.
fn provider(config: &mut ServiceConfig) {
    config
        .service(get("/oidc/.well-known/openid-configuration", public::metadata))
        .service(get("/.well-known/oauth-authorization-server/oidc", public::metadata))
        .service(get("/oidc/.well-known/jwks.json", public::keys))
        .service(get_post("/oidc/auth", oidc::authorize_get, oidc::authorize_post))
        .service(post("/oidc/request", programs::push).route(preflight()))
        .service(post("/oidc/token", programs::token).route(preflight()))
        .service(post("/oidc/token/introspection", programs::introspect))
        .service(post("/oidc/token/revocation", programs::revoke).route(preflight()))
        .service(get_post("/oidc/me", programs::userinfo, programs::userinfo).route(preflight()))
        .service(post("/oidc/register", registration::register))
        .service(
            web::resource("/oidc/register/{client}")
                .route(web::get().to(registration::read))
                .route(web::put().to(registration::replace))
                .route(web::delete().to(registration::delete))
                .default_service(only("GET, PUT, DELETE")),
        )
        .service(get_post("/oidc/session/end", logout::end_session_get, logout::end_session_post));
}

/// A path that answers GET.
fn get<F, A>(path: &str, handler: F) -> Resource
where
    F: Handler<A>,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(web::get().to(handler)).default_service(only("GET"))
}

/// A path that answers POST.
fn post<F, A>(path: &str, handler: F) -> Resource
where
    F: Handler<A>,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(web::post().to(handler)).default_service(only("POST"))
}

/// A path that answers GET and POST.
fn get_post<F, A, G, B>(path: &str, on_get: F, on_post: G) -> Resource
where
    F: Handler<A>,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
    G: Handler<B>,
    B: FromRequest + 'static,
    G::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(on_get))
        .route(web::post().to(on_post))
        .default_service(only("GET, POST"))
}

/// Answers a browser that asks whether a script of another origin may call.
fn preflight() -> Route {
    web::route().guard(guard::fn_guard(cors::is_preflight)).to(cors::preflight)
}

/// Answers any other method than a path's own.
fn only(allow: &'static str) -> Route {
    web::to(move || async move { method_not_allowed(allow) })
}
