//! Apps that are not the tenant's own: people are asked (attacks J10, J11, M2).

use e2e::{Answer, Browser, Pkce, Tenant, on_every_backend};
use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::steps::{
    FORM, by, change, claims, events, is_error, is_page, refreshed, refreshing, sets_session,
    sign_in, signed_in, silently, text, tokens,
};

/// An app of somebody else's.
pub(crate) async fn foreign(tenant: &Tenant, fields: Value) -> Tenant {
    let mut body = json!({ "consent_required": true, "display_name": "Stranger & Co" });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    by(tenant, tenant.make_app(body).await)
}

/// A form of a page: where it is posted to, and its token.
struct Form {
    action: Url,
    csrf: String,
}

fn form(page: &Answer, path: &str) -> Form {
    let rest = page.body.split_once(&format!("action=\"{path}?"));
    let rest = rest.unwrap_or_else(|| panic!("no form: {} {}", page.status, page.body)).1;
    let (query, rest) = rest.split_once('"').unwrap();
    let csrf = rest.split_once("name=\"csrf\" value=\"").unwrap().1;
    let csrf = csrf.split_once('"').unwrap().0.to_owned();
    Form { action: page.url.join(&format!("{path}?{query}")).unwrap(), csrf }
}

impl Form {
    async fn send(&self, browser: &mut Browser) -> Answer {
        browser.post(self.action.as_str(), &[("csrf", &self.csrf)]).await
    }
}

/// The person is asked: the page, which gives nothing away yet.
async fn asked(app: &Tenant, browser: &mut Browser, pkce: &Pkce, extra: &[(&str, &str)]) -> Answer {
    let page = browser.follow(app.authorize_url(pkce, extra)).await;
    is_question(&page);
    page
}

fn is_question(page: &Answer) {
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/approve"), "{page:?}");
    assert!(!page.body.contains("hufu_code_") && page.code().is_none(), "{}", page.body);
    assert_eq!(page.headers["x-frame-options"], "DENY");
    assert_eq!(page.headers["cache-control"], "no-store");
    let csp = page.headers["content-security-policy"].to_str().unwrap();
    assert!(csp.contains("frame-ancestors 'none'"), "{csp}");
    assert!(csp.contains("form-action 'self' https://app.example.com"), "{csp}");
}

/// The code that an answer carries to the app, and what it gives.
async fn code(app: &Tenant, pkce: &Pkce, answer: &Answer) -> Value {
    let code = answer.parameter("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    assert_eq!(answer.parameter("state").as_deref(), Some("s"));
    assert_eq!(answer.parameter("iss"), Some(app.issuer()));
    let tokens = app.redeem(&code, pkce).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    tokens.json()
}

/// The person agrees to a request: what the app gets.
pub(crate) async fn agrees(app: &Tenant, browser: &mut Browser, extra: &[(&str, &str)]) -> Value {
    let pkce = Pkce::new();
    let page = asked(app, browser, &pkce, extra).await;
    let answer = form(&page, "/approve").send(browser).await;
    assert_eq!(answer.status, 303);
    code(app, &pkce, &answer).await
}

/// Nothing may be shown, and the person would have to be asked.
pub(crate) async fn would_be_asked(app: &Tenant, browser: &mut Browser, extra: &[(&str, &str)]) {
    let answer = silently(app, browser, &Pkce::new(), extra).await;
    is_error(app, &answer, "consent_required", &format!("{extra:?}"));
    assert_eq!(answer.parameter("state").as_deref(), Some("s"));
}

on_every_backend! {
    async fn j10_a_stranger_is_approved_once_for_what_it_asked(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = foreign(&tenant, json!({})).await;
        let little = [("scope", "openid profile")];
        would_be_asked(&app, &mut browser, &little).await;
        let page = asked(&app, &mut browser, &Pkce::new(), &little).await;
        assert!(page.body.contains("Stranger &#38; Co"), "{}", page.body);
        assert!(page.body.contains("张三"), "whose account it is: {}", page.body);
        assert!(page.body.contains("name") && !page.body.contains("mail address"));
        would_be_asked(&app, &mut browser, &little).await;
        let given = agrees(&app, &mut browser, &little).await;
        assert_eq!(given["scope"], "openid profile");
        // Remembered, for that and for less.
        tokens(&app, &mut browser, &little).await;
        tokens(&app, &mut browser, &[("scope", "openid")]).await;
        // More is another question, and what it gives comes on top of what was given.
        let more = [("scope", "openid email")];
        would_be_asked(&app, &mut browser, &more).await;
        agrees(&app, &mut browser, &more).await;
        tokens(&app, &mut browser, &[("scope", "openid profile email")]).await;
        would_be_asked(&app, &mut browser, &[("scope", "openid phone")]).await;
        // Others are asked themselves: another person, and for another app. The tenant's own is not.
        let mut theirs = world.browser();
        sign_in(&tenant, &mut theirs, "LiSi").await;
        would_be_asked(&app, &mut theirs, &little).await;
        would_be_asked(&foreign(&tenant, json!({})).await, &mut browser, &little).await;
        tokens(&tenant, &mut theirs, &[]).await;
        let all = events(&tenant).await;
        let consents: Vec<&Value> =
            all.iter().filter(|event| event["action"] == "consent").collect();
        assert_eq!(consents.len(), 2, "{consents:?}");
        assert!(consents.iter().all(|event| event["app"] == app.app.id.as_str()), "{consents:?}");
    }

    /// Asking for claims one by one is no way around the question.
    async fn j10_single_claims_are_asked_about_like_their_scopes(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = foreign(&tenant, json!({})).await;
        agrees(&app, &mut browser, &[("scope", "openid")]).await;
        tokens(&app, &mut browser, &[("scope", "openid")]).await;
        for at in ["userinfo", "id_token"] {
            let claim = json!({ at: { "phone_number": null } }).to_string();
            let extra = [("scope", "openid"), ("claims", claim.as_str())];
            would_be_asked(&app, &mut browser, &extra).await;
            let page = asked(&app, &mut browser, &Pkce::new(), &extra).await;
            assert!(page.body.contains("phone number"), "{}", page.body);
        }
        let both = r#"{"userinfo":{"phone_number":null,"name":null}}"#;
        let extra = [("scope", "openid"), ("claims", both)];
        agrees(&app, &mut browser, &extra).await;
        tokens(&app, &mut browser, &extra).await;
        // What is no claim of a person needs no question.
        let nothing = r#"{"id_token":{"acr":null,"auth_time":null,"shoe_size":null}}"#;
        tokens(&app, &mut browser, &[("scope", "openid"), ("claims", nothing)]).await;
    }

    async fn j10_prompt_consent_asks_every_time(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for app in [foreign(&tenant, json!({})).await, tenant.clone()] {
            for _ in 0..2 {
                agrees(&app, &mut browser, &[("prompt", "consent")]).await;
            }
            tokens(&app, &mut browser, &[]).await;
            let answer =
                silently(&app, &mut browser, &Pkce::new(), &[("prompt", "none consent")]).await;
            is_error(&app, &answer, "invalid_request", "asking without showing anything");
        }
    }

    async fn j10_who_signs_in_first_is_asked_then(world: World) {
        let tenant = world.tenant("acme").await;
        let app = foreign(&tenant, json!({})).await;
        for extra in [vec![], vec![("prompt", "login consent")]] {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let answer =
                app.sign_in(&mut browser, &app.authorize_url(&pkce, &extra), "zhangsan").await;
            assert!(sets_session(&answer), "{answer:?}");
            let page = browser.follow(answer.location().unwrap().as_str()).await;
            is_question(&page);
            // The way back to the login page leads to the question.
            let id = page.url.query().unwrap();
            is_question(&browser.follow(tenant.url(&format!("/login?{id}"))).await);
            // It signs nobody in.
            let start = browser.get(tenant.url(&format!("/connections/social/qr?{id}"))).await;
            assert!(start.status.is_client_error() && start.location().is_none(), "{start:?}");
            let answer = form(&page, "/approve").send(&mut browser).await;
            let given = code(&app, &pkce, &answer).await;
            assert_eq!(claims(text(&given, "id_token"))["nonce"], "n");
        }
    }

    async fn j11_who_does_not_agree_cancels(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = foreign(&tenant, json!({})).await;
        let page = asked(&app, &mut browser, &Pkce::new(), &[]).await;
        let answer = form(&page, "/login/cancel").send(&mut browser).await;
        is_error(&app, &answer, "access_denied", "cancelled");
        assert_eq!(answer.parameter("state").as_deref(), Some("s"));
        is_page(&form(&page, "/approve").send(&mut browser).await, "interaction_expired", "too late");
        is_page(&browser.get(page.url.as_str()).await, "interaction_expired", "over");
        would_be_asked(&app, &mut browser, &[]).await;
        agrees(&app, &mut browser, &[]).await;
    }

    async fn m2_nobody_else_agrees_for_the_person(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = foreign(&tenant, json!({})).await;
        let pkce = Pkce::new();
        let page = asked(&app, &mut browser, &pkce, &[]).await;
        let right = form(&page, "/approve");
        // An attacker's browser, the same person's other browser, and one without cookies.
        let mut attacker = world.browser();
        sign_in(&tenant, &mut attacker, "LiSi").await;
        let mut own = world.browser();
        sign_in(&tenant, &mut own, "zhangsan").await;
        for (what, other) in [("attacker", &mut attacker), ("own", &mut own), ("no", &mut world.browser())] {
            is_page(&other.get(page.url.as_str()).await, "browser_changed", what);
            let answer = right.send(other).await;
            assert!(answer.status.is_client_error() && answer.location().is_none(), "{answer:?}");
        }
        // Their token, made for the same purpose, in the victim's browser; and the other way round.
        let theirs = form(&asked(&app, &mut attacker, &Pkce::new(), &[]).await, "/approve");
        let lent = Form { action: theirs.action.clone(), csrf: right.csrf.clone() };
        is_page(&lent.send(&mut browser).await, "browser_changed", "the attacker's question");
        let cancel = form(&page, "/login/cancel").csrf;
        for csrf in ["", "x", theirs.csrf.as_str(), &right.csrf[1..], &cancel] {
            let form = Form { action: right.action.clone(), csrf: csrf.to_owned() };
            is_page(&form.send(&mut browser).await, "csrf", csrf);
        }
        let answer = browser.post(right.action.as_str(), &[]).await;
        is_page(&answer, "csrf", "no token");
        let twice = [("csrf", right.csrf.as_str()), ("csrf", right.csrf.as_str())];
        assert!(browser.post(right.action.as_str(), &twice).await.status.is_client_error());
        let cookies: Vec<String> = browser.cookies[&tenant.host]
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let path = format!("{}?{}", right.action.path(), right.action.query().unwrap());
        let body = format!("csrf={}", right.csrf);
        for site in ["cross-site", "same-site"] {
            let headers = [FORM, ("cookie", &cookies.join("; ")), ("sec-fetch-site", site)];
            let answer = tenant.send(Method::POST, &path, &headers, Some(body.as_bytes())).await;
            is_page(&answer, "csrf", site);
        }
        // A GET agrees to nothing.
        is_question(&browser.get(format!("{}&csrf={}", page.url, right.csrf)).await);
        would_be_asked(&app, &mut browser, &[]).await;
        code(&app, &pkce, &right.send(&mut browser).await).await;
    }

    async fn j10_what_ended_meanwhile_gives_no_code(world: World) {
        let (tenant, _) = signed_in(&world).await;
        for what in ["session", "user", "another person", "app", "address"] {
            let app = foreign(&tenant, json!({ "redirect_uris": [
                "https://app.example.com/callback", "https://app.example.com/other",
            ] })).await;
            let mut browser = world.browser();
            sign_in(&tenant, &mut browser, "zhangsan").await;
            let user = claims(text(&tokens(&tenant, &mut browser, &[]).await, "id_token"))["sub"].clone();
            let path = tenant.path(&format!("/users/{}", user.as_str().unwrap()));
            let pkce = Pkce::new();
            let page = asked(&app, &mut browser, &pkce, &[]).await;
            let expected = match what {
                "session" => {
                    tenant.admin.call(Method::POST, &format!("{path}/sign-out"), &[], None).await;
                    "interaction_expired"
                }
                "user" => {
                    tenant.admin.patch(&path, json!({ "status": "suspended" })).await;
                    "interaction_expired"
                }
                "another person" => {
                    let anew = tenant.authorize_url(&Pkce::new(), &[("prompt", "login")]);
                    tenant.sign_in(&mut browser, &anew, "LiSi").await;
                    "interaction_expired"
                }
                "app" => {
                    change(&app, json!({ "status": "disabled" })).await;
                    "app_disabled"
                }
                _ => {
                    let left = json!({ "redirect_uris": ["https://app.example.com/other"] });
                    change(&app, left).await;
                    "app_disabled"
                }
            };
            is_page(&form(&page, "/approve").send(&mut browser).await, expected, what);
            is_page(&browser.get(page.url.as_str()).await, expected, what);
            // Undone, the person is still to be asked.
            tenant.admin.patch(&path, json!({ "status": "active" })).await;
            change(&app, json!({
                "status": "active", "redirect_uris": ["https://app.example.com/callback"],
            })).await;
            let mut browser = world.browser();
            sign_in(&tenant, &mut browser, "zhangsan").await;
            would_be_asked(&app, &mut browser, &[]).await;
            agrees(&app, &mut browser, &[]).await;
        }
    }

    async fn j10_agreeing_twice_gives_one_code(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for at_once in [false, true] {
            let app = foreign(&tenant, json!({})).await;
            let pkce = Pkce::new();
            let form = form(&asked(&app, &mut browser, &pkce, &[]).await, "/approve");
            let mut other = browser.clone();
            let (first, second) = match at_once {
                true => join(form.send(&mut browser), form.send(&mut other)).await,
                false => (form.send(&mut browser).await, form.send(&mut other).await),
            };
            let (good, bad): (Vec<_>, Vec<_>) =
                [first, second].into_iter().partition(|answer| answer.parameter("code").is_some());
            assert_eq!((good.len(), bad.len()), (1, 1), "at once: {at_once}");
            is_page(&bad[0], "interaction_expired", "the second");
            code(&app, &pkce, &good[0]).await;
        }
    }

    async fn j10_refreshing_asks_nobody(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = refreshing(&tenant, json!({ "consent_required": true })).await;
        let given = agrees(&app, &mut browser, &[]).await;
        let next = refreshed(&app, text(&given, "refresh_token")).await;
        assert_eq!(next["scope"], given["scope"]);
    }
}
