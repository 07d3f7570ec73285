//! How a client proves itself at the token endpoint (RFC 6749 §2.3, §5.2; attacks E1, E2, B5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::Request;

use crate::Group;
use crate::case::{Case, case};
use crate::side::{Right, Side, Who};
use crate::verdict::{
    CLIENT, CLIENT_OR_REQUEST, Each, GRANT, Neither, OUR_CLIENT, OUR_REQUEST, REQUEST, Verdict,
};

pub(crate) fn groups() -> Vec<Group> {
    let group = |who, cases| Group { right: Right::Code, who, cases };
    let mut basic = in_the_header();
    basic.extend(spellings());
    basic.extend(unreadable());
    vec![
        group(Who::Basic, basic),
        group(Who::Post, in_the_form()),
        group(Who::Public, without_a_secret()),
    ]
}

/// The request with this header instead of its own.
fn authorization(r: Request, value: &str) -> Request {
    r.without_header("authorization").header("authorization", value)
}

/// A row with another header, made of the client's name and secret.
fn header(what: &str, verdict: Verdict, make: fn(&str, &str) -> String) -> Case {
    case(format!("e2 {what}"), verdict, move |r, s: &Side| {
        authorization(r, &make(&s.id(Who::Basic), &s.secret(Who::Basic)))
    })
}

fn basic(text: impl AsRef<[u8]>) -> String {
    format!("Basic {}", STANDARD.encode(text))
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |all, byte| format!("{all}%{byte:02X}"))
}

fn in_the_header() -> Vec<Case> {
    vec![
        case("e1 nobody", CLIENT_OR_REQUEST, |r, _| r.without_header("authorization")),
        case("e1 the name alone", CLIENT, |r, s| {
            r.without_header("authorization").with("client_id", &s.id(Who::Basic))
        }),
        case("e1 in the form instead of the header", OUR_CLIENT, |r, s| {
            r.without_header("authorization")
                .with("client_id", &s.id(Who::Basic))
                .with("client_secret", &s.secret(Who::Basic))
        }),
        case("e1 both ways", REQUEST, |r, s| {
            r.with("client_id", &s.id(Who::Basic)).with("client_secret", &s.secret(Who::Basic))
        }),
        case("e1 its own name beside the header", Neither, |r, s| {
            r.with("client_id", &s.id(Who::Basic))
        }),
        case("e1 another's name beside the header", CLIENT_OR_REQUEST, |r, s| {
            r.with("client_id", &s.id(Who::Post))
        }),
        case("e1 an empty name beside the header", Neither, |r, _| r.with("client_id", "")),
        case("e1 an empty secret beside the header", Neither, |r, _| r.with("client_secret", "")),
        case("e1 another client", GRANT, |r, s| {
            authorization(r, &basic(format!("{}:{}", s.id(Who::Plain), s.secret(Who::Plain))))
        }),
        case("e1 two headers", OUR_REQUEST, |r, _| r.header("authorization", "Basic eDp5")),
        case("e1 an assertion beside the header", REQUEST, |r, _| {
            r.with("client_assertion", "x").with("client_assertion_type", "x")
        }),
        case("b5 name and secret in the URL", REQUEST, |r, s| {
            r.without_header("authorization")
                .in_url("client_id", &s.id(Who::Basic))
                .in_url("client_secret", &s.secret(Who::Basic))
        }),
    ]
}

/// The header in unusual forms, and with other names and secrets.
fn spellings() -> Vec<Case> {
    vec![
        header("in capitals of the scheme", Neither, |id, secret| {
            basic(format!("{id}:{secret}")).replace("Basic", "BASIC")
        }),
        header("encoded in whole", Neither, |id, secret| {
            basic(format!("{}:{}", percent(id), percent(secret)))
        }),
        header("another secret", CLIENT, |id, _| basic(format!("{id}:x"))),
        header("a longer secret", CLIENT, |id, secret| basic(format!("{id}:{secret}x"))),
        header("a secret with a space behind", CLIENT, |id, secret| {
            basic(format!("{id}:{secret} "))
        }),
        header("an empty secret", CLIENT_OR_REQUEST, |id, _| basic(format!("{id}:"))),
        header("an empty name", CLIENT_OR_REQUEST, |_, secret| basic(format!(":{secret}"))),
        header("a name without a colon", CLIENT_OR_REQUEST, |id, _| basic(id)),
        header("an unknown name", CLIENT, |_, secret| basic(format!("x:{secret}"))),
    ]
}

/// Headers that cannot be read, or in one way too many.
fn unreadable() -> Vec<Case> {
    vec![
        header("encoded twice", CLIENT, |id, secret| {
            basic(format!("{id}:{}", percent(&percent(secret))))
        }),
        header("the colon encoded", CLIENT_OR_REQUEST, |id, secret| {
            basic(format!("{id}%3A{secret}"))
        }),
        header("a percent sign alone", CLIENT_OR_REQUEST, |id, _| basic(format!("{id}:+%+"))),
        header("percent FF", CLIENT_OR_REQUEST, |id, _| basic(format!("{id}:%FF"))),
        header("bytes that are no text", CLIENT_OR_REQUEST, |id, _| {
            basic([id.as_bytes(), b":\xff"].concat())
        }),
        header("nothing behind the scheme", CLIENT_OR_REQUEST, |_, _| "Basic".to_owned()),
        header("a space behind the scheme", CLIENT_OR_REQUEST, |_, _| "Basic ".to_owned()),
        header("no base64", CLIENT_OR_REQUEST, |_, _| "Basic ###".to_owned()),
        header("not encoded at all", CLIENT_OR_REQUEST, |id, secret| {
            format!("Basic {id}:{secret}")
        }),
        header("without the scheme", CLIENT_OR_REQUEST, |id, secret| {
            STANDARD.encode(format!("{id}:{secret}"))
        }),
        header("another scheme", CLIENT_OR_REQUEST, |id, secret| {
            basic(format!("{id}:{secret}")).replace("Basic", "Digest")
        }),
        header("a bearer", CLIENT_OR_REQUEST, |_, secret| format!("Bearer {secret}")),
        header("very long", CLIENT_OR_REQUEST, |_, _| basic("x".repeat(4000))),
    ]
}

fn in_the_form() -> Vec<Case> {
    vec![
        case("e1 no secret", CLIENT, |r, _| r.without("client_secret")),
        case("e1 an empty secret", CLIENT, |r, _| r.with("client_secret", "")),
        case("e1 another secret", CLIENT, |r, _| r.with("client_secret", "x")),
        case("e1 a secret in capitals", CLIENT, |r, s| {
            r.with("client_secret", &s.secret(Who::Post).to_uppercase())
        }),
        case("e1 a secret and NUL", OUR_CLIENT, |r, s| {
            r.with("client_secret", &(s.secret(Who::Post) + "\0"))
        }),
        case("e1 another's secret", CLIENT, |r, s| r.with("client_secret", &s.secret(Who::Basic))),
        case("e1 no name", CLIENT_OR_REQUEST, |r, _| r.without("client_id")),
        case("e1 an empty name", CLIENT_OR_REQUEST, |r, _| r.with("client_id", "")),
        case("e1 an unknown name", CLIENT, |r, _| r.with("client_id", "x")),
        case("e1 in the header instead of the form", OUR_CLIENT, |r, _| r.by_header()),
        case("e1 in the header and in the form", REQUEST, |r, s| {
            let header = basic(format!("{}:{}", s.id(Who::Post), s.secret(Who::Post)));
            r.header("authorization", &header)
        }),
        case("b3 the secret twice", REQUEST, |r, _| r.twice("client_secret")),
        case("b3 the name twice", REQUEST, |r, _| r.twice("client_id")),
        case(
            "e1 another's name and secret",
            Each("401 invalid_client", "400 invalid_grant"),
            |r, s| {
                r.with("client_id", &s.id(Who::Basic)).with("client_secret", &s.secret(Who::Basic))
            },
        ),
        case("e3 its secret as an assertion", CLIENT_OR_REQUEST, |r, s| {
            r.without("client_secret").with("client_assertion", &s.secret(Who::Post)).with(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
        }),
    ]
}

fn without_a_secret() -> Vec<Case> {
    vec![
        case("e1 a secret", CLIENT, |r, _| r.with("client_secret", "x")),
        case("e1 an empty secret", OUR_CLIENT, |r, _| r.with("client_secret", "")),
        case("e1 a secret in the header", CLIENT, |r, s| {
            r.header("authorization", &basic(format!("{}:x", s.id(Who::Public))))
        }),
        case("e1 its name in the header", CLIENT_OR_REQUEST, |r, s| {
            r.header("authorization", &basic(format!("{}:", s.id(Who::Public))))
        }),
        case("e1 no name", CLIENT_OR_REQUEST, |r, _| r.without("client_id")),
        case("e1 another public client", GRANT, |r, s| r.with("client_id", &s.id(Who::Bound))),
        case("e1 a client with a secret", CLIENT, |r, s| r.with("client_id", &s.id(Who::Basic))),
        case("e1 a client with a key", CLIENT, |r, s| r.with("client_id", &s.id(Who::Jwt))),
        case("f5 a bearer token", CLIENT_OR_REQUEST, |r, s| {
            let token = s.spare(Who::Public, "access_token");
            r.header("authorization", &format!("Bearer {token}"))
        }),
    ]
}
