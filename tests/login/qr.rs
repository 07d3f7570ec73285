//! By QR code on a desktop.

use e2e::{Pkce, on_every_backend, verify_id_token};

on_every_backend! {
    async fn a_member_signs_in_and_the_app_gets_verified_tokens(world: World) {
        let tenant = world.tenant("acme").await;
        let mut browser = world.browser();
        let pkce = Pkce::new();
        let answer = tenant.sign_in(&mut browser, &tenant.authorize_url(&pkce, &[]), "zhangsan").await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        assert_eq!(answer.parameter("state").as_deref(), Some("s"));
        assert_eq!(answer.parameter("iss"), Some(tenant.issuer()));
        let tokens = tenant.redeem(&answer.parameter("code").unwrap(), &pkce).await;
        assert_eq!(tokens.status, 200, "{}", tokens.body);
        let tokens = tokens.json();
        let id = verify_id_token(&tenant, &mut browser, tokens["id_token"].as_str().unwrap()).await;
        let userinfo = tenant.userinfo(tokens["access_token"].as_str().unwrap()).await.json();
        assert_eq!(userinfo["sub"], id.claims["sub"]);
        assert_eq!(userinfo["name"], "张三");
    }
}
