//! How an answer reaches the app: by a form, or by a message to its window (attacks B2, A3, B8, I1,
//! O1, O4, O5).

use e2e::{Answer, App, Browser, Pkce, Tenant, on_every_backend};
use serde_json::{Value, json};

use crate::steps::{by, is_error, is_page, sets_session, signed_in, silently, text};

/// The origin of the app's redirect URI.
pub(crate) const ORIGIN: &str = "https://app.example.com";
/// States that would like to be something else on a page.
const HOSTILE: [&str; 14] = [
    "\"><script>evil()</script>",
    "'><img src=x onerror=evil()>",
    "</script><script>evil()</script>",
    "</form><form action=\"https://evil.example\">",
    "\" autofocus onfocus=\"evil()",
    "javascript:evil()",
    "{{ 7*7 }}${7*7}",
    "&quot;&gt;&lt;script&gt;",
    "&#34;&#62;",
    "\u{2028}evil()//\u{2029}",
    "\\\" \\u0022 \\x22",
    "]]><!--",
    "a&b=c&code=x#y?z+ %20%22",
    "é 🦊 \u{202e}txt",
];

/// An app whose script may get messages.
pub(crate) async fn with_script(tenant: &Tenant, fields: Value) -> Tenant {
    let mut body = json!({ "token_endpoint_auth_method": "none", "web_origins": [ORIGIN] });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    by(tenant, tenant.make_app(body).await)
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().unwrap())
}

/// A page that nobody stores and that runs nothing but our script.
fn is_relay(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 200, "{what}: {answer:?}");
    assert!(answer.location().is_none(), "{what}: {answer:?}");
    assert_eq!(header(answer, "cache-control"), Some("no-store"), "{what}");
    assert_eq!(header(answer, "referrer-policy"), Some("no-referrer"), "{what}");
    assert_eq!(header(answer, "content-type"), Some("text/html; charset=utf-8"), "{what}");
    let csp = header(answer, "content-security-policy").unwrap();
    assert!(csp.contains("default-src 'none'") && csp.contains("base-uri 'none'"), "{what}: {csp}");
    assert!(!csp.contains("unsafe") && !csp.contains('*'), "{what}: {csp}");
    assert_eq!(answer.body.matches("<script").count(), 1, "{what}: {}", answer.body);
    for tag in ["<img src=x", "<!--", "onfocus=\"evil"] {
        assert!(!answer.body.contains(tag), "{what}: {}", answer.body);
    }
    for never in ["access_token", "id_token", "hufu_session_", "hufu_refresh_"] {
        assert!(!answer.body.contains(never), "{what}: {}", answer.body);
    }
}

/// An attribute's value as a browser reads it. Everything that could end it is escaped.
fn unescape(value: &str) -> String {
    assert!(!value.contains(['<', '>', '"', '\'']), "not escaped: {value}");
    let mut out = String::new();
    let mut parts = value.split('&');
    out.push_str(parts.next().unwrap());
    for part in parts {
        let (entity, rest) = part.split_once(';').unwrap_or_else(|| panic!("not escaped: {value}"));
        let code = entity.strip_prefix('#').unwrap_or_else(|| panic!("not escaped: {value}"));
        out.push(char::from_u32(code.parse().unwrap()).unwrap());
        out.push_str(rest);
    }
    out
}

fn attribute(text: &str, name: &str) -> String {
    let rest = text.split_once(&format!("{name}=\""));
    let rest = rest.unwrap_or_else(|| panic!("no {name}: {text}")).1;
    unescape(rest.split_once('"').unwrap().0)
}

/// What a page would post, and where to.
pub(crate) fn posted(answer: &Answer, what: &str) -> (String, Vec<(String, String)>) {
    is_relay(answer, what);
    assert_eq!(answer.body.matches("<form").count(), 1, "{what}: {}", answer.body);
    let form = answer.body.split_once("<form").unwrap().1.split_once("</form>").unwrap().0;
    assert!(form.contains("method=\"post\""), "{what}: {form}");
    let fields = form.split("<input type=\"hidden\"").skip(1);
    let fields = fields.map(|field| (attribute(field, "name"), attribute(field, "value")));
    let action = attribute(form, "action");
    let csp = header(answer, "content-security-policy").unwrap();
    let allowed = csp.split("form-action ").nth(1).unwrap().split(';').next().unwrap();
    assert_eq!(allowed.trim(), format!("'self' {ORIGIN}"), "{what}");
    assert!(csp.contains("frame-ancestors 'none'"), "{what}: {csp}");
    assert_eq!(header(answer, "x-frame-options"), Some("DENY"), "{what}");
    assert_eq!(header(answer, "cross-origin-opener-policy"), Some("same-origin"), "{what}");
    (action, fields.collect())
}

/// The message of a page, and for whom it is.
pub(crate) fn message(answer: &Answer, what: &str) -> Value {
    is_relay(answer, what);
    assert_eq!(answer.body.matches("data-origin=").count(), 1, "{what}: {}", answer.body);
    assert_eq!(attribute(&answer.body, "data-origin"), ORIGIN, "{what}");
    let csp = header(answer, "content-security-policy").unwrap();
    let ancestors = csp.split("frame-ancestors ").nth(1).unwrap().split(';').next().unwrap();
    assert_eq!(ancestors.trim(), ORIGIN, "{what}");
    assert_eq!(header(answer, "x-frame-options"), None, "{what}");
    assert_eq!(header(answer, "cross-origin-opener-policy"), Some("unsafe-none"), "{what}");
    let message: Value = serde_json::from_str(&attribute(&answer.body, "data-message")).unwrap();
    assert_eq!(message["type"], "authorization_response", "{what}");
    assert_eq!(message.as_object().unwrap().len(), 2, "{what}: {message}");
    message["response"].clone()
}

fn names(response: &Value) -> Vec<&str> {
    response.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The session answers by this mode.
async fn answered(
    app: &Tenant,
    browser: &mut Browser,
    mode: &str,
    pkce: &Pkce,
    extra: &[(&str, &str)],
) -> Answer {
    let mut all = vec![("response_mode", mode)];
    all.extend(extra);
    silently(app, browser, pkce, &all).await
}

on_every_backend! {
    async fn b8_a_form_carries_the_answer_whatever_the_state_says(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for state in HOSTILE {
            let pkce = Pkce::new();
            let extra = [("state", state)];
            let answer = answered(&tenant, &mut browser, "form_post", &pkce, &extra).await;
            let (action, fields) = posted(&answer, state);
            assert_eq!(action, tenant.app.redirect_uri);
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let [("code", code), ("state", echoed), ("iss", issuer)] = fields[..] else {
                panic!("{fields:?}");
            };
            assert_eq!((echoed, issuer), (state, tenant.issuer().as_str()));
            assert_eq!(tenant.redeem(code, &pkce).await.status, 200);
        }
    }

    async fn b8_a_form_carries_errors_too(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let mut nobody = world.browser();
        for (extra, error) in [
            (vec![("prompt", "none")], "login_required"),
            (vec![("scope", "profile")], "invalid_scope"),
            (vec![("response_type", "token")], "unsupported_response_type"),
            (vec![("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
            (vec![("prompt", "none login")], "invalid_request"),
            (vec![("max_age", "<b>")], "invalid_request"),
        ] {
            for state in HOSTILE {
                let mut all = vec![("response_mode", "form_post"), ("state", state)];
                all.extend(&extra);
                let answer = nobody.get(tenant.authorize_url(&Pkce::new(), &all)).await;
                let (action, fields) = posted(&answer, state);
                assert_eq!(action, tenant.app.redirect_uri);
                let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(names, ["error", "error_description", "state", "iss"], "{error}");
                assert_eq!((fields[0].1.as_str(), fields[2].1.as_str()), (error, state));
                assert_eq!(fields[3].1, tenant.issuer());
            }
        }
        // Who cancels sends the same way.
        let extra = [("response_mode", "form_post"), ("prompt", "login")];
        let page = browser.follow(tenant.authorize_url(&Pkce::new(), &extra)).await;
        let csrf = attribute(page.body.split_once("/login/cancel").unwrap().1, "value");
        let url = tenant.url(&format!("/login/cancel?{}", page.url.query().unwrap()));
        let answer = browser.post(url, &[("csrf", &csrf)]).await;
        assert_eq!(posted(&answer, "cancelled").1[0].1, "access_denied");
    }

    async fn o5_a_form_and_a_message_end_a_sign_in(world: World) {
        let tenant = world.tenant("acme").await;
        let app = with_script(&tenant, json!({})).await;
        for mode in ["form_post", "web_message"] {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let url = app.authorize_url(&pkce, &[("response_mode", mode)]);
            let login = browser.follow(&url).await;
            // The window that opened ours has to stay within reach all the way, and only then.
            let opener = if mode == "web_message" { "unsafe-none" } else { "same-origin" };
            assert_eq!(header(&login, "cross-origin-opener-policy"), Some(opener), "{mode}");
            let csp = header(&login, "content-security-policy").unwrap();
            assert!(csp.contains("frame-ancestors 'none'"), "no login page is framed: {csp}");
            let answer = app.sign_in(&mut browser, &url, "zhangsan").await;
            assert!(sets_session(&answer), "{mode}");
            let code = match mode {
                "form_post" => posted(&answer, mode).1[0].1.clone(),
                _ => text(&message(&answer, mode), "code").to_owned(),
            };
            assert_eq!(app.redeem(&code, &pkce).await.status, 200);
        }
    }

    async fn o7_nothing_is_handed_over_in_another_way(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = with_script(&tenant, json!({})).await;
        let relay = answered(&app, &mut browser, "web_message", &Pkce::new(), &[]).await;
        message(&relay, "the relay page");
        let script = browser.get(tenant.url("/sdk/hufu.js")).await;
        assert!(script.body.contains("postMessage") || script.body.contains("BroadcastChannel"));
        for way in ["window.name", "document.domain", "eval(", "document.write"] {
            assert!(!relay.body.contains(way), "{way}: {}", relay.body);
            assert!(!script.body.contains(way), "{way}");
        }
        // No answer to a program becomes a script.
        for path in ["/oidc/.well-known/jwks.json", "/oidc/.well-known/openid-configuration"] {
            let plain = browser.get(tenant.url(path)).await;
            let wrapped = browser.get(tenant.url(&format!("{path}?callback=take&jsonp=take"))).await;
            assert_eq!(wrapped.body, plain.body);
            assert_eq!(header(&wrapped, "content-type"), Some("application/json"));
            assert_eq!(header(&wrapped, "x-content-type-options"), Some("nosniff"));
        }
    }

    async fn o1_o4_a_message_is_for_the_registered_origin_and_carries_no_token(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = with_script(&tenant, json!({})).await;
        for state in HOSTILE {
            let pkce = Pkce::new();
            let extra = [("state", state), ("origin", "https://evil.example"), ("web_origin", "*")];
            let answer = answered(&app, &mut browser, "web_message", &pkce, &extra).await;
            let response = message(&answer, state);
            assert_eq!(names(&response), ["code", "iss", "state"]);
            assert_eq!((&response["state"], &response["iss"]), (&json!(state), &json!(app.issuer())));
            assert_eq!(app.redeem(text(&response, "code"), &pkce).await.status, 200);
        }
        let mut nobody = world.browser();
        for state in HOSTILE {
            let extra = [("state", state)];
            let answer = answered(&app, &mut nobody, "web_message", &Pkce::new(), &extra).await;
            let response = message(&answer, state);
            assert_eq!(names(&response), ["error", "error_description", "iss", "state"]);
            assert_eq!((&response["error"], &response["state"]), (&json!("login_required"), &json!(state)));
        }
        let referer = [("scope", "profile"), ("prompt", "")];
        let answer = answered(&app, &mut nobody, "web_message", &Pkce::new(), &referer).await;
        assert_eq!(message(&answer, "a scope")["error"], "invalid_scope");
    }

    async fn o1_no_message_goes_where_no_script_is_registered(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for origins in [
            json!([]),
            json!(["https://evil.example"]),
            json!(["https://app.example.com:8443"]),
            json!(["https://sub.app.example.com"]),
            json!(["https://example.com"]),
        ] {
            let app = with_script(&tenant, json!({ "web_origins": origins })).await;
            let answer = answered(&app, &mut browser, "web_message", &Pkce::new(), &[]).await;
            is_error(&app, &answer, "invalid_request", &origins.to_string());
            assert!(answer.parameter("code").is_none());
        }
        // Of an app with two addresses, each gets the messages of its own origin only.
        let two = json!({ "redirect_uris": [
            "https://app.example.com/callback", "https://other.example.com/callback",
        ] });
        let app = with_script(&tenant, two).await;
        let other = App { redirect_uri: "https://other.example.com/callback".into(), ..app.app.clone() };
        let other = by(&tenant, other);
        let answer = answered(&other, &mut browser, "web_message", &Pkce::new(), &[]).await;
        is_error(&other, &answer, "invalid_request", "the other address");
        message(&answered(&app, &mut browser, "web_message", &Pkce::new(), &[]).await, "its own");
        // One that is not registered gets a page of ours.
        let evil = App { redirect_uri: "https://evil.example/callback".into(), ..app.app.clone() };
        let answer =
            answered(&by(&tenant, evil), &mut browser, "web_message", &Pkce::new(), &[]).await;
        is_page(&answer, "redirect_uri_mismatch", "not registered");
    }

    async fn o4_a_message_needs_pkce_whatever_the_profile_says(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let fields = json!({
            "token_endpoint_auth_method": "client_secret_basic", "profile": "oidc_basic",
        });
        let app = with_script(&tenant, fields).await;
        let without = [("code_challenge", ""), ("code_challenge_method", "")];
        for mode in ["query", "form_post"] {
            let answer = answered(&app, &mut browser, mode, &Pkce::new(), &without).await;
            let code = match mode {
                "query" => answer.parameter("code").unwrap(),
                _ => posted(&answer, mode).1[0].1.clone(),
            };
            assert!(code.starts_with("hufu_code_"), "{mode}");
        }
        let answer = answered(&app, &mut browser, "web_message", &Pkce::new(), &without).await;
        let response = message(&answer, "without a challenge");
        assert_eq!(response["error"], "invalid_request", "{response}");
        let pkce = Pkce::new();
        let answer = answered(&app, &mut browser, "web_message", &pkce, &[]).await;
        let code = text(&message(&answer, "with one"), "code").to_owned();
        assert_eq!(app.redeem(&code, &Pkce::new()).await.status, 400, "another verifier");
        let answer = answered(&app, &mut browser, "web_message", &pkce, &[]).await;
        let code = text(&message(&answer, "with one"), "code").to_owned();
        assert_eq!(app.redeem(&code, &pkce).await.status, 200);
    }

    async fn b2_a_mode_that_is_not_the_apps_gets_no_code(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = with_script(&tenant, json!({ "response_modes": ["query"] })).await;
        for wrong in [
            "form_post", "web_message", "fragment", "jwt", "query.jwt", "form_post.jwt", "Query",
            "QUERY", "query form_post", "none", "\"><script>", "query\0",
        ] {
            let answer = answered(&app, &mut browser, wrong, &Pkce::new(), &[]).await;
            is_error(&app, &answer, "invalid_request", wrong);
            assert!(!answer.body.contains("hufu_code_"), "{wrong}");
        }
        let url = app.authorize_url(&Pkce::new(), &[("prompt", "none")]);
        let twice = browser.get(format!("{url}&response_mode=query&response_mode=form_post")).await;
        is_error(&app, &twice, "invalid_request", "two modes");
        for right in ["query", ""] {
            let answer = answered(&app, &mut browser, right, &Pkce::new(), &[]).await;
            assert!(answer.parameter("code").is_some(), "{right}");
        }
        // Without the query among its modes an app has to name another.
        let app = with_script(&tenant, json!({ "response_modes": ["form_post"] })).await;
        let answer = answered(&app, &mut browser, "", &Pkce::new(), &[]).await;
        is_error(&app, &answer, "invalid_request", "the default is not the app's");
        posted(&answered(&app, &mut browser, "form_post", &Pkce::new(), &[]).await, "its own");
    }

    async fn a3_an_address_with_a_query_keeps_it(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let address = "https://app.example.com/callback?code=mine&a=%41&x=1";
        let app = with_script(&tenant, json!({ "redirect_uris": [address] })).await;
        let pkce = Pkce::new();
        let answer = answered(&app, &mut browser, "form_post", &pkce, &[]).await;
        let (action, fields) = posted(&answer, "a form");
        assert_eq!(action, address, "byte for byte");
        assert_eq!(fields.iter().filter(|(name, _)| name == "code").count(), 1);
        let answer = answered(&app, &mut browser, "query", &pkce, &[]).await;
        let location = header(&answer, "location").unwrap();
        assert!(location.starts_with(&format!("{address}&code=hufu_code_")), "{location}");
        assert_eq!(location.matches("code=").count(), 2, "theirs, and ours once: {location}");
        let answer = answered(&app, &mut browser, "web_message", &pkce, &[]).await;
        let code = text(&message(&answer, "a message"), "code").to_owned();
        assert_eq!(app.redeem(&code, &pkce).await.status, 200);
    }
}
