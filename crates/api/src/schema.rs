//! Schemas of what the store defines as words, for the API document.

use std::borrow::Cow;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! words {
    ($($name:ident of $words:path: $description:literal;)*) => {$(
        /// Stands for the store's words of the same name.
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = <$words>::ALL.iter().map(|word| word.as_str());
                let object = ObjectBuilder::new().schema_type(Type::String);
                object.enum_values(Some(words)).description(Some($description)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )*};
}

words! {
    TenantStatus of store::tenant::TenantStatus:
        "`active`: its people may sign in. `suspended`: nothing is served on its host.";
    Status of store::source::Status:
        "`active`: it may be used. `disabled`: switched off by an administrator.";
    SourceKind of store::source::SourceKind:
        "`wecom_qr`: by QR code or quick login in a desktop browser. `wecom_mobile`: silently, inside the WeCom client.";
    SourceMode of store::source::SourceMode:
        "`self_built`: the corp's own app at WeCom (自建应用). `agency`: a service provider's app (代开发).";
    SourceScope of store::source::SourceScope:
        "`snsapi_base`: who it is, silently. `snsapi_privateinfo`: mobile, mail and picture too, with the member's consent.";
    AssociationMode of store::source::AssociationMode:
        "`none`: a new account each time. `field`: by a field that both sides trust. `ask`: the person decides, with proof.";
    UserStatus of store::user::UserStatus:
        "`active`: it may sign in. `suspended`: not at present. `deleted`: never again, a tombstone that keeps its id from being used again.";
    LinkStatus of store::identity::LinkStatus:
        "`active`: the link signs its person in. `suspended`: not at present; the person is not linked anew either.";
    LinkKind of store::link_event::LinkKind:
        "What happened to a link. `create`: made with a new user. `match`: made by a rule. `bind`: made by the person, with proof. `link`: made by an administrator. `unlink`, `suspend`, `resume`: by an administrator or the person. `undo`: taken away because it was wrong. `restore`: put back.";
    Origin of store::user::Origin:
        "`sign_in`: made by a first sign-in, its profile follows WeCom's. `console`: kept by administrators, a sign-in only fills what is empty.";
    SignInMethod of store::session::SignInMethod:
        "How a person signed in: by an identity source, by password, or by a one-time code.";
    AuthMethod of store::app::AuthMethod:
        "How an app proves itself at the token endpoint (OpenID Connect Core §9). `none` is a public app.";
    Algorithm of store::signing_key::Algorithm:
        "A signature algorithm (RFC 7518 §3.1).";
    KeyStatus of store::signing_key::KeyStatus:
        "`next`: published, so that everybody knows it before it signs. `active`: it signs. `retired`: it only verifies what it signed.";
    Profile of store::protocol::Profile:
        "Which rules the provider holds an app to. `oauth21`: PKCE is required. `oidc_basic`: PKCE is the choice of an app with a secret, for older ones. `fapi2`: FAPI 2.0 Security Profile: pushed requests, DPoP, `private_key_jwt`.";
    GrantType of store::protocol::GrantType:
        "A way to tokens (RFC 6749 §1.3).";
    ResponseMode of store::protocol::ResponseMode:
        "How an authorization response comes to the app: in the query of its redirect URI, in a form that the browser posts, or as a message to the window that opened ours.";
    ActorKind of store::audit::ActorKind:
        "`operator`: the installation's operator. `api_key`: a program with an API key. `user`: a person signing in or out. `system`: Hufu itself.";
}

macro_rules! names {
    ($($name:ident of $all:expr;)*) => {$(
        /// Stands for the words of the same name.
        pub(crate) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let object = ObjectBuilder::new().schema_type(Type::String);
                object.enum_values(Some($all.map(|word| word.as_str()))).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )*};
}

names! {
    ActiveOrSuspended of [store::user::UserStatus::Active, store::user::UserStatus::Suspended];
    Check of broker::source_test::Check::ALL;
    Verdict of broker::source_test::Verdict::ALL;
}
