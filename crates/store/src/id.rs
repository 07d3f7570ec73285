//! Identifiers as types: a `UserId` cannot be passed for a `TenantId`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};
use uuid::Uuid;

/// A text that is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is a UUID in lower case with hyphens")]
pub struct IdError;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            /// Takes the hyphenated lower-case form only, so that an id has one spelling.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let id = Uuid::try_parse(text).map_err(|_| IdError)?;
                let mut buffer = Uuid::encode_buffer();
                let canonical = id.as_hyphenated().encode_lower(&mut buffer) == text;
                if canonical { Ok(Self(id)) } else { Err(IdError) }
            }
        }

        impl<D: Database> Type<D> for $name where Uuid: Type<D> {
            fn type_info() -> D::TypeInfo { <Uuid as Type<D>>::type_info() }
            fn compatible(ty: &D::TypeInfo) -> bool { <Uuid as Type<D>>::compatible(ty) }
        }
        impl<'q, D: Database> Encode<'q, D> for $name where Uuid: Encode<'q, D> {
            fn encode_by_ref(&self, buffer: &mut D::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                self.0.encode_by_ref(buffer)
            }
        }
        impl<'r, D: Database> Decode<'r, D> for $name where Uuid: Decode<'r, D> {
            fn decode(value: D::ValueRef<'r>) -> Result<Self, BoxDynError> {
                Uuid::decode(value).map(Self)
            }
        }
    )*};
}

ids! {
    /// A tenant.
    TenantId;
    /// A corp of a tenant (not WeCom's own `corpid`).
    CorpId;
    /// An identity source.
    SourceId;
    /// An app; in OpenID Connect its `client_id`.
    AppId;
    /// A user; in OpenID Connect the `sub`.
    UserId;
    /// The link from a user to an upstream person.
    IdentityId;
    /// A browser that is signed in; in OpenID Connect the `sid`.
    SessionId;
    /// What a user allowed an app in one sign-in.
    GrantId;
    /// A signing key; in JOSE its `kid`.
    KeyId;
    /// An API key of the console.
    ApiKeyId;
    /// An initial access token: with one, apps register themselves.
    InitialAccessTokenId;
    /// An audit event.
    EventId;
    /// An event of the journal of links.
    LinkEventId;
}

/// An enum that is stored as text. Both engines keep it in a `TEXT` column with a `CHECK`.
#[macro_export]
macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every value, in the order of definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The text that is stored and shown in the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl<D: sqlx::Database> sqlx::Type<D> for $name where str: sqlx::Type<D> {
            fn type_info() -> D::TypeInfo { <str as sqlx::Type<D>>::type_info() }
            fn compatible(ty: &D::TypeInfo) -> bool { <str as sqlx::Type<D>>::compatible(ty) }
        }
        impl<'q, D: sqlx::Database> sqlx::Encode<'q, D> for $name
        where &'static str: sqlx::Encode<'q, D> {
            fn encode_by_ref(&self, buffer: &mut D::ArgumentBuffer)
                -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                self.as_str().encode_by_ref(buffer)
            }
        }
        impl<'r, D: sqlx::Database> sqlx::Decode<'r, D> for $name
        where &'r str: sqlx::Decode<'r, D> {
            fn decode(value: D::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                match <&str>::decode(value)? {
                    $($text => Ok(Self::$variant),)*
                    other => Err(format!("{other:?} is no {}", stringify!($name)).into()),
                }
            }
        }
    };
}
