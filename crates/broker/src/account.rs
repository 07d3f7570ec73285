//! A person's own account: what they see of it, and what they may change.
//!
//! ```text
//! enter_account ─▶ a sign-in ─▶ account ─▶ the page
//!   a change:  fresh_session ─▶ begin_change ─▶ checks, in the transaction ─▶ written
//!                   └─ too old ─▶ sign_in_first ─▶ enter_account, fresh ─▶ the page
//! ```
//! Whoever sits at a browser that was left open sees the account, but changes nothing: each change
//! needs a sign-in of the last minutes (attack M12); taking access away from an app does not. Changes
//! of one account come one after another, so that what one rests on is not taken away by the next.

mod apps;
mod change;
mod link;
mod overview;
mod password;
mod sessions;
mod unlink;

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use store::Scope;
use store::id::UserId;
use store::password::Password;
use store::secret::SecretHash;
use store::session::{self, Session};
use store::tenant::Tenant;

pub use self::overview::Account;
pub use self::password::PasswordChange;
pub use self::unlink::Removable;
use crate::error::Result;
use crate::interaction::{Browser, Interaction, Passage};
use crate::limits::{Target, Trying};
use crate::{Broker, Visitor};

/// How fresh a sign-in has to be for a change of the account (attack M12).
pub(crate) const FRESH: TimeDelta = TimeDelta::minutes(5);

impl Broker {
    /// Begins a passage to the account page; a fresh one asks also whoever is signed in.
    pub async fn enter_account(
        &self,
        tenant: &Tenant,
        browser: &Browser,
        fresh: bool,
    ) -> Result<Interaction> {
        Interaction::begin(self.store(), tenant.id, Passage::Account, browser, fresh).await
    }

    /// The visitor's session, alive, whatever its age.
    pub async fn live_session(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
    ) -> Result<Option<Session>> {
        self.session_within(&mut self.store().tenant(tenant.id), visitor).await
    }

    async fn session_within(
        &self,
        scope: &mut impl Scope,
        visitor: &Visitor,
    ) -> Result<Option<Session>> {
        let Some(token) = &visitor.session else { return Ok(None) };
        let hash = SecretHash::of(token.expose_secret());
        Ok(session::find(scope, &self.store().env, &hash).await?)
    }

    /// Whether this is the password that the person has: the proof for choosing another one. Counted
    /// like every other try at it (attack R2).
    async fn verify_own_password(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        user: UserId,
        stored: &Password,
        given: SecretString,
    ) -> Result<bool> {
        let target = Target::User(user);
        self.count_try(tenant, visitor, Trying::Password, &target).await?;
        let verdict = self.passwords.verify(given, Some(stored.hash.clone())).await?;
        let right = matches!(verdict, ::password::Verdict::Right { .. });
        if right {
            self.forgive_tries(tenant, visitor, Trying::Password, &target).await?;
        }
        Ok(right)
    }
}
