//! The matrix' two lists: what a tenant's host hands out, and where it is shown.

/// A part of a tenant's host whose endpoints need the same beginnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// What everybody may read.
    Public,
    /// What programs call.
    Programs,
    /// Where an app sends the browser.
    Authorization,
    /// The login page, and upstream and back.
    Login,
    /// Who somebody is here.
    Binding,
    /// A value that WeCom tells with the person's consent only.
    Supplement,
    /// A person's own account.
    Account,
    /// From the workbench, and on in another browser.
    Places,
}

impl Group {
    /// Where a path of the router's table belongs. One that is nowhere fails every case: whoever adds
    /// an endpoint says here what is shown to it.
    pub(super) fn of(pattern: &str) -> Self {
        match pattern {
            "/oidc/.well-known/openid-configuration"
            | "/.well-known/oauth-authorization-server/oidc"
            | "/oidc/.well-known/jwks.json"
            | "/WW_verify_{name:[A-Za-z0-9]{1,64}}.txt"
            | "/wecom/contacts/{path}"
            | "/sdk/hufu.js"
            | "/assets/{name}" => Self::Public,
            "/oidc/request"
            | "/oidc/token"
            | "/oidc/token/introspection"
            | "/oidc/token/revocation"
            | "/oidc/me"
            | "/oidc/register"
            | "/oidc/register/{client}" => Self::Programs,
            "/oidc/auth" | "/oidc/session/end" | "/approve" => Self::Authorization,
            "/login"
            | "/login/cancel"
            | "/login/password"
            | "/login/code"
            | "/login/code/enter"
            | "/password/forgot"
            | "/password/reset"
            | "/connections/social/{identifier}"
            | "/connections/social/{identifier}/callback" => Self::Login,
            "/bind" | "/bind/existing" | "/bind/create" | "/bind/confirm" | "/bind/another"
            | "/bind/password" | "/bind/code" | "/bind/code/enter" => Self::Binding,
            "/bind/typed"
            | "/bind/consent"
            | "/bind/consent/status"
            | "/bind/consent/continue"
            | "/c/{ticket}"
            | "/consent"
            | "/consent/refuse"
            | "/consent/done" => Self::Supplement,
            "/connections/social/{identifier}/workbench/{app}"
            | "/continue"
            | "/continue/offer"
            | "/continue/{ticket}" => Self::Places,
            account if account == "/account" || account.starts_with("/account/") => Self::Account,
            other => panic!("{other} is not in the matrix"),
        }
    }
}

macro_rules! artefacts {
    ($($(#[$doc:meta])* $name:ident in $group:ident,)*) => {
        /// Something that a tenant's host, or its console, hands out.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Artefact {
            $($(#[$doc])* $name,)*
        }

        impl Artefact {
            /// All of them, each with a group in which requests rest on it.
            pub(super) const ALL: &[(Self, Group)] = &[$((Self::$name, Group::$group),)*];
        }
    };
}

artefacts! {
    /// The session's cookie.
    Session in Account,
    /// The cookie of the browser's secret.
    Browser in Login,
    /// The token of a page's form.
    FormToken in Login,
    /// The name of an interaction.
    Interaction in Login,
    /// What WeCom brings back.
    UpstreamState in Login,
    /// A code that was sent by mail.
    OneTimeCode in Login,
    /// An app's id, `client_id`.
    AppId in Authorization,
    /// The name of a pushed request.
    RequestUri in Authorization,
    /// An ID token, as a hint.
    IdToken in Authorization,
    /// An app's id and secret.
    ClientCredentials in Programs,
    /// An app's signed assertion.
    ClientAssertion in Programs,
    /// A proof of an app's key.
    DpopProof in Programs,
    /// The nonce of such a proof.
    DpopNonce in Programs,
    /// An authorization code.
    AuthorizationCode in Programs,
    /// An access token.
    AccessToken in Programs,
    /// A refresh token.
    RefreshToken in Programs,
    /// What an app registers itself with.
    InitialAccessToken in Programs,
    /// What a registered app manages itself with.
    RegistrationToken in Programs,
    /// A key of the console API.
    ApiKey in Programs,
    /// The link that a phone opens to authorise.
    ConsentTicket in Supplement,
    /// The link to another browser.
    HandOverTicket in Places,
    /// What is typed instead of it.
    HandOverCode in Places,
    /// The id of a way in.
    IdentityId in Account,
    /// The id of another session of the person.
    SessionId in Account,
    /// The name of a domain's proof for WeCom.
    VerificationFile in Public,
    /// The address that WeCom calls.
    ContactCallback in Public,
    /// What WeCom signs a call with.
    ContactSignature in Public,
}
