//! WeCom, telling of a corp's members.

use reqwest::Method;
use serde_json::Value;
use wecom_sim::{Delivery, Receiver};

use crate::browser::Answer;
use crate::tenant::Tenant;

/// An address that an administrator has made for WeCom.
pub struct ContactAddress {
    /// From the host's root on.
    pub path: String,
    /// What WeCom signs and encrypts with.
    pub receiver: Receiver,
}

impl ContactAddress {
    /// The address of the tenant's corp at the console.
    pub fn console(tenant: &Tenant) -> String {
        tenant.path(&format!("/corps/{}/contact-callback", tenant.corp))
    }

    /// Makes one for the tenant's corp.
    pub async fn make(tenant: &Tenant) -> Self {
        let made = tenant.admin.call(Method::POST, &Self::console(tenant), &[], None).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let made: Value = made.json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let path = text("url").strip_prefix(&tenant.url("")).unwrap().to_owned();
        let (token, encoding_aes_key) = (text("token"), text("encoding_aes_key"));
        let receive_id = tenant.corp_id.clone();
        Self { path, receiver: Receiver { token, encoding_aes_key, receive_id } }
    }

    /// A message as WeCom sends it now.
    pub fn delivery(&self, tenant: &Tenant, message: &str) -> Delivery {
        self.receiver.deliver(message, tenant.now()).unwrap()
    }

    /// WeCom sends a message.
    pub async fn tell(&self, tenant: &Tenant, message: &str) -> Answer {
        Self::send(tenant, &self.path, &self.delivery(tenant, message)).await
    }

    /// Somebody sends this to an address of the tenant's host.
    pub async fn send(tenant: &Tenant, path: &str, delivery: &Delivery) -> Answer {
        let path = format!("{path}?{}", delivery.query);
        let xml = [("content-type", "text/xml")];
        tenant.send(Method::POST, &path, &xml, Some(delivery.body.as_bytes())).await
    }
}

/// A message about a member of a corp [D 90970]. The time makes it another one.
pub fn contact_change(corp_id: &str, time: i64, change: &str, rest: &str) -> String {
    format!(
        "<xml><ToUserName><![CDATA[{corp_id}]]></ToUserName>\
         <FromUserName><![CDATA[sys]]></FromUserName><CreateTime>{time}</CreateTime>\
         <MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event>\
         <ChangeType>{change}</ChangeType>{rest}</xml>"
    )
}

/// The message that a member of the tenant's corp was deleted.
pub fn member_deleted(tenant: &Tenant, userid: &str) -> String {
    let rest = format!("<UserID><![CDATA[{userid}]]></UserID>");
    let now = tenant.now();
    contact_change(&tenant.corp_id, now, "delete_user", &rest)
}
