//! Introspection and revocation (RFC 7662, RFC 7009, attacks F7, F8, B3).

use chrono::TimeDelta;
use e2e::{Answer, Backend, Tenant, World, on_every_backend};
use futures_util::future::join_all;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::steps::{
    FORM, basic, by, claims, code, is_not_stored, is_oauth_error, is_worthless, lives, refreshed,
    refreshing, sign_in, signed_in, text, tokens,
};

const INTROSPECTION: &str = "/oidc/token/introspection";
const REVOCATION: &str = "/oidc/token/revocation";
const ENDPOINTS: [&str; 2] = [INTROSPECTION, REVOCATION];

/// The app calls one of the endpoints, as it is registered.
async fn call(app: &Tenant, path: &str, form: &[(&str, &str)]) -> Answer {
    let mut form = form.to_vec();
    let header = app.app.secret.as_deref().map(|secret| basic(&app.app.id, secret));
    if header.is_none() {
        form.push(("client_id", &app.app.id));
    }
    app.post(path, &form, header.as_deref()).await
}

/// What introspection says to the app about a token.
async fn introspect(app: &Tenant, token: &str) -> Value {
    let answer = call(app, INTROSPECTION, &[("token", token)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    is_not_stored(&answer);
    answer.json()
}

/// Nothing is said about a token, not even why.
async fn is_inactive(app: &Tenant, token: &str, what: &str) {
    assert_eq!(introspect(app, token).await, json!({ "active": false }), "{what}");
}

async fn is_active(app: &Tenant, token: &str, what: &str) {
    assert_eq!(introspect(app, token).await["active"], true, "{what}");
}

/// The app takes a token back; it is told that it worked, whatever the token was.
async fn revoke(app: &Tenant, token: &str, what: &str) {
    let answer = call(app, REVOCATION, &[("token", token)]).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "{}"), "{what}");
    is_not_stored(&answer);
}

/// An app with a secret that refreshes.
async fn confidential(tenant: &Tenant) -> Tenant {
    refreshing(tenant, json!({ "token_endpoint_auth_method": "client_secret_basic" })).await
}

fn access(tokens: &Value) -> &str {
    text(tokens, "access_token")
}

fn token(tokens: &Value) -> &str {
    text(tokens, "refresh_token")
}

on_every_backend! {
    async fn f7_f8_who_does_not_prove_who_they_are_is_told_nothing(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = confidential(&tenant).await;
        let issued = tokens(&app, &mut browser, &[]).await;
        let (id, secret) = (app.app.id.as_str(), app.app.secret.as_deref().unwrap());
        for path in ENDPOINTS {
            for shown in [access(&issued), token(&issued), "x"] {
                let about = ("token", shown);
                for (what, form, header) in [
                    ("nothing", vec![about], None),
                    ("a name", vec![about, ("client_id", id)], None),
                    ("an empty secret", vec![about, ("client_id", id), ("client_secret", "")], None),
                    ("the wrong way", vec![about, ("client_id", id), ("client_secret", secret)], None),
                    ("a wrong secret", vec![about], Some(basic(id, "x"))),
                    ("another's name", vec![about], Some(basic(&tenant.app.id, secret))),
                    ("the token itself", vec![about], Some(format!("Bearer {}", access(&issued)))),
                ] {
                    let answer = app.post(path, &form, header.as_deref()).await;
                    is_oauth_error(&answer, 401, "invalid_client", &format!("{path}: {what}"));
                    let challenge = answer.headers.contains_key("www-authenticate");
                    assert_eq!(challenge, header.is_some(), "{what}");
                }
            }
        }
        // A public app proves nothing: it is told nothing, but may take its own back.
        let public = refreshing(&tenant, json!({})).await;
        let theirs = tokens(&public, &mut browser, &[]).await;
        for shown in [access(&theirs), token(&theirs)] {
            let answer = call(&public, INTROSPECTION, &[("token", shown)]).await;
            is_oauth_error(&answer, 401, "invalid_client", "a public app");
        }
        is_active(&app, access(&issued), "its own").await;
        is_active(&app, token(&issued), "its own").await;
        revoke(&public, token(&theirs), "its own").await;
        is_worthless(&public, token(&theirs), "revoked").await;
    }

    async fn b3_requests_that_say_two_things_or_in_the_wrong_place_are_refused(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = confidential(&tenant).await;
        let issued = tokens(&app, &mut browser, &[]).await;
        let header = basic(&app.app.id, app.app.secret.as_deref().unwrap());
        let right = format!("token={}", access(&issued));
        let authorization = ("authorization", header.as_str());
        for path in ENDPOINTS {
            for (what, query, body) in [
                ("two tokens", "", format!("{right}&token=x")),
                ("the same twice", "", format!("{right}&{right}")),
                ("a hint twice", "", format!("{right}&token_type_hint=a&token_type_hint=b")),
                ("an unknown one twice", "", format!("{right}&x=1&x=2")),
                ("none", "", "token_type_hint=access_token".to_owned()),
                ("an empty one", "", "token=".to_owned()),
                ("in the URL", right.as_str(), String::new()),
                ("in both", right.as_str(), right.clone()),
                ("something in the URL", "x=1", right.clone()),
                ("not UTF-8", "", "token=%ff".to_owned()),
            ] {
                let target = match query {
                    "" => path.to_owned(),
                    query => format!("{path}?{query}"),
                };
                let headers = [authorization, FORM];
                let answer =
                    app.send(Method::POST, &target, &headers, Some(body.as_bytes())).await;
                is_oauth_error(&answer, 400, "invalid_request", &format!("{path}: {what}"));
            }
            for (kind, body) in
                [("application/json", json!({ "token": access(&issued) }).to_string()), ("", right.clone())]
            {
                let headers = [authorization, ("content-type", kind)];
                let answer = app.send(Method::POST, path, &headers, Some(body.as_bytes())).await;
                is_oauth_error(&answer, 400, "invalid_request", kind);
            }
            let target = format!("{path}?{right}");
            let answer = app.send(Method::GET, &target, &[authorization], None).await;
            assert_eq!(answer.status, 405);
        }
        assert!(lives(&app, &issued).await, "nothing was revoked");
        // Hints are hints, right or wrong, and what nobody knows is left out.
        for hint in ["access_token", "refresh_token", "id_token", "", "\u{1F98A}"] {
            let form = [("token", access(&issued)), ("token_type_hint", hint), ("x", "y")];
            assert_eq!(call(&app, INTROSPECTION, &form).await.json()["active"], true, "{hint}");
        }
        let form = [("token", access(&issued)), ("token_type_hint", "refresh_token")];
        assert_eq!(call(&app, REVOCATION, &form).await.status, 200);
        is_inactive(&app, access(&issued), "revoked under a wrong hint").await;
    }

    async fn f7_an_app_sees_its_own_tokens_and_those_that_are_for_it(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let server = by(&tenant, tenant.make_app(json!({})).await);
        let fields = json!({
            "token_endpoint_auth_method": "client_secret_basic",
            "audiences": [server.app.id, "https://api.example.com"],
        });
        let app = refreshing(&tenant, fields).await;
        let issued = tokens(&app, &mut browser, &[("scope", "openid profile")]).await;
        let body = claims(access(&issued));
        for reader in [&app, &server] {
            let about = introspect(reader, access(&issued)).await;
            assert_eq!((&about["active"], &about["token_type"]), (&json!(true), &json!("Bearer")));
            for name in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"] {
                assert_eq!(about[name], body[name], "{name}");
            }
            assert!(about.get("cnf").is_none() && about.get("username").is_none(), "{about}");
        }
        let about = introspect(&app, token(&issued)).await;
        for name in ["iss", "sub", "client_id", "scope"] {
            assert_eq!(about[name], body[name], "{name}");
        }
        assert_eq!(about["active"], true);
        assert!(about["exp"].as_i64().unwrap() > body["exp"].as_i64().unwrap(), "{about}");
        is_inactive(&server, token(&issued), "a refresh token is for nobody but its app").await;
        is_inactive(&tenant, access(&issued), "a neighbour's").await;
        is_inactive(&tenant, token(&issued), "a neighbour's").await;
        let other = world.tenant("other").await;
        let namesake = json!({ "audiences": [tenant.app.id, tenant.issuer(), other.issuer()] });
        let foreign = by(&other, other.make_app(namesake).await);
        let mut theirs = world.browser();
        sign_in(&other, &mut theirs, "zhangsan").await;
        let theirs = tokens(&foreign, &mut theirs, &[]).await;
        is_inactive(&tenant, access(&theirs), "another tenant's, though it names this app").await;
        is_inactive(&foreign, access(&issued), "this tenant's, there").await;
        is_active(&foreign, access(&theirs), "at home").await;
        for (what, wrong) in [
            ("an ID token", text(&issued, "id_token").to_owned()),
            ("a code", code(&app, &mut browser).await.0),
            ("a session", browser.cookies[&tenant.host][crate::steps::SESSION].clone()),
            ("its own secret", app.app.secret.clone().unwrap()),
            ("a guess", "hufu_refresh_x".to_owned()),
            ("garbage", "\0\u{7f}é".to_owned()),
            ("dots", "...".to_owned()),
            ("cut", access(&issued)[..access(&issued).len() - 1].to_owned()),
            ("long", format!("{}{}", access(&issued), "A".repeat(50_000))),
        ] {
            is_inactive(&app, &wrong, what).await;
        }
        is_active(&server, access(&issued), "still").await;
    }

    async fn f7_what_is_over_is_inactive(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = confidential(&tenant).await;
        let issued = tokens(&app, &mut browser, &[]).await;
        world.clock().advance(TimeDelta::seconds(601));
        is_inactive(&app, access(&issued), "expired").await;
        is_active(&app, token(&issued), "it lives longer").await;
        let source = app.path(&format!("/identity-sources/{}", app.qr));
        app.admin.patch(&source, json!({ "status": "disabled" })).await;
        is_inactive(&app, token(&issued), "the source is off").await;
        app.admin.patch(&source, json!({ "status": "active" })).await;
        is_active(&app, token(&issued), "it is on again").await;
        world.clock().advance(TimeDelta::hours(12));
        is_inactive(&app, token(&issued), "the session is over").await;
        let mut browser = world.browser();
        sign_in(&tenant, &mut browser, "zhangsan").await;
        let anew = tokens(&app, &mut browser, &[]).await;
        is_active(&app, access(&anew), "anew").await;
        let user = claims(text(&anew, "id_token"))["sub"].as_str().unwrap().to_owned();
        let suspended = json!({ "status": "suspended" });
        tenant.admin.patch(&tenant.path(&format!("/users/{user}")), suspended).await;
        is_inactive(&app, access(&anew), "the user is suspended").await;
        is_inactive(&app, token(&anew), "the user is suspended").await;
    }

    async fn f8_revoking_one_token_or_all_of_them(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for app in [confidential(&tenant).await, refreshing(&tenant, json!({})).await] {
            let first = tokens(&app, &mut browser, &[]).await;
            let other = tokens(&app, &mut browser, &[]).await;
            // An access token goes alone.
            revoke(&app, access(&first), "an access token").await;
            assert!(!lives(&app, &first).await);
            let mut again = refreshed(&app, token(&first)).await;
            assert!(lives(&app, &again).await);
            if again.get("refresh_token").is_none() {
                again["refresh_token"] = first["refresh_token"].clone();
            }
            // A refresh token takes all along that hangs on it, what it was exchanged for too.
            revoke(&app, token(&first), "a refresh token").await;
            assert!(!lives(&app, &again).await);
            is_worthless(&app, token(&first), "revoked").await;
            is_worthless(&app, token(&again), "revoked").await;
            revoke(&app, token(&first), "again").await;
            // What another sign-in gave does not hang on it.
            assert!(lives(&app, &other).await);
            refreshed(&app, token(&other)).await;
        }
    }

    async fn f8_what_is_not_the_callers_is_left_alone_and_nobody_is_told(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let other = confidential(&world.tenant("other").await).await;
        let server = confidential(&tenant).await;
        let audiences = json!({ "audiences": [server.app.id] });
        let app = refreshing(&tenant, audiences).await;
        let issued = tokens(&app, &mut browser, &[]).await;
        for thief in [&server, &other, &tenant, &refreshing(&tenant, json!({})).await] {
            for shown in [access(&issued), token(&issued), text(&issued, "id_token")] {
                revoke(thief, shown, "another app's").await;
            }
        }
        let unused = code(&tenant, &mut browser).await;
        for shown in ["x", "hufu_refresh_x", "\0", "a.b.c", unused.0.as_str()] {
            revoke(&tenant, shown, shown).await;
        }
        revoke(&app, text(&issued, "id_token"), "an ID token of its own").await;
        assert!(lives(&app, &issued).await);
        is_active(&server, access(&issued), "nobody revoked it").await;
        assert_eq!(tenant.redeem(&unused.0, &unused.1).await.status, 200, "a code is no token");
        let next = refreshed(&app, token(&issued)).await;
        revoke(&app, token(&next), "its own").await;
        assert!(!lives(&app, &issued).await && !lives(&app, &next).await);
    }

    /// CVE-2020-15223: who is told that it worked can rely on it.
    async fn f8_a_store_that_fails_is_never_told_as_success(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = confidential(&tenant).await;
        let issued = tokens(&app, &mut browser, &[]).await;
        let held = Held::take(&world).await;
        for shown in [access(&issued), token(&issued)] {
            let answer = call(&app, REVOCATION, &[("token", shown)]).await;
            assert_eq!(answer.status, 503, "{}", answer.body);
            assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
            is_not_stored(&answer);
        }
        held.give_back().await;
        // Connections that broke meanwhile are noticed when they are used.
        let all_at_once = async || join_all((0..40).map(|_| app.userinfo(access(&issued)))).await;
        while all_at_once().await.iter().any(|answer| answer.status == 503) {}
        assert!(lives(&app, &issued).await);
        revoke(&app, access(&issued), "the store is back").await;
        assert!(!lives(&app, &issued).await);
        revoke(&app, token(&issued), "the store is back").await;
        is_worthless(&app, token(&issued), "revoked").await;
    }
}

/// A database that is there and takes nothing: another writer on SQLite, a replica's on PostgreSQL.
enum Held {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Every connection is closed, and the next ones are what the database says by then.
const ALL_ANEW: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

impl Held {
    async fn take(world: &World) -> Self {
        let settings = world.settings();
        let url = settings.database.url.as_ref().unwrap().expose_secret();
        if world.backend() == Backend::Sqlite {
            let mut connection = SqliteConnection::connect(url).await.unwrap();
            sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
            return Self::Sqlite(connection);
        }
        let mut connection = PgConnection::connect(url).await.unwrap();
        read_only(&mut connection, "on").await;
        Self::Postgres(connection)
    }

    async fn give_back(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(mut connection) => read_only(&mut connection, "off").await,
        }
    }
}

async fn read_only(connection: &mut PgConnection, switch: &str) {
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(&mut *connection).await.unwrap();
    // Even if this connection is what cannot write by now.
    let change = format!(
        "BEGIN READ WRITE; ALTER DATABASE {name} SET default_transaction_read_only = {switch}; COMMIT"
    );
    sqlx::raw_sql(AssertSqlSafe(change)).execute(&mut *connection).await.unwrap();
    sqlx::raw_sql(ALL_ANEW).execute(connection).await.unwrap();
}
