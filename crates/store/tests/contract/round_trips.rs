//! Every field of corps, sources, apps, users and identities comes back as it was written.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Timelike as _};
use secrecy::ExposeSecret as _;
use store::app::{AppSettings, AuthMethod};
use store::corp::Corp;
use store::id::{AppId, SourceId};
use store::identity::LinkStatus;
use store::policy::{AskForm, AssociationPolicy, MatchField, MatchRule, OnDoubt, OnNoMatch, Proof};
use store::secret::SecretHash;
use store::signing_key::Algorithm;
use store::source::{
    self, AssociationMode, Misconfigured, NewSource, SourceKind, SourceMode, SourceScope,
    SourceSettings, Status,
};
use store::{DatabaseUrl, Result, api_key, app, corp, identity, user};

use crate::support::each_engine;
use crate::world::{
    Sample, World, app_settings, branding, link, profile, source_settings, subject,
};

each_engine! {
    times_are_kept_to_the_microsecond,
    a_corp_comes_back,
    a_source_comes_back_with_every_variant,
    a_source_remembers_that_it_is_misconfigured,
    an_app_comes_back_with_every_variant,
    links_come_back_in_order,
    a_user_comes_back_with_and_without_values,
    an_identity_comes_back,
    a_link_goes_along_with_another_userid,
    a_link_is_switched_off_and_on,
}

async fn world(url: DatabaseUrl) -> Result<(World, Sample)> {
    let world = World::open(url).await?;
    let sample = world.sample("acme.example.com").await?;
    Ok((world, sample))
}

async fn times_are_kept_to_the_microsecond(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let mut read = world.store.tenant(of.tenant.id);
    // Whole seconds, milliseconds and microseconds are written with different numbers of digits.
    for nanosecond in [0, 1_000, 120_000, 123_000_000, 123_456_000, 999_999_000] {
        let expires_at = Some(world.env().now().with_nanosecond(nanosecond).unwrap());
        let hash = SecretHash::of(&nanosecond.to_string());
        let mut tx = world.store.begin(of.tenant.id).await?;
        let made = api_key::create(&mut tx, world.env(), "k", "p", &hash, expires_at).await?;
        tx.commit().await?;
        let found = api_key::find(&mut read, made.id).await?.unwrap();
        assert_eq!(found.expires_at, expires_at);
        // The clock gives nanoseconds; they are cut off before anything is kept.
        assert_eq!(found.created_at, world.env().now());
        assert_eq!(found.created_at.nanosecond(), 123_456_000);
    }
    Ok(())
}

async fn a_corp_comes_back(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    let made = Corp { egress: Some("出口".to_owned()), version: 7, ..world.corp("wwb")? };
    corp::create(&mut tx, &made).await?;
    world.clock.advance(TimeDelta::microseconds(1));
    let changed = Corp { display_name: "新名".to_owned(), egress: None, ..made.clone() };
    assert_eq!(corp::update(&mut tx, world.env(), &changed).await?.version, 8);
    tx.commit().await?;
    let found = corp::find(&mut world.store.tenant(of.tenant.id), made.id).await?.unwrap();
    assert_eq!(
        (found.id, found.corp_id, found.display_name),
        (made.id, made.corp_id, "新名".into())
    );
    assert_eq!((found.egress, found.version), (None, 8));
    assert_eq!((found.created_at, found.updated_at), (made.created_at, world.env().now()));
    let first = corp::find(&mut world.store.tenant(of.tenant.id), of.corp.id).await?.unwrap();
    assert_eq!((first.display_name, first.egress), (of.corp.display_name, of.corp.egress));
    Ok(())
}

/// A policy in which nothing is as it is by itself.
fn policy() -> AssociationPolicy {
    let rule =
        |(at, field): (usize, &MatchField)| MatchRule { field: *field, trusted: at % 2 == 0 };
    AssociationPolicy {
        rules: MatchField::ALL.iter().rev().enumerate().map(rule).collect(),
        on_no_match: OnNoMatch::Ask,
        on_several: OnDoubt::Ask,
        on_other_identity: OnDoubt::Ask,
        ask_form: AskForm::OneForm,
        proofs: vec![Proof::SmsCode],
        offer_consent: true,
        offer_typed: true,
        offer_browser: true,
    }
}

/// All combinations of the enums of a source, and both ends of what else it holds.
fn variants() -> Vec<(SourceKind, SourceMode, SourceSettings)> {
    let mut variants = Vec::new();
    for kind in SourceKind::ALL {
        for mode in SourceMode::ALL {
            for association in AssociationMode::ALL {
                for (scope, status) in SourceScope::ALL.iter().zip(Status::ALL) {
                    let full = *status == Status::Active;
                    let settings = SourceSettings {
                        agent_id: if full { i64::MAX } else { 0 },
                        scope: *scope,
                        status: *status,
                        association: *association,
                        panel: full,
                        login_only: !full,
                        policy: if full { policy() } else { AssociationPolicy::default() },
                        logo_url: full.then(|| "https://例.example.com/".to_owned()),
                        ..source_settings()
                    };
                    variants.push((*kind, *mode, settings));
                }
            }
        }
    }
    variants
}

async fn a_source_comes_back_with_every_variant(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let (keys, tenant) = (&world.store.keys, of.tenant.id);
    for (at, (kind, mode, settings)) in variants().into_iter().enumerate() {
        let identifier = format!("source-{at}");
        let new = NewSource { corp: of.corp.id, identifier: identifier.clone(), kind, mode };
        let mut tx = world.store.begin(tenant).await?;
        let made = source::create(&mut tx, world.env(), keys, new, settings.clone()).await?;
        tx.commit().await?;
        let read = &mut world.store.tenant(tenant);
        let found = source::find_by_identifier(read, &identifier).await?.unwrap();
        assert_eq!(
            (found.id, found.corp, found.kind, found.mode),
            (made.id, of.corp.id, kind, mode)
        );
        assert_eq!((found.corp_id, found.egress), (of.corp.corp_id.clone(), None));
        check_settings(&world, &of, &source::find(read, made.id).await?.unwrap(), &settings)?;
        assert_eq!(found.version, 1);

        let changed = SourceSettings { secret: "其他".to_owned().into(), ..source_settings() };
        let mut tx = world.store.begin(tenant).await?;
        source::update(&mut tx, world.env(), keys, made.id, 1, changed.clone()).await?;
        tx.commit().await?;
        let found = source::find(read, made.id).await?.unwrap();
        assert_eq!((found.kind, found.mode, found.version), (kind, mode, 2));
        check_settings(&world, &of, &found, &changed)?;
    }
    Ok(())
}

fn check_settings(
    world: &World,
    of: &Sample,
    found: &source::Source,
    settings: &SourceSettings,
) -> Result<()> {
    let secret = source::secret(&world.store.keys, of.tenant.id, found)?;
    assert_eq!(secret.expose_secret(), settings.secret.expose_secret());
    assert_eq!(found.display_names.0, settings.display_names);
    assert_eq!((found.agent_id, &found.logo_url), (settings.agent_id, &settings.logo_url));
    assert_eq!((found.scope, found.association), (settings.scope, settings.association));
    assert_eq!((found.panel, found.login_only), (settings.panel, settings.login_only));
    assert_eq!(found.policy.0, settings.policy);
    assert_eq!((found.status, &found.misconfigured), (settings.status, &None));
    assert_eq!((found.created_at, found.updated_at), (world.env().now(), world.env().now()));
    Ok(())
}

async fn a_source_remembers_that_it_is_misconfigured(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let read = &mut world.store.tenant(of.tenant.id);
    for hint in [None, Some("提示: [1600000000]".to_owned())] {
        let fault = Misconfigured { errcode: 40_001, hint, at: world.env().now() };
        for (version, marked) in [(1, true), (2, false)] {
            for fault in [Some(fault.clone()), None] {
                let mut tx = world.store.begin(of.tenant.id).await?;
                source::mark_misconfigured(&mut tx, of.source.id, version, fault.clone()).await?;
                tx.commit().await?;
                let found = source::find(read, of.source.id).await?.unwrap();
                // What was saved meanwhile has another version, and is left alone.
                let kept = found.misconfigured.map(|fault| fault.0);
                assert_eq!(kept, fault.filter(|_| marked));
                assert_eq!(found.version, 1);
            }
        }
    }
    let fault = Misconfigured { errcode: 40_001, hint: None, at: world.env().now() };
    let mut tx = world.store.begin(of.tenant.id).await?;
    source::mark_misconfigured(&mut tx, of.source.id, 1, Some(fault)).await?;
    let keys = &world.store.keys;
    source::update(&mut tx, world.env(), keys, of.source.id, 1, source_settings()).await?;
    tx.commit().await?;
    assert_eq!(source::find(read, of.source.id).await?.unwrap().misconfigured, None);
    Ok(())
}

async fn an_app_comes_back_with_every_variant(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    for method in AuthMethod::ALL {
        for (alg, status) in Algorithm::ALL.iter().zip(Status::ALL) {
            let full = *status == Status::Active;
            let text = || full.then(|| "https://例.example.com/?a=1&b='2'".to_owned());
            let settings = AppSettings {
                token_endpoint_auth_method: *method,
                id_token_alg: *alg,
                status: *status,
                logo_url: text(),
                home_url: text(),
                initiate_login_uri: text(),
                redirect_uris: text().into_iter().chain(["b:/".to_owned()]).collect(),
                post_logout_redirect_uris: text().into_iter().collect(),
                registration: !full,
                sign_in_methods: text().into_iter().chain(["password".to_owned()]).collect(),
                secret_hash: full.then(|| SecretHash::of("秘")),
                branding: full.then(branding),
                ..app_settings()
            };
            let mut tx = world.store.begin(of.tenant.id).await?;
            let made = app::create(&mut tx, world.env(), settings.clone()).await?;
            tx.commit().await?;
            check_app(&world, &of, made.id, 1, &settings).await?;
            let mut tx = world.store.begin(of.tenant.id).await?;
            app::update(&mut tx, world.env(), made.id, 1, app_settings()).await?;
            app::update(&mut tx, world.env(), made.id, 2, settings.clone()).await?;
            tx.commit().await?;
            check_app(&world, &of, made.id, 3, &settings).await?;
        }
    }
    Ok(())
}

async fn check_app(
    world: &World,
    of: &Sample,
    id: AppId,
    version: i64,
    settings: &AppSettings,
) -> Result<()> {
    let found = app::find(&mut world.store.tenant(of.tenant.id), id).await?.unwrap();
    assert_eq!((found.id, &found.display_name), (id, &settings.display_name));
    assert_eq!((&found.logo_url, &found.home_url), (&settings.logo_url, &settings.home_url));
    assert_eq!(found.initiate_login_uri, settings.initiate_login_uri);
    assert_eq!(found.redirect_uris.0.values, settings.redirect_uris);
    assert_eq!(found.post_logout_redirect_uris.0.values, settings.post_logout_redirect_uris);
    assert_eq!(found.registration, settings.registration);
    assert_eq!(found.sign_in_methods.0.values, settings.sign_in_methods);
    assert_eq!(found.token_endpoint_auth_method, settings.token_endpoint_auth_method);
    assert_eq!(found.secret_hash(), settings.secret_hash);
    assert_eq!((found.id_token_alg, found.status), (settings.id_token_alg, settings.status));
    assert_eq!(found.branding, settings.branding);
    assert_eq!((found.version, found.created_at), (version, world.env().now()));
    Ok(())
}

async fn links_come_back_in_order(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    let mut ids = vec![of.source.id];
    for (identifier, position) in [("b", 3), ("c", i64::MIN), ("d", 2)] {
        let made = world.make_source(&mut tx, of.corp.id, identifier).await?;
        ids.push(made.id);
        let link = app::link(&mut tx, world.env(), of.app, made.id, position).await?;
        assert_eq!((link.app_id, link.source_id, link.position), (of.app, made.id, position));
    }
    // Linking once more moves.
    let moved = app::link(&mut tx, world.env(), of.app, of.source.id, 9).await?;
    assert_eq!((moved.position, moved.created_at), (9, world.env().now()));
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    let order: Vec<SourceId> =
        app::links_of_app(read, of.app).await?.iter().map(|link| link.source_id).collect();
    assert_eq!(order, [ids[2], ids[3], ids[1], ids[0]]);
    let offered: Vec<SourceId> =
        source::of_app(read, of.app).await?.iter().map(|source| source.id).collect();
    assert_eq!(offered, order);
    let of_source = app::links_of_source(read, of.source.id).await?;
    assert_eq!(of_source.iter().map(|link| link.app_id).collect::<Vec<_>>(), [of.app]);

    let mut tx = world.store.begin(of.tenant.id).await?;
    assert!(app::unlink(&mut tx, of.app, of.source.id).await?);
    assert!(!app::unlink(&mut tx, of.app, of.source.id).await?);
    tx.commit().await?;
    assert!(source::usable(read, of.app, "wecom").await?.is_none());
    assert!(source::usable(read, of.app, "b").await?.is_some());
    let disabled = SourceSettings { status: Status::Disabled, ..source_settings() };
    let mut tx = world.store.begin(of.tenant.id).await?;
    source::update(&mut tx, world.env(), &world.store.keys, ids[1], 1, disabled).await?;
    tx.commit().await?;
    assert!(source::usable(read, of.app, "b").await?.is_none());
    assert_eq!(source::of_app(read, of.app).await?.len(), 2);
    Ok(())
}

async fn a_user_comes_back_with_and_without_values(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    for profile in [profile(), user::Profile::default()] {
        let mut tx = world.store.begin(of.tenant.id).await?;
        let made = user::create(&mut tx, world.env(), &profile).await?;
        tx.commit().await?;
        let found = user::find(&mut world.store.tenant(of.tenant.id), made.id).await?.unwrap();
        assert_eq!((found.name, found.email), (profile.name, profile.email));
        assert_eq!((found.phone_number, found.picture), (profile.phone_number, profile.picture));
        assert_eq!((found.status, found.version), (user::UserStatus::Active, 1));
        assert_eq!((found.created_at, found.updated_at), (made.created_at, world.env().now()));
    }
    Ok(())
}

async fn an_identity_comes_back(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let made_at = world.env().now();
    let mut tx = world.store.begin(of.tenant.id).await?;
    let second = link(&mut tx, world.env(), of.user, &subject("ZhangSan-二"), None).await?;
    world.clock.advance(TimeDelta::microseconds(1));
    let now = world.env().now();
    identity::touch(&mut tx, world.env(), of.identity, Some("张三丰"), now).await?;
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    let found = identity::of_user(read, of.user).await?;
    assert_eq!(found.iter().map(|row| row.id).collect::<BTreeSet<_>>().len(), 2);
    let first = found.iter().find(|row| row.id == of.identity).unwrap();
    assert_eq!((first.created_at, first.last_sign_in_at), (made_at, world.env().now()));
    assert_eq!((first.name.as_deref(), first.status), (Some("张三丰"), LinkStatus::Active));
    assert_eq!(first.person(), of.subject);
    let other = found.iter().find(|row| Some(row.id) == second).unwrap();
    assert_eq!(other.name, None);
    assert_eq!((other.user_id, other.userid.as_str()), (of.user, "ZhangSan-二"));
    assert_eq!((&other.corp_id, other.last_sign_in_at), (&of.subject.corp_id, made_at));
    let linked = identity::linked_user(read, &of.subject).await?.unwrap();
    assert_eq!((linked.identity_id, linked.user_id), (of.identity, of.user));
    assert_eq!((linked.status, linked.name), (user::UserStatus::Active, profile().name));
    assert_eq!((linked.email, linked.phone_number), (profile().email, profile().phone_number));
    assert_eq!(linked.picture, profile().picture);
    assert_eq!((linked.origin, linked.link_status), (user::Origin::SignIn, LinkStatus::Active));
    assert_eq!((linked.email_verified, linked.phone_number_verified), (false, false));
    assert!(identity::has_of_corp(read, of.user, &of.subject.corp_id).await?);
    assert!(!identity::has_of_corp(read, of.user, "ww-other").await?);
    // The same userid of another corp is somebody else.
    let elsewhere = identity::Subject { corp_id: "ww-other".to_owned(), ..of.subject.clone() };
    assert!(identity::linked_user(read, &elsewhere).await?.is_none());
    Ok(())
}

async fn a_link_goes_along_with_another_userid(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let mut tx = world.store.begin(of.tenant.id).await?;
    let (second, third) = (subject("second"), subject("third"));
    link(&mut tx, world.env(), of.user, &second, None).await?.unwrap();
    assert!(!identity::rename(&mut tx, &subject("nobody"), &third).await?);
    assert!(!identity::rename(&mut tx, &of.subject, &second).await?, "somebody has it");
    assert!(identity::rename(&mut tx, &of.subject, &third).await?);
    let capitals = identity::Subject { userid: "THIRD".to_owned(), ..third.clone() };
    assert!(identity::rename(&mut tx, &third, &capitals).await?, "its capitals");
    tx.commit().await?;
    let read = &mut world.store.tenant(of.tenant.id);
    assert!(identity::linked_user(read, &of.subject).await?.is_none());
    assert_eq!(identity::linked_user(read, &third).await?.unwrap().identity_id, of.identity);
    assert_eq!(identity::find(read, of.identity).await?.unwrap().person(), capitals);
    Ok(())
}

async fn a_link_is_switched_off_and_on(url: DatabaseUrl) -> Result<()> {
    let (world, of) = world(url).await?;
    let read = &mut world.store.tenant(of.tenant.id);
    let mut before = LinkStatus::Active;
    for status in
        [LinkStatus::Active, LinkStatus::Suspended, LinkStatus::Suspended, LinkStatus::Active]
    {
        let mut tx = world.store.begin(of.tenant.id).await?;
        let changed = identity::set_status(&mut tx, of.identity, status).await?;
        // A suspended link keeps its person from being linked anew.
        let anew = link(&mut tx, world.env(), of.user, &of.subject, None).await?;
        tx.commit().await?;
        assert_eq!((changed, anew), (status != before, None));
        assert_eq!(identity::find(read, of.identity).await?.unwrap().status, status);
        let linked = identity::linked_user(read, &of.subject).await?.unwrap();
        assert_eq!((linked.link_status, linked.status), (status, user::UserStatus::Active));
        before = status;
    }
    Ok(())
}
