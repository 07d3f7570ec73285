//! Plans of the OpenID Foundation's conformance suite, module by module, on every backend and on two
//! tenants at once: Basic, Form Post, Config, Dynamic, 3rd Party-Init, RP-initiated and Back-Channel
//! Logout, and the FAPI 2.0 Security Profile with `private_key_jwt`, DPoP and `plain_fapi`. A test has its module's name (of
//! FAPI's without what all of them begin with) and does what the module does. Where a module takes
//! several outcomes, the test says which is ours.
//!
//! What only a running suite can see (TLS versions and ciphers, screenshots) is not here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[macro_use]
mod side;

mod backchannel;
mod basic;
mod dynamic;
mod fapi2;
mod logout;
mod rp;

/// What the names of all modules begin with.
const PREFIX: &str = "fapi2-security-profile-final-";

/// The modules of the plan, by the file of their test.
const MODULES: [(&str, &[&str]); 6] = [
    (
        "fapi2::accepted",
        &[
            "discovery-end-point-verification",
            "happy-flow",
            "ensure-authorization-request-without-state-success",
            "ensure-authorization-request-without-nonce-success",
            "ensure-authorization-request-with-64-char-nonce-success",
            "ensure-authorization-request-with-long-nonce",
            "ensure-authorization-request-with-long-state",
            "ensure-other-scope-order-succeeds",
            "test-claims-parameter-identity-claims",
            "user-rejects-authentication",
        ],
    ),
    (
        "fapi2::authorization",
        &[
            "ensure-unsigned-authorization-request-without-using-par-fails",
            "ensure-redirect-uri-in-authorization-request",
            "ensure-request-object-without-redirect-uri-fails",
            "ensure-response-type-code-idtoken-fails",
            "ensure-response-type-token-fails",
            "ensure-different-nonce-inside-and-outside-request-object",
            "ensure-different-state-inside-and-outside-request-object",
            "state-only-outside-request-object-not-used",
            "plain-fapi-tolerate-unregistered-redirect-uri",
        ],
    ),
    (
        "fapi2::pushed",
        &[
            "par-without-duplicate-parameters",
            "par-ensure-reused-request-uri-prior-to-auth-completion-succeeds",
            "par-attempt-reuse-request_uri",
            "par-attempt-to-use-expired-request_uri",
            "par-attempt-to-use-request_uri-for-different-client",
            "par-authorization-request-containing-request_uri-form-param",
            "par-attempt-invalid-http-method",
            "par-ensure-pkce-required",
            "par-plain-pkce-rejected",
        ],
    ),
    (
        "fapi2::assertion",
        &[
            "ensure-client-id-in-token-endpoint",
            "ensure-client-assertion-in-token-endpoint",
            "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails",
            "ensure-client-assertion-with-wrong-aud-fails",
            "ensure-client-assertion-with-no-sub-fails",
            "ensure-signed-client-assertion-with-RS256-fails",
            "par-test-array-as-audience-fails",
            "par-test-par-endpoint-url-as-audience-fails",
            "par-test-token-endpoint-url-as-audience-fails",
            "par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted",
            "par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails",
        ],
    ),
    (
        "fapi2::token",
        &[
            "ensure-authorization-code-is-bound-to-client",
            "attempt-reuse-authorization-code-after-one-second",
            "ensure-token-endpoint-fails-with-expired-auth-code",
            "ensure-pkce-code-verifier-required",
            "incorrect-pkce-code-verifier-rejected",
            "refresh-token",
        ],
    ),
    (
        "fapi2::dpop",
        &[
            "access-token-type-header-case-sensitivity",
            "check-dpop-proof-nbf-exp",
            "ensure-dpopproof-with-iat-10seconds-before-succeeds",
            "ensure-dpopproof-with-iat-10seconds-after-succeeds",
            "ensure-dpopproof-at-par-endpoint-binding-success",
            "ensure-dpop-auth-code-binding-success",
            "ensure-mismatched-dpop-jkt-fails",
            "ensure-token-endpoint-fails-with-mismatched-dpop-jkt",
            "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt",
            "ensure-holder-of-key-required",
            "dpop-negative-tests",
        ],
    ),
];

/// The plan has 56 modules for `private_key_jwt` with DPoP, and each has its test.
#[test]
fn every_module_of_the_plan_has_its_test() {
    let source = |file| match file {
        "fapi2::accepted" => include_str!("fapi2/accepted.rs"),
        "fapi2::authorization" => include_str!("fapi2/authorization.rs"),
        "fapi2::pushed" => include_str!("fapi2/pushed.rs"),
        "fapi2::assertion" => include_str!("fapi2/assertion.rs"),
        "fapi2::token" => include_str!("fapi2/token.rs"),
        "fapi2::dpop" => include_str!("fapi2/dpop.rs"),
        other => panic!("{other} is no file"),
    };
    let mut all: Vec<&str> = MODULES.iter().flat_map(|(_, modules)| *modules).copied().collect();
    for (file, modules) in MODULES {
        for module in modules {
            // Names of functions have no capitals.
            let name = module.replace('-', "_").to_lowercase();
            let written = source(file).matches(&format!("async fn {name}(")).count();
            assert_eq!(written, 1, "{PREFIX}{module} in {file}");
        }
        let written = source(file).matches("(side: Side)").count();
        assert_eq!(written, modules.len(), "{file} has tests that are no module's");
    }
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 56);
}

/// Each of the Basic and Form Post plans has 35 modules for clients that were registered beforehand, and
/// the plans of signing out, of discovery and of the back channel have 11, one and two.
#[test]
fn every_module_of_the_connect_plans_has_its_test() {
    let mut all: Vec<&str> =
        basic::MODULES.iter().flat_map(|(_, modules)| *modules).copied().collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 35);
    let mut dynamic: Vec<&str> =
        dynamic::MODULES.iter().flat_map(|(_, modules)| *modules).copied().collect();
    dynamic.sort_unstable();
    dynamic.dedup();
    // Of the plans Dynamic OP and 3rd Party-Init.
    assert_eq!(dynamic.len(), 23 + 2);
    assert_eq!(logout::MODULES.len(), 12);
    for module in logout::MODULES {
        let source = include_str!("logout.rs");
        assert_eq!(source.matches(&format!("async fn {module}(rp: Rp)")).count(), 1, "{module}");
    }
    assert_eq!(backchannel::MODULES.len(), 2);
    for module in backchannel::MODULES {
        let source = include_str!("backchannel.rs");
        assert_eq!(source.matches(&format!("async fn {module}(world")).count(), 1, "{module}");
    }
}
