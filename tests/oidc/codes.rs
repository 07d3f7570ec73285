//! Authorization codes: one use, one app, one address, one minute (attacks D1 to D6).

use e2e::{Answer, Pkce, Tenant, on_every_backend};
use futures_util::future::join_all;
use serde_json::json;

use crate::steps::{
    SESSION, basic, by, code, is_error, is_oauth_error, is_page, public_app, sign_in, signed_in,
    silently, text, tokens,
};

/// A token request of this app for a code, with everything else as it should be.
async fn redeem_as(
    at: &Tenant,
    as_of: &Tenant,
    code: &str,
    pkce: &Pkce,
    uri: Option<&str>,
) -> Answer {
    let mut form = vec![("grant_type", "authorization_code"), ("code", code)];
    form.extend(uri.map(|uri| ("redirect_uri", uri)));
    form.push(("code_verifier", &pkce.verifier));
    at.token(&as_of.app, &form).await
}

on_every_backend! {
    async fn d1_a_second_use_gives_nothing_and_ends_what_the_first_gave(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let other = tokens(&tenant, &mut browser, &[]).await;
        let (code, pkce) = code(&tenant, &mut browser).await;
        let first = tenant.redeem(&code, &pkce).await.json();
        let access = text(&first, "access_token");
        assert_eq!(tenant.userinfo(access).await.status, 200);
        let again = tenant.redeem(&code, &pkce).await;
        is_oauth_error(&again, 400, "invalid_grant", "a second use");
        assert_eq!(tenant.userinfo(access).await.status, 401, "the first use's token is dead");
        is_oauth_error(&tenant.redeem(&code, &pkce).await, 400, "invalid_grant", "a third use");
        // What other codes gave lives on, and so does the session.
        assert_eq!(tenant.userinfo(text(&other, "access_token")).await.status, 200);
        tokens(&tenant, &mut browser, &[]).await;
    }

    async fn d1_fifty_at_once_get_one_answer(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        for _ in 0..4 {
            let (code, pkce) = code(&tenant, &mut browser).await;
            let answers = join_all((0..50).map(|_| tenant.redeem(&code, &pkce))).await;
            let (good, bad): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.status == 200);
            for answer in &bad {
                is_oauth_error(answer, 400, "invalid_grant", "one of fifty");
            }
            assert_eq!(good.len(), 1, "exactly one use");
            let access = text(&good[0].json(), "access_token").to_owned();
            assert_eq!(tenant.userinfo(&access).await.status, 401, "its token is dead");
        }
        let tokens = tokens(&tenant, &mut browser, &[]).await;
        assert_eq!(tenant.userinfo(text(&tokens, "access_token")).await.status, 200);
    }

    async fn d2_a_code_is_worth_nothing_to_another_app(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let neighbour = by(&tenant, tenant.make_app(json!({})).await);
        let public = public_app(&tenant).await;
        let other = world.tenant("other").await;
        let uri = Some(tenant.app.redirect_uri.as_str());
        let (code, pkce) = code(&tenant, &mut browser).await;
        for thief in [&neighbour, &public] {
            let answer = redeem_as(&tenant, thief, &code, &pkce, uri).await;
            is_oauth_error(&answer, 400, "invalid_grant", "another app of the tenant");
        }
        let answer = redeem_as(&other, &other, &code, &pkce, uri).await;
        is_oauth_error(&answer, 400, "invalid_grant", "another tenant's app, at its own");
        let answer = redeem_as(&tenant, &other, &code, &pkce, uri).await;
        is_oauth_error(&answer, 401, "invalid_client", "another tenant's app, here");
        let answer = redeem_as(&other, &tenant, &code, &pkce, uri).await;
        is_oauth_error(&answer, 401, "invalid_client", "the app, at another tenant's");
        // Nobody of them could burn it, and nothing was revoked.
        let answer = redeem_as(&tenant, &tenant, &code, &pkce, uri).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(tenant.userinfo(text(&answer.json(), "access_token")).await.status, 200);
        // Nor can they once it is used: what it gave lives on.
        for thief in [&neighbour, &public] {
            let again = redeem_as(&tenant, thief, &code, &pkce, uri).await;
            is_oauth_error(&again, 400, "invalid_grant", "a used code of another app");
        }
        assert_eq!(tenant.userinfo(text(&answer.json(), "access_token")).await.status, 200);
    }

    async fn d2_a_code_is_good_for_the_address_that_it_was_sent_to(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let two =
            json!({ "redirect_uris": ["https://app.example.com/a", "https://app.example.com/b"] });
        let tenant = by(&tenant, tenant.make_app(two).await);
        for wrong in [
            None,
            Some(""),
            Some("https://app.example.com/b"),
            Some("https://app.example.com/a/"),
            Some("https://app.example.com/a?x"),
            Some("https://APP.example.com/a"),
            Some("https://evil.example/"),
        ] {
            let (code, pkce) = code(&tenant, &mut browser).await;
            let answer = redeem_as(&tenant, &tenant, &code, &pkce, wrong).await;
            is_oauth_error(&answer, 400, "invalid_grant", &format!("{wrong:?}"));
            let answer =
                redeem_as(&tenant, &tenant, &code, &pkce, Some("https://app.example.com/a")).await;
            is_oauth_error(&answer, 400, "invalid_grant", "the code is burnt");
        }
        let (code, pkce) = code(&tenant, &mut browser).await;
        let answer =
            redeem_as(&tenant, &tenant, &code, &pkce, Some("https://app.example.com/a")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    async fn d2_a_code_of_one_session_is_not_taken_with_the_verifier_of_another(world: World) {
        let (tenant, mut victim) = signed_in(&world).await;
        let mut attacker = world.browser();
        let (_, theirs) = sign_in(&tenant, &mut attacker, "LiSi").await;
        let (stolen, _) = code(&tenant, &mut victim).await;
        is_oauth_error(&tenant.redeem(&stolen, &theirs).await, 400, "invalid_grant", "injected");
        tokens(&tenant, &mut victim, &[]).await;
    }

    async fn d3_a_code_that_is_gone_is_refused_and_the_session_gives_another(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let (code, pkce) = code(&tenant, &mut browser).await;
        world.store().ephemeral.flush_all().await.unwrap();
        is_oauth_error(&tenant.redeem(&code, &pkce).await, 400, "invalid_grant", "expired");
        tokens(&tenant, &mut browser, &[]).await;
    }

    async fn d4_codes_have_no_structure(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let mut codes = Vec::new();
        for _ in 0..64 {
            codes.push(code(&tenant, &mut browser).await.0);
        }
        let randoms: Vec<&str> =
            codes.iter().map(|code| code.strip_prefix("hufu_code_").unwrap()).collect();
        for (index, random) in randoms.iter().enumerate() {
            assert_eq!(random.len(), 43, "256 bits in base64url");
            assert!(!randoms[..index].contains(random));
        }
        assert!(!randoms.is_sorted(), "they do not follow the time");
        // No place of the text is the same in all of them (the last carries two bits less).
        for place in 0..43 {
            let first = randoms[0].as_bytes()[place];
            assert!(
                randoms.iter().any(|random| random.as_bytes()[place] != first),
                "place {place}"
            );
        }
    }

    async fn d5_a_failed_client_authentication_burns_nothing(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let (code, pkce) = code(&tenant, &mut browser).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &tenant.app.redirect_uri),
            ("code_verifier", &pkce.verifier),
        ];
        let (id, secret) = (&tenant.app.id, tenant.app.secret.as_deref().unwrap());
        let wrong = [basic(id, "wrong"), basic(id, &format!("{secret}x")), basic("nobody", secret)];
        for header in wrong.iter().map(String::as_str).map(Some).chain([None]) {
            let mut form = form.to_vec();
            form.push(("client_id", id));
            let answer = tenant.post("/oidc/token", &form, header).await;
            is_oauth_error(&answer, 401, "invalid_client", &format!("{header:?}"));
        }
        let answer = tenant.redeem(&code, &pkce).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        // Nor does it revoke what a used code gave.
        let answer_to_thief = tenant.post("/oidc/token", &form, Some(&wrong[0])).await;
        is_oauth_error(&answer_to_thief, 401, "invalid_client", "a used code");
        assert_eq!(tenant.userinfo(text(&answer.json(), "access_token")).await.status, 200);
    }

    async fn d6_no_other_thing_passes_for_a_code_nor_a_code_for_another_thing(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let issued = tokens(&tenant, &mut browser, &[]).await;
        let pkce = Pkce::new();
        let login = browser.get(tenant.authorize_url(&pkce, &[("prompt", "login")])).await;
        let interaction = login.parameter("interaction").unwrap();
        let wecom = tenant
            .start_qr(&mut browser, &tenant.authorize_url(&pkce, &[("prompt", "login")]))
            .await;
        let upstream_state = wecom.parameter("state").unwrap();
        let back = tenant.confirm(&mut browser, &wecom.location().unwrap(), "zhangsan").await;
        let upstream_code = back.parameter("code").unwrap();
        let cookies = browser.cookies[&tenant.host].clone();
        let mut others: Vec<String> = cookies.into_values().collect();
        let (access, id_token) = (text(&issued, "access_token"), text(&issued, "id_token"));
        others.extend([
            interaction,
            upstream_state,
            upstream_code,
            access.to_owned(),
            id_token.to_owned(),
        ]);
        others.extend([
            tenant.app.secret.clone().unwrap(),
            tenant.app.id.clone(),
            tenant.admin.key().to_owned(),
        ]);
        let forged = format!("hufu_code_{}", "A".repeat(43));
        let wild = ["*", "hufu_code_", "%", "a:b", "../code", "\0", "é", "hufu_code_*", "[a-z]*"];
        others.extend(wild.map(str::to_owned));
        others.extend([forged, "a".repeat(50_000)]);
        for other in &others {
            let answer = tenant.redeem(other, &pkce).await;
            is_oauth_error(&answer, 400, "invalid_grant", other);
        }
        // The other way round.
        let (fresh, pkce) = code(&tenant, &mut browser).await;
        assert_eq!(tenant.userinfo(&fresh).await.status, 401);
        let page = browser.get(tenant.url(&format!("/login?interaction={fresh}"))).await;
        is_page(&page, "interaction_expired", "a code for an interaction");
        let mut thief = world.browser();
        thief.set_cookie(&tenant.url("/"), SESSION, &fresh);
        let answer = silently(&tenant, &mut thief, &pkce, &[]).await;
        is_error(&tenant, &answer, "login_required", "a code for a session");
        assert_eq!(tenant.redeem(&fresh, &pkce).await.status, 200);
    }
}
