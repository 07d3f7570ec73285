//! Tokens and codes that are bound to a key (attacks H5 to H9).

use e2e::{Code, Key, Pkce, TOKEN, on_every_backend};
use serde_json::json;

use crate::dpop::{bound, confidential, is_refused, public};
use crate::steps::{claims, is_oauth_error, signed_in, text};

on_every_backend! {
    async fn h5_the_scheme_is_the_tokens_own(world: World) {
        let (tenant, mut browser, app) = bound(&world).await;
        let plain = public(&tenant).await.without_dpop();
        let tokens = plain.tokens(&mut browser).await;
        assert_eq!(tokens["token_type"], "Bearer");
        let unbound = text(&tokens, "access_token");
        is_refused(&app.userinfo(unbound).send().await, "invalid_token", "unbound, as DPoP");
        assert_eq!(plain.userinfo(unbound).send().await.status, 200);
        let tokens = app.tokens(&mut browser).await;
        assert_eq!(tokens["token_type"], "DPoP");
        let bound = text(&tokens, "access_token");
        let as_bearer = app.without_dpop().userinfo(bound).send().await;
        is_refused(&as_bearer, "invalid_token", "bound, as Bearer");
        assert_eq!(app.userinfo(bound).send().await.status, 200);
    }

    /// A public app's refresh token is bound to the key of its first use; a confidential one's to the
    /// app, which may change its key (RFC 9449 §5).
    async fn h6_a_public_apps_refresh_token_is_bound_to_its_key(world: World) {
        let (tenant, mut browser, app) = bound(&world).await;
        let tokens = app.tokens(&mut browser).await;
        let refresh = text(&tokens, "refresh_token");
        for (what, thief) in
            [("another key", app.with_dpop(Key::ec())), ("no key", app.without_dpop())]
        {
            let answer = thief.refresh(refresh).send().await;
            is_oauth_error(&answer, 400, "invalid_grant", what);
        }
        let answer = app.refresh(refresh).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let access = text(&answer.json(), "access_token").to_owned();
        assert_eq!(app.userinfo(&access).send().await.status, 200);
        let app = confidential(&tenant, json!({})).await;
        let tokens = app.tokens(&mut browser).await;
        let renewed = app.with_dpop(Key::ec());
        let answer = renewed.refresh(text(&tokens, "refresh_token")).send().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let access = text(&answer.json(), "access_token").to_owned();
        assert_eq!(renewed.userinfo(&access).send().await.status, 200);
        is_refused(&app.userinfo(&access).send().await, "invalid_token", "the key before");
    }

    /// By `dpop_jkt` in a plain request, in a pushed one, and by the proof of the push.
    async fn h7_a_code_that_is_bound_to_a_key_needs_it(world: World) {
        let (_, mut browser, app) = bound(&world).await;
        let jkt = app.dpop.as_ref().unwrap().thumbprint();
        for way in ["plain", "pushed", "proven"] {
            for right in [false, true] {
                let pkce = Pkce::new();
                let push = app.push(&pkce);
                let answer = match way {
                    "plain" => {
                        browser.get(app.tenant.authorize_url(&pkce, &[("dpop_jkt", &jkt)])).await
                    }
                    "pushed" => app.authorize(&mut browser, push.with("dpop_jkt", &jkt)).await,
                    _ => app.authorize(&mut browser, push.proven()).await,
                };
                let code = Code { code: answer.parameter("code").unwrap(), pkce };
                if right {
                    assert_eq!(app.redeem(&code).send().await.status, 200, "{way}");
                    continue;
                }
                // Whoever has the code and no key burns it; the client's rightful try comes too late.
                let thieves = [app.with_dpop(Key::ec()), app.without_dpop()];
                for thief in thieves {
                    let answer = thief.redeem(&code).send().await;
                    is_oauth_error(&answer, 400, "invalid_grant", way);
                }
            }
        }
        for wrong in ["", "x", &jkt[..42], &format!("{jkt}A"), &format!("{jkt}=")] {
            let answer = app.push(&Pkce::new()).with("dpop_jkt", wrong).send().await;
            match wrong {
                // An empty parameter counts as absent (RFC 6749 §3.1).
                "" => assert_eq!(answer.status, 201, "{}", answer.body),
                _ => is_oauth_error(&answer, 400, "invalid_request", wrong),
            }
        }
    }

    async fn h8_the_key_stands_in_the_token_and_in_introspection(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let app = confidential(&tenant, json!({})).await;
        let jkt = app.dpop.as_ref().unwrap().thumbprint();
        let tokens = app.tokens(&mut browser).await;
        let access = text(&tokens, "access_token");
        assert_eq!(claims(access)["cnf"], json!({ "jkt": jkt }));
        let path = "/oidc/token/introspection";
        let answer = app.request(path, &[("token", access)]).send().await.json();
        assert_eq!(answer["active"], true, "{answer}");
        assert_eq!(answer["cnf"], json!({ "jkt": jkt }), "{answer}");
        assert_eq!(answer["token_type"], "DPoP", "{answer}");
        let machine = app.request(TOKEN, &[("grant_type", "client_credentials")]).proven();
        let tokens = machine.send().await.json();
        assert_eq!(claims(text(&tokens, "access_token"))["cnf"], json!({ "jkt": jkt }));
    }

    async fn h9_an_app_whose_tokens_are_always_bound_gets_none_without_a_proof(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let always = json!({ "dpop_bound_access_tokens": true });
        let app = confidential(&tenant, always).await;
        let bare = app.without_dpop();
        let code = app.code(&mut browser).await;
        let credentials = [("grant_type", "client_credentials")];
        is_oauth_error(&bare.redeem(&code).send().await, 400, "invalid_dpop_proof", "a code");
        let tokens = app.redeem(&code).send().await.json();
        let refresh = text(&tokens, "refresh_token");
        let answer = bare.refresh(refresh).send().await;
        is_oauth_error(&answer, 400, "invalid_dpop_proof", "refreshing");
        let answer = bare.request(TOKEN, &credentials).send().await;
        is_oauth_error(&answer, 400, "invalid_dpop_proof", "for itself");
        assert_eq!(app.refresh(refresh).send().await.status, 200);
        assert_eq!(app.request(TOKEN, &credentials).proven().send().await.status, 200);
    }
}
