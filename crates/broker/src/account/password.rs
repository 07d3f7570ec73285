//! Choosing a password. The one that the person has is the proof; without one, the fresh sign-in is.

use ::password::Unacceptable;
use secrecy::SecretString;
use store::audit::Event;
use store::password::{self, Password};
use store::tenant::Tenant;
use store::user::{self, User};
use store::{session, way_in};

use crate::error::{Reason, Refused, Result};
use crate::notices::Notice;
use crate::{Broker, Visitor};

const ACTION: &str = "password.change";

/// What became of a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordChange {
    /// It is the person's password now.
    Done,
    /// It is too easy to guess.
    Unacceptable(Unacceptable),
    /// The password that was given as proof is not the person's.
    WrongCurrent,
}

impl Broker {
    /// Sets the visitor's own password. Every other session ends.
    pub async fn change_password(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        current: SecretString,
        new: SecretString,
    ) -> Result<PasswordChange> {
        let store = self.store();
        let id = self.fresh_session(tenant, visitor).await?.user_id;
        let mut scope = store.tenant(tenant.id);
        let user = user::find(&mut scope, id).await?;
        let user = user.ok_or_else(|| Refused::because(Reason::SignInFirst))?;
        let before = password::find(&mut scope, id).await?;
        if let Some(before) = &before {
            if !self.verify_own_password(tenant, visitor, id, before, current).await? {
                return self.wrong_current(tenant, visitor, &user).await;
            }
        } else if !way_in::without(&mut scope, id, None).await?.could_use_password() {
            return Err(Refused::because(Reason::NotOffered));
        }
        if let Err(flaw) = ::password::check(&new, &user.known_by()) {
            return Ok(PasswordChange::Unacceptable(flaw));
        }
        // Before the transaction: it takes its time, and SQLite has one writer.
        let hash = self.passwords.hash(new, store.env.bytes()?).await?;
        let mut change = self.begin_change(tenant, visitor).await?;
        let now = password::find(&mut change.tx, id).await?;
        if change.user.id != id || !is_same(now.as_ref(), before.as_ref()) {
            // Changed meanwhile: what was proved is not the password any more.
            drop(change);
            return self.wrong_current(tenant, visitor, &user).await;
        }
        password::set(&mut change.tx, &store.env, id, &hash).await?;
        let kept = Some(change.session.id);
        session::end_others_of_user(&mut change.tx, &store.env, id, kept).await?;
        self.finish_change(change, visitor, Event::system(ACTION, "ok")).await?;
        self.tell(tenant, visitor, id, Notice::PasswordChanged);
        Ok(PasswordChange::Done)
    }

    async fn wrong_current(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        user: &User,
    ) -> Result<PasswordChange> {
        self.refuse_change(tenant, visitor, user.id, ACTION, Reason::ProofFailed).await;
        Ok(PasswordChange::WrongCurrent)
    }
}

fn is_same(now: Option<&Password>, before: Option<&Password>) -> bool {
    now.map(|password| &password.hash) == before.map(|password| &password.hash)
}
