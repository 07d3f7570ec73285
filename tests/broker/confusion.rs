//! Confusing the broker: another app's code (attack M4), parameters smuggled to WeCom (M16).

use e2e::{Pkce, Tenant, World, on_every_backend};
use serde_json::json;
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::steps::{
    GETUSERINFO, calls, client, offers_a_way_back, parameter, redemptions, refused, signs_in, sub,
    to_callback, to_wecom, with,
};

/// Makes a source of a corp and links it to the tenant's app.
async fn make_source(tenant: &Tenant, identifier: &str, corp: &str, agent: i64, secret: &str) {
    let body = json!({
        "identifier": identifier, "kind": "wecom_qr", "mode": "self_built", "corp": corp,
        "agent_id": agent, "secret": secret, "display_names": { "en": identifier },
    });
    let source = tenant.admin.post(&tenant.path("/identity-sources"), body).await;
    let source = source["id"].as_str().unwrap();
    let link = format!("/apps/{}/identity-sources/{source}", tenant.app.id);
    tenant.admin.put(&tenant.path(&link), json!({ "position": 9 })).await;
}

/// Starts the source of this identifier: WeCom's URL as the browser gets it.
async fn start(tenant: &Tenant, browser: &mut e2e::Browser, pkce: &Pkce, identifier: &str) -> Url {
    let request = tenant.authorize_url(pkce, &[("connection", identifier)]);
    let login = browser.get(&request).await.location().unwrap();
    let start = browser.get(login.as_str()).await.location().unwrap();
    browser.get(start.as_str()).await.location().unwrap()
}

/// A second app of the tenant's corp at WeCom, registered for the same host.
fn second_agent(world: &World, tenant: &Tenant) -> (i64, &'static str) {
    let mut all = world.wecom().world();
    let corp = all.corps.iter_mut().find(|corp| corp.corp_id == tenant.corp_id).unwrap();
    let mut app = wecom_sim::App::new(1_000_003, "secret-of-the-second-agent", "Second");
    app.trusted_domain = Some(tenant.host.clone());
    app.web_login_callback_domain = Some(tenant.host.clone());
    corp.apps.push(app);
    world.wecom().set_world(all);
    (1_000_003, "secret-of-the-second-agent")
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// Parameters with which an attacker tries to change what WeCom is asked.
const SMUGGLED: [(&str, &str); 14] = [
    ("appid", "wwevil"),
    ("corp_id", "wwevil"),
    ("corpid", "wwevil"),
    ("agentid", "666"),
    ("login_type", "ServiceApp"),
    ("lang", "zh"),
    ("href", "https://evil.example/style.css"),
    ("redirect", "https://evil.example/"),
    ("redirect_type", "callback"),
    ("usertype", "admin"),
    ("version", "1"),
    ("hd", "evil.example"),
    ("acr_values", "\r\nLocation: https://evil.example/&appid=wwevil#"),
    ("login_hint", "zhangsan&appid=wwevil#wechat_redirect"),
];

on_every_backend! {
    async fn m4_a_source_that_points_at_another_tenants_app_gets_nobody(world: World) {
        let victim = world.tenant("victim").await;
        let attacker = world.tenant("attacker").await;
        let corp = json!({ "corp_id": victim.corp_id, "display_name": "not mine" });
        let corp = attacker.admin.post(&attacker.path("/corps"), corp).await;
        let corp = corp["id"].as_str().unwrap();
        make_source(&attacker, "stolen", corp, victim.agent_id, "a-guess").await;

        // WeCom does not send anybody to a host that is not the app's.
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let wecom = start(&attacker, &mut browser, &pkce, "stolen").await;
        assert_eq!(parameter(&wecom, "appid").as_deref(), Some(victim.corp_id.as_str()));
        assert!(attacker.confirm(&mut browser, &wecom, "zhangsan").await.location().is_none());

        // A code of the victim's, brought to the attacker's callbacks by the attacker's states.
        let (mut person, own) = (world.browser(), Pkce::new());
        let callback = to_callback(&victim, &mut person, &own, "zhangsan").await;
        let code = parameter(&callback, "code").unwrap();
        for (identifier, page_code) in [("qr", "state_unknown"), ("stolen", "source_misconfigured")]
        {
            let (mut browser, pkce) = (world.browser(), Pkce::new());
            let state =
                parameter(&start(&attacker, &mut browser, &pkce, identifier).await, "state")
                    .unwrap();
            let path =
                format!("/connections/social/{identifier}/callback?code={code}&state={state}");
            let page = browser.get(attacker.url(&path)).await;
            refused(&attacker, &page, page_code).await;
            offers_a_way_back(&page);
        }
        assert!(attacker.users().await.is_empty());
        // The attacker's state is worth nothing at the victim's.
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let state = parameter(&start(&attacker, &mut browser, &pkce, "qr").await, "state").unwrap();
        let before = calls(&world, GETUSERINFO);
        let page = person.get(with(&callback, "state", Some(&state)).as_str()).await;
        refused(&victim, &page, "state_unknown").await;
        assert_eq!(calls(&world, GETUSERINFO), before);

        // The code was not used up: the victim signs in.
        let answer = person.get(callback.as_str()).await;
        sub(&victim, &own, &answer).await;
        assert_eq!(victim.users().await.len(), 1);
    }

    async fn m4_a_code_is_good_for_the_source_that_it_was_asked_for(world: World) {
        let tenant = world.tenant("acme").await;
        let (agent, secret) = second_agent(&world, &tenant);
        make_source(&tenant, "second", &tenant.corp, agent, secret).await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let first = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
        let wecom = start(&tenant, &mut browser, &pkce, "second").await;
        let second = tenant.confirm(&mut browser, &wecom, "zhangsan").await.location().unwrap();
        assert!(second.path().contains("/second/"));

        // The state of one with the callback of the other: nothing is redeemed.
        let mut crossed = second.clone();
        crossed.set_path(first.path());
        refused(&tenant, &browser.get(crossed.as_str()).await, "state_unknown").await;
        assert_eq!(calls(&world, GETUSERINFO), 0);

        // The code of one app with the state and the callback of the other: WeCom refuses it.
        let code = parameter(&second, "code").unwrap();
        let page = browser.get(with(&first, "code", Some(&code)).as_str()).await;
        assert!(page.code().is_some() && page.location().is_none(), "{page:?}");
        assert!(tenant.users().await.is_empty());
        let user = signs_in(&tenant, "zhangsan").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let wecom = start(&tenant, &mut browser, &pkce, "second").await;
        let back = tenant.confirm(&mut browser, &wecom, "zhangsan").await.location().unwrap();
        let answer = browser.get(back.as_str()).await;
        assert_eq!(sub(&tenant, &pkce, &answer).await, user);
    }

    async fn m4_the_corp_never_comes_from_the_query(world: World) {
        let tenant = world.tenant("acme").await;
        let other = world.tenant("other").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let mut callback = to_callback(&tenant, &mut browser, &pkce, "zhangsan").await;
        let corp = other.corp_id.as_str();
        let forged = [("appid", corp), ("corp_id", corp), ("agentid", "1"), ("userid", "wangwu")];
        callback.query_pairs_mut().extend_pairs(forged);
        let answer = browser.get(callback.as_str()).await;
        let user = sub(&tenant, &pkce, &answer).await;
        let path = tenant.path(&format!("/users/{user}/identities"));
        let identity = tenant.admin.get(&path).await["items"][0].clone();
        assert_eq!(identity["corp_id"], tenant.corp_id.as_str());
        assert_eq!(identity["userid"], "zhangsan");
        assert_eq!(redemptions(&world, &callback), 1);
        assert_eq!(signs_in(&tenant, "zhangsan").await, user);
    }

    async fn m16_nothing_of_the_request_reaches_wecoms_url(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let mut request = SMUGGLED.to_vec();
        request.push(("scope", "openid snsapi_privateinfo"));
        request.push(("state", "../../evil&appid=wwevil"));
        let page = browser.follow(tenant.authorize_url(&pkce, &request)).await;
        let link = page.links().into_iter().find(|link| link.contains("/social/qr")).unwrap();
        let mut start = Url::parse(&tenant.url(&link)).unwrap();
        start.query_pairs_mut().extend_pairs(SMUGGLED).extend_pairs([
            ("scope", "snsapi_privateinfo"),
            ("state", "chosen"),
            ("redirect_uri", "https://evil.example/"),
            ("panel_size", "small&appid=wwevil"),
        ]);
        let answer = browser.get(start.as_str()).await;
        let location = answer.headers["location"].to_str().unwrap();
        let state = parameter(&answer.location().unwrap(), "state").unwrap();
        assert!(state.len() == 43 && state.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let callback = encoded(&tenant.url("/connections/social/qr/callback"));
        let expected = format!(
            "{}/wwlogin/sso/login?login_type=CorpApp&appid={}&agentid={}&redirect_uri={callback}\
             &state={state}&lang=en",
            world.wecom_base(),
            tenant.corp_id,
            tenant.agent_id,
        );
        assert_eq!(location, expected);
        let wecom = answer.location().unwrap();
        let back = tenant.confirm(&mut browser, &wecom, "zhangsan").await.location().unwrap();
        let answer = browser.get(back.as_str()).await;
        assert_eq!(answer.parameter("state").as_deref(), Some("../../evil&appid=wwevil"));
        sub(&tenant, &pkce, &answer).await;
    }

    async fn m16_nothing_of_the_request_reaches_the_clients_url(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut phone, pkce) = (client(&tenant, "zhangsan"), Pkce::new());
        let login = phone.get(tenant.authorize_url(&pkce, &SMUGGLED)).await.location().unwrap();
        let mut start = phone.get(login.as_str()).await.location().unwrap();
        assert_eq!(start.path(), "/connections/social/mobile");
        start.query_pairs_mut().extend_pairs(SMUGGLED).extend_pairs([
            ("scope", "snsapi_privateinfo"),
            ("response_type", "token"),
            ("state", "chosen"),
        ]);
        let answer = phone.get(start.as_str()).await;
        let state = parameter(&answer.location().unwrap(), "state").unwrap();
        let callback = encoded(&tenant.url("/connections/social/mobile/callback"));
        let expected = format!(
            "{}/connect/oauth2/authorize?appid={}&redirect_uri={callback}&response_type=code\
             &scope=snsapi_base&state={state}&agentid={}#wechat_redirect",
            world.wecom_base(),
            tenant.corp_id,
            tenant.agent_id,
        );
        assert_eq!(answer.headers["location"].to_str().unwrap(), expected);
        let answer = phone.follow(answer.location().unwrap().as_str()).await;
        sub(&tenant, &pkce, &answer).await;
        // The same state twice is never given out.
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let one = parameter(&to_wecom(&tenant, &mut browser, &pkce).await, "state");
        let two = parameter(&to_wecom(&tenant, &mut browser, &pkce).await, "state");
        assert_ne!(one, two);
    }
}
