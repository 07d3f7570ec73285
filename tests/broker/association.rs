//! Which user an upstream person is.

use broker::{Address, Callback, Error, Next, Reason};
use e2e::{Pkce, Tenant, on_every_backend};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::normal::Email;
use store::policy::Proof;
use wecom_sim::{Fault, FaultKind, Member, Withheld};

use crate::races::Bulk;
use crate::steps::{
    GETUSERINFO, USER_GET, client, events, offers_a_way_back, refused, signs_in, sub,
};

/// The only user that the tenant has.
async fn only_user(tenant: &Tenant) -> Value {
    let users = tenant.users().await;
    assert_eq!(users.len(), 1, "{users:?}");
    users[0].clone()
}

/// The userid that the only identity of a user was made with.
async fn userid_of(tenant: &Tenant, user: &str) -> String {
    let path = tenant.path(&format!("/users/{user}/identities"));
    let identities = tenant.admin.get(&path).await["items"].as_array().unwrap().clone();
    assert_eq!(identities.len(), 1, "{identities:?}");
    assert_eq!(identities[0]["corp_id"], tenant.corp_id.as_str());
    identities[0]["userid"].as_str().unwrap().to_owned()
}

/// WeCom's next answers are about this person, letter by letter.
fn next_is(tenant: &Tenant, userid: &str) {
    let info = json!({ "errcode": 0, "errmsg": "ok", "userid": userid });
    let member =
        json!({ "errcode": 0, "errmsg": "ok", "userid": userid, "name": userid, "status": 1 });
    for (path, body) in [(GETUSERINFO, info), (USER_GET, member)] {
        tenant.world.wecom().inject(Fault::once(path, FaultKind::Body(body.to_string())));
    }
}

/// A sign-in by the source of this identifier, that WeCom answers for this person.
pub(crate) async fn signs_in_as(tenant: &Tenant, identifier: &str, userid: &str) -> String {
    let (mut browser, pkce) = (tenant.world.browser(), Pkce::new());
    let wecom = browser.follow(tenant.authorize_url(&pkce, &[("connection", identifier)])).await;
    let back = tenant.confirm(&mut browser, &wecom.url, "zhangsan").await;
    next_is(tenant, userid);
    let answer = browser.get(back.location().unwrap().as_str()).await;
    sub(tenant, &pkce, &answer).await
}

on_every_backend! {
    async fn the_first_sign_in_makes_the_user_and_the_second_finds_it(world: World) {
        let tenant = world.tenant("acme").await;
        let first = signs_in(&tenant, "zhangsan").await;
        let second = signs_in(&tenant, "zhangsan").await;
        assert_eq!(first, second);
        assert_eq!(only_user(&tenant).await["id"], first.as_str());
        let events = events(&tenant, "").await;
        let of = |action: &str| {
            let named = events.iter().filter(|event| event["action"] == action);
            named.filter(|event| event["result"] == "ok" && event["user"] == first.as_str()).count()
        };
        assert_eq!((of("user.create"), of("sign_in")), (1, 2), "{events:?}");
        assert_ne!(signs_in(&tenant, "wangwu").await, first);
        assert_eq!(tenant.users().await.len(), 2);
    }

    async fn a_self_built_apps_userid_is_compared_ignoring_case_and_kept_as_received(world: World) {
        let tenant = world.tenant("acme").await;
        let first = signs_in(&tenant, "LiSi").await;
        assert_eq!(userid_of(&tenant, &first).await, "LiSi");
        world.wecom().set_member(&tenant.corp_id, Member::new("lisi", "李四")).unwrap();
        assert_eq!(signs_in(&tenant, "lisi").await, first);
        assert_eq!(signs_in_as(&tenant, "qr", "LISI").await, first);
        assert_eq!(userid_of(&tenant, &first).await, "LiSi");
        only_user(&tenant).await;
    }

    async fn an_agencys_userid_is_compared_letter_by_letter(world: World) {
        let tenant = world.tenant("acme").await;
        let corp =
            world.wecom().world().corps.into_iter().find(|corp| corp.corp_id == tenant.corp_id);
        let body = json!({
            "identifier": "agency", "kind": "wecom_qr", "mode": "agency", "corp": tenant.corp,
            "agent_id": tenant.agent_id, "secret": corp.unwrap().apps[0].secret,
            "display_names": { "en": "Agency" },
        });
        let source = tenant.admin.post(&tenant.path("/identity-sources"), body).await;
        let link =
            format!("/apps/{}/identity-sources/{}", tenant.app.id, source["id"].as_str().unwrap());
        tenant.admin.put(&tenant.path(&link), json!({ "position": 5 })).await;
        let one = signs_in_as(&tenant, "agency", "woAbCdEf").await;
        assert_eq!(signs_in_as(&tenant, "agency", "woAbCdEf").await, one);
        let other = signs_in_as(&tenant, "agency", "woabcdef").await;
        assert_ne!(other, one);
        assert_eq!(userid_of(&tenant, &one).await, "woAbCdEf");
        assert_eq!(userid_of(&tenant, &other).await, "woabcdef");
    }

    async fn both_sources_of_a_corp_lead_to_one_user(world: World) {
        let tenant = world.tenant("acme").await;
        let (mut phone, pkce) = (client(&tenant, "zhangsan"), Pkce::new());
        let answer = phone.follow(tenant.authorize_url(&pkce, &[])).await;
        let by_mobile = sub(&tenant, &pkce, &answer).await;
        assert_eq!(signs_in(&tenant, "zhangsan").await, by_mobile);
        only_user(&tenant).await;
    }

    async fn a_profile_is_refreshed_and_never_overwritten_by_nothing(world: World) {
        let tenant = world.tenant("acme").await;
        let wecom = world.wecom();
        let withhold = |yes| {
            let set = |app: &mut wecom_sim::App| app.created_after_2022_06_20 = yes;
            wecom.edit_app(&tenant.corp_id, tenant.agent_id, set)
        };
        let tell = |name: &str, mobile: Option<&str>| {
            let mut member = Member::new("zhangsan", name);
            member.mobile = mobile.map(str::to_owned);
            member.email = mobile.map(|_| "private@mail.example".to_owned());
            member.biz_mail = mobile.map(|mobile| format!("{mobile}@acme.example"));
            member.avatar = mobile.map(|_| "http://wework.example/avatar.png".to_owned());
            wecom.set_member(&tenant.corp_id, member).unwrap();
        };
        let is = async |name: &str, mobile: &str| {
            let user = only_user(&tenant).await;
            assert_eq!(user["name"], name);
            assert_eq!(user["phone_number"], mobile);
            assert_eq!(user["email"], format!("{mobile}@acme.example"));
            assert_eq!(user["picture"], "https://wework.example/avatar.png");
        };
        withhold(false).unwrap();
        tell("张三", Some("13800000001"));
        signs_in(&tenant, "zhangsan").await;
        is("张三", "13800000001").await;
        for withheld in [Withheld::Absent, Withheld::Empty] {
            wecom.edit_rules(|rules| rules.withheld = withheld);
            withhold(true).unwrap();
            tell("", Some("13800000002"));
            signs_in(&tenant, "zhangsan").await;
            is("张三", "13800000001").await;
            withhold(false).unwrap();
            tell("", None);
            signs_in(&tenant, "zhangsan").await;
            is("张三", "13800000001").await;
        }
        tell("张三丰", Some("13800000003"));
        signs_in(&tenant, "zhangsan").await;
        is("张三丰", "13800000003").await;
    }

    async fn login_only_lets_existing_users_in_and_makes_none(world: World) {
        let tenant = world.tenant("acme").await;
        let qr = tenant.path(&format!("/identity-sources/{}", tenant.qr));
        let known = signs_in(&tenant, "zhangsan").await;
        tenant.admin.patch(&qr, json!({ "login_only": true })).await;
        assert_eq!(signs_in(&tenant, "zhangsan").await, known);
        let (mut browser, pkce) = (world.browser(), Pkce::new());
        let page = tenant.sign_in(&mut browser, &tenant.authorize_url(&pkce, &[]), "wangwu").await;
        refused(&tenant, &page, "login_only").await;
        assert_eq!(page.status, 403);
        offers_a_way_back(&page);
        only_user(&tenant).await;
        tenant.admin.patch(&qr, json!({ "login_only": false })).await;
        assert_ne!(signs_in(&tenant, "wangwu").await, known);
    }
}

on_every_backend! {
    async fn a_code_by_mail_is_no_proof_where_no_mail_is_sent(world: World) {
        // These brokers have no relay for mail; the nodes of the other tests have one.
        let bulk = Bulk::start(&world).await;
        let tenant = &bulk.tenant;
        let source = tenant.path(&format!("/identity-sources/{}", tenant.qr));
        let policy = json!({ "proofs": ["email_code", "password"] });
        let body = json!({ "association": "ask", "association_policy": policy });
        tenant.admin.patch(&source, body).await;
        let pending = bulk.pending(0, "LiSi").await;
        let code = Some(SecretString::from(pending.code.clone()));
        let callback = Callback { identifier: "qr", state: &pending.state, code };
        let (broker, visitor) = (bulk.broker(0), &pending.visitor);
        let next = broker.callback(&bulk.row, visitor, callback).await.unwrap();
        let Next::ToBind(id) = next else { panic!("{next:?}") };
        let asking = broker.asking(&bulk.row, &id, visitor).await.unwrap();
        assert_eq!(asking.pending.ask.proofs, [Proof::Password]);
        let address = Address::Email(Email::parse("lisi@acme.example").unwrap());
        let sent = broker.send_binding_code(&bulk.row, &id, visitor, &address).await;
        let Err(Error::Refused(refused)) = sent else { panic!("{sent:?}") };
        assert_eq!(refused.reason, Reason::NotOffered);
    }
}
