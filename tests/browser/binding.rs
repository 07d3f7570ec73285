//! People who sign in without WeCom, and who say which account they are.

use e2e::on_every_backend;
use serde_json::json;

use crate::stage::Stage;

const PASSWORD: &str = "correct horse battery";

on_every_backend! {
    async fn p9_an_account_is_bound_on_every_screen(world: World) {
        let stage = Stage::of(&world).await;
        let tenant = &stage.tenant;
        let app = tenant.path(&format!("/apps/{}", stage.app.id));
        tenant.admin.patch(&app, json!({ "sign_in_methods": ["password", "email_code"] })).await;
        let body = json!({ "name": "李四", "username": "lisi", "password": PASSWORD });
        let user = tenant.admin.post(&tenant.path("/users"), body).await;
        let source = tenant.path(&format!("/identity-sources/{}", tenant.qr));
        tenant.admin.patch(&source, json!({ "association": "ask" })).await;
        let variables = [("NAME", "lisi"), ("PASSWORD", PASSWORD)];
        let played = stage.play_with("p9_binding", &variables).await;
        assert_eq!(played["seen"].as_array().unwrap().len(), 8, "{played}");
        assert_eq!(played["sub"], user["id"]);
        stage.strike().await;
    }
}
