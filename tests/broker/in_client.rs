//! Inside the WeCom client, and in the browsers where a source can't work.

use e2e::{PHONE, Pkce, WECHAT, on_every_backend};
use serde_json::json;
use wecom_sim::{Member, SensitiveField};

use crate::steps::{
    BROWSER, GETUSERINFO, HOME, calls, client, cookie, lose_cookies_of, redemptions, refused, sub,
};

on_every_backend! {
    async fn a_member_signs_in_without_any_page_of_ours(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut phone, pkce) = (client(&tenant, "zhangsan"), Pkce::new());
        let mut answer = phone.get(tenant.authorize_url(&pkce, &[])).await;
        let mut steps = 0;
        while !answer.url.as_str().contains("/callback") {
            assert!(answer.status.is_redirection(), "a page: {} {}", answer.url, answer.body);
            answer = phone.get(answer.location().unwrap().as_str()).await;
            steps += 1;
        }
        assert_eq!(steps, 4);
        assert_eq!(answer.parameter("state").as_deref(), Some("s"));
        let user = sub(&tenant, &pkce, &answer).await;
        let pages = world.wecom().calls_of("/connect/oauth2/authorize");
        assert_eq!(pages.len(), 1);
        assert!(pages[0].query.contains("scope=snsapi_base"), "{pages:?}");
        // With the session, WeCom is not asked again.
        let answer = phone.get(tenant.authorize_url(&pkce, &[])).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
        assert_eq!(calls(&world, GETUSERINFO), 1);
    }

    async fn a_fresh_sign_in_is_never_silent(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut phone, pkce) = (client(&tenant, "zhangsan"), Pkce::new());
        let page = phone.follow(tenant.authorize_url(&pkce, &[("prompt", "login")])).await;
        assert_eq!((page.status.as_u16(), page.url.path()), (200, "/login"));
        let link = page.links().into_iter().find(|link| link.contains("/social/mobile")).unwrap();
        let answer = phone.follow(tenant.url(&link)).await;
        sub(&tenant, &pkce, &answer).await;
    }

    async fn what_a_member_consents_to_is_in_the_profile(world: World) {
        let tenant = world.tenant("acme").await;
        let member = Member {
            mobile: Some("13800000001".to_owned()),
            email: Some("zhangsan@mail.example".to_owned()),
            ..Member::new("zhangsan", "张三")
        };
        world.wecom().set_member(&tenant.corp_id, member).unwrap();
        let fields = SensitiveField::ALL.to_vec();
        world
            .wecom()
            .edit_app(&tenant.corp_id, tenant.agent_id, |app| app.sensitive_fields = fields)
            .unwrap();
        let mobile = tenant.path(&format!("/identity-sources/{}", tenant.mobile));
        tenant.admin.patch(&mobile, json!({ "scope": "snsapi_privateinfo" })).await;
        let (mut phone, pkce) = (client(&tenant, "zhangsan"), Pkce::new());
        let mut consent = phone.follow(tenant.authorize_url(&pkce, &[])).await.url;
        assert_eq!(consent.path(), "/connect/oauth2/authorize");
        consent.set_path("/connect/oauth2/consent");
        consent.query_pairs_mut().extend_pairs([("allow", "1"), ("field", "mobile")]);
        let answer = phone.follow(consent.as_str()).await;
        sub(&tenant, &pkce, &answer).await;
        let user = tenant.users().await[0].clone();
        assert_eq!(user["phone_number"], "13800000001");
        assert!(user["email"].is_null(), "not consented to: {user}");
    }

    async fn a_lost_cookie_restarts_from_the_app_at_most_twice(world: World) {
        let tenant = world.tenant("acme").await;
        let path = tenant.path(&format!("/apps/{}", tenant.app.id));
        let start = "https://app.example.com/start?from=hufu";
        tenant.admin.patch(&path, json!({ "initiate_login_uri": start })).await;
        let mut kept = None;
        for attempt in 1..=4 {
            let (mut phone, pkce) = (client(&tenant, "zhangsan"), Pkce::new());
            let login = phone.get(tenant.authorize_url(&pkce, &[])).await.location().unwrap();
            let begun = phone.get(login.as_str()).await.location().unwrap();
            let wecom = phone.get(begun.as_str()).await.location().unwrap();
            let callback = phone.get(wecom.as_str()).await.location().unwrap();
            let mut without = phone.clone();
            lose_cookies_of(&tenant, &mut without);
            let answer = without.get(callback.as_str()).await;
            if attempt <= 2 {
                let location = answer.location().unwrap_or_else(|| panic!("{}", answer.body));
                assert!(location.as_str().starts_with(start), "{location}");
                assert_eq!(answer.parameter("iss"), Some(tenant.issuer()));
                assert_eq!(answer.parameter("code"), None);
            } else {
                refused(&tenant, &answer, "browser_changed").await;
                assert!(
                    answer
                        .links()
                        .iter()
                        .any(|link| link.starts_with("https://app.example.com/start"))
                );
            }
            assert_eq!(redemptions(&world, &callback), 0, "the old one is not finished");
            kept = Some((phone, pkce, callback));
        }
        assert!(tenant.users().await.is_empty());
        let (mut phone, pkce, callback) = kept.unwrap();
        assert!(cookie(&tenant, &phone, BROWSER).is_some());
        let answer = phone.get(callback.as_str()).await;
        sub(&tenant, &pkce, &answer).await;
    }

    async fn a_lost_cookie_shows_a_page_where_the_app_begins_no_sign_ins(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut phone, pkce) = (client(&tenant, "zhangsan"), Pkce::new());
        let login = phone.get(tenant.authorize_url(&pkce, &[])).await.location().unwrap();
        let begun = phone.get(login.as_str()).await.location().unwrap();
        let wecom = phone.get(begun.as_str()).await.location().unwrap();
        let callback = phone.get(wecom.as_str()).await.location().unwrap();
        lose_cookies_of(&tenant, &mut phone);
        let page = phone.get(callback.as_str()).await;
        refused(&tenant, &page, "browser_changed").await;
        assert!(page.links().iter().any(|link| link == HOME), "{}", page.body);
        let answer = phone.follow(tenant.authorize_url(&pkce, &[])).await;
        sub(&tenant, &pkce, &answer).await;
    }

    async fn a_sources_address_in_the_workbench_begins_at_the_app(world: World) {
        let tenant = world.tenant("acme").await;
        let mut phone = client(&tenant, "zhangsan");
        let workbench = tenant.url("/connections/social/mobile");
        assert_eq!(phone.get(&workbench).await.location().unwrap().as_str(), format!("{HOME}#"));
        // With a second app it has to be named; nobody else's can be.
        let second = tenant.make_app(json!({ "home_url": "https://app.example.com/second" })).await;
        let named = |app: &str| format!("{workbench}?app_id={app}");
        refused(&tenant, &phone.get(&workbench).await, "interaction_expired").await;
        let other = world.tenant("other").await;
        for wrong in [other.app.id.as_str(), "", "nobody"] {
            refused(&tenant, &phone.get(named(wrong)).await, "interaction_expired").await;
        }
        let answer = phone.get(named(&second.id)).await;
        assert_eq!(answer.location().unwrap().as_str(), "https://app.example.com/second#");
        let path = tenant.path(&format!("/apps/{}", tenant.app.id));
        let start = "https://app.example.com/start";
        tenant.admin.patch(&path, json!({ "initiate_login_uri": start })).await;
        let answer = phone.get(named(&tenant.app.id)).await;
        assert!(answer.location().unwrap().as_str().starts_with(start));
        assert_eq!(answer.parameter("iss"), Some(tenant.issuer()));
    }

    async fn browsers_where_nothing_works_get_an_explanation_and_no_button(world: World) {
        let tenant = world.tenant("acme").await;
        let wechat = "This page is open in WeChat, where signing in doesn’t work.";
        let on_desktop = "Please open this page on a computer.";
        let in_wecom =
            "Copy the link to this page, send it to any chat in WeCom, and open it there";
        for (user_agent, explained) in [(WECHAT, vec![wechat]), (PHONE, vec![on_desktop, in_wecom])]
        {
            let mut browser = world.browser().saying(user_agent);
            let page = browser.follow(tenant.authorize_url(&Pkce::new(), &[])).await;
            assert_eq!((page.status.as_u16(), page.url.path()), (200, "/login"));
            assert!(!page.body.contains("/connections/social/"), "{}", page.body);
            let text = page.body.split_whitespace().collect::<Vec<_>>().join(" ");
            for explained in explained {
                assert!(text.contains(explained), "{explained}: {}", page.body);
            }
            // Naming the source does not change what the browser can do.
            for connection in ["qr", "mobile"] {
                let named = tenant.authorize_url(&Pkce::new(), &[("connection", connection)]);
                assert_eq!(browser.follow(named).await.url.path(), "/login");
            }
        }
        assert_eq!(calls(&world, "/wwlogin/sso/login"), 0);
        // Nor is WeCom's own client offered the code that it would have to scan itself.
        let mut phone = client(&tenant, "zhangsan");
        let page = phone.follow(tenant.authorize_url(&Pkce::new(), &[("prompt", "login")])).await;
        assert!(!page.body.contains("/connections/social/qr"), "{}", page.body);
        assert!(page.body.contains("/connections/social/mobile"), "{}", page.body);
    }
}
