//! The places that a person comes from and goes on in: the workbench, and from the client on a
//! computer into the system's browser.

mod hand_over;

use e2e::{Answer, Browser, Pkce, Tenant, WECOM_DESKTOP, on_every_backend};
use serde_json::json;

use self::hand_over::{fresh_ticket, offered, offering, ticket, token};
use crate::steps::{
    GETUSERINFO, HOME, SESSION, calls, client, cookie, lose_cookies_of, refused, sso, sub,
};

const START: &str = "https://app.example.com/start?from=hufu";

/// The app's link by its mobile source.
fn workbench(tenant: &Tenant) -> String {
    tenant.url(&format!("/connections/social/mobile/workbench/{}", tenant.app.id))
}

/// Where the app begins sign-ins.
async fn begins_sign_ins(tenant: &Tenant) {
    let path = tenant.path(&format!("/apps/{}", tenant.app.id));
    tenant.admin.patch(&path, json!({ "initiate_login_uri": START })).await;
}

/// The answer sends the browser to the app's own address, and names us.
fn at_app(tenant: &Tenant, answer: &Answer) {
    let location = answer.location().unwrap_or_else(|| panic!("{} {}", answer.url, answer.body));
    assert!(location.as_str().starts_with(START), "{location}");
    assert_eq!(answer.parameter("iss"), Some(tenant.issuer()));
    assert_eq!(location.fragment(), Some(""), "it brings a fragment along");
}

/// A person can go on from here: they are sent on, or by a form, or by a link that is neither a part
/// of the page nor the page itself in another language.
fn leads_on(page: &Answer) {
    if page.location().is_some() {
        return;
    }
    let (path, here) = (page.url.path(), page.url.as_str());
    let on = |link: &String| {
        let part = link.starts_with("/assets/") || link == "#" || link.contains("ui_locales=");
        !part && link != path && link != here
    };
    let on = page.body.contains("<form ") || page.links().iter().any(on);
    assert!(on, "a dead end: {} {} {}", page.url, page.status, page.body);
}

/// The session that a browser has now is a member's.
async fn is(tenant: &Tenant, browser: &mut Browser, name: &str) {
    let pkce = Pkce::new();
    let answer = sso(tenant, browser, &pkce).await;
    let user = sub(tenant, &pkce, &answer).await;
    let users = tenant.users().await;
    let found = users.iter().find(|known| known["id"] == user.as_str()).unwrap();
    assert_eq!(found["name"], name);
}

on_every_backend! {
    async fn p17_the_workbench_signs_in_silently_and_leads_into_the_app(world: World) {
        let tenant = world.tenant("acme").await;
        begins_sign_ins(&tenant).await;
        let mut phone = client(&tenant, "zhangsan");
        let mut answer = phone.get(workbench(&tenant)).await;
        let mut steps = 0;
        while !answer.location().unwrap().as_str().starts_with(START) {
            assert_eq!(answer.status.as_u16() / 100, 3, "a page: {} {}", answer.url, answer.body);
            answer = phone.get(answer.location().unwrap().as_str()).await;
            steps += 1;
        }
        at_app(&tenant, &answer);
        assert_eq!(steps, 4, "start, WeCom, callback, onward");
        is(&tenant, &mut phone, "张三").await;
        // A session does not tell who is at the client now: WeCom is asked again, still without a page.
        at_app(&tenant, &phone.follow(workbench(&tenant)).await);
        assert_eq!(calls(&world, GETUSERINFO), 2);
        let other = format!("{}/lisi", tenant.corp_id);
        phone.set_cookie(&world.wecom_base(), "sim_member", &other);
        at_app(&tenant, &phone.follow(workbench(&tenant)).await);
        is(&tenant, &mut phone, "李四").await;
        // Without such an address the person lands on the home page.
        let path = tenant.path(&format!("/apps/{}", tenant.app.id));
        tenant.admin.patch(&path, json!({ "initiate_login_uri": null })).await;
        let answer = phone.follow(workbench(&tenant)).await;
        assert_eq!(answer.location().unwrap().as_str(), format!("{HOME}#"));
    }

    async fn p17_outside_the_client_the_app_begins_a_sign_in(world: World) {
        let tenant = world.tenant("acme").await;
        begins_sign_ins(&tenant).await;
        for user_agent in [e2e::DESKTOP, e2e::PHONE, e2e::WECHAT] {
            let mut browser = world.browser().saying(user_agent);
            at_app(&tenant, &browser.get(workbench(&tenant)).await);
        }
        // Nor can the client scan a code of its own.
        let qr = workbench(&tenant).replace("/mobile/", "/qr/");
        at_app(&tenant, &client(&tenant, "zhangsan").get(qr).await);
        assert_eq!(calls(&world, "/connect/oauth2/authorize"), 0);
        at_app(&tenant, &client(&tenant, "zhangsan").follow(workbench(&tenant)).await);
    }

    async fn p17_what_is_off_or_not_linked_gets_a_page_with_a_way_on(world: World) {
        let tenant = world.tenant("acme").await;
        let other = world.tenant("other").await;
        begins_sign_ins(&tenant).await;
        let mut phone = client(&tenant, "zhangsan");
        let at = |source: &str, app: &str| {
            tenant.url(&format!("/connections/social/{source}/workbench/{app}"))
        };
        for unknown in ["nobody", &other.app.id] {
            let page = phone.get(at("mobile", unknown)).await;
            refused(&tenant, &page, "unknown_client").await;
            assert!(page.links().iter().any(|link| link == "/account"), "{}", page.body);
        }
        let unlinked = tenant.make_app(json!({})).await;
        let link = format!("/apps/{}/identity-sources/{}", unlinked.id, tenant.mobile);
        tenant.admin.delete(&tenant.path(&link)).await;
        for (source, app) in [("nobody", &tenant.app.id), ("mobile", &unlinked.id)] {
            let page = phone.get(at(source, app)).await;
            refused(&tenant, &page, "source_disabled").await;
            let back = |link: &String| link.starts_with("https://app.example.com/");
            assert!(page.links().iter().any(back), "{}", page.body);
        }
        let source = tenant.path(&format!("/identity-sources/{}", tenant.mobile));
        let app = tenant.path(&format!("/apps/{}", tenant.app.id));
        let rows = [(&source, "source_disabled"), (&app, "app_disabled")];
        for (path, code) in rows {
            tenant.admin.patch(path, json!({ "status": "disabled" })).await;
            let page = phone.get(workbench(&tenant)).await;
            refused(&tenant, &page, code).await;
            assert!(page.links().iter().any(|link| !link.starts_with("/assets")), "{}", page.body);
            tenant.admin.patch(path, json!({ "status": "active" })).await;
        }
        at_app(&tenant, &phone.follow(workbench(&tenant)).await);
    }

    async fn a5_the_workbench_and_onward_lead_to_registered_addresses_only(world: World) {
        let tenant = world.tenant("acme").await;
        begins_sign_ins(&tenant).await;
        let mut phone = client(&tenant, "zhangsan");
        at_app(&tenant, &phone.follow(workbench(&tenant)).await);
        let id = &tenant.app.id;
        let evil = [
            "https://evil.example", "//evil.example", "/\\evil.example", "https:evil.example",
            "javascript:alert(1)", "@evil.example", "%0d%0aLocation:%20https://evil.example",
            "/%09/evil.example", "..//evil.example", "https%3A%2F%2Fevil.example",
        ];
        for evil in evil {
            let encoded: String = url::form_urlencoded::byte_serialize(evil.as_bytes()).collect();
            for name in ["return_to", "next", "redirect_uri", "target_link_uri", "RelayState"] {
                let query = format!("{name}={encoded}");
                let link = format!("{}?{query}", workbench(&tenant));
                at_app(&tenant, &phone.follow(link).await);
                at_app(&tenant, &phone.get(tenant.url(&format!("/continue?app={id}&{query}"))).await);
            }
            for path in [
                format!("/continue?app={encoded}"),
                format!("/connections/social/mobile/workbench/{encoded}"),
                format!("/connections/social/{encoded}/workbench/{id}"),
            ] {
                let page = phone.get(tenant.url(&path)).await;
                assert!(page.location().is_none() && page.code().is_some(), "{path}: {page:?}");
            }
        }
        // One that stands twice is no choice of ours.
        let page = phone.get(tenant.url(&format!("/continue?app={id}&app={id}"))).await;
        refused(&tenant, &page, "invalid_request").await;
        at_app(&tenant, &phone.get(tenant.url(&format!("/continue?app={id}"))).await);
    }

    async fn m1_the_workbench_signs_in_nobody_but_who_opens_it(world: World) {
        let tenant = world.tenant("acme").await;
        begins_sign_ins(&tenant).await;
        let mut phone = client(&tenant, "zhangsan");
        // Somebody else signed in here, by a source that is not good for this app any more.
        let mut lisi = world.browser();
        tenant.sign_in(&mut lisi, &tenant.authorize_url(&Pkce::new(), &[]), "LiSi").await;
        let before = cookie(&tenant, &lisi, SESSION).unwrap();
        phone.set_cookie(&tenant.url("/"), SESSION, &before);
        let link = tenant.path(&format!("/apps/{}/identity-sources/{}", tenant.app.id, tenant.qr));
        tenant.admin.delete(&link).await;
        at_app(&tenant, &phone.follow(workbench(&tenant)).await);
        is(&tenant, &mut phone, "张三").await;
        tenant.admin.put(&link, json!({ "position": 0 })).await;
        let gone = sso(&tenant, &mut lisi, &Pkce::new()).await;
        assert_eq!(gone.parameter("error").as_deref(), Some("login_required"), "it has ended");

        // The way back of one browser signs nobody in in another.
        let mut attacker = client(&tenant, "LiSi");
        let start = attacker.get(workbench(&tenant)).await.location().unwrap();
        let wecom = attacker.get(start.as_str()).await.location().unwrap();
        let callback = attacker.get(wecom.as_str()).await.location().unwrap();
        let mut victim = world.browser();
        let page = victim.get(callback.as_str()).await;
        refused(&tenant, &page, "browser_changed").await;
        at_app(&tenant, &attacker.follow(callback.as_str()).await);
        is(&tenant, &mut attacker, "李四").await;
    }

    async fn p22_a_lost_cookie_begins_again_at_the_workbench_at_most_twice(world: World) {
        let tenant = world.tenant("acme").await;
        // Nothing of the app begins a sign-in by itself; the workbench does.
        for attempt in 1..=3 {
            let mut phone = client(&tenant, "zhangsan");
            let start = phone.get(workbench(&tenant)).await.location().unwrap();
            let wecom = phone.get(start.as_str()).await.location().unwrap();
            let callback = phone.get(wecom.as_str()).await.location().unwrap();
            lose_cookies_of(&tenant, &mut phone);
            let answer = phone.get(callback.as_str()).await;
            if attempt <= 2 {
                let anew = format!("{}#", workbench(&tenant));
                assert_eq!(answer.location().unwrap().as_str(), anew);
                assert_eq!(calls(&world, GETUSERINFO), attempt - 1, "the old one is not finished");
                let answer = phone.follow(workbench(&tenant)).await;
                assert_eq!(answer.location().unwrap().as_str(), format!("{HOME}#"));
                is(&tenant, &mut phone, "张三").await;
            } else {
                refused(&tenant, &answer, "browser_changed").await;
                assert!(answer.links().iter().any(|link| link == HOME), "{}", answer.body);
            }
        }
    }

    /// But for a host that is nobody's: there is nowhere to go.
    async fn no_page_is_a_dead_end_in_any_kind_of_browser(world: World) {
        let tenant = offering(&world, "acme").await;
        let bare = tenant.make_app(json!({ "display_name": "Bare" })).await;
        for source in [&tenant.qr, &tenant.mobile] {
            let link = format!("/apps/{}/identity-sources/{source}", bare.id);
            tenant.admin.delete(&tenant.path(&link)).await;
        }
        let off = tenant.make_app(json!({ "display_name": "Off", "status": "disabled" })).await;
        let kinds = [e2e::WECOM, WECOM_DESKTOP, e2e::WECHAT, e2e::PHONE, e2e::DESKTOP];
        let mut seen = std::collections::BTreeSet::new();
        for kind in kinds {
            let asks = |extra: &[(&str, &str)]| tenant.authorize_url(&Pkce::new(), extra);
            let mut addresses = vec![
                asks(&[("prompt", "login")]),
                asks(&[("client_id", "nobody")]),
                asks(&[("client_id", &off.id)]),
                asks(&[("client_id", &bare.id)]),
                asks(&[("redirect_uri", "https://evil.example/")]),
                asks(&[("code_challenge_method", "plain"), ("redirect_uri", "")]),
                tenant.url(&format!("/connections/social/mobile/workbench/{}", bare.id)),
                tenant.url(&format!("/connections/social/mobile/workbench/{}", off.id)),
                tenant.url(&format!("/continue?app={}", off.id)),
            ];
            addresses.extend([
                "/login", "/login?interaction=0", "/nowhere", "/oidc/session/end",
                "/connections/social/nobody", "/connections/social/mobile/callback?state=s&code=c",
                "/connections/social/mobile/workbench/nobody", "/continue", "/continue/0",
                "/continue/AAAAAAAAAA", "/continue?app=0", "/continue?app=0&app=1",
            ].map(|path| tenant.url(path)));
            // In a browser that has been nowhere yet, and in one that comes from an app.
            for mut browser in [world.browser().saying(kind), client(&tenant, "zhangsan").saying(kind)] {
                for address in &addresses {
                    let page = browser.follow(address).await;
                    leads_on(&page);
                    seen.insert(page.code().unwrap_or_else(|| page.url.path().to_owned()));
                }
                let out = browser.get(tenant.url("/oidc/session/end")).await;
                let form = [("csrf", token(&out)), ("decision", "sign_out")];
                leads_on(&browser.post(tenant.url("/oidc/session/end"), &form).await);
                leads_on(&browser.post(tenant.url("/continue"), &form).await);
                leads_on(&browser.post(tenant.url("/login/cancel?interaction=0"), &[]).await);
            }
            // What another browser began.
            let mut other = world.browser();
            let login = other.get(asks(&[])).await.location().unwrap();
            leads_on(&world.browser().saying(kind).get(login.as_str()).await);
            let wecom = tenant.start_qr(&mut other, login.as_str()).await.location().unwrap();
            let back = tenant.confirm(&mut other, &wecom, "zhangsan").await.location().unwrap();
            leads_on(&world.browser().saying(kind).get(back.as_str()).await);
            let link = fresh_ticket(&tenant).await;
            leads_on(&world.browser().saying(kind).get(link.as_str()).await);
        }
        // Those of a sign-in that is refused.
        let mut browser = world.browser();
        let started = tenant.start_qr(&mut browser, &tenant.authorize_url(&Pkce::new(), &[])).await;
        let mut deny = started.location().unwrap();
        deny.set_path("/wwlogin/sso/choose");
        deny.query_pairs_mut().append_pair("deny", "1");
        leads_on(&browser.follow(deny.as_str()).await);
        let (mut inside, page) = offered(&tenant, "zhangsan").await;
        leads_on(&page);
        let (link, _) = ticket(&tenant, &mut inside, &page).await;
        leads_on(&inside.get(link.as_str()).await);
        for code in ["unknown_client", "app_disabled", "no_sources", "not_found", "code_wrong",
            "ticket_unknown", "state_unknown", "source_disabled", "interaction_expired", "/login",
            "/continue"]
        {
            assert!(seen.contains(code), "{code} was not walked by: {seen:?}");
        }
        let nobody = tenant.url("/").replace("//acme", "//nobody");
        let page = world.browser().get(nobody).await;
        assert_eq!(page.code().as_deref(), Some("unknown_host"));
    }
}
