//! Logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4): they tell an app that a session has
//! ended, and are good for nothing else.

use serde::Serialize;
use serde_json::{Value, json};
use store::app::App;
use store::id::{AppId, SessionId, UserId};
use store::tenant::Tenant;
use uuid::Uuid;

use crate::Provider;
use crate::error::Result;
use crate::jwt::{self, Kind};

/// How long one is valid, in seconds. Two minutes at most (§4).
const LIFE: i64 = 120;

/// The event that it tells of (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Claims of a logout token (§2.4). Never a `nonce`, so that it passes for no ID token.
#[derive(Serialize)]
struct Claims {
    iss: String,
    aud: AppId,
    iat: i64,
    exp: i64,
    jti: Uuid,
    sub: UserId,
    sid: SessionId,
    events: Value,
}

/// A new logout token for an app, signed as its ID tokens are (§2.6).
pub(crate) async fn issue(
    provider: &Provider,
    tenant: &Tenant,
    app: &App,
    session: SessionId,
    user: UserId,
) -> Result<String> {
    let keys = provider.keys.of(tenant.id).await?;
    let env = &provider.store.env;
    let now = env.now().timestamp();
    let claims = Claims {
        iss: provider.issuer(tenant).to_string(),
        aud: app.id,
        iat: now,
        exp: now + LIFE,
        jti: env.random_id()?,
        sub: user,
        sid: session,
        events: json!({ EVENT: {} }),
    };
    jwt::sign(keys.active(app.id_token_alg)?, Kind::LogoutToken, &claims)
}
