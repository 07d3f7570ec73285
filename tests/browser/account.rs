//! People on their account's pages.

use e2e::on_every_backend;
use secrecy::SecretString;
use serde_json::json;
use store::account::AccountSettings;
use store::normal::{Email, Handle, Phone};
use wecom_sim::{Corp, Member};

use crate::stage::Stage;

const PASSWORD: &str = "correct horse battery";

/// A second corp of the tenant, with a source that the app is not linked to.
async fn branch(stage: &Stage) {
    let tenant = &stage.tenant;
    let corp_id = format!("{}b", tenant.corp_id);
    let mut corp = Corp::new(&corp_id, "Branch");
    corp.members = vec![Member::new("chenwei", "陈伟")];
    let mut app = wecom_sim::App::new(1_000_005, "secret-of-branch", "Branch app");
    app.web_login_callback_domain = Some(tenant.host.clone());
    corp.apps = vec![app];
    let mut all = tenant.world.wecom().world();
    all.corps.push(corp);
    tenant.world.wecom().set_world(all);
    let name = "虎符软件（上海）有限公司";
    let body = json!({ "corp_id": corp_id, "display_name": name });
    let corp = tenant.admin.post(&tenant.path("/corps"), body).await;
    let body = json!({
        "identifier": "branch", "kind": "wecom_qr", "mode": "self_built", "corp": corp["id"],
        "agent_id": 1_000_005, "secret": "secret-of-branch",
        "display_names": { "zh-CN": "上海公司扫码登录", "en": "Shanghai by QR code" },
    });
    tenant.admin.post(&tenant.path("/identity-sources"), body).await;
}

/// The account of LiSi, as an administrator makes it: with names and a password.
async fn furnish(stage: &Stage) {
    let tenant = &stage.tenant;
    let id = tenant.id.parse().unwrap();
    let store = tenant.world.store();
    let passwords = password::Passwords::new(password::Settings::default()).unwrap();
    let salt = store.env.bytes().unwrap();
    let hash = passwords.hash(SecretString::from(PASSWORD), salt).await.unwrap();
    let mut tx = store.begin(id).await.unwrap();
    let settings = AccountSettings {
        name: Some("李四".to_owned()),
        username: Handle::parse("li.si").ok(),
        email: Email::parse("li.si@example.com").ok(),
        email_verified: true,
        phone_number: Phone::parse("13800000004").ok(),
        ..AccountSettings::default()
    };
    let user = store::account::create(&mut tx, &store.env, &settings).await.unwrap().id;
    let person = store::identity::Subject {
        corp_id: tenant.corp_id.clone(),
        subject: "lisi".to_owned(),
        userid: "LiSi".to_owned(),
    };
    let held = store::departure::hold(&mut tx, &person).await.unwrap();
    store::identity::link(&mut tx, &store.env, user, held, Some("李四")).await.unwrap();
    store::password::set(&mut tx, &store.env, user, &hash).await.unwrap();
    tx.commit().await.unwrap();
    let app = tenant.path(&format!("/apps/{}", stage.app.id));
    tenant.admin.patch(&app, json!({ "sign_in_methods": ["password"] })).await;
}

on_every_backend! {
    async fn the_account_pages_on_every_screen(world: World) {
        let stage = Stage::of(&world).await;
        branch(&stage).await;
        furnish(&stage).await;
        let variables = [("BRANCH", "branch"), ("PASSWORD", PASSWORD)];
        let seen = stage.play_with("account", &variables).await;
        assert_eq!(seen.as_array().unwrap().len(), 6, "{seen}");
        stage.strike().await;
    }
}
