//! How much a sign-in proves: `acr` and `amr` (OpenID Connect Core §2, RFC 8176).

use serde::{Deserialize, Serialize};
use store::session::SignInMethod;
use store::source::SourceKind;

/// How much a sign-in proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Acr {
    /// The WeCom client vouched for its owner, who need not have been there.
    Silent,
    /// The person acted: typed a password or a code, or confirmed on their phone.
    Interactive,
}

impl Acr {
    /// Every value, weakest first.
    pub const ALL: [Self; 2] = [Self::Silent, Self::Interactive];

    /// The value as apps read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "urn:hufu:acr:silent",
            Self::Interactive => "urn:hufu:acr:interactive",
        }
    }

    /// The value with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|acr| acr.as_str() == name)
    }

    /// What a way of signing in proves.
    pub fn of(method: SignInMethod, kind: Option<SourceKind>) -> Self {
        match (method, kind) {
            // WeCom does not say whether it asked: the weakest is assumed (ASVS 6.8.4).
            (SignInMethod::Source, Some(SourceKind::WecomMobile) | None) => Self::Silent,
            _ => Self::Interactive,
        }
    }
}

/// The ways of a sign-in, as RFC 8176 §2 names them; for WeCom there is no word.
pub(crate) fn amr(method: SignInMethod) -> &'static [&'static str] {
    match method {
        SignInMethod::Source => &["wecom"],
        SignInMethod::Password => &["pwd"],
        SignInMethod::EmailCode => &["otp"],
        SignInMethod::SmsCode => &["otp", "sms"],
    }
}
