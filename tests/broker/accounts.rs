//! Users whom an administrator suspends or deletes.

use e2e::{Pkce, Tenant, on_every_backend};
use serde_json::json;

use crate::steps::{offers_a_way_back, refused, signs_in, sso, sub, to_callback};

async fn set_status(tenant: &Tenant, user: &str, status: &str) {
    let path = tenant.path(&format!("/users/{user}"));
    tenant.admin.patch(&path, json!({ "status": status })).await;
}

on_every_backend! {
    async fn a_suspended_user_is_refused_at_each_step(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let authorize = tenant.authorize_url(&pkce, &[]);
        let answer = tenant.sign_in(&mut browser, &authorize, "zhangsan").await;
        let tokens = tenant.redeem(&answer.parameter("code").unwrap(), &pkce).await.json();
        let access = tokens["access_token"].as_str().unwrap();
        let user = tenant.userinfo(access).await.json()["sub"].as_str().unwrap().to_owned();
        let unused = sso(&tenant, &mut browser, &pkce).await.parameter("code").unwrap();
        set_status(&tenant, &user, "suspended").await;
        // At UserInfo.
        assert_eq!(tenant.userinfo(access).await.status, 401);
        // Between callback and token.
        let answer = tenant.redeem(&unused, &pkce).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"].as_str()),
            (400, Some("invalid_grant"))
        );
        // With a session.
        let answer = sso(&tenant, &mut browser, &pkce).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
        // At the callback.
        let page = tenant.sign_in(&mut browser, &authorize, "zhangsan").await;
        refused(&tenant, &page, "user_suspended").await;
        offers_a_way_back(&page);
        // Let in again, the person is the same user; what was ended stays ended.
        set_status(&tenant, &user, "active").await;
        assert_eq!(tenant.userinfo(access).await.status, 401);
        let answer = sso(&tenant, &mut browser, &pkce).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
        assert_eq!(signs_in(&tenant, "zhangsan").await, user);
    }

    async fn m15_a_deleted_user_stays_a_tombstone_and_the_person_is_somebody_new(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let answer =
            tenant.sign_in(&mut browser, &tenant.authorize_url(&pkce, &[]), "zhangsan").await;
        let tokens = tenant.redeem(&answer.parameter("code").unwrap(), &pkce).await.json();
        let access = tokens["access_token"].as_str().unwrap();
        let old = tenant.userinfo(access).await.json()["sub"].as_str().unwrap().to_owned();
        let unused = sso(&tenant, &mut browser, &pkce).await.parameter("code").unwrap();
        // Somebody is on the way while it happens: a new user, not the tombstone's.
        let (mut late, late_pkce) = (world.browser(), Pkce::new());
        let callback = to_callback(&tenant, &mut late, &late_pkce, "zhangsan").await;
        tenant.admin.delete(&tenant.path(&format!("/users/{old}"))).await;
        assert_eq!(tenant.userinfo(access).await.status, 401);
        assert_eq!(tenant.redeem(&unused, &pkce).await.json()["error"], "invalid_grant");
        let answer = sso(&tenant, &mut browser, &pkce).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
        let answer = late.get(callback.as_str()).await;
        let new = sub(&tenant, &late_pkce, &answer).await;
        assert_ne!(new, old);
        assert_eq!(signs_in(&tenant, "zhangsan").await, new);
        let tombstone = tenant.admin.get(&tenant.path(&format!("/users/{old}"))).await;
        assert_eq!(tombstone["status"], "deleted");
        assert!(tombstone["name"].is_null() && tombstone["phone_number"].is_null());
        let identities = tenant.admin.get(&tenant.path(&format!("/users/{old}/identities"))).await;
        assert_eq!(identities["items"], json!([]));
        assert_eq!(tenant.userinfo(access).await.status, 401);
    }
}
