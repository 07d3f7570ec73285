//! Whose a mobile number or a mail address is: `user/getuserid` and `user/get_userid_by_email`.

use store::id::TenantId;
use store::identity::Subject;
use store::normal::Phone;
use store::source::Source;
use wecom::{Action, EmailKind, Error, TransportError};

use super::{WeCom, fault, mode};
use crate::error::Reason;
use crate::supplement::Typed;
use crate::upstream::{LookUpFault, LooksUp, UpstreamFault};

/// The call that gives an access token: what fails there was no look-up.
const GETTOKEN: &str = "cgi-bin/gettoken";

impl LooksUp for WeCom {
    async fn owner(
        &self,
        tenant: TenantId,
        source: &Source,
        value: &Typed,
    ) -> Result<Option<Subject>, LookUpFault> {
        let credentials = self.credentials(tenant, source).map_err(|error| {
            tracing::error!(%error, source = %source.id, "a source's secret cannot be read");
            let fault = UpstreamFault::plain(Reason::SourceMisconfigured);
            LookUpFault { fault, may_count: false, blocked: false }
        })?;
        let client = self.client();
        let found = match value {
            Typed::Mobile(phone) => client.user_id_by_mobile(&credentials, form_of(phone)).await,
            Typed::BizMail(mail) => {
                client.user_id_by_email(&credentials, mail.as_str(), EmailKind::Corp).await
            }
            Typed::Email(mail) => {
                client.user_id_by_email(&credentials, mail.as_str(), EmailKind::Personal).await
            }
        };
        match found {
            Ok(found) => Ok(found.map(|user_id| Subject {
                corp_id: source.corp_id.clone(),
                subject: user_id.subject_key(mode(source.mode)).into_owned(),
                userid: user_id.as_received().to_owned(),
            })),
            // Somebody of a linked corp, or whom the app may not see: nobody of ours.
            Err(Error::UnexpectedUserId { .. }) => Ok(None),
            Err(Error::Api(api)) if api.path != GETTOKEN && api.action == Action::NotAMember => {
                Ok(None)
            }
            Err(error) => Err(look_up_fault(&error)),
        }
    }
}

/// A number as WeCom has it: of mainland China without the country. WeCom documents no form
/// [D 95402]; this is how its console takes them.
fn form_of(phone: &Phone) -> &str {
    phone.as_str().strip_prefix("+86").unwrap_or(phone.as_str())
}

/// What a failed look-up means. "Nobody has it" is what WeCom counts [D 90312]; any other refusal
/// was no look-up, unless WeCom was busy, and what got lost on the way may have been one.
fn look_up_fault(error: &Error) -> LookUpFault {
    let (may_count, blocked) = match error {
        Error::Api(api) if api.path != GETTOKEN => {
            (api.action == Action::Retry, api.action == Action::Wait)
        }
        Error::Transport { path, source } => {
            (*path != GETTOKEN && !matches!(source, TransportError::Connect(_)), false)
        }
        Error::Malformed { path, .. } | Error::Mismatch { path, .. } => (*path != GETTOKEN, false),
        _ => (false, false),
    };
    let fault = fault(error);
    // The person came by this source just now, and has other ways: what an administrator has to mend
    // about the look-ups stands in the audit event.
    let reason = match fault.reason {
        Reason::UpstreamBusy => Reason::UpstreamBusy,
        Reason::SourceMisconfigured if fault.credentials_refused => Reason::SourceMisconfigured,
        _ => Reason::UpstreamUnavailable,
    };
    LookUpFault { fault: UpstreamFault { reason, ..fault }, may_count, blocked }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_mainland_china_go_without_the_country() {
        let of = |text: &str| form_of(&Phone::parse(text).unwrap()).to_owned();
        assert_eq!(of("+86 138 0000 0001"), "13800000001");
        assert_eq!(of("13800000001"), "13800000001");
        assert_eq!(of("+852 2123 4567"), "+85221234567");
    }
}
