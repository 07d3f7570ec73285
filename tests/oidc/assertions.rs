//! Apps that prove themselves by a key (`private_key_jwt`): what is right, how often, and what may
//! not stand beside it (attack E3).

use e2e::on_every_backend;
use futures_util::future::join_all;
use jsonwebtoken::Algorithm;
use serde_json::json;

use crate::pen::Pen;
use crate::prover::{
    INTROSPECTION, KIND, Prover, ask, ask_at, claims, is_accepted, now, with_keys,
};
use crate::steps::{basic, by, change, is_oauth_error};

on_every_backend! {
    async fn e3_every_algorithm_and_every_right_form(world: World) {
        let tenant = world.tenant("acme").await;
        let algorithms = [Algorithm::ES256, Algorithm::PS256, Algorithm::RS256, Algorithm::EdDSA];
        let pens = algorithms.map(|algorithm| Pen::new(algorithm, &format!("{algorithm:?}")));
        let app = with_keys(&tenant, &pens.each_ref(), json!({})).await;
        for pen in &pens {
            for path in ["/oidc/token", INTROSPECTION, "/oidc/token/revocation"] {
                let claims = claims(&app, now(&world)).to_string();
                let answer = ask_at(&app, path, &pen.token(&pen.header().to_string(), &claims)).await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            }
        }
        let prover = Prover::new(&tenant).await;
        let now = prover.now;
        for (what, right) in [
            ("nbf ahead by 8 s", prover.with(|claims| claims["nbf"] = json!(now + 8))),
            ("iat ahead by 8 s", prover.with(|claims| claims["iat"] = json!(now + 8))),
            ("five minutes", prover.with(|claims| claims["exp"] = json!(now + 299))),
            ("a fraction", prover.with(|claims| claims["exp"] = json!(i32::try_from(now + 60).map(f64::from).unwrap() + 0.5))),
            ("more claims", prover.with(|claims| claims["x"] = json!({ "y": [1] }))),
            ("no iat", prover.with(|claims| drop(claims.as_object_mut().unwrap().remove("iat")))),
            ("no kid", prover.under(|header| drop(header.as_object_mut().unwrap().remove("kid")))),
            ("typ JWT", prover.under(|header| header["typ"] = json!("JWT"))),
            ("its own typ", prover.under(|header| header["typ"] = json!("client-authentication+jwt"))),
        ] {
            is_accepted(&prover.app, &right, what).await;
        }
        let form = [
            ("token", "x"),
            ("client_id", prover.app.app.id.as_str()),
            ("client_assertion_type", KIND),
            ("client_assertion", &prover.right()),
        ];
        assert_eq!(prover.app.post(INTROSPECTION, &form, None).await.status, 200, "named as well");
    }

    async fn e3_an_assertion_is_good_once(world: World) {
        let tenant = world.tenant("acme").await;
        let prover = Prover::new(&tenant).await;
        let once = prover.right();
        is_accepted(&prover.app, &once, "the first time").await;
        for path in [INTROSPECTION, "/oidc/token", "/oidc/token/revocation", "/oidc/request"] {
            let answer = ask_at(&prover.app, path, &once).await;
            is_oauth_error(&answer, 401, "invalid_client", path);
        }
        let jti = json!("the same");
        let first = prover.with(|claims| claims["jti"] = jti.clone());
        let second = prover.with(|claims| {
            (claims["jti"], claims["exp"]) = (jti.clone(), json!(prover.now + 90));
        });
        is_accepted(&prover.app, &first, "the first time").await;
        prover.is_refused(&second, "another assertion of the same name").await;
        // Another app may call its own the same.
        let neighbour = Prover::new(&tenant).await;
        is_accepted(&neighbour.app, &neighbour.with(|claims| claims["jti"] = jti.clone()), "its own").await;
        for _ in 0..3 {
            let race = prover.right();
            let paths = [INTROSPECTION, "/oidc/token"];
            let all = (0..40).map(|turn| ask_at(&prover.app, paths[turn % 2], &race));
            let answers = join_all(all).await;
            let good = answers.iter().filter(|answer| answer.status == 200).count();
            assert_eq!(good, 1, "of forty at once one gets through");
            for answer in answers.iter().filter(|answer| answer.status != 200) {
                is_oauth_error(answer, 401, "invalid_client", "one of forty");
            }
        }
        // It is remembered for as long as it would be good.
        let long = prover.with(|claims| claims["exp"] = json!(prover.now + 299));
        is_accepted(&prover.app, &long, "the first time").await;
        world.clock().advance(chrono::TimeDelta::seconds(290));
        is_oauth_error(&ask(&prover.app, &long).await, 401, "invalid_client", "five minutes on");
    }

    async fn e3_one_proof_and_of_the_registered_kind(world: World) {
        let tenant = world.tenant("acme").await;
        let prover = Prover::new(&tenant).await;
        let id = prover.app.app.id.as_str();
        let post = async |form: &[(&str, &str)], header: Option<&str>| {
            let mut all = vec![("token", "x")];
            all.extend(form);
            tenant.post(INTROSPECTION, &all, header).await
        };
        let right = prover.right();
        let (kind, shown) = (("client_assertion_type", KIND), ("client_assertion", right.as_str()));
        // RFC 6749 §5.2 has a word of its own for two proofs at once.
        let basic = basic(id, "x");
        let answer = post(&[kind, shown], Some(&basic)).await;
        is_oauth_error(&answer, 400, "invalid_request", "with a Basic header");
        let answer = post(&[kind, shown, ("client_id", id), ("client_secret", "x")], None).await;
        is_oauth_error(&answer, 400, "invalid_request", "with a secret");
        is_oauth_error(&post(&[kind, shown, shown], None).await, 400, "invalid_request", "twice");
        for (what, form) in [
            ("no type", vec![shown]),
            ("an empty type", vec![shown, ("client_assertion_type", "")]),
            ("SAML", vec![shown, ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")]),
            ("another case", vec![shown, ("client_assertion_type", &KIND.to_uppercase())]),
            ("nothing", vec![kind, ("client_assertion", "")]),
            ("nothing, named", vec![kind, ("client_assertion", ""), ("client_id", id)]),
            ("the name alone", vec![("client_id", id)]),
            ("a secret", vec![("client_id", id), ("client_secret", "x")]),
            ("another name", vec![kind, shown, ("client_id", &tenant.app.id)]),
        ] {
            is_oauth_error(&post(&form, None).await, 401, "invalid_client", what);
        }
        is_oauth_error(&post(&[], Some(&basic)).await, 401, "invalid_client", "a Basic header");
        is_accepted(&prover.app, &right, "nobody used it up").await;
        // A key of an app that is registered with a secret proves nothing.
        let jwks = json!({ "keys": [prover.pen.jwk()] });
        let by_secret = by(&tenant, tenant.make_app(json!({ "jwks": jwks })).await);
        let theirs = claims(&by_secret, prover.now).to_string();
        let theirs = prover.pen.token(&prover.pen.header().to_string(), &theirs);
        is_oauth_error(&ask(&by_secret, &theirs).await, 401, "invalid_client", "not its way");
        // Switched off, and with other keys.
        change(&prover.app, json!({ "status": "disabled" })).await;
        is_oauth_error(&ask(&prover.app, &prover.right()).await, 401, "invalid_client", "off");
        let new = Pen::new(Algorithm::EdDSA, "new");
        let keys = json!({ "status": "active", "jwks": { "keys": [new.jwk()] } });
        change(&prover.app, keys).await;
        is_oauth_error(&ask(&prover.app, &prover.right()).await, 401, "invalid_client", "old key");
        let right = new.token(&new.header().to_string(), &prover.claims().to_string());
        is_accepted(&prover.app, &right, "the new key").await;
    }

    async fn e3_fapi_takes_no_pkcs1_signatures(world: World) {
        let tenant = world.tenant("acme").await;
        let pen = Pen::new(Algorithm::PS256, "k");
        for profile in ["oauth21", "fapi2"] {
            let app = with_keys(&tenant, &[&pen], json!({ "profile": profile })).await;
            let claims = || claims(&app, now(&world)).to_string();
            let answer = ask(&app, &pen.token_by(Algorithm::RS256, &claims())).await;
            assert_eq!(answer.status, if profile == "fapi2" { 401 } else { 200 }, "{profile}");
            is_accepted(&app, &pen.token_by(Algorithm::PS256, &claims()), profile).await;
        }
    }
}
