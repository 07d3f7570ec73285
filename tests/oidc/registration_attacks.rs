//! Registrations that want more than an app may have (attacks A2, A4, B6, J10, P).

use std::net::Ipv6Addr;

use e2e::{Answer, AppServer, Pkce, Reply, Tenant, on_every_backend};
use serde_json::{Value, json};

use crate::registration::{apps, metadata, metadata_with, signed_in_by};
use crate::steps::{is_error, is_not_stored, silently, text};

/// Refused with this error, and a reason that RFC 6749 §5.2 lets be one.
pub(crate) fn is_refused(answer: &Answer, error: &str, what: &str) {
    assert_eq!(answer.status, 400, "{what}: {}", answer.body);
    let body = answer.json();
    assert_eq!(body["error"], error, "{what}: {body}");
    let reason = text(&body, "error_description");
    let legal = |byte: u8| (0x20..=0x7e).contains(&byte) && byte != b'"' && byte != b'\\';
    assert!(!reason.is_empty() && reason.bytes().all(legal), "{what}: {reason}");
    is_not_stored(answer);
}

/// Each of these members makes a registration `invalid_client_metadata`; nothing is made.
async fn are_refused(tenant: &Tenant, all: impl IntoIterator<Item = (&'static str, Value)>) {
    let token = tenant.initial_access_token(json!({ "uses": 1 })).await;
    let before = apps(tenant).await;
    for (name, value) in all {
        let body = metadata_with(json!({ name: value }));
        let answer = tenant.register(&token, &body).await;
        is_refused(&answer, "invalid_client_metadata", &format!("{name}: {value}"));
        assert!(answer.body.contains(name), "{}", answer.body);
    }
    assert_eq!(apps(tenant).await, before);
    // Positive control: the same without.
    tenant.registered(&token, &metadata()).await;
}

/// Redirect URIs that no web app may have.
fn wrong_uris() -> Vec<String> {
    let long = format!("https://app.example.com/{}", "x".repeat(2048));
    let mut all: Vec<String> = [
        "http://app.example.com/callback",
        "https://app.example.com/callback#fragment",
        "https://app.example.com/callback#",
        "https://*.example.com/callback",
        "https://user@app.example.com/callback",
        "https://user:password@app.example.com/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "com.example.app:/callback",
        "myapp://callback",
        "http://localhost/callback",
        "http://app.localhost:8080/callback",
        "http://[::2]/callback",
        "https:app.example.com",
        "https:///app.example.com",
        "/callback",
        "app.example.com",
        "https://app.example.com/call back",
        "https://app.example.com/\u{e9}",
        "",
    ]
    .map(str::to_owned)
    .to_vec();
    all.push(long);
    all
}

on_every_backend! {
    async fn a2_bad_uris_are_refused_at_registration(world: World) {
        let tenant = world.tenant("acme").await;
        let token = tenant.initial_access_token(json!({ "uses": 3 })).await;
        let before = apps(&tenant).await;
        let good = "https://app.example.com/callback";
        for (at, uri) in wrong_uris().into_iter().enumerate() {
            // As one that has a secret, and as one that has none.
            let method = ["client_secret_basic", "none"][at % 2];
            let body = metadata_with(json!({
                "redirect_uris": [good, uri], "token_endpoint_auth_method": method,
            }));
            is_refused(&tenant.register(&token, &body).await, "invalid_redirect_uri", &uri);
        }
        for uris in [json!(null), json!([]), json!(good), json!([good, good]), json!([[good]])] {
            let body = metadata_with(json!({ "redirect_uris": uris }));
            let answer = tenant.register(&token, &body).await;
            is_refused(&answer, "invalid_redirect_uri", &uris.to_string());
        }
        assert_eq!(apps(&tenant).await, before);
        // Positive controls: one with a query, and what an app on a device may have.
        let query = json!({ "redirect_uris": ["https://app.example.com/callback?a=b"] });
        let app = tenant.registered(&token, &metadata_with(query)).await;
        assert_eq!(app["redirect_uris"], json!(["https://app.example.com/callback?a=b"]));
        let native = json!({
            "application_type": "native", "token_endpoint_auth_method": "none",
            "redirect_uris": ["com.example.app:/callback", "http://127.0.0.1/callback"],
        });
        let app = tenant.registered(&token, &metadata_with(native)).await;
        assert_eq!(app["application_type"], "native");
        tenant.registered(&token, &metadata()).await;
    }

    async fn what_is_not_offered_is_refused(world: World) {
        let tenant = world.tenant("acme").await;
        are_refused(&tenant, [
            ("subject_type", json!("pairwise")),
            ("response_types", json!(["token"])),
            ("response_types", json!(["code", "code id_token"])),
            ("grant_types", json!(["implicit"])),
            ("grant_types", json!(["refresh_token"])),
            ("id_token_signed_response_alg", json!("none")),
            ("id_token_signed_response_alg", json!("HS256")),
            ("id_token_encrypted_response_alg", json!("RSA-OAEP")),
            ("userinfo_signed_response_alg", json!("none")),
            ("userinfo_encrypted_response_enc", json!("A256GCM")),
            ("request_uris", json!(["https://app.example.com/request.jwt"])),
            ("request_object_signing_alg", json!("RS256")),
            ("token_endpoint_auth_method", json!("client_secret_jwt")),
            ("token_endpoint_auth_method", json!("tls_client_auth")),
            ("token_endpoint_auth_signing_alg", json!("HS256")),
            ("tls_client_certificate_bound_access_tokens", json!(true)),
            ("application_type", json!("desktop")),
            ("client_name", json!("evil\u{202e}lairetsni")),
            ("client_name", json!(["a"])),
            ("client_uri", json!("javascript:alert(1)")),
            ("logo_uri", json!("http://app.example.com/logo.png")),
            ("policy_uri", json!("data:text/html,x")),
            ("tos_uri", json!("http://app.example.com/terms")),
            ("initiate_login_uri", json!("http://app.example.com/login")),
            ("contacts", json!("it@app.example")),
            ("jwks", json!({ "keys": [] })),
            ("jwks", json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] })),
            ("scope", json!("nothing that there is")),
            ("scope", json!(["openid"])),
            ("dpop_bound_access_tokens", json!("yes")),
        ]).await;
        // Keys twice, and no body that is one.
        let token = tenant.initial_access_token(json!({})).await;
        let keys = json!({ "keys": [] });
        let body = metadata_with(json!({ "jwks": keys, "jwks_uri": "https://app.example.com/jwks" }));
        is_refused(&tenant.register(&token, &body).await, "invalid_client_metadata", "two sets of keys");
        let bearer = format!("Bearer {token}");
        let kind = ("content-type", "application/json");
        let twice = "{\"redirect_uris\": [\"https://a.example/\"], \"redirect_uris\": [\"https://b.example/\"]}";
        for (body, kind) in [
            ("", kind),
            ("[]", kind),
            ("{", kind),
            (twice, kind),
            (metadata().to_string().as_str(), ("content-type", "text/plain")),
        ] {
            let headers = [("authorization", bearer.as_str()), kind];
            let answer = tenant.send(reqwest::Method::POST, e2e::REGISTER, &headers, Some(body.as_bytes())).await;
            is_refused(&answer, "invalid_client_metadata", body);
        }
        // What is unknown means nothing and is not said to be registered.
        let odd = json!({
            "consent_required": false, "audiences": ["x"], "status": "active", "profile": "oidc_basic",
            "web_origins": ["https://evil.example"], "default_max_age": 10, "software_statement": "x",
            "registration": true, "sign_in_methods": ["password"], "access_token_lifetime": 86400,
        });
        let app = tenant.registered(&token, &metadata_with(odd.clone())).await;
        assert!(odd.as_object().unwrap().keys().all(|name| app.get(name).is_none()), "{app}");
        let path = tenant.path(&format!("/apps/{}", text(&app, "client_id")));
        let kept = tenant.admin.get(&path).await;
        for (name, value) in json!({
            "consent_required": true, "audiences": [], "profile": "oauth21", "web_origins": [],
            "sign_in_methods": [], "access_token_lifetime": 600,
        }).as_object().unwrap() {
            assert_eq!(&kept[name], value, "{name}");
        }
    }

    async fn b6_no_app_gives_itself_what_an_administrator_gives(world: World) {
        let tenant = world.tenant("acme").await;
        let token = tenant.initial_access_token(json!({})).await;
        for ways in [json!(["client_credentials"]), json!(["authorization_code", "client_credentials"])] {
            let body = metadata_with(json!({ "grant_types": ways }));
            is_refused(&tenant.register(&token, &body).await, "invalid_client_metadata", "ways");
        }
        // A scope of the tenant's own is left out, and told so.
        let body = metadata_with(json!({ "scope": "openid orders:write profile" }));
        let app = tenant.registered(&token, &body).await;
        assert_eq!(app["scope"], "openid profile");
        let seen = tenant.seen_by(&app);
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let url = seen.authorize_url(&pkce, &[("scope", "openid email orders:write")]);
        let answer = seen.sign_in_and_agree(&mut browser, &url).await;
        let tokens = seen.redeem(&answer.parameter("code").unwrap(), &pkce).await.json();
        assert_eq!(tokens["scope"], "openid");
        // Nor is it held to other rules than the token says: PKCE here.
        let plain = seen.authorize_url(&Pkce::new(), &[("code_challenge", ""), ("code_challenge_method", "")]);
        assert!(browser.get(plain).await.body.contains("id=\"leave\""));
        let basic = tenant.initial_access_token(json!({ "profile": "oidc_basic" })).await;
        let app = tenant.registered(&basic, &metadata()).await;
        signed_in_by(&tenant.seen_by(&app)).await;
        let fapi = tenant.initial_access_token(json!({ "profile": "fapi2" })).await;
        is_refused(&tenant.register(&fapi, &metadata()).await, "invalid_client_metadata", "a secret");
    }

    async fn a1_a_token_names_the_hosts_of_its_apps(world: World) {
        let tenant = world.tenant("acme").await;
        let hosts = json!({ "redirect_hosts": ["app.example.com", "other.example"] });
        let token = tenant.initial_access_token(hosts).await;
        for uri in [
            "https://evil.example/callback",
            "https://sub.app.example.com/callback",
            "https://app.example.com.evil.example/callback",
            "https://app.example.com./callback",
            "https://evil.example/?https://app.example.com/",
            "http://127.0.0.1/callback",
        ] {
            let body = metadata_with(json!({ "redirect_uris": ["https://other.example/", uri] }));
            is_refused(&tenant.register(&token, &body).await, "invalid_redirect_uri", uri);
            for name in ["post_logout_redirect_uris", "initiate_login_uri", "client_uri"] {
                if name != "post_logout_redirect_uris" && uri.starts_with("http:") {
                    continue;
                }
                let value = if name.ends_with('s') { json!([uri]) } else { json!(uri) };
                let answer = tenant.register(&token, &metadata_with(json!({ name: value }))).await;
                is_refused(&answer, "invalid_client_metadata", &format!("{name} {uri}"));
            }
        }
        let good = json!({
            "redirect_uris": ["https://app.example.com/callback", "https://other.example:8443/x?y"],
            "post_logout_redirect_uris": ["https://other.example/"],
            "client_uri": "https://app.example.com/",
        });
        tenant.registered(&token, &metadata_with(good)).await;
    }

    async fn a4_an_app_that_nobody_vouches_for_is_no_redirector(world: World) {
        let tenant = world.tenant("acme").await;
        let stranger = tenant.initial_access_token(json!({})).await;
        let vouched = json!({ "redirect_hosts": ["app.example.com"] });
        let vouched = tenant.initial_access_token(vouched).await;
        let stranger = tenant.seen_by(&tenant.registered(&stranger, &metadata()).await);
        let vouched = tenant.seen_by(&tenant.registered(&vouched, &metadata()).await);
        for (extra, error) in [
            (("scope", "nothing"), "invalid_scope"),
            (("response_type", "token"), "unsupported_response_type"),
            (("prompt", "none"), "login_required"),
            (("code_challenge", ""), "invalid_request"),
        ] {
            for mode in ["query", "form_post"] {
                let extra = [extra, ("response_mode", mode)];
                let url = stranger.authorize_url(&Pkce::new(), &extra);
                let page = world.browser().get(url).await;
                assert_eq!(page.status, 200, "{error}: {page:?}");
                assert!(page.location().is_none() && page.headers.get("refresh").is_none());
                assert!(page.body.contains("app.example.com") && page.body.contains("id=\"leave\""));
                assert!(!page.body.contains("data-auto"), "{}", page.body);
                let csp = page.headers["content-security-policy"].to_str().unwrap();
                assert!(csp.contains("frame-ancestors 'none'"), "{csp}");
                // Who presses it takes the error there, with our name.
                assert!(page.body.contains(error) && page.body.contains("error_description"));
                if mode == "query" {
                    let link = page.links().into_iter().find(|link| link.contains(error)).unwrap();
                    assert!(link.starts_with("https://app.example.com/callback?error="), "{link}");
                    assert!(link.contains("state=s") && link.contains("iss="), "{link}");
                }
            }
            let url = vouched.authorize_url(&Pkce::new(), &[extra]);
            is_error(&vouched, &world.browser().get(url).await, error, error);
        }
        // Positive control: who signs in, or cancels, is sent there.
        signed_in_by(&stranger).await;
        signed_in_by(&vouched).await;
    }

    async fn j10_nobody_agrees_silently_to_an_app_without_a_secret(world: World) {
        let tenant = world.tenant("acme").await;
        let token = tenant.initial_access_token(json!({ "redirect_hosts": ["app.example.com"] })).await;
        let public = json!({ "token_endpoint_auth_method": "none" });
        let public = tenant.seen_by(&tenant.registered(&token, &metadata_with(public)).await);
        let secret = tenant.seen_by(&tenant.registered(&token, &metadata()).await);
        for (app, asked_again) in [(&public, true), (&secret, false)] {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let first = app.authorize_url(&pkce, &[]);
            let page = app.sign_in(&mut browser, &first, "zhangsan").await;
            assert_eq!(page.location().unwrap().path(), "/approve");
            let answer = app.sign_in_and_agree(&mut browser, &first).await;
            assert!(answer.parameter("code").is_some(), "{answer:?}");
            // Agreed to once: asked again, unless it can prove who it is.
            let again = browser.get(app.authorize_url(&pkce, &[])).await;
            let silent = silently(app, &mut browser, &pkce, &[]).await;
            if asked_again {
                assert_eq!(again.location().unwrap().path(), "/approve");
                is_error(app, &silent, "consent_required", "silently");
            } else {
                assert!(again.parameter("code").is_some(), "{again:?}");
                assert!(silent.parameter("code").is_some(), "{silent:?}");
            }
        }
    }

    async fn p_no_registration_leads_into_our_own_network(world: World) {
        let tenant = world.tenant("acme").await;
        let sink = AppServer::start_at(Ipv6Addr::LOCALHOST.into()).await;
        let private = format!("http://[::1]:{}/", sink.port());
        let uris = [
            private.as_str(),
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[::1]/",
            "https://app.example.com:22/",
            "file:///etc/passwd",
            "gopher://app.example.com/",
        ];
        let names = ["jwks_uri", "sector_identifier_uri", "backchannel_logout_uri"];
        are_refused(&tenant, names.into_iter().flat_map(|name| uris.map(|uri| (name, json!(uri))))).await;
        assert_eq!(sink.connections(), 0);
        // What is allowed is called, follows no redirect to where it is not, and tells nothing.
        let server = AppServer::start().await;
        server.reply(Reply::status(302).header("location", &private).body("a secret of the network"));
        let token = tenant.initial_access_token(json!({})).await;
        let sector = json!({ "sector_identifier_uri": server.url("/sector.json") });
        let answer = tenant.register(&token, &metadata_with(sector.clone())).await;
        is_refused(&answer, "invalid_client_metadata", "a redirect");
        assert!(!answer.body.contains("secret"), "{}", answer.body);
        assert_eq!((sink.connections(), server.received().len()), (0, 1));
        server.reply(Reply::status(200).body(json!(metadata()["redirect_uris"]).to_string()));
        let app = tenant.registered(&token, &metadata_with(sector)).await;
        assert_eq!(app["sector_identifier_uri"], server.url("/sector.json"));
        assert_eq!(sink.connections(), 0);
    }

    async fn q1_a_stranger_brings_nothing_into_our_pages(world: World) {
        let tenant = world.tenant("acme").await;
        let token = tenant.initial_access_token(json!({})).await;
        let server = AppServer::start().await;
        let told = json!({
            "client_name": "<img src=x onerror=alert(1)>",
            "logo_uri": format!("https://127.0.0.1:{}/logo.png", server.port()),
            "policy_uri": "https://app.example.com/privacy", "tos_uri": "https://app.example.com/terms",
        });
        let app = tenant.registered(&token, &metadata_with(told.clone())).await;
        for name in ["client_name", "logo_uri", "policy_uri", "tos_uri"] {
            assert_eq!(app[name], told[name], "{name}");
        }
        let seen = tenant.seen_by(&app);
        let mut browser = world.browser();
        let login = browser.follow(seen.authorize_url(&Pkce::new(), &[])).await;
        assert!(!login.body.contains("logo.png") && !login.body.contains("<img src=x"));
        let asked = seen.sign_in(&mut browser, &seen.authorize_url(&Pkce::new(), &[]), "zhangsan").await;
        let page = browser.get(asked.location().unwrap().as_str()).await;
        assert!(!page.body.contains("logo.png") && !page.body.contains("<img src=x"), "{}", page.body);
        assert!(page.body.contains("app.example.com."), "where it goes: {}", page.body);
        for uri in ["https://app.example.com/privacy", "https://app.example.com/terms"] {
            let link = format!("<a href=\"{uri}\" target=\"_blank\" rel=\"noopener noreferrer\">");
            assert!(page.body.contains(&link), "{uri}: {}", page.body);
        }
        assert_eq!(server.connections(), 0);
    }
}
