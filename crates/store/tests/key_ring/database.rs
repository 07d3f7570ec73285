//! The key ring and what a database keeps under it.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use store::contact_callback::{self, CallbackSecret};
use store::corp::Corp;
use store::ephemeral::MemorySettings;
use store::id::{CorpId, TenantId};
use store::page::PageRequest;
use store::policy::AssociationPolicy;
use store::secret::SecretHash;
use store::signing_key::{Algorithm, KeyStatus, NewKey};
use store::source::{
    AssociationMode, NewSource, Source, SourceKind, SourceMode, SourceScope, SourceSettings, Status,
};
use store::tenant::{Tenant, TenantStatus};
use store::{
    Database, DatabaseUrl, Env, Ephemeral, Error, KeyRing, Result, Store, corp, idempotency,
    signing_key, source, tenant,
};
use uuid::Uuid;

use crate::support::{beside, each_engine};
use crate::{random_key, ring};

each_engine! {
    another_ring_fails_the_check,
    rotation_seals_everything_anew,
    n7_a_moved_row_does_not_open,
}

const FIRST: PageRequest = PageRequest { after: None, limit: 200 };

async fn open(url: DatabaseUrl, keys: KeyRing) -> Result<Store> {
    let database = Database::open(&url, 4).await?;
    database.migrate().await?;
    let ephemeral = Ephemeral::memory(MemorySettings::default());
    Ok(Store {
        database,
        ephemeral,
        env: Env::system(),
        keys: Arc::new(keys),
        logout_due: Arc::default(),
    })
}

/// The same state under another ring, as after a restart.
fn with(store: &Store, keys: KeyRing) -> Store {
    Store { keys: Arc::new(keys), ..store.clone() }
}

/// A tenant with a source for each identifier and a signing key.
async fn fill(store: &Store, host: &str, identifiers: &[String]) -> Result<TenantId> {
    let (env, id) = (&store.env, TenantId(store.env.ordered_id()?));
    let now = env.now();
    let mut tx = store.begin(id).await?;
    let tenant = Tenant {
        id,
        host: host.to_owned(),
        display_name: host.to_owned(),
        support_contact: None,
        status: TenantStatus::Active,
        branding: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    tenant::create(&mut tx, &tenant).await?;
    let corp = Corp {
        id: CorpId(env.ordered_id()?),
        corp_id: "ww1".to_owned(),
        display_name: "公司".to_owned(),
        egress: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    corp::create(&mut tx, &corp).await?;
    for identifier in identifiers {
        let new = NewSource {
            corp: corp.id,
            identifier: identifier.clone(),
            kind: SourceKind::WecomQr,
            mode: SourceMode::SelfBuilt,
        };
        source::create(&mut tx, env, &store.keys, new, settings(identifier)).await?;
    }
    let key = NewKey {
        algorithm: Algorithm::Es256,
        private_key: host.as_bytes().to_vec().into(),
        public_jwk: json!({ "kty": "EC" }),
    };
    signing_key::create(&mut tx, env, &store.keys, &key, KeyStatus::Active).await?;
    let secret = CallbackSecret { token: host.into(), encoding_aes_key: "k".into() };
    contact_callback::put(&mut tx, env, &store.keys, corp.id, "path", &secret).await?;
    tx.commit().await?;
    Ok(id)
}

fn settings(identifier: &str) -> SourceSettings {
    SourceSettings {
        agent_id: 1,
        secret: SecretString::from(format!("秘 {identifier}")),
        display_names: [("en".to_owned(), "WeCom".to_owned())].into(),
        logo_url: None,
        scope: SourceScope::Base,
        panel: false,
        login_only: false,
        association: AssociationMode::None,
        policy: AssociationPolicy::default(),
        status: Status::Active,
    }
}

async fn sources(store: &Store, tenant: TenantId) -> Result<Vec<Source>> {
    Ok(source::list(&mut store.tenant(tenant), FIRST).await?.items)
}

/// Opens everything that a tenant keeps sealed; how much that is.
async fn open_all(store: &Store, id: TenantId, host: &str) -> Result<usize> {
    let mut opened = 0;
    for source in sources(store, id).await? {
        let secret = source::secret(&store.keys, id, &source)?;
        assert_eq!(secret.expose_secret(), format!("秘 {}", source.identifier));
        opened += 1;
    }
    for key in signing_key::list(&mut store.tenant(id)).await? {
        let private = signing_key::private_key(&store.keys, id, &key)?;
        assert_eq!(private.expose_secret(), host.as_bytes());
        opened += 1;
    }
    let callback = contact_callback::at(&mut store.tenant(id), "path").await?.unwrap();
    assert_eq!(callback.secret(&store.keys, id)?.token.expose_secret(), host);
    opened += 1;
    Ok(opened)
}

async fn another_ring_fails_the_check(url: DatabaseUrl) -> Result<()> {
    let (key, other) = (random_key(), random_key());
    let store = open(url, ring(&[("a", &key)])?).await?;
    // The first start leaves the value to check with; nodes may start at once.
    let (one, two) = (store.check_key_ring(), store.check_key_ring());
    let (one, two) = futures_util::future::join(one, two).await;
    one?;
    two?;
    for wrong in [ring(&[("b", &other)])?, ring(&[("a", &other)])?, ring(&[("b", &key)])?] {
        match with(&store, wrong).check_key_ring().await {
            Err(Error::Settings(text)) => assert!(text.contains("secrets.keys"), "{text}"),
            outcome => panic!("{outcome:?}"),
        }
    }
    with(&store, ring(&[("b", &other), ("a", &key)])?).check_key_ring().await?;
    store.check_key_ring().await
}

async fn rotation_seals_everything_anew(url: DatabaseUrl) -> Result<()> {
    let (old, new) = (random_key(), random_key());
    let store = open(url, ring(&[("old", &old)])?).await?;
    store.check_key_ring().await?;
    // More sources than a page has rows.
    let many: Vec<String> = (0..201).map(|at| format!("s{at}")).collect();
    let t1 = fill(&store, "t1.example.com", &many).await?;
    let t2 = fill(&store, "t2.example.com", &many[..1]).await?;
    let (key, request) = (SecretHash::of("k"), SecretHash::of("r"));
    let (nobody, env) = (Uuid::nil(), &store.env);
    let mut tx = store.begin(t1).await?;
    idempotency::claim(&mut tx, env, &store.keys, nobody, &key, &request).await?;
    idempotency::complete(&mut tx, env, &store.keys, nobody, &key, "{}").await?;
    tx.commit().await?;

    let both = with(&store, ring(&[("new", &new), ("old", &old)])?);
    both.check_key_ring().await?;
    let rotated = both.rotate_keys().await?;
    assert_eq!((rotated.resealed, rotated.current), (201 + 1 + 2 + 2, 0));
    let rotated = both.rotate_keys().await?;
    assert_eq!((rotated.resealed, rotated.current), (0, 201 + 1 + 2 + 2));

    // Now the old key can go.
    let after = with(&store, ring(&[("new", &new)])?);
    after.check_key_ring().await?;
    assert_eq!(open_all(&after, t2, "t2.example.com").await?, 1 + 2);
    let rows = sources(&after, t1).await?;
    assert!(rows.iter().all(|source| source.version == 1), "nobody's change became stale");
    let rest = source::find_by_identifier(&mut after.tenant(t1), "s200").await?.unwrap();
    assert_eq!(source::secret(&after.keys, t1, &rest)?.expose_secret(), "秘 s200");
    assert_eq!(open_all(&after, t1, "t1.example.com").await?, 200 + 2);
    let mut tx = after.begin(t1).await?;
    let attempt = idempotency::claim(&mut tx, env, &after.keys, nobody, &key, &request).await?;
    assert!(matches!(attempt, idempotency::Attempt::First), "{attempt:?}");
    drop(tx);
    assert!(store.check_key_ring().await.is_err(), "the old key alone opens nothing");
    assert!(open_all(&store, t2, "t2.example.com").await.is_err());
    Ok(())
}

/// Attack N7: whoever can write to the database moves another tenant's secret to a place of their
/// own.
async fn n7_a_moved_row_does_not_open(url: DatabaseUrl) -> Result<()> {
    let store = open(url, ring(&[("a", &random_key())])?).await?;
    let two = ["a".to_owned(), "b".to_owned()];
    let t1 = fill(&store, "t1.example.com", &two).await?;
    let t2 = fill(&store, "t2.example.com", &two).await?;
    for (text, columns) in [
        (
            "UPDATE identity_sources SET secret = (SELECT secret FROM identity_sources WHERE
             tenant_id = $1 AND identifier = 'a') WHERE tenant_id = $2 AND identifier = 'b'",
            [t1, t1],
        ),
        (
            "UPDATE identity_sources SET secret = (SELECT secret FROM identity_sources WHERE
             tenant_id = $1 AND identifier = 'a') WHERE tenant_id = $2 AND identifier = 'a'",
            [t1, t2],
        ),
        (
            "UPDATE identity_sources SET secret = (SELECT private_key FROM signing_keys WHERE
             tenant_id = $1) WHERE tenant_id = $2 AND identifier = 'b'",
            [t2, t2],
        ),
        (
            "UPDATE contact_callbacks SET secret = (SELECT secret FROM contact_callbacks WHERE
             tenant_id = $1) WHERE tenant_id = $2",
            [t1, t2],
        ),
        (
            "UPDATE signing_keys SET private_key = (SELECT private_key FROM signing_keys WHERE
             tenant_id = $1) WHERE tenant_id = $2",
            [t1, t2],
        ),
    ] {
        let [from, to] = columns.map(|tenant| tenant.0);
        let moved = match &store.database {
            Database::Sqlite { options, .. } => {
                let moved = sqlx::query(text).bind(from).bind(to).execute(&beside(options)).await;
                moved.unwrap().rows_affected()
            }
            Database::Postgres(pool) => {
                sqlx::query(text).bind(from).bind(to).execute(pool).await.unwrap().rows_affected()
            }
        };
        assert_eq!(moved, 1);
    }
    let opens = async |tenant, identifier: &str| {
        let found = source::find_by_identifier(&mut store.tenant(tenant), identifier).await;
        source::secret(&store.keys, tenant, &found.unwrap().unwrap())
    };
    for (tenant, identifier) in [(t1, "b"), (t2, "a"), (t2, "b")] {
        let outcome = opens(tenant, identifier).await;
        assert!(matches!(outcome, Err(Error::Sealed { .. })), "{tenant} {identifier}");
    }
    let callback = contact_callback::at(&mut store.tenant(t2), "path").await?.unwrap();
    assert!(matches!(callback.secret(&store.keys, t2), Err(Error::Sealed { .. })));
    let keys = signing_key::list(&mut store.tenant(t2)).await?;
    let outcome = signing_key::private_key(&store.keys, t2, &keys[0]);
    assert!(matches!(outcome, Err(Error::Sealed { .. })));
    assert_eq!(opens(t1, "a").await?.expose_secret(), "秘 a");
    Ok(())
}
