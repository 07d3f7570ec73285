//! People in Chromium, on the pages.

use e2e::{Tenant, on_every_backend};
use serde_json::{Value, json};

use crate::stage::Stage;

/// How often codes were redeemed at WeCom.
fn redeemed(tenant: &Tenant) -> usize {
    tenant.world.wecom().calls_of("/cgi-bin/auth/getuserinfo").len()
}

/// The events with this trace code.
async fn events(tenant: &Tenant, trace: &Value) -> Vec<Value> {
    let trace = trace.as_str().unwrap();
    let page = tenant.admin.get(&tenant.path(&format!("/audit-events?trace={trace}"))).await;
    page["items"].as_array().unwrap().clone()
}

on_every_backend! {
    async fn qr_by_redirect_with_the_keyboard_alone(world: World) {
        let stage = Stage::of(&world).await;
        let claims = stage.play("qr_redirect").await;
        assert_eq!(claims["userinfo"]["name"], "张三");
        let users = stage.tenant.users().await;
        assert_eq!(users.len(), 1);
        assert_eq!(users[0]["id"], claims["id_token"]["sub"]);
        stage.strike().await;
    }

    async fn qr_by_panel_and_without_script_by_redirect(world: World) {
        let stage = Stage::of(&world).await;
        let tenant = &stage.tenant;
        let source = tenant.path(&format!("/identity-sources/{}", tenant.qr));
        tenant.admin.patch(&source, json!({ "panel": true })).await;
        let claims = stage.play("qr_panel").await;
        assert_eq!(claims["userinfo"]["name"], "张三");
        assert_eq!(redeemed(tenant), 2);
        assert_eq!(tenant.users().await.len(), 1);
        stage.strike().await;
    }

    async fn o1_o2_a_popup_brings_the_answer_to_its_app_and_to_nobody_else(world: World) {
        let stage = Stage::of(&world).await;
        let seen = stage.play("popup").await;
        assert_eq!(seen["claims"]["sub"], seen["redirected"]["sub"]);
        assert_eq!(seen["claims"]["nonce"].as_str().map(str::len), Some(43));
        assert_eq!(stage.tenant.users().await[0]["id"], seen["claims"]["sub"]);
        stage.strike().await;
    }

    async fn inside_the_client_it_is_silent(world: World) {
        let stage = Stage::of(&world).await;
        let subs = stage.play("in_client").await;
        let users = stage.tenant.users().await;
        let known = |sub: &Value| users.iter().any(|user| user["id"] == *sub);
        assert!(users.len() == 2 && known(&subs["zhangsan"]) && known(&subs["lisi"]), "{users:?}");
        // Two silent ones, one after the lost cookie, one fresh: what was lost is redeemed by nobody.
        assert_eq!(redeemed(&stage.tenant), 4);
        stage.strike().await;
    }

    async fn login_only_is_refused_and_who_denies_can_cancel(world: World) {
        let stage = Stage::of(&world).await;
        let tenant = &stage.tenant;
        let source = tenant.path(&format!("/identity-sources/{}", tenant.qr));
        tenant.admin.patch(&source, json!({ "login_only": true })).await;
        let traces = stage.play("refused").await;
        assert!(tenant.users().await.is_empty());
        assert_eq!(redeemed(tenant), 1, "a denial has nothing to redeem");
        for (trace, reason) in [("loginOnly", "login_only"), ("denied", "denied_upstream")] {
            let events = events(tenant, &traces[trace]).await;
            let told = events.iter().any(|event| event.to_string().contains(reason));
            assert!(told, "{reason} is not looked up by its trace code: {events:?}");
        }
        stage.strike().await;
    }

    async fn back_button_double_click_and_lost_cookie(world: World) {
        let stage = Stage::of(&world).await;
        let seen = stage.play("mishaps").await;
        let users = stage.tenant.users().await;
        assert_eq!(users.len(), 1, "going back made somebody else: {users:?}");
        assert_eq!(users[0]["id"], seen["sub"]);
        // Back, two pages back, two double clicks, and one after the loss.
        assert_eq!(redeemed(&stage.tenant), 5);
        assert!(!events(&stage.tenant, &seen["lost"]).await.is_empty());
        stage.strike().await;
    }

    async fn a_session_serves_again_and_ends(world: World) {
        let stage = Stage::of(&world).await;
        stage.play("session").await;
        stage.strike().await;
    }

    async fn browsers_in_which_nothing_works_are_told_why(world: World) {
        let stage = Stage::of(&world).await;
        stage.play("elsewhere").await;
        assert_eq!(redeemed(&stage.tenant), 0);
        stage.strike().await;
    }

    async fn p17_the_workbench_opens_the_app_without_a_page(world: World) {
        let stage = Stage::of(&world).await;
        let subs = stage.play("p17_workbench").await;
        assert_eq!(stage.tenant.users().await.len(), 1);
        assert_eq!(stage.tenant.users().await[0]["id"], subs[0]);
        assert_eq!(redeemed(&stage.tenant), 4, "each time in each client");
        stage.strike().await;
    }

    async fn p18_a_phones_browser_leads_into_wecom(world: World) {
        let stage = Stage::of(&world).await;
        stage.play("p18_phone_browser").await;
        assert_eq!(redeemed(&stage.tenant), 1);
        stage.strike().await;
    }

    async fn p19_plain_wechat_leads_into_wecom(world: World) {
        let stage = Stage::of(&world).await;
        stage.play("p19_plain_wechat").await;
        assert_eq!(redeemed(&stage.tenant), 1);
        stage.strike().await;
    }

    async fn p20_a_sign_in_goes_on_in_the_browser(world: World) {
        let stage = Stage::of(&world).await;
        stage.offer_browser().await;
        stage.play("p20_continue_in_browser").await;
        assert_eq!(redeemed(&stage.tenant), 4, "zhangsan each time in the client, LiSi in the browser");
        stage.strike().await;
    }

    async fn p22_a_lost_cookie_begins_again_in_the_client(world: World) {
        let stage = Stage::of(&world).await;
        stage.play("p22_lost_cookie").await;
        assert_eq!(stage.tenant.users().await.len(), 1);
        stage.strike().await;
    }

    async fn every_page_on_every_screen_is_accessible(world: World) {
        let stage = Stage::of(&world).await;
        let mut aside = Vec::new();
        for (host, change) in [("panel", json!({ "panel": true })), ("known", json!({ "login_only": true }))] {
            let tenant = world.tenant(host).await;
            let source = tenant.path(&format!("/identity-sources/{}", tenant.qr));
            tenant.admin.patch(&source, change).await;
            aside.push(Stage::with(tenant, json!({})).await);
        }
        stage.offer_browser().await;
        let apps = [("PANEL_APP", aside[0].base_url()), ("LOGIN_ONLY_APP", aside[1].base_url())];
        let seen = stage.play_with("pages", &apps).await;
        assert_eq!(seen.as_array().unwrap().len(), 24, "{seen}");
        for stage in aside {
            stage.strike().await;
        }
        stage.strike().await;
    }
}
