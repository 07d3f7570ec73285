//! Apps that publish the keys that they prove themselves by (attack E5).

use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use e2e::{Answer, AppServer, Reply, Tenant, World, on_every_backend};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use crate::steps::{by, is_oauth_error};

const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A key of an app's own.
struct Key {
    key: EncodingKey,
    kid: Option<&'static str>,
}

impl Key {
    fn new(kid: impl Into<Option<&'static str>>) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let der = STANDARD.encode(pair.to_pkcs8v1().unwrap().as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
        Self { key: EncodingKey::from_ec_pem(pem.as_bytes()).unwrap(), kid: kid.into() }
    }

    fn jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, Algorithm::ES256).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        if let Some(kid) = self.kid {
            jwk["kid"] = json!(kid);
        }
        jwk
    }

    /// What the app shows: an assertion of now.
    fn assertion(&self, app: &Tenant, change: impl FnOnce(&mut Value)) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = self.kid.map(str::to_owned);
        let now = app.world.store().env.now().timestamp();
        let mut claims = json!({
            "iss": app.app.id, "sub": app.app.id, "aud": app.issuer(), "exp": now + 60,
            "jti": uuid::Uuid::new_v4(),
        });
        change(&mut claims);
        jsonwebtoken::encode(&header, &claims, &self.key).unwrap()
    }
}

/// A document of these keys.
fn published(keys: &[&Key]) -> Reply {
    let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    Reply::status(200).body(json!({ "keys": keys }).to_string())
}

/// An app whose server publishes its keys.
async fn publisher(world: &World, keys: &[&Key]) -> (Tenant, AppServer) {
    let server = AppServer::start().await;
    server.reply(published(keys));
    // Its own cache at one node, so that it is known who asks when.
    world.serve_by(&[0]);
    let tenant = world.tenant("acme").await;
    (app_at(&tenant, &server.url("/keys")).await, server)
}

async fn app_at(tenant: &Tenant, jwks_uri: &str) -> Tenant {
    let body = json!({
        "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": jwks_uri,
        "grant_types": ["authorization_code", "client_credentials"],
    });
    by(tenant, tenant.make_app(body).await)
}

async fn show(app: &Tenant, assertion: &str) -> Answer {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", KIND),
        ("client_assertion", assertion),
    ];
    app.post("/oidc/token", &form, None).await
}

async fn proves(app: &Tenant, key: &Key, what: &str) {
    let answer = show(app, &key.assertion(app, |_| ())).await;
    assert_eq!(answer.status, 200, "{what}: {}", answer.body);
}

async fn is_refused(app: &Tenant, key: &Key, what: &str) {
    let answer = show(app, &key.assertion(app, |_| ())).await;
    is_oauth_error(&answer, 401, "invalid_client", what);
}

fn after(world: &World, seconds: i64) {
    world.clock().advance(TimeDelta::seconds(seconds));
}

on_every_backend! {
    async fn e5_keys_are_fetched_once_in_five_minutes(world: World) {
        let (key, stranger) = (Key::new("a"), Key::new("a"));
        let (app, server) = publisher(&world, &[&key]).await;
        assert_eq!(server.connections(), 0, "not before they are needed");
        for _ in 0..5 {
            proves(&app, &key, "published").await;
        }
        is_refused(&app, &stranger, "another key of that name").await;
        assert_eq!(server.connections(), 1);
        let request = server.received().remove(0);
        assert!(request.head.starts_with("GET /keys HTTP/1.1\r\n"), "{}", request.head);
        after(&world, 290);
        proves(&app, &key, "still fresh").await;
        assert_eq!(server.connections(), 1);
        after(&world, 11);
        proves(&app, &key, "asked again").await;
        assert_eq!(server.connections(), 2);
        // A key that was taken away is worth nothing from then on.
        let next = Key::new("b");
        server.reply(published(&[&next]));
        after(&world, 301);
        is_refused(&app, &key, "taken away").await;
        proves(&app, &next, "the new one").await;
        // Each node asks for itself.
        if let Some(other) = world.ports().get(1) {
            assert_ne!(*other, world.ports()[0]);
            world.serve_by(&[1]);
            proves(&app, &next, "at the other node").await;
        }
    }

    async fn e5_an_unknown_key_asks_again_once_a_minute(world: World) {
        let (first, second, third) = (Key::new("a"), Key::new("b"), Key::new("c"));
        let (app, server) = publisher(&world, &[&first]).await;
        is_refused(&app, &second, "not published").await;
        assert_eq!(server.connections(), 1, "it came just now");
        server.reply(published(&[&first, &second]));
        proves(&app, &second, "published since: at once").await;
        assert_eq!(server.connections(), 2);
        for _ in 0..10 {
            is_refused(&app, &third, "guessed").await;
        }
        server.reply(published(&[&second, &third]));
        is_refused(&app, &third, "within the minute").await;
        proves(&app, &first, "known keys go on").await;
        assert_eq!(server.connections(), 2);
        after(&world, 61);
        proves(&app, &third, "a minute later").await;
        is_refused(&app, &first, "taken away").await;
        assert_eq!(server.connections(), 3);
        // A key without a name is looked for in the same way.
        let (nameless, other) = (Key::new(None), Key::new(None));
        after(&world, 61);
        server.reply(published(&[&nameless]));
        proves(&app, &nameless, "without a name").await;
        is_refused(&app, &other, "not published").await;
        assert_eq!(server.connections(), 4);
    }

    async fn e5_what_is_wrong_anyway_asks_nobody(world: World) {
        let key = Key::new("a");
        let (app, server) = publisher(&world, &[&key]).await;
        let other = app_at(&app, &server.url("/other")).await;
        let now = world.store().env.now().timestamp();
        let changes: [(&str, Value); 7] = [
            ("aud", json!("https://elsewhere.example")),
            ("aud", json!([app.issuer()])),
            ("sub", json!(other.app.id)),
            ("exp", json!(now - 60)),
            ("exp", json!(now + 3600)),
            ("nbf", json!(now + 120)),
            ("jti", json!("")),
        ];
        for (name, value) in changes {
            let assertion = key.assertion(&app, |claims| claims[name] = value);
            is_oauth_error(&show(&app, &assertion).await, 401, "invalid_client", name);
        }
        assert_eq!(server.connections(), 0);
        proves(&app, &key, "right").await;
        assert_eq!(server.connections(), 1);
    }

    async fn e5_old_keys_go_on_for_an_hour_whatever_comes(world: World) {
        let key = Key::new("a");
        let (app, server) = publisher(&world, &[&key]).await;
        let sink = AppServer::start().await;
        proves(&app, &key, "published").await;
        let private = json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] }).to_string();
        let good = json!({ "keys": [key.jwk()] }).to_string();
        let doubled = good.replacen('{', "{\"keys\":[],", 1);
        let bad = [
            ("500", Reply::status(500)),
            ("a redirect", Reply::status(302).header("location", &sink.url("/keys"))),
            ("a redirect with keys", Reply::status(307).header("location", &sink.url("/keys")).body(good.clone())),
            ("404 with keys", Reply::status(404).body(good.clone())),
            ("HTML", Reply::status(200).body("<!doctype html><title>Welcome</title>")),
            ("nothing", Reply::status(200)),
            ("204", Reply::status(204)),
            ("no set", Reply::status(200).body("{}")),
            ("a list", Reply::status(200).body("[]")),
            ("a private key", Reply::status(200).body(private)),
            ("a member twice", Reply::status(200).body(doubled)),
            ("huge", Reply::status(200).body(vec![b' '; 3_000_000])),
            ("just too long", Reply::status(200).body(format!("{}{good}", " ".repeat(64 * 1024)))),
        ];
        let mut asked = 1;
        for (what, reply) in bad {
            server.reply(published(&[&key]));
            after(&world, 301);
            proves(&app, &key, what).await;
            server.reply(reply);
            after(&world, 301);
            proves(&app, &key, what).await;
            asked += 2;
            assert_eq!(server.connections(), asked, "{what}: it was asked");
            // Not for each request.
            proves(&app, &key, what).await;
            is_refused(&app, &Key::new("b"), what).await;
            assert_eq!(server.connections(), asked, "{what}: within the minute");
        }
        assert_eq!(sink.connections(), 0, "a redirect was followed");
        after(&world, 3000);
        proves(&app, &key, "within the hour").await;
        after(&world, 400);
        is_refused(&app, &key, "after the hour").await;
        // Positive control: back again, and soon.
        server.reply(published(&[&key]));
        after(&world, 61);
        proves(&app, &key, "back").await;
    }

    async fn e5_an_app_without_keys_is_asked_again_soon(world: World) {
        let key = Key::new("a");
        let (app, server) = publisher(&world, &[&key]).await;
        server.reply(Reply::status(503));
        for _ in 0..5 {
            is_refused(&app, &key, "no keys").await;
        }
        assert_eq!(server.connections(), 1);
        server.reply(published(&[&key]));
        after(&world, 11);
        proves(&app, &key, "back").await;
        assert_eq!(server.connections(), 2);
    }

    async fn e5_a_slow_server_holds_nobody_up_who_has_keys(world: World) {
        let key = Key::new("a");
        let (app, server) = publisher(&world, &[&key]).await;
        proves(&app, &key, "published").await;
        server.reply(published(&[&key]).after(Duration::from_secs(30)));
        after(&world, 301);
        let began = Instant::now();
        let asker = async { proves(&app, &key, "who asks waits five seconds at most").await };
        let others = async {
            server.wait_for(2).await;
            for _ in 0..5 {
                proves(&app, &key, "the others do not wait").await;
            }
            assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
        };
        tokio::join!(asker, others);
        assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
        assert_eq!(server.connections(), 2);
    }

    async fn e5_keys_are_those_of_one_app_at_one_address(world: World) {
        let (key, second) = (Key::new("a"), Key::new("a"));
        let (app, server) = publisher(&world, &[&key]).await;
        let elsewhere = AppServer::start().await;
        elsewhere.reply(published(&[&second]));
        let neighbour = app_at(&app, &elsewhere.url("/keys")).await;
        proves(&app, &key, "its own").await;
        proves(&neighbour, &second, "its own").await;
        is_refused(&app, &second, "the neighbour's").await;
        is_refused(&neighbour, &key, "the neighbour's").await;
        let path = app.path(&format!("/apps/{}", app.app.id));
        app.admin.patch(&path, json!({ "jwks_uri": elsewhere.url("/keys") })).await;
        is_refused(&app, &key, "of the address before").await;
        proves(&app, &second, "of the new address").await;
        // Written down at the app instead: nobody is asked.
        let keys = json!({ "keys": [key.jwk()] });
        app.admin.patch(&path, json!({ "jwks_uri": null, "jwks": keys })).await;
        let asked = (server.connections(), elsewhere.connections());
        is_refused(&app, &second, "published no more").await;
        proves(&app, &key, "written down").await;
        assert_eq!((server.connections(), elsewhere.connections()), asked);
    }

    async fn e5_no_address_leads_into_our_own_network(world: World) {
        let key = Key::new("a");
        let (app, server) = publisher(&world, &[&key]).await;
        let sink = AppServer::start_at(std::net::Ipv6Addr::LOCALHOST.into()).await;
        sink.reply(published(&[&key]));
        let private = format!("http://[::1]:{}/keys", sink.port());
        let path = app.path(&format!("/apps/{}", app.app.id));
        let keys = json!({ "keys": [key.jwk()] });
        let wrong = [
            (json!({ "jwks_uri": private }), "/jwks_uri"),
            (json!({ "jwks_uri": "https://10.0.0.1/keys" }), "/jwks_uri"),
            (json!({ "jwks_uri": "https://169.254.169.254/" }), "/jwks_uri"),
            (json!({ "jwks_uri": "ftp://app.example.com/keys" }), "/jwks_uri"),
            (json!({ "jwks_uri": "keys" }), "/jwks_uri"),
            (json!({ "jwks": keys }), "/jwks_uri"),
            (json!({ "jwks_uri": null }), "/jwks"),
        ];
        for (body, pointer) in wrong {
            let headers = [("if-match", "*")];
            let answer = app.admin.call(Method::PATCH, &path, &headers, Some(body.clone())).await;
            assert_eq!(answer.status, 422, "{body}: {}", answer.body);
            assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}: {}", answer.body);
        }
        proves(&app, &key, "as it was").await;
        // As if it had been saved when that network was allowed.
        let text = server.url("/keys");
        let change = format!("UPDATE apps SET protocol = replace(CAST(protocol AS TEXT), '{text}', '{private}')");
        match &world.store().database {
            store::Database::Sqlite { options, .. } => {
                let mut beside = SqliteConnection::connect_with(options).await.unwrap();
                sqlx::query(AssertSqlSafe(change)).execute(&mut beside).await.map(drop)
            }
            store::Database::Postgres(pool) => {
                let change = change.replacen("replace(", "CAST(replace(", 1) + " AS JSONB)";
                sqlx::query(AssertSqlSafe(change)).execute(pool).await.map(drop)
            }
        }
        .unwrap();
        is_refused(&app, &key, "a private address").await;
        assert_eq!(sink.connections(), 0);
        // Positive control: where it may be called.
        app.admin.patch(&path, json!({ "jwks_uri": text })).await;
        proves(&app, &key, "a permitted address").await;
    }
}
