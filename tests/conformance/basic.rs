//! The plans "Basic OP" and "Form Post OP": the same modules, whose answers come another way.

pub(crate) mod accepted;
pub(crate) mod answers;
pub(crate) mod requests;

/// Makes a test of each module for each of the two plans, on every backend and on two tenants at once.
macro_rules! both_plans {
    ($($file:ident: [$($name:ident,)*])*) => {
        both_plans! { @plan query, Query, $($file: [$($name,)*])* }
        both_plans! { @plan form_post, FormPost, $($file: [$($name,)*])* }

        /// The modules of a plan, by file.
        pub(crate) const MODULES: &[(&str, &[&str])] =
            &[$((stringify!($file), &[$(stringify!($name),)*]),)*];
    };
    (@plan $plan:ident, $mode:ident, $($file:ident: [$($name:ident,)*])*) => {
        mod $plan {
            use super::*;
            use crate::rp::{Mode, Rp};

            e2e::on_every_backend! { $($(
                async fn $name(world: World) {
                    let (one, other) = Rp::pair(&world, Mode::$mode).await;
                    tokio::join!($file::$name(one), $file::$name(other));
                }
            )*)* }
        }
    };
}

both_plans! {
    accepted: [
        oidcc_server,
        oidcc_userinfo_get,
        oidcc_userinfo_post_header,
        oidcc_userinfo_post_body,
        oidcc_ensure_request_without_nonce_succeeds_for_code_flow,
        oidcc_scope_profile,
        oidcc_scope_email,
        oidcc_scope_address,
        oidcc_scope_phone,
        oidcc_scope_all,
        oidcc_alternate_happy_flow,
        oidcc_display_page,
        oidcc_display_popup,
        oidcc_ensure_request_with_unknown_parameter_succeeds,
        oidcc_login_hint,
        oidcc_ui_locales,
        oidcc_claims_locales,
        oidcc_ensure_request_with_acr_values_succeeds,
        oidcc_claims_essential,
        oidcc_ensure_post_request_succeeds,
        oidcc_server_client_secret_post,
        oidcc_ensure_request_with_valid_pkce_succeeds,
    ]
    requests: [
        oidcc_response_type_missing,
        oidcc_prompt_login,
        oidcc_prompt_none_not_logged_in,
        oidcc_prompt_none_logged_in,
        oidcc_max_age_1,
        oidcc_max_age_10000,
        oidcc_id_token_hint,
        oidcc_ensure_registered_redirect_uri,
        oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported,
        oidcc_ensure_request_object_with_redirect_uri,
    ]
    answers: [
        oidcc_codereuse,
        oidcc_codereuse_30seconds,
        oidcc_refresh_token,
    ]
}
