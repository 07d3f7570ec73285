//! Every route on a tenant's host.

use actix_web::web::{self, PayloadConfig, ServiceConfig};
use actix_web::{FromRequest, Handler, Resource, Responder, Route, guard};

use crate::answer::method_not_allowed;
use crate::supplement::{computer, phone, typed};
use crate::{
    Site, account, approve, bind, connection, contacts, cors, hand_over, local, login, logout,
    oidc_endpoints as oidc, program_endpoints as programs, public, registration, workbench,
};

/// A form of ours or an app's is far shorter.
const BODY_AT_MOST: usize = 64 * 1024;

/// A path on a tenant's host, as the router has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// The router's pattern: what stands in braces may be anything.
    pub pattern: &'static str,
    /// The methods that it answers, as `Allow` names them (RFC 9110 §10.2.1).
    pub allow: &'static str,
}

/// A path and what answers there.
struct Entry {
    path: Path,
    resource: Resource,
}

/// Adds every route on a tenant's host.
pub fn routes(site: Site) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.app_data(web::Data::new(site)).app_data(PayloadConfig::new(BODY_AT_MOST));
        for entry in table() {
            config.service(entry.resource);
        }
        config.default_service(web::to(public::not_found));
    }
}

/// Every path on a tenant's host. There is no other way into the router than its table.
pub fn paths() -> Vec<Path> {
    table().into_iter().map(|entry| entry.path).collect()
}

fn table() -> Vec<Entry> {
    let mut all = provider();
    all.extend(pages());
    all
}

fn pages() -> Vec<Entry> {
    vec![
        get("/login", login::login),
        post("/login/cancel", login::cancel),
        post("/login/password", local::password),
        get_post("/login/code", local::code_get, local::code_post),
        get_post("/login/code/enter", local::enter_get, local::enter_post),
        get_post("/password/forgot", local::forgot_get, local::forgot_post),
        get_post("/password/reset", local::reset_get, local::reset_post),
        get_post("/approve", approve::show, approve::agree),
        get("/bind", bind::get),
        post("/bind/existing", bind::existing),
        post("/bind/create", bind::create),
        post("/bind/confirm", bind::confirm),
        post("/bind/another", bind::another),
        post("/bind/password", bind::password),
        get_post("/bind/code", bind::code_get, bind::code_post),
        post("/bind/code/enter", bind::enter),
        get("/account", account::show),
        get("/account/sign-in", account::sign_in),
        post("/account/sign-out", account::sign_out),
        get("/account/signed-out", account::signed_out),
        get_post("/account/password", account::password, account::change_password),
        post("/account/identities", account::link),
        get("/account/identities/add", account::add),
        get_post("/account/identities/{id}", account::removal, account::remove),
        post("/account/apps/{app}/withdraw", account::withdraw),
        post("/account/sessions/end", account::end_others),
        post("/account/sessions/{id}/end", account::end_session),
        post("/bind/typed", typed::post),
        get_post("/bind/consent", computer::show, computer::ask),
        get("/bind/consent/status", computer::status),
        post("/bind/consent/continue", computer::go_on),
        get("/c/{ticket}", phone::open),
        get_post("/consent", phone::show, phone::confirm),
        post("/consent/refuse", phone::refuse),
        get("/consent/done", phone::done),
        get("/connections/social/{identifier}", connection::start),
        get("/connections/social/{identifier}/callback", connection::callback),
        get("/connections/social/{identifier}/workbench/{app}", workbench::open),
        get_post("/continue", hand_over::go_on, hand_over::enter),
        post("/continue/offer", hand_over::offer),
        get_post("/continue/{ticket}", hand_over::show, hand_over::take),
        get_post("/wecom/contacts/{path}", contacts::verify, contacts::receive),
        get("/WW_verify_{name:[A-Za-z0-9]{1,64}}.txt", public::verification_file),
        get("/sdk/hufu.js", public::sdk),
        get("/assets/{name}", public::asset),
    ]
}

/// The OpenID Provider's own.
fn provider() -> Vec<Entry> {
    vec![
        get("/oidc/.well-known/openid-configuration", public::metadata),
        get("/.well-known/oauth-authorization-server/oidc", public::metadata),
        get("/oidc/.well-known/jwks.json", public::keys),
        get_post("/oidc/auth", oidc::authorize_get, oidc::authorize_post),
        post("/oidc/request", programs::push).for_scripts(),
        post("/oidc/token", programs::token).for_scripts(),
        post("/oidc/token/introspection", programs::introspect),
        post("/oidc/token/revocation", programs::revoke).for_scripts(),
        get_post("/oidc/me", programs::userinfo, programs::userinfo).for_scripts(),
        post("/oidc/register", registration::register),
        Entry::new("/oidc/register/{client}", "GET, PUT, DELETE")
            .route(web::get().to(registration::read))
            .route(web::put().to(registration::replace))
            .route(web::delete().to(registration::delete)),
        get_post("/oidc/session/end", logout::end_session_get, logout::end_session_post),
    ]
}

/// A path that answers GET.
fn get<F, A>(pattern: &'static str, handler: F) -> Entry
where
    F: Handler<A>,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Entry::new(pattern, "GET").route(web::get().to(handler))
}

/// A path that answers POST.
fn post<F, A>(pattern: &'static str, handler: F) -> Entry
where
    F: Handler<A>,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    Entry::new(pattern, "POST").route(web::post().to(handler))
}

/// A path that answers GET and POST.
fn get_post<F, A, G, B>(pattern: &'static str, on_get: F, on_post: G) -> Entry
where
    F: Handler<A>,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
    G: Handler<B>,
    B: FromRequest + 'static,
    G::Output: Responder + 'static,
{
    Entry::new(pattern, "GET, POST").route(web::get().to(on_get)).route(web::post().to(on_post))
}

impl Entry {
    /// A path that refuses any other method.
    fn new(pattern: &'static str, allow: &'static str) -> Self {
        let refuse = web::to(move || async move { method_not_allowed(allow) });
        let resource = web::resource(pattern).default_service(refuse);
        Self { path: Path { pattern, allow }, resource }
    }

    fn route(self, route: Route) -> Self {
        Self { resource: self.resource.route(route), ..self }
    }

    /// Also answers a browser that asks whether a script of another origin may call.
    fn for_scripts(self) -> Self {
        let is_asked = guard::fn_guard(cors::is_preflight);
        self.route(web::route().guard(is_asked).to(cors::preflight))
    }
}
