//! Missing phone numbers, in Chromium.

use e2e::{Tenant, on_every_backend};
use serde_json::json;
use store::account::{self, AccountSettings};
use store::id::TenantId;
use store::normal::Phone;
use wecom_sim::{Member, SensitiveField};

use crate::stage::Stage;

const MEMBERS: [(&str, &str, &str); 4] = [
    ("zhangsan", "张三", "13800000001"),
    ("LiSi", "李四", "13800000002"),
    ("wangwu", "王五", "13800000003"),
    ("outsider", "局外人", "13800000004"),
];

/// Sources that match by mobile number, which WeCom tells with consent only.
async fn prepare(tenant: &Tenant) {
    let wecom = tenant.world.wecom();
    for (userid, name, mobile) in MEMBERS {
        let member = Member { mobile: Some(mobile.to_owned()), ..Member::new(userid, name) };
        wecom.set_member(&tenant.corp_id, member).unwrap();
    }
    let set = |app: &mut wecom_sim::App| {
        app.sensitive_fields = vec![SensitiveField::Mobile];
        app.visible.all = true;
    };
    wecom.edit_app(&tenant.corp_id, tenant.agent_id, set).unwrap();
    let policy = json!({
        "rules": [{ "field": "mobile", "trusted": true }],
        "offer_consent": true, "offer_typed": true,
    });
    for source in [&tenant.qr, &tenant.mobile] {
        let path = tenant.path(&format!("/identity-sources/{source}"));
        let body = json!({ "association": "field", "association_policy": policy });
        tenant.admin.patch(&path, body).await;
    }
}

/// An account with this verified phone number: its id.
async fn account(tenant: &Tenant, phone: &str) -> String {
    let store = tenant.world.store();
    let id: TenantId = tenant.id.parse().unwrap();
    let settings = AccountSettings {
        name: Some("Already here".to_owned()),
        phone_number: Some(Phone::parse(phone).unwrap()),
        phone_number_verified: true,
        ..AccountSettings::default()
    };
    let mut tx = store.begin(id).await.unwrap();
    let made = account::create(&mut tx, &store.env, &settings).await.unwrap();
    tx.commit().await.unwrap();
    made.id.to_string()
}

on_every_backend! {
    async fn p3_a_missing_phone_number_is_authorised_or_typed(world: World) {
        let stage = Stage::of(&world).await;
        let tenant = &stage.tenant;
        prepare(tenant).await;
        let mut accounts = Vec::new();
        for (_, _, mobile) in MEMBERS {
            accounts.push(account(tenant, mobile).await);
        }
        let told = stage.play_with("p3_missing_phone", &[("NUMBER", MEMBERS[1].2)]).await;
        for (account, name) in accounts.iter().zip(["zhangsan", "lisi", "wangwu", "outsider"]) {
            assert_eq!(told["subs"][name], account.as_str(), "{name}: {told}");
        }
        assert_eq!(told["seen"].as_array().unwrap().len(), 9, "{told}");
        assert_eq!(tenant.users().await.len(), 4, "somebody was made");
        stage.strike().await;
    }
}
