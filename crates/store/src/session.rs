//! Sessions: browsers that are signed in on a tenant's host.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::app::App;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::id::{IdentityId, SessionId, SourceId, UserId};
use crate::logout_delivery;
use crate::scope::{Scope, TenantWrite, WriteScope};
use crate::secret::SecretHash;
use crate::sql;

crate::text_enum! {
    /// How a person signed in.
    SignInMethod {
        /// By an identity source.
        Source = "source",
        /// By password.
        Password = "password",
        /// By a one-time code to the mail address.
        EmailCode = "email_code",
        /// By a one-time code to the phone.
        SmsCode = "sms_code",
    }
}

/// How a person signed in, with what belongs to it: a source cannot be named without an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignedInBy {
    /// By an identity source, which proved this identity.
    Source(SourceId, IdentityId),
    /// By password.
    Password,
    /// By a one-time code to the mail address.
    EmailCode,
    /// By a one-time code to the phone.
    SmsCode,
}

impl SignedInBy {
    /// The word for it.
    pub fn method(self) -> SignInMethod {
        match self {
            Self::Source(..) => SignInMethod::Source,
            Self::Password => SignInMethod::Password,
            Self::EmailCode => SignInMethod::EmailCode,
            Self::SmsCode => SignInMethod::SmsCode,
        }
    }

    /// The source, if it was one.
    pub fn source(self) -> Option<SourceId> {
        match self {
            Self::Source(source, _) => Some(source),
            _ => None,
        }
    }

    fn identity(self) -> Option<IdentityId> {
        match self {
            Self::Source(_, identity) => Some(identity),
            _ => None,
        }
    }
}

/// What a session is recognised by on the account page.
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// The browser's `User-Agent`, cut to 256 characters.
    pub user_agent: Option<String>,
    /// Its network address.
    pub address: Option<String>,
}

/// A session to be made, or to go on under another secret.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// How the person signed in.
    pub by: SignedInBy,
    /// Where.
    pub device: &'a Device,
    /// The hash of the cookie's value.
    pub token: &'a SecretHash,
    /// How long it lasts at most.
    pub life: TimeDelta,
    /// How long it lasts without being used.
    pub idle: TimeDelta,
}

/// A session that is alive: not ended, not expired, its user active, its source active.
#[derive(Debug, Clone, FromRow)]
pub struct Session {
    /// Its id: the `sid`.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// How the person signed in.
    pub method: SignInMethod,
    /// By which source, if it was one.
    pub source_id: Option<SourceId>,
    /// Which identity the source proved.
    pub identity_id: Option<IdentityId>,
    /// When the person last proved who they are: the `auth_time`.
    pub authenticated_at: DateTime<Utc>,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
}

/// Begins a session.
pub async fn create(
    tx: &mut TenantWrite,
    env: &Env,
    user: UserId,
    new: NewSession<'_>,
) -> Result<Session> {
    let now = env.now();
    tx.query(sql!(
        "INSERT INTO sessions (tenant_id, id, token_hash, user_id, method, source_id, identity_id,
         user_agent, address, created_at, authenticated_at, last_seen_at, expires_at, idle_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10, $11, $12)
         RETURNING id, user_id, method, source_id, identity_id, authenticated_at, expires_at"
    ))
    .bind(SessionId(env.random_id()?))
    .bind(new.token.to_stored())
    .bind(user)
    .bind(new.by.method())
    .bind(new.by.source())
    .bind(new.by.identity())
    .bind(new.device.user_agent.clone())
    .bind(new.device.address.clone())
    .bind(now)
    .bind(now + new.life)
    .bind(now + new.idle)
    .one()
    .await
}

/// Lets a session go on after its person signed in anew: under another secret, so that an older
/// copy of the cookie is worth nothing. [`Error::Conflict`] if it was ended meanwhile: the sign-in's
/// transaction has to be begun anew.
pub async fn renew(
    tx: &mut TenantWrite,
    env: &Env,
    id: SessionId,
    new: NewSession<'_>,
) -> Result<Session> {
    let now = env.now();
    tx.query(sql!(
        "UPDATE sessions SET token_hash = $3, method = $4, source_id = $5, identity_id = $6,
         user_agent = $7, address = $8, authenticated_at = $9, last_seen_at = $9, expires_at = $10,
         idle_until = $11
         WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL
         RETURNING id, user_id, method, source_id, identity_id, authenticated_at, expires_at"
    ))
    .bind(id)
    .bind(new.token.to_stored())
    .bind(new.by.method())
    .bind(new.by.source())
    .bind(new.by.identity())
    .bind(new.device.user_agent.clone())
    .bind(new.device.address.clone())
    .bind(now)
    .bind(now + new.life)
    .bind(now + new.idle)
    .optional()
    .await?
    .ok_or(Error::Conflict)
}

macro_rules! alive {
    ($where:literal) => {
        concat!(
            "SELECT s.id, s.user_id, s.method, s.source_id, s.identity_id, s.authenticated_at, s.expires_at
             FROM sessions s JOIN users u ON u.id = s.user_id
             LEFT JOIN identity_sources src ON src.id = s.source_id
             WHERE s.tenant_id = $1 AND s.token_hash = $2 AND s.ended_at IS NULL AND s.expires_at > $3
             AND s.idle_until > $3 AND u.status = 'active' AND (s.source_id IS NULL OR src.status = 'active')
             AND (s.identity_id IS NULL OR EXISTS (SELECT 1 FROM identities i
                  WHERE i.tenant_id = $1 AND i.id = s.identity_id AND i.status = 'active'
                  AND (i.left_at IS NULL OR i.left_at < s.authenticated_at)))",
            $where
        )
    };
}

/// The live session with this cookie.
pub async fn find(
    scope: &mut impl Scope,
    env: &Env,
    token: &SecretHash,
) -> Result<Option<Session>> {
    scope.query(sql!(alive!(""))).bind(token.to_stored()).bind(env.now()).optional().await
}

/// The session with this cookie that has not been ended, whatever became of its user and source:
/// for ending it.
pub async fn find_to_end(scope: &mut impl Scope, token: &SecretHash) -> Result<Option<Session>> {
    scope
        .query(sql!(
            "SELECT id, user_id, method, source_id, identity_id, authenticated_at, expires_at FROM sessions
             WHERE tenant_id = $1 AND token_hash = $2 AND ended_at IS NULL"
        ))
        .bind(token.to_stored())
        .optional()
        .await
}

/// The live session with this cookie, if its source is linked to the app: a source works only for
/// the apps it is linked to, and a session carries no further than its source. One without a source
/// carries to the apps whose `sign_in_methods` name its method.
pub async fn find_for_app(
    scope: &mut impl Scope,
    env: &Env,
    token: &SecretHash,
    app: &App,
) -> Result<Option<Session>> {
    let found: Option<Session> = scope
        .query(sql!(alive!(
            " AND (s.source_id IS NULL OR EXISTS (SELECT 1 FROM app_sources l WHERE l.tenant_id = $1
              AND l.app_id = $4 AND l.source_id = s.source_id))"
        )))
        .bind(token.to_stored())
        .bind(env.now())
        .bind(app.id)
        .optional()
        .await?;
    Ok(found.filter(|session| session.source_id.is_some() || app.allows(session.method)))
}

/// A session as its person sees it.
#[derive(Debug, Clone, FromRow)]
pub struct Listed {
    /// Its id.
    pub id: SessionId,
    /// How the person signed in.
    pub method: SignInMethod,
    /// By which source, if it was one.
    pub source_id: Option<SourceId>,
    /// With which browser.
    pub user_agent: Option<String>,
    /// From which network address.
    pub address: Option<String>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_seen_at: DateTime<Utc>,
}

/// The live sessions of a user, the last used first (at most 50).
pub async fn of_user(scope: &mut impl Scope, env: &Env, user: UserId) -> Result<Vec<Listed>> {
    scope
        .query(sql!(
            "SELECT s.id, s.method, s.source_id, s.user_agent, s.address, s.created_at, s.last_seen_at
             FROM sessions s LEFT JOIN identity_sources src ON src.id = s.source_id
             WHERE s.tenant_id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $3
             AND s.idle_until > $3 AND (s.source_id IS NULL OR src.status = 'active')
             ORDER BY s.last_seen_at DESC, s.id LIMIT 50"
        ))
        .bind(user)
        .bind(env.now())
        .all()
        .await
}

/// Whether it is a session of this user.
pub async fn is_of_user(scope: &mut impl Scope, id: SessionId, user: UserId) -> Result<bool> {
    #[derive(FromRow)]
    struct Found {
        user_id: UserId,
    }
    let found: Option<Found> = scope
        .query(sql!("SELECT user_id FROM sessions WHERE tenant_id = $1 AND id = $2"))
        .bind(id)
        .optional()
        .await?;
    Ok(found.is_some_and(|found| found.user_id == user))
}

/// Notes that a session is used: it may lie idle anew. Whether it is there still: until the transaction
/// is over nobody ends it then, and whoever ends it afterwards finds what was granted in it.
pub async fn touch(
    tx: &mut impl WriteScope,
    env: &Env,
    id: SessionId,
    idle: TimeDelta,
) -> Result<bool> {
    let now = env.now();
    let touched = tx
        .query(sql!(
            "UPDATE sessions SET last_seen_at = $3, idle_until = $4
             WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL"
        ))
        .bind(id)
        .bind(now)
        .bind(now + idle)
        .execute()
        .await?;
    Ok(touched == 1)
}

/// Ends the sessions of a user that were not used for longest, until only so many are left.
pub async fn end_oldest_of_user(
    tx: &mut TenantWrite,
    env: &Env,
    user: UserId,
    left: u32,
) -> Result<()> {
    #[derive(FromRow)]
    struct Oldest {
        id: SessionId,
    }
    let oldest: Vec<Oldest> = tx
        .query(sql!(
            "SELECT id FROM sessions WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL
             AND expires_at > $3 ORDER BY last_seen_at DESC, id LIMIT 100 OFFSET $4"
        ))
        .bind(user)
        .bind(env.now())
        .bind(i64::from(left))
        .all()
        .await?;
    // One in ordinary times: whoever signs in ends what they pushed out.
    for session in oldest {
        end(tx, env, session.id, Ending::SignOut).await?;
    }
    Ok(())
}

/// How a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its person signs out, or goes on in another: what was granted for offline access goes on too
    /// (OpenID Connect Core §11, Back-Channel Logout 1.0 §2.7).
    SignOut,
    /// Somebody takes it away: everything that was granted in it dies.
    Revoked,
}

/// Ends a session and revokes what was granted in it. Its apps are told. Whether it was alive.
pub async fn end(tx: &mut TenantWrite, env: &Env, id: SessionId, ending: Ending) -> Result<bool> {
    let now = env.now();
    let ended = tx
        .query(sql!(
            "UPDATE sessions SET ended_at = $3 WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL"
        ))
        .bind(id)
        .bind(now)
        .execute()
        .await?;
    if ended == 1 {
        logout_delivery::of_session(tx, now, id).await?;
    }
    tx.query(sql!(
        "UPDATE grants SET revoked_at = $3
         WHERE tenant_id = $1 AND session_id = $2 AND revoked_at IS NULL AND (NOT offline OR $4)"
    ))
    .bind(id)
    .bind(now)
    .bind(ending == Ending::Revoked)
    .execute()
    .await?;
    Ok(ended == 1)
}

/// Ends every session of a user, but for one that is kept, and revokes every grant that was not
/// given in it. How many sessions ended.
pub async fn end_others_of_user(
    tx: &mut TenantWrite,
    env: &Env,
    user: UserId,
    kept: Option<SessionId>,
) -> Result<u64> {
    let now = env.now();
    let ended = tx
        .query(sql!(
            "UPDATE sessions SET ended_at = $3 WHERE tenant_id = $1 AND user_id = $2
             AND ended_at IS NULL AND (id <> $4 OR $4 IS NULL)"
        ))
        .bind(user)
        .bind(now)
        .bind(kept)
        .execute()
        .await?;
    logout_delivery::of_grants_of_user(tx, now, user, kept).await?;
    tx.query(sql!(
        "UPDATE grants SET revoked_at = $3 WHERE tenant_id = $1 AND user_id = $2
         AND revoked_at IS NULL AND (session_id <> $4 OR $4 IS NULL)"
    ))
    .bind(user)
    .bind(now)
    .bind(kept)
    .execute()
    .await?;
    Ok(ended)
}

/// Ends every session of a user and revokes every grant.
pub async fn end_all_of_user(tx: &mut TenantWrite, env: &Env, user: UserId) -> Result<()> {
    end_others_of_user(tx, env, user, None).await.map(drop)
}

/// Ends the sessions that an identity signed in, and revokes what was granted by it.
pub async fn end_all_of_identity(
    tx: &mut TenantWrite,
    env: &Env,
    identity: IdentityId,
) -> Result<()> {
    let now = env.now();
    // Sessions first, as everywhere: of two that end the same ones none waits in a circle.
    tx.query(sql!(
        "UPDATE sessions SET ended_at = $3
         WHERE tenant_id = $1 AND identity_id = $2 AND ended_at IS NULL"
    ))
    .bind(identity)
    .bind(now)
    .execute()
    .await?;
    logout_delivery::of_grants_of_identity(tx, now, identity).await?;
    tx.query(sql!(
        "UPDATE grants SET revoked_at = $3 WHERE tenant_id = $1 AND revoked_at IS NULL
         AND (identity_id = $2 OR session_id IN
              (SELECT s.id FROM sessions s WHERE s.tenant_id = $1 AND s.identity_id = $2))"
    ))
    .bind(identity)
    .bind(now)
    .execute()
    .await?;
    Ok(())
}
