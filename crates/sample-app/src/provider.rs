//! The provider as the app sees it: the library's client, made from discovery.

use std::collections::BTreeMap;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClaimName, CoreClaimType,
    CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AdditionalProviderMetadata, AuthorizationCode, Client,
    ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndSessionUrl, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdTokenClaims, IdTokenFields, IssuerUrl, LoginHint, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata, RedirectUrl,
    RequestTokenError, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse as _,
    UserInfoClaims,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::error::Error;
use crate::http::Http;

/// Claims that OpenID Connect Core does not name, kept to be shown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OtherClaims {
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl AdditionalClaims for OtherClaims {}

/// Metadata of RP-Initiated Logout 1.0 §2.1 and RFC 9207 §3.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct OtherMetadata {
    end_session_endpoint: Option<EndSessionUrl>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for OtherMetadata {}

type Metadata = ProviderMetadata<
    OtherMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// An ID token.
pub(crate) type IdToken = openidconnect::IdToken<
    OtherClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// The token response.
type Tokens = StandardTokenResponse<
    IdTokenFields<
        OtherClaims,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type OidcClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Who the app is at its provider.
pub(crate) struct Registration {
    pub(crate) issuer: IssuerUrl,
    pub(crate) client_id: ClientId,
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) redirect_uri: RedirectUrl,
}

/// What a sign-in asks for beyond the ordinary.
#[derive(Debug, Default)]
pub(crate) struct Wishes<'a> {
    /// The provider's extra parameter that goes straight to a connection.
    pub(crate) connection: Option<&'a str>,
    /// `login_hint`.
    pub(crate) login_hint: Option<&'a str>,
    /// `prompt`.
    pub(crate) prompt: Option<CoreAuthPrompt>,
}

/// What was sent, and what the answer is checked against.
pub(crate) struct Asked {
    pub(crate) url: Url,
    pub(crate) state: CsrfToken,
    pub(crate) nonce: Nonce,
    pub(crate) verifier: PkceCodeVerifier,
}

/// What a successful sign-in told.
pub(crate) struct Told {
    pub(crate) id_token: IdToken,
    /// The ID token's claims, as JSON.
    pub(crate) claims: Value,
    /// UserInfo's claims, as JSON.
    pub(crate) user_info: Value,
}

/// A discovered provider.
pub(crate) struct Provider {
    client: OidcClient,
    other: OtherMetadata,
}

impl Provider {
    /// Fetches metadata and keys.
    pub(crate) async fn discover(of: &Registration, http: &Http) -> Result<Self, Error> {
        let metadata = Metadata::discover_async(of.issuer.clone(), http)
            .await
            .map_err(|error| Error::Discovery(error.into()))?;
        let other = metadata.additional_metadata().clone();
        let secret =
            of.client_secret.as_ref().map(|s| ClientSecret::new(s.expose_secret().to_owned()));
        let client = OidcClient::from_provider_metadata(metadata, of.client_id.clone(), secret)
            .set_redirect_uri(of.redirect_uri.clone());
        Ok(Self { client, other })
    }

    /// Where a browser is sent to sign out.
    pub(crate) fn end_session(&self) -> Option<&EndSessionUrl> {
        self.other.end_session_endpoint.as_ref()
    }

    /// True if every answer carries `iss` (RFC 9207 §3).
    pub(crate) fn names_itself(&self) -> bool {
        self.other.authorization_response_iss_parameter_supported
    }

    /// An authorization request: code, PKCE, state, nonce.
    pub(crate) fn ask(&self, wishes: Wishes<'_>) -> Asked {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = self
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new_random_len(32),
                || Nonce::new_random_len(32),
            )
            .add_scopes(["profile", "email", "phone"].map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge);
        if let Some(connection) = wishes.connection {
            request = request.add_extra_param("connection", connection.to_owned());
        }
        if let Some(hint) = wishes.login_hint {
            request = request.set_login_hint(LoginHint::new(hint.to_owned()));
        }
        if let Some(prompt) = wishes.prompt {
            request = request.add_prompt(prompt);
        }
        let (url, state, nonce) = request.url();
        Asked { url, state, nonce, verifier }
    }

    /// Exchanges a code.
    pub(crate) async fn exchange(
        &self,
        http: &Http,
        code: String,
        verifier: PkceCodeVerifier,
    ) -> Result<Tokens, Error> {
        self.client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(Error::Endpoint)?
            .set_pkce_verifier(verifier)
            .request_async(http)
            .await
            .map_err(|error| match error {
                RequestTokenError::ServerResponse(answer) => Error::Refused {
                    code: answer.error().as_ref().to_owned(),
                    description: answer.error_description().cloned(),
                },
                other => Error::Exchange(other.into()),
            })
    }

    /// Validates the ID token: signature, `iss`, `aud`, `exp`, `nonce` by the library, then
    /// `at_hash` where there is one.
    pub(crate) fn check<'t>(
        &self,
        tokens: &'t Tokens,
        nonce: &Nonce,
    ) -> Result<&'t IdTokenClaims<OtherClaims, CoreGenderClaim>, Error> {
        let id_token = tokens.id_token().ok_or(Error::NoIdToken)?;
        let verifier = self.client.id_token_verifier();
        let claims = id_token.claims(&verifier, nonce).map_err(Error::IdToken)?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = id_token.signing_alg().map_err(|error| Error::Hash(error.into()))?;
            let key = id_token.signing_key(&verifier).map_err(|error| Error::Hash(error.into()))?;
            let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key)
                .map_err(|error| Error::Hash(error.into()))?;
            if actual != *expected {
                return Err(Error::AccessToken);
            }
        }
        Ok(claims)
    }

    /// Asks UserInfo, which must be about the ID token's subject (Core §5.3.4), and puts together
    /// what was told.
    pub(crate) async fn tell(
        &self,
        http: &Http,
        tokens: &Tokens,
        claims: &IdTokenClaims<OtherClaims, CoreGenderClaim>,
    ) -> Result<Told, Error> {
        let user_info: UserInfoClaims<OtherClaims, CoreGenderClaim> = self
            .client
            .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
            .map_err(Error::Endpoint)?
            .request_async(http)
            .await
            .map_err(|error| Error::UserInfo(error.into()))?;
        Ok(Told {
            id_token: tokens.id_token().ok_or(Error::NoIdToken)?.clone(),
            claims: serde_json::to_value(claims).map_err(Error::Claims)?,
            user_info: serde_json::to_value(user_info).map_err(Error::Claims)?,
        })
    }
}
