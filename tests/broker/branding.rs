//! A tenant's and an app's branding on the pages that a person sees.

use e2e::{Answer, Pkce, Tenant, on_every_backend};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::steps::refused;

async fn put(tenant: &Tenant, branding: Value) -> Answer {
    let path = tenant.path("/branding");
    tenant.admin.call(Method::PUT, &path, &[("if-match", "*")], Some(branding)).await
}

async fn login_page(tenant: &Tenant, language: &str) -> Answer {
    let request = tenant.authorize_url(&Pkce::new(), &[("ui_locales", language)]);
    tenant.world.browser().follow(request).await
}

/// The branding's style sheet on a page, if it has one.
fn sheet(page: &Answer) -> Option<String> {
    page.links().into_iter().find(|link| link.starts_with("/assets/brand."))
}

on_every_backend! {
    async fn pages_look_as_the_tenant_and_the_app_decide(world: World) {
        let tenant = world.tenant("acme").await;
        let plain = login_page(&tenant, "en").await;
        assert_eq!(sheet(&plain), None);
        let answer = put(&tenant, json!({
            "logo_url": "https://acme.example/logo.svg", "accent": "#0b7a5c",
            "background": "https://acme.example/sea.jpg",
            "heading": { "zh-CN": "欢迎回来", "en": "Welcome to Acme" },
            "note": { "en": "Call 1234." },
            "agreements": [{ "names": { "en": "Terms" }, "url": "https://acme.example/terms" }],
        })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);

        let page = login_page(&tenant, "en").await;
        for expected in [
            "<h1 class=\"clamp\">Welcome to Acme</h1>",
            "<img src=\"https://acme.example/logo.svg\"",
            "<img class=\"backdrop\" src=\"https://acme.example/sea.jpg\"",
            "<p class=\"note\">Call 1234.</p>",
            "By continuing you agree to <a href=\"https://acme.example/terms\"",
        ] {
            assert!(page.body.contains(expected), "{expected}: {}", page.body);
        }
        let path = sheet(&page).unwrap();
        assert!(path.starts_with("/assets/brand.0b7a5c.none."), "{path}");
        let sheet_of_tenant = world.browser().get(tenant.url(&path)).await;
        assert_eq!(sheet_of_tenant.status, StatusCode::OK);
        assert_eq!(sheet_of_tenant.headers["content-type"], "text/css; charset=utf-8");
        assert!(sheet_of_tenant.body.contains("--accent: #0b7a5c;"), "{}", sheet_of_tenant.body);
        // Who can't read the tenant's heading gets ours.
        let traditional = login_page(&tenant, "zh-TW").await;
        assert!(traditional.body.contains("<h1 class=\"clamp\">欢迎回来</h1>"));

        // The app's go over the tenant's, field by field.
        let app = tenant.path(&format!("/apps/{}", tenant.app.id));
        let own = json!({ "branding": { "accent": "#FFD400", "heading": { "ja": "ようこそ" } } });
        tenant.admin.patch(&app, own).await;
        let page = login_page(&tenant, "en").await;
        assert!(sheet(&page).unwrap().starts_with("/assets/brand.ffd400.none."));
        assert!(page.body.contains("<h1 class=\"clamp\">Sign in to Test app</h1>"));
        assert!(page.body.contains("<p class=\"note\">Call 1234.</p>"), "{}", page.body);
        // A page about a failure looks the same, without what belongs to the login page.
        let unknown = tenant.authorize_url(&Pkce::new(), &[("client_id", "nobody")]);
        let page = world.browser().get(unknown).await;
        refused(&tenant, &page, "unknown_client").await;
        assert!(sheet(&page).unwrap().starts_with("/assets/brand.0b7a5c.none."));
        assert!(!page.body.contains("https://acme.example/terms"), "{}", page.body);
    }

    async fn n4_branding_brings_no_script_and_no_style_to_a_page(world: World) {
        let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
        let before = login_page(&tenant, "en").await;
        for bad in [
            json!({ "accent": "#fff;}</style><script>alert(1)</script>" }),
            json!({ "background": "javascript:alert(1)" }),
            json!({ "logo_url": "data:image/svg+xml,<svg onload=alert(1)>" }),
            json!({ "css": "body{display:none}" }),
        ] {
            let answer = put(&tenant, bad).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
        }
        let text = "</h1></style><script>alert(1)</script>\"' onload=\"alert(1)";
        let answer = put(&tenant, json!({
            "heading": { "en": text }, "note": { "en": text },
            "agreements": [{ "names": { "en": text }, "url": "https://acme.example/?a='b'&c=d" }],
        })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let page = login_page(&tenant, "en").await;
        assert!(!page.body.contains("<script>") && !page.body.contains("\" onload"), "{}", page.body);
        assert_eq!(page.body.matches("<script").count(), before.body.matches("<script").count());
        // The policy is what it was: styles are files of ours.
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        // Nothing of it shows elsewhere.
        let elsewhere = login_page(&other, "en").await;
        assert!(sheet(&elsewhere).is_none() && !elsewhere.body.contains("alert(1)"));
        // Control: the text itself is shown.
        assert!(page.body.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "{}", page.body);
    }
}
