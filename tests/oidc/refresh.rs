//! Refresh tokens that are used as they should be, and ones that come twice (attacks F1, F4, B6).

use chrono::TimeDelta;
use e2e::{Answer, Browser, Tenant, on_every_backend};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::steps::{
    by, claims, is_not_stored, is_oauth_error, is_worthless, lives, refresh, refreshed, refreshing,
    signed_in, text, tokens,
};

/// A public app, and what a sign-in gave it.
async fn family(tenant: &Tenant, browser: &mut Browser) -> (Tenant, Value) {
    let app = refreshing(tenant, json!({})).await;
    let first = tokens(&app, browser, &[]).await;
    (app, first)
}

fn token(tokens: &Value) -> &str {
    text(tokens, "refresh_token")
}

/// The refresh tokens of those who got an answer; the others were told `invalid_grant`.
fn successors(answers: &[Answer]) -> Vec<String> {
    let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    for answer in bad {
        is_oauth_error(answer, 400, "invalid_grant", "one of many");
    }
    let mut all: Vec<String> = good.iter().map(|answer| token(&answer.json()).to_owned()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

on_every_backend! {
    async fn a_confidential_app_keeps_its_refresh_token(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for method in ["client_secret_basic", "client_secret_post"] {
            let app = refreshing(&tenant, json!({ "token_endpoint_auth_method": method })).await;
            let first = tokens_by(&app, &mut browser, method).await;
            for _ in 0..3 {
                world.clock().advance(TimeDelta::minutes(20));
                let answer = refresh_by(&app, token(&first), method).await;
                assert_eq!(answer.status, 200, "{}", answer.body);
                is_not_stored(&answer);
                let again = answer.json();
                assert!(again.get("refresh_token").is_none(), "{again}");
                assert!(lives(&app, &again).await);
                assert_ne!(again["access_token"], first["access_token"]);
            }
        }
    }

    async fn an_app_without_the_grant_type_gets_none(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let issued = tokens(&tenant, &mut browser, &[("scope", "openid offline_access")]).await;
        assert!(issued.get("refresh_token").is_none(), "{issued}");
        assert_eq!(issued["scope"], "openid", "nobody is promised what they do not get");
        let answer = refresh(&tenant, "hufu_refresh_x", &[]).await;
        is_oauth_error(&answer, 400, "unauthorized_client", "refreshing is not this app's");
        let (app, first) = family(&tenant, &mut browser).await;
        assert!(token(&first).starts_with("hufu_refresh_"), "{first}");
        for wrong in [vec![], vec![("refresh_token", "")]] {
            let mut form = vec![("grant_type", "refresh_token")];
            form.extend(wrong);
            let answer = app.token(&app.app, &form).await;
            is_oauth_error(&answer, 400, "invalid_request", "no token");
        }
        let twice = [("refresh_token", token(&first))];
        is_oauth_error(&refresh(&app, token(&first), &twice).await, 400, "invalid_request", "twice");
        refreshed(&app, token(&first)).await;
    }

    async fn a_refreshed_id_token_says_who_signed_in_and_when(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let (app, first) = family(&tenant, &mut browser).await;
        world.clock().advance(TimeDelta::minutes(90));
        let later = refreshed(&app, token(&first)).await;
        let (before, after) = (claims(text(&first, "id_token")), claims(text(&later, "id_token")));
        for name in ["iss", "sub", "aud", "auth_time", "sid", "acr", "amr"] {
            assert!(!before[name].is_null(), "{name}");
            assert_eq!(before[name], after[name], "{name}");
        }
        assert_eq!(before["nonce"], "n");
        assert!(after.get("nonce").is_none(), "{after}");
        let seconds = |claims: &Value, name: &str| claims[name].as_i64().unwrap();
        assert!(seconds(&after, "iat") >= seconds(&before, "iat") + 5400, "{after}");
        assert_eq!(seconds(&after, "exp") - seconds(&after, "iat"), 600);
        assert_ne!(before["at_hash"], after["at_hash"]);
        let access = claims(text(&later, "access_token"));
        assert_eq!((&access["sub"], &access["auth_time"]), (&before["sub"], &before["auth_time"]));
        assert_eq!((&later["token_type"], &later["expires_in"]), (&json!("Bearer"), &json!(600)));
        assert_eq!(later["scope"], first["scope"]);
        assert!(!lives(&app, &first).await && lives(&app, &later).await);
    }

    async fn f1_reuse_after_generations_costs_the_whole_family(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let (app, first) = family(&tenant, &mut browser).await;
        let (other, elsewhere) = family(&tenant, &mut browser).await;
        let mut line = vec![first];
        for _ in 0..4 {
            let next = refreshed(&app, token(&line[line.len() - 1])).await;
            assert!(line.iter().all(|before| token(before) != token(&next)), "each is new");
            line.push(next);
        }
        for issued in &line {
            assert!(lives(&app, issued).await);
        }
        world.clock().advance(TimeDelta::seconds(60));
        is_worthless(&app, token(&line[1]), "it was exchanged four generations ago").await;
        for issued in &line {
            assert!(!lives(&app, issued).await, "its access tokens died with the family");
            is_worthless(&app, token(issued), "so did every refresh token").await;
        }
        // Nobody else's did, and the person signs in again.
        refreshed(&other, token(&elsewhere)).await;
        let anew = tokens(&app, &mut browser, &[]).await;
        refreshed(&app, token(&anew)).await;
    }

    /// A thief who waits until the stolen token would be too old is found out all the same.
    async fn f1_reuse_is_noticed_however_late(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = refreshing(&tenant, json!({ "refresh_token_idle_lifetime": 3600 })).await;
        let first = tokens(&app, &mut browser, &[]).await;
        let mut last = first.clone();
        for _ in 0..3 {
            world.clock().advance(TimeDelta::minutes(50));
            last = refreshed(&app, token(&last)).await;
        }
        is_worthless(&app, token(&first), "used, and older than an unused one may be").await;
        is_worthless(&app, token(&last), "the family is dead").await;
        assert!(!lives(&app, &last).await);
    }

    async fn f1_fifty_at_once_are_one_successor(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for _ in 0..3 {
            let (app, first) = family(&tenant, &mut browser).await;
            let answers = join_all((0..50).map(|_| refresh(&app, token(&first), &[]))).await;
            let next = successors(&answers);
            assert_eq!(next.len(), 1, "{next:?}");
            let second = refreshed(&app, &next[0]).await;
            assert_ne!(token(&second), next[0]);
            // One line goes on; whoever still has an older one ends it.
            is_worthless(&app, token(&first), "its successor is in use").await;
            is_worthless(&app, token(&second), "the family is dead").await;
            assert!(!lives(&app, &second).await);
        }
    }

    /// Thief and victim hold two neighbours of one line and use them at once: there is never more
    /// than one line afterwards.
    async fn f1_two_generations_at_once_leave_one_line_or_none(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for _ in 0..4 {
            let (app, first) = family(&tenant, &mut browser).await;
            let second = refreshed(&app, token(&first)).await;
            let both = (0..20).map(|turn| [token(&first), token(&second)][turn % 2]);
            let answers = join_all(both.map(|shown| refresh(&app, shown, &[]))).await;
            let heirs: Vec<String> =
                successors(&answers).into_iter().filter(|next| next != token(&second)).collect();
            assert!(heirs.len() <= 1, "two lines: {heirs:?}");
            // Somebody used an exchanged token whose successor was used: in the end all is dead.
            is_worthless(&app, token(&first), "a second use").await;
            for heir in &heirs {
                is_worthless(&app, heir, "the family is dead").await;
            }
        }
    }

    async fn f4_who_did_not_get_the_answer_asks_again(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let (app, first) = family(&tenant, &mut browser).await;
        let lost = refreshed(&app, token(&first)).await;
        for _ in 0..3 {
            world.clock().advance(TimeDelta::seconds(3));
            let again = refreshed(&app, token(&first)).await;
            assert_eq!(token(&again), token(&lost), "the same successor, not a second one");
            assert!(lives(&app, &again).await);
        }
        // It goes on; the next lost answer is no problem either.
        let lost = refreshed(&app, token(&lost)).await;
        world.stores()[0].ephemeral.flush_all().await.unwrap();
        let again = refreshed(&app, token(&refreshed(&app, token(&lost)).await)).await;
        refreshed(&app, token(&again)).await;
    }

    async fn f4_the_grace_ends_with_time_and_with_the_successors_use(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let (app, first) = family(&tenant, &mut browser).await;
        let second = refreshed(&app, token(&first)).await;
        world.clock().advance(TimeDelta::seconds(11));
        is_worthless(&app, token(&first), "after the grace").await;
        is_worthless(&app, token(&second), "the family is dead").await;
        let (app, first) = family(&tenant, &mut browser).await;
        let second = refreshed(&app, token(&first)).await;
        let third = refreshed(&app, token(&second)).await;
        is_worthless(&app, token(&first), "within the grace, but the answer had come").await;
        is_worthless(&app, token(&third), "the family is dead").await;
        assert!(!lives(&app, &third).await);
    }

    async fn b6_a_scope_is_narrowed_at_refreshing_and_never_widened(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = refreshing(&tenant, json!({ "token_endpoint_auth_method": "client_secret_basic" }));
        let app = app.await;
        let first = tokens(&app, &mut browser, &[("scope", "openid profile email")]).await;
        for (asked, granted) in [
            ("openid email", "openid email"),
            ("email openid", "email openid"),
            ("openid", "openid"),
            ("profile", "profile"),
            ("", "openid profile email"),
        ] {
            let answer = refresh(&app, token(&first), &[("scope", asked)]).await;
            assert_eq!(answer.status, 200, "{asked}: {}", answer.body);
            let narrowed = answer.json();
            assert_eq!(narrowed["scope"], granted, "{asked}");
            assert_eq!(claims(text(&narrowed, "access_token"))["scope"], granted, "{asked}");
            let about_a_person = granted.contains("openid");
            assert_eq!(narrowed.get("id_token").is_some(), about_a_person, "{asked}");
            let answer = app.userinfo(text(&narrowed, "access_token")).await;
            assert_eq!(answer.status, if about_a_person { 200 } else { 403 }, "{asked}");
            let named = about_a_person && granted.contains("profile");
            assert_eq!(answer.json().get("name").is_some(), named, "{asked}: {}", answer.body);
        }
        for wider in ["openid phone", "openid offline_access", "admin", "openid,email", "OPENID"] {
            let answer = refresh(&app, token(&first), &[("scope", wider)]).await;
            is_oauth_error(&answer, 400, "invalid_scope", wider);
        }
        assert_eq!(refreshed(&app, token(&first)).await["scope"], "openid profile email");
    }

    async fn f1_what_was_exchanged_stays_so_when_the_app_gets_a_secret(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let (app, first) = family(&tenant, &mut browser).await;
        let second = refreshed(&app, token(&first)).await;
        let path = tenant.path(&format!("/apps/{}", app.app.id));
        let method = json!({ "token_endpoint_auth_method": "client_secret_basic" });
        tenant.admin.patch(&path, method).await;
        let made = tenant.admin.call(Method::POST, &format!("{path}/secret"), &[], None).await;
        let secret = Some(text(&made.json(), "client_secret").to_owned());
        let app = by(&tenant, e2e::App { secret, ..app.app.clone() });
        let kept = refreshed(&app, token(&second)).await;
        assert!(kept.get("refresh_token").is_none(), "{kept}");
        world.clock().advance(TimeDelta::seconds(60));
        is_worthless(&app, token(&first), "exchanged while the app was public").await;
        assert!(!lives(&app, &kept).await);
    }
}

/// Fresh tokens from the browser's session, for an app that authenticates in this way.
async fn tokens_by(app: &Tenant, browser: &mut Browser, method: &str) -> Value {
    if method == "client_secret_basic" {
        return tokens(app, browser, &[]).await;
    }
    let (code, pkce) = crate::steps::code(app, browser).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &app.app.redirect_uri),
        ("code_verifier", &pkce.verifier),
    ];
    posted(app, &form).await.json()
}

async fn refresh_by(app: &Tenant, token: &str, method: &str) -> Answer {
    if method == "client_secret_basic" {
        return refresh(app, token, &[]).await;
    }
    posted(app, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

/// A token request with the secret in the form.
async fn posted(app: &Tenant, form: &[(&str, &str)]) -> Answer {
    let mut form = form.to_vec();
    form.extend([("client_id", app.app.id.as_str())]);
    form.extend(app.app.secret.as_deref().map(|secret| ("client_secret", secret)));
    app.post("/oidc/token", &form, None).await
}
