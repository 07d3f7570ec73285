//! Pages of ours: they lead nowhere else, load nothing of others and are not stored (attacks A5,
//! A9, B8).

use e2e::{Answer, Browser, Pkce, Tenant, on_every_backend};
use reqwest::Method;
use url::Url;

use crate::steps::{code, is_error, is_signed_in, send_form, signed_in, text, tokens};

/// Where attackers would like a browser to go.
const ELSEWHERE: [&str; 43] = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/%09/evil.example",
    "/\n/evil.example",
    "/%0a/evil.example",
    "/%2f/evil.example",
    "/%5cevil.example",
    "%2f%2fevil.example",
    "%5c%5cevil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https://evil.example",
    "http://evil.example",
    "HTTPS://evil.example",
    "https:\\\\evil.example",
    "@evil.example",
    "/@evil.example",
    ".evil.example",
    ":443@evil.example",
    "javascript:alert('evil')",
    "JavaScript:alert('evil')",
    "java\tscript:alert('evil')",
    " javascript:alert('evil')",
    "\u{1}javascript:alert('evil')",
    "data:text/html,evil",
    "vbscript:evil",
    "blob:https://evil.example/x",
    "%0d%0aLocation:%20https://evil.example",
    "\r\nLocation: https://evil.example",
    "\r\n\r\n<script>evil</script>",
    "/..//evil.example",
    "/../../evil.example",
    "/./\\evil.example",
    "https://app.example.com@evil.example",
    "https://app.example.com.evil.example",
    "\u{ff0f}\u{ff0f}evil.example",
    "%c0%af%c0%afevil.example",
];

/// Nothing of an answer leads to the attacker.
fn leads_nowhere(answer: &Answer, what: &str) {
    assert!(answer.status.as_u16() < 500, "{what}: {}", answer.status);
    let own = answer.url.origin();
    if let Some(location) = answer.location() {
        let host = location.host_str().unwrap_or_default();
        assert!(!host.contains("evil"), "{what}: {location}");
        let known = location.origin() == own
            || location.as_str().starts_with("https://app.example.com/")
            || host == "wecom.localhost";
        assert!(known, "{what}: {location}");
    }
    for name in answer.headers.keys() {
        let value = String::from_utf8_lossy(answer.headers[name].as_bytes()).into_owned();
        assert!(name == "location" || !value.contains("evil"), "{what}: {name}: {value}");
    }
    for link in
        answer.links().iter().chain(&attributes(answer, "action")).chain(&attributes(answer, "src"))
    {
        // What a link carries as an encoded parameter is no address.
        let target = answer.url.join(link).unwrap();
        assert!(!target.origin().ascii_serialization().contains("evil"), "{what}: {link}");
        assert!(["http", "https"].contains(&target.scheme()), "{what}: {link}");
    }
    assert!(!answer.body.contains("<script>evil"), "{what}");
}

/// The values of an attribute on a page.
fn attributes(answer: &Answer, name: &str) -> Vec<String> {
    let parts =
        answer.body.split(&format!(" {name}=\"")).skip(1).map(str::to_owned).collect::<Vec<_>>();
    parts.iter().map(|rest| rest.split_once('"').unwrap().0.replace("&amp;", "&")).collect()
}

/// A page of ours that keeps everything to itself.
fn keeps_to_itself(answer: &Answer, what: &str) {
    assert!(answer.location().is_none(), "{what}: {answer:?}");
    let header = |name: &str| {
        answer.headers.get(name).unwrap_or_else(|| panic!("{what}: {name}")).to_str().unwrap()
    };
    assert_eq!(header("referrer-policy"), "no-referrer", "{what}");
    assert_eq!(header("cache-control"), "no-store", "{what}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("x-frame-options"), "DENY", "{what}");
    assert_eq!(header("content-type"), "text/html; charset=utf-8", "{what}");
    let csp = header("content-security-policy");
    for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(csp.contains(part), "{what}: {csp}");
    }
    assert!(!csp.contains("unsafe-inline") && !csp.contains('*'), "{what}: {csp}");
    for src in attributes(answer, "src") {
        assert!(src.starts_with('/') && !src.starts_with("//"), "{what}: it loads {src}");
    }
    for link in answer.body.split("<link ").skip(1) {
        let href = link.split_once("href=\"").unwrap().1;
        assert!(href.starts_with('/') && !href.starts_with("//"), "{what}: it loads {link}");
    }
    assert!(
        !answer.body.contains("hufu_code_") && !answer.body.contains("hufu_session_"),
        "{what}"
    );
}

/// A URL on the tenant's host with a parameter.
fn with(tenant: &Tenant, path: &str, name: &str, value: &str) -> Url {
    let mut url = Url::parse(&tenant.url(path)).unwrap();
    url.query_pairs_mut().append_pair(name, value);
    url
}

/// A browser at the login page of an interaction.
async fn at_login(tenant: &Tenant, browser: &mut Browser) -> Answer {
    browser.follow(tenant.authorize_url(&Pkce::new(), &[("prompt", "login")])).await
}

on_every_backend! {
    async fn a5_no_parameter_of_ours_is_an_open_redirect(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let login = at_login(&tenant, &mut browser).await.url;
        let interaction = login.query().unwrap().to_owned();
        let names = [
            "return_to",
            "next",
            "redirect",
            "url",
            "RelayState",
            "continue",
            "ui_locales",
            "interaction",
            "state",
            "display",
            "post_logout_redirect_uri",
            "redirect_uri",
            "initiate_login_uri",
        ];
        for elsewhere in ELSEWHERE {
            for path in [
                "/login",
                "/oidc/session/end",
                "/oidc/auth",
                "/connections/social/qr",
                "/connections/social/qr/callback",
                "/",
                &format!("/login?{interaction}"),
                &format!("/connections/social/qr?{interaction}"),
            ] {
                // All names at once; each that counts here is among them once.
                let mut url = Url::parse(&tenant.url(path)).unwrap();
                let taken: Vec<String> =
                    url.query_pairs().map(|(name, _)| name.into_owned()).collect();
                let pairs = names.iter().filter(|name| !taken.iter().any(|other| other == *name));
                url.query_pairs_mut().extend_pairs(pairs.map(|name| (name, elsewhere)));
                leads_nowhere(&browser.get(url.as_str()).await, &format!("{path} {elsewhere:?}"));
            }
            for name in ["ui_locales", "state", "login_hint"] {
                let extra = [(name, elsewhere), ("prompt", "login")];
                let answer = browser.follow(tenant.authorize_url(&Pkce::new(), &extra)).await;
                let what = format!("{name} {elsewhere:?}");
                leads_nowhere(&answer, &what);
                if name != "login_hint" && elsewhere.contains(char::is_control) {
                    is_error(&tenant, &answer, "invalid_request", &what);
                } else {
                    assert_eq!(answer.url.path(), "/login", "{what}");
                }
            }
            // As a path.
            let url = format!("{}/{}", tenant.url(""), elsewhere.replace(['#', '?'], ""));
            leads_nowhere(&browser.get(url).await, &format!("the path {elsewhere:?}"));
        }
        is_signed_in(&tenant, &mut browser).await;
    }

    async fn a9_pages_are_not_stored_and_tell_nobody_where_they_are(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        let login = at_login(&tenant, &mut browser).await;
        keeps_to_itself(&login, "the login page");
        for (what, path) in [
            ("a refused request", "/oidc/auth?client_id=x"),
            ("a lost interaction", "/login?interaction=x"),
            ("a lost callback", "/connections/social/qr/callback?code=x&state=y"),
            ("nothing there", "/nothing"),
            ("the question", "/oidc/session/end"),
            ("a bad hint", "/oidc/session/end?id_token_hint=x"),
        ] {
            keeps_to_itself(&browser.get(tenant.url(path)).await, what);
        }
        keeps_to_itself(
            &browser.get(format!("http://nobody.localhost:{}/login", world.ports()[0])).await,
            "no host",
        );
        // No step of a sign-in has our code in a URL of ours; the app alone gets it.
        let mut fresh = world.browser();
        let mut seen = Vec::new();
        let mut next =
            Url::parse(&tenant.authorize_url(&Pkce::new(), &[("connection", "qr")])).unwrap();
        let code = loop {
            let answer = fresh.get(next.as_str()).await;
            assert!(!answer.body.contains("hufu_code_"), "{next}");
            seen.push(next);
            next = match answer.location() {
                Some(location) => location,
                None => tenant
                    .confirm(&mut fresh, seen.last().unwrap(), "LiSi")
                    .await
                    .location()
                    .unwrap(),
            };
            if next.host_str() == Some("app.example.com") {
                break answer.parameter("code").unwrap();
            }
        };
        assert!(seen.len() >= 5, "{seen:?}");
        assert!(seen.iter().all(|url| !url.as_str().contains(&code)), "{seen:?}");
        let end = with(&tenant, "/oidc/session/end", "id_token_hint", text(&issued, "id_token"));
        keeps_to_itself(&browser.get(end.as_str()).await, "signed out");
    }

    async fn b8_what_a_page_repeats_is_text(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let attack = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'\u{2028}</script>";
        let name = "<script>alert(1)</script>\"'><b onmouseover=alert(1)>";
        let patch = serde_json::json!({ "display_name": name });
        tenant.admin.patch(&tenant.path(&format!("/apps/{}", tenant.app.id)), patch).await;
        let app = tenant.app.id.clone();
        for name in
            ["state", "id_token_hint", "client_id", "post_logout_redirect_uri", "ui_locales"]
        {
            for method in [Method::GET, Method::POST] {
                let mut form = vec![("client_id", app.as_str()), ("state", "s")];
                form.retain(|(other, _)| *other != name);
                form.push((name, attack));
                let form = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(form)
                    .finish();
                let end = Url::parse(&tenant.url("/oidc/session/end")).unwrap();
                let page = send_form(&mut browser, method, end, &form).await;
                assert!(
                    !page.body.contains("<script>alert") && !page.body.contains("<img src=x"),
                    "{name}: {}",
                    page.body
                );
                assert!(!page.body.contains("<b onmouseover"), "{name}: {}", page.body);
            }
        }
        for name in
            ["client_id", "redirect_uri", "interaction", "code", "error", "error_description"]
        {
            for path in ["/oidc/auth", "/login", "/connections/social/qr/callback", "/nothing"] {
                let page = browser.get(with(&tenant, path, name, attack).as_str()).await;
                assert!(
                    !page.body.contains("<script>alert") && !page.body.contains("<img src=x"),
                    "{name}: {}",
                    page.body
                );
            }
        }
        let page = at_login(&tenant, &mut browser).await;
        assert!(
            !page.body.contains("<script>alert") && !page.body.contains("<b onmouseover"),
            "{}",
            page.body
        );
        assert!(
            page.body.contains("&lt;script&gt;alert")
                || page.body.contains("&#60;script&#62;alert"),
            "{}",
            page.body
        );
        code(&tenant, &mut browser).await;
    }
}
