//! The token endpoint with a code (RFC 6749 §4.1.3, RFC 7636 §4.6; attacks B1, B3, B5, C1, D1, D2, D6).

use reqwest::Method;

use crate::Group;
use crate::case::{Case, case};
use crate::side::{Right, Side, Who};
use crate::verdict::{
    Both, GRANT, GRANT_OR_REQUEST, METHOD, Neither, OUR_REQUEST, REQUEST, Verdict,
};

pub(crate) fn groups() -> Vec<Group> {
    let group = |right, who, cases| Group { right, who, cases };
    let again = || vec![case("d1 a code a second time", GRANT, |r, _| r)];
    let mut basic = forms();
    basic.extend(beside());
    basic.extend(methods());
    basic.extend(codes());
    vec![
        group(Right::Code, Who::Basic, basic),
        group(Right::Code, Who::Public, verifiers()),
        group(Right::Code, Who::Plain, without_challenge()),
        group(Right::Code, Who::Jwt, substituted()),
        group(Right::SpentCode, Who::Basic, again()),
        group(Right::SpentCode, Who::Public, again()),
        group(Right::SpentCode, Who::Fapi, again()),
    ]
}

/// Parameters that are missing, empty, doubled, unknown, or for another grant.
fn forms() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, gone, empty, twice) in [
        ("grant_type", REQUEST, REQUEST, REQUEST),
        ("code", REQUEST, REQUEST, REQUEST),
        ("redirect_uri", GRANT_OR_REQUEST, GRANT_OR_REQUEST, REQUEST),
        ("code_verifier", GRANT, GRANT, REQUEST),
    ] {
        all.push(case(format!("b3 no {name}"), gone, move |r, _| r.without(name)));
        all.push(case(format!("b3 empty {name}"), empty, move |r, _| r.with(name, "")));
        all.push(case(format!("b3 {name} twice"), twice, move |r, _| r.twice(name)));
    }
    for (kind, verdict) in [
        ("password", Both("400 unsupported_grant_type")),
        ("implicit", Both("400 unsupported_grant_type")),
        ("refresh_token", REQUEST),
        ("authorization_code ", Both("400 unsupported_grant_type")),
        ("Authorization_Code", Both("400 unsupported_grant_type")),
        ("authorization_code\0", Both("400 unsupported_grant_type")),
        ("urn:ietf:params:oauth:grant-type:device_code", Both("400 unsupported_grant_type")),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", Both("400 unsupported_grant_type")),
        ("urn:ietf:params:oauth:grant-type:token-exchange", Both("400 unsupported_grant_type")),
    ] {
        all.push(case(format!("b1 grant_type {kind:?}"), verdict, move |r, _| {
            r.with("grant_type", kind)
        }));
    }
    all
}

/// What stands beside the code.
fn beside() -> Vec<Case> {
    vec![
        case("b3 another code beside it", REQUEST, |r, _| r.and("code", "x")),
        case("b3 an unknown one twice", OUR_REQUEST, |r, _| r.and("x", "1").and("x", "2")),
        case("b4 an unknown one", Neither, |r, _| r.and("x", "1")),
        case("b6 a scope beside the code", Neither, |r, _| r.and("scope", "openid offline_access")),
        case("b4 resource beside the code", Neither, |r, _| r.and("resource", "x")),
        case("d2 another redirect_uri", GRANT, |r, _| {
            r.with("redirect_uri", "https://app.example.com/other")
        }),
        case("d2 redirect_uri with a slash", GRANT, |r, _| {
            r.with("redirect_uri", "https://app.example.com/callback/")
        }),
        case("d2 redirect_uri in capitals", GRANT, |r, _| {
            r.with("redirect_uri", "HTTPS://APP.EXAMPLE.COM/callback")
        }),
    ]
}

fn methods() -> Vec<Case> {
    vec![
        case("b5 GET", METHOD, |r, _| r.method(Method::GET)),
        case("b5 PUT", METHOD, |r, _| r.method(Method::PUT)),
        case("b5 DELETE", METHOD, |r, _| r.method(Method::DELETE)),
        case("b5 JSON", REQUEST, |r, _| r.kind("application/json").body("{\"code\":\"x\"}")),
        case("b5 a form that says it is JSON", REQUEST, |r, _| r.kind("application/json")),
        case("b5 a form that says it is text", REQUEST, |r, _| r.kind("text/plain")),
        case("b5 multipart", REQUEST, |r, _| r.kind("multipart/form-data")),
        case("b5 nearly a form", REQUEST, |r, _| r.kind("application/x-www-form-urlencodedx")),
        case("b5 a form of no type", REQUEST, |r, _| r.kind("")),
        case("b5 a form with a charset", Neither, |r, _| {
            r.kind("application/x-www-form-urlencoded; charset=UTF-8")
        }),
        case("b5 all in the URL", REQUEST, |r, _| r.all_in_url()),
        case("b5 the code in the URL", REQUEST, |r, _| {
            let code = r.value("code");
            r.without("code").in_url("code", &code)
        }),
        case("b3 something in the URL", OUR_REQUEST, |r, _| r.in_url("x", "y")),
        case("b3 the grant in the URL as well", OUR_REQUEST, |r, _| {
            r.in_url("grant_type", "authorization_code")
        }),
        case("b4 bytes that are no text", REQUEST, |r, _| {
            r.body("grant_type=authorization_code&code=%FF")
        }),
        case("b4 nothing", REQUEST, |r, _| r.body("")),
    ]
}

/// Attack D6: what is no code.
fn codes() -> Vec<Case> {
    let code = |what: &str, verdict, of: fn(&Side) -> String| {
        case(format!("d6 {what} for a code"), verdict, move |r, s: &Side| r.with("code", &of(s)))
    };
    vec![
        code("a word", GRANT, |_| "x".to_owned()),
        code("a guess", GRANT, |_| format!("hufu_code_{}", "A".repeat(43))),
        code("an asterisk", GRANT, |_| "*".to_owned()),
        code("NUL", GRANT, |_| "\0".to_owned()),
        code("something long", GRANT, |_| "a".repeat(20_000)),
        code("an access token", GRANT, |s| s.spare(Who::Basic, "access_token")),
        code("an ID token", GRANT, |s| s.spare(Who::Basic, "id_token")),
        code("a refresh token", GRANT, |s| s.spare(Who::Basic, "refresh_token")),
        code("its secret", GRANT, |s| s.secret(Who::Basic)),
        code("its name", GRANT, |s| s.id(Who::Basic)),
    ]
}

type Spoil = fn(&str) -> String;

/// Attack C1 (b) to (e) and (i).
fn verifiers() -> Vec<Case> {
    let mut all = vec![
        case("c1 (b) none", GRANT, |r, _| r.without("code_verifier")),
        case("c1 (c) an empty one", GRANT, |r, _| r.with("code_verifier", "")),
        case("c1 (d) another", GRANT, |r, _| r.with("code_verifier", &"a".repeat(43))),
        case("c1 two of them", REQUEST, |r, _| r.and("code_verifier", "x")),
        case("c1 (f) its hash", GRANT, |r, _| {
            let challenge = e2e::sha256(&r.value("code_verifier"));
            r.with("code_verifier", &challenge)
        }),
    ];
    let changes: [(&str, Verdict, Spoil); 7] = [
        ("cut", GRANT_OR_REQUEST, |own| own[..42].to_owned()),
        ("lengthened", GRANT_OR_REQUEST, |own| format!("{own}{}", "a".repeat(86))),
        ("padded", GRANT_OR_REQUEST, |own| format!("{own}=")),
        ("with a space behind", GRANT_OR_REQUEST, |own| format!("{own} ")),
        ("with NUL behind", GRANT_OR_REQUEST, |own| format!("{own}\0")),
        ("in capitals", GRANT, str::to_uppercase),
        ("with é behind", GRANT_OR_REQUEST, |own| format!("{own}é")),
    ];
    for (what, verdict, change) in changes {
        all.push(case(format!("c1 (i) {what}"), verdict, move |r, _| {
            let verifier = change(&r.value("code_verifier"));
            r.with("code_verifier", &verifier)
        }));
    }
    all
}

/// A client that may do without PKCE, and did not.
fn without_challenge() -> Vec<Case> {
    vec![
        case("c1 (b) none", GRANT, |r, _| r.without("code_verifier")),
        case("c1 (c) an empty one", GRANT, |r, _| r.with("code_verifier", "")),
        case("c1 (d) another", GRANT, |r, _| r.with("code_verifier", &"a".repeat(43))),
    ]
}

/// Attack D2: codes of others, with all that redeems them there.
fn substituted() -> Vec<Case> {
    let of = |what: &str, who, verdict| {
        case(format!("d2 a code of {what}"), verdict, move |r, s: &Side| {
            r.with("code", &s.spare(who, "code"))
                .with("code_verifier", &s.spare(who, "code_verifier"))
        })
    };
    vec![
        of("a client with a secret", Who::Post, GRANT),
        of("a public client", Who::Public, GRANT),
        of("a client with DPoP", Who::Fapi, GRANT),
    ]
}
