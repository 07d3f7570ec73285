//! Set-ups that other products document, each from the administrator's calls to the app's tokens.

use e2e::{Answer, Browser, Pkce, Tenant, WECOM, on_every_backend};
use serde_json::{Value, json};
use wecom_sim::{Member, SensitiveField};

use crate::steps::{
    PASSWORD, account, claims, comes, form, has_form, set_source, sub, submit, submit_and_follow,
};

/// A member with a mobile number and a corp mailbox.
pub(crate) fn member(userid: &str, name: &str, mobile: &str) -> Member {
    let mut member = Member::new(userid, name);
    member.mobile = Some(mobile.to_owned());
    member.biz_mail = Some(format!("{}@acme.example", userid.to_lowercase()));
    member
}

/// The app at WeCom is one that tells members' mobile numbers only with their consent.
pub(crate) fn tells_with_consent(tenant: &Tenant) {
    let set = |app: &mut wecom_sim::App| {
        app.sensitive_fields = vec![SensitiveField::Mobile, SensitiveField::BizMail];
    };
    tenant.world.wecom().edit_app(&tenant.corp_id, tenant.agent_id, set).unwrap();
}

/// The app at WeCom is an old one, which is told everything.
pub(crate) fn tells_everything(tenant: &Tenant) {
    let set = |app: &mut wecom_sim::App| app.created_after_2022_06_20 = false;
    tenant.world.wecom().edit_app(&tenant.corp_id, tenant.agent_id, set).unwrap();
}

/// The WeCom client of a member.
pub(crate) fn client(tenant: &Tenant, userid: &str) -> Browser {
    let mut browser = tenant.world.browser().saying(WECOM);
    let signed_in = format!("{}/{userid}", tenant.corp_id);
    browser.set_cookie(&tenant.world.wecom_base(), "sim_member", &signed_in);
    browser
}

/// In the client, the member agrees to what the page asks for: on to where that leads.
pub(crate) async fn agrees(browser: &mut Browser, page: &Answer) -> Answer {
    assert!(page.url.path().starts_with("/connect/oauth2/authorize"), "{}", page.url);
    let mut url = page.url.clone();
    url.set_path("/connect/oauth2/consent");
    for (name, value) in [("field", "mobile"), ("field", "biz_mail"), ("allow", "1")] {
        url.query_pairs_mut().append_pair(name, value);
    }
    browser.follow(url.as_str()).await
}

fn by(fields: &[&str]) -> Value {
    let rules: Vec<Value> =
        fields.iter().map(|field| json!({ "field": field, "trusted": true })).collect();
    json!({ "rules": rules })
}

on_every_backend! {
    /// MeterSphere: the accounts are there, under the members' userids; scanning opens them, and a
    /// colleague without one gets one.
    async fn metersphere_accounts_are_found_by_userid(world: World) {
        let tenant = world.tenant("metersphere").await;
        let existing = account(&tenant, json!({ "username": "lisi", "name": "李四" })).await;
        let body = json!({
            "panel": true, "association": "field",
            "association_policy": by(&["userid_username"]),
        });
        set_source(&tenant, &tenant.qr, body).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        // Userids are compared ignoring case: WeCom's is LiSi.
        let answer = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, existing);
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let answer = comes(&tenant, &mut browser, &pkce, "zhangsan").await;
        let claims = claims(&tenant, &pkce, &answer).await;
        assert_ne!(claims["sub"], existing.as_str());
        assert_eq!(claims["name"], "张三");
        assert_eq!(tenant.users().await.len(), 2);
    }

    /// NocoBase: the first sign-in is in the client, where WeCom gives the phone number; afterwards
    /// the QR code does. "Create automatically" is a switch.
    async fn nocobase_first_by_phone_in_the_client_then_by_qr(world: World) {
        let tenant = world.tenant("nocobase").await;
        tells_with_consent(&tenant);
        world.wecom().set_member(&tenant.corp_id, member("LiSi", "李四", "13800000002")).unwrap();
        let existing = account(&tenant, json!({
            "name": "李四", "phone_number": "138 0000 0002", "phone_number_verified": true,
        })).await;
        let policy = by(&["mobile"]);
        let body = json!({
            "association": "field", "login_only": true, "scope": "snsapi_privateinfo",
            "association_policy": policy,
        });
        set_source(&tenant, &tenant.mobile, body).await;
        let body = json!({ "association": "field", "login_only": true, "association_policy": policy });
        set_source(&tenant, &tenant.qr, body).await;

        // By QR first nothing is known of the phone: refused, and nothing is made.
        let (mut desk, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut desk, &pkce, "LiSi").await;
        assert_eq!(page.code().as_deref(), Some("login_only"));

        let (mut phone, pkce) = (client(&tenant, "LiSi"), Pkce::new());
        let page = phone.follow(tenant.authorize_url(&pkce, &[])).await;
        let answer = agrees(&mut phone, &page).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, existing);

        let pkce = Pkce::new();
        let answer = comes(&tenant, &mut desk, &pkce, "LiSi").await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, existing);
        assert_eq!(tenant.users().await.len(), 1);

        // The switch: without an account a colleague is refused, and with it gets one.
        let (mut other, pkce) = (client(&tenant, "zhangsan"), Pkce::new());
        let page = other.follow(tenant.authorize_url(&pkce, &[])).await;
        let page = agrees(&mut other, &page).await;
        assert_eq!(page.code().as_deref(), Some("login_only"));
        set_source(&tenant, &tenant.mobile, json!({ "login_only": false })).await;
        let answer = other.follow(tenant.authorize_url(&pkce, &[])).await;
        assert_ne!(sub(&tenant, &pkce, &answer).await, existing);
    }

    /// Authing: field match by mobile and mail, then asking to bind, then login-only, on one source.
    async fn authing_match_then_ask_then_login_only(world: World) {
        let tenant = world.tenant("authing").await;
        tells_everything(&tenant);
        let wecom = world.wecom();
        wecom.set_member(&tenant.corp_id, member("LiSi", "李四", "13800000002")).unwrap();
        wecom.set_member(&tenant.corp_id, member("wangwu", "王五", "13800000003")).unwrap();
        let lisi = account(&tenant, json!({
            "name": "李四", "phone_number": "+8613800000002", "phone_number_verified": true,
        })).await;
        let wangwu = account(&tenant, json!({
            "name": "王五", "username": "ww", "password": PASSWORD,
        })).await;
        let body = json!({
            "association": "field", "association_policy": by(&["mobile", "biz_mail", "email"]),
        });
        set_source(&tenant, &tenant.qr, body).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let answer = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, lisi);

        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut browser, &pkce, "wangwu").await;
        assert!(has_form(&page, "create"));
        let page = submit_and_follow(&tenant, &mut browser, form(&page, "existing"), &[]).await;
        let filled = [("name", "ww"), ("password", PASSWORD)];
        let proof = form(&page, "prove-password");
        let page = submit_and_follow(&tenant, &mut browser, proof, &filled).await;
        let answer = submit(&tenant, &mut browser, form(&page, "confirm"), &[]).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, wangwu);

        // Login-only: who is linked gets in, who is not may bind and not register.
        set_source(&tenant, &tenant.qr, json!({ "login_only": true })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let answer = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, lisi);
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = comes(&tenant, &mut browser, &pkce, "zhangsan").await;
        assert!(!has_form(&page, "create") && has_form(&page, "prove-password"));
        assert_eq!(tenant.users().await.len(), 2);
    }
}
