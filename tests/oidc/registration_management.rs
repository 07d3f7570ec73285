//! Registered apps that read, replace and delete themselves (RFC 7592).

use e2e::{Pkce, REGISTER, Tenant, on_every_backend};
use reqwest::Method;
use serde_json::{Value, json};

use crate::registration::{apps, is_unauthorized, metadata, metadata_with, signed_in_by};
use crate::registration_attacks::is_refused;
use crate::steps::{events, is_not_stored, is_oauth_error, is_page, lives, text};

/// The body of a replacement: metadata with the app's own name.
fn replacement(app: &Value, more: Value) -> Value {
    let mut body = metadata_with(more);
    body["client_id"] = app["client_id"].clone();
    body
}

/// An app that registered itself.
async fn registered(tenant: &Tenant, more: Value) -> Value {
    let token = tenant.initial_access_token(json!({})).await;
    tenant.registered(&token, &metadata_with(more)).await
}

/// What an app reads of itself.
async fn read(tenant: &Tenant, app: &Value) -> Value {
    let answer = tenant.manage(Method::GET, app, None).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    is_not_stored(&answer);
    answer.json()
}

on_every_backend! {
    async fn an_app_reads_replaces_and_deletes_itself(world: World) {
        let tenant = world.tenant("acme").await;
        let app = registered(&tenant, json!({ "contacts": ["it@app.example"] })).await;
        // The secret is told once.
        let mut same = app.clone();
        same.as_object_mut().unwrap().remove("client_secret");
        assert_eq!(read(&tenant, &app).await, same);
        // What is left out goes; what is said, comes. The tokens stay.
        let more = json!({
            "client_name": "New name", "scope": "openid", "software_id": "a program",
            "redirect_uris": ["https://app.example.com/other"],
            "client_secret": app["client_secret"],
        });
        let answer = tenant.manage(Method::PUT, &app, Some(&replacement(&app, more))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        is_not_stored(&answer);
        let now = answer.json();
        assert_eq!((&now["client_name"], &now["scope"]), (&json!("New name"), &json!("openid")));
        assert_eq!(now["software_id"], "a program");
        assert!(now.get("contacts").is_none() && now.get("client_secret").is_none(), "{now}");
        assert_eq!(now["registration_access_token"], app["registration_access_token"]);
        assert_eq!(read(&tenant, &app).await, now);
        let mut seen = tenant.seen_by(&app);
        let old = world.browser().get(seen.authorize_url(&Pkce::new(), &[])).await;
        is_page(&old, "redirect_uri_mismatch", "the old address");
        "https://app.example.com/other".clone_into(&mut seen.app.redirect_uri);
        let tokens = signed_in_by(&seen).await;
        assert!(lives(&seen, &tokens).await);
        // Gone, with all that was granted to it, and its token.
        let gone = tenant.manage(Method::DELETE, &app, None).await;
        assert_eq!((gone.status.as_u16(), gone.body.as_str()), (204, ""));
        assert!(!lives(&seen, &tokens).await);
        is_oauth_error(&seen.redeem("x", &Pkce::new()).await, 401, "invalid_client", "gone");
        for method in [Method::GET, Method::DELETE] {
            is_unauthorized(&tenant.manage(method, &app, None).await, "gone");
        }
        let told: Vec<Value> = events(&tenant).await.iter().map(|event| event["action"].clone()).collect();
        for action in ["app.register", "app.registration.update", "app.registration.delete"] {
            assert!(told.contains(&json!(action)), "{action}: {told:?}");
        }
    }

    async fn n_a_token_manages_the_one_app_that_it_is_for(world: World) {
        let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
        let initial = tenant.initial_access_token(json!({})).await;
        let one = tenant.registered(&initial, &metadata()).await;
        let two = tenant.registered(&initial, &metadata()).await;
        let foreign = registered(&other, json!({})).await;
        let before = apps(&tenant).await;
        let place = |app: &str| tenant.url(&format!("{REGISTER}/{app}"));
        let mut wrong: Vec<(&str, Value)> = Vec::new();
        let mut add = |what, token: &Value, place: String| {
            wrong.push((what, json!({
                "registration_access_token": token, "registration_client_uri": place,
                "client_id": one["client_id"],
            })));
        };
        let (name, own) = (text(&one, "client_id"), &one["registration_access_token"]);
        add("another app's", &two["registration_access_token"], place(name));
        add("another tenant's", &foreign["registration_access_token"], place(name));
        add("the initial one", &json!(initial), place(name));
        add("the client secret", &one["client_secret"], place(name));
        add("the console's", &json!(tenant.admin.key()), place(name));
        add("for another app", own, place(text(&two, "client_id")));
        add("for another tenant's app", own, place(text(&foreign, "client_id")));
        add("for the console's app", own, place(&tenant.app.id));
        add("for no app", own, place("00000000-0000-4000-8000-000000000000"));
        add("for no id", own, place("x"));
        add("in capitals", own, place(&name.to_uppercase()));
        for (what, app) in &wrong {
            let body = replacement(app, json!({}));
            for (method, body) in
                [(Method::GET, None), (Method::PUT, Some(&body)), (Method::DELETE, None)]
            {
                is_unauthorized(&tenant.manage(method, app, body).await, what);
            }
        }
        // No token at all, and methods that there are not.
        let path = format!("{REGISTER}/{name}");
        is_unauthorized(&tenant.send(Method::GET, &path, &[], None).await, "nothing");
        for (method, path, allow) in
            [(Method::POST, path.as_str(), "GET, PUT, DELETE"), (Method::GET, REGISTER, "POST")]
        {
            let answer = tenant.send(method, path, &[], None).await;
            assert_eq!(answer.status, 405, "{}", answer.body);
            assert_eq!(answer.headers["allow"], allow);
        }
        // The token registers nothing, and is nobody's at the console or UserInfo.
        is_unauthorized(&tenant.register(own.as_str().unwrap(), &metadata()).await, "registers");
        assert_eq!(tenant.userinfo(own.as_str().unwrap()).await.status, 401);
        assert_eq!(apps(&tenant).await, before);
        for app in [&one, &two] {
            read(&tenant, app).await;
        }
        read(&other, &foreign).await;
    }

    async fn b6_what_an_administrator_decided_an_app_does_not_change(world: World) {
        let tenant = world.tenant("acme").await;
        let limited = json!({ "redirect_hosts": ["app.example.com"] });
        let token = tenant.initial_access_token(limited).await;
        let app = tenant.registered(&token, &metadata()).await;
        let path = tenant.path(&format!("/apps/{}", text(&app, "client_id")));
        let decided = json!({
            "registration": false, "audiences": ["orders"], "access_token_lifetime": 60,
            "web_origins": ["https://app.example.com"], "sign_in_methods": ["password"],
            "scopes": ["openid", "orders:read"], "consent_required": false, "profile": "oidc_basic",
            "logo_url": "https://acme.example/logo.svg",
        });
        tenant.admin.patch(&path, decided.clone()).await;
        // The limits outlive the token that they came with.
        let all = tenant.admin.get(&tenant.path("/initial-access-tokens")).await;
        let record = text(&all["items"][0], "id");
        tenant.admin.delete(&tenant.path(&format!("/initial-access-tokens/{record}"))).await;
        let away = json!({ "redirect_uris": ["https://evil.example/callback"] });
        let refused = tenant.manage(Method::PUT, &app, Some(&replacement(&app, away))).await;
        is_refused(&refused, "invalid_redirect_uri", "another host");
        let more = json!({ "scope": "openid email orders:read orders:write", "consent_required": false });
        let answer = tenant.manage(Method::PUT, &app, Some(&replacement(&app, more))).await;
        assert_eq!(answer.json()["scope"], "openid orders:read", "{}", answer.body);
        let silent = json!({ "scope": null });
        let answer = tenant.manage(Method::PUT, &app, Some(&replacement(&app, silent))).await;
        assert_eq!(answer.json()["scope"], "openid orders:read", "{}", answer.body);
        let kept = tenant.admin.get(&path).await;
        for (name, value) in decided.as_object().unwrap() {
            assert_eq!(&kept[name], value, "{name}");
        }
        let links = tenant.admin.get(&format!("{path}/identity-sources")).await;
        assert_eq!(links["items"].as_array().unwrap().len(), 1, "{links}");
        // Disabled, it manages nothing; nor without its token.
        tenant.admin.patch(&path, json!({ "status": "disabled" })).await;
        for method in [Method::GET, Method::DELETE] {
            let answer = tenant.manage(method, &app, None).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (403, &json!("access_denied")));
        }
        tenant.admin.patch(&path, json!({ "status": "active" })).await;
        read(&tenant, &app).await;
        tenant.admin.delete(&format!("{path}/registration-access-token")).await;
        is_unauthorized(&tenant.manage(Method::GET, &app, None).await, "taken away");
        assert_eq!(tenant.admin.get(&path).await["status"], "active");
    }

    async fn a_replacement_has_to_be_whole_and_ones_own(world: World) {
        let tenant = world.tenant("acme").await;
        let app = registered(&tenant, json!({})).await;
        for (what, more) in [
            ("another app", json!({ "client_id": tenant.app.id })),
            ("another secret", json!({ "client_secret": tenant.app.secret })),
            ("a token", json!({ "registration_access_token": app["registration_access_token"] })),
            ("a place", json!({ "registration_client_uri": app["registration_client_uri"] })),
            ("an end", json!({ "client_secret_expires_at": 0 })),
            ("a beginning", json!({ "client_id_issued_at": 0 })),
            ("pairwise", json!({ "subject_type": "pairwise" })),
        ] {
            let mut body = replacement(&app, json!({}));
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            let answer = tenant.manage(Method::PUT, &app, Some(&body)).await;
            is_refused(&answer, "invalid_client_metadata", what);
        }
        let answer = tenant.manage(Method::PUT, &app, Some(&metadata())).await;
        is_refused(&answer, "invalid_client_metadata", "no name");
        let bare = json!({ "client_id": app["client_id"] });
        is_refused(&tenant.manage(Method::PUT, &app, Some(&bare)).await, "invalid_redirect_uri", "bare");
        let mut same = app.clone();
        same.as_object_mut().unwrap().remove("client_secret");
        assert_eq!(read(&tenant, &app).await, same);
        // One that begins to need a secret gets one, and keeps it; one that ends to, loses it.
        let public = replacement(&app, json!({ "token_endpoint_auth_method": "none" }));
        let now = tenant.manage(Method::PUT, &app, Some(&public)).await.json();
        assert!(now.get("client_secret").is_none() && now.get("client_secret_expires_at").is_none());
        is_oauth_error(&tenant.seen_by(&app).redeem("x", &Pkce::new()).await, 401, "invalid_client", "old");
        let mut now = tenant.manage(Method::PUT, &app, Some(&replacement(&app, json!({})))).await.json();
        assert_ne!(now["client_secret"], app["client_secret"]);
        assert!(text(&now, "client_secret").starts_with("hufu_secret_"));
        now["redirect_uris"] = app["redirect_uris"].clone();
        signed_in_by(&tenant.seen_by(&now)).await;
    }
}
