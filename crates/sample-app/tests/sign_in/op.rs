//! A scripted OpenID Provider: it does what a test tells it, right or wrong.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

pub(crate) const CLIENT: &str = "sample";
pub(crate) const SECRET: &str = "a-client-secret";
const ACCESS_TOKEN: &str = "an-access-token";

/// What the token endpoint and UserInfo do next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    /// `ES256` or `RS256`.
    pub(crate) algorithm: String,
    /// `code_challenge` of the authorization request.
    pub(crate) challenge: String,
    pub(crate) nonce: String,
    /// Claims that replace those of a proper ID token.
    pub(crate) claims: Value,
    /// The signature is another key's.
    pub(crate) forged: bool,
    /// `sub` that UserInfo answers with.
    pub(crate) user_info_sub: Option<String>,
    pub(crate) name: Option<String>,
}

/// The ES256 key, which can be changed, and the RS256 key.
struct Keys {
    es: EcdsaKeyPair,
    kid: String,
    rs: RsaKeyPair,
}

struct Inner {
    issuer: String,
    script: Mutex<Script>,
    keys: Mutex<Keys>,
}

/// A running provider.
pub(crate) struct Op {
    inner: Arc<Inner>,
    handle: ServerHandle,
}

impl Op {
    /// On this port; 0 takes any free one.
    pub(crate) fn start(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let issuer = format!("http://op.localhost:{}/oidc", listener.local_addr().unwrap().port());
        let es = ec_key();
        let rs = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let keys = Mutex::new(Keys { es, kid: "first".to_owned(), rs });
        let inner = Arc::new(Inner { issuer, script: Mutex::default(), keys });
        let shared = Arc::clone(&inner);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::from(Arc::clone(&shared)))
                .route("/oidc/.well-known/openid-configuration", web::get().to(metadata))
                .route("/oidc/jwks", web::get().to(jwks))
                .route("/oidc/token", web::post().to(token))
                .route("/oidc/me", web::get().to(user_info))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { inner, handle }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    pub(crate) fn play(&self, script: Script) {
        *self.inner.script.lock().unwrap() = script;
    }

    /// From now on another key signs.
    pub(crate) fn rotate(&self) {
        let mut keys = self.inner.keys.lock().unwrap();
        keys.es = ec_key();
        keys.kid.push_str("-new");
    }
}

impl Drop for Op {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

fn ec_key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

async fn metadata(op: Data<Inner>) -> HttpResponse {
    let at = |path: &str| format!("{}/{path}", op.issuer);
    HttpResponse::Ok().json(json!({
        "issuer": op.issuer,
        "authorization_endpoint": at("auth"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("me"),
        "jwks_uri": at("jwks"),
        "end_session_endpoint": at("end"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn jwks(op: Data<Inner>) -> HttpResponse {
    let keys = op.keys.lock().unwrap();
    let point = keys.es.public_key().as_ref();
    let rsa = keys.rs.public_key();
    HttpResponse::Ok().json(json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": keys.kid,
          "x": text(&point[1..33]), "y": text(&point[33..]) },
        { "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "rsa",
          "n": text(rsa.modulus().big_endian_without_leading_zero()),
          "e": text(rsa.exponent().big_endian_without_leading_zero()) },
    ] }))
}

async fn token(op: Data<Inner>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let script = op.script.lock().unwrap().clone();
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let of = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| &**value);
    let verifier = of("code_verifier").unwrap_or_default();
    let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{SECRET}")));
    let proven = request.headers().get("authorization").is_some_and(|value| *value == *basic);
    let challenge = text(digest(&SHA256, verifier.as_bytes()).as_ref());
    if !proven || challenge != script.challenge || of("code") != Some("a-code") {
        return HttpResponse::BadRequest().json(json!({ "error": "invalid_grant" }));
    }
    HttpResponse::Ok().json(json!({
        "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 60,
        "id_token": id_token(&op, &script),
    }))
}

fn id_token(op: &Inner, script: &Script) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut claims = json!({
        "iss": op.issuer, "sub": "somebody", "aud": CLIENT, "iat": now, "exp": now + 300,
        "nonce": script.nonce, "sid": "a-session", "updated_at": 1_700_000_000,
        "at_hash": text(&digest(&SHA256, ACCESS_TOKEN.as_bytes()).as_ref()[..16]),
    });
    for (claim, value) in script.claims.as_object().into_iter().flatten() {
        claims[claim] = value.clone();
    }
    let keys = op.keys.lock().unwrap();
    let rsa = script.algorithm == "RS256";
    let kid = if rsa { "rsa" } else { &keys.kid };
    let header = json!({ "typ": "JWT", "alg": script.algorithm, "kid": kid });
    let signed =
        format!("{}.{}", text(header.to_string().as_bytes()), text(claims.to_string().as_bytes()));
    let random = SystemRandom::new();
    let signature = if rsa {
        let mut signature = vec![0; keys.rs.public_modulus_len()];
        keys.rs.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
        signature
    } else {
        let other = ec_key();
        let key = if script.forged { &other } else { &keys.es };
        key.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec()
    };
    format!("{signed}.{}", text(&signature))
}

async fn user_info(op: Data<Inner>, request: HttpRequest) -> HttpResponse {
    let bearer = format!("Bearer {ACCESS_TOKEN}");
    if request.headers().get("authorization").is_none_or(|value| *value != *bearer) {
        return HttpResponse::Unauthorized().finish();
    }
    let script = op.script.lock().unwrap();
    HttpResponse::Ok().json(json!({
        "sub": script.user_info_sub.as_deref().unwrap_or("somebody"),
        "name": script.name.as_deref().unwrap_or("张三"), "email": "zhang@example.com", "department": [1, 2],
    }))
}
