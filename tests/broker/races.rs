//! Races: many at once, over HTTP on each deployment, and in bulk on the brokers of two nodes.

use std::time::{Duration, Instant};

use broker::wecom::WeCom;
use broker::{Broker, Callback, Next, SessionRules, Start, Visitor};
use e2e::{Backend, Browser, Pkce, Tenant, World, on_every_backend};
use futures_util::future::join_all;
use oidc::client_auth::Shown;
use oidc::{Caller, Endpoint, Params, Provider, authorize, token};
use secrecy::SecretString;
use serde_json::json;
use url::Url;
use wecom_sim::Member;

use crate::steps::{
    GETTOKEN, GETUSERINFO, SESSION, calls, cookie, parameter, redemptions, sso, to_callback,
};

/// Adds a member whom the tenant's app sees.
pub(crate) fn add_member(tenant: &Tenant, userid: &str) {
    let wecom = tenant.world.wecom();
    wecom.set_member(&tenant.corp_id, Member::new(userid, userid)).unwrap();
    wecom.edit_app(&tenant.corp_id, tenant.agent_id, |app| app.visible.all = true).unwrap();
}

/// So many browsers, each about to open its callback for the member.
pub(crate) async fn at_the_callback(
    tenant: &Tenant,
    pkce: &Pkce,
    count: usize,
    member: impl Fn(usize) -> String,
) -> Vec<(Browser, Url)> {
    let ways = (0..count).map(|number| {
        let member = member(number);
        async move {
            let mut browser = tenant.world.browser();
            let callback = to_callback(tenant, &mut browser, pkce, &member).await;
            (browser, callback)
        }
    });
    join_all(ways).await
}

on_every_backend! {
    async fn a_cold_cache_asks_for_one_access_token(world: World) {
        let tenant = world.tenant("acme").await;
        (0..50).for_each(|number| add_member(&tenant, &format!("member{number}")));
        let pkce = Pkce::new();
        let mut ways =
            at_the_callback(&tenant, &pkce, 50, |number| format!("member{number}")).await;
        assert_eq!(calls(&world, GETTOKEN), 0);
        let answers =
            join_all(ways.iter_mut().map(|(browser, callback)| browser.get(callback.as_str())))
                .await;
        for answer in &answers {
            assert!(answer.parameter("code").is_some(), "{answer:?}");
        }
        assert_eq!(calls(&world, GETTOKEN), 1);
        assert_eq!(calls(&world, GETUSERINFO), 50);
        assert_eq!(tenant.users().await.len(), 50);
    }

    async fn first_sign_ins_of_one_person_at_once_make_one_user(world: World) {
        let tenant = world.tenant("acme").await;
        let pkce = Pkce::new();
        for round in 0..10 {
            let userid = format!("Person{round}");
            add_member(&tenant, &userid);
            let mut ways = at_the_callback(&tenant, &pkce, 10, |_| userid.clone()).await;
            let answers =
                join_all(ways.iter_mut().map(|(browser, callback)| browser.get(callback.as_str())))
                    .await;
            for answer in &answers {
                assert!(answer.parameter("code").is_some(), "{answer:?}");
            }
            assert_eq!(tenant.users().await.len(), round + 1);
        }
    }

    async fn d1_one_code_at_once_is_redeemed_once_at_most(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        tenant.sign_in(&mut browser, &tenant.authorize_url(&pkce, &[]), "zhangsan").await;
        for _ in 0..20 {
            let code = sso(&tenant, &mut browser, &pkce).await.parameter("code").unwrap();
            let answers = join_all((0..20).map(|_| tenant.redeem(&code, &pkce))).await;
            let good: Vec<_> = answers.iter().filter(|answer| answer.status.is_success()).collect();
            assert!(good.len() <= 1, "{good:?}");
            for answer in answers.iter().filter(|answer| !answer.status.is_success()) {
                assert_eq!(answer.json()["error"], "invalid_grant");
            }
            if let [good] = good.as_slice() {
                let access = good.json()["access_token"].as_str().unwrap().to_owned();
                assert_eq!(
                    tenant.userinfo(&access).await.status,
                    401,
                    "a code used twice costs the grant"
                );
            }
        }
        let code = sso(&tenant, &mut browser, &pkce).await.parameter("code").unwrap();
        let tokens = tenant.redeem(&code, &pkce).await.json();
        assert_eq!(tenant.userinfo(tokens["access_token"].as_str().unwrap()).await.status, 200);
    }

    async fn m3_one_callback_at_once_redeems_once(world: World) {
        let tenant = world.tenant("acme").await;
        let pkce = Pkce::new();
        for (browser, callback) in
            at_the_callback(&tenant, &pkce, 20, |_| "zhangsan".to_owned()).await
        {
            let mut browsers = vec![browser; 10];
            let answers =
                join_all(browsers.iter_mut().map(|browser| browser.get(callback.as_str()))).await;
            assert!(answers[0].parameter("code").is_some(), "{:?}", answers[0]);
            assert!(answers.iter().all(|answer| answer.location() == answers[0].location()));
            assert_eq!(redemptions(&world, &callback), 1);
            let session = cookie(&tenant, &browsers[0], SESSION);
            assert!(browsers.iter().all(|browser| cookie(&tenant, browser, SESSION) == session));
        }
        assert_eq!(tenant.users().await.len(), 1);
    }

    async fn j9_two_tabs_of_one_interaction_at_once_finish_it_once(world: World) {
        let tenant = world.tenant("acme").await;
        let pkce = Pkce::new();
        for _ in 0..10 {
            let mut browser = world.browser();
            let page = browser.follow(tenant.authorize_url(&pkce, &[])).await;
            let link = page.links().into_iter().find(|link| link.contains("/social/qr")).unwrap();
            let mut tabs = Vec::new();
            for member in ["zhangsan", "LiSi"] {
                let wecom = browser.get(tenant.url(&link)).await.location().unwrap();
                tabs.push(tenant.confirm(&mut browser, &wecom, member).await.location().unwrap());
            }
            let (mut one, mut two) = (browser.clone(), browser);
            let (a, b) = tokio::join!(one.get(tabs[0].as_str()), two.get(tabs[1].as_str()));
            let codes =
                [&a, &b].into_iter().filter(|answer| answer.parameter("code").is_some()).count();
            assert_eq!(codes, 1, "{a:?} {b:?}");
            let late = if a.code().is_some() { a } else { b };
            assert_eq!(late.code().as_deref(), Some("interaction_expired"));
        }
    }
}

on_every_backend! {
    async fn p11_of_members_who_match_one_account_at_once_one_is_linked(world: World) {
        let tenant = world.tenant("acme").await;
        let old = |app: &mut wecom_sim::App| {
            app.created_after_2022_06_20 = false;
            app.visible.all = true;
        };
        world.wecom().edit_app(&tenant.corp_id, tenant.agent_id, old).unwrap();
        let rules = json!([{ "field": "mobile", "trusted": true }, { "field": "biz_mail", "trusted": true }]);
        let body = json!({ "association": "field", "association_policy": { "rules": rules } });
        let source = tenant.path(&format!("/identity-sources/{}", tenant.qr));
        tenant.admin.patch(&source, body).await;
        let pkce = Pkce::new();
        for round in 0..8 {
            let (mobile, mail) = (format!("1380000000{round}"), format!("p{round}@acme.example"));
            let body = json!({
                "phone_number": mobile, "phone_number_verified": true, "email": mail, "email_verified": true,
            });
            let user = tenant.admin.post(&tenant.path("/users"), body).await;
            let names = [format!("mobile{round}"), format!("mail{round}")];
            let mut members = names.each_ref().map(|name| Member::new(name, name));
            members[0].mobile = Some(mobile);
            members[1].biz_mail = Some(mail);
            for member in members {
                world.wecom().set_member(&tenant.corp_id, member).unwrap();
            }
            let mut ways =
                at_the_callback(&tenant, &pkce, 6, |number| names[number % 2].clone()).await;
            let callbacks = ways.iter_mut().map(|(browser, callback)| browser.get(callback.as_str()));
            let answers = join_all(callbacks).await;
            let path = format!("/users/{}/identities", user["id"].as_str().unwrap());
            let linked = tenant.admin.get(&tenant.path(&path)).await;
            assert_eq!(linked["items"].as_array().unwrap().len(), 1, "{linked}");
            // The other one is told, in each browser.
            let signed_in = answers.iter().filter(|answer| answer.parameter("code").is_some());
            assert_eq!(signed_in.count(), 3, "{answers:?}");
        }
    }
}

/// The brokers of the nodes, driven without their web servers, and the tenant as they know it.
pub(crate) struct Bulk {
    pub(crate) tenant: Tenant,
    pub(crate) row: store::tenant::Tenant,
    brokers: Vec<Broker>,
    pkce: Pkce,
    http: reqwest::Client,
}

/// A sign-in that is about to be finished.
pub(crate) struct Pending {
    pub(crate) visitor: Visitor,
    pub(crate) state: String,
    pub(crate) code: String,
}

/// Calls nobody here.
fn outgoing() -> outgoing::GuardedClient {
    let policy = outgoing::Policy::default();
    outgoing::guarded_client(&policy, std::time::Duration::from_secs(1)).unwrap()
}

impl Bulk {
    pub(crate) async fn start(world: &World) -> Self {
        let tenant = world.tenant("acme").await;
        let brokers: Vec<Broker> = world
            .stores()
            .into_iter()
            .map(|store| Broker {
                wecom: WeCom::new(world.settings().wecom_settings().unwrap(), store.clone())
                    .unwrap(),
                provider: Provider::new(store, "http", outgoing(), SessionRules::default().idle),
                sessions: SessionRules::default(),
                passwords: password::Passwords::new(password::Settings::default()).unwrap(),
                notifier: notify::Notifier::new(None, &outgoing::Policy::default()).unwrap(),
            })
            .collect();
        let database = &world.store().database;
        let row = store::tenant::find(database, tenant.id.parse().unwrap()).await.unwrap().unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self { tenant, row, brokers, pkce: Pkce::new(), http }
    }

    pub(crate) fn broker(&self, number: usize) -> &Broker {
        &self.brokers[number % self.brokers.len()]
    }

    pub(crate) fn visitor() -> Visitor {
        let secret = SecretString::from(format!("hufu_browser_{}", uuid::Uuid::new_v4()));
        let browser = Some(broker::Browser::of(&secret));
        Visitor {
            browser,
            session: None,
            address: None,
            user_agent: None,
            language: notify::Language::En,
        }
    }

    /// What the broker makes of the app's request.
    pub(crate) async fn authorize(&self, number: usize, visitor: &Visitor) -> Next {
        let broker = self.broker(number);
        let url = Url::parse(&self.tenant.authorize_url(&self.pkce, &[])).unwrap();
        let params = Params::parse(url.query().unwrap().as_bytes()).unwrap();
        let (app, request) = authorize::parse(&broker.provider, &self.row, &params).await.unwrap();
        let browser = visitor.browser.clone().unwrap();
        broker.authorize(&self.row, &app, request, visitor, &browser).await.unwrap()
    }

    /// A sign-in of a member up to the callback.
    pub(crate) async fn pending(&self, number: usize, member: &str) -> Pending {
        let visitor = Self::visitor();
        let Next::Login(interaction) = self.authorize(number, &visitor).await else {
            panic!("nobody is signed in")
        };
        let errand = broker::Errand::SignIn;
        let start = Start { identifier: "qr", language: "zh", panel: None, errand };
        let broker = self.broker(number + 1);
        let url = broker.start(&self.row, &interaction.id, &visitor, start).await.unwrap();
        let mut url = Url::parse(&url).unwrap();
        url.set_path("/wwlogin/sso/choose");
        url.set_host(Some("127.0.0.1")).unwrap();
        url.query_pairs_mut().append_pair("userid", member);
        let answer = self.http.get(url).send().await.unwrap();
        let back = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        let (state, code) = (parameter(&back, "state").unwrap(), parameter(&back, "code").unwrap());
        Pending { visitor, state, code }
    }

    /// Where the app gets its code.
    async fn callback(&self, number: usize, pending: &Pending) -> String {
        let code = Some(SecretString::from(pending.code.clone()));
        let callback = Callback { identifier: "qr", state: &pending.state, code };
        let broker = self.broker(number);
        match broker.callback(&self.row, &pending.visitor, callback).await.unwrap() {
            Next::ToApp { response, session: Some(_) } => response.location(),
            other => panic!("{other:?}"),
        }
    }
}

/// Rounds and attempts of each bulk race: 2,000 first sign-ins, 4,000 callbacks, 4,000 codes.
const AT_ONCE: usize = 10;

async fn in_bulk(race: impl AsyncFnOnce(&Bulk)) {
    let world = World::start(Backend::Postgres).await;
    let bulk = Bulk::start(&world).await;
    assert_eq!(bulk.brokers.len(), 2);
    let began = Instant::now();
    race(&bulk).await;
    assert!(began.elapsed() < Duration::from_mins(3), "{:?}", began.elapsed());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bulk_of_first_sign_ins_makes_one_user_a_person() {
    in_bulk(async |bulk| {
        for round in 0..200 {
            let member = format!("Person{round}");
            add_member(&bulk.tenant, &member);
            let pending = join_all((0..AT_ONCE).map(|number| bulk.pending(number, &member))).await;
            let done = pending.iter().enumerate();
            join_all(done.map(|(number, pending)| bulk.callback(number, pending))).await;
        }
        let users = bulk.tenant.users().await;
        assert_eq!(users.len(), 200);
        let names: std::collections::HashSet<_> =
            users.iter().map(|user| user["name"].to_string()).collect();
        assert_eq!(names.len(), 200);
        assert_eq!(calls(&bulk.tenant.world, GETTOKEN), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bulk_of_callbacks_redeems_each_code_once() {
    in_bulk(async |bulk| {
        for _ in 0..80 {
            bulk.tenant.world.wecom().clear_journal();
            let pending = join_all((0..5).map(|number| bulk.pending(number, "zhangsan"))).await;
            let deliveries = pending
                .iter()
                .flat_map(|pending| (0..AT_ONCE).map(move |number| bulk.callback(number, pending)));
            let locations = join_all(deliveries).await;
            for same in locations.chunks(AT_ONCE) {
                assert!(same.iter().all(|location| *location == same[0]));
            }
            assert_eq!(calls(&bulk.tenant.world, GETUSERINFO), 5);
        }
        assert_eq!(bulk.tenant.users().await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bulk_of_token_requests_redeems_each_code_once_at_most() {
    in_bulk(async |bulk| {
        let pending = bulk.pending(0, "zhangsan").await;
        let code = Some(SecretString::from(pending.code.clone()));
        let callback = Callback { identifier: "qr", state: &pending.state, code };
        let next = bulk.broker(0).callback(&bulk.row, &pending.visitor, callback).await.unwrap();
        let Next::ToApp { session, .. } = next else { panic!("{next:?}") };
        let visitor = Visitor { session, ..pending.visitor };
        let mut double = 0;
        for round in 0..400 {
            let Next::ToApp { response, .. } = bulk.authorize(round, &visitor).await else {
                panic!("the session answers")
            };
            let code = parameter(&Url::parse(&response.location()).unwrap(), "code").unwrap();
            let attempts = (0..AT_ONCE).map(|number| redeem(bulk, number, &code));
            let good = join_all(attempts).await.into_iter().filter(|good| *good).count();
            double += usize::from(good > 1);
        }
        assert_eq!(double, 0, "codes were redeemed more than once");
        let Next::ToApp { response, .. } = bulk.authorize(0, &visitor).await else {
            panic!("the session answers")
        };
        let code = parameter(&Url::parse(&response.location()).unwrap(), "code").unwrap();
        assert!(redeem(bulk, 1, &code).await, "one at a time is good");
    })
    .await;
}

/// Whether a code gives tokens; if not, because of the code.
async fn redeem(bulk: &Bulk, number: usize, code: &str) -> bool {
    let app = &bulk.tenant.app;
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &app.redirect_uri),
            ("code_verifier", &bulk.pkce.verifier),
            ("client_id", &app.id),
        ])
        .finish();
    let params = Params::parse(body.as_bytes()).unwrap();
    let credentials = format!("{}:{}", app.id, app.secret.as_deref().unwrap());
    let basic = format!("Basic {}", base64(&credentials));
    let caller = Caller {
        endpoint: Endpoint::Token,
        method: "POST",
        authorization: Some(&basic),
        dpop: &[],
    };
    let (provider, id) = (&bulk.broker(number).provider, app.id.parse().unwrap());
    let row = store::app::find(&mut provider.store.tenant(bulk.row.id), id).await.unwrap();
    let shown = Shown::read(caller.authorization, &params).unwrap();
    let client = shown.prove(provider, &bulk.row, row).await.unwrap();
    match token::exchange(provider, &bulk.row, client, &caller, &params).await {
        Ok(_) => true,
        Err(oidc::Error::OAuth(error)) => {
            assert_eq!(error.code, oidc::ErrorCode::InvalidGrant);
            false
        }
        Err(other) => panic!("{other:?}"),
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
