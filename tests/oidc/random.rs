//! Any query at all: never a failure of ours, never a way to an address that nobody registered.

use e2e::{Pkce, on_every_backend};
use proptest::prelude::*;
use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::TestRunner;
use reqwest::Method;

use crate::steps::{authorize, is_signed_in, query, signed_in};

/// Names that mean something, and others.
fn name() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "client_id",
        "redirect_uri",
        "response_type",
        "response_mode",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "id_token_hint",
        "connection",
        "ui_locales",
        "request",
        "request_uri",
        "login_hint",
        "redirect_uri[]",
        "__proto__",
        "",
    ];
    prop_oneof![
        4 => prop::sample::select(known.to_vec()).prop_map(|name| name.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ]
}

/// Values that are nearly right, and any bytes.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let near = [
        "code",
        "query",
        "openid",
        "S256",
        "none",
        "login",
        "0",
        "-1",
        "18446744073709551616",
        "qr",
        "https://evil.example/",
        "https://app.example.com/callback",
        "https://app.example.com/callback#",
        "javascript:alert(1)",
        "a.b.c",
        "\0",
        "{}",
        "00000000-0000-4000-8000-000000000000",
        "zh-CN",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    ];
    prop_oneof![
        3 => prop::sample::select(near.to_vec()).prop_map(|value| value.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => "\\PC{0,40}".prop_map(String::into_bytes),
    ]
}

/// A pair: encoded as it should be, or with its bytes as they are.
fn pair() -> impl Strategy<Value = String> {
    (name(), value(), any::<bool>()).prop_map(|(name, value, encoded)| {
        let write = |bytes: Vec<u8>| match encoded {
            true => url::form_urlencoded::byte_serialize(&bytes).collect::<String>(),
            false => bytes
                .iter()
                .map(|byte| match byte {
                    b'#' | 0..=0x20 | 0x7f.. => format!("%{byte:02x}"),
                    graphic => char::from(*graphic).to_string(),
                })
                .collect(),
        };
        format!("{}={}", write(name), write(value))
    })
}

on_every_backend! {
    async fn any_query_is_answered_or_refused(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let mut runner = TestRunner::default();
        let strategy =
            (prop::collection::vec(pair(), 0..8), any::<bool>(), any::<bool>(), any::<bool>());
        let mut answered = 0;
        for _ in 0..300 {
            let (pairs, on_top, first, post) = strategy.new_tree(&mut runner).unwrap().current();
            let right = query(&tenant, &Pkce::new(), &[("prompt", "none")]);
            let random = pairs.join("&");
            let form = match (on_top, first) {
                (false, _) => random,
                (true, true) => format!("{random}&{right}"),
                (true, false) => format!("{right}&{random}"),
            };
            let method = if post { Method::POST } else { Method::GET };
            let answer = authorize(&tenant, &mut browser, method.clone(), &form).await;
            let what = format!("{method} {form}");
            assert!(answer.status.as_u16() < 500, "{what}: {} {}", answer.status, answer.body);
            let Some(location) = answer.location() else {
                assert!(answer.status.is_client_error(), "{what}: {}", answer.status);
                continue;
            };
            answered += 1;
            let ours = location.as_str().starts_with(&tenant.url("/login?interaction="));
            let registered =
                location.as_str().starts_with(&format!("{}?", tenant.app.redirect_uri));
            assert!(ours || registered, "{what}: {location}");
        }
        assert!(answered > 20, "the right request is among them: {answered}");
        is_signed_in(&tenant, &mut browser).await;
    }
}
