//! Attack K7: whoever leaves the corp while they sign in. What WeCom said before is worth nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use e2e::{Answer, Browser, ContactAddress, Pkce, Tenant, World, member_deleted, on_every_backend};
use serde_json::json;
use wecom_sim::{Fault, FaultKind};

use crate::steps::{
    PASSWORD, comes, form, lisi, set_source, shows, sub, submit, submit_and_follow,
};

/// The call that redeems a code [D 91023].
const GETUSERINFO: &str = "/cgi-bin/auth/getuserinfo";
/// The call that reads a member [D 90196], the one after it.
const USER_GET: &str = "/cgi-bin/user/get";

/// WeCom tells that a member has left.
async fn leaves(tenant: &Tenant, address: &ContactAddress, member: &str) {
    let told = address.tell(tenant, &member_deleted(tenant, member)).await;
    assert_eq!(told.status, 200, "{}", told.body);
}

/// A sign-in that WeCom's answer is under way for when it tells that the member has left.
async fn leaves_meanwhile(
    world: &World,
    tenant: &Tenant,
    address: &ContactAddress,
    member: &str,
) -> (Browser, Answer) {
    let asked = world.wecom().calls_of(GETUSERINFO).len();
    world.wecom().inject(Fault::once(USER_GET, FaultKind::Latency(1000)));
    let (mut browser, pkce) = (world.browser(), Pkce::new());
    let signs_in = comes(tenant, &mut browser, &pkce, member);
    let told = async {
        while world.wecom().calls_of(GETUSERINFO).len() == asked {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        leaves(tenant, address, member).await;
    };
    let (page, ()) = tokio::join!(signs_in, told);
    (browser, page)
}

/// Nobody is signed in, with this browser or any other.
async fn nobody_is_in(tenant: &Tenant, browser: &mut Browser, user: Option<&str>) {
    let answer = browser.get(tenant.authorize_url(&Pkce::new(), &[("prompt", "none")])).await;
    assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
    if let Some(user) = user {
        let sessions = tenant.admin.get(&tenant.path(&format!("/users/{user}/sessions"))).await;
        assert_eq!(sessions["items"].as_array().unwrap().len(), 0, "{sessions}");
    }
}

on_every_backend! {
    async fn k7_who_leaves_while_being_asked_gets_no_account(world: World) {
        let tenant = world.tenant("acme").await;
        let user = lisi(&tenant).await;
        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let address = ContactAddress::make(&tenant).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut browser, &pkce, "zhangsan").await;
        // Another's departure is none of theirs.
        leaves(&tenant, &address, "wangwu").await;
        leaves(&tenant, &address, "zhangsan").await;
        let refused = submit(&tenant, &mut browser, form(&page, "create"), &[]).await;
        shows(&tenant, &refused, "not_a_member").await;
        nobody_is_in(&tenant, &mut browser, None).await;
        assert_eq!(tenant.users().await.len(), 1);

        // Nor with an account that they prove to be theirs.
        let mut browser = world.browser();
        let proves = async |browser: &mut Browser, pkce: &Pkce| {
            let page = comes(&tenant, browser, pkce, "LiSi").await;
            let page = submit_and_follow(&tenant, browser, form(&page, "existing"), &[]).await;
            let filled = [("name", "lisi"), ("password", PASSWORD)];
            submit_and_follow(&tenant, browser, form(&page, "prove-password"), &filled).await
        };
        let page = proves(&mut browser, &pkce).await;
        leaves(&tenant, &address, "LiSi").await;
        let refused = submit(&tenant, &mut browser, form(&page, "confirm"), &[]).await;
        shows(&tenant, &refused, "not_a_member").await;
        nobody_is_in(&tenant, &mut browser, Some(&user)).await;
        let identities = tenant.path(&format!("/users/{user}/identities"));
        assert_eq!(tenant.admin.get(&identities).await["items"], json!([]));

        // Positive control: whom WeCom says to be a member after that.
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = proves(&mut browser, &pkce).await;
        let answer = submit(&tenant, &mut browser, form(&page, "confirm"), &[]).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
    }

    async fn k7_a_link_that_is_made_by_hand_signs_no_leaver_in(world: World) {
        let tenant = world.tenant("acme").await;
        let user = lisi(&tenant).await;
        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let address = ContactAddress::make(&tenant).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        leaves(&tenant, &address, "LiSi").await;
        let identities = tenant.path(&format!("/users/{user}/identities"));
        let link = json!({ "corp": tenant.corp, "userid": "LiSi", "mode": "self_built" });
        tenant.admin.post(&identities, link).await;
        let refused = submit(&tenant, &mut browser, form(&page, "create"), &[]).await;
        shows(&tenant, &refused, "not_a_member").await;
        nobody_is_in(&tenant, &mut browser, Some(&user)).await;
        // Positive control: whom WeCom says to be a member after that.
        let answer = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
    }

    async fn k7_who_leaves_while_wecom_is_asked_is_not_signed_in(world: World) {
        let tenant = world.tenant("acme").await;
        let address = ContactAddress::make(&tenant).await;
        // The first time they come, with nobody's account yet.
        let (mut browser, page) = leaves_meanwhile(&world, &tenant, &address, "LiSi").await;
        shows(&tenant, &page, "not_a_member").await;
        nobody_is_in(&tenant, &mut browser, None).await;
        assert!(tenant.users().await.is_empty());
        // And when they have one.
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let answer = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        let user = sub(&tenant, &pkce, &answer).await;
        let identities = tenant.path(&format!("/users/{user}/identities"));
        let is_back = async || {
            let link = tenant.admin.get(&identities).await["items"][0].clone();
            let time = |name: &str| link[name].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
            time("last_sign_in_at") > time("left_at")
        };
        assert!(is_back().await);
        let (mut second, page) = leaves_meanwhile(&world, &tenant, &address, "LiSi").await;
        shows(&tenant, &page, "not_a_member").await;
        for browser in [&mut browser, &mut second] {
            nobody_is_in(&tenant, browser, Some(&user)).await;
        }
        assert!(!is_back().await);
        // Positive control: whom WeCom says to be a member after that.
        let answer = comes(&tenant, &mut second, &pkce, "LiSi").await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
        assert!(is_back().await);
    }
}
