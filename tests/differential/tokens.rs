//! Introspection and revocation (RFC 7662, RFC 7009; attacks B3, B5, E1, F7, F8).

use reqwest::Method;

use crate::Group;
use crate::case::{Case, case};
use crate::side::{Right, Side, Who};
use crate::verdict::{
    CLIENT, CLIENT_OR_REQUEST, Each, INACTIVE, METHOD, Neither, OUR_CLIENT, OUR_REQUEST, Ours,
    REQUEST, Theirs, Verdict,
};

pub(crate) fn groups() -> Vec<Group> {
    let group = |right, who, cases| Group { right, who, cases };
    vec![
        group(Right::Introspect, Who::Basic, introspecting()),
        group(Right::Introspect, Who::Basic, unclear()),
        group(Right::Revoke, Who::Basic, revoking()),
        group(
            Right::Revoke,
            Who::Public,
            vec![
                case("f8 a secret", CLIENT, |r, _| r.with("client_secret", "x")),
                case("f8 no name", CLIENT_OR_REQUEST, |r, _| r.without("client_id")),
                case("f8 another's token", Neither, |r, s| {
                    r.with("token", &s.spare(Who::Post, "access_token"))
                }),
            ],
        ),
    ]
}

type Row = (&'static str, Verdict, fn(&Side) -> String);

fn showing<const N: usize>(attack: &str, rows: [Row; N]) -> Vec<Case> {
    let rows = rows.into_iter().map(|(what, verdict, of)| {
        case(format!("{attack} {what}"), verdict, move |r, s: &Side| r.with("token", &of(s)))
    });
    rows.collect()
}

fn introspecting() -> Vec<Case> {
    let mut all = vec![
        case("f7 nobody", CLIENT_OR_REQUEST, |r, _| r.without_header("authorization")),
        case("f7 the name alone", CLIENT, |r, s| {
            r.without_header("authorization").with("client_id", &s.id(Who::Basic))
        }),
        case("f7 the wrong way", OUR_CLIENT, |r, s| {
            r.without_header("authorization")
                .with("client_id", &s.id(Who::Basic))
                .with("client_secret", &s.secret(Who::Basic))
        }),
        case("f7 a public client about its own", OUR_CLIENT, |r, s| {
            r.without_header("authorization")
                .with("client_id", &s.id(Who::Public))
                .with("token", &s.spare(Who::Public, "access_token"))
        }),
        case(
            "f7 a public client about another's",
            Each("401 invalid_client", "inactive"),
            |r, s| r.without_header("authorization").with("client_id", &s.id(Who::Public)),
        ),
        case("f7 the token itself", CLIENT_OR_REQUEST, |r, s| {
            let token = s.spare(Who::Basic, "access_token");
            r.without_header("authorization").header("authorization", &format!("Bearer {token}"))
        }),
        case("f7 a wrong hint", Neither, |r, _| r.with("token_type_hint", "refresh_token")),
        case("f7 an unknown hint", Neither, |r, _| r.with("token_type_hint", "x")),
        case("f7 an empty hint", Neither, |r, _| r.with("token_type_hint", "")),
    ];
    all.extend(showing(
        "f7",
        [
            ("another client's", Ours("inactive"), |s| s.spare(Who::Post, "access_token")),
            ("another client's refresh token", Ours("inactive"), |s| {
                s.spare(Who::Post, "refresh_token")
            }),
            ("a public client's", Ours("inactive"), |s| s.spare(Who::Public, "access_token")),
            ("its own refresh token", Neither, |s| s.spare(Who::Basic, "refresh_token")),
            ("its own ID token", Each("inactive", "400 unsupported_token_type"), |s| {
                s.spare(Who::Basic, "id_token")
            }),
            ("its secret", INACTIVE, |s| s.secret(Who::Basic)),
            ("a word", INACTIVE, |_| "x".to_owned()),
            ("NUL", INACTIVE, |_| "\0".to_owned()),
            ("dots", INACTIVE, |_| "...".to_owned()),
            ("three parts", INACTIVE, |_| "a.b.c".to_owned()),
            ("something long", INACTIVE, |_| "a".repeat(20_000)),
        ],
    ));
    all
}

/// Requests of which it is not clear what they ask.
fn unclear() -> Vec<Case> {
    vec![
        case("b3 no token", REQUEST, |r, _| r.without("token")),
        case("b3 an empty token", REQUEST, |r, _| r.with("token", "")),
        case("b3 the token twice", REQUEST, |r, _| r.twice("token")),
        case("b3 a hint twice", REQUEST, |r, _| {
            r.and("token_type_hint", "a").and("token_type_hint", "b")
        }),
        case("b3 an unknown one twice", OUR_REQUEST, |r, _| r.and("x", "1").and("x", "2")),
        case("b5 in the URL", REQUEST, |r, _| r.all_in_url()),
        case("b5 something in the URL", OUR_REQUEST, |r, _| r.in_url("x", "1")),
        case("b5 GET", METHOD, |r, _| r.method(Method::GET)),
        case("b5 JSON", REQUEST, |r, _| r.kind("application/json").body("{\"token\":\"x\"}")),
        case("b5 a form of no type", REQUEST, |r, _| r.kind("")),
        case("b4 bytes that are no text", Each("400 invalid_request", "inactive"), |r, _| {
            r.body("token=%FF")
        }),
    ]
}

fn revoking() -> Vec<Case> {
    let mut all = vec![
        case("f8 nobody", CLIENT_OR_REQUEST, |r, _| r.without_header("authorization")),
        case("f8 the name alone", CLIENT, |r, s| {
            r.without_header("authorization").with("client_id", &s.id(Who::Basic))
        }),
        case("f8 a wrong secret", CLIENT, |r, s| {
            let header = s.basic(Who::Basic).replace("Basic ", "Basic eDp5");
            r.without_header("authorization").header("authorization", &header)
        }),
        case("b3 no token", REQUEST, |r, _| r.without("token")),
        case("b3 an empty token", REQUEST, |r, _| r.with("token", "")),
        case("b3 the token twice", REQUEST, |r, _| r.twice("token")),
        case("b3 an unknown one twice", OUR_REQUEST, |r, _| r.and("x", "1").and("x", "2")),
        case("b5 in the URL", REQUEST, |r, _| r.all_in_url()),
        case("b5 something in the URL", OUR_REQUEST, |r, _| r.in_url("x", "1")),
        case("b5 GET", METHOD, |r, _| r.method(Method::GET)),
        case("b5 JSON", REQUEST, |r, _| r.kind("application/json").body("{\"token\":\"x\"}")),
        case("f8 a wrong hint", Neither, |r, _| r.with("token_type_hint", "refresh_token")),
        case("f8 an unknown hint", Neither, |r, _| r.with("token_type_hint", "x")),
    ];
    all.extend(showing("f8", [
        ("another client's", Theirs("400 invalid_request", "RFC 7009 §2.2: what is no token of this client is answered as any that is invalid, so that nobody learns which tokens live; it is not revoked"), |s| s.spare(Who::Post, "access_token")),
        ("another client's refresh token", Theirs("400 invalid_request", "RFC 7009 §2.2: what is no token of this client is answered as any that is invalid, so that nobody learns which tokens live; it is not revoked"), |s| s.spare(Who::Post, "refresh_token")),
        ("its own ID token", Theirs("400 unsupported_token_type", "RFC 7009 §2.2: what is neither an access token nor a refresh token is answered as any that is invalid"), |s| s.spare(Who::Basic, "id_token")),
        ("a word", Neither, |_| "x".to_owned()),
        ("NUL", Neither, |_| "\0".to_owned()),
        ("three parts", Neither, |_| "a.b.c".to_owned()),
    ]));
    all
}
