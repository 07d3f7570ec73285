//! DPoP proofs (RFC 9449; attacks H1, H2, H5 to H10).

use e2e::{Change, Key, RIGHT_PROOFS, WRONG_ATH, WRONG_PROOFS};
use serde_json::{Value, json};

use crate::Group;
use crate::case::{Case, case};
use crate::side::{Right, Who};
use crate::verdict::{Both, CLIENT, CLIENT_OR_REQUEST, Each, GRANT, Neither, Ours, Verdict};

pub(crate) fn groups() -> Vec<Group> {
    let group = |right, who, cases| Group { right, who, cases };
    let mut token = proofs(at_the_token_endpoint);
    token.extend(around());
    let mut shown = proofs(at_userinfo);
    shown.extend(WRONG_ATH.map(|(what, change)| proof(what, at_userinfo(what), change)));
    shown.extend(schemes());
    vec![
        group(Right::Code, Who::Bound, token),
        group(Right::ProvenPush, Who::Bound, proofs(at_par)),
        group(Right::UserInfo, Who::Bound, shown),
        group(Right::Refresh, Who::Bound, refreshing()),
        group(Right::Code, Who::Fapi, of_fapi()),
        group(
            Right::SpentProof,
            Who::Bound,
            vec![case(
                "h2 a proof a second time",
                Each("401 invalid_dpop_proof", "401 invalid_token"),
                |r, _| r,
            )],
        ),
    ]
}

fn proof(what: &str, verdict: Verdict, change: Change) -> Case {
    case(format!("h1 {what}"), verdict, move |r, _| r.proof(change))
}

/// The proofs of the conformance suite and keys that are none, with what comes of each.
fn proofs(verdict: fn(&str) -> Verdict) -> Vec<Case> {
    let all = WRONG_PROOFS.into_iter().chain(RIGHT_PROOFS).chain(MORE);
    all.map(|(what, change)| proof(what, verdict(what), change)).collect()
}

const MORE: [(&str, Change); 14] = [
    ("an empty jti", |proof| proof.claim("jti", "")),
    ("a jti of 257 letters", |proof| proof.claim("jti", "x".repeat(257))),
    ("a jti that is a number", |proof| proof.claim("jti", 1)),
    ("iat as a text", |proof| proof.claim("iat", "1")),
    ("iat before all time", |proof| proof.claim("iat", -1)),
    ("an nbf far ahead", |proof| proof.claim("nbf", 9_999_999_999_i64)),
    ("an exp long ago", |proof| proof.claim("exp", 1)),
    ("a nonce that nobody gave", |proof| proof.claim("nonce", "x")),
    ("jku", |proof| proof.header("jku", "https://evil.example/jwks")),
    ("crit", |proof| proof.header("crit", json!(["exp"]))),
    ("b64", |proof| proof.header("b64", false)),
    ("a key for encryption", |proof| {
        let mut jwk = proof.key.jwk();
        jwk["use"] = json!("enc");
        proof.header("jwk", jwk)
    }),
    ("an empty key", |proof| proof.header("jwk", json!({}))),
    ("a point that is not on the curve", |proof| {
        let mut jwk = proof.key.jwk();
        jwk["x"] = Value::from(e2e::base64url([0; 32]));
        proof.header("jwk", jwk)
    }),
];

fn at_the_token_endpoint(what: &str) -> Verdict {
    match what {
        "a jti of 257 letters" => Ours("400 invalid_dpop_proof"),
        _ => anywhere(what, "400 invalid_dpop_proof"),
    }
}

fn at_par(what: &str) -> Verdict {
    match what {
        "a jti of 257 letters" => Each("400 invalid_dpop_proof", "400 invalid_request"),
        _ => anywhere(what, "400 invalid_dpop_proof"),
    }
}

fn at_userinfo(what: &str) -> Verdict {
    match what {
        "a jti of 257 letters" => Each("401 invalid_dpop_proof", "401 invalid_token"),
        _ => anywhere(what, "401 invalid_dpop_proof"),
    }
}

/// What comes of a proof wherever it is shown. The other looks at no `iat` beside a nonce of its own.
fn anywhere(what: &str, refusal: &'static str) -> Verdict {
    match what {
        "query and fragment in htu"
        | "upper-case scheme and host in htu"
        | "unknown claims"
        | "unknown header parameters"
        // Whoever is given a nonce asks again with it.
        | "a nonce that nobody gave" => Neither,
        "iat in an hour" | "iat an hour ago" | "iat before all time" | "jku" | "b64" => Ours(refusal),
        _ => Both(refusal),
    }
}

fn around() -> Vec<Case> {
    vec![
        case("h1 two proofs", Both("400 invalid_dpop_proof"), |r, s| {
            let second = s.client(Who::Bound).proof(&reqwest::Method::POST, e2e::TOKEN).signed();
            r.header("DPoP", &second)
        }),
        case("h1 an empty proof", Ours("400 invalid_dpop_proof"), |r, _| {
            r.without_proof().header("DPoP", "")
        }),
        case("h9 no proof, where none is required", Neither, |r, _| r.without_proof()),
    ]
}

fn schemes() -> Vec<Case> {
    vec![
        case("h5 a bound token as Bearer", Both("401 invalid_token"), |r, s| {
            let token = s.spare(Who::Bound, "access_token");
            r.without_proof()
                .without_header("authorization")
                .header("authorization", &format!("Bearer {token}"))
        }),
        case(
            "h5 a bound token as Bearer with its proof",
            Each("401 invalid_token", "400 invalid_request"),
            |r, s| {
                let token = s.spare(Who::Bound, "access_token");
                r.without_header("authorization")
                    .header("authorization", &format!("Bearer {token}"))
            },
        ),
        case("h5 no proof", Each("401 invalid_dpop_proof", "400 invalid_request"), |r, _| {
            r.without_proof()
        }),
        case("h5 another key", Both("401 invalid_token"), |r, _| {
            let key = Key::ec();
            let jwk = key.jwk();
            r.proof(|proof| proof.header("jwk", jwk).signed_by(&key))
        }),
        case("h5 an unbound token with a proof", Both("401 invalid_token"), |r, s| {
            let token = s.spare(Who::Public, "access_token");
            let ath = e2e::sha256(&token);
            r.without_header("authorization")
                .header("authorization", &format!("DPoP {token}"))
                .proof(|proof| proof.claim("ath", ath))
        }),
        case("h5 the scheme in capitals", Neither, |r, s| {
            let token = s.spare(Who::Bound, "access_token");
            r.without_header("authorization").header("authorization", &format!("DPOP {token}"))
        }),
    ]
}

fn refreshing() -> Vec<Case> {
    vec![
        case("h6 another key", GRANT, |r, _| {
            let key = Key::ec();
            let jwk = key.jwk();
            r.proof(|proof| proof.header("jwk", jwk).signed_by(&key))
        }),
        case("h6 no proof", GRANT, |r, _| r.without_proof()),
    ]
}

fn of_fapi() -> Vec<Case> {
    vec![
        case(
            "h9 no proof, where one is required",
            Each("400 invalid_dpop_proof", "400 invalid_grant"),
            |r, _| r.without_proof(),
        ),
        case("h3 no nonce", Both("400 use_dpop_nonce"), |r, _| {
            r.once().proof(|proof| proof.claim("nonce", Value::Null))
        }),
        case("h3 a nonce that nobody gave", Both("400 use_dpop_nonce"), |r, _| {
            r.once().proof(|proof| proof.claim("nonce", "x"))
        }),
        case("c1 no verifier", GRANT, |r, _| r.without("code_verifier")),
        case("e3 no assertion", CLIENT_OR_REQUEST, |r, _| r.without_assertion()),
        case("e3 the endpoint as audience", CLIENT, |r, s| {
            let url = s.url("/oidc/token");
            r.assertion(|jwt| jwt.claim("aud", url))
        }),
    ]
}
