//! An account is recovered while somebody else's proof of it is on its way: the proof is worth nothing
//! any more (attack M10). Hashing is made slow, so that the recovery certainly comes in between.

use std::time::Duration;

use broker::{Address, Broker, Callback, CodePurpose, Error, InteractionId, Next, Reason, Visitor};
use e2e::{World, on_every_backend};
use password::{Passwords, Settings};
use secrecy::SecretString;
use serde_json::json;
use store::id::UserId;
use store::normal::Email;

use crate::races::Bulk;

const MAIL: &str = "lisi@acme.example";
const OLD: &str = "correct horse battery";
const NEW: &str = "staple battery horse";

/// The account of Li Si, and a broker that takes a second or so for a hash.
struct Recovery {
    bulk: Bulk,
    broker: Broker,
    user: String,
    /// The stored form of the new password.
    new: String,
}

impl Recovery {
    async fn start(world: &World) -> Self {
        let bulk = Bulk::start(world).await;
        let settings = Settings { iterations: 100, at_once: 1, ..Settings::default() };
        let broker = Broker {
            passwords: Passwords::new(settings).unwrap(),
            notifier: world.settings().notifier().unwrap(),
            ..bulk.broker(0).clone()
        };
        let tenant = &bulk.tenant;
        let app = tenant.path(&format!("/apps/{}", tenant.app.id));
        let methods = json!({ "sign_in_methods": ["password", "email_code"] });
        tenant.admin.patch(&app, methods).await;
        let body = json!({ "username": "lisi", "email": MAIL, "email_verified": true });
        let made = tenant.admin.post(&tenant.path("/users"), body).await;
        let user = made["id"].as_str().unwrap().to_owned();
        let mut recovery = Self { bulk, broker, user, new: String::new() };
        let old = recovery.hash(OLD).await;
        recovery.choose(&old).await;
        recovery.new = recovery.hash(NEW).await;
        recovery
    }

    async fn hash(&self, password: &str) -> String {
        let salt = self.broker.provider.store.env.bytes().unwrap();
        self.broker.passwords.hash(SecretString::from(password), salt).await.unwrap()
    }

    /// The account gets this password, and whoever is signed in is signed out.
    async fn choose(&self, hash: &str) {
        let (store, user) = (&self.broker.provider.store, self.user.parse::<UserId>().unwrap());
        let mut tx = store.begin(self.bulk.row.id).await.unwrap();
        store::password::set(&mut tx, &store.env, user, hash).await.unwrap();
        store::session::end_all_of_user(&mut tx, &store.env, user).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The owner recovers the account while the hash of somebody else is being computed.
    async fn recovers(&self) {
        self.hashing().await;
        self.choose(&self.new).await;
    }

    /// The account's mail address becomes another one.
    async fn move_mail(&self, to: &str) {
        let tenant = &self.bulk.tenant;
        let path = tenant.path(&format!("/users/{}", self.user));
        tenant.admin.patch(&path, json!({ "email": to, "email_verified": true })).await;
    }

    /// A hash is being computed.
    async fn hashing(&self) {
        while self.broker.passwords.load().running == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn begins(&self) -> (Visitor, InteractionId) {
        let visitor = Bulk::visitor();
        match self.bulk.authorize(0, &visitor).await {
            Next::Login(interaction) => (visitor, interaction.id),
            other => panic!("{other:?}"),
        }
    }

    async fn signs_in(&self, password: &str) -> Result<Next, Error> {
        let (visitor, id) = self.begins().await;
        let password = SecretString::from(password);
        self.broker.sign_in_by_password(&self.bulk.row, &id, &visitor, "lisi", password).await
    }

    /// Asks for a code for this purpose: what it is.
    async fn code(
        &self,
        (visitor, id): (&Visitor, &InteractionId),
        purpose: CodePurpose,
    ) -> String {
        let address = Address::Email(Email::parse(MAIL).unwrap());
        self.broker.send_local_code(&self.bulk.row, id, visitor, purpose, &address).await.unwrap();
        let mail = self.bulk.tenant.world.mail().wait_for(MAIL, Duration::from_secs(10)).await;
        mail.unwrap().code(6).unwrap()
    }

    /// How many sessions the account has.
    async fn sessions(&self) -> usize {
        let store = &self.broker.provider.store;
        let user = self.user.parse().unwrap();
        let mut scope = store.tenant(self.bulk.row.id);
        store::session::of_user(&mut scope, &store.env, user).await.unwrap().len()
    }
}

/// It was refused for this reason.
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, reason: Reason) {
    match result {
        Err(Error::Refused(refused)) => assert_eq!(refused.reason, reason),
        other => panic!("{other:?}"),
    }
}

on_every_backend! {
    async fn m10_a_password_that_is_replaced_meanwhile_signs_nobody_in(world: World) {
        let recovery = Recovery::start(&world).await;
        let (attacker, ()) = tokio::join!(recovery.signs_in(OLD), recovery.recovers());
        refused(attacker, Reason::ProofFailed);
        assert_eq!(recovery.sessions().await, 0);
        // Positive control.
        recovery.signs_in(NEW).await.unwrap();
        assert_eq!(recovery.sessions().await, 1);
    }

    async fn m10_a_proof_with_a_password_that_is_replaced_meanwhile_binds_nobody(world: World) {
        let recovery = Recovery::start(&world).await;
        let (bulk, broker) = (&recovery.bulk, &recovery.broker);
        let source = bulk.tenant.path(&format!("/identity-sources/{}", bulk.tenant.qr));
        bulk.tenant.admin.patch(&source, json!({ "association": "ask" })).await;
        let proves = async |password: &str| {
            let pending = bulk.pending(0, "LiSi").await;
            let code = Some(SecretString::from(pending.code.clone()));
            let callback = Callback { identifier: "qr", state: &pending.state, code };
            let next = broker.callback(&bulk.row, &pending.visitor, callback).await.unwrap();
            let Next::ToBind(id) = next else { panic!("{next:?}") };
            let (visitor, password) = (pending.visitor, SecretString::from(password));
            let proof = broker.prove_by_password(&bulk.row, &id, &visitor, "lisi", password);
            proof.await.unwrap();
            (visitor, id)
        };
        let ((visitor, id), ()) = tokio::join!(proves(OLD), recovery.recovers());
        let bound = broker.confirm_binding(&bulk.row, &id, &visitor).await;
        refused(bound, Reason::SignInFirst);
        // Positive control.
        let (visitor, id) = proves(NEW).await;
        broker.confirm_binding(&bulk.row, &id, &visitor).await.unwrap();
    }

    async fn m10_a_code_to_an_address_that_moves_meanwhile_sets_no_password(world: World) {
        let recovery = Recovery::start(&world).await;
        let resets = async |password: &str| {
            let (visitor, id) = recovery.begins().await;
            let code = recovery.code((&visitor, &id), CodePurpose::Reset).await;
            let (row, password) = (&recovery.bulk.row, SecretString::from(password));
            recovery.broker.reset_password(row, &id, &visitor, &code, password).await
        };
        let moves = async {
            recovery.hashing().await;
            recovery.move_mail("li.si@acme.example").await;
        };
        let (attacker, ()) = tokio::join!(resets("attackers own horse"), moves);
        refused(attacker, Reason::CodeWrong);
        recovery.signs_in(OLD).await.unwrap();
        // Positive control: with the address it works.
        recovery.move_mail(MAIL).await;
        resets(NEW).await.unwrap();
        recovery.signs_in(NEW).await.unwrap();
    }
}
