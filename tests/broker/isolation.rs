//! Nothing of one tenant is worth anything at another (attacks N1, N3).

use e2e::{Answer, Browser, Pkce, Tenant, garbage_like, on_every_backend};
use reqwest::Method;
use serde_json::{Value, json};

use crate::steps::{
    BROWSER, GETUSERINFO, SESSION, calls, cookie, parameter, refused, signs_in, sso, sub,
    to_callback, to_wecom, with,
};

/// What an answer tells an attacker, apart from what is random in each.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    status: u16,
    code: Option<String>,
    location: Option<String>,
    json: Option<String>,
}

fn told(answer: &Answer) -> Told {
    assert!(answer.parameter("code").is_none(), "{answer:?}");
    Told {
        status: answer.status.as_u16(),
        code: answer.code(),
        location: answer.location().map(String::from),
        json: serde_json::from_str::<Value>(&answer.body).ok().map(|mut body| {
            // The console names each answer.
            if let Some(body) = body.as_object_mut() {
                body.remove("trace");
                body.remove("instance");
            }
            body.to_string()
        }),
    }
}

/// Everything that the console shows of a tenant.
async fn everything(tenant: &Tenant) -> Vec<Value> {
    let mut all = Vec::new();
    for what in ["/users", "/apps", "/identity-sources", "/corps", "/api-keys"] {
        all.push(tenant.admin.get(&tenant.path(what)).await["items"].clone());
    }
    // The key that asks is marked as used each time.
    for key in all[4].as_array_mut().unwrap() {
        key.as_object_mut().unwrap().remove("last_used_at");
    }
    all
}

/// A browser that has a cookie of its own at the tenant, and another value of one.
fn with_cookie(tenant: &Tenant, name: &str, value: &str) -> Browser {
    let mut browser = tenant.world.browser();
    browser.set_cookie(&tenant.url("/"), name, value);
    browser
}

/// Everything that a person and an app of one tenant hold.
struct Artefacts {
    session: String,
    browser: String,
    interaction: String,
    csrf: String,
    callback: url::Url,
    code: String,
    access_token: String,
    id_token: String,
    pkce: Pkce,
    person: Browser,
}

impl Artefacts {
    async fn of(tenant: &Tenant) -> Self {
        let (mut person, pkce) = (tenant.world.browser(), Pkce::new());
        let callback = to_callback(tenant, &mut person, &pkce, "zhangsan").await;
        let login = person.follow(tenant.authorize_url(&pkce, &[])).await;
        let answer = tenant.sign_in(&mut person, &tenant.authorize_url(&pkce, &[]), "wangwu").await;
        let tokens = tenant.redeem(&answer.parameter("code").unwrap(), &pkce).await.json();
        let code = sso(tenant, &mut person, &pkce).await.parameter("code").unwrap();
        let (_, csrf) = login.body.split_once("name=\"csrf\" value=\"").unwrap();
        Self {
            session: cookie(tenant, &person, SESSION).unwrap(),
            browser: cookie(tenant, &person, BROWSER).unwrap(),
            interaction: parameter(&login.url, "interaction").unwrap(),
            csrf: csrf.split_once('"').unwrap().0.to_owned(),
            callback,
            code,
            access_token: tokens["access_token"].as_str().unwrap().to_owned(),
            id_token: tokens["id_token"].as_str().unwrap().to_owned(),
            pkce,
            person,
        }
    }
}

on_every_backend! {
    async fn n1_cookies_and_interactions_of_another_tenant(world: World) {
        let (one, two) = (world.tenant("one").await, world.tenant("two").await);
        signs_in(&two, "zhangsan").await;
        let mut theirs = Artefacts::of(&one).await;
        let before = everything(&two).await;

        let silent = two.authorize_url(&Pkce::new(), &[("prompt", "none")]);
        let real = with_cookie(&two, SESSION, &theirs.session).get(&silent).await;
        let wrong = with_cookie(&two, SESSION, &garbage_like(&theirs.session)).get(&silent).await;
        assert_eq!(real.parameter("error").as_deref(), Some("login_required"));
        assert_eq!(told(&real), told(&wrong));

        let paths = ["/login?interaction=", "/connections/social/qr?interaction="];
        for path in paths {
            let mut browser = with_cookie(&two, BROWSER, &theirs.browser);
            let real = browser.get(two.url(&format!("{path}{}", theirs.interaction))).await;
            let wrong = garbage_like(&theirs.interaction);
            let wrong = browser.get(two.url(&format!("{path}{wrong}"))).await;
            refused(&two, &real, "interaction_expired").await;
            assert_eq!(told(&real), told(&wrong));
        }
        let cancel = |id: &str| two.url(&format!("/login/cancel?interaction={id}"));
        let form = [("csrf", theirs.csrf.as_str())];
        let mut browser = with_cookie(&two, BROWSER, &theirs.browser);
        let real = browser.post(cancel(&theirs.interaction), &form).await;
        let wrong = browser.post(cancel(&garbage_like(&theirs.interaction)), &form).await;
        assert_eq!(told(&real), told(&wrong));
        refused(&two, &real, "interaction_expired").await;

        assert_eq!(everything(&two).await, before);
        // All of it is still good where it belongs.
        let login = one.url(&format!("/login?interaction={}", theirs.interaction));
        assert_eq!(theirs.person.get(login).await.status, 200);
        assert!(sso(&one, &mut theirs.person, &theirs.pkce).await.parameter("code").is_some());
    }

    async fn n1_upstream_states_of_another_tenant(world: World) {
        let (one, two) = (world.tenant("one").await, world.tenant("two").await);
        signs_in(&two, "zhangsan").await;
        let mut theirs = Artefacts::of(&one).await;
        let before = everything(&two).await;
        let redeemed = calls(&world, GETUSERINFO);
        let path = |url: &url::Url| two.url(&format!("{}?{}", url.path(), url.query().unwrap()));
        let state = parameter(&theirs.callback, "state").unwrap();
        let garbage = with(&theirs.callback, "state", Some(&garbage_like(&state)));
        let mut browser = with_cookie(&two, BROWSER, &theirs.browser);
        let real = browser.get(path(&theirs.callback)).await;
        let wrong = browser.get(path(&garbage)).await;
        refused(&two, &real, "state_unknown").await;
        assert_eq!(told(&real), told(&wrong));
        // A sign-in of the second tenant's own, finished with the first one's state.
        let (mut own, pkce) = (world.browser(), Pkce::new());
        let wecom = to_wecom(&two, &mut own, &pkce).await;
        refused(&two, &own.get(path(&theirs.callback)).await, "state_unknown").await;
        assert_eq!(calls(&world, GETUSERINFO), redeemed);
        assert_eq!(everything(&two).await, before);
        let back = two.confirm(&mut own, &wecom, "zhangsan").await.location().unwrap();
        let answer = own.get(back.as_str()).await;
        sub(&two, &pkce, &answer).await;
        let answer = theirs.person.get(theirs.callback.as_str()).await;
        sub(&one, &theirs.pkce, &answer).await;
    }

    async fn n1_codes_and_tokens_of_another_tenant(world: World) {
        let (one, two) = (world.tenant("one").await, world.tenant("two").await);
        signs_in(&two, "zhangsan").await;
        let theirs = Artefacts::of(&one).await;
        let before = everything(&two).await;
        // A code, with the credentials of either app.
        let real = two.redeem(&theirs.code, &theirs.pkce).await;
        let wrong = two.redeem(&garbage_like(&theirs.code), &theirs.pkce).await;
        assert_eq!(real.json()["error"], "invalid_grant");
        assert_eq!(told(&real), told(&wrong));
        let form = [
            ("grant_type", "authorization_code"),
            ("code", theirs.code.as_str()),
            ("redirect_uri", one.app.redirect_uri.as_str()),
            ("code_verifier", &theirs.pkce.verifier),
        ];
        let real = two.token(&one.app, &form).await;
        let mut nobody = one.app.clone();
        nobody.id = uuid::Uuid::from_u128(7).to_string();
        let wrong = two.token(&nobody, &form).await;
        assert_eq!(
            (real.status.as_u16(), real.json()["error"].as_str()),
            (401, Some("invalid_client"))
        );
        assert_eq!(told(&real), told(&wrong));
        // An access token.
        let (real, wrong) = (&theirs.access_token, garbage_like(&theirs.access_token));
        let (real, wrong) = (two.userinfo(real).await, two.userinfo(&wrong).await);
        assert_eq!(real.status, 401);
        assert_eq!(told(&real), told(&wrong));
        // An ID token as a hint.
        let hint = |token: &str| {
            two.authorize_url(
                &Pkce::new(),
                &[("id_token_hint", token), ("code_challenge", &theirs.pkce.challenge)],
            )
        };
        let real = world.browser().get(hint(&theirs.id_token)).await;
        let wrong = world.browser().get(hint(&garbage_like(&theirs.id_token))).await;
        assert_eq!(real.parameter("error").as_deref(), Some("invalid_request"));
        assert_eq!(told(&real), told(&wrong));
        let end = |token: &str| two.url(&format!("/oidc/session/end?id_token_hint={token}"));
        let real = world.browser().get(end(&theirs.id_token)).await;
        let wrong = world.browser().get(end(&garbage_like(&theirs.id_token))).await;
        refused(&two, &real, "invalid_request").await;
        assert_eq!(told(&real), told(&wrong));
        // A client id.
        let client = |id: &str| two.authorize_url(&Pkce::new(), &[("client_id", id)]);
        let real = world.browser().get(client(&one.app.id)).await;
        let wrong = world.browser().get(client(&nobody.id)).await;
        refused(&two, &real, "unknown_client").await;
        assert_eq!(told(&real), told(&wrong));

        assert_eq!(everything(&two).await, before);
        assert_eq!(one.userinfo(&theirs.access_token).await.status, 200);
        assert!(one.redeem(&theirs.code, &theirs.pkce).await.status.is_success());
        signs_in(&two, "zhangsan").await;
    }

    async fn n1_api_keys_of_another_tenant(world: World) {
        let (one, two) = (world.tenant("one").await, world.tenant("two").await);
        let user = signs_in(&two, "zhangsan").await;
        let before = everything(&two).await;
        let nobody = uuid::Uuid::from_u128(7);
        let ids = [
            ("users", user.as_str()),
            ("apps", &two.app.id),
            ("identity-sources", &two.qr),
            ("corps", &two.corp),
        ];
        for (what, id) in ids {
            for method in [Method::GET, Method::PATCH, Method::DELETE] {
                let body = (method == Method::PATCH).then(|| json!({ "status": "suspended" }));
                let call = async |path: String| {
                    let headers = [("if-match", "*")];
                    one.admin.call(method.clone(), &path, &headers, body.clone()).await
                };
                let real = call(two.path(&format!("/{what}/{id}"))).await;
                let wrong = call(format!("/tenants/{nobody}/{what}/{id}")).await;
                // Another tenant's object under one's own path.
                let nested = call(one.path(&format!("/{what}/{id}"))).await;
                assert_eq!((real.status.as_u16(), nested.status.as_u16()), (404, 404), "{what}");
                assert_eq!(told(&real), told(&wrong), "{what} {method}");
            }
        }
        let list = one.admin.call(Method::GET, &two.path("/users"), &[], None).await;
        assert_eq!(list.status, 404);
        assert_eq!(everything(&two).await, before);
        assert_eq!(signs_in(&two, "zhangsan").await, user);
        one.admin.get(&one.path("/users")).await;
    }

    async fn n3_one_person_in_two_tenants_is_two_users(world: World) {
        let (one, two) = (world.tenant("one").await, world.tenant("two").await);
        // The second tenant has the first one's corp as well, by the same app at WeCom.
        let corps = world.wecom().world().corps;
        let secret =
            corps.iter().find(|corp| corp.corp_id == one.corp_id).unwrap().apps[0].secret.clone();
        world
            .wecom()
            .set_web_login_callback_domain(&one.corp_id, one.agent_id, Some(&two.host))
            .unwrap();
        let corp = json!({ "corp_id": one.corp_id, "display_name": "the same corp" });
        let corp = two.admin.post(&two.path("/corps"), corp).await;
        let body = json!({
            "identifier": "shared", "kind": "wecom_qr", "mode": "self_built", "corp": corp["id"],
            "agent_id": one.agent_id, "secret": secret, "display_names": { "en": "Shared" },
        });
        let source = two.admin.post(&two.path("/identity-sources"), body).await;
        let link =
            format!("/apps/{}/identity-sources/{}", two.app.id, source["id"].as_str().unwrap());
        two.admin.put(&two.path(&link), json!({ "position": 3 })).await;

        let first = signs_in(&one, "zhangsan").await;
        // The same userid of another corp.
        let second = signs_in(&two, "zhangsan").await;
        // The same person of the same corp at another tenant.
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let wecom = browser.follow(two.authorize_url(&pkce, &[("connection", "shared")])).await;
        let back = two.confirm(&mut browser, &wecom.url, "zhangsan").await.location().unwrap();
        let answer = browser.get(back.as_str()).await;
        let third = sub(&two, &pkce, &answer).await;
        assert!(first != second && second != third && first != third);
        assert_eq!((one.users().await.len(), two.users().await.len()), (1, 2));
        // What happens to one happens to no other.
        one.admin.delete(&one.path(&format!("/users/{first}"))).await;
        assert_eq!(signs_in(&two, "zhangsan").await, second);
        let answer = sso(&two, &mut browser, &pkce).await;
        assert_eq!(sub(&two, &pkce, &answer).await, third);
        assert_ne!(signs_in(&one, "zhangsan").await, first);
    }

    async fn n3_two_tenants_in_one_browser_keep_two_sessions(world: World) {
        let (one, two) = (world.tenant("one").await, world.tenant("two").await);
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let mut subs = Vec::new();
        for tenant in [&one, &two] {
            let answer =
                tenant.sign_in(&mut browser, &tenant.authorize_url(&pkce, &[]), "zhangsan").await;
            subs.push(sub(tenant, &pkce, &answer).await);
        }
        assert_ne!(cookie(&one, &browser, SESSION), cookie(&two, &browser, SESSION));
        for (tenant, expected) in [&one, &two].into_iter().zip(&subs) {
            let names = browser.cookies[&tenant.host].keys();
            assert!(names.clone().all(|name| name.starts_with("__Host-")), "{names:?}");
            let answer = sso(tenant, &mut browser, &pkce).await;
            assert_eq!(&sub(tenant, &pkce, &answer).await, expected);
        }
    }

    async fn verification_files_are_served_on_their_tenants_host_alone(world: World) {
        let (one, two) = (world.tenant("one").await, world.tenant("two").await);
        for (name, content) in
            [("WW_verify_aBc123.txt", "aBc123"), ("WW_verify_Z.txt", " 企业 \r\n\t<b>&amp;\n")]
        {
            one.admin
                .put(
                    &one.path(&format!("/verification-files/{name}")),
                    json!({ "content": content }),
                )
                .await;
            let answer = world.browser().get(one.url(&format!("/{name}"))).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_bytes()), (200, content.as_bytes()));
            assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
            let answer = world.browser().get(two.url(&format!("/{name}"))).await;
            refused(&two, &answer, "not_found").await;
            assert_eq!(answer.status, 404);
        }
        one.admin.delete(&one.path("/verification-files/WW_verify_aBc123.txt")).await;
        assert_eq!(world.browser().get(one.url("/WW_verify_aBc123.txt")).await.status, 404);
        assert_eq!(world.browser().get(one.url("/WW_verify_Z.txt")).await.status, 200);
    }

    async fn an_unknown_host_is_not_found(world: World) {
        let tenant = world.tenant("acme").await;
        let port = world.ports()[0];
        let authorize = tenant.authorize_url(&Pkce::new(), &[]);
        let hosts =
            ["nobody.localhost", "acme.localhost.evil.example", "sub.acme.localhost", "127.0.0.1"];
        for host in hosts {
            for path in [
                "/login",
                "/oidc/.well-known/openid-configuration",
                "/oidc/.well-known/jwks.json",
                "/WW_verify_a.txt",
                "/",
            ] {
                let answer = world.browser().get(format!("http://{host}:{port}{path}")).await;
                assert_eq!(answer.status, 404, "{host}{path}");
                assert_eq!(answer.code().as_deref(), Some("unknown_host"), "{host}{path}");
            }
            let answer = world
                .browser()
                .get(authorize.replace(&tenant.host, &format!("{host}:{port}")))
                .await;
            assert_eq!(answer.code().as_deref(), Some("unknown_host"));
        }
        signs_in(&tenant, "zhangsan").await;
    }
}
