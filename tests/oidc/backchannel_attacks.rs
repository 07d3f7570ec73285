//! Attacks K4 to K6: apps that do not answer, or answer what they should not; logout tokens that are
//! shown as something else; what is left of a session.

use std::collections::HashSet;
use std::net::Ipv6Addr;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use e2e::{AppServer, Received, Reply, Tenant, World, on_every_backend};
use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use tokio::time::{sleep, timeout};

use crate::backchannel::{
    all_settled, counted, log_out, logout_token, results, told, told_app, waiting,
};
use crate::steps::{
    SESSION, by, claims, is_error, is_oauth_error, is_page, is_signed_out, sign_in, signed_in,
    silently, text, tokens,
};

/// How long an app is left alone after each failure.
const PAUSES: [i64; 6] = [5, 30, 120, 600, 3600, 3600];

/// Runs a statement behind the program's back.
async fn run(world: &World, statement: String) {
    match &world.store().database {
        store::Database::Sqlite { options, .. } => {
            let mut beside = SqliteConnection::connect_with(options).await.unwrap();
            sqlx::query(AssertSqlSafe(statement)).execute(&mut beside).await.map(drop)
        }
        store::Database::Postgres(pool) => {
            sqlx::query(AssertSqlSafe(statement)).execute(pool).await.map(drop)
        }
    }
    .unwrap();
}

/// A refresh token is refused by every node.
async fn is_dead(tenant: &Tenant, refresh_token: &str, what: &str) {
    for _ in 0..4 {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        let answer = tenant.token(&tenant.app, &form).await;
        is_oauth_error(&answer, 400, "invalid_grant", what);
    }
}

/// A refresh token works at every node.
async fn is_alive(tenant: &Tenant, refresh_token: &str, what: &str) {
    for _ in 0..4 {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        let answer = tenant.token(&tenant.app, &form).await;
        assert_eq!(answer.status, 200, "{what}: {}", answer.body);
    }
}

on_every_backend! {
    async fn k5_a_slow_app_delays_nobodys_logout(world: World) {
        let (tenant, server, mut browser, id_token) = told(&world).await;
        server.reply_next([Reply::status(200).after(Duration::from_secs(30))]);
        let began = Instant::now();
        log_out(&tenant, &mut browser, &id_token).await;
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        server.wait_for(1).await;
        is_signed_out(&tenant, &mut browser).await;
        // Nor that of another app's person, while the call is under way.
        let swift = AppServer::start().await;
        let other = told_app(&tenant, &swift, "/swift").await;
        let mut person = world.browser();
        sign_in(&other, &mut person, "LiSi").await;
        let issued = tokens(&other, &mut person, &[]).await;
        log_out(&other, &mut person, text(&issued, "id_token")).await;
        swift.wait_for(1).await;
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
        // The call has an end, and comes again; the app may have acted on the first one.
        failed(&world, 1).await;
        let received = retried(&world, &server, 5, 2).await;
        let (first, again) = (logout_token(&received[0]), logout_token(&received[1]));
        assert_eq!(claims(&first)["sid"], claims(&again)["sid"]);
        assert_ne!(claims(&first)["jti"], claims(&again)["jti"]);
        all_settled(&world).await;
    }

    async fn k5_an_app_that_fails_is_tried_again_by_the_clock(world: World) {
        let (tenant, server, mut browser, id_token) = told(&world).await;
        let sink = AppServer::start().await;
        server.reply_next([
            Reply::status(500).body("no"),
            Reply::status(302).header("location", &sink.url("/logout")),
            Reply::status(307).header("location", &sink.url("/logout")),
            Reply::status(401),
            Reply::status(404),
            Reply::status(501).body(vec![b'x'; 3_000_000]),
        ]);
        log_out(&tenant, &mut browser, &id_token).await;
        server.wait_for(1).await;
        for (tried, pause) in PAUSES.into_iter().enumerate() {
            // Not a moment sooner.
            failed(&world, tried + 1).await;
            assert_eq!(server.received().len(), tried + 1);
            retried(&world, &server, pause, tried + 2).await;
        }
        all_settled(&world).await;
        assert_eq!(server.received().len(), 7);
        assert_eq!(sink.connections(), 0, "a redirect was followed");
        assert_eq!(results(&tenant).await, Vec::<String>::new());
    }

    async fn k5_an_app_that_refuses_is_told_once(world: World) {
        let (tenant, server, mut browser, id_token) = told(&world).await;
        server.reply(Reply::status(400).body(r#"{"error":"invalid_request"}"#));
        log_out(&tenant, &mut browser, &id_token).await;
        all_settled(&world).await;
        assert_eq!(server.received().len(), 1);
        assert_eq!(results(&tenant).await, ["refused"]);
    }

    async fn k5_a_huge_answer_is_not_read(world: World) {
        let (tenant, server, mut browser, id_token) = told(&world).await;
        server.reply(Reply::status(200).body(vec![b'x'; 30_000_000]));
        let began = Instant::now();
        log_out(&tenant, &mut browser, &id_token).await;
        all_settled(&world).await;
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert_eq!(server.received().len(), 1, "it was told");
    }

    async fn k5_a_dead_app_is_given_up_after_a_day(world: World) {
        let (tenant, server, mut browser, id_token) = told(&world).await;
        server.reply(Reply::status(503));
        log_out(&tenant, &mut browser, &id_token).await;
        server.wait_for(1).await;
        failed(&world, 1).await;
        retried(&world, &server, 23 * 3600, 2).await;
        failed(&world, 2).await;
        assert_eq!(results(&tenant).await, Vec::<String>::new());
        world.clock().advance(TimeDelta::hours(1));
        all_settled(&world).await;
        assert_eq!(server.received().len(), 3, "tried once more");
        assert_eq!(results(&tenant).await, ["given_up"]);
    }

    async fn k5_an_app_that_fails_is_not_tried_for_each_session(world: World) {
        let (tenant, server, _, id_token) = told(&world).await;
        let user = tenant.path(&format!("/users/{}", text(&claims(&id_token), "sub")));
        for _ in 0..11 {
            sign_in(&tenant, &mut world.browser(), "zhangsan").await;
        }
        server.reply(Reply::status(500));
        let path = format!("{user}/sign-out");
        assert_eq!(tenant.admin.call(Method::POST, &path, &[], None).await.status, 204);
        server.wait_for(1).await;
        postponed(&world).await;
        // Two calls at once, perhaps at each of two nodes, and the same after each pause.
        assert!(server.received().len() < 10, "{}", server.received().len());
        // Nor for a session that ends meanwhile.
        let mut swift = world.browser();
        sign_in(&tenant, &mut swift, "zhangsan").await;
        let issued = tokens(&tenant, &mut swift, &[]).await;
        log_out(&tenant, &mut swift, text(&issued, "id_token")).await;
        postponed(&world).await;
        assert!(server.received().len() < 12, "{}", server.received().len());
        assert_eq!(waiting(&world).await, 13);
        // It answers: everything is told, but for calls that were under way nothing twice.
        let before = server.received().len();
        server.reply(Reply::status(200));
        world.clock().advance(TimeDelta::minutes(2));
        all_settled(&world).await;
        let told = server.received().split_off(before);
        let sessions: HashSet<String> = told.iter().map(session_of).collect();
        assert_eq!(sessions.len(), 13);
        assert!(told.len() <= 13 + 4, "{}", told.len());
    }

    async fn k5_no_app_leads_into_our_own_network(world: World) {
        let (tenant, server, mut browser, id_token) = told(&world).await;
        // Only 127.0.0.0/8 is allowed in tests.
        let sink = AppServer::start_at(Ipv6Addr::LOCALHOST.into()).await;
        let private = format!("http://[::1]:{}/logout", sink.port());
        let app = tenant.path(&format!("/apps/{}", tenant.app.id));
        let uris = [
            private.as_str(),
            "https://[::1]/logout",
            "https://10.0.0.1/logout",
            "https://169.254.169.254/latest/meta-data/",
            "http://app.example.com@10.0.0.1/logout",
            "https://app.example.com/logout#fragment",
            "https://app.example.com:22/logout",
            "ftp://app.example.com/logout",
            "/logout",
        ];
        for uri in uris {
            let body = Some(json!({ "backchannel_logout_uri": uri }));
            let answer = tenant.admin.call(Method::PATCH, &app, &[("if-match", "*")], body).await;
            assert_eq!(answer.status, 422, "{uri}: {}", answer.body);
            assert_eq!(answer.json()["errors"][0]["pointer"], "/backchannel_logout_uri", "{uri}");
            if uri.contains("10.0.0.1/") && !uri.contains('@') {
                assert!(answer.body.contains("outgoing.allowed_networks"), "{}", answer.body);
            }
        }
        // As if it had been saved when that network was allowed.
        let of = id(&world, &tenant.app.id);
        run(&world, format!("UPDATE apps SET backchannel_logout_uri = '{private}' WHERE id = {of}"))
            .await;
        log_out(&tenant, &mut browser, &id_token).await;
        failed(&world, 1).await;
        assert_eq!((sink.connections(), server.connections()), (0, 0));
        // Positive control: where it may be called.
        tenant.admin.patch(&app, json!({ "backchannel_logout_uri": server.url("/logout") })).await;
        retried(&world, &server, 5, 1).await;
        all_settled(&world).await;
        assert_eq!(sink.connections(), 0);
    }

    async fn k6_a_logout_token_is_good_for_nothing_else(world: World) {
        let (tenant, server, mut browser, id_token) = told(&world).await;
        log_out(&tenant, &mut browser, &id_token).await;
        let token = logout_token(&server.wait_for(1).await[0]);
        let (mut browser, pkce) = (world.browser(), e2e::Pkce::new());
        sign_in(&tenant, &mut browser, "zhangsan").await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        // No ID token: neither of a logout request nor of an authorization request.
        let end = |hint: &str| tenant.url(&format!("/oidc/session/end?id_token_hint={hint}"));
        is_page(&browser.get(end(&token)).await, "invalid_request", "as a hint of a logout");
        let hinted = silently(&tenant, &mut browser, &pkce, &[("id_token_hint", &token)]).await;
        assert!(hinted.parameter("code").is_none(), "as a hint: {hinted:?}");
        // No access token, no refresh token, no code, no proof of an app.
        assert_eq!(tenant.userinfo(&token).await.status, 401);
        let basic = crate::steps::basic(&tenant.app.id, tenant.app.secret.as_ref().unwrap());
        let form = [("token", token.as_str())];
        let answer = tenant.post("/oidc/token/introspection", &form, Some(&basic)).await;
        assert_eq!(answer.json(), json!({ "active": false }));
        let form = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
        assert_eq!(tenant.token(&tenant.app, &form).await.status, 400);
        is_oauth_error(&tenant.redeem(&token, &pkce).await, 400, "invalid_grant", "as a code");
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &token),
        ];
        assert_eq!(tenant.post("/oidc/token", &form, None).await.json()["error"], "invalid_client");
        // Positive control: the right tokens, in the same places.
        let access = text(&issued, "access_token");
        assert_eq!(tenant.userinfo(access).await.status, 200);
        let form = [("token", access)];
        let answer = tenant.post("/oidc/token/introspection", &form, Some(&basic)).await;
        assert_eq!(answer.json()["active"], true);
        let hint = text(&issued, "id_token");
        let hinted = silently(&tenant, &mut browser, &pkce, &[("id_token_hint", hint)]).await;
        assert!(hinted.parameter("code").is_some(), "{hinted:?}");
        log_out(&tenant, &mut browser, hint).await;
        is_signed_out(&tenant, &mut browser).await;
    }

    async fn k4_only_offline_access_outlives_a_logout_and_not_its_revocation(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let ways = json!({ "grant_types": ["authorization_code", "refresh_token"] });
        let tenant = by(&tenant, tenant.make_app(ways).await);
        let online = tokens(&tenant, &mut browser, &[]).await;
        let scope = ("scope", "openid offline_access");
        let offline = tokens(&tenant, &mut browser, &[scope]).await;
        let (online_token, offline_token) =
            (text(&online, "refresh_token"), text(&offline, "refresh_token"));
        let stale = browser.cookies[&tenant.host][SESSION].clone();
        is_alive(&tenant, online_token, "before the logout").await;
        log_out(&tenant, &mut browser, text(&online, "id_token")).await;
        is_dead(&tenant, online_token, "without offline_access").await;
        is_alive(&tenant, offline_token, "with offline_access").await;
        let mut copy = world.browser();
        copy.set_cookie(&tenant.url("/"), SESSION, &stale);
        for _ in 0..4 {
            is_signed_out(&tenant, &mut copy).await;
            let answer = silently(&tenant, &mut copy, &e2e::Pkce::new(), &[scope]).await;
            is_error(&tenant, &answer, "login_required", "a copy of the cookie");
            assert_eq!(tenant.userinfo(text(&online, "access_token")).await.status, 401);
        }
        let user = claims(text(&offline, "id_token"));
        let path = tenant.path(&format!("/users/{}/sign-out", text(&user, "sub")));
        assert_eq!(tenant.admin.call(Method::POST, &path, &[], None).await.status, 204);
        is_dead(&tenant, offline_token, "signed out by the administrator").await;
        // Positive control: a new sign-in has what it should.
        sign_in(&tenant, &mut browser, "zhangsan").await;
        let anew = tokens(&tenant, &mut browser, &[]).await;
        is_alive(&tenant, text(&anew, "refresh_token"), "anew").await;
    }
}

/// An id as the database writes it into a statement.
fn id(world: &World, id: &str) -> String {
    match world.backend() {
        e2e::Backend::Sqlite => format!("x'{}'", id.replace('-', "")),
        e2e::Backend::Postgres => format!("'{id}'"),
    }
}

/// Waits until the only delivery that is left has failed so many times.
async fn failed(world: &World, times: usize) {
    let query = format!("SELECT count(*) FROM logout_deliveries WHERE attempts = {times}");
    becomes(world, &query, 1).await;
}

/// Of which session a logout token tells.
fn session_of(request: &Received) -> String {
    text(&claims(&logout_token(request)), "sid").to_owned()
}

/// Waits until every delivery that is left waits for its app, and none is under way.
async fn postponed(world: &World) {
    let now = world.store().env.now();
    let soon = now + TimeDelta::seconds(31);
    // One that is under way is put off by a minute meanwhile.
    let query = match world.backend() {
        e2e::Backend::Sqlite => "SELECT count(*) FROM logout_deliveries WHERE unixepoch(next_at)",
        e2e::Backend::Postgres => {
            "SELECT count(*) FROM logout_deliveries WHERE extract(epoch FROM next_at)"
        }
    };
    let (now, soon) = (now.timestamp(), soon.timestamp());
    becomes(world, &format!("{query} NOT BETWEEN {now} AND {soon}"), 0).await;
}

/// The clock goes on; waits until the app's server has got so many requests.
async fn retried(world: &World, server: &AppServer, seconds: i64, count: usize) -> Vec<Received> {
    world.clock().advance(TimeDelta::seconds(seconds));
    server.wait_for(count).await
}

/// Waits until a query finds this number.
async fn becomes(world: &World, query: &str, number: i64) {
    let so = async {
        while counted(world, query).await != number {
            sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(Duration::from_secs(40), so).await.is_ok(), "it never became so: {query}");
}
