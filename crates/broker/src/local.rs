//! Signing in without a source: by password, or by a one-time code to a verified address; and choosing
//! a new password when the old one is forgotten.

use secrecy::SecretString;
use store::TenantWrite;
use store::account;
use store::app;
use store::audit::{self, ActorKind, Event};
use store::id::UserId;
use store::normal::{Email, Handle, Phone};
use store::session::{self, SignInMethod, SignedInBy};
use store::tenant::Tenant;
use store::user::{self, UserStatus};

use crate::arrive::Arriving;
use crate::codes::{Address, CodePurpose, CodeRequest};
use crate::dispatch::Next;
use crate::error::{Error, Reason, Refused, Result};
use crate::evidence::Evidence;
use crate::interaction::{Interaction, InteractionId, Passage};
use crate::limits::{Target, Trying};
use crate::notices::Notice;
use crate::{Broker, Visitor};

/// What people may do at an interaction's login page beside its sources.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four switches of an administrator")]
pub struct LocalMethods {
    /// Sign in by password.
    pub password: bool,
    /// Sign in by a code to the mail address.
    pub email_code: bool,
    /// Sign in by a code to the phone.
    pub sms_code: bool,
    /// Choose a new password, by a code to the mail address.
    pub reset: bool,
}

impl LocalMethods {
    /// Whether there is any.
    pub fn any(self) -> bool {
        self.password || self.email_code || self.sms_code
    }
}

impl Broker {
    /// What the app of an interaction allows. Without an app, what any of the tenant's allows: a
    /// session carries only to the apps that allow its method.
    pub async fn local_methods(
        &self,
        tenant: &Tenant,
        interaction: &Interaction,
    ) -> Result<LocalMethods> {
        // A further way in is added by a source; nobody signs in on somebody else's behalf.
        let elsewhere = matches!(
            interaction.passage,
            Passage::Link { .. } | Passage::Consent { .. } | Passage::Approval { .. }
        );
        if elsewhere {
            return Ok(LocalMethods::default());
        }
        let mut scope = self.store().tenant(tenant.id);
        let allowed = match interaction.app() {
            Some(_) => {
                let app = self.usable_app(&mut scope, interaction).await?;
                app.map(|app| app.sign_in_methods.0.values).unwrap_or_default()
            }
            None => app::sign_in_methods_of_any(&mut scope).await?,
        };
        let has = |method: SignInMethod| allowed.iter().any(|known| known == method.as_str());
        let mail = self.notifier.has_mail();
        Ok(LocalMethods {
            password: has(SignInMethod::Password),
            email_code: has(SignInMethod::EmailCode) && mail,
            sms_code: has(SignInMethod::SmsCode),
            reset: has(SignInMethod::Password) && mail,
        })
    }

    /// Signs in by password.
    pub async fn sign_in_by_password(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
        name: &str,
        password: SecretString,
    ) -> Result<Next> {
        let interaction = self.interaction(tenant, id, visitor).await?;
        let result = async {
            if !self.local_methods(tenant, &interaction).await?.password {
                return Err(Refused::within(Reason::NotOffered, &interaction).into());
            }
            let known = self.verify_password(tenant, visitor, name, password).await?;
            self.arrive_by(tenant, visitor, &interaction, known, SignedInBy::Password).await
        };
        let result = result.await;
        self.noted(tenant, visitor, &interaction, result).await
    }

    /// Whose account this is, by name and password. Wrong name and wrong password are one answer, in
    /// text and in time (attack R1).
    pub(crate) async fn verify_password(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        name: &str,
        password: SecretString,
    ) -> Result<(UserId, Evidence)> {
        let store = self.store();
        let mut found = account::by_name(&mut store.tenant(tenant.id), name).await?;
        // Whom two accounts answer to is nobody: neither is guessed.
        let named = if found.len() == 1 { found.pop() } else { None };
        let typed = typed_key(name);
        let target = named.as_ref().map_or(Target::Nobody(&typed), |named| Target::User(named.id));
        self.count_try(tenant, visitor, Trying::Password, &target).await?;
        let stored = named.as_ref().and_then(|named| named.password.clone());
        let verdict = self.passwords.verify(password.clone(), stored.clone()).await?;
        let failed = || Refused::because(Reason::ProofFailed);
        let (Some(named), password::Verdict::Right { outdated }) = (&named, verdict) else {
            return Err(failed());
        };
        let chosen = named.password_changed_at.ok_or_else(failed)?;
        // Said only to who knows the password.
        if named.status != UserStatus::Active {
            return Err(Refused::because(Reason::UserSuspended));
        }
        self.forgive_tries(tenant, visitor, Trying::Password, &target).await?;
        if let (true, Some(before)) = (outdated, stored) {
            self.rehash(tenant, named.id, &before, password).await;
        }
        Ok((named.id, Evidence::Password(chosen)))
    }

    /// Keeps the password's hash up to date with the settings. Failing to changes nothing.
    async fn rehash(&self, tenant: &Tenant, user: UserId, before: &str, password: SecretString) {
        let done = async {
            let hash = self.passwords.hash(password, self.store().env.bytes()?).await?;
            let mut single = self.store().single(tenant.id);
            store::password::rehash(&mut single, user, before, &hash).await?;
            Ok::<(), Error>(())
        };
        if let Err(error) = done.await {
            tracing::warn!(%error, "a password could not be hashed anew");
        }
    }

    /// Sends a code to sign in by, or to choose a new password by.
    pub async fn send_local_code(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
        purpose: CodePurpose,
        address: &Address,
    ) -> Result<()> {
        let interaction = self.interaction(tenant, id, visitor).await?;
        let methods = self.local_methods(tenant, &interaction).await?;
        let offered = match (purpose, address) {
            (CodePurpose::SignIn, Address::Email(_)) => methods.email_code,
            (CodePurpose::SignIn, Address::Phone(_)) => methods.sms_code,
            (CodePurpose::Reset, Address::Email(_)) => methods.reset,
            (CodePurpose::Reset, Address::Phone(_)) | (CodePurpose::Bind, _) => false,
        };
        if !offered {
            return Err(Refused::within(Reason::NotOffered, &interaction).into());
        }
        let request = CodeRequest { address, to_anybody: false };
        self.send_code(tenant, visitor, &interaction, purpose, request).await
    }

    /// Signs in by a code.
    pub async fn sign_in_by_code(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
        code: &str,
    ) -> Result<Next> {
        let interaction = self.interaction(tenant, id, visitor).await?;
        let result = async {
            let confirmed =
                self.confirm_code(tenant, visitor, &interaction, CodePurpose::SignIn, code).await?;
            let methods = self.local_methods(tenant, &interaction).await?;
            let (by, allowed) = match confirmed.address {
                Address::Email(_) => (SignedInBy::EmailCode, methods.email_code),
                Address::Phone(_) => (SignedInBy::SmsCode, methods.sms_code),
            };
            if !allowed {
                return Err(Refused::within(Reason::NotOffered, &interaction).into());
            }
            let user = confirmed.user.ok_or_else(|| Refused::because(Reason::CodeWrong))?;
            let known = (user, Evidence::from(&confirmed.address));
            self.arrive_by(tenant, visitor, &interaction, known, by).await
        };
        let result = result.await;
        self.noted(tenant, visitor, &interaction, result).await
    }

    /// Chooses a new password, with the code that was sent for it. Every session of the account ends:
    /// whoever knew the old one is out (attack M8).
    pub async fn reset_password(
        &self,
        tenant: &Tenant,
        id: &InteractionId,
        visitor: &Visitor,
        code: &str,
        password: SecretString,
    ) -> Result<()> {
        let interaction = self.interaction(tenant, id, visitor).await?;
        let result = async {
            if !self.local_methods(tenant, &interaction).await?.reset {
                return Err(Refused::within(Reason::NotOffered, &interaction).into());
            }
            let purpose = CodePurpose::Reset;
            let right = self.look_at_code(tenant, visitor, &interaction, purpose, code).await?;
            let user = right.confirmed.user.ok_or_else(|| Refused::because(Reason::CodeWrong))?;
            // Before the code is used up: a weak password is mended with the same code.
            self.check_password(tenant, user, &password).await?;
            let confirmed = self.use_code_up(tenant, &interaction, purpose, right).await?;
            let known = (user, Evidence::from(&confirmed.address));
            self.write_new_password(tenant, visitor, known, password).await
        };
        let result = result.await;
        self.noted(tenant, visitor, &interaction, result).await
    }

    /// Whether a user may have this password: it is neither weak nor about the person.
    pub(crate) async fn check_password(
        &self,
        tenant: &Tenant,
        user: UserId,
        password: &SecretString,
    ) -> Result<()> {
        let account = user::find(&mut self.store().tenant(tenant.id), user).await?;
        let account = account.filter(|account| account.status == UserStatus::Active);
        let account = account.ok_or_else(|| Refused::because(Reason::UserSuspended))?;
        password::check(password, &account.known_by())
            .map_err(|_| Refused::because(Reason::PasswordUnacceptable))
    }

    /// Sets a user's password, which was checked, and ends every session.
    async fn write_new_password(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        (user, evidence): (UserId, Evidence),
        password: SecretString,
    ) -> Result<()> {
        let store = self.store();
        let hash = self.passwords.hash(password, store.env.bytes()?).await?;
        let mut tx = store.begin(tenant.id).await?;
        self.still_known(&mut tx, user, &evidence).await?;
        store::password::set(&mut tx, &store.env, user, &hash).await?;
        session::end_all_of_user(&mut tx, &store.env, user).await?;
        let event = Event {
            actor_kind: ActorKind::User,
            actor_id: Some(user.0),
            user_id: Some(user),
            address: visitor.address.map(|address| address.to_string()),
            ..Event::system("password.reset", "ok")
        };
        audit::record(&mut tx, &store.env, event).await?;
        tx.commit().await?;
        self.tell(tenant, visitor, user, Notice::PasswordChanged);
        Ok(())
    }

    /// Holds the account, and refuses if it was switched off or recovered since it was proved.
    async fn still_known(
        &self,
        tx: &mut TenantWrite,
        user: UserId,
        evidence: &Evidence,
    ) -> Result<()> {
        let account = user::lock(tx, user).await?;
        if account.is_none_or(|account| account.status != UserStatus::Active) {
            return Err(Refused::because(Reason::UserSuspended));
        }
        if evidence.holds(tx, user).await? {
            return Ok(());
        }
        Err(Refused::because(match evidence {
            Evidence::Password(_) | Evidence::Link(..) => Reason::ProofFailed,
            Evidence::Email(_) | Evidence::Phone(_) => Reason::CodeWrong,
        }))
    }

    /// The person is known: on to where the interaction leads.
    async fn arrive_by(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        interaction: &Interaction,
        (user, evidence): (UserId, Evidence),
        by: SignedInBy,
    ) -> Result<Next> {
        let mut tries_left = 3;
        loop {
            let mut tx = self.store().begin(tenant.id).await?;
            self.still_known(&mut tx, user, &evidence).await?;
            let detail = serde_json::json!({ "method": by.method() });
            let arriving = Arriving { user, by, detail };
            match self.arrive(tx, tenant, visitor, interaction, arriving).await {
                Err(Error::Store(store::Error::Conflict)) if tries_left > 0 => tries_left -= 1,
                outcome => return outcome.map(crate::arrive::Completed::next),
            }
        }
    }

    /// Records a refusal with the interaction's trace code.
    pub(crate) async fn noted<T>(
        &self,
        tenant: &Tenant,
        visitor: &Visitor,
        interaction: &Interaction,
        result: Result<T>,
    ) -> Result<T> {
        match result {
            Err(Error::Refused(mut refused)) => {
                refused.trace.get_or_insert_with(|| interaction.trace.clone());
                if let (None, Some(app)) = (&refused.app, interaction.app()) {
                    let mut scope = self.store().tenant(tenant.id);
                    refused.app = app::find(&mut scope, app).await?;
                }
                refused.retry.get_or_insert_with(|| interaction.id.clone());
                self.record_refusal(tenant, visitor, &mut refused, None).await;
                Err(Error::Refused(refused))
            }
            other => other,
        }
    }
}

/// The normal form of whatever was typed as a name, so that variants of a name that nobody has count
/// as one.
fn typed_key(name: &str) -> String {
    let email = Email::parse(name).ok().map(|email| email.key().to_owned());
    let phone = Phone::parse(name).ok().map(|phone| phone.key().to_owned());
    let handle = || Handle::parse(name).ok().map(|handle| handle.key().to_owned());
    let key = email.or(phone).or_else(handle);
    key.unwrap_or_else(|| store::secret::SecretHash::of(name).to_text())
}
