//! Who we say we are: metadata, keys and `iss`, whatever a request claims (attacks I1 to I6).

use e2e::{Answer, Pkce, Tenant, on_every_backend};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::steps::{is_error, raw, signed_in, silently, status, text};

const METADATA: &str = "/oidc/.well-known/openid-configuration";
const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server/oidc";
const KEYS: &str = "/oidc/.well-known/jwks.json";

async fn get(tenant: &Tenant, path: &str, headers: &[(&str, &str)]) -> Answer {
    tenant.send(Method::GET, path, headers, None).await
}

/// Every URL in a document, with the member that it stands in.
fn urls(document: &Value) -> Vec<(String, String)> {
    let members = document.as_object().unwrap().iter();
    let texts =
        members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    texts.filter(|(_, value)| value.contains("://")).collect()
}

/// Headers by which a caller or a careless proxy tells another host.
fn claims_of_another_host(evil: &str) -> Vec<(String, String)> {
    let names = [
        "x-forwarded-host",
        "x-forwarded-server",
        "x-original-host",
        "x-host",
        "x-http-host-override",
    ];
    let mut all: Vec<(String, String)> =
        names.map(|name| (name.to_owned(), evil.to_owned())).into();
    let more = [
        ("forwarded", format!("for=192.0.2.1;host={evil};proto=https")),
        ("x-forwarded-proto", "https".to_owned()),
        ("x-forwarded-scheme", "https".to_owned()),
        ("x-forwarded-port", "8443".to_owned()),
        ("x-forwarded-prefix", "/evil".to_owned()),
        ("x-original-url", format!("https://{evil}/oidc/auth")),
        ("x-rewrite-url", format!("https://{evil}/oidc/auth")),
        ("origin", format!("https://{evil}")),
        ("referer", format!("https://{evil}/")),
    ];
    all.extend(more.map(|(name, value)| (name.to_owned(), value)));
    all
}

/// The end of a raw answer.
fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

on_every_backend! {
    async fn the_metadata_is_what_the_certification_asks_for(world: World) {
        let tenant = world.tenant("acme").await;
        let answer = get(&tenant, METADATA, &[]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "application/json");
        let found = answer.json();
        let issuer = tenant.issuer();
        assert_eq!(format!("{issuer}/.well-known/openid-configuration"), answer.url.as_str());
        let at = |path: &str| tenant.url(path);
        let expected = json!({
            "issuer": issuer,
            "authorization_endpoint": at("/oidc/auth"),
            "token_endpoint": at("/oidc/token"),
            "userinfo_endpoint": at("/oidc/me"),
            "jwks_uri": at(KEYS),
            "end_session_endpoint": at("/oidc/session/end"),
            "subject_types_supported": ["public"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post", "web_message"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "pushed_authorization_request_endpoint": at("/oidc/request"),
            "introspection_endpoint": at("/oidc/token/introspection"),
            "revocation_endpoint": at("/oidc/token/revocation"),
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "claims_parameter_supported": true,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&found[name], value, "{name}");
        }
        let list = |name: &str| -> Vec<String> {
            serde_json::from_value(found[name].clone())
                .unwrap_or_else(|_| panic!("{name}: {found}"))
        };
        assert!(list("id_token_signing_alg_values_supported").contains(&"RS256".to_owned()));
        assert!(!list("id_token_signing_alg_values_supported").contains(&"none".to_owned()));
        assert!(list("scopes_supported").contains(&"openid".to_owned()));
        assert!(list("claims_supported").contains(&"sub".to_owned()));
        let methods = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
        assert_eq!(list("token_endpoint_auth_methods_supported"), methods);
        for tag in list("ui_locales_supported") {
            assert!(
                tag.split('-').all(|part| part.chars().all(|c| c.is_ascii_alphanumeric())),
                "{tag}"
            );
        }
        // Each of them is there, under exactly this URL.
        for (name, url) in urls(&found).into_iter().filter(|(name, _)| name != "issuer") {
            let answer =
                world.browser().send(Method::OPTIONS, &Url::parse(&url).unwrap(), None).await;
            assert_eq!(answer.status, 405, "{name}: {url}");
        }
    }

    async fn i1_every_answer_to_an_app_says_who_it_is_from(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let metadata = get(&tenant, METADATA, &[]).await.json();
        let issuer = text(&metadata, "issuer").to_owned();
        let answer = silently(&tenant, &mut browser, &Pkce::new(), &[]).await;
        assert_eq!(answer.parameter("iss").as_ref(), Some(&issuer));
        assert!(answer.parameter("code").is_some());
        let mut fresh = world.browser();
        let signed_in =
            tenant.sign_in(&mut fresh, &tenant.authorize_url(&Pkce::new(), &[]), "LiSi").await;
        assert_eq!(signed_in.parameter("iss").as_ref(), Some(&issuer));
        for extra in [
            ("scope", "x"),
            ("response_type", "token"),
            ("response_mode", "fragment"),
            ("max_age", "x"),
            ("request", "x"),
            ("request_uri", "x"),
            ("prompt", "x"),
            ("code_challenge", "x"),
        ] {
            let answer = browser.get(tenant.authorize_url(&Pkce::new(), &[extra])).await;
            assert_eq!(answer.parameter("iss").as_ref(), Some(&issuer), "{extra:?}");
            assert!(answer.parameter("error").is_some(), "{extra:?}");
        }
        let answer = silently(&tenant, &mut world.browser(), &Pkce::new(), &[]).await;
        assert_eq!(answer.parameter("iss").as_ref(), Some(&issuer));
        is_error(&tenant, &answer, "login_required", "nobody is signed in");
    }

    async fn i2_a_tenants_metadata_has_its_own_urls_only(world: World) {
        let tenants = [world.tenant("acme").await, world.tenant("acme2").await];
        let mut kids = Vec::new();
        for tenant in &tenants {
            let metadata = get(tenant, METADATA, &[]).await.json();
            let urls = urls(&metadata);
            assert_eq!(urls.len(), 10, "{urls:?}");
            for (name, url) in urls {
                let url = Url::parse(&url).unwrap();
                let own = Url::parse(&tenant.issuer()).unwrap();
                assert_eq!(url.origin(), own.origin(), "{name}");
                assert!(url.path().starts_with("/oidc"), "{name}");
            }
            let keys = get(tenant, KEYS, &[]).await.json();
            let keys = keys["keys"].as_array().unwrap().clone();
            kids.extend(keys.iter().map(|key| text(key, "kid").to_owned()));
        }
        // I5: no key of one is a key of the other.
        let count = kids.len();
        kids.sort();
        kids.dedup();
        assert_eq!(kids.len(), count, "a kid stands twice");
        // Nothing that an administrator writes gets into it.
        let before = get(&tenants[0], METADATA, &[]).await.body;
        let path = tenants[0].path("");
        for member in ["issuer", "token_endpoint", "metadata"] {
            let body = json!({ member: "https://evil.example/" });
            let answer =
                world.operator().call(Method::PATCH, &path, &[("if-match", "*")], Some(body)).await;
            assert!(answer.status.is_client_error(), "{member}: {}", answer.body);
        }
        assert_eq!(get(&tenants[0], METADATA, &[]).await.body, before);
    }

    async fn i3_metadata_is_at_its_two_places_and_nowhere_else(world: World) {
        let tenant = world.tenant("acme").await;
        let found = get(&tenant, METADATA, &[]).await;
        assert_eq!(get(&tenant, OAUTH_METADATA, &[]).await.body, found.body);
        for path in [
            "/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server",
            "/.well-known/openid-configuration/oidc",
            "/oidc/.well-known/oauth-authorization-server",
            "/oidc/.well-known/openid-configuration/",
            "/oidc//.well-known/openid-configuration",
            "/OIDC/.well-known/openid-configuration",
            "/oidc/.well-known/OpenID-Configuration",
            "/acme/oidc/.well-known/openid-configuration",
            "/oidc/acme/.well-known/openid-configuration",
            "/oidc%2f.well-known/openid-configuration",
            "/oidc/x/%2e%2e/.well-known%2fopenid-configuration",
            "/oidc/.well-known/openid-configuration;x",
            "/oidc/.well-known/openid-configuration%00",
        ] {
            let answer = get(&tenant, path, &[]).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        }
        // Hosts that are nobody's: no tenant stands in for them.
        let port = tenant.host.split_once(':').unwrap().1;
        for host in [
            "nobody.localhost".to_owned(),
            format!("nobody.localhost:{port}"),
            "acme.localhost".to_owned(),
            format!("acme.localhost.:{port}"),
            format!("xacme.localhost:{port}"),
            format!("acme.localhost:1{port}"),
            format!("evil@acme.localhost:{port}"),
            format!("127.0.0.1:{port}"),
            "localhost".to_owned(),
            format!("acme.localhost:{port}/"),
            format!("acme.localhost:{port}, nobody.localhost"),
            String::new(),
        ] {
            for path in [METADATA, OAUTH_METADATA, KEYS, "/oidc/auth", "/login"] {
                let request =
                    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
                let answer = raw(world.ports()[0], request.as_bytes()).await;
                assert!([400, 404].contains(&status(&answer)), "{host} {path}: {answer}");
                assert!(
                    !answer.contains("token_endpoint") && !answer.contains("\"keys\""),
                    "{host}: {answer}"
                );
            }
        }
        // A host's case means nothing; the issuer is the one that was registered.
        let upper = tenant.host.to_uppercase();
        let request =
            format!("GET {METADATA} HTTP/1.1\r\nHost: {upper}\r\nConnection: close\r\n\r\n");
        assert_eq!(body(&raw(world.ports()[0], request.as_bytes()).await), found.body);
    }

    async fn i3_a_suspended_tenant_has_no_metadata(world: World) {
        let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
        world.operator().patch(&tenant.path(""), json!({ "status": "suspended" })).await;
        for path in [METADATA, OAUTH_METADATA, KEYS] {
            for _ in world.ports() {
                assert_eq!(get(&tenant, path, &[]).await.status, 404, "{path}");
                assert_eq!(get(&other, path, &[]).await.status, 200, "{path}");
            }
        }
        let answer = world.browser().get(tenant.authorize_url(&Pkce::new(), &[])).await;
        assert!(answer.location().is_none(), "{answer:?}");
        assert_eq!(answer.code().as_deref(), Some("tenant_suspended"));
    }

    async fn i4_headers_about_the_host_change_nothing(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let other = world.tenant("other").await;
        let pkce = Pkce::new();
        let login = browser.get(tenant.authorize_url(&pkce, &[("prompt", "login")])).await;
        let start =
            format!("/connections/social/qr?{}", login.location().unwrap().query().unwrap());
        let cookies = &browser.cookies[&tenant.host];
        let cookies: Vec<String> =
            cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let silent = Url::parse(&tenant.authorize_url(&pkce, &[("prompt", "none")])).unwrap();
        let silent = format!("{}?{}", silent.path(), silent.query().unwrap());
        let documents =
            [get(&tenant, METADATA, &[]).await.body, get(&tenant, KEYS, &[]).await.body];
        for evil in ["evil.example", other.host.as_str()] {
            let mut sets: Vec<Vec<(String, String)>> =
                claims_of_another_host(evil).into_iter().map(|header| vec![header]).collect();
            sets.push(claims_of_another_host(evil));
            for set in &sets {
                let mut headers: Vec<(&str, &str)> =
                    set.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                assert_eq!(get(&tenant, METADATA, &headers).await.body, documents[0], "{set:?}");
                assert_eq!(get(&tenant, KEYS, &headers).await.body, documents[1], "{set:?}");
                headers.push(("cookie", &cookies));
                let answer = get(&tenant, &silent, &headers).await;
                assert_eq!(answer.parameter("iss"), Some(tenant.issuer()), "{set:?}");
                let answer = get(&tenant, &start, &headers).await;
                let callback =
                    answer.parameter("redirect_uri").unwrap_or_else(|| panic!("{answer:?}"));
                assert_eq!(callback, tenant.url("/connections/social/qr/callback"), "{set:?}");
                let page = get(&tenant, "/oidc/session/end", &headers).await;
                assert!(!page.body.contains(evil), "{set:?}: {}", page.body);
            }
        }
    }

    async fn i4_the_request_line_and_two_host_headers(world: World) {
        let (tenant, other) = (world.tenant("acme").await, world.tenant("other").await);
        let (own, foreign) = (&tenant.host, &other.host);
        let documents =
            [get(&tenant, METADATA, &[]).await.body, get(&other, METADATA, &[]).await.body];
        let end = "Connection: close\r\n\r\n";
        for port in world.ports() {
            // An absolute request line decides, not the header beside it (RFC 9112 §3.2.2).
            let mixed = format!("GET http://{own}{METADATA} HTTP/1.1\r\nHost: {foreign}\r\n{end}");
            let answer = raw(*port, mixed.as_bytes()).await;
            assert!(status(&answer) == 400 || body(&answer) == documents[0], "{answer}");
            for (line, hosts) in [
                (format!("http://evil.example{METADATA}"), vec![own]),
                (METADATA.to_owned(), vec![own, foreign]),
                (METADATA.to_owned(), vec![foreign, own]),
                (METADATA.to_owned(), vec![own, own]),
                (METADATA.to_owned(), vec![]),
                (format!("http://{own}@evil.example{METADATA}"), vec![own]),
                (format!("//evil.example{METADATA}"), vec![own]),
            ] {
                let hosts: Vec<String> =
                    hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
                let hosts = hosts.concat();
                let request = format!("GET {line} HTTP/1.1\r\n{hosts}{end}");
                let answer = raw(*port, request.as_bytes()).await;
                assert!([400, 404].contains(&status(&answer)), "{request}{answer}");
                assert!(!answer.contains("token_endpoint"), "{request}{answer}");
                assert!(!answer.contains("evil.example"), "{request}{answer}");
            }
            let right = format!("GET {METADATA} HTTP/1.1\r\nHost: {own}\r\n{end}");
            assert_eq!(body(&raw(*port, right.as_bytes()).await), documents[0]);
        }
    }

    async fn i5_the_published_keys_are_public_keys(world: World) {
        let tenant = world.tenant("acme").await;
        let answer = get(&tenant, KEYS, &[("origin", "https://spa.example")]).await;
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        assert!(answer.headers.get("access-control-allow-credentials").is_none());
        assert!(answer.headers["cache-control"].to_str().unwrap().contains("max-age="));
        let keys = answer.json();
        let keys = keys["keys"].as_array().unwrap();
        let mut algorithms = Vec::new();
        for key in keys {
            let mut members: Vec<&str> =
                key.as_object().unwrap().keys().map(String::as_str).collect();
            members.sort_unstable();
            // Nothing of `d`, `p`, `q`, `dp`, `dq`, `qi`, `k`, `x5u`.
            match text(key, "kty") {
                "EC" => assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]),
                "RSA" => {
                    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
                    assert!(text(key, "n").len() >= 342, "2048 bits at least");
                }
                "OKP" => assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]),
                other => panic!("{other}"),
            }
            assert_eq!(text(key, "use"), "sig");
            algorithms.push(text(key, "alg"));
        }
        algorithms.sort_unstable();
        assert_eq!(algorithms, ["ES256", "EdDSA", "PS256", "RS256"]);
        for _ in world.ports() {
            assert_eq!(
                get(&tenant, KEYS, &[]).await.body,
                answer.body,
                "each node publishes the same"
            );
        }
    }

    async fn i6_no_other_origin_may_read_an_answer(world: World) {
        let (tenant, _) = signed_in(&world).await;
        let prefix = format!("{}.evil.example", tenant.url(""));
        for origin in [
            "https://evil.example",
            "null",
            "https://app.example.com.evil.example",
            "http://app.example.com",
            "https://xapp.example.com",
            &prefix,
            "https://app.example.com",
        ] {
            for (method, path) in [
                (Method::GET, "/oidc/auth"),
                (Method::GET, "/login"),
                (Method::POST, "/oidc/token"),
                (Method::GET, "/oidc/me"),
                (Method::GET, "/oidc/session/end"),
                (Method::OPTIONS, "/oidc/token"),
                (Method::OPTIONS, "/oidc/auth"),
                (Method::OPTIONS, "/oidc/me"),
            ] {
                let headers = [("origin", origin), ("access-control-request-method", "POST")];
                let answer = tenant.send(method.clone(), path, &headers, None).await;
                let what = format!("{origin} {method} {path}");
                assert!(answer.headers.get("access-control-allow-origin").is_none(), "{what}");
                assert!(answer.headers.get("access-control-allow-credentials").is_none(), "{what}");
            }
        }
        let open = get(&tenant, METADATA, &[("origin", "https://evil.example")]).await;
        assert_eq!(open.headers["access-control-allow-origin"], "*");
        assert!(open.headers.get("access-control-allow-credentials").is_none());
    }
}
