//! Limits as they hold for networks: the broker is driven without its web server, which knows one only.

use broker::{Address, CodePurpose, Error, InteractionId, Next, Reason, Visitor};
use e2e::on_every_backend;
use serde_json::json;
use store::normal::Phone;

use crate::races::Bulk;

/// A visitor from this address, and a sign-in of theirs.
async fn from(bulk: &Bulk, address: &str) -> (Visitor, InteractionId) {
    let visitor = Visitor { address: Some(address.parse().unwrap()), ..Bulk::visitor() };
    let Next::Login(interaction) = bulk.authorize(0, &visitor).await else {
        panic!("nobody is signed in")
    };
    (visitor, interaction.id)
}

/// Asks for a code: whether it was refused as one too many.
async fn asks(bulk: &Bulk, (visitor, id): &(Visitor, InteractionId), to: &str) -> bool {
    let address = Address::Phone(Phone::parse(to).unwrap());
    let (broker, purpose) = (bulk.broker(1), CodePurpose::SignIn);
    match broker.send_local_code(&bulk.row, id, visitor, purpose, &address).await {
        Ok(()) => false,
        Err(Error::Refused(refused)) if refused.reason == Reason::TooManyRequests => true,
        Err(other) => panic!("{other:?}"),
    }
}

on_every_backend! {
    async fn r2_codes_that_are_asked_for_elsewhere_keep_nobody_from_theirs(world: World) {
        let bulk = Bulk::start(&world).await;
        let tenant = &bulk.tenant;
        let app = tenant.path(&format!("/apps/{}", tenant.app.id));
        tenant.admin.patch(&app, json!({ "sign_in_methods": ["sms_code"] })).await;
        let victim = json!({ "phone_number": "+8613800000002", "phone_number_verified": true });
        tenant.admin.post(&tenant.path("/users"), victim).await;
        // Two a minute from one network: an IPv6 household is one, whatever address it takes.
        let attackers = [
            from(&bulk, "2001:db8:1:2::1").await,
            from(&bulk, "2001:db8:1:2::2").await,
            from(&bulk, "2001:db8:1:2:ffff::3").await,
        ];
        let mut refused = Vec::new();
        for attacker in &attackers {
            refused.push(asks(&bulk, attacker, "+8613800000002").await);
        }
        assert_eq!(refused, [false, false, true]);
        // The victim, at home, gets one.
        let home = from(&bulk, "198.51.100.7").await;
        assert!(!asks(&bulk, &home, "+8613800000002").await);
        // Whether anybody has the number makes no difference.
        let mut refused = Vec::new();
        for attacker in &attackers {
            refused.push(asks(&bulk, attacker, "+8613800000009").await);
        }
        assert_eq!(refused, [false, false, true]);
    }
}
