//! Where answers go (attacks A1, A3, A6, A7, A8). What is nearly a registered address is in
//! `redirect_modes`.

use e2e::{App, Browser, Pkce, Tenant, on_every_backend};
use reqwest::Method;
use serde_json::json;
use url::Url;

use crate::steps::{authorize, by, events, is_error, is_page, query, signed_in, silently};

/// How many times the session answered an app, by the console.
pub(crate) async fn answers(tenant: &Tenant) -> usize {
    events(tenant).await.iter().filter(|event| event["action"] == "single_sign_on").count()
}

/// By GET and by POST, in a browser where the session would answer at once, and in one where the
/// login page would come: a page, no code, no way to the address.
pub(crate) async fn is_refused(tenant: &Tenant, browser: &mut Browser, form: &str) {
    for method in [Method::GET, Method::POST] {
        let what = format!("{method} {form}");
        let answer = authorize(tenant, browser, method.clone(), form).await;
        is_page(&answer, "redirect_uri_mismatch", &what);
        let hrefs = answer.links().join(" ");
        assert!(!hrefs.contains("evil") && !hrefs.contains("javascript:"), "{what}: {hrefs}");
        // Nothing that would post an answer, and no message.
        assert!(!answer.body.contains("<form"), "{what}: {}", answer.body);
        assert!(!answer.body.contains("data-origin"), "{what}: {}", answer.body);
    }
    let mut nobody = tenant.world.browser();
    let answer = authorize(tenant, &mut nobody, Method::GET, form).await;
    is_page(&answer, "redirect_uri_mismatch", form);
    assert!(answer.headers.get("set-cookie").is_none(), "{form}: an interaction began");
}

fn asking(tenant: &Tenant, uri: &str) -> String {
    query(tenant, &Pkce::new(), &[("redirect_uri", uri), ("prompt", "none")])
}

/// The right request is answered with a code at exactly the address, by GET and by POST.
async fn is_answered(tenant: &Tenant, browser: &mut Browser, uri: &str) {
    for method in [Method::GET, Method::POST] {
        let answer = authorize(tenant, browser, method, &asking(tenant, uri)).await;
        assert_eq!(answer.status, 303, "{uri}: {}", answer.body);
        let location = answer.headers["location"].to_str().unwrap();
        let begin = format!("{uri}{}code=hufu_code_", if uri.contains('?') { '&' } else { '?' });
        assert!(location.starts_with(&begin), "{uri}: {location}");
        assert_eq!(location.matches("code=").count(), 1, "{location}");
    }
}

on_every_backend! {
    async fn a1_a_redirect_uri_that_stands_twice_or_in_another_form(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let uri = &tenant.app.redirect_uri;
        let without = query(&tenant, &Pkce::new(), &[("redirect_uri", ""), ("prompt", "none")]);
        let good = url::form_urlencoded::byte_serialize(uri.as_bytes()).collect::<String>();
        let evil = "https%3A%2F%2Fevil.example%2F";
        for pair in [
            format!("redirect_uri={good}&{without}&redirect_uri={evil}"),
            format!("redirect_uri={evil}&{without}&redirect_uri={good}"),
            format!("redirect_uri={good}&redirect_uri={good}&{without}"),
            format!("redirect_uri={good}&redirect_uri=&{without}"),
            format!("redirect_uri[]={good}&{without}"),
            format!("redirect_uri[0]={good}&{without}"),
            format!("Redirect_Uri={good}&{without}"),
            format!("redirect_uri%00={good}&{without}"),
            format!("redirect_uri={good}%00&{without}"),
            format!("redirect_uri;={good}&{without}"),
            // A8: it is always asked for, also where only one is registered.
            format!("redirect_uri=&{without}"),
            without.clone(),
        ] {
            is_refused(&tenant, &mut browser, &pair).await;
        }
        is_answered(&tenant, &mut browser, uri).await;
    }

    async fn a1_only_the_port_of_a_public_apps_loopback_address_may_vary(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let uris = json!(["http://127.0.0.1/cb", "http://[::1]:5000/cb"]);
        let public = json!({ "token_endpoint_auth_method": "none", "redirect_uris": uris });
        let public = by(&tenant, tenant.make_app(public).await);
        for good in [
            "http://127.0.0.1/cb",
            "http://127.0.0.1:49152/cb",
            "http://[::1]/cb",
            "http://[::1]:80/cb",
        ] {
            is_answered(&public, &mut browser, good).await;
        }
        for wrong in [
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:0x50/cb",
            "http://127.0.0.1:80@evil.example/cb",
            "http://127.0.0.1@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:80.evil.example/cb",
            "http://127.0.0.1:80#@evil.example/cb",
            "http://127.0.0.1:80?@evil.example/cb",
            "http://127.0.0.1:80\\@evil.example/cb",
            "http://127.0.0.1:80/cb/x",
            "http://127.0.0.1:80/cb?x=1",
            "http://127.0.0.1:80/CB",
            "http://127.0.0.1:80/",
            "http://127.0.0.1:80//cb",
            "http://127.0.0.2:80/cb",
            "http://127.1:80/cb",
            "http://2130706433:80/cb",
            "http://0.0.0.0:80/cb",
            "https://127.0.0.1:80/cb",
            "http://localhost/cb",
            "http://localhost:80/cb",
            "http://[::1]:80/cb2",
            "http://[0:0:0:0:0:0:0:1]:80/cb",
            "http://[::ffff:127.0.0.1]:80/cb",
            "http://user@127.0.0.1:80/cb",
        ] {
            is_refused(&public, &mut browser, &asking(&public, wrong)).await;
        }
        // An app with a secret has no changing ports.
        let uris = json!({ "redirect_uris": ["http://127.0.0.1:5000/cb"] });
        let confidential = by(&tenant, tenant.make_app(uris).await);
        is_refused(&confidential, &mut browser, &asking(&confidential, "http://127.0.0.1:5001/cb"))
            .await;
        is_answered(&confidential, &mut browser, "http://127.0.0.1:5000/cb").await;
    }

    async fn a3_code_pollution_of_a_redirect_uri_with_a_query(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let uri = "https://app.example.com/callback?place=%41&next=/a+b";
        let app = tenant.make_app(json!({ "redirect_uris": [uri] })).await;
        let tenant = by(&tenant, app);
        for wrong in [
            format!("{uri}&code=evil"),
            format!("{uri}&state=evil"),
            format!("{uri}&iss=evil"),
            format!("{uri}&"),
            uri.replace("%41", "A"),
            uri.replace('+', "%20"),
            uri.replace("place", "code=evil&place"),
            "https://app.example.com/callback".to_owned(),
            "https://app.example.com/callback?".to_owned(),
            "https://app.example.com/callback?next=/a+b&place=%41".to_owned(),
        ] {
            is_refused(&tenant, &mut browser, &asking(&tenant, &wrong)).await;
        }
        is_answered(&tenant, &mut browser, uri).await;
        let answer = silently(&tenant, &mut browser, &Pkce::new(), &[]).await;
        let location = answer.location().unwrap();
        let names: Vec<String> =
            location.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(names, ["place", "next", "code", "state", "iss"]);
    }

    async fn a4_errors_go_to_registered_addresses_only(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for (name, value, error) in [
            ("scope", "nothing", "invalid_scope"),
            ("response_type", "token", "unsupported_response_type"),
            ("prompt", "none login", "invalid_request"),
        ] {
            let pkce = Pkce::new();
            let answer = browser.get(tenant.authorize_url(&pkce, &[(name, value)])).await;
            is_error(&tenant, &answer, error, name);
            assert_eq!(answer.parameter("state").as_deref(), Some("s"));
            let evil = [(name, value), ("redirect_uri", "https://evil.example/")];
            let answer = browser.get(tenant.authorize_url(&pkce, &evil)).await;
            is_page(&answer, "redirect_uri_mismatch", name);
            let nobody = [(name, value), ("client_id", "00000000-0000-4000-8000-000000000000")];
            let answer = browser.get(tenant.authorize_url(&pkce, &nobody)).await;
            is_page(&answer, "unknown_client", name);
        }
    }

    async fn a6_every_way_on_is_a_303(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let pkce = Pkce::new();
        // A form to the app: with a code, with an error, and to the login page.
        for extra in [("prompt", "none"), ("scope", "x"), ("prompt", "login")] {
            let answer =
                authorize(&tenant, &mut browser, Method::POST, &query(&tenant, &pkce, &[extra]))
                    .await;
            assert_eq!(answer.status, 303, "{extra:?}");
        }
        // The cancel form.
        let page = browser.follow(tenant.authorize_url(&pkce, &[("prompt", "login")])).await;
        let form = page.body.split_once("action=\"/login/cancel").unwrap().1;
        let action = form.split_once('"').unwrap().0.replace("&amp;", "&");
        let csrf = form.split_once("name=\"csrf\" value=\"").unwrap().1.split_once('"').unwrap().0;
        let answer =
            browser.post(tenant.url(&format!("/login/cancel{action}")), &[("csrf", csrf)]).await;
        is_error(&tenant, &answer, "access_denied", "cancelled");
    }

    async fn a7_a_fragment_of_the_way_here_does_not_reach_the_app(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for extra in [("prompt", "none"), ("scope", "x")] {
            let answer = browser.get(tenant.authorize_url(&Pkce::new(), &[extra])).await;
            let location = Url::parse(answer.headers["location"].to_str().unwrap()).unwrap();
            assert_eq!(location.fragment(), Some(""), "the browser would keep its own: {location}");
        }
    }

    async fn a8_without_redirect_uri_there_is_a_page_however_many_are_registered(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let two =
            json!({ "redirect_uris": ["https://app.example.com/a", "https://app.example.com/b"] });
        let two: App = tenant.make_app(two).await;
        for tenant in [by(&tenant, two), tenant] {
            let without = query(&tenant, &Pkce::new(), &[("redirect_uri", ""), ("prompt", "none")]);
            is_refused(&tenant, &mut browser, &without).await;
            is_answered(&tenant, &mut browser, &tenant.app.redirect_uri).await;
        }
    }

    async fn a1_an_address_that_was_withdrawn_meanwhile_gets_no_code(world: World) {
        let (tenant, _) = signed_in(&world).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let wecom = tenant.start_qr(&mut browser, &tenant.authorize_url(&pkce, &[])).await;
        let path = tenant.path(&format!("/apps/{}", tenant.app.id));
        let uris = |uri: &str| json!({ "redirect_uris": [uri] });
        tenant.admin.patch(&path, uris("https://app.example.com/new")).await;
        let back = tenant.confirm(&mut browser, &wecom.location().unwrap(), "zhangsan").await;
        let answer = browser.get(back.location().unwrap().as_str()).await;
        assert!(answer.location().is_none(), "{answer:?}");
        assert_eq!(answer.parameter("code"), None);
        tenant.admin.patch(&path, uris(&tenant.app.redirect_uri)).await;
        let again =
            tenant.sign_in(&mut browser, &tenant.authorize_url(&pkce, &[]), "zhangsan").await;
        assert!(again.parameter("code").is_some(), "{again:?}");
    }

    async fn a_form_of_another_site_is_answered_for_the_browsers_session(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let form = query(&tenant, &Pkce::new(), &[("state", "a b&c=é"), ("prompt", "none")]);
        // A browser leaves `SameSite=Lax` cookies out of another site's form.
        let headers = [crate::steps::FORM, ("sec-fetch-site", "cross-site")];
        let answer = tenant.send(Method::POST, "/oidc/auth", &headers, Some(form.as_bytes())).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let next = answer.location().unwrap();
        assert!(next.as_str().starts_with(&tenant.url("/oidc/auth?")), "{next}");
        let answer = browser.get(next.as_str()).await;
        assert!(answer.parameter("code").is_some(), "{answer:?}");
        assert_eq!(answer.parameter("state").as_deref(), Some("a b&c=é"));
        // It is checked as any other, once it comes back.
        let evil = query(&tenant, &Pkce::new(), &[("redirect_uri", "https://evil.example/")]);
        let answer = tenant.send(Method::POST, "/oidc/auth", &headers, Some(evil.as_bytes())).await;
        let page = browser.get(answer.location().unwrap().as_str()).await;
        is_page(&page, "redirect_uri_mismatch", "another site's form");
    }
}
