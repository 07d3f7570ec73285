//! The tenants' signing keys: rotation, and taking one away at once (attacks I5, N3, S1).

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use e2e::{Answer, Browser, Tenant, World, on_every_backend, verify_id_token};
use futures_util::future::join_all;
use oidc::keys::Nursery;
use oidc::rotation::{PUBLISH_FOR, Rotator, Rules};
use reqwest::Method;
use serde_json::{Value, json};

use crate::steps::{by, events, is_page, is_signed_in, sign_in, signed_in, silently, text, tokens};

/// How long a node may go on taking what a withdrawn key signed.
const PROMISED: Duration = Duration::from_secs(2);

fn rules() -> Rules {
    Rules { age: Some(TimeDelta::days(90)), session: TimeDelta::hours(12) }
}

/// Each node does what is due, all at once.
async fn rotate(world: &World) {
    let run =
        async |store| Rotator::new(store, Nursery::of_process(), rules()).run().await.unwrap();
    join_all(world.stores().into_iter().map(run)).await;
}

/// The tenant's keys of an algorithm with a status, by the console.
async fn kids(tenant: &Tenant, algorithm: &str, status: &str) -> Vec<String> {
    let keys = tenant.admin.get(&tenant.path("/signing-keys")).await;
    let keys = keys["items"].as_array().unwrap().iter();
    keys.filter(|key| key["algorithm"] == algorithm && key["status"] == status)
        .map(|key| text(key, "kid").to_owned())
        .collect()
}

async fn the_kid(tenant: &Tenant, algorithm: &str, status: &str) -> String {
    let kids = kids(tenant, algorithm, status).await;
    let [kid] = kids.as_slice() else { panic!("{status} {algorithm}: {kids:?}") };
    kid.clone()
}

async fn prepare(tenant: &Tenant, algorithm: &str) -> String {
    let body = json!({ "algorithm": algorithm });
    let made = tenant.admin.post(&tenant.path("/signing-keys"), body).await;
    text(&made, "kid").to_owned()
}

async fn activate(tenant: &Tenant, kid: &str, body: Value) -> Answer {
    let path = tenant.path(&format!("/signing-keys/{kid}/activate"));
    tenant.admin.call(Method::POST, &path, &[], Some(body)).await
}

fn kid_of(issued: &Value, token: &str) -> String {
    jsonwebtoken::decode_header(text(issued, token)).unwrap().kid.unwrap()
}

/// What the app got before still counts: at UserInfo, and as a hint.
async fn still_counts(tenant: &Tenant, browser: &mut Browser, issued: &Value) {
    for _ in 0..2 {
        // Each request goes to the next node.
        let answer = tenant.userinfo(text(issued, "access_token")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(hinted(tenant, browser, issued).await.parameter("code").is_some());
    }
}

/// A request with what the app got before as a hint.
async fn hinted(tenant: &Tenant, browser: &mut Browser, issued: &Value) -> Answer {
    let hint = [("id_token_hint", text(issued, "id_token"))];
    silently(tenant, browser, &e2e::Pkce::new(), &hint).await
}

on_every_backend! {
    async fn i5_a_rotation_by_hand_costs_nobody_anything(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let lives = json!({ "access_token_lifetime": 86_400 });
        let tenant = by(&tenant, tenant.make_app(lives).await);
        let before = tokens(&tenant, &mut browser, &[]).await;
        let old = kid_of(&before, "id_token");
        assert_eq!(old, the_kid(&tenant, "ES256", "active").await);

        // It is published before it signs.
        let new = prepare(&tenant, "ES256").await;
        tenant.until_published(&new, true).await;
        assert_eq!(kid_of(&tokens(&tenant, &mut browser, &[]).await, "id_token"), old);
        rotate(&world).await;
        assert_eq!(activate(&tenant, &new, json!({})).await.status, 409);
        assert_eq!(the_kid(&tenant, "ES256", "active").await, old);
        world.clock().advance(PUBLISH_FOR);
        assert_eq!(activate(&tenant, &new, json!({})).await.status, 200);

        // It signs on every node, and what was signed before counts.
        tenant.until_signing(&new).await;
        for _ in 0..world.ports().len() {
            let after = tokens(&tenant, &mut browser, &[]).await;
            let kids = [kid_of(&after, "id_token"), kid_of(&after, "access_token")];
            assert_eq!(kids, [new.as_str(); 2]);
        }
        let after = tokens(&tenant, &mut browser, &[]).await;
        verify_id_token(&tenant, &mut browser, text(&after, "id_token")).await;
        still_counts(&tenant, &mut browser, &after).await;
        still_counts(&tenant, &mut browser, &before).await;

        // The last token of the old one is dead before it goes.
        world.clock().advance(TimeDelta::hours(24));
        rotate(&world).await;
        tenant.until_published(&old, true).await;
        assert_eq!(the_kid(&tenant, "ES256", "retired").await, old);
        assert_eq!(tenant.userinfo(text(&before, "access_token")).await.status, 401, "expired");
        world.clock().advance(TimeDelta::hours(1));
        rotate(&world).await;
        tenant.until_published(&old, false).await;
        assert_eq!(kids(&tenant, "ES256", "retired").await, [] as [&str; 0]);
        sign_in(&tenant, &mut browser, "zhangsan").await;
        let fresh = tokens(&tenant, &mut browser, &[]).await;
        assert_eq!(kid_of(&fresh, "id_token"), new);
        still_counts(&tenant, &mut browser, &fresh).await;
    }

    /// An app that meets a new key reads the JWK Set at once, and then not again for a minute.
    async fn i5_a_node_publishes_what_it_signs_by(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        world.serve_by(&[0]);
        let old = kid_of(&tokens(&tenant, &mut browser, &[]).await, "id_token");
        let new = prepare(&tenant, "ES256").await;
        assert_eq!(activate(&tenant, &new, json!({ "force": true })).await.status, 200);
        // What a node has read it goes on with for a second of the machine's: here for signing, half a
        // second later for publishing.
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(tenant.publishes(0, &old).await);
        let began = Instant::now();
        let mut kid = old;
        while kid != new {
            assert!(began.elapsed() < Duration::from_secs(20), "the old one still signs");
            kid = kid_of(&tokens(&tenant, &mut browser, &[]).await, "id_token");
            assert!(tenant.publishes(0, &kid).await, "it signs by {kid}");
        }
    }

    async fn i5_a_withdrawn_key_is_worth_nothing_within_seconds(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let nodes = world.ports().len();
        for with_next in [true, false] {
            let stolen = tokens(&tenant, &mut browser, &[]).await;
            let (access, hint) = (text(&stolen, "access_token"), text(&stolen, "id_token"));
            let kid = kid_of(&stolen, "id_token");
            // Every node has the key at hand.
            for node in 0..nodes {
                assert_eq!(tenant.ask_node(node, "/oidc/me", access).await.1, 200);
            }
            let next = if with_next { Some(prepare(&tenant, "ES256").await) } else { None };
            tenant.admin.delete(&tenant.path(&format!("/signing-keys/{kid}"))).await;
            let gone = Instant::now();
            for node in 0..nodes {
                loop {
                    let (asked, status, body) = tenant.ask_node(node, "/oidc/me", access).await;
                    if status == 401 {
                        break;
                    }
                    assert_eq!(status, 200, "{body}");
                    assert!(asked - gone < PROMISED, "node {node} still takes it");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            tenant.until_published(&kid, false).await;
            for _ in 0..nodes {
                let end = tenant.url(&format!("/oidc/session/end?id_token_hint={hint}"));
                is_page(&browser.get(end).await, "invalid_request", "a hint of a withdrawn key");
                let answer = hinted(&tenant, &mut browser, &stolen).await;
                assert_eq!(answer.parameter("error").as_deref(), Some("invalid_request"));
            }
            // The person is still signed in, and another key signs.
            is_signed_in(&tenant, &mut browser).await;
            let new = the_kid(&tenant, "ES256", "active").await;
            assert!(new != kid && next.is_none_or(|next| next == new));
            tenant.until_published(&new, true).await;
            let fresh = tokens(&tenant, &mut browser, &[]).await;
            assert_eq!((kid_of(&fresh, "id_token"), kid_of(&fresh, "access_token")), (new.clone(), new));
            verify_id_token(&tenant, &mut browser, text(&fresh, "id_token")).await;
            still_counts(&tenant, &mut browser, &fresh).await;
        }
    }

    async fn i5_keys_change_by_schedule(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let first = the_kid(&tenant, "RS256", "active").await;
        rotate(&world).await;
        world.clock().advance(TimeDelta::days(89));
        rotate(&world).await;
        let recorded = async |tenant: &Tenant| -> Vec<Value> {
            let mut events = events(tenant).await;
            events.retain(|event| text(event, "action").starts_with("signing_key."));
            events
        };
        assert_eq!(recorded(&tenant).await, [] as [Value; 0], "nothing is due");
        world.clock().advance(TimeDelta::days(1));
        rotate(&world).await;
        let second = the_kid(&tenant, "RS256", "next").await;
        world.clock().advance(PUBLISH_FOR);
        rotate(&world).await;
        assert_eq!(the_kid(&tenant, "RS256", "active").await, second);
        assert_eq!(the_kid(&tenant, "RS256", "retired").await, first);
        world.clock().advance(rules().kept());
        rotate(&world).await;
        assert_eq!(kids(&tenant, "RS256", "retired").await, [] as [&str; 0]);
        // Each change of each of the four keys once, by nobody but ourselves.
        let events = recorded(&tenant).await;
        for action in ["signing_key.create", "signing_key.activate", "signing_key.remove"] {
            let of = |event: &&Value| event["action"] == action && event["actor_kind"] == "system";
            assert_eq!(events.iter().filter(of).count(), 4, "{action}: {events:?}");
        }
        assert_eq!(events.len(), 12);
        let told = |action: &str, kid: &str| {
            events.iter().any(|event| event["action"] == action && event["detail"]["kid"] == kid)
        };
        assert!(told("signing_key.activate", &second) && told("signing_key.remove", &first));
        tenant.until_signing(&second).await;
        let tenant = by(&tenant, tenant.make_app(json!({ "id_token_signed_response_alg": "RS256" })).await);
        sign_in(&tenant, &mut browser, "zhangsan").await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        assert_eq!(kid_of(&issued, "id_token"), second);
        verify_id_token(&tenant, &mut browser, text(&issued, "id_token")).await;
    }

    async fn i5_a_tenant_from_before_an_algorithm_gets_its_key(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let id = tenant.id.parse().unwrap();
        for algorithm in ["PS256", "EdDSA"] {
            // As it was before: no key at all.
            let kid = the_kid(&tenant, algorithm, "active").await.parse().unwrap();
            let mut tx = world.store().begin(id).await.unwrap();
            assert!(store::signing_key::remove(&mut tx, kid).await.unwrap());
            tx.commit().await.unwrap();
        }
        rotate(&world).await;
        for algorithm in ["PS256", "EdDSA"] {
            let new = the_kid(&tenant, algorithm, "active").await;
            tenant.until_published(&new, true).await;
            let app = json!({ "id_token_signed_response_alg": algorithm });
            let tenant = by(&tenant, tenant.make_app(app).await);
            let issued = tokens(&tenant, &mut browser, &[]).await;
            assert_eq!(kid_of(&issued, "id_token"), new);
            verify_id_token(&tenant, &mut browser, text(&issued, "id_token")).await;
        }
    }

    async fn n3_the_keys_of_one_tenant_are_not_anothers(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let other = world.tenant("other").await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        let own = the_kid(&tenant, "ES256", "active").await;
        let next = prepare(&tenant, "ES256").await;
        let all = |keys: Value| -> Vec<String> {
            keys["items"].as_array().unwrap().iter().map(|key| text(key, "kid").to_owned()).collect()
        };
        let theirs = all(other.admin.get(&other.path("/signing-keys")).await);
        assert!(all(tenant.admin.get(&tenant.path("/signing-keys")).await)
            .iter()
            .all(|kid| !theirs.contains(kid)));
        for kid in [&own, &next] {
            // At their own path, and at ours with their key.
            for base in [other.path("/signing-keys"), tenant.path("/signing-keys")] {
                let (key, force) = (format!("{base}/{kid}"), Some(json!({ "force": true })));
                let answers = [
                    other.admin.call(Method::GET, &key, &[], None).await,
                    other.admin.call(Method::DELETE, &key, &[], None).await,
                    other.admin.call(Method::POST, &format!("{key}/activate"), &[], force).await,
                ];
                for answer in answers {
                    assert_eq!(answer.status, 404, "{}", answer.body);
                }
            }
        }
        let body = Some(json!({ "algorithm": "RS256" }));
        let made = other.admin.call(Method::POST, &tenant.path("/signing-keys"), &[], body).await;
        assert_eq!(made.status, 404, "{}", made.body);
        assert_eq!(the_kid(&tenant, "ES256", "active").await, own);
        assert_eq!(the_kid(&tenant, "ES256", "next").await, next);
        still_counts(&tenant, &mut browser, &issued).await;
        let path = format!("/signing-keys/{next}");
        tenant.admin.delete(&tenant.path(&path)).await;
        assert_eq!(kids(&tenant, "ES256", "next").await, [] as [&str; 0]);
    }

    async fn s1_changes_at_once_leave_one_key_that_signs(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        world.clock().advance(TimeDelta::days(90));
        for _ in 0..2 {
            // Two nodes, each more than once, and an administrator.
            join_all((0..2).map(|_| rotate(&world))).await;
            let next = the_kid(&tenant, "ES256", "next").await;
            let active = the_kid(&tenant, "ES256", "active").await;
            world.clock().advance(PUBLISH_FOR);
            let withdraw = async |kid: &str| {
                let path = tenant.path(&format!("/signing-keys/{kid}"));
                tenant.admin.call(Method::DELETE, &path, &[], None).await
            };
            let ((), (), one, two, by_hand) = tokio::join!(
                rotate(&world),
                rotate(&world),
                withdraw(&active),
                withdraw(&active),
                activate(&tenant, &next, json!({})),
            );
            let mut statuses = [one.status.as_u16(), two.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 404]);
            assert!([200, 409].contains(&by_hand.status.as_u16()), "{}", by_hand.body);
            assert_eq!(the_kid(&tenant, "ES256", "active").await, next);
            assert_eq!(kids(&tenant, "ES256", "retired").await, [] as [&str; 0]);
            // The key that is about to sign goes while it begins to.
            let next = prepare(&tenant, "ES256").await;
            world.clock().advance(PUBLISH_FOR);
            tokio::join!(rotate(&world), withdraw(&next), activate(&tenant, &next, json!({})));
            let active = the_kid(&tenant, "ES256", "active").await;
            assert_ne!(active, next);
            for status in ["active", "next"] {
                for algorithm in ["RS256", "PS256", "EdDSA"] {
                    assert!(kids(&tenant, algorithm, status).await.len() <= 1);
                }
            }
            world.clock().advance(TimeDelta::days(90));
        }
        sign_in(&tenant, &mut browser, "zhangsan").await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        verify_id_token(&tenant, &mut browser, text(&issued, "id_token")).await;
    }
}
