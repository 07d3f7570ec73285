//! What browsers are told, and what they are not believed (attacks B8, Q1 to Q6), on the pages of
//! accounts.

use chrono::TimeDelta;
use e2e::{Answer, Browser, Pkce, Tenant, on_every_backend};
use reqwest::Method;
use serde_json::json;
use url::Url;
use wecom_sim::Member;

use crate::steps::{
    PASSWORD, allow, comes, form, lisi, set_source, sub, submit, submit_and_follow, with_sms,
};

const SESSION: &str = "__Host-hufu_session";

/// The headers of every page of ours.
fn is_protected(page: &Answer) {
    let header = |name: &str| {
        let value = page.headers.get(name).unwrap_or_else(|| panic!("{}: no {name}", page.url));
        value.to_str().unwrap().to_owned()
    };
    let csp = header("content-security-policy");
    for part in
        ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"]
    {
        assert!(csp.contains(part), "{}: {csp}", page.url);
    }
    assert!(!csp.contains("unsafe"), "{csp}");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin");
    assert!(header("strict-transport-security").contains("max-age=31536000"));
}

/// The interaction that a page belongs to.
fn interaction(page: &Answer) -> String {
    let query = page.url.query_pairs().find(|(name, _)| name == "interaction");
    query.unwrap_or_else(|| panic!("{}", page.url)).1.into_owned()
}

async fn signed_in(tenant: &Tenant, browser: &mut Browser, pkce: &Pkce) -> Answer {
    let page = browser.follow(tenant.authorize_url(pkce, &[("prompt", "login")])).await;
    let filled = [("name", "lisi"), ("password", PASSWORD)];
    submit(tenant, browser, form(&page, "sign-in"), &filled).await
}

on_every_backend! {
    async fn q1_q3_every_page_forbids_what_it_does_not_need(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password", "email_code", "sms_code"]).await;
        with_sms(&tenant).await;
        lisi(&tenant).await;
        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
        let id = interaction(&page);
        is_protected(&page);
        for path in [
            "/login/code?by=email", "/login/code?by=sms", "/login/code/enter?by=email",
            "/password/forgot?", "/password/reset?", "/login?error=proof_failed", "/bind?",
        ] {
            is_protected(&browser.get(tenant.url(&format!("{path}&interaction={id}"))).await);
        }
        let asked = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        is_protected(&asked);
        let id = interaction(&asked);
        for path in ["/bind?step=prove", "/bind/code?"] {
            is_protected(&browser.get(tenant.url(&format!("{path}&interaction={id}"))).await);
        }
    }

    async fn q4_no_form_works_without_its_token_or_from_another_site(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password", "email_code"]).await;
        lisi(&tenant).await;
        set_source(&tenant, &tenant.qr, json!({ "association": "ask" })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let asked = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        let id = interaction(&asked);
        let fields = [
            ("interaction", id.as_str()), ("name", "lisi"), ("password", PASSWORD),
            ("email", "lisi@acme.example"), ("code", "123456"),
        ];
        for path in [
            "/login/password", "/login/code", "/login/code/enter", "/password/forgot",
            "/password/reset", "/bind/create", "/bind/existing", "/bind/password", "/bind/code",
            "/bind/code/enter", "/bind/confirm", "/bind/another",
        ] {
            let bare = browser.post(tenant.url(path), &fields).await;
            assert_eq!(bare.code().as_deref(), Some("csrf"), "{path}");
            // A token of another purpose is none.
            let login = browser.get(tenant.url(&format!("/login?interaction={id}"))).await;
            let cancel = login.body.split_once("class=\"cancel\"").unwrap().1;
            let other = cancel.split_once("value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
            let mut with_other = fields.to_vec();
            with_other.push(("csrf", &other));
            let foreign = browser.post(tenant.url(path), &with_other).await;
            assert_eq!(foreign.code().as_deref(), Some("csrf"), "{path}");
            // And GET is no way to do anything.
            let answer = browser.get(tenant.url(path)).await;
            assert!(answer.parameter("code").is_none() && answer.status != 303, "{path}");
        }
        assert!(world.mail().messages().is_empty());
        assert_eq!(tenant.users().await.len(), 1);
        let created = submit(&tenant, &mut browser, form(&asked, "create"), &[]).await;
        assert!(created.parameter("code").is_some());
    }

    async fn b8_hostile_names_are_shown_as_text(world: World) {
        let tenant = world.tenant("acme").await;
        let hostile = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'";
        world.wecom().set_member(&tenant.corp_id, Member::new("LiSi", hostile)).unwrap();
        let user = lisi(&tenant).await;
        let body = json!({ "name": hostile });
        tenant.admin.patch(&tenant.path(&format!("/users/{user}")), body).await;
        let app = json!({ "display_name": hostile });
        tenant.admin.patch(&tenant.path(&format!("/apps/{}", tenant.app.id)), app).await;
        let corp = json!({ "display_name": hostile });
        tenant.admin.patch(&tenant.path(&format!("/corps/{}", tenant.corp)), corp).await;
        set_source(&tenant, &tenant.qr, json!({
            "association": "ask", "display_names": { "en": hostile },
        })).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let asked = comes(&tenant, &mut browser, &pkce, "LiSi").await;
        let proofs = submit_and_follow(&tenant, &mut browser, form(&asked, "existing"), &[]).await;
        let filled = [("name", hostile), ("password", hostile)];
        let proof = form(&proofs, "prove-password");
        let wrong = submit_and_follow(&tenant, &mut browser, proof, &filled).await;
        let filled = [("name", "lisi"), ("password", PASSWORD)];
        let proof = form(&proofs, "prove-password");
        let confirm = submit_and_follow(&tenant, &mut browser, proof, &filled).await;
        for page in [&asked, &proofs, &wrong, &confirm] {
            assert!(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"));
        }
        assert!(confirm.body.contains("&#60;script&#62;alert"), "{}", confirm.body);
    }

    async fn q2_a_session_that_somebody_planted_is_not_the_one_that_begins(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password"]).await;
        lisi(&tenant).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let planted = format!("hufu_session_{}", "A".repeat(43));
        browser.set_cookie(&tenant.url("/"), SESSION, &planted);
        let answer = signed_in(&tenant, &mut browser, &pkce).await;
        assert!(answer.parameter("code").is_some());
        let first = browser.cookies[&tenant.host][SESSION].clone();
        assert_ne!(first, planted);
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            for part in ["__Host-", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(line.contains(part), "{line}");
            }
            assert!(line.len() < 4096);
        }
        // Each sign-in has a new one, and the old one is worth nothing.
        signed_in(&tenant, &mut browser, &pkce).await;
        let second = browser.cookies[&tenant.host][SESSION].clone();
        assert_ne!(first, second);
        let mut thief = world.browser();
        thief.set_cookie(&tenant.url("/"), SESSION, &first);
        let answer = thief.get(tenant.authorize_url(&pkce, &[("prompt", "none")])).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
    }

    async fn q5_a_session_ends_that_nobody_uses_and_at_the_latest_after_its_time(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password"]).await;
        let user = lisi(&tenant).await;
        let pkce = Pkce::new();
        let silent = tenant.authorize_url(&pkce, &[("prompt", "none")]);
        let alive = async |browser: &mut Browser| browser.get(&silent).await.parameter("code").is_some();
        let mut idle = world.browser();
        signed_in(&tenant, &mut idle, &pkce).await;
        world.clock().advance(TimeDelta::hours(8) - TimeDelta::minutes(1));
        assert!(alive(&mut idle).await, "used again in time");
        world.clock().advance(TimeDelta::minutes(2));
        assert!(alive(&mut idle).await, "using it counts");
        world.clock().advance(TimeDelta::hours(4));
        assert!(!alive(&mut idle).await, "twelve hours are the most");
        signed_in(&tenant, &mut idle, &pkce).await;
        world.clock().advance(TimeDelta::hours(8) + TimeDelta::minutes(1));
        assert!(!alive(&mut idle).await, "eight hours without use");
        let answer = signed_in(&tenant, &mut idle, &pkce).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
    }

    async fn q6_after_signing_out_going_back_shows_nothing_and_does_nothing(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password"]).await;
        lisi(&tenant).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let login = browser.follow(tenant.authorize_url(&pkce, &[])).await;
        let filled = [("name", "lisi"), ("password", PASSWORD)];
        let answer = submit(&tenant, &mut browser, form(&login, "sign-in"), &filled).await;
        assert!(answer.parameter("code").is_some());
        // The form of before, sent once more.
        let again = submit(&tenant, &mut browser, form(&login, "sign-in"), &filled).await;
        let again = match again.location() {
            Some(next) => browser.get(next.as_str()).await,
            None => again,
        };
        assert_eq!(again.code().as_deref(), Some("interaction_expired"));
        let page = browser.get(tenant.url("/oidc/session/end")).await;
        assert_eq!(page.headers["cache-control"], "no-store");
        let csrf = page.body.split_once("name=\"csrf\" value=\"").unwrap().1;
        let csrf = csrf.split_once('"').unwrap().0.to_owned();
        let fields = [("csrf", csrf.as_str()), ("decision", "sign_out")];
        browser.post(tenant.url("/oidc/session/end"), &fields).await;
        let answer = browser.get(tenant.authorize_url(&pkce, &[("prompt", "none")])).await;
        assert_eq!(answer.parameter("error").as_deref(), Some("login_required"));
    }

    async fn a9_no_page_address_holds_a_secret_or_a_value_of_the_person(world: World) {
        let tenant = world.tenant("acme").await;
        allow(&tenant, &["password", "email_code"]).await;
        lisi(&tenant).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
        let link = page.links().into_iter().find(|href| href.ends_with("by=email")).unwrap();
        let page = browser.get(tenant.url(&link)).await;
        let to = [("email", "lisi@acme.example")];
        let sent = submit(&tenant, &mut browser, form(&page, "send-code"), &to).await;
        let next = sent.location().unwrap();
        assert!(!next.as_str().contains("lisi"), "{next}");
        let url = Url::parse(&tenant.url("/login/password?interaction=x&password=secret")).unwrap();
        let refused = browser.send(Method::POST, &url, Some(String::new())).await;
        assert!(refused.parameter("code").is_none());
    }
}
