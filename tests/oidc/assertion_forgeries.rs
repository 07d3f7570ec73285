//! Assertions of others, and ones that say too much or too little (attack E3).

use std::net::TcpListener;

use e2e::{base64url as encode, on_every_backend};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;

use crate::pen::Pen;
use crate::prover::{INTROSPECTION, KIND, Prover, is_accepted};
use crate::steps::{is_oauth_error, signed_in, text, tokens};

on_every_backend! {
    async fn e3_claims_that_are_wrong(world: World) {
        let tenant = world.tenant("acme").await;
        let other = world.tenant("other").await;
        let prover = Prover::new(&tenant).await;
        let (now, issuer) = (prover.now, tenant.issuer());
        let stranger = json!(tenant.app.id);
        for (name, wrong) in [
            ("iss", stranger.clone()),
            ("iss", json!(null)),
            ("iss", json!("x")),
            ("iss", json!([prover.app.app.id])),
            ("iss", json!(prover.app.app.id.to_uppercase())),
            ("sub", stranger),
            ("sub", json!(null)),
            ("sub", json!("")),
            ("sub", json!([prover.app.app.id])),
            ("exp", json!(now - 60)),
            ("exp", json!(now + 400)),
            ("exp", json!(now + 86_400)),
            ("exp", json!(9_999_999_999_i64)),
            ("exp", json!("9999999999")),
            ("exp", json!((now + 60).to_string())),
            ("exp", json!(-1)),
            ("exp", json!(0)),
            ("exp", json!(1e300)),
            ("exp", json!(null)),
            ("exp", json!(true)),
            ("exp", json!([now + 60])),
            ("exp", json!({})),
            ("nbf", json!(now + 60)),
            ("nbf", json!((now - 60).to_string())),
            ("iat", json!(now + 60)),
            ("iat", json!(now.to_string())),
            ("iat", json!(-1)),
            ("aud", json!(tenant.url("/oidc/token"))),
            ("aud", json!(tenant.url("/oidc/request"))),
            ("aud", json!(tenant.url(INTROSPECTION))),
            ("aud", json!([issuer])),
            ("aud", json!([issuer, other.issuer()])),
            ("aud", json!(other.issuer())),
            ("aud", json!(format!("{issuer}/"))),
            ("aud", json!(issuer.to_uppercase())),
            ("aud", json!(issuer.trim_end_matches("/oidc"))),
            ("aud", json!(format!("{issuer} "))),
            ("aud", json!("*")),
            ("aud", json!("")),
            ("aud", json!(null)),
            ("aud", json!({ "a": issuer })),
            ("jti", json!("")),
            ("jti", json!(null)),
            ("jti", json!(1)),
            ("jti", json!("x".repeat(257))),
        ] {
            let what = format!("{name}: {wrong}");
            prover.is_refused(&prover.with(|claims| claims[name] = wrong), &what).await;
        }
        for name in ["iss", "sub", "aud", "exp", "jti"] {
            let without = prover.with(|claims| drop(claims.as_object_mut().unwrap().remove(name)));
            prover.is_refused(&without, &format!("no {name}")).await;
        }
    }

    async fn e3_json_that_two_readers_read_differently(world: World) {
        let tenant = world.tenant("acme").await;
        let prover = Prover::new(&tenant).await;
        let id = &prover.app.app.id;
        let without_exp = |exp: &str| {
            let mut claims = prover.claims();
            claims.as_object_mut().unwrap().remove("exp");
            let inside = claims.to_string();
            let payload = format!("{},\"exp\":{exp}}}", inside.trim_end_matches('}'));
            prover.pen.token(&prover.pen.header().to_string(), &payload)
        };
        is_accepted(&prover.app, &without_exp(&(prover.now + 60).to_string()), "control").await;
        for wrong in ["1e400", "-1e400", "0x7fffffff", "1785500000.", "NaN", "Infinity", "01785500000"] {
            prover.is_refused(&without_exp(wrong), wrong).await;
        }
        for text in [
            format!(r#"{{…,"iss":"{id}"}}"#),
            r#"{"iss":"x",…}"#.to_owned(),
            format!(r#"{{…,"sub":"{id}"}}"#),
            format!(r#"{{…,"aud":"{}"}}"#, tenant.issuer()),
            r#"{"exp":1,…}"#.to_owned(),
            r#"{…,"jti":"x"}"#.to_owned(),
            r#"{…,"x":{"y":1,"y":2}}"#.to_owned(),
            "[{…}]".to_owned(),
            r#""{…}""#.to_owned(),
            "{…}}".to_owned(),
            "{…}{}".to_owned(),
            "{…,}".to_owned(),
            "{…".to_owned(),
            "\u{feff}{…}".to_owned(),
            String::new(),
            format!("{}{}", "[".repeat(5000), "]".repeat(5000)),
        ] {
            prover.is_refused(&prover.saying(&text), &text).await;
        }
        let header = prover.pen.header().to_string();
        for wrong in [
            header.replacen('{', r#"{"alg":"none","#, 1),
            header.replacen('{', r#"{"kid":"k","#, 1),
            "{}".to_owned(),
            "[]".to_owned(),
            String::new(),
        ] {
            let token = prover.pen.token(&wrong, &prover.claims().to_string());
            prover.is_refused(&token, &wrong).await;
        }
    }

    async fn e3_headers_that_say_how_to_be_believed(world: World) {
        let tenant = world.tenant("acme").await;
        let prover = Prover::new(&tenant).await;
        let bait = TcpListener::bind("127.0.0.1:0").unwrap();
        bait.set_nonblocking(true).unwrap();
        let url = format!("http://127.0.0.1:{}/keys", bait.local_addr().unwrap().port());
        let mine = Pen::new(Algorithm::ES256, "k");
        for (name, wrong) in [
            ("jku", json!(url)),
            ("x5u", json!(url)),
            ("x5c", json!(["AAAA"])),
            ("jwk", mine.jwk()),
            ("jwk", prover.pen.jwk()),
            ("crit", json!(["exp"])),
            ("crit", json!([])),
            ("b64", json!(false)),
            ("b64", json!(true)),
            ("zip", json!("DEF")),
            ("enc", json!("A256GCM")),
            ("kid", json!("other")),
            ("kid", json!("")),
            ("kid", json!("K")),
            ("kid", json!(url)),
            ("kid", json!("../../../../dev/null")),
            ("kid", json!("k' OR '1'='1")),
            ("kid", json!("k\0")),
            ("kid", json!(1)),
            ("kid", json!(["k"])),
            ("typ", json!("at+jwt")),
            ("typ", json!("dpop+jwt")),
            ("typ", json!("logout+jwt")),
            ("typ", json!(1)),
            ("alg", json!("RS256")),
            ("alg", json!("PS256")),
            ("alg", json!("EdDSA")),
            ("alg", json!("es256")),
            ("alg", json!("ES384")),
            ("alg", json!(null)),
        ] {
            let what = format!("{name}: {wrong}");
            prover.is_refused(&prover.under(|header| header[name] = wrong.clone()), &what).await;
            // Nor does any of them help somebody else's key.
            let mut header = mine.header();
            header[name] = wrong;
            let forged = mine.token(&header.to_string(), &prover.claims().to_string());
            prover.is_refused(&forged, &what).await;
        }
        assert!(bait.accept().is_err(), "keys were fetched because a token said where from");
    }

    async fn e3_signatures_that_are_none(world: World) {
        let (tenant, mut browser) = signed_in(&world).await;
        let prover = Prover::new(&tenant).await;
        let neighbour = Prover::new(&tenant).await;
        let payload = encode(prover.claims().to_string());
        let right = prover.right();
        let (input, signature) = right.rsplit_once('.').unwrap();
        let (header, _) = input.split_once('.').unwrap();
        let unsigned = |alg: &str| encode(json!({ "alg": alg, "kid": "k" }).to_string());
        let hmac = |secret: &[u8]| {
            let mut header = Header::new(Algorithm::HS256);
            header.kid = Some("k".to_owned());
            let key = EncodingKey::from_secret(secret);
            jsonwebtoken::encode(&header, &prover.claims(), &key).unwrap()
        };
        let jwk = prover.pen.jwk();
        let theirs = neighbour.pen.token(&neighbour.pen.header().to_string(), &prover.claims().to_string());
        let own = tokens(&tenant, &mut browser, &[]).await;
        for (what, forged) in [
            ("none", format!("{}.{payload}.", unsigned("none"))),
            ("none, with a signature", format!("{}.{payload}.{signature}", unsigned("none"))),
            ("nONe", format!("{}.{payload}.", unsigned("nONe"))),
            ("NONE", format!("{}.{payload}.", unsigned("NONE"))),
            ("no signature", format!("{header}.{payload}.")),
            ("no third part", format!("{header}.{payload}")),
            ("a signature of other claims", format!("{header}.{payload}.{signature}")),
            ("zeroes", format!("{header}.{payload}.{}", encode([0; 64]))),
            ("HS256 with the JWK", hmac(jwk.to_string().as_bytes())),
            ("HS256 with x", hmac(text(&jwk, "x").as_bytes())),
            ("HS256 with nothing", hmac(b"")),
            ("another app's key", theirs),
            ("another app's assertion", neighbour.right()),
            ("our ID token", text(&own, "id_token").to_owned()),
            ("our access token", text(&own, "access_token").to_owned()),
            ("cut", right[..right.len() - 1].to_owned()),
            ("lengthened", format!("{right}A")),
            ("padded", format!("{right}==")),
            ("a space behind", format!("{right} ")),
            ("a part more", format!("{right}.{signature}")),
            ("five parts", format!("{header}.{payload}.{signature}.{payload}.{signature}")),
            ("JSON", json!({ "payload": payload, "protected": header, "signature": signature }).to_string()),
            ("long", format!("{header}.{}.{signature}", "A".repeat(20_000))),
            ("garbage", "a.b.c".to_owned()),
            ("dots", "..".to_owned()),
            ("empty", String::new()),
        ] {
            if what == "another app's assertion" {
                // That one is right, for whom it is of: the name beside it is not.
                let form = [
                    ("token", "x"),
                    ("client_id", prover.app.app.id.as_str()),
                    ("client_assertion_type", KIND),
                    ("client_assertion", &forged),
                ];
                let answer = prover.app.post(INTROSPECTION, &form, None).await;
                is_oauth_error(&answer, 401, "invalid_client", what);
                continue;
            }
            prover.is_refused(&forged, what).await;
        }
        is_accepted(&prover.app, &right, "nobody used it up").await;
    }
}
