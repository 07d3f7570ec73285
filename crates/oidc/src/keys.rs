//! The tenants' signing keys: making them, and keeping those in use parsed.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair, RsaSignatureEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use moka::future::Cache;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use store::Store;
use store::id::{KeyId, TenantId};
use store::signing_key::{self, Algorithm, KeyStatus, NewKey, SigningKey};
use tokio::sync::{Mutex, mpsc};

use crate::error::{Error, Result};
use crate::jose::PublicKey;

/// How long a node may go on with the keys it has read: so long what a withdrawn key signed is still
/// taken.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// How long it remembers what it has parsed of a tenant that nobody asks for.
const PARSED_FOR: Duration = Duration::from_mins(10);

/// The tenants' keys as this node has read them.
#[derive(Clone)]
pub struct Keys {
    store: Store,
    fresh: Cache<TenantId, Arc<TenantKeys>>,
    /// What was read last, fresh or not: whose parts need not be parsed again.
    last: Cache<TenantId, Arc<TenantKeys>>,
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
    pair: Arc<Pair>,
}

/// Both halves of a key. They never change, and an RSA key takes a while to be parsed.
struct Pair {
    verifier: PublicKey,
    signer: Signer,
}

enum Signer {
    Es256(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static RsaSignatureEncoding),
    EdDsa(Ed25519KeyPair),
}

impl Keys {
    pub(crate) fn new(store: Store) -> Self {
        let cache = || Cache::builder().max_capacity(10_000);
        Self {
            store,
            fresh: cache().time_to_live(FRESH_FOR).build(),
            last: cache().time_to_idle(PARSED_FOR).build(),
        }
    }

    /// The keys of a tenant. One reader at a time asks the database.
    pub async fn of(&self, tenant: TenantId) -> Result<Arc<TenantKeys>> {
        if let Some(keys) = self.fresh.get(&tenant).await {
            return Ok(keys);
        }
        let keys = self.fresh.try_get_with(tenant, self.read(tenant)).await;
        keys.map_err(|error| Error::Store(store::Error::Unavailable(Box::new(Shared(error)))))
    }

    async fn read(&self, tenant: TenantId) -> Result<Arc<TenantKeys>> {
        let last = self.last.get(&tenant).await;
        let mut rows = signing_key::list(&mut self.store.tenant(tenant)).await?;
        // Those that sign come first, for clients that take the first key that fits.
        rows.sort_by_key(|row| row.status != KeyStatus::Active);
        let open = |row: &SigningKey| -> Result<Key> {
            let known =
                last.as_ref().and_then(|last| last.keys.iter().find(|key| key.id == row.id));
            let pair = match known {
                Some(known) => Arc::clone(&known.pair),
                None => Arc::new(self.parse(tenant, row)?),
            };
            Ok(Key { id: row.id, algorithm: row.algorithm, status: row.status, pair })
        };
        let keys = rows.iter().map(open).collect::<Result<Vec<_>>>()?;
        let keys = Arc::new(TenantKeys { keys, jwks: jwks(&rows).into() });
        self.last.insert(tenant, Arc::clone(&keys)).await;
        Ok(keys)
    }

    fn parse(&self, tenant: TenantId, row: &SigningKey) -> Result<Pair> {
        let private = signing_key::private_key(&self.store.keys, tenant, row)?;
        Ok(Pair {
            verifier: PublicKey::from_members(&published(row))
                .map_err(|_| Error::Key("its public half is not a key"))?,
            signer: Signer::parse(row.algorithm, private.expose_secret())?,
        })
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

    pub(crate) fn by_id(&self, id: KeyId) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }
}

impl Key {
    /// What verifies the key's signatures.
    pub(crate) fn verifier(&self) -> &PublicKey {
        &self.pair.verifier
    }

    /// Signs bytes as RFC 7518 §3.3 to §3.5 and RFC 8037 §3.1 say.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let failed = |_| Error::Key("signing failed");
        let random = SystemRandom::new();
        match &self.pair.signer {
            Signer::Es256(pair) => {
                pair.sign(&random, message).map(|s| s.as_ref().to_vec()).map_err(failed)
            }
            Signer::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Signer::EdDsa(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }
}

impl Signer {
    fn parse(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self> {
        let refused = |_| Error::Key("its private half is not PKCS#8");
        let rsa = |encoding| {
            RsaKeyPair::from_pkcs8(pkcs8).map(|pair| Self::Rsa(pair, encoding)).map_err(refused)
        };
        match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                .map(Self::Es256)
                .map_err(refused),
            Algorithm::Rs256 => rsa(&RSA_PKCS1_SHA256),
            Algorithm::Ps256 => rsa(&RSA_PSS_SHA256),
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(pkcs8).map(Self::EdDsa).map_err(refused),
        }
    }
}

/// A key as it is published (RFC 7517 §4).
fn published(row: &SigningKey) -> Map<String, Value> {
    let mut jwk = row.public_jwk.0.as_object().cloned().unwrap_or_default();
    jwk.insert("kid".into(), row.id.to_string().into());
    jwk.insert("use".into(), "sig".into());
    jwk.insert("alg".into(), row.algorithm.as_str().into());
    jwk
}

fn jwks(rows: &[SigningKey]) -> Vec<u8> {
    let keys: Vec<_> = rows.iter().map(published).collect();
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

fn generate_eddsa() -> Result<NewKey> {
    let failed = |_| Error::Key("none could be generated");
    let pair = Ed25519KeyPair::generate().map_err(failed)?;
    let private = pair.to_pkcs8().map_err(failed)?;
    Ok(NewKey {
        algorithm: Algorithm::EdDsa,
        private_key: private.as_ref().to_vec().into(),
        public_jwk: json!({
            "kty": "OKP", "crv": "Ed25519",
            "x": URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()),
        }),
    })
}

/// For RS256; the same kind of key serves PS256.
fn generate_rsa() -> Result<NewKey> {
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
    /// The nursery of this process: a thread that keeps the RSA keys of a tenant ready.
    #[must_use]
    pub fn of_process() -> Self {
        static NURSERY: LazyLock<Nursery> = LazyLock::new(|| {
            let (sender, receiver) = mpsc::channel(2);
            std::thread::spawn(
                move || while sender.blocking_send(NewRsa(generate_rsa())).is_ok() {},
            );
            Nursery(Arc::new(Mutex::new(receiver)))
        });
        NURSERY.clone()
    }

    /// A new key for an algorithm.
    pub async fn take(&self, algorithm: Algorithm) -> Result<NewKey> {
        match algorithm {
            Algorithm::Es256 => generate_es256(),
            Algorithm::EdDsa => generate_eddsa(),
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let made = self.0.lock().await.recv().await;
                let made = made.ok_or(Error::Key("the thread that makes them is gone"))?;
                Ok(NewKey { algorithm, ..made.0? })
            }
        }
    }

    /// The keys of a new tenant: one for each algorithm, so that each is published before an app asks
    /// for it.
    pub async fn for_new_tenant(&self) -> Result<Vec<NewKey>> {
        let mut keys = Vec::with_capacity(Algorithm::ALL.len());
        for algorithm in Algorithm::ALL {
            keys.push(self.take(*algorithm).await?);
        }
        Ok(keys)
    }
}
