//! Apps that act for themselves (RFC 6749 §4.4, attacks B6, F5).

use chrono::TimeDelta;
use e2e::{Answer, Tenant, on_every_backend};
use reqwest::Method;
use serde_json::{Value, json};

use crate::steps::{
    basic, by, change, claims, is_not_stored, is_oauth_error, signed_in, text, tokens,
};

const SCOPES: [&str; 4] = ["openid", "profile", "api:read", "api:write"];

/// An app that acts for itself, with these fields.
async fn machine(tenant: &Tenant, fields: Value) -> Tenant {
    let mut body = json!({ "grant_types": ["client_credentials"], "scopes": SCOPES });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    by(tenant, tenant.make_app(body).await)
}

async fn ask(app: &Tenant, extra: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend(extra);
    app.token(&app.app, &form).await
}

/// What the app gets for itself.
async fn own(app: &Tenant) -> Value {
    let answer = ask(app, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    is_not_stored(&answer);
    answer.json()
}

/// What introspection says to the app about a token.
async fn introspect(app: &Tenant, token: &str) -> Value {
    let header = app.app.secret.as_deref().map(|secret| basic(&app.app.id, secret));
    let form = [("token", token)];
    let answer = app.post("/oidc/token/introspection", &form, header.as_deref()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

on_every_backend! {
    async fn f5_the_token_is_about_the_app_and_nobody_else(world: World) {
        let tenant = world.tenant("acme").await;
        let app = machine(&tenant, json!({ "access_token_lifetime": 120 })).await;
        let issued = own(&app).await;
        let mut members: Vec<&String> = issued.as_object().unwrap().keys().collect();
        members.sort_unstable();
        assert_eq!(members, ["access_token", "expires_in", "scope", "token_type"]);
        assert_eq!((&issued["token_type"], &issued["expires_in"]), (&json!("Bearer"), &json!(120)));
        assert_eq!(issued["scope"], "api:read api:write");
        let token = text(&issued, "access_token");
        let header = jsonwebtoken::decode_header(token).unwrap();
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        let body = claims(token);
        let mut members: Vec<&String> = body.as_object().unwrap().keys().collect();
        members.sort_unstable();
        let all = ["aud", "client_id", "exp", "iat", "iss", "jti", "scope", "sub"];
        assert_eq!(members, all, "no session, no sign-in: {body}");
        assert_eq!((&body["sub"], &body["client_id"]), (&json!(app.app.id), &json!(app.app.id)));
        assert_eq!((&body["iss"], &body["aud"]), (&json!(app.issuer()), &json!(app.issuer())));
        assert_eq!(body["exp"].as_i64().unwrap() - body["iat"].as_i64().unwrap(), 120);
        let other = claims(text(&own(&app).await, "access_token"));
        assert_ne!(other["jti"], body["jti"]);
    }

    async fn b6_an_app_has_for_itself_only_scopes_that_are_about_nobody(world: World) {
        let tenant = world.tenant("acme").await;
        let app = machine(&tenant, json!({})).await;
        for (asked, granted) in [
            ("api:read", "api:read"),
            ("api:write api:read", "api:write api:read"),
            ("", "api:read api:write"),
        ] {
            let answer = ask(&app, &[("scope", asked)]).await;
            assert_eq!(answer.status, 200, "{asked}: {}", answer.body);
            assert_eq!(answer.json()["scope"], granted, "{asked}");
            assert_eq!(claims(text(&answer.json(), "access_token"))["scope"], granted);
        }
        for wrong in [
            "openid",
            "api:read openid",
            "profile",
            "email",
            "phone",
            "address",
            "offline_access",
            "admin",
            "api:read admin",
            "API:READ",
            "api:read,api:write",
            "api:read\tapi:write",
            "api:\0read",
        ] {
            let answer = ask(&app, &[("scope", wrong)]).await;
            is_oauth_error(&answer, 400, "invalid_scope", wrong);
        }
        // An app without scopes of its own gets a token that allows nothing by itself.
        let bare = machine(&tenant, json!({ "scopes": ["openid"] })).await;
        let issued = own(&bare).await;
        assert!(issued.get("scope").is_none(), "{issued}");
        assert!(claims(text(&issued, "access_token")).get("scope").is_none());
        own(&app).await;
    }

    async fn only_an_app_that_proves_itself_and_has_the_grant_type_gets_any(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = machine(&tenant, json!({})).await;
        is_oauth_error(&ask(&tenant, &[]).await, 400, "unauthorized_client", "not its grant type");
        let public = json!({
            "display_name": "Public", "redirect_uris": ["https://app.example.com/callback"],
            "token_endpoint_auth_method": "none", "grant_types": ["client_credentials"],
        });
        let answer = tenant.admin.call(Method::POST, &tenant.path("/apps"), &[], Some(public)).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        // Nor does one that becomes public later, whether the console allows that or not.
        let wrong = [("grant_type", "client_credentials"), ("client_id", &app.app.id)];
        let answer = tenant.post("/oidc/token", &wrong, None).await;
        is_oauth_error(&answer, 401, "invalid_client", "without its secret");
        let wrong = Some(basic(&app.app.id, "x"));
        let form = [("grant_type", "client_credentials")];
        let answer = tenant.post("/oidc/token", &form, wrong.as_deref()).await;
        is_oauth_error(&answer, 401, "invalid_client", "with another secret");
        // It gets nothing about a person by other ways.
        let code = crate::steps::code(&tenant, &mut browser).await.0;
        for grant in ["authorization_code", "refresh_token", "password", "implicit"] {
            let form = [("grant_type", grant), ("code", &code), ("refresh_token", "x")];
            let answer = app.token(&app.app, &form).await;
            let error = if grant.contains('_') { "unauthorized_client" } else { "unsupported_grant_type" };
            is_oauth_error(&answer, 400, error, grant);
        }
        own(&app).await;
    }

    async fn it_is_no_token_about_a_person(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = machine(&tenant, json!({})).await;
        let issued = own(&app).await;
        let answer = app.userinfo(text(&issued, "access_token")).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert_eq!(answer.json()["error"], "insufficient_scope");
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(challenge.starts_with("Bearer error=\"insufficient_scope\""), "{challenge}");
        is_not_stored(&answer);
        let person = tokens(&tenant, &mut browser, &[]).await;
        assert_eq!(tenant.userinfo(text(&person, "access_token")).await.status, 200);
    }

    async fn it_dies_with_time_with_its_app_and_when_it_is_revoked(world: World) {
        let tenant = world.tenant("acme").await;
        let app = machine(&tenant, json!({})).await;
        let (first, second) = (own(&app).await, own(&app).await);
        let (first, second) = (text(&first, "access_token"), text(&second, "access_token"));
        let about = introspect(&app, first).await;
        assert_eq!((&about["active"], &about["sub"]), (&json!(true), &json!(app.app.id)));
        let header = basic(&app.app.id, app.app.secret.as_deref().unwrap());
        let answer = app.post("/oidc/token/revocation", &[("token", first)], Some(&header)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(introspect(&app, first).await, json!({ "active": false }));
        assert_eq!(app.userinfo(first).await.status, 401, "revoked");
        assert_eq!(introspect(&app, second).await["active"], true, "the other one lives");
        change(&app, json!({ "status": "disabled" })).await;
        assert_eq!(app.userinfo(second).await.status, 401, "its app is off");
        is_oauth_error(&ask(&app, &[]).await, 401, "invalid_client", "it is off");
        change(&app, json!({ "status": "active" })).await;
        assert_eq!(introspect(&app, second).await["active"], true);
        world.clock().advance(TimeDelta::seconds(601));
        assert_eq!(introspect(&app, second).await, json!({ "active": false }));
        assert_eq!(introspect(&app, text(&own(&app).await, "access_token")).await["active"], true);
    }

    async fn its_audiences_are_those_of_the_app(world: World) {
        let tenant = world.tenant("acme").await;
        let server = by(&tenant, tenant.make_app(json!({})).await);
        let audiences = json!([server.app.id, "https://api.example.com"]);
        let app = machine(&tenant, json!({ "audiences": audiences })).await;
        let issued = own(&app).await;
        let token = text(&issued, "access_token");
        let expected = json!([app.issuer(), server.app.id, "https://api.example.com"]);
        assert_eq!(claims(token)["aud"], expected);
        assert_eq!(introspect(&server, token).await["aud"], expected);
        assert_eq!(introspect(&tenant, token).await, json!({ "active": false }), "it is not for it");
    }
}
