//! Every route, in one table: the server and the API document are made from it.

use actix_web::Scope;
use utoipa::OpenApi;

use crate::{
    api_keys, apps, audit_events, branding, contact_callbacks, corps, grants, identity_import,
    identity_links, import, initial_access_tokens, integrations, link_events, links, messaging,
    rule_report, signing_keys, simulate, source_test, sources, tenants, traces, user_access, users,
    verification_files,
};

macro_rules! table {
    ($($module:ident :: $handler:ident,)*) => {
        /// Puts every route into the scope. Earlier ones win.
        pub(crate) fn register(scope: Scope) -> Scope {
            scope$(.service($module::$handler))*
        }

        /// Every route, as the handlers describe themselves.
        #[derive(OpenApi)]
        #[openapi(paths($($module::$handler),*))]
        pub(crate) struct Described;
    };
}

table! {
    tenants::list,
    tenants::create,
    tenants::read,
    tenants::update,
    tenants::delete,
    branding::read,
    branding::put,

    messaging::read,
    messaging::put,

    corps::list,
    corps::create,
    corps::read,
    corps::update,
    corps::delete,
    contact_callbacks::create,
    contact_callbacks::read,
    contact_callbacks::delete,

    sources::list,
    sources::create,
    sources::identifier,
    sources::read,
    sources::update,
    sources::delete,
    source_test::test,
    simulate::simulate,
    rule_report::report,

    apps::list,
    apps::create,
    apps::read,
    apps::update,
    apps::delete,
    apps::create_secret,
    grants::withdraw_all,
    apps::delete_registration_token,
    integrations::list,
    integrations::read,

    links::of_app,
    links::put,
    links::delete,
    links::of_source,

    api_keys::list,
    api_keys::create,
    api_keys::read,
    api_keys::delete,

    initial_access_tokens::list,
    initial_access_tokens::create,
    initial_access_tokens::read,
    initial_access_tokens::delete,

    signing_keys::list,
    signing_keys::create,
    signing_keys::read,
    signing_keys::activate,
    signing_keys::delete,

    import::import,
    users::list,
    users::create,
    users::read,
    users::update,
    users::delete,
    users::identities,
    user_access::put_password,
    user_access::delete_password,
    user_access::sessions,
    user_access::sign_out,
    grants::of_user,
    grants::withdraw,
    identity_links::create,
    identity_links::delete,
    identity_links::put_status,
    identity_import::many,

    link_events::list,
    link_events::read,
    link_events::undo,
    link_events::restore,

    verification_files::list,
    verification_files::read,
    verification_files::put,
    verification_files::delete,

    audit_events::list,
    audit_events::export,
    traces::read,
}
