//! Claims that an app asks for one by one, and what it asks of the sign-in (OpenID Connect Core §5.5,
//! attacks J13, B7, B3).

use e2e::{Browser, Pkce, Tenant, WECOM, on_every_backend};
use serde_json::{Value, json};

use crate::steps::{
    by, claims, is_error, refreshed, refreshing, sets_session, sign_in, signed_in, silently, text,
    tokens,
};

const SILENT: &str = "urn:hufu:acr:silent";
const INTERACTIVE: &str = "urn:hufu:acr:interactive";

/// The ID token and UserInfo of a request for these claims.
async fn both(
    tenant: &Tenant,
    browser: &mut Browser,
    scope: &str,
    asked: &Value,
) -> (Value, Value) {
    let asked = asked.to_string();
    let issued = tokens(tenant, browser, &[("scope", scope), ("claims", &asked)]).await;
    let userinfo = tenant.userinfo(text(&issued, "access_token")).await;
    assert_eq!(userinfo.status, 200, "{}", userinfo.body);
    (claims(text(&issued, "id_token")), userinfo.json())
}

/// Signed in, with something to tell about.
async fn known(world: &e2e::World) -> (Tenant, Browser) {
    let (tenant, mut browser) = signed_in(world).await;
    let user = claims(text(&tokens(&tenant, &mut browser, &[]).await, "id_token"))["sub"].clone();
    let path = tenant.path(&format!("/users/{}", user.as_str().unwrap()));
    let body = json!({
        "email": "zhangsan@acme.example", "email_verified": true, "username": "zhangsan",
    });
    // Who gets another address signs in anew.
    tenant.admin.patch(&path, body).await;
    let mut browser = world.browser();
    sign_in(&tenant, &mut browser, "zhangsan").await;
    (tenant, browser)
}

/// The WeCom client of a member, signed in without a question.
async fn in_client(tenant: &Tenant, extra: &[(&str, &str)]) -> (Browser, e2e::Answer, Pkce) {
    let (mut browser, pkce) = (tenant.world.browser().saying(WECOM), Pkce::new());
    let member = format!("{}/zhangsan", tenant.corp_id);
    browser.set_cookie(&tenant.world.wecom_base(), "sim_member", &member);
    let answer = browser.follow(tenant.authorize_url(&pkce, extra)).await;
    (browser, answer, pkce)
}

on_every_backend! {
    async fn claims_come_where_they_are_asked_for(world: World) {
        let (tenant, mut browser) = known(&world).await;
        let asked = json!({
            "id_token": { "email": null, "updated_at": {} },
            "userinfo": { "name": { "essential": true }, "email_verified": { "value": false } },
        });
        let (id_token, userinfo) = both(&tenant, &mut browser, "openid", &asked).await;
        assert_eq!(id_token["email"], "zhangsan@acme.example");
        assert!(id_token["updated_at"].is_i64(), "{id_token}");
        assert!(id_token.get("name").is_none() && id_token.get("email_verified").is_none());
        // A value that is wished for is a wish, and nobody is told another than their own.
        assert_eq!(
            userinfo,
            json!({ "sub": id_token["sub"], "name": "张三", "email_verified": true })
        );
        // Beside scopes, which give theirs at UserInfo.
        let (id_token, userinfo) = both(&tenant, &mut browser, "openid email", &asked).await;
        assert_eq!((&userinfo["email"], &userinfo["name"]), (&json!("zhangsan@acme.example"), &json!("张三")));
        assert!(id_token.get("email_verified").is_none(), "{id_token}");
        // Asked again without, they are gone.
        let (id_token, userinfo) = both(&tenant, &mut browser, "openid", &json!({})).await;
        assert!(id_token.get("email").is_none() && userinfo.get("name").is_none());
    }

    async fn claims_that_nobody_has_or_knows_are_left_out(world: World) {
        let (tenant, mut browser) = known(&world).await;
        let (plain, _) = both(&tenant, &mut browser, "openid", &json!({})).await;
        let members = |claims: &Value| claims.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        for asked in [
            json!({ "userinfo": { "phone_number": { "essential": true }, "picture": { "essential": true } } }),
            json!({ "id_token": { "phone_number": { "essential": true }, "shoe_size": { "essential": true } } }),
            json!({ "id_token": { "": null, "iss": { "value": "x" }, "aud": null, "exp": { "value": 1 } } }),
            json!({ "id_token": { "nonce": { "value": "x" }, "sid": null, "at_hash": null } }),
            json!({ "id_token": { "name#zh": null, "NAME": null } }),
            json!({ "id_token": null, "userinfo": null }),
            json!({ "other": { "name": null }, "x": 1 }),
            json!({ "id_token": {}, "userinfo": {} }),
        ] {
            let (id_token, userinfo) = both(&tenant, &mut browser, "openid", &asked).await;
            assert_eq!(members(&id_token), members(&plain), "{asked}");
            for name in ["iss", "aud", "sub", "nonce"] {
                assert_eq!(id_token[name], plain[name], "{asked}");
            }
            assert_eq!(members(&userinfo), ["sub"], "{asked}");
        }
    }

    async fn b6_claims_reach_no_further_than_the_apps_scopes(world: World) {
        let (tenant, mut browser) = known(&world).await;
        let app = by(&tenant, tenant.make_app(json!({ "scopes": ["openid", "profile"] })).await);
        let all = json!({ "name": null, "email": null, "email_verified": null, "phone_number": null });
        let asked = json!({ "id_token": all, "userinfo": all });
        let (id_token, userinfo) = both(&app, &mut browser, "openid", &asked).await;
        for about in [&id_token, &userinfo] {
            assert_eq!(about["name"], "张三");
            for name in ["email", "email_verified", "phone_number"] {
                assert!(about.get(name).is_none(), "{name}: {about}");
            }
        }
        let app = refreshing(&tenant, json!({})).await;
        let extra = [("scope", "openid"), ("claims", r#"{"id_token":{"email":null}}"#)];
        let first = tokens(&app, &mut browser, &extra).await;
        let next = refreshed(&app, text(&first, "refresh_token")).await;
        let address = &claims(text(&next, "id_token"))["email"];
        assert_eq!(address, "zhangsan@acme.example", "as at the sign-in");
    }

    async fn b3_claims_that_cannot_be_read_in_one_way_are_refused(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let long = format!(r#"{{"x":"{}"}}"#, "a".repeat(4096));
        let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(3000), "]".repeat(3000).replace("]]", "]"));
        for wrong in [
            "x",
            "null",
            "1",
            "[]",
            r#""{}""#,
            "{",
            "{}{}",
            "{},",
            "{'id_token':{}}",
            r#"{"id_token":[]}"#,
            r#"{"id_token":"name"}"#,
            r#"{"id_token":true}"#,
            r#"{"userinfo":["name"]}"#,
            r#"{"userinfo":0}"#,
            // OpenID Connect Core §5.5.1: each claim is null or an object.
            r#"{"userinfo":{"name":1}}"#,
            r#"{"id_token":{"name":null,"sub":"x"}}"#,
            r#"{"id_token":{"unknown":["x"]}}"#,
            r#"{"id_token":{"sub":{"value":"x"}},"id_token":{}}"#,
            r#"{"userinfo":{"name":null,"name":null}}"#,
            &long,
            &deep,
        ] {
            let answer = silently(&tenant, &mut browser, &Pkce::new(), &[("claims", wrong)]).await;
            is_error(&tenant, &answer, "invalid_request", wrong);
        }
        tokens(&tenant, &mut browser, &[("claims", "{}")]).await;
        tokens(&tenant, &mut browser, &[("claims", "")]).await;
    }

    async fn b7_both_places_say_who_it_may_be(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let own = claims(text(&tokens(&tenant, &mut browser, &[]).await, "id_token"))["sub"].clone();
        let victim = uuid::Uuid::new_v4();
        for (id_token, userinfo, gets_in) in [
            (json!({ "value": own }), json!({ "value": victim }), false),
            (json!({ "value": victim }), json!({ "value": own }), false),
            (json!({ "essential": true }), json!({ "value": victim }), false),
            (json!({ "value": victim }), json!({ "essential": true }), false),
            (json!({ "values": [own, victim] }), json!({ "value": own }), true),
            (json!({ "essential": true }), json!({ "value": own }), true),
            (json!(null), json!(null), true),
        ] {
            let asked = json!({ "id_token": { "sub": id_token }, "userinfo": { "sub": userinfo } });
            let extra = [("claims", &*asked.to_string())].map(|(name, value)| (name, value.to_owned()));
            let extra = [(extra[0].0, extra[0].1.as_str())];
            if gets_in {
                let issued = tokens(&tenant, &mut browser, &extra).await;
                assert_eq!(claims(text(&issued, "id_token"))["sub"], own);
                continue;
            }
            let answer = silently(&tenant, &mut browser, &Pkce::new(), &extra).await;
            is_error(&tenant, &answer, "login_required", &asked.to_string());
        }
    }

    async fn j13_a_silent_sign_in_is_stepped_up(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, answer, pkce) = in_client(&tenant, &[]).await;
        let code = answer.parameter("code").unwrap_or_else(|| panic!("{answer:?}"));
        let first = claims(text(&tenant.redeem(&code, &pkce).await.json(), "id_token"));
        assert_eq!((&first["acr"], &first["amr"]), (&json!(SILENT), &json!(["wecom"])));
        // Good enough for whom it is, whatever else they would like.
        for enough in [SILENT, "urn:other", "urn:other urn:hufu:acr:silent", "0"] {
            let again = tokens(&tenant, &mut browser, &[("acr_values", enough)]).await;
            assert_eq!(claims(text(&again, "id_token"))["acr"], SILENT, "{enough}");
        }
        // Not for others: nothing may be shown, or the person signs in by an act of theirs.
        let essential = json!({ "id_token": { "acr": { "essential": true, "value": INTERACTIVE } } });
        let essential = essential.to_string();
        for more in [("acr_values", INTERACTIVE), ("claims", essential.as_str())] {
            let answer = silently(&tenant, &mut browser, &Pkce::new(), &[more]).await;
            is_error(&tenant, &answer, "login_required", more.0);
            let page = browser.follow(tenant.authorize_url(&Pkce::new(), &[more])).await;
            assert_eq!((page.status.as_u16(), page.url.path()), (200, "/login"), "{page:?}");
        }
        world.clock().advance(chrono::TimeDelta::seconds(30));
        let (mut browser, pkce) = (browser.saying(e2e::DESKTOP), Pkce::new());
        let url = tenant.authorize_url(&pkce, &[("claims", &essential)]);
        let answer = tenant.sign_in(&mut browser, &url, "zhangsan").await;
        let code = answer.parameter("code").unwrap_or_else(|| panic!("{answer:?}"));
        let second = claims(text(&tenant.redeem(&code, &pkce).await.json(), "id_token"));
        assert_eq!((&second["acr"], &second["sub"]), (&json!(INTERACTIVE), &first["sub"]));
        assert!(second["auth_time"].as_i64() >= first["auth_time"].as_i64().map(|at| at + 30));
        // From now on it is good enough.
        let again = tokens(&tenant, &mut browser, &[("claims", &essential)]).await;
        assert_eq!(claims(text(&again, "id_token"))["acr"], INTERACTIVE);
    }

    async fn j13_less_than_what_is_essential_gives_no_code(world: World) {
        let tenant = world.tenant("acme").await;
        let acr = |acr: Value| json!({ "id_token": { "acr": acr } }).to_string();
        let essential = acr(json!({ "essential": true, "values": [INTERACTIVE] }));
        let (mut browser, page, _) = in_client(&tenant, &[("claims", &essential)]).await;
        // Where only the silent way is, the person may still try it.
        let answer = match page.links().into_iter().find(|link| link.contains("/social/mobile?")) {
            Some(link) => browser.follow(tenant.url(&link)).await,
            None => page,
        };
        is_error(&tenant, &answer, "unmet_authentication_requirements", "silent is not enough");
        assert!(!sets_session(&answer), "{answer:?}");
        // Values that are nobody's here are met by no sign-in.
        let (mut browser, answer, _) = in_client(&tenant, &[]).await;
        assert!(answer.parameter("code").is_some());
        for unmet in [
            json!({ "essential": true, "value": "urn:other" }),
            json!({ "essential": true, "values": ["urn:other", "1"] }),
            json!({ "essential": true, "values": [] }),
            json!({ "essential": true, "value": 1 }),
        ] {
            let extra = acr(unmet.clone());
            let answer = silently(&tenant, &mut browser, &Pkce::new(), &[("claims", &extra)]).await;
            is_error(&tenant, &answer, "unmet_authentication_requirements", &unmet.to_string());
        }
        for met in [
            json!({ "essential": true }),
            json!({ "essential": true, "values": ["urn:other", SILENT] }),
            json!({ "essential": false, "value": "urn:other" }),
            json!({ "value": "urn:other" }),
            json!(null),
        ] {
            tokens(&tenant, &mut browser, &[("claims", &acr(met))]).await;
        }
    }
}
