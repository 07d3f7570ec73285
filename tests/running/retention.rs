//! A node deletes audit events that are older than its settings say.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use e2e::{World, on_every_backend};
use hufu::node::Node;
use hufu::settings::Settings;

/// The actions of a tenant's events.
async fn actions(world: &World, tenant: &str) -> Vec<String> {
    let events = world.operator().get(&format!("/tenants/{tenant}/audit-events")).await;
    let events = events["items"].as_array().unwrap();
    events.iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect()
}

/// A node sweeps at its start: one that keeps events for so long.
async fn sweep_by(world: &World, retention_days: u32) -> Node {
    let mut settings: Settings = world.settings().clone();
    settings.audit.retention_days = retention_days;
    Node::start(&settings, world.store().env.clone()).await.unwrap()
}

on_every_backend! {
    async fn old_audit_events_are_deleted(world: World) {
        let operator = world.operator();
        let body = serde_json::json!({ "host": "old.localhost", "display_name": "Old" });
        let made = operator.post("/tenants", body).await;
        let tenant = made["id"].as_str().unwrap();
        world.clock().advance(TimeDelta::days(31));
        let change = serde_json::json!({ "display_name": "New" });
        operator.patch(&format!("/tenants/{tenant}"), change).await;

        let for_ever = sweep_by(&world, 0).await;
        let keeps = sweep_by(&world, 32).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(actions(&world, tenant).await, ["tenant.create", "tenant.update"]);

        let deletes = sweep_by(&world, 30).await;
        let began = Instant::now();
        while actions(&world, tenant).await != ["tenant.update"] {
            assert!(began.elapsed() < Duration::from_secs(20), "the old event is still there");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for node in [for_ever, keeps, deletes] {
            node.stop(false).await;
        }
    }
}
