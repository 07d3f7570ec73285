//! What an administrator decides about first sign-ins by a source: the particulars of `association`
//! and `login_only`.

use serde::{Deserialize, Serialize};

/// Makes an enum of words that stands in a JSON document.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every value, in the order of definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    )*};
}

words! {
    /// Which value of the upstream person is compared with which of ours.
    MatchField {
        /// Mobile number with verified phone number.
        Mobile = "mobile",
        /// Mail address with verified mail address.
        Email = "email",
        /// The corp's mailbox with verified mail address.
        BizMail = "biz_mail",
        /// userid with user name.
        UseridUsername = "userid_username",
        /// userid with external id.
        UseridExternalId = "userid_external_id",
    }

    /// What becomes of a person whom no rule finds an account for.
    OnNoMatch {
        /// A new account.
        Create = "create",
        /// The person is asked.
        Ask = "ask",
    }

    /// What becomes of a match that is not beyond doubt.
    OnDoubt {
        /// The person is refused.
        Refuse = "refuse",
        /// The person is asked, with proof.
        Ask = "ask",
    }

    /// How the person is asked.
    AskForm {
        /// Whether they have an account, first.
        Choose = "choose",
        /// One form: who proves an account is bound to it, who does not gets a new one.
        OneForm = "one_form",
    }

    /// How a person proves that an account is theirs.
    Proof {
        /// Its password.
        Password = "password",
        /// A one-time code to its verified mail address.
        EmailCode = "email_code",
        /// A one-time code to its verified phone number.
        SmsCode = "sms_code",
        /// Signing in by another source that it is linked to.
        Source = "source",
    }
}

/// A way in which a first sign-in finds an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchRule {
    /// Which values are compared.
    pub field: MatchField,
    /// Whether the upstream's value is beyond doubt. Without that, a hit is only noted.
    pub trusted: bool,
}

/// The particulars of a source's association.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AssociationPolicy {
    /// In this order; all of them are looked at.
    pub rules: Vec<MatchRule>,
    /// What becomes of a person whom no rule finds an account for.
    pub on_no_match: OnNoMatch,
    /// What becomes of one whom the rules find several accounts for.
    pub on_several: OnDoubt,
    /// What becomes of one whose account has another identity of the corp.
    pub on_other_identity: OnDoubt,
    /// How the person is asked.
    pub ask_form: AskForm,
    /// Which proofs are taken.
    pub proofs: Vec<Proof>,
    /// Whether the person may fetch missing values by authorising once inside the WeCom client.
    pub offer_consent: bool,
    /// Whether the person may type a missing mobile or mail address, which WeCom confirms.
    pub offer_typed: bool,
    /// Whether the WeCom client on a computer offers to go on in the system's browser.
    pub offer_browser: bool,
}

impl Default for AssociationPolicy {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            on_no_match: OnNoMatch::Create,
            on_several: OnDoubt::Refuse,
            on_other_identity: OnDoubt::Refuse,
            ask_form: AskForm::Choose,
            proofs: Proof::ALL.to_vec(),
            offer_consent: false,
            offer_typed: false,
            offer_browser: false,
        }
    }
}
