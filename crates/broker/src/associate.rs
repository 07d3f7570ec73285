//! Association: which user an upstream person is. A pure decision, and the act.

use store::identity::{self, LinkedUser};
use store::source::Source;
use store::user::{self, Profile, UserStatus};
use store::{Env, TenantWrite, id::UserId};

use crate::error::{Error, Reason};
use crate::upstream::UpstreamIdentity;

/// Which user an upstream person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Association {
    /// The one that the person has been linked to before.
    Linked(UserId),
    /// A new one.
    Create,
    /// None: the person is refused.
    Refuse(Reason),
}

/// Decides. The link decides, whatever else is known (rule 5); without one, a new user is made
/// unless the source lets only existing users in (rule 7).
pub(crate) fn decide(login_only: bool, linked: Option<(UserId, UserStatus)>) -> Association {
    match linked {
        Some((user, UserStatus::Active)) => Association::Linked(user),
        Some((_, UserStatus::Suspended | UserStatus::Deleted)) => {
            Association::Refuse(Reason::UserSuspended)
        }
        None if login_only => Association::Refuse(Reason::LoginOnly),
        None => Association::Create,
    }
}

/// The user that an upstream person turned out to be.
pub(crate) struct Associated {
    pub(crate) user: UserId,
    pub(crate) created: bool,
}

/// Decides and acts in the transaction. Of two first sign-ins of one person at once, one makes the
/// user; the other's transaction is refused with [`store::Error::Conflict`] and has to be begun
/// anew, and then finds the link.
pub(crate) async fn associate(
    tx: &mut TenantWrite,
    env: &Env,
    source: &Source,
    person: &UpstreamIdentity,
) -> Result<Result<Associated, Reason>, Error> {
    let linked = identity::linked_user(tx, &person.subject).await?;
    let known = linked.as_ref().map(|linked| (linked.user_id, linked.status));
    match decide(source.login_only, known) {
        Association::Refuse(reason) => Ok(Err(reason)),
        Association::Create => {
            let user = user::create(tx, env, &person.profile).await?;
            identity::link(tx, env, user.id, &person.subject)
                .await?
                .ok_or(store::Error::Conflict)?;
            Ok(Ok(Associated { user: user.id, created: true }))
        }
        Association::Linked(user) => {
            if let Some(linked) = linked {
                identity::touch(tx, env, linked.identity_id).await?;
                if tells_news(&linked, &person.profile) {
                    user::refresh_profile(tx, env, user, &person.profile).await?;
                }
            }
            Ok(Ok(Associated { user, created: false }))
        }
    }
}

/// Whether the upstream told something that we do not have yet. Nothing is no news.
fn tells_news(known: &LinkedUser, told: &Profile) -> bool {
    let differs = |told: &Option<String>, known: &Option<String>| told.is_some() && told != known;
    differs(&told.name, &known.name)
        || differs(&told.email, &known.email)
        || differs(&told.phone_number, &known.phone_number)
        || differs(&told.picture, &known.picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_decision() {
        let user = UserId(uuid::Uuid::from_u128(1));
        let rows = [
            (false, None, Association::Create),
            (true, None, Association::Refuse(Reason::LoginOnly)),
            (false, Some(UserStatus::Active), Association::Linked(user)),
            (true, Some(UserStatus::Active), Association::Linked(user)),
            (false, Some(UserStatus::Suspended), Association::Refuse(Reason::UserSuspended)),
            (true, Some(UserStatus::Suspended), Association::Refuse(Reason::UserSuspended)),
            (false, Some(UserStatus::Deleted), Association::Refuse(Reason::UserSuspended)),
            (true, Some(UserStatus::Deleted), Association::Refuse(Reason::UserSuspended)),
        ];
        for (login_only, status, expected) in rows {
            assert_eq!(decide(login_only, status.map(|status| (user, status))), expected);
        }
    }
}
