//! The tenants' signing keys: making them, and keeping those in use parsed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use moka::future::Cache;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use store::Store;
use store::id::{KeyId, TenantId};
use store::signing_key::{self, Algorithm, KeyStatus, NewKey, SigningKey};
use tokio::sync::{Mutex, mpsc};

use crate::error::{Error, Result};

/// How long a node may go on with the keys it has read. A new key is published at least this long
/// before it signs.
const FRESH_FOR: Duration = Duration::from_secs(10);

/// The tenants' keys as this node has read them.
#[derive(Clone)]
pub struct Keys {
    store: Store,
    cache: Cache<TenantId, Arc<TenantKeys>>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys")
    }
}

/// A tenant's keys, ready for use.
pub struct TenantKeys {
    keys: Vec<Key>,
    jwks: Arc<[u8]>,
}

/// A key, ready for use.
pub(crate) struct Key {
    pub(crate) id: KeyId,
    pub(crate) algorithm: Algorithm,
    status: KeyStatus,
    pub(crate) verifier: DecodingKey,
    signer: Signer,
}

enum Signer {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

impl Keys {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, cache: Cache::builder().max_capacity(10_000).time_to_live(FRESH_FOR).build() }
    }

    /// The keys of a tenant. One reader at a time asks the database.
    pub async fn of(&self, tenant: TenantId) -> Result<Arc<TenantKeys>> {
        if let Some(keys) = self.cache.get(&tenant).await {
            return Ok(keys);
        }
        let keys = self.cache.try_get_with(tenant, self.read(tenant)).await;
        keys.map_err(|error| Error::Store(store::Error::Unavailable(Box::new(Shared(error)))))
    }

    async fn read(&self, tenant: TenantId) -> Result<Arc<TenantKeys>> {
        let rows = signing_key::list(&mut self.store.tenant(tenant)).await?;
        let open = |row: &SigningKey| -> Result<Key> {
            let private = signing_key::private_key(&self.store.keys, tenant, row)?;
            let jwk = serde_json::from_value(row.public_jwk.0.clone())
                .map_err(|_| Error::Key("its public half is not a JWK"))?;
            Ok(Key {
                id: row.id,
                algorithm: row.algorithm,
                status: row.status,
                verifier: DecodingKey::from_jwk(&jwk)
                    .map_err(|_| Error::Key("its public half is not a key"))?,
                signer: Signer::parse(row.algorithm, private.expose_secret())?,
            })
        };
        let keys = rows.iter().map(open).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(TenantKeys { keys, jwks: jwks(&rows).into() }))
    }
}

/// Several callers may get one failure.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Shared(Arc<Error>);

impl TenantKeys {
    /// The JWK Set (RFC 7517 §5), as JSON.
    pub fn jwks(&self) -> Arc<[u8]> {
        Arc::clone(&self.jwks)
    }

    pub(crate) fn active(&self, algorithm: Algorithm) -> Result<&Key> {
        self.keys
            .iter()
            .find(|key| key.algorithm == algorithm && key.status == KeyStatus::Active)
            .ok_or(Error::Key("the tenant has none for this algorithm"))
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&Key> {
        let id: KeyId = id.parse().ok()?;
        self.keys.iter().find(|key| key.id == id)
    }
}

impl Key {
    /// Signs bytes as RFC 7518 §3.3 and §3.4 say.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let failed = |_| Error::Key("signing failed");
        let random = SystemRandom::new();
        match &self.signer {
            Signer::Es256(pair) => {
                pair.sign(&random, message).map(|s| s.as_ref().to_vec()).map_err(failed)
            }
            Signer::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

impl Signer {
    fn parse(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self> {
        let refused = |_| Error::Key("its private half is not PKCS#8");
        match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                .map(Self::Es256)
                .map_err(refused),
            Algorithm::Rs256 => RsaKeyPair::from_pkcs8(pkcs8).map(Self::Rs256).map_err(refused),
        }
    }
}

fn jwks(rows: &[SigningKey]) -> Vec<u8> {
    let keys: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut jwk = row.public_jwk.0.clone();
            if let Value::Object(members) = &mut jwk {
                members.insert("kid".into(), row.id.to_string().into());
                members.insert("use".into(), "sig".into());
                members.insert("alg".into(), row.algorithm.as_str().into());
            }
            jwk
        })
        .collect();
    json!({ "keys": keys }).to_string().into_bytes()
}

fn generate_es256() -> Result<NewKey> {
    let failed = |_| Error::Key("none could be generated");
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
    let private = pair.to_pkcs8v1().map_err(failed)?;
    // An uncompressed point: 0x04, then x and y of 32 bytes each (SEC 1 §2.3.3).
    let point = pair.public_key().as_ref();
    let coordinate = |range| point.get(range).map(|bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes));
    Ok(NewKey {
        algorithm: Algorithm::Es256,
        private_key: private.as_ref().to_vec().into(),
        public_jwk: json!({ "kty": "EC", "crv": "P-256", "x": coordinate(1..33), "y": coordinate(33..65) }),
    })
}

fn generate_rs256() -> Result<NewKey> {
    let failed = |_| Error::Key("none could be generated");
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
    let public = pair.public_key();
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    Ok(NewKey {
        algorithm: Algorithm::Rs256,
        private_key: private.as_ref().to_vec().into(),
        public_jwk: json!({
            "kty": "RSA",
            "n": number(public.modulus().big_endian_without_leading_zero()),
            "e": number(public.exponent().big_endian_without_leading_zero()),
        }),
    })
}

/// Keys that are made ahead: an RSA key takes some 50 ms of CPU, which no request shall wait for.
#[derive(Debug, Clone)]
pub struct Nursery(Arc<Mutex<mpsc::Receiver<NewRsa>>>);

struct NewRsa(Result<NewKey>);

impl Nursery {
    /// Starts a thread that keeps two RSA keys ready; it ends with the nursery.
    #[must_use]
    pub fn start() -> Self {
        let (sender, receiver) = mpsc::channel(2);
        std::thread::spawn(move || while sender.blocking_send(NewRsa(generate_rs256())).is_ok() {});
        Self(Arc::new(Mutex::new(receiver)))
    }

    /// The keys of a new tenant, one for each algorithm.
    pub async fn take(&self) -> Result<Vec<NewKey>> {
        let rsa = self
            .0
            .lock()
            .await
            .recv()
            .await
            .ok_or(Error::Key("the thread that makes them is gone"))?;
        Ok(vec![generate_es256()?, rsa.0?])
    }
}
