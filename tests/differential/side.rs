//! One of the two providers, with its clients and somebody signed in: what makes right requests.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::{
    AUTHORIZE, Answer, Browser, Client, Code, END, INTROSPECTION, Key, Pkce, REVOCATION, Request,
    TOKEN, Tenant, base64url, request_uri,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::case::Outcome;

/// Where the browser goes when it is signed out.
pub(crate) const SIGNED_OUT: &str = "https://app.example.com/signed-out";

/// A client, by what is special about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// A secret in the header.
    Basic,
    /// A secret in the form.
    Post,
    /// No secret.
    Public,
    /// No secret, but a DPoP key.
    Bound,
    /// A key of its own (RFC 7523).
    Jwt,
    /// FAPI 2.0: a key of its own, PAR, and DPoP with nonces.
    Fapi,
    /// As `Basic`, without PKCE.
    Plain,
}

impl Who {
    pub(crate) const ALL: [Self; 7] =
        [Self::Basic, Self::Post, Self::Public, Self::Bound, Self::Jwt, Self::Fapi, Self::Plain];

    /// The client at our provider.
    async fn register(self, tenant: &Tenant) -> Client {
        let (method, key, dpop) = match self {
            Self::Basic | Self::Plain => ("client_secret_basic", None, None),
            Self::Post => ("client_secret_post", None, None),
            Self::Public => ("none", None, None),
            Self::Bound => ("none", None, Some(Key::ec())),
            Self::Jwt => ("private_key_jwt", Some(Key::ec()), None),
            Self::Fapi => ("private_key_jwt", Some(Key::ec()), Some(Key::ec())),
        };
        let profile = match self {
            Self::Fapi => "fapi2",
            Self::Plain => "oidc_basic",
            _ => "oauth21",
        };
        let body = json!({
            "token_endpoint_auth_method": method, "profile": profile,
            "grant_types": self.grant_types(method), "id_token_signed_response_alg": "ES256",
        });
        Client::make(tenant, key, dpop, body).await
    }

    fn grant_types(self, method: &str) -> Value {
        match method {
            "none" => json!(["authorization_code", "refresh_token"]),
            _ if self == Self::Plain => json!(["authorization_code"]),
            _ => json!(["authorization_code", "refresh_token", "client_credentials"]),
        }
    }

    /// The same client in the words of Dynamic Client Registration (RFC 7591), for the other.
    fn metadata(self, client: &Client) -> Value {
        let method = match self {
            Self::Basic | Self::Plain => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::Public | Self::Bound => "none",
            Self::Jwt | Self::Fapi => "private_key_jwt",
        };
        let mut body = json!({
            "client_id": client.id(), "redirect_uris": [client.tenant.app.redirect_uri],
            "post_logout_redirect_uris": [SIGNED_OUT], "response_types": ["code"],
            "token_endpoint_auth_method": method, "grant_types": self.grant_types(method),
            "require_pushed_authorization_requests": self == Self::Fapi,
            "dpop_bound_access_tokens": self == Self::Fapi,
        });
        if let Some(secret) = &client.tenant.app.secret {
            body["client_secret"] = secret.as_str().into();
        }
        if let Some(key) = &client.key {
            body["jwks"] = key.jwks();
        }
        body
    }
}

/// A right request, before somebody changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// At the authorization endpoint, from a browser in which somebody is signed in.
    Authorize,
    /// At PAR.
    Push,
    /// At the authorization endpoint, with the name of a pushed request.
    Pushed,
    /// At the token endpoint with a code.
    Code,
    /// The same with a code that was redeemed already.
    SpentCode,
    /// At the token endpoint with a refresh token.
    Refresh,
    /// The same with a refresh token that was exchanged already.
    SpentRefresh,
    /// At the token endpoint for the client's own sake.
    ClientCredentials,
    /// Introspection of an access token.
    Introspect,
    /// Revocation of an access token.
    Revoke,
    /// UserInfo.
    UserInfo,
    /// Signing out.
    End,
    /// As `Pushed`, with the name of a request that was answered already.
    SpentPushed,
    /// As `Push`, with a DPoP proof.
    ProvenPush,
    /// As `ClientCredentials`, with an assertion that was shown already.
    SpentAssertion,
    /// As `UserInfo`, with a DPoP proof that was shown already.
    SpentProof,
}

impl Right {
    /// Whether it is right no more: it was taken once, and is refused from then on.
    pub(crate) fn is_spent(self) -> bool {
        matches!(
            self,
            Self::SpentCode
                | Self::SpentRefresh
                | Self::SpentPushed
                | Self::SpentAssertion
                | Self::SpentProof
        )
    }
}

/// What everybody was given once, for those who show it in the wrong place.
pub(crate) type Spare = BTreeMap<Who, Value>;

/// One of the two providers.
pub(crate) struct Side {
    clients: BTreeMap<Who, Client>,
    browser: Browser,
    /// Tokens of each client, never used up.
    pub(crate) spare: Spare,
}

impl Side {
    /// Our provider: a tenant of its own, and the member signed in.
    pub(crate) async fn ours(tenant: &Tenant, mut browser: Browser) -> Self {
        let mut clients = BTreeMap::new();
        for who in Who::ALL {
            clients.insert(who, who.register(tenant).await);
        }
        let url = tenant.authorize_url(&Pkce::new(), &[]);
        let answer = tenant.sign_in(&mut browser, &url, "zhangsan").await;
        Self::with(clients, browser, &answer).await
    }

    /// The other provider, which has the same clients.
    pub(crate) async fn theirs(ours: &Self, tenant: &Tenant, mut browser: Browser) -> Self {
        let clients: BTreeMap<Who, Client> =
            ours.clients.iter().map(|(who, client)| (*who, client.at(tenant))).collect();
        let url = clients[&Who::Basic].tenant.authorize_url(&Pkce::new(), &[]);
        let answer = browser.follow(url).await;
        Self::with(clients, browser, &answer).await
    }

    async fn with(clients: BTreeMap<Who, Client>, browser: Browser, answer: &Answer) -> Self {
        assert!(answer.parameter("code").is_some(), "nobody is signed in: {answer:?}");
        let mut side = Self { clients, browser, spare: Spare::new() };
        for who in Who::ALL {
            let tokens = side.spare_of(who).await;
            side.spare.insert(who, tokens);
        }
        side
    }

    /// The metadata of all clients.
    pub(crate) fn metadata(&self) -> Value {
        self.clients.iter().map(|(who, client)| who.metadata(client)).collect()
    }

    /// A client.
    pub(crate) fn client(&self, who: Who) -> &Client {
        &self.clients[&who]
    }

    /// A client's name.
    pub(crate) fn id(&self, who: Who) -> String {
        self.client(who).id().to_owned()
    }

    /// A client's secret.
    pub(crate) fn secret(&self, who: Who) -> String {
        self.client(who).tenant.app.secret.clone().unwrap_or_default()
    }

    /// The header that a client with a secret authenticates with.
    pub(crate) fn basic(&self, who: Who) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.id(who), self.secret(who))))
    }

    /// The provider's name.
    pub(crate) fn issuer(&self) -> String {
        self.client(Who::Basic).tenant.issuer()
    }

    /// A URL of the provider.
    pub(crate) fn url(&self, path: &str) -> String {
        self.client(Who::Basic).tenant.url(path)
    }

    /// A client's ID token with `none` for its algorithm, and signed by nobody.
    pub(crate) fn unsigned(&self, who: Who) -> String {
        let token = self.spare(who, "id_token");
        let claims = token.split('.').nth(1).unwrap();
        format!("{}.{claims}.", base64url(r#"{"alg":"none","typ":"JWT"}"#))
    }

    /// A token that a client was given once.
    pub(crate) fn spare(&self, who: Who, name: &str) -> String {
        self.spare[&who][name].as_str().unwrap_or_default().to_owned()
    }

    fn cookies(&self) -> String {
        let jar = &self.browser.cookies[&self.client(Who::Basic).tenant.host];
        let pairs: Vec<String> =
            jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    /// The client's name and secret where it has them to be.
    fn by(who: Who, request: Request) -> Request {
        if matches!(who, Who::Basic | Who::Plain) { request.by_header() } else { request }
    }

    /// A right request; each time another.
    pub(crate) async fn right(&self, right: Right, who: Who) -> Request {
        let client = self.client(who);
        match right {
            Right::Authorize => self.authorize(who, &Pkce::new()),
            Right::Push => Self::by(who, client.push(&Pkce::new())),
            Right::Pushed => self.pushed(who, &Pkce::new()).await,
            Right::Code => Self::by(who, client.redeem(&self.code(who).await)),
            Right::ProvenPush => Self::by(who, client.push(&Pkce::new()).proven()),
            Right::SpentPushed => spent(self.pushed(who, &Pkce::new()).await).await,
            Right::SpentAssertion | Right::SpentProof => {
                let right = match right {
                    Right::SpentProof => Right::UserInfo,
                    _ => Right::ClientCredentials,
                };
                let request = Box::pin(self.right(right, who)).await;
                spent(request.clone()).await;
                request
            }
            Right::SpentCode => spent(Self::by(who, client.redeem(&self.code(who).await))).await,
            Right::Refresh | Right::SpentRefresh => {
                let tokens = self.tokens(who).await;
                let token = tokens["refresh_token"].as_str().unwrap();
                let refresh = Self::by(who, client.refresh(token));
                if right == Right::Refresh { refresh } else { spent(refresh).await }
            }
            Right::ClientCredentials => {
                let form = [("grant_type", "client_credentials")];
                let request = Self::by(who, client.request(TOKEN, &form));
                if client.dpop.is_some() { request.proven() } else { request }
            }
            Right::Introspect | Right::Revoke => {
                let path = if right == Right::Revoke { REVOCATION } else { INTROSPECTION };
                let token = self.fresh(right, who).await;
                Self::by(who, client.request(path, &[("token", token.as_str())]))
            }
            Right::UserInfo => client.userinfo(&self.spare(who, "access_token")),
            Right::End => self.end(who),
        }
    }

    /// A token that may be lost.
    async fn fresh(&self, right: Right, who: Who) -> String {
        match right {
            Right::Revoke => self.tokens(who).await["access_token"].as_str().unwrap().to_owned(),
            _ => self.spare(who, "access_token"),
        }
    }

    fn authorize(&self, who: Who, pkce: &Pkce) -> Request {
        let request = self.client(who).push(pkce).at(AUTHORIZE).method(Method::GET);
        let request = request.without("client_secret").without_assertion();
        request.header("cookie", &self.cookies()).header("accept", "text/html")
    }

    async fn pushed(&self, who: Who, pkce: &Pkce) -> Request {
        let client = self.client(who);
        let name = request_uri(&Self::by(who, client.push(pkce)).send().await);
        let form = [("client_id", client.id()), ("request_uri", name.as_str())];
        let request = client.request(AUTHORIZE, &form).method(Method::GET);
        let request = request.without("client_secret").without_assertion();
        request.header("cookie", &self.cookies()).header("accept", "text/html")
    }

    fn end(&self, who: Who) -> Request {
        let hint = self.spare(who, "id_token");
        let form = [
            ("client_id", self.client(who).id()),
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", SIGNED_OUT),
            ("state", "s"),
        ];
        let request = self.client(who).request(END, &form).method(Method::GET);
        request.without("client_secret").without_assertion().header("accept", "text/html")
    }

    /// A code of the signed-in browser.
    pub(crate) async fn code(&self, who: Who) -> Code {
        let pkce = Pkce::new();
        let request = match who {
            Who::Fapi => self.pushed(who, &pkce).await,
            _ => self.authorize(who, &pkce),
        };
        let answer = request.send().await;
        let code =
            answer.parameter("code").unwrap_or_else(|| panic!("{who:?}: no code: {answer:?}"));
        Code { code, pkce }
    }

    /// Tokens, a code with its verifier, and a token about no person.
    async fn spare_of(&self, who: Who) -> Value {
        let mut spare = self.tokens(who).await;
        let code = self.code(who).await;
        spare["code"] = code.code.into();
        spare["code_verifier"] = code.pkce.verifier.into();
        if matches!(who, Who::Basic | Who::Post) {
            let answer = self.right(Right::ClientCredentials, who).await.send().await;
            spare["own_token"] = answer.json()["access_token"].clone();
        }
        spare
    }

    async fn tokens(&self, who: Who) -> Value {
        let code = self.code(who).await;
        let answer = Self::by(who, self.client(who).redeem(&code)).send().await;
        assert_eq!(answer.status, 200, "{who:?}: {}", answer.body);
        answer.json()
    }
}

/// The same request after it was sent once.
async fn spent(request: Request) -> Request {
    let answer = request.clone().send().await;
    assert!(!Outcome::of(&answer).refused(), "{answer:?}");
    request.anew()
}
