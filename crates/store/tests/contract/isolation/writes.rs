//! Every function that changes rows that are there. What makes rows is in `integrity.rs`.

use futures_util::FutureExt as _;
use store::account_change::{self, Change, Edit};
use store::app::{self, AppSettings};
use store::contact_callback;
use store::corp::{self, Corp};
use store::identity::{self, LinkStatus};
use store::logout_delivery::{self, Delivery};
use store::normal::Email;
use store::secret::SecretHash;
use store::session::{self, Device, Ending, SignedInBy};
use store::signing_key::{self, KeyStatus};
use store::source::{self, Misconfigured, SourceSettings};
use store::tenant::{self, SmsWebhook, Tenant};
use store::user::{self, Profile, UserStatus};
use store::{
    account, api_key, consent, departure, grant, granted, hand_over, initial_access_token,
    link_event, password, refresh_token, registration, revoked_token, verification_file,
};

use super::{Probe, Writes, write};
use crate::world::{
    HOUR, PASSWORD, Sample, account_settings, app_settings, callback_secret, granted, link,
    registered, signed_in, source_settings, subject,
};

/// Every function that changes rows that are there. What makes rows is in `integrity.rs`.
pub(super) fn writes() -> Vec<Probe<Writes>> {
    [console_writes(), sign_in_writes(), account_writes(), provider_writes()]
        .into_iter()
        .flatten()
        .collect()
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn console_writes() -> Vec<Probe<Writes>> {
    vec![
        write("tenant::update", |tx, of, w| {
            let changed = Tenant { display_name: "x".to_owned(), ..of.tenant.clone() };
            async move { tenant::update(tx, w.env(), &changed).await.map(drop) }.boxed()
        }),
        write("tenant::set_sms_webhook", |tx, _, w| {
            async {
                let webhook =
                    SmsWebhook { url: "https://sms.example".to_owned(), secret: "s".into() };
                tenant::set_sms_webhook(tx, w.env(), &w.store.keys, Some(&webhook)).await
            }
            .boxed()
        }),
        write("tenant::delete", |tx, of, _| tenant::delete(tx, of.tenant.id, 1).boxed()),
        write("corp::update", |tx, of, w| {
            let changed = Corp { display_name: "x".to_owned(), ..of.corp.clone() };
            async move { corp::update(tx, w.env(), &changed).await.map(drop) }.boxed()
        }),
        write("corp::delete", |tx, of, _| {
            async {
                source::delete(tx, of.source.id, 1).await?;
                corp::delete(tx, of.corp.id, 1).await
            }
            .boxed()
        }),
        write("source::update", |tx, of, w| {
            let settings = SourceSettings { agent_id: 7, ..source_settings() };
            let keys = &w.store.keys;
            async { source::update(tx, w.env(), keys, of.source.id, 1, settings).await.map(drop) }
                .boxed()
        }),
        write("source::mark_misconfigured", |tx, of, w| {
            let fault = Some(Misconfigured { errcode: 1, hint: None, at: w.env().now() });
            source::mark_misconfigured(tx, of.source.id, 1, fault).boxed()
        }),
        write("source::delete", |tx, of, _| source::delete(tx, of.source.id, 1).boxed()),
        write("app::update", |tx, of, w| {
            let settings = AppSettings { display_name: "x".to_owned(), ..app_settings() };
            async { app::update(tx, w.env(), of.app, 1, settings).await.map(drop) }.boxed()
        }),
        write("app::delete", |tx, of, _| app::delete(tx, of.app, 1).boxed()),
        write("app::link", |tx, of, w| {
            async { app::link(tx, w.env(), of.app, of.source.id, 9).await.map(drop) }.boxed()
        }),
        write("app::unlink", |tx, of, _| {
            async { app::unlink(tx, of.app, of.source.id).await.map(drop) }.boxed()
        }),
        write("api_key::delete", |tx, of, _| {
            async { api_key::delete(tx, of.api_key).await.map(drop) }.boxed()
        }),
        write("initial_access_token::take", |tx, of, w| {
            async { initial_access_token::take(tx, w.env(), of.initial).await.map(drop) }.boxed()
        }),
        write("initial_access_token::delete", |tx, of, _| {
            async { initial_access_token::delete(tx, of.initial).await.map(drop) }.boxed()
        }),
        write("registration::put", |tx, of, _| {
            let (app, registered) = (of.app, registered(of.initial));
            async move { registration::put(tx, app, &registered, &SecretHash::of("x")).await }
                .boxed()
        }),
        write("registration::take_away", |tx, of, _| registration::take_away(tx, of.app).boxed()),
        write("contact_callback::put", |tx, of, w| {
            async {
                let keys = &w.store.keys;
                contact_callback::put(tx, w.env(), keys, of.corp.id, "x", &callback_secret()).await
            }
            .boxed()
        }),
        write("contact_callback::mark_verified", |tx, of, w| {
            contact_callback::mark_verified(tx, w.env(), &of.tenant.host).boxed()
        }),
        write("contact_callback::mark_event", |tx, of, w| {
            contact_callback::mark_event(tx, w.env(), &of.tenant.host).boxed()
        }),
        write("contact_callback::delete", |tx, of, _| {
            async { contact_callback::delete(tx, of.corp.id).await.map(drop) }.boxed()
        }),
        write("verification_file::put", |tx, _, w| {
            async { verification_file::put(tx, w.env(), "WW_verify_a.txt", "x").await.map(drop) }
                .boxed()
        }),
        write("verification_file::delete", |tx, _, _| {
            async { verification_file::delete(tx, "WW_verify_a.txt").await.map(drop) }.boxed()
        }),
    ]
}

fn sign_in_writes() -> Vec<Probe<Writes>> {
    vec![
        write("user::refresh_profile", |tx, of, w| {
            let told = Profile { name: Some("x".to_owned()), ..Profile::default() };
            async move { user::refresh_profile(tx, w.env(), of.user, &told).await }.boxed()
        }),
        write("user::lock", |tx, of, _| async { user::lock(tx, of.user).await.map(drop) }.boxed()),
        write("user::set_status", |tx, of, w| {
            async { user::set_status(tx, w.env(), of.user, 1, UserStatus::Deleted).await.map(drop) }
                .boxed()
        }),
        write("identity::link", |tx, of, w| {
            async { link(tx, w.env(), of.user, &subject("second"), None).await.map(drop) }.boxed()
        }),
        write("identity::touch", |tx, of, w| {
            identity::touch(tx, w.env(), of.identity, Some("x"), w.env().now()).boxed()
        }),
        write("identity::rename", |tx, of, _| {
            async { identity::rename(tx, &of.subject, &subject("renamed")).await.map(drop) }.boxed()
        }),
        write("identity::leave", |tx, of, w| {
            async { identity::leave(tx, w.env(), &of.subject).await.map(drop) }.boxed()
        }),
        write("departure::record", |tx, _, w| {
            async { departure::record(tx, w.env(), &subject("gone")).await }.boxed()
        }),
        write("departure::hold", |tx, _, _| {
            async { departure::hold(tx, &subject("gone")).await.map(drop) }.boxed()
        }),
        write("session::renew", |tx, of, w| {
            async {
                let token = SecretHash::of("stolen");
                // By password, so that no reference to the source stands in its way.
                let new = signed_in(SignedInBy::Password, &token);
                session::renew(tx, w.env(), of.session.id, new).await.map(drop)
            }
            .boxed()
        }),
        write("session::end", |tx, of, w| {
            async { session::end(tx, w.env(), of.session.id, Ending::SignOut).await.map(drop) }
                .boxed()
        }),
        write("session::end_all_of_user", |tx, of, w| {
            session::end_all_of_user(tx, w.env(), of.user).boxed()
        }),
        write("grant::create", |tx, of, w| {
            async {
                grant::create(
                    tx,
                    w.env(),
                    granted(of.app, &of.session, "openid", &crate::world::code()),
                )
                .await
                .map(drop)
            }
            .boxed()
        }),
        write("grant::revoke", |tx, of, w| {
            async { grant::revoke(tx, w.env(), of.grant).await.map(drop) }.boxed()
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn account_writes() -> Vec<Probe<Writes>> {
    vec![
        write("account::update", |tx, of, w| {
            let settings = account_settings("x");
            async move { account::update(tx, w.env(), of.user, 1, &settings).await.map(drop) }
                .boxed()
        }),
        write("account_change::apply", |tx, of, w| {
            async {
                let Some(user) = user::find(tx, of.user).await? else { return Ok(()) };
                let change = Change { name: Edit::Set("x".to_owned()), ..Change::default() };
                let difference = change.against(&user);
                account_change::apply(tx, w.env(), &user, &difference).await
            }
            .boxed()
        }),
        write("account_change::touch", |tx, of, w| {
            account_change::touch(tx, w.env(), of.user).boxed()
        }),
        write("hand_over::copy", |tx, of, w| {
            async {
                let token = SecretHash::of("stolen");
                let device = Device::default();
                let original = of.session.id;
                hand_over::copy(tx, w.env(), original, &device, &token).await.map(drop)
            }
            .boxed()
        }),
        write("identity::remove_active", |tx, of, _| {
            async { identity::remove_active(tx, of.identity).await.map(drop) }.boxed()
        }),
        write("account::set_verified", |tx, of, w| {
            let email = Email::parse("x@example.com").ok();
            async move { account::set_verified(tx, w.env(), of.user, email.as_ref(), None).await }
                .boxed()
        }),
        write("identity::set_status", |tx, of, _| {
            async { identity::set_status(tx, of.identity, LinkStatus::Suspended).await.map(drop) }
                .boxed()
        }),
        write("identity::remove", |tx, of, _| {
            async { identity::remove(tx, of.identity).await.map(drop) }.boxed()
        }),
        write("link_event::mark_undone", |tx, of, _| {
            link_event::mark_undone(tx, of.linked, of.linked).boxed()
        }),
        write("password::set", |tx, of, w| password::set(tx, w.env(), of.user, "x").boxed()),
        write("password::rehash", |tx, of, _| password::rehash(tx, of.user, PASSWORD, "x").boxed()),
        write("password::remove", |tx, of, _| password::remove(tx, of.user).boxed()),
        write("session::end_oldest_of_user", |tx, of, w| {
            session::end_oldest_of_user(tx, w.env(), of.user, 0).boxed()
        }),
        write("session::touch", |tx, of, w| {
            async { session::touch(tx, w.env(), of.session.id, HOUR).await.map(drop) }.boxed()
        }),
        write("session::end_others_of_user", |tx, of, w| {
            async { session::end_others_of_user(tx, w.env(), of.user, None).await.map(drop) }
                .boxed()
        }),
        write("session::end_all_of_identity", |tx, of, w| {
            session::end_all_of_identity(tx, w.env(), of.identity).boxed()
        }),
    ]
}

/// A logout token that is yet to be delivered.
fn delivery(of: &Sample) -> Delivery {
    Delivery {
        tenant_id: of.tenant.id,
        session_id: of.ended,
        app_id: of.app,
        user_id: of.user,
        created_at: of.tenant.created_at,
        attempts: 0,
    }
}

fn provider_writes() -> Vec<Probe<Writes>> {
    vec![
        write("grant::bind_to_key", |tx, of, _| grant::bind_to_key(tx, of.grant, "jkt").boxed()),
        write("refresh_token::create", |tx, of, w| {
            async {
                let token = crate::world::code();
                refresh_token::create(tx, w.env(), of.grant, &token, HOUR).await
            }
            .boxed()
        }),
        write("refresh_token::touch", |tx, of, w| {
            refresh_token::touch(tx, w.env(), &of.refresh, HOUR * 2).boxed()
        }),
        write("refresh_token::rotate", |tx, of, w| {
            async {
                let (env, keys, next) = (w.env(), &w.store.keys, "next".into());
                refresh_token::rotate(tx, env, keys, &of.refresh, &next).await.map(drop)
            }
            .boxed()
        }),
        write("revoked_token::revoke", |tx, _, w| {
            async {
                let (id, until) = (w.env().random_id()?, w.env().now());
                revoked_token::revoke(tx, id, until).await
            }
            .boxed()
        }),
        write("consent::hold", |tx, of, _| {
            async { consent::hold(tx, of.user, of.app).await.map(drop) }.boxed()
        }),
        write("granted::withdraw", |tx, of, w| {
            async { granted::withdraw(tx, w.env(), of.user, of.app).await.map(drop) }.boxed()
        }),
        write("granted::withdraw_all", |tx, of, w| {
            async { granted::withdraw_all(tx, w.env(), of.app).await.map(drop) }.boxed()
        }),
        write("consent::put", |tx, of, w| {
            consent::put(tx, w.env(), of.user, of.app, "openid email").boxed()
        }),
        write("logout_delivery::put_off", |tx, of, w| {
            async { logout_delivery::put_off(tx, &delivery(of), w.env().now() + HOUR).await }
                .boxed()
        }),
        write("logout_delivery::remove", |tx, of, _| {
            async { logout_delivery::remove(tx, &delivery(of)).await }.boxed()
        }),
        write("signing_key::set_status", |tx, of, w| {
            async {
                let (from, to) = (KeyStatus::Active, KeyStatus::Retired);
                signing_key::set_status(tx, w.env(), of.key, from, to).await.map(drop)
            }
            .boxed()
        }),
        write("signing_key::remove", |tx, of, _| {
            async { signing_key::remove(tx, of.key).await.map(drop) }.boxed()
        }),
    ]
}
