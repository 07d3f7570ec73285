//! One-time codes by mail and SMS: six digits, ten minutes, five tries, one use; for one purpose of one
//! interaction, and so for the browser that asked (attack R3).
//!
//! Whether an account exists shows nowhere: a code is asked for, counted and answered alike, and only
//! then a message is sent or not, after the answer (attack R1).

use std::time::Duration;

use notify::{Language, Message, Sms};
use serde::{Deserialize, Serialize};
use store::account;
use store::ephemeral::Slot;
use store::id::UserId;
use store::normal::{Email, Phone};
use store::secret::SecretHash;
use store::tenant::{self, Tenant};
use store::user::UserStatus;

use crate::error::{Reason, Refused, Result};
use crate::interaction::Interaction;
use crate::limits::{Target, Trying};
use crate::{Broker, Visitor};

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CodePurpose {
    /// Signing in.
    SignIn,
    /// Proving an account that is to be bound.
    Bind,
    /// Choosing a new password.
    Reset,
}

impl CodePurpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Bind => "bind",
            Self::Reset => "reset",
        }
    }
}

/// Where a code goes.
#[derive(Debug, Clone)]
pub enum Address {
    /// To a mail address.
    Email(Email),
    /// To a phone.
    Phone(Phone),
}

impl Address {
    /// Its normal form.
    pub fn key(&self) -> &str {
        match self {
            Self::Email(email) => email.key(),
            Self::Phone(phone) => phone.key(),
        }
    }

    /// The mail address, if it is one.
    pub fn email(&self) -> Option<&Email> {
        match self {
            Self::Email(email) => Some(email),
            Self::Phone(_) => None,
        }
    }

    /// The phone number, if it is one.
    pub fn phone(&self) -> Option<&Phone> {
        match self {
            Self::Email(_) => None,
            Self::Phone(phone) => Some(phone),
        }
    }
}

/// What is remembered of a code. Of the code itself only the hash.
#[derive(Serialize, Deserialize)]
struct Sent {
    hash: String,
    email: Option<String>,
    phone: Option<String>,
    user: Option<UserId>,
}

/// What a right code proves.
#[derive(Debug)]
pub(crate) struct Confirmed {
    /// The address that it was sent to.
    pub(crate) address: Address,
    /// The account that has the address verified, if one has.
    pub(crate) user: Option<UserId>,
}

const MINUTES: u32 = 10;
const CODE: Slot<Sent> = Slot::new("one_time_code", Duration::from_mins(MINUTES as u64));
/// Tries at one code. They end with it.
const TRIES: Slot<u64> = Slot::new("one_time_code_tries", Duration::from_mins(MINUTES as u64));
const TRIES_AT_MOST: u64 = 5;

fn key(interaction: &Interaction, purpose: CodePurpose) -> String {
    format!("{}:{}", interaction.id, purpose.as_str())
}

fn hash(interaction: &Interaction, purpose: CodePurpose, code: &str) -> SecretHash {
    SecretHash::of(&format!("{}:{code}", key(interaction, purpose)))
}

impl Broker {
    /// Sends a code to the account that has this address verified. `to_anybody` sends it also where
    /// nobody has it, for somebody who may get an account for it.
    pub(crate) async fn send_code(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        interaction: &Interaction,
        purpose: CodePurpose,
        request: CodeRequest<'_>,
    ) -> Result<()> {
        let CodeRequest { address, to_anybody } = request;
        let store = self.store();
        let mut scope = store.tenant(tenant.id);
        let owner = account::by_address(&mut scope, address.email(), address.phone()).await?;
        let to = address.key();
        let target = owner.as_ref().map_or(Target::Nobody(to), |owner| Target::User(owner.id));
        self.count_message(tenant, visitor, to, &target).await?;
        let may_have = match &owner {
            Some(owner) => owner.status == UserStatus::Active,
            None => to_anybody,
        };
        let code = self.digits()?;
        let sent = Sent {
            hash: hash(interaction, purpose, &code).to_text(),
            email: address.email().map(|email| email.as_str().to_owned()),
            phone: address.phone().map(|phone| phone.as_str().to_owned()),
            user: owner.map(|owner| owner.id),
        };
        let at = key(interaction, purpose);
        let _: Option<u64> = store.ephemeral.take(&TRIES, tenant.id, &at).await?;
        // Kept also where nothing is sent: entering it then fails like a wrong one.
        store.ephemeral.put(&CODE, tenant.id, &at, &sent).await?;
        if may_have {
            let (broker, tenant, address) = (self.clone(), tenant.clone(), address.clone());
            let language = visitor.language;
            // After the answer: how long it takes tells nothing. A failure is in the log; the person
            // asks for another code.
            tokio::spawn(async move {
                match broker.may_send(&tenant).await {
                    Ok(true) => {}
                    Ok(false) => {
                        tracing::warn!(tenant = %tenant.id, "too many messages of one tenant");
                        return;
                    }
                    Err(error) => tracing::warn!(%error, "a message could not be counted"),
                }
                let delivered = broker.deliver(&tenant, &address, purpose, language, &code);
                if let Err(error) = delivered.await {
                    tracing::warn!(tenant = %tenant.id, %error, "a message could not be sent");
                }
            });
        }
        Ok(())
    }

    /// Six random digits.
    fn digits(&self) -> Result<String> {
        loop {
            let number = u32::from_be_bytes(self.store().env.bytes()?);
            // The last whole million below 2^32: no number is more likely than another.
            if number < 4_294_000_000 {
                return Ok(format!("{:06}", number % 1_000_000));
            }
        }
    }

    /// Hands a message over.
    async fn deliver(
        &self,
        tenant: &Tenant,
        address: &Address,
        purpose: CodePurpose,
        language: Language,
        code: &str,
    ) -> Result<()> {
        let message = match purpose {
            CodePurpose::SignIn => Message::SignInCode { code, minutes: MINUTES },
            CodePurpose::Bind => Message::BindCode { code, minutes: MINUTES },
            CodePurpose::Reset => Message::ResetPasswordCode { code, minutes: MINUTES },
        };
        let brand = &tenant.display_name;
        match address {
            Address::Email(email) => {
                let mail = notify::mail(language, brand, &message).to(email.as_str());
                self.notifier.mail(&mail).await?;
            }
            Address::Phone(phone) => {
                let store = self.store();
                let webhook = tenant::sms_webhook(&store.database, &store.keys, tenant.id).await?;
                let webhook = webhook
                    .map(|webhook| notify::Webhook { url: webhook.url, secret: webhook.secret });
                let (id, of) = (store.env.random_id()?.to_string(), tenant.id.to_string());
                let sms = Sms::new(&id, phone.as_str(), &of, language, brand, &message);
                let now = store.env.now().timestamp();
                self.notifier.sms(webhook.as_ref(), &sms, now).await?;
            }
        }
        Ok(())
    }

    /// Takes a code that the person entered. Of several attempts with the right one, one gets it.
    pub(crate) async fn confirm_code(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        interaction: &Interaction,
        purpose: CodePurpose,
        code: &str,
    ) -> Result<Confirmed> {
        let right = self.look_at_code(tenant, visitor, interaction, purpose, code).await?;
        self.use_code_up(tenant, interaction, purpose, right).await
    }

    /// Looks at a code that the person entered, and leaves it: for where something else may still be
    /// wrong.
    pub(crate) async fn look_at_code(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        interaction: &Interaction,
        purpose: CodePurpose,
        code: &str,
    ) -> Result<RightCode> {
        let store = self.store();
        let wrong = || Refused::because(Reason::CodeWrong);
        let at = key(interaction, purpose);
        if store.ephemeral.count(&TRIES, tenant.id, &at).await? > TRIES_AT_MOST {
            return Err(Refused::because(Reason::TooManyRequests));
        }
        let sent: Sent = store.ephemeral.get(&CODE, tenant.id, &at).await?.ok_or_else(wrong)?;
        let target = sent.target().ok_or_else(wrong)?;
        self.count_try(tenant, visitor, Trying::Code, &target).await?;
        let entered: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let entered = hash(interaction, purpose, &entered).to_text();
        if !bool::from(subtle::ConstantTimeEq::ct_eq(entered.as_bytes(), sent.hash.as_bytes())) {
            return Err(wrong());
        }
        self.forgive_tries(tenant, visitor, Trying::Code, &target).await?;
        let email = sent.email.and_then(|text| Email::parse(&text).ok()).map(Address::Email);
        let phone = sent.phone.and_then(|text| Phone::parse(&text).ok()).map(Address::Phone);
        let address = email.or(phone).ok_or_else(wrong)?;
        // Who has the address now: it may have changed hands since.
        let mut scope = store.tenant(tenant.id);
        let owner = account::by_address(&mut scope, address.email(), address.phone()).await?;
        match owner {
            Some(owner) if owner.status != UserStatus::Active => Err(wrong()),
            owner => {
                let confirmed = Confirmed { address, user: owner.map(|owner| owner.id) };
                Ok(RightCode { confirmed, hash: sent.hash })
            }
        }
    }

    /// Uses a right code up. Of several attempts, one gets what it proves.
    pub(crate) async fn use_code_up(
        &self,
        tenant: &Tenant,
        interaction: &Interaction,
        purpose: CodePurpose,
        right: RightCode,
    ) -> Result<Confirmed> {
        let at = key(interaction, purpose);
        let taken: Option<Sent> = self.store().ephemeral.take(&CODE, tenant.id, &at).await?;
        // Another attempt was faster, or a newer code was sent meanwhile.
        match taken {
            Some(taken) if taken.hash == right.hash => Ok(right.confirmed),
            _ => Err(Refused::because(Reason::CodeWrong)),
        }
    }
}

/// A code that was right, and is not used up yet.
pub(crate) struct RightCode {
    pub(crate) confirmed: Confirmed,
    hash: String,
}

impl Sent {
    /// Whose tries are counted.
    fn target(&self) -> Option<Target<'_>> {
        match (self.user, &self.email, &self.phone) {
            (Some(user), ..) => Some(Target::User(user)),
            (None, Some(address), _) | (None, None, Some(address)) => Some(Target::Nobody(address)),
            (None, None, None) => None,
        }
    }
}

/// A code that is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodeRequest<'a> {
    /// Where it goes.
    pub(crate) address: &'a Address,
    /// Whether also to an address that no account has.
    pub(crate) to_anybody: bool,
}
