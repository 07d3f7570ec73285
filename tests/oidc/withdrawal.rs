//! What apps were given is seen and taken back: by its person, and by administrators (attack F2).

use chrono::TimeDelta;
use e2e::{Answer, AppServer, Browser, Pkce, Tenant, on_every_backend};
use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};

use crate::backchannel::{all_settled, logout_token};
use crate::consent::{agrees, foreign, would_be_asked};
use crate::steps::{
    FORM, claims, events, is_oauth_error, is_page, is_signed_in, is_worthless, lives, refreshed,
    sign_in, signed_in, silently, text, tokens,
};

const OFFLINE: [(&str, &str); 1] = [("scope", "openid profile offline_access")];

/// What somebody else's app was given by the person of a browser, who was asked: for the session, and
/// for offline access.
struct Given {
    app: Tenant,
    bound: Value,
    offline: Value,
}

impl Given {
    async fn by(browser: &mut Browser, app: &Tenant) -> Self {
        let bound = agrees(app, browser, &[("scope", "openid profile")]).await;
        let offline = agrees(app, browser, &OFFLINE).await;
        Self { app: app.clone(), bound, offline }
    }

    fn user(&self) -> String {
        claims(text(&self.bound, "id_token"))["sub"].as_str().unwrap().to_owned()
    }

    async fn goes_on(&mut self) {
        self.bound = refreshed(&self.app, token(&self.bound)).await;
        self.offline = refreshed(&self.app, token(&self.offline)).await;
        assert!(lives(&self.app, &self.bound).await && lives(&self.app, &self.offline).await);
    }

    async fn is_dead(&self, what: &str) {
        for tokens in [&self.bound, &self.offline] {
            assert!(!lives(&self.app, tokens).await, "{what}");
            is_worthless(&self.app, token(tokens), what).await;
        }
    }
}

fn token(tokens: &Value) -> &str {
    text(tokens, "refresh_token")
}

/// Somebody else's app, which refreshes.
async fn stranger(tenant: &Tenant, more: Value) -> Tenant {
    let mut fields = json!({
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
    });
    for (name, value) in more.as_object().unwrap() {
        fields[name] = value.clone();
    }
    foreign(tenant, fields).await
}

/// A code that the app has not redeemed.
async fn unused_code(app: &Tenant, browser: &mut Browser) -> (String, Pkce) {
    let pkce = Pkce::new();
    let answer = silently(app, browser, &pkce, &[("scope", "openid")]).await;
    (answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}")), pkce)
}

async fn account(tenant: &Tenant, browser: &mut Browser) -> Answer {
    let page = browser.get(tenant.url("/account")).await;
    assert_eq!(page.status, 200, "{page:?}");
    page
}

fn csrf(page: &Answer) -> String {
    let rest = page.body.split_once("name=\"csrf\" value=\"").unwrap().1;
    rest.split_once('"').unwrap().0.to_owned()
}

fn path_of(app: &Tenant) -> String {
    format!("/account/apps/{}/withdraw", app.app.id)
}

/// The row of an app on the account page, if there is one.
fn row<'p>(page: &'p Answer, app: &Tenant) -> Option<&'p str> {
    let rest = page.body.split_once(&format!("<li id=\"app-{}\">", app.app.id))?.1;
    Some(rest.split_once("</li>").unwrap().0)
}

/// The person takes back what the app was given, on the account page.
async fn withdraws(browser: &mut Browser, app: &Tenant) {
    let token = csrf(&account(app, browser).await);
    let answer = browser.post(app.url(&path_of(app)), &[("csrf", &token)]).await;
    let location = answer.location().unwrap_or_else(|| panic!("refused: {answer:?}"));
    assert_eq!(location.as_str(), app.url("/account?done=withdrawn"));
    let page = browser.get(location.as_str()).await;
    assert!(page.body.contains("role=\"status\"") && page.body.contains("Access was removed"));
    assert!(row(&page, app).is_none(), "{}", page.body);
}

async fn withdrawals(tenant: &Tenant) -> Vec<Value> {
    let all = events(tenant).await.into_iter();
    all.filter(|event| text(event, "action").ends_with("grants.withdraw")).collect()
}

async fn call(tenant: &Tenant, method: Method, path: &str) -> Answer {
    tenant.admin.call(method, &tenant.path(path), &[], None).await
}

on_every_backend! {
    async fn f2_a_person_takes_back_what_an_app_was_given(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = stranger(&tenant, json!({ "display_name": "Stranger & Co" })).await;
        let mut given = Given::by(&mut browser, &app).await;
        let mut kept = Given::by(&mut browser, &stranger(&tenant, json!({})).await).await;
        let own = tokens(&tenant, &mut browser, &[]).await;
        let mut theirs = world.browser();
        sign_in(&tenant, &mut theirs, "LiSi").await;
        let mut other = Given::by(&mut theirs, &app).await;
        given.goes_on().await;
        let (unused, pkce) = unused_code(&app, &mut browser).await;

        let page = account(&tenant, &mut browser).await;
        let shown = row(&page, &app).unwrap();
        for words in ["Stranger &#38; Co", "The id of your account here", "Your name", "while you are away"] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        assert!(!shown.contains("phone number") && !shown.contains("offline_access"), "{shown}");
        let plain = row(&page, &tenant).unwrap();
        assert!(!plain.contains("while you are away"), "{plain}");

        withdraws(&mut browser, &app).await;
        given.is_dead("withdrawn").await;
        let late = app.redeem(&unused, &pkce).await;
        is_oauth_error(&late, 400, "invalid_grant", "a code from before");
        would_be_asked(&app, &mut browser, &[("scope", "openid")]).await;
        // Nothing else ends: the session, what other apps have, what others gave this app.
        is_signed_in(&tenant, &mut browser).await;
        assert!(lives(&tenant, &own).await);
        kept.goes_on().await;
        other.goes_on().await;
        let page = account(&tenant, &mut browser).await;
        assert!(row(&page, &kept.app).is_some() && row(&page, &tenant).is_some());
        assert!(page.body.contains("Access taken from an app"), "{}", page.body);
        // Once more is no more; agreeing again is as the first time.
        withdraws(&mut browser, &app).await;
        let all = withdrawals(&tenant).await;
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!(all[0]["app"], app.app.id);
        assert_eq!(all[0]["user"], given.user());
        assert_eq!((&all[0]["actor_kind"], &all[0]["result"]), (&json!("user"), &json!("ok")));
        Given::by(&mut browser, &app).await.goes_on().await;
        given.is_dead("what was taken back stays so").await;
    }

    async fn f2_offline_access_that_has_outlived_its_session_is_taken_back(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = stranger(&tenant, json!({})).await;
        let mut given = Given::by(&mut browser, &app).await;
        let token = csrf(&account(&tenant, &mut browser).await);
        browser.post(tenant.url("/account/sign-out"), &[("csrf", &token)]).await;
        given.offline = refreshed(&app, text(&given.offline, "refresh_token")).await;
        let mut anew = world.browser();
        sign_in(&tenant, &mut anew, "zhangsan").await;
        let shown = account(&tenant, &mut anew).await;
        assert!(row(&shown, &app).unwrap().contains("while you are away"), "{}", shown.body);
        withdraws(&mut anew, &app).await;
        given.is_dead("withdrawn from another session").await;
        Given::by(&mut anew, &app).await.goes_on().await;
    }

    /// Back-Channel Logout 1.0: the app forgets its session, ours goes on.
    async fn k6_an_app_is_told_that_its_access_was_taken_away(world: World) {
        let server = AppServer::start().await;
        let (tenant, mut browser) = signed_in(&world).await;
        let told = |path: &str| json!({ "backchannel_logout_uri": server.url(path) });
        let app = stranger(&tenant, told("/withdrawn")).await;
        let kept = stranger(&tenant, told("/kept")).await;
        let given = Given::by(&mut browser, &app).await;
        Given::by(&mut browser, &kept).await.goes_on().await;
        withdraws(&mut browser, &app).await;
        let received = server.wait_for(1).await;
        all_settled(&world).await;
        assert_eq!(server.received().len(), 1, "{:?}", server.received());
        assert_eq!(received[0].path, "/withdrawn");
        let (token, id_token) =
            (claims(&logout_token(&received[0])), claims(text(&given.bound, "id_token")));
        assert_eq!((&token["sub"], &token["sid"]), (&id_token["sub"], &id_token["sid"]));
        assert_eq!(token["aud"], app.app.id);
        is_signed_in(&tenant, &mut browser).await;
    }

    async fn q4_f2_nobody_else_takes_it_back(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = stranger(&tenant, json!({})).await;
        let mut given = Given::by(&mut browser, &app).await;
        let url = tenant.url(&path_of(&app));
        let mut attacker = world.browser();
        sign_in(&tenant, &mut attacker, "LiSi").await;
        let theirs = csrf(&account(&tenant, &mut attacker).await);
        let right = csrf(&account(&tenant, &mut browser).await);
        for wrong in ["", "x", theirs.as_str(), &right[1..]] {
            is_page(&browser.post(&url, &[("csrf", wrong)]).await, "csrf", wrong);
        }
        let cookies: Vec<String> = browser.cookies[&tenant.host]
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let body = format!("csrf={right}");
        for site in ["cross-site", "same-site"] {
            let headers = [FORM, ("cookie", &cookies.join("; ")), ("sec-fetch-site", site)];
            let path = path_of(&app);
            let answer = tenant.send(Method::POST, &path, &headers, Some(body.as_bytes())).await;
            is_page(&answer, "csrf", site);
        }
        assert_eq!(browser.get(format!("{url}?csrf={right}")).await.status, 405);
        let odd = tenant.url("/account/apps/..%2Fx/withdraw");
        is_page(&browser.post(odd, &[("csrf", &right)]).await, "not_found", "no app's id");
        // Another person takes back their own, which is nothing.
        withdraws(&mut attacker, &app).await;
        // Who is not signed in has nothing to take back.
        let mut nobody = browser.clone();
        nobody.cookies.get_mut(&tenant.host).unwrap().retain(|name, _| name != crate::steps::SESSION);
        is_page(&nobody.post(&url, &[("csrf", &right)]).await, "sign_in_first", "no session");
        given.goes_on().await;
        // Its person needs no fresh sign-in: nothing is at stake but access.
        world.clock().advance(TimeDelta::minutes(30));
        withdraws(&mut browser, &app).await;
        given.is_dead("its own person").await;
    }

    /// Either the grant was there to be revoked, or the person is asked.
    async fn f2_what_is_granted_beside_a_withdrawal_does_not_last(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = stranger(&tenant, json!({})).await;
        let url = tenant.url(&path_of(&app));
        for round in 0..6 {
            agrees(&app, &mut browser, &[("scope", "openid")]).await;
            let token = csrf(&account(&tenant, &mut browser).await);
            let mut own = browser.clone();
            let asking = join_all((0..8).map(|_| {
                let (app, mut browser, pkce) = (app.clone(), browser.clone(), Pkce::new());
                async move {
                    let answer = silently(&app, &mut browser, &pkce, &[("scope", "openid")]).await;
                    (answer, pkce)
                }
            }));
            let form = [("csrf", token.as_str())];
            let (withdrawn, asked) = join(own.post(&url, &form), asking).await;
            assert_eq!(withdrawn.status, 303, "{}", withdrawn.body);
            for (answer, pkce) in asked {
                let Some(code) = answer.parameter("code") else {
                    assert_eq!(answer.parameter("error").as_deref(), Some("consent_required"));
                    continue;
                };
                let late = app.redeem(&code, &pkce).await;
                is_oauth_error(&late, 400, "invalid_grant", &format!("round {round}"));
            }
            would_be_asked(&app, &mut browser, &[("scope", "openid")]).await;
        }
        agrees(&app, &mut browser, &[("scope", "openid")]).await;
        tokens(&app, &mut browser, &[("scope", "openid")]).await;
    }

    async fn f2_an_administrator_sees_and_takes_back_what_a_user_has_granted(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        world.clock().advance(TimeDelta::minutes(1));
        let app = stranger(&tenant, json!({ "display_name": "Stranger" })).await;
        let mut given = Given::by(&mut browser, &app).await;
        let claim = r#"{"userinfo":{"phone_number":null}}"#;
        tokens(&tenant, &mut browser, &[("scope", "openid"), ("claims", claim)]).await;
        let list = format!("/users/{}/grants", given.user());
        let page = tenant.admin.get(&tenant.path(&format!("{list}?limit=1"))).await;
        assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
        let own = &page["items"][0];
        assert_eq!(own["app"], tenant.app.id);
        assert_eq!((&own["consent_scopes"], &own["offline"]), (&json!([]), &json!(false)));
        assert!(own["scopes"].as_array().unwrap().contains(&json!("phone")), "{own}");
        let next = format!("{list}?limit=1&cursor={}", text(&page, "next"));
        let page = tenant.admin.get(&tenant.path(&next)).await;
        assert!(page["next"].is_null(), "{page}");
        let row = &page["items"][0];
        assert_eq!((&row["app"], &row["app_name"]), (&json!(app.app.id), &json!("Stranger")));
        assert_eq!(row["consent_scopes"], json!(["offline_access", "openid", "profile"]));
        assert_eq!((&row["offline"], &row["sessions"]), (&json!(true), &json!(1)));
        assert_eq!(row["scopes"].as_array().unwrap().len(), 3, "{row}");
        assert!(text(row, "first_at") <= text(row, "last_at"), "{row}");

        for wrong in ["00000000-0000-4000-8000-000000000000", "x"] {
            let answer = call(&tenant, Method::DELETE, &format!("{list}/{wrong}")).await;
            assert_eq!(answer.status, 404, "{wrong}: {}", answer.body);
        }
        given.goes_on().await;
        let path = format!("{list}/{}", app.app.id);
        assert_eq!(call(&tenant, Method::DELETE, &path).await.status, 204);
        given.is_dead("withdrawn by an administrator").await;
        would_be_asked(&app, &mut browser, &[("scope", "openid")]).await;
        is_signed_in(&tenant, &mut browser).await;
        let left = tenant.admin.get(&tenant.path(&list)).await;
        assert_eq!(left["items"].as_array().unwrap().len(), 1, "{left}");
        let all = withdrawals(&tenant).await;
        assert_eq!((all.len(), &all[0]["action"]), (1, &json!("grants.withdraw")));
        assert_eq!(all[0]["detail"], json!({ "consents": 1, "grants": 2 }));
        assert_eq!((&all[0]["app"], &all[0]["user"]), (&json!(app.app.id), &json!(given.user())));
        // A tombstone has nothing.
        let again = Given::by(&mut browser, &app).await;
        tenant.admin.delete(&tenant.path(&format!("/users/{}", again.user()))).await;
        assert_eq!(tenant.admin.get(&tenant.path(&list)).await["items"], json!([]));
        again.is_dead("its user was deleted").await;
    }

    async fn f2_an_administrator_takes_back_all_that_an_app_was_given(world: World) {
        let server = AppServer::start().await;
        let (tenant, mut browser) = signed_in(&world).await;
        let app = stranger(&tenant, json!({ "backchannel_logout_uri": server.url("/app") })).await;
        let mut theirs = world.browser();
        sign_in(&tenant, &mut theirs, "LiSi").await;
        let first = Given::by(&mut browser, &app).await;
        let second = Given::by(&mut theirs, &app).await;
        let mut kept = Given::by(&mut browser, &stranger(&tenant, json!({})).await).await;
        let (unused, pkce) = unused_code(&app, &mut browser).await;
        let path = format!("/apps/{}/grants", app.app.id);
        assert_eq!(call(&tenant, Method::DELETE, &path).await.status, 204);
        first.is_dead("all of it").await;
        second.is_dead("all of it").await;
        is_oauth_error(&app.redeem(&unused, &pkce).await, 400, "invalid_grant", "a code");
        for browser in [&mut browser, &mut theirs] {
            would_be_asked(&app, browser, &[("scope", "openid")]).await;
            is_signed_in(&tenant, browser).await;
        }
        let told = server.wait_for(2).await;
        let mut subs: Vec<Value> =
            told.iter().map(|one| claims(&logout_token(one))["sub"].clone()).collect();
        subs.sort_by_key(Value::to_string);
        let mut users = vec![json!(first.user()), json!(second.user())];
        users.sort_by_key(Value::to_string);
        assert_eq!(subs, users);
        kept.goes_on().await;
        let all = withdrawals(&tenant).await;
        assert_eq!((all.len(), &all[0]["action"]), (1, &json!("app.grants.withdraw")));
        assert_eq!(all[0]["detail"], json!({ "consents": 2, "grants": 5 }));
        Given::by(&mut theirs, &app).await.goes_on().await;
    }
}
