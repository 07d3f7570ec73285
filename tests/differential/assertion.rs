//! Client assertions (RFC 7523 §3; attack E3).

use e2e::{Change, Jwt, Key, base64url};
use serde_json::{Value, json};

use crate::Group;
use crate::case::{Case, case};
use crate::side::{Right, Side, Who};
use crate::verdict::{CLIENT, CLIENT_OR_REQUEST, Neither, OUR_CLIENT, REQUEST, Verdict};

const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub(crate) fn groups() -> Vec<Group> {
    let group = |right, who, cases| Group { right, who, cases };
    let mut all = claims();
    all.extend(times());
    all.extend(headers());
    all.extend(signatures());
    all.extend(garbage());
    all.extend(beside());
    all.extend(audiences());
    let again = || vec![case("e3 an assertion a second time", CLIENT, |r, _| r)];
    vec![
        group(Right::ClientCredentials, Who::Jwt, all),
        group(Right::SpentAssertion, Who::Jwt, again()),
    ]
}

fn row(what: &str, verdict: Verdict, change: Change) -> Case {
    case(format!("e3 {what}"), verdict, move |r, _| r.assertion(change))
}

fn iat(jwt: &Jwt) -> i64 {
    jwt.claims["iat"].as_i64().unwrap()
}

fn claims() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, value, verdict) in [
        ("iss", json!("x"), CLIENT),
        ("iss", Value::Null, CLIENT),
        ("iss", json!(["x"]), CLIENT),
        ("sub", json!("x"), CLIENT),
        ("sub", json!(""), CLIENT),
        ("sub", Value::Null, CLIENT),
        ("sub", json!(["x"]), CLIENT),
        ("exp", Value::Null, CLIENT),
        ("exp", json!(0), CLIENT),
        ("exp", json!(-1), CLIENT),
        ("exp", json!(1), CLIENT),
        ("exp", json!("9999999999"), CLIENT),
        ("exp", json!(9_999_999_999_i64), OUR_CLIENT),
        ("exp", json!(1e300), OUR_CLIENT),
        ("exp", json!(true), CLIENT),
        ("exp", json!({}), CLIENT),
        ("nbf", json!(9_999_999_999_i64), CLIENT),
        ("nbf", json!("1"), CLIENT),
        ("iat", Value::Null, Neither),
        ("iat", json!("1"), CLIENT),
        ("iat", json!(-1), OUR_CLIENT),
        ("jti", Value::Null, CLIENT),
        ("jti", json!(""), CLIENT),
        ("jti", json!(1), CLIENT),
        ("jti", json!("x".repeat(257)), OUR_CLIENT),
        ("x", json!({ "y": [1] }), Neither),
    ] {
        all.push(case(
            format!("e3 {name} {value}").chars().take(60).collect::<String>(),
            verdict,
            move |r, _| r.assertion(|jwt| jwt.claim(name, value.clone())),
        ));
    }
    all
}

fn times() -> Vec<Case> {
    vec![
        row("exp a minute ago", CLIENT, |jwt| {
            let exp = iat(&jwt) - 60;
            jwt.claim("exp", exp)
        }),
        row("exp in a day", OUR_CLIENT, |jwt| {
            let exp = iat(&jwt) + 86_400;
            jwt.claim("exp", exp)
        }),
        row("exp in five minutes", Neither, |jwt| {
            let exp = iat(&jwt) + 299;
            jwt.claim("exp", exp)
        }),
        row("exp in ten minutes", OUR_CLIENT, |jwt| {
            let exp = iat(&jwt) + 600;
            jwt.claim("exp", exp)
        }),
        row("nbf in eight seconds", Neither, |jwt| {
            let nbf = iat(&jwt) + 8;
            jwt.claim("nbf", nbf)
        }),
        row("nbf in a minute", CLIENT, |jwt| {
            let nbf = iat(&jwt) + 60;
            jwt.claim("nbf", nbf)
        }),
        row("iat in a minute", OUR_CLIENT, |jwt| {
            let later = iat(&jwt) + 60;
            jwt.claim("iat", later)
        }),
        row("iat an hour ago", OUR_CLIENT, |jwt| {
            let earlier = iat(&jwt) - 3600;
            jwt.claim("iat", earlier)
        }),
    ]
}

/// CVE-2025-27370: one text, the issuer.
fn audiences() -> Vec<Case> {
    let to = |what: &str, verdict, of: fn(&Side) -> Value| {
        case(format!("e3 {what} as audience"), verdict, move |r, s: &Side| {
            let audience = of(s);
            r.assertion(|jwt| jwt.claim("aud", audience))
        })
    };
    vec![
        to("nobody", CLIENT, |_| Value::Null),
        to("an empty text", CLIENT, |_| json!("")),
        to("an asterisk", CLIENT, |_| json!("*")),
        to("an object", CLIENT, |s| json!({ "a": s.issuer() })),
        to("the token endpoint", OUR_CLIENT, |s| json!(s.url("/oidc/token"))),
        to("PAR", CLIENT, |s| json!(s.url("/oidc/request"))),
        to("introspection", CLIENT, |s| json!(s.url("/oidc/token/introspection"))),
        to("a list of the issuer", OUR_CLIENT, |s| json!([s.issuer()])),
        to("the issuer and another", OUR_CLIENT, |s| json!([s.issuer(), "https://evil.example"])),
        to("the issuer and a slash", CLIENT, |s| json!(s.issuer() + "/")),
        to("the issuer and a space", CLIENT, |s| json!(s.issuer() + " ")),
        to("the issuer in capitals", CLIENT, |s| json!(s.issuer().to_uppercase())),
        to("the host", CLIENT, |s| json!(s.url(""))),
    ]
}

fn headers() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, value, verdict) in [
        ("alg", Value::Null, CLIENT),
        ("alg", json!("RS256"), CLIENT),
        ("alg", json!("PS256"), CLIENT),
        ("alg", json!("EdDSA"), CLIENT),
        ("alg", json!("es256"), CLIENT),
        ("alg", json!("ES384"), CLIENT),
        ("alg", json!("HS256"), CLIENT),
        ("alg", json!("none"), CLIENT),
        ("kid", json!("other"), CLIENT),
        ("kid", json!("../../../../dev/null"), CLIENT),
        ("kid", json!("k' OR '1'='1"), CLIENT),
        ("kid", json!(1), OUR_CLIENT),
        ("jku", json!("https://evil.example/keys"), OUR_CLIENT),
        ("x5u", json!("https://evil.example/x5u"), OUR_CLIENT),
        ("x5c", json!(["AAAA"]), OUR_CLIENT),
        ("jwk", json!({ "kty": "EC" }), OUR_CLIENT),
        ("crit", json!(["exp"]), CLIENT),
        ("crit", json!([]), CLIENT),
        ("b64", json!(false), OUR_CLIENT),
        ("zip", json!("DEF"), OUR_CLIENT),
        ("enc", json!("A256GCM"), OUR_CLIENT),
        ("typ", Value::Null, Neither),
        ("typ", json!("client-authentication+jwt"), Neither),
        ("typ", json!("at+jwt"), OUR_CLIENT),
        ("typ", json!("dpop+jwt"), OUR_CLIENT),
        ("typ", json!("logout+jwt"), OUR_CLIENT),
        ("typ", json!(1), OUR_CLIENT),
    ] {
        all.push(case(format!("e3 header {name} {value}"), verdict, move |r, _| {
            r.assertion(|jwt| jwt.header(name, value.clone()))
        }));
    }
    all
}

fn signatures() -> Vec<Case> {
    vec![
        row("another key", CLIENT, |jwt| jwt.signed_by(&Key::ec())),
        row("another key that the header brings", CLIENT, |jwt| {
            let key = Key::ec();
            let jwk = key.jwk();
            jwt.header("jwk", jwk).signed_by(&key)
        }),
        row("none without a signature", CLIENT, |jwt| {
            jwt.header("alg", "none")
                .spoilt(|token| format!("{}.", token.rsplit_once('.').unwrap().0))
        }),
        row("nOnE without a signature", CLIENT, |jwt| {
            jwt.header("alg", "nOnE")
                .spoilt(|token| format!("{}.", token.rsplit_once('.').unwrap().0))
        }),
        row("no signature", CLIENT, |jwt| {
            jwt.spoilt(|token| format!("{}.", token.rsplit_once('.').unwrap().0))
        }),
        row("two parts", CLIENT_OR_REQUEST, |jwt| {
            jwt.spoilt(|token| token.rsplit_once('.').unwrap().0.to_owned())
        }),
        row("a signature of zeroes", CLIENT, |jwt| {
            jwt.spoilt(|token| {
                format!("{}.{}", token.rsplit_once('.').unwrap().0, base64url([0; 64]))
            })
        }),
        row("cut", CLIENT, |jwt| jwt.spoilt(|token| token[..token.len() - 1].to_owned())),
        row("lengthened", CLIENT, |jwt| jwt.spoilt(|token| token + "A")),
        row("padded", OUR_CLIENT, |jwt| jwt.spoilt(|token| token + "==")),
        row("with a space behind", OUR_CLIENT, |jwt| jwt.spoilt(|token| token + " ")),
        row("a part more", CLIENT_OR_REQUEST, |jwt| jwt.spoilt(|token| token + ".x")),
        row("two more parts", CLIENT_OR_REQUEST, |jwt| jwt.spoilt(|token| token + ".x.x")),
    ]
}

/// What is no assertion at all.
fn garbage() -> Vec<Case> {
    vec![
        row("garbage", CLIENT_OR_REQUEST, |jwt| jwt.spoilt(|_| "a.b.c".to_owned())),
        row("dots", CLIENT_OR_REQUEST, |jwt| jwt.spoilt(|_| "..".to_owned())),
        row("empty", CLIENT_OR_REQUEST, |jwt| jwt.spoilt(|_| String::new())),
        row("no claims", CLIENT, |mut jwt| {
            jwt.claims = json!({});
            jwt
        }),
        row("claims that are a list", CLIENT_OR_REQUEST, |mut jwt| {
            jwt.claims = json!([jwt.claims]);
            jwt
        }),
    ]
}

/// What stands beside the assertion.
fn beside() -> Vec<Case> {
    vec![
        case("e3 no assertion", CLIENT_OR_REQUEST, |r, _| r.without_assertion()),
        case("e3 the name alone", CLIENT, |r, s| {
            r.without_assertion().with("client_id", &s.id(Who::Jwt))
        }),
        case("e3 its name beside it", Neither, |r, s| r.with("client_id", &s.id(Who::Jwt))),
        case("e3 another's name beside it", CLIENT_OR_REQUEST, |r, s| {
            r.with("client_id", &s.id(Who::Fapi))
        }),
        case("e3 an unknown name beside it", CLIENT_OR_REQUEST, |r, _| r.with("client_id", "x")),
        case("e3 a secret beside it", REQUEST, |r, _| r.with("client_secret", "x")),
        case("e3 a header beside it", REQUEST, |r, _| r.header("authorization", "Basic eDp5")),
        case("e3 two assertions", REQUEST, |r, _| r.with("client_assertion", "x")),
        case("e3 two types", REQUEST, |r, _| r.with("client_assertion_type", "x")),
        case("e3 an assertion of another type", CLIENT_OR_REQUEST, |r, s| {
            let assertion = s.client(Who::Jwt).assertion().signed();
            r.without_assertion().with("client_assertion", &assertion).with(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
            )
        }),
        case("e3 an assertion of no type", CLIENT_OR_REQUEST, |r, s| {
            let assertion = s.client(Who::Jwt).assertion().signed();
            r.without_assertion().with("client_assertion", &assertion)
        }),
        case("e3 a type without an assertion", CLIENT_OR_REQUEST, |r, _| {
            r.without_assertion().with("client_assertion_type", KIND)
        }),
        case("e3 an assertion in the URL", REQUEST, |r, s| {
            let assertion = s.client(Who::Jwt).assertion().signed();
            r.without_assertion()
                .in_url("client_assertion", &assertion)
                .in_url("client_assertion_type", KIND)
        }),
        case("e3 an ID token for an assertion", CLIENT, |r, s| {
            let token = s.spare(Who::Jwt, "id_token");
            r.without_assertion()
                .with("client_assertion", &token)
                .with("client_assertion_type", KIND)
        }),
    ]
}
