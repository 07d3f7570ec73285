//! UserInfo and signing out (RFC 6750 §2, OpenID Connect Core §5.3, RP-Initiated Logout 1.0; attacks B3, F5,
//! F6, H5, K1, K2).

use e2e::Request;
use reqwest::Method;

use crate::Group;
use crate::case::{Case, case};
use crate::side::{Right, Side, Who};
use crate::verdict::{Both, Each, METHOD, Neither, Ours, PAGE, REQUEST, Theirs, Verdict};

pub(crate) fn groups() -> Vec<Group> {
    let group = |right, who, cases| Group { right, who, cases };
    let mut shown = tokens();
    shown.extend(places());
    vec![
        group(Right::UserInfo, Who::Basic, shown),
        group(Right::End, Who::Basic, hints()),
        group(Right::End, Who::Public, requests()),
    ]
}

fn authorization(r: Request, value: &str) -> Request {
    r.without_header("authorization").header("authorization", value)
}

/// Attacks F5 and F6: what is no access token.
fn tokens() -> Vec<Case> {
    let token = |what: &str, verdict: Verdict, of: fn(&Side) -> String| {
        case(format!("f5 {what} for an access token"), verdict, move |r, s: &Side| {
            authorization(r, &format!("Bearer {}", of(s)))
        })
    };
    vec![
        token("an ID token", Both("401 invalid_token"), |s| s.spare(Who::Basic, "id_token")),
        token("a refresh token", Both("401 invalid_token"), |s| {
            s.spare(Who::Basic, "refresh_token")
        }),
        token(
            "a token about no person",
            Each("403 insufficient_scope", "401 invalid_token"),
            |s| s.spare(Who::Basic, "own_token"),
        ),
        token("a word", Both("401 invalid_token"), |_| "x".to_owned()),
        token("dots", Both("401 invalid_token"), |_| "..".to_owned()),
        token("three parts", Both("401 invalid_token"), |_| "e30.e30.e30".to_owned()),
        token("something long", Both("401 invalid_token"), |_| "a".repeat(5_000)),
        token("a longer one", Both("401 invalid_token"), |s| {
            s.spare(Who::Basic, "access_token") + "A"
        }),
        token("a shorter one", Both("401 invalid_token"), |s| {
            s.spare(Who::Basic, "access_token")[1..].to_owned()
        }),
        token("a padded one", Both("401 invalid_token"), |s| {
            s.spare(Who::Basic, "access_token") + "="
        }),
        token("a bound one", Both("401 invalid_token"), |s| s.spare(Who::Bound, "access_token")),
    ]
}

fn places() -> Vec<Case> {
    let own = |s: &Side| s.spare(Who::Basic, "access_token");
    vec![
        case("f5 nothing", Each("401", "401 invalid_token"), |r, _| {
            r.without_header("authorization")
        }),
        case("f5 in the URL", Each("401", "400 invalid_request"), move |r, s| {
            r.without_header("authorization").in_url("access_token", &own(s))
        }),
        case("f5 in the URL as well", REQUEST, move |r, s| r.in_url("access_token", &own(s))),
        case("f5 in the form", Ours("401"), move |r, s| {
            r.without_header("authorization").method(Method::POST).with("access_token", &own(s))
        }),
        case(
            "f5 in the form as well",
            Theirs(
                "400 invalid_request",
                "RFC 6750 §2.2: taking a token from the body is optional, and the body is not read",
            ),
            move |r, s| r.method(Method::POST).with("access_token", &own(s)),
        ),
        case("f5 by POST", Neither, |r, _| r.method(Method::POST)),
        case("f5 by PUT", METHOD, |r, _| r.method(Method::PUT)),
        case("f5 the scheme in small letters", Neither, move |r, s| {
            authorization(r, &format!("bearer {}", own(s)))
        }),
        case("f5 without the scheme", Each("401", "400 invalid_request"), move |r, s| {
            authorization(r, &own(s))
        }),
        case("f5 another scheme", Each("401", "400 invalid_request"), move |r, s| {
            authorization(r, &format!("Token {}", own(s)))
        }),
        case(
            "f5 two spaces",
            Theirs(
                "400 invalid_request",
                "RFC 6750 §2.1 with RFC 9110 §11.4: one or more spaces separate scheme and token",
            ),
            move |r, s| authorization(r, &format!("Bearer  {}", own(s))),
        ),
        case(
            "h5 as DPoP without a proof",
            Each("401 invalid_token", "400 invalid_request"),
            move |r, s| authorization(r, &format!("DPoP {}", own(s))),
        ),
        case("f5 the secret", Each("401", "400 invalid_request"), |r, s| {
            authorization(r, &s.basic(Who::Basic))
        }),
        case("f5 two headers", Ours("401"), |r, _| r.header("authorization", "Bearer x")),
        case("f5 an unknown parameter", Neither, |r, _| r.in_url("x", "1")),
    ]
}

/// Attack K2: what is no hint.
fn hints() -> Vec<Case> {
    let hint = |what: &str, verdict: Verdict, of: fn(&Side) -> String| {
        case(format!("k2 {what} for a hint"), verdict, move |r, s: &Side| {
            r.with("id_token_hint", &of(s))
        })
    };
    vec![
        hint("an access token", PAGE, |s| s.spare(Who::Basic, "access_token")),
        hint("another client's ID token", PAGE, |s| s.spare(Who::Post, "id_token")),
        hint("an ID token by none", PAGE, |s| s.unsigned(Who::Basic)),
        hint("an ID token without a signature", PAGE, |s| {
            let token = s.spare(Who::Basic, "id_token");
            token.rsplit_once('.').unwrap().0.to_owned() + "."
        }),
        hint("a longer one", PAGE, |s| s.spare(Who::Basic, "id_token") + "x"),
        hint("one with a space before", PAGE, |s| format!(" {}", s.spare(Who::Basic, "id_token"))),
        hint("a word", PAGE, |_| "x".to_owned()),
        hint("dots", PAGE, |_| "..".to_owned()),
        hint("something long", PAGE, |_| "a".repeat(9_000)),
        hint("its name", PAGE, |s| s.id(Who::Basic)),
        case("k2 another client's name", PAGE, |r, s| r.with("client_id", &s.id(Who::Post))),
        case("k2 an unknown name", PAGE, |r, _| r.with("client_id", "x")),
    ]
}

fn requests() -> Vec<Case> {
    vec![
        case("k1 no hint", Neither, |r, _| r.without("id_token_hint")),
        case("k1 neither hint nor name", Ours("page 400"), |r, _| {
            r.without("id_token_hint").without("client_id")
        }),
        case("k1 nothing", Neither, |r, _| {
            r.without("id_token_hint")
                .without("client_id")
                .without("post_logout_redirect_uri")
                .without("state")
        }),
        case("k1 no name", Neither, |r, _| r.without("client_id")),
        case("k3 no address", Neither, |r, _| r.without("post_logout_redirect_uri")),
        case("k3 the address of the sign-in", PAGE, |r, _| {
            r.with("post_logout_redirect_uri", "https://app.example.com/callback")
        }),
        case("k3 an empty address", Neither, |r, _| r.with("post_logout_redirect_uri", "")),
        case("b3 the hint twice", PAGE, |r, _| r.twice("id_token_hint")),
        case("b3 the name twice", PAGE, |r, _| r.twice("client_id")),
        case("b3 the address twice", PAGE, |r, _| r.twice("post_logout_redirect_uri")),
        case("b3 the state twice", PAGE, |r, _| r.twice("state")),
        case("b3 an unknown one twice", Ours("page 400"), |r, _| r.and("x", "1").and("x", "2")),
        case("k1 by POST", Neither, |r, _| r.method(Method::POST)),
        case("k1 by PUT", METHOD, |r, _| r.method(Method::PUT)),
        case("b3 in the URL of a POST", Ours("page 400"), |r, _| {
            r.method(Method::POST).all_in_url()
        }),
        case("b3 in the URL and in the form", Ours("page 400"), |r, _| {
            r.method(Method::POST).in_url("state", "s")
        }),
        case("b5 JSON", PAGE, |r, _| r.method(Method::POST).kind("application/json").body("{}")),
    ]
}
