//! Notices by mail of what a person has to know of their account: a new password, a new way in.
//! They go after the change is lasting and hold nothing up.

use notify::Message;
use store::id::UserId;
use store::source::Source;
use store::tenant::Tenant;
use store::user;

use crate::error::Result;
use crate::{Broker, Visitor};

/// What the account's person is told.
#[derive(Debug, Clone)]
pub(crate) enum Notice {
    /// They have another password.
    PasswordChanged,
    /// Somebody can sign in by another source.
    SourceLinked {
        /// The source, as people know it.
        source: String,
    },
}

impl Notice {
    /// The notice about a new link by this source, named in the visitor's language.
    pub(crate) fn linked(source: &Source, visitor: &Visitor) -> Self {
        let names = &source.display_names.0;
        let name = names.get(visitor.language.tag()).or_else(|| names.values().next());
        Self::SourceLinked { source: name.unwrap_or(&source.identifier).clone() }
    }
}

impl Broker {
    /// Tells the person of the account, at their mail address if that is verified. A failure is in the
    /// log.
    pub(crate) fn tell(&self, tenant: &Tenant, visitor: &Visitor, user: UserId, notice: Notice) {
        if !self.notifier.has_mail() {
            return;
        }
        let (broker, tenant, language) = (self.clone(), tenant.clone(), visitor.language);
        tokio::spawn(async move {
            if let Err(error) = broker.mail_notice(&tenant, language, user, &notice).await {
                tracing::warn!(tenant = %tenant.id, %error, "a notice could not be sent");
            }
        });
    }

    async fn mail_notice(
        &self,
        tenant: &Tenant,
        language: notify::Language,
        user: UserId,
        notice: &Notice,
    ) -> Result<()> {
        let user = user::find(&mut self.store().tenant(tenant.id), user).await?;
        let verified = user.filter(|user| user.email_verified).and_then(|user| user.email);
        let Some(address) = verified else { return Ok(()) };
        let message = match notice {
            Notice::PasswordChanged => Message::PasswordChanged,
            Notice::SourceLinked { source } => Message::SourceLinked { source },
        };
        let mail = notify::mail(language, &tenant.display_name, &message).to(&address);
        Ok(self.notifier.mail(&mail).await?)
    }
}
