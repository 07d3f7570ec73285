//! The token endpoint (RFC 6749 §3.2): a code, a refresh token or the app itself in, tokens out.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::app::{App, AuthMethod};
use store::grant::{self, LiveGrant};
use store::id::{AppId, SessionId, UserId};
use store::protocol::GrantType;
use store::refresh_token;
use store::secret::SecretHash;
use store::signing_key::Algorithm;
use store::tenant::Tenant;

use crate::access_token::{self, Subject};
use crate::acr::{Acr, amr};
use crate::client_auth::Client;
use crate::dpop::Proof;
use crate::error::{ErrorCode, OAuthError, Result};
use crate::jwt::{self, Kind};
use crate::keys::TenantKeys;
use crate::params::Params;
use crate::policy::Policy;
use crate::{Caller, Provider, claims, code, credentials, dpop, refresh};

/// How long an ID token is valid, in seconds.
pub const ID_TOKEN_LIFE: i64 = 600;

/// A successful answer (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).
#[derive(Serialize)]
pub struct Tokens {
    pub(crate) access_token: String,
    pub(crate) token_type: &'static str,
    pub(crate) expires_in: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<Exposed>,
}

/// A secret on its way to whom it belongs.
pub(crate) struct Exposed(SecretString);

impl Serialize for Exposed {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose_secret())
    }
}

/// Claims of an ID token (OpenID Connect Core §2).
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct IdClaims {
    pub(crate) iss: String,
    pub(crate) sub: UserId,
    pub(crate) aud: AppId,
    iat: i64,
    exp: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    nonce: Option<String>,
    acr: String,
    amr: Vec<String>,
    at_hash: String,
    pub(crate) sid: SessionId,
    /// Claims about the person that the app asked for here.
    #[serde(flatten)]
    about: Map<String, Value>,
}

/// An authenticated token request.
pub(crate) struct TokenRequest<'a> {
    pub(crate) provider: &'a Provider,
    pub(crate) tenant: &'a Tenant,
    pub(crate) app: App,
    pub(crate) params: &'a Params,
    /// The key that the app proved to have.
    pub(crate) proof: Option<Proof>,
}

/// Answers a token request.
pub async fn exchange(
    provider: &Provider,
    tenant: &Tenant,
    client: Client,
    caller: &Caller<'_>,
    params: &Params,
) -> Result<Tokens> {
    let app = client.into_app();
    let name = params.get("grant_type")?;
    let name = name.ok_or(OAuthError::invalid_request("grant_type is missing"))?;
    let unsupported = OAuthError::new(
        ErrorCode::UnsupportedGrantType,
        "use authorization_code, refresh_token or client_credentials",
    );
    let grant_type = GrantType::ALL.iter().find(|known| known.as_str() == name);
    let grant_type = *grant_type.ok_or(unsupported)?;
    if !app.protocol.grants_by(grant_type) {
        let wrong = "this app may not use this grant_type";
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, wrong).into());
    }
    let proof = dpop::proof(provider, tenant, &app, caller).await?;
    let request = TokenRequest { provider, tenant, app, params, proof };
    match grant_type {
        GrantType::AuthorizationCode => authorization_code(&request).await,
        GrantType::RefreshToken => refresh::exchange(&request).await,
        GrantType::ClientCredentials => credentials::exchange(&request).await,
    }
}

async fn authorization_code(request: &TokenRequest<'_>) -> Result<Tokens> {
    let TokenRequest { provider, tenant, app, params, proof } = request;
    let store = &provider.store;
    let code = params.get("code")?.ok_or(OAuthError::invalid_request("code is missing"))?;
    let shown = code::Shown {
        redirect_uri: params.get("redirect_uri")?,
        verifier: params.get("code_verifier")?,
        jkt: proof.as_ref().map(|proof| proof.jkt.as_str()),
    };
    // The grant is read before the code is used up: whoever then comes second revokes it, and the
    // one who came first still gets an answer, though its tokens are dead by then (attack D1).
    let grant = match code::grant_of(store, tenant.id, app.id, code).await? {
        None => None,
        Some(id) => grant::find_live(&mut store.tenant(tenant.id), &store.env, id).await?,
    };
    let code = code::redeem(store, tenant.id, app.id, code, shown).await?;
    let ended = OAuthError::invalid_grant("the sign-in that this code belongs to has ended");
    let grant = grant.filter(|grant| grant.id == code.grant).ok_or(ended)?;
    let refresh_token = first_refresh_token(request, &grant).await?;
    // Scopes may have been taken away while the person signed in.
    let scope = refresh::allowed(app, &grant.scope).join(" ");
    request.tokens(&grant, &scope, code.nonce, refresh_token).await
}

/// The first refresh token of a grant, if the app gets any.
async fn first_refresh_token(
    request: &TokenRequest<'_>,
    grant: &LiveGrant,
) -> Result<Option<SecretString>> {
    let TokenRequest { provider, tenant, app, proof, .. } = request;
    let policy = Policy::of(app);
    if !policy.refreshes {
        return Ok(None);
    }
    let store = &provider.store;
    let token = store.env.secret(refresh::PREFIX)?;
    let hash = SecretHash::of(token.expose_secret());
    let (env, idle) = (&store.env, policy.refresh_token_idle);
    // A confidential app's is bound to the app, which may change its key (RFC 9449 §5).
    if let Some(proof) = proof
        && app.token_endpoint_auth_method == AuthMethod::None
    {
        let mut tx = store.begin(tenant.id).await?;
        refresh_token::create(&mut tx, env, grant.id, &hash, idle).await?;
        grant::bind_to_key(&mut tx, grant.id, &proof.jkt).await?;
        tx.commit().await?;
    } else {
        refresh_token::create(&mut store.single(tenant.id), env, grant.id, &hash, idle).await?;
    }
    Ok(Some(token))
}

impl TokenRequest<'_> {
    /// Tokens for a person.
    pub(crate) async fn tokens(
        &self,
        grant: &LiveGrant,
        scope: &str,
        nonce: Option<String>,
        refresh_token: Option<SecretString>,
    ) -> Result<Tokens> {
        let keys = self.provider.keys.of(self.tenant.id).await?;
        let jkt = self.proof.as_ref().map(|proof| proof.jkt.clone());
        let subject = Subject { app: &self.app, grant: Some(grant), scope, jkt };
        let access_token = access_token::issue(self.provider, self.tenant, &keys, subject)?;
        // Who refreshes without `openid` asks for no ID token (OpenID Connect Core §12.2).
        let id_token = match scope.split(' ').any(|word| word == "openid") {
            true => Some(self.id_token(&keys, grant, nonce, &access_token)?),
            false => None,
        };
        let refresh_token = refresh_token.map(Exposed);
        Ok(Tokens { id_token, refresh_token, ..self.bare(access_token, scope) })
    }

    fn id_token(
        &self,
        keys: &TenantKeys,
        grant: &LiveGrant,
        nonce: Option<String>,
        access_token: &str,
    ) -> Result<String> {
        let algorithm = self.app.id_token_alg;
        let now = self.provider.store.env.now().timestamp();
        let single = claims::allowed(&self.app, &grant.claims.id_token);
        let id = IdClaims {
            iss: self.provider.issuer(self.tenant).to_string(),
            sub: grant.user_id,
            aud: self.app.id,
            iat: now,
            exp: now + ID_TOKEN_LIFE,
            auth_time: grant.authenticated_at.timestamp(),
            nonce,
            acr: Acr::of(grant.method, grant.source_kind).as_str().to_owned(),
            amr: amr(grant.method).iter().map(|way| (*way).to_owned()).collect(),
            at_hash: at_hash(algorithm, access_token),
            sid: grant.session_id,
            about: claims::about(grant, "", &single),
        };
        jwt::sign(keys.active(algorithm)?, Kind::IdToken, &id)
    }

    /// Nothing but an access token.
    pub(crate) fn bare(&self, access_token: String, scope: &str) -> Tokens {
        Tokens {
            access_token,
            token_type: if self.proof.is_some() { "DPoP" } else { "Bearer" },
            expires_in: Policy::of(&self.app).access_token_life.num_seconds(),
            scope: scope.to_owned(),
            id_token: None,
            refresh_token: None,
        }
    }
}

/// The left half of the access token's hash (OpenID Connect Core §3.1.3.6), by the hash of the ID
/// token's own algorithm: SHA-512 within Ed25519 (RFC 8032 §5.1), else SHA-256.
fn at_hash(algorithm: Algorithm, access_token: &str) -> String {
    let by = match algorithm {
        Algorithm::EdDsa => &digest::SHA512,
        Algorithm::Es256 | Algorithm::Rs256 | Algorithm::Ps256 => &digest::SHA256,
    };
    let hash = digest::digest(by, access_token.as_bytes());
    let (left, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}
