//! Apps that register themselves (RFC 7591) with a token of an administrator's (RFC 7591 §3, ASVS 10.4.7).

use chrono::TimeDelta;
use e2e::{Answer, Pkce, REGISTER, Tenant, on_every_backend};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::steps::{by, events, is_not_stored, is_oauth_error, text};

/// What an ordinary app says of itself.
pub(crate) fn metadata() -> Value {
    json!({
        "redirect_uris": ["https://app.example.com/callback"], "client_name": "Stranger",
        "scope": "openid profile email phone",
    })
}

/// The same with these members over it; null takes one away.
#[expect(clippy::needless_pass_by_value, reason = "reads better at the call")]
pub(crate) fn metadata_with(more: Value) -> Value {
    let mut all = metadata();
    for (name, value) in more.as_object().unwrap() {
        match value.is_null() {
            true => drop(all.as_object_mut().unwrap().remove(name)),
            false => all[name] = value.clone(),
        }
    }
    all
}

/// 401 as RFC 6750 §3 says, and nothing made.
pub(crate) fn is_unauthorized(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.body);
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.starts_with("Bearer"), "{what}: {challenge}");
    assert!(!answer.body.contains("client_id"), "{what}: {}", answer.body);
    is_not_stored(answer);
}

/// The tenant's apps.
pub(crate) async fn apps(tenant: &Tenant) -> usize {
    tenant.admin.get(&tenant.path("/apps")).await["items"].as_array().unwrap().len()
}

/// The tokens of a person's sign-in by an app.
pub(crate) async fn signed_in_by(app: &Tenant) -> Value {
    let (mut browser, pkce) = (app.world.browser(), Pkce::new());
    let url = app.authorize_url(&pkce, &[]);
    let answer = app.sign_in_and_agree(&mut browser, &url).await;
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    let answer = app.redeem(&code, &pkce).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

on_every_backend! {
    async fn an_app_registers_itself_and_signs_people_in(world: World) {
        let tenant = world.tenant("acme").await;
        let initial = tenant.initial_access_token(json!({})).await;
        // Where is told by discovery, in both places.
        for path in ["/oidc/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/oidc"] {
            let document = tenant.send(Method::GET, path, &[], None).await.json();
            assert_eq!(document["registration_endpoint"], tenant.url(REGISTER));
        }
        let answer = tenant.register(&initial, &metadata()).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        is_not_stored(&answer);
        let app = answer.json();
        assert_eq!(app["client_secret_expires_at"], 0);
        assert!(text(&app, "client_secret").starts_with("hufu_secret_"));
        let place = tenant.url(&format!("{REGISTER}/{}", text(&app, "client_id")));
        assert_eq!(app["registration_client_uri"], place);
        let told = json!({
            "client_name": "Stranger", "redirect_uris": ["https://app.example.com/callback"],
            "scope": "email openid phone profile", "grant_types": ["authorization_code"],
            "response_types": ["code"], "token_endpoint_auth_method": "client_secret_basic",
            "id_token_signed_response_alg": "RS256", "subject_type": "public",
            "application_type": "web",
        });
        for (name, value) in told.as_object().unwrap() {
            assert_eq!(&app[name], value, "{name}");
        }
        // People are asked (attack J10), and it learns who they are.
        let seen = tenant.seen_by(&app);
        let mut browser = world.browser();
        let page = seen.sign_in(&mut browser, &seen.authorize_url(&Pkce::new(), &[]), "LiSi").await;
        assert_eq!(page.location().unwrap().path(), "/approve");
        let tokens = signed_in_by(&seen).await;
        assert_eq!(seen.userinfo(text(&tokens, "access_token")).await.json()["name"], "张三");
        // The administrator sees where it came from, and can change it.
        let path = tenant.path(&format!("/apps/{}", seen.app.id));
        let kept = tenant.admin.get(&path).await;
        let record = tenant.admin.get(&tenant.path("/initial-access-tokens")).await;
        let record = &record["items"][0];
        assert_eq!(kept["registered_by"], record["id"]);
        assert_eq!((&record["used"], &record["uses"]), (&json!(1), &json!(10)));
        assert_eq!(kept["consent_required"], true);
        let all = events(&tenant).await;
        let event = all.iter().find(|event| event["action"] == "app.register").unwrap();
        assert_eq!(event["app"], seen.app.id.as_str());
        assert_eq!(event["detail"]["initial_access_token"], record["id"]);
        tenant.admin.patch(&path, json!({ "status": "disabled" })).await;
        assert_eq!(seen.userinfo(text(&tokens, "access_token")).await.status, 401);
    }

    async fn asvs_10_4_7_nobody_registers_without_a_token(world: World) {
        let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
        let good = tenant.initial_access_token(json!({})).await;
        let before = apps(&tenant).await;
        let body = metadata().to_string();
        let kind = ("content-type", "application/json");
        let send = async |path: &str, headers: &[(&str, &str)]| {
            tenant.send(Method::POST, path, headers, Some(body.as_bytes())).await
        };
        is_unauthorized(&send(REGISTER, &[kind]).await, "nothing");
        let query = format!("{REGISTER}?access_token={good}");
        is_unauthorized(&send(&query, &[kind]).await, "in the query");
        let bearer = format!("Bearer {good}");
        for header in [
            format!("Basic {good}"),
            format!("DPoP {good}"),
            format!("Bearer {good}x"),
            format!("Bearer {}", good.to_lowercase()),
            format!("Bearer {}", tenant.admin.key()),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
        ] {
            is_unauthorized(&send(REGISTER, &[kind, ("authorization", &header)]).await, &header);
        }
        let twice = [kind, ("authorization", bearer.as_str()), ("authorization", bearer.as_str())];
        is_unauthorized(&send(REGISTER, &twice).await, "twice");
        // Another tenant's.
        let foreign = other.initial_access_token(json!({})).await;
        is_unauthorized(&tenant.register(&foreign, &metadata()).await, "another tenant's");
        // One that is over, by its time, its uses, or its administrator.
        let brief = tenant.initial_access_token(json!({ "uses": 1 })).await;
        assert_eq!(tenant.register(&brief, &metadata()).await.status, 201);
        is_unauthorized(&tenant.register(&brief, &metadata()).await, "used up");
        let withdrawn = tenant.initial_access_token(json!({ "display_name": "Gone" })).await;
        let all = tenant.admin.get(&tenant.path("/initial-access-tokens")).await;
        let record = all["items"].as_array().unwrap().iter().find(|one| one["display_name"] == "Gone");
        let path = format!("/initial-access-tokens/{}", text(record.unwrap(), "id"));
        assert!(!all.to_string().contains(&withdrawn), "a list shows no token");
        tenant.admin.delete(&tenant.path(&path)).await;
        is_unauthorized(&tenant.register(&withdrawn, &metadata()).await, "withdrawn");
        assert_eq!(apps(&tenant).await, before + 1);
        // Positive control, and the end of it.
        tenant.registered(&good, &metadata()).await;
        world.clock().advance(TimeDelta::days(1));
        is_unauthorized(&tenant.register(&good, &metadata()).await, "expired");
        assert_eq!(apps(&tenant).await, before + 2);
    }

    async fn of_many_at_once_as_many_register_as_there_are_uses(world: World) {
        let tenant = world.tenant("acme").await;
        let token = tenant.initial_access_token(json!({ "uses": 3 })).await;
        let before = apps(&tenant).await;
        let metadata = metadata();
        let answers = join_all((0..12).map(|_| tenant.register(&token, &metadata))).await;
        let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
        assert_eq!((count(201), count(401)), (3, 9));
        assert_eq!(apps(&tenant).await, before + 3);
        // What is refused for another reason costs no use.
        let token = tenant.initial_access_token(json!({ "uses": 1 })).await;
        let wrong = metadata_with(json!({ "redirect_uris": ["http://app.example.com/callback"] }));
        assert_eq!(tenant.register(&token, &wrong).await.status, 400);
        tenant.registered(&token, &metadata).await;
    }

    async fn r_a_script_gone_mad_is_told_to_wait(world: World) {
        let tenant = world.tenant("acme").await;
        let token = tenant.initial_access_token(json!({ "uses": 1000 })).await;
        let metadata = metadata_with(json!({ "redirect_uris": [] }));
        let answers = join_all((0..70).map(|_| tenant.register(&token, &metadata))).await;
        let told = answers.iter().filter(|answer| answer.status == 429).collect::<Vec<_>>();
        assert_eq!(told.len(), 10);
        is_not_stored(told[0]);
        assert_eq!(told[0].headers["retry-after"], "60");
        assert!(answers.iter().all(|answer| [400, 429].contains(&answer.status.as_u16())));
        // Another tenant is not kept out, and signing in goes on.
        let other = world.tenant("other").await;
        let token = other.initial_access_token(json!({})).await;
        other.registered(&token, &self::metadata()).await;
        let mut browser = world.browser();
        tenant.tokens(&mut browser, "zhangsan").await;
    }

    async fn an_app_without_a_secret_has_none_to_lose(world: World) {
        let tenant = world.tenant("acme").await;
        let token = tenant.initial_access_token(json!({})).await;
        let public = metadata_with(json!({ "token_endpoint_auth_method": "none" }));
        let app = tenant.registered(&token, &public).await;
        assert!(app.get("client_secret").is_none() && app.get("client_secret_expires_at").is_none());
        let seen = tenant.seen_by(&app);
        signed_in_by(&seen).await;
        // A secret of another app helps nobody.
        let mut claims_one = by(&tenant, seen.app.clone());
        claims_one.app.secret.clone_from(&tenant.app.secret);
        is_oauth_error(&claims_one.redeem("x", &Pkce::new()).await, 401, "invalid_client", "secret");
        signed_in_by(&seen).await;
    }
}
