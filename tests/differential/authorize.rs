//! The authorization endpoint (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2; attacks A4, A8, B1 to B7, C1,
//! G8, J1, J2).

use reqwest::Method;

use crate::Group;
use crate::case::{Case, case};
use crate::side::{Right, Who};
use crate::verdict::{
    Both, METHOD, MODE, Neither, OUR_SENT, Ours, PAGE, SCOPE, SENT, TYPE, TYPE_OR_REQUEST, Theirs,
    Verdict,
};

/// Scopes of which we understand a part.
const PARTLY: Verdict = Theirs(
    "sent invalid_scope",
    "RFC 6749 §3.3: the server may ignore a part of what is asked for; \
     what it gives stands in the answer's scope",
);

pub(crate) fn groups() -> Vec<Group> {
    let group = |who, cases| Group { right: Right::Authorize, who, cases };
    let mut basic = parameters();
    basic.extend(kinds());
    basic.extend(wishes());
    basic.extend(texts());
    basic.extend(claims());
    basic.extend(hints());
    basic.extend(methods());
    vec![
        group(Who::Basic, basic),
        group(Who::Public, challenges()),
        group(Who::Plain, without_challenge()),
    ]
}

fn with(
    about: &'static str,
    name: &'static str,
    rows: impl IntoIterator<Item = (&'static str, Verdict)>,
) -> impl Iterator<Item = Case> {
    rows.into_iter().map(move |(value, verdict)| {
        case(format!("{about} {name} {value:?}"), verdict, move |r, _| r.with(name, value))
    })
}

/// Parameters that are missing, empty, doubled, or unknown.
fn parameters() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, gone, empty, twice) in [
        ("client_id", PAGE, PAGE, PAGE),
        ("redirect_uri", PAGE, PAGE, PAGE),
        ("response_type", SENT, SENT, SENT),
        ("scope", SCOPE, SCOPE, SENT),
        ("state", Neither, Neither, SENT),
        ("nonce", Neither, Neither, SENT),
        ("code_challenge", SENT, SENT, SENT),
        ("code_challenge_method", SENT, SENT, SENT),
    ] {
        all.push(case(format!("b3 no {name}"), gone, move |r, _| r.without(name)));
        all.push(case(format!("b3 empty {name}"), empty, move |r, _| r.with(name, "")));
        all.push(case(format!("b3 {name} twice"), twice, move |r, _| r.twice(name)));
    }
    all.extend([
        case("b3 another state beside it", SENT, |r, _| r.and("state", "other")),
        case("b3 an empty state beside it", SENT, |r, _| r.and("state", "")),
        case("b3 an unknown one twice", OUR_SENT, |r, _| r.and("x", "1").and("x", "2")),
        case("b4 an unknown one", Neither, |r, _| r.and("x", "1")),
        case("b4 resource", Neither, |r, _| r.and("resource", "https://api.example.com")),
        case("b4 audience", Neither, |r, _| r.and("audience", "https://evil.example")),
        case("b4 registration", Theirs("sent registration_not_supported", "RFC 6749 §3.1: a parameter that we do not know is ignored; registration belongs to self-issued providers (OpenID Connect Core §7.2.1)"), |r, _| r.and("registration", "{}")),
        case("b4 request", Both("sent request_not_supported"), |r, _| r.and("request", "e30.e30.")),
        case("b4 request_uri", Both("sent request_uri_not_supported"), |r, _| r.and("request_uri", "https://evil.example/x")),
        case("b4 dpop_jkt that is none", OUR_SENT, |r, _| r.and("dpop_jkt", "x")),
        case("e1 the secret in the URL", Neither, |r, s| r.and("client_secret", &s.secret(Who::Basic))),
        case("a1 an unknown client", PAGE, |r, _| {
            r.with("client_id", "00000000-0000-4000-8000-000000000000")
        }),
        case("a1 the client in capitals", PAGE, |r, s| {
            r.with("client_id", &s.id(Who::Basic).to_uppercase())
        }),
        case("g8 a client that has to push", SENT, |r, s| r.with("client_id", &s.id(Who::Fapi))),
    ]);
    all
}

/// Flows and ways back that there are not.
fn kinds() -> Vec<Case> {
    let mut all: Vec<Case> = Vec::new();
    all.extend(with(
        "b1",
        "response_type",
        [
            ("token", TYPE),
            ("id_token", TYPE_OR_REQUEST),
            ("id_token token", TYPE),
            ("code token", TYPE),
            ("code id_token", TYPE_OR_REQUEST),
            ("code id_token token", TYPE),
            ("none", TYPE_OR_REQUEST),
            ("Code", TYPE),
            ("code ", TYPE),
            (" code", TYPE),
            ("code code", Ours("sent unsupported_response_type")),
            ("code\0", TYPE),
            ("[code]", TYPE),
        ],
    ));
    all.extend(with(
        "b2",
        "response_mode",
        [
            ("query", Neither),
            ("form_post", Neither),
            ("fragment", OUR_SENT),
            ("web_message", OUR_SENT),
            ("jwt", MODE),
            ("query.jwt", MODE),
            ("fragment.jwt", MODE),
            ("QUERY", MODE),
            ("query ", MODE),
            ("okta_post_message", MODE),
            ("", Neither),
        ],
    ));
    all
}

/// What is asked for, and what may be shown.
fn wishes() -> Vec<Case> {
    let mut all: Vec<Case> = Vec::new();
    all.extend(with(
        "b6",
        "scope",
        [
            ("profile", SCOPE),
            ("nothing", SCOPE),
            ("openid nothing", Neither),
            ("openid offline_access", Neither),
            ("OPENID", SCOPE),
            ("openid,profile", SCOPE),
            ("openid  profile", PARTLY),
            (" openid", PARTLY),
            ("openid\tprofile", Both("sent invalid_scope")),
            ("openid\0", Both("sent invalid_scope")),
            ("openid \"", PARTLY),
            ("openid é", PARTLY),
        ],
    ));
    all.extend(with("j1", "prompt", [
        ("none", Neither), ("none login", SENT), ("login none", SENT), ("none consent", SENT), ("None", SENT), ("LOGIN", SENT),
        ("create", SENT), ("x", SENT), ("none,login", SENT), ("none\tlogin", SENT), ("none\0", SENT), (" ", Theirs("sent invalid_request", "RFC 6749 §3.1: a list without a word is a parameter without a value, which is as good as omitted")), ("none none", Neither),
        ("consent", Neither), ("select_account", Neither), ("login", Neither),
    ]));
    all.extend(with("j2", "max_age", [
        ("0", Neither), ("10000", Neither), ("0010000", Neither), ("-1", SENT), ("NaN", SENT), ("1e3", OUR_SENT), ("1.5", SENT), ("+5", OUR_SENT),
        ("0x10", OUR_SENT), ("ten", SENT), ("1 ", OUR_SENT), ("１", SENT), ("18446744073709551616", Theirs("sent invalid_request", "OpenID Connect Core §3.1.2.1: a number of seconds without an upper bound; every sign-in is young enough")),
    ]));
    all
}

/// What comes back, or is only heard.
fn texts() -> Vec<Case> {
    let mut all: Vec<Case> = Vec::new();
    all.extend(with(
        "b4",
        "display",
        [("page", Neither), ("popup", Neither), ("nonsense", Neither)],
    ));
    all.extend(with(
        "b4",
        "ui_locales",
        [("fr zh-CN", Neither), ("%%%", Neither), ("\0", OUR_SENT)],
    ));
    all.extend(with("b4", "acr_values", [("urn:x 1", Neither)]));
    all.extend(with("b4", "login_hint", [("zhangsan", Neither)]));
    all.extend(with(
        "b4",
        "state",
        [
            ("\0", OUR_SENT),
            ("a\nb", OUR_SENT),
            ("\r\nLocation: https://evil.example/", OUR_SENT),
            ("\u{7f}", OUR_SENT),
            ("é\u{1F600}", Neither),
            ("<script>", Neither),
            ("\"'\\", Neither),
        ],
    ));
    all.extend(with(
        "b4",
        "nonce",
        [("\0", OUR_SENT), ("a\nb", OUR_SENT), ("\u{7f}", OUR_SENT), ("é\u{1F600}", Neither)],
    ));
    all
}

/// OpenID Connect Core §5.5.
fn claims() -> Vec<Case> {
    let mut all: Vec<Case> = Vec::new();
    all.extend(with(
        "b7",
        "claims",
        [
            (
                "{}",
                Theirs(
                    "sent invalid_request",
                    "OpenID Connect Core §5.5: both members are optional",
                ),
            ),
            ("x", SENT),
            ("[]", SENT),
            ("null", SENT),
            ("{", SENT),
            ("\"x\"", SENT),
            ("1", SENT),
            (r#"{"id_token":[]}"#, SENT),
            (r#"{"id_token":1}"#, SENT),
            (r#"{"userinfo":"x"}"#, SENT),
            (r#"{"userinfo":{"name":1}}"#, SENT),
            (r#"{"userinfo":{"name":null}}"#, Neither),
            (r#"{"id_token":{"sub":{"value":"victim"}}}"#, Ours("sent login_required")),
            (r#"{"id_token":{"sub":{"values":["victim"]}}}"#, Ours("sent login_required")),
            (r#"{"id_token":{"sub":{"value":1}}}"#, Ours("sent login_required")),
            (
                r#"{"id_token":{"acr":{"essential":true,"value":"urn:x"}}}"#,
                Ours("sent unmet_authentication_requirements"),
            ),
            (
                r#"{"x":{}}"#,
                Theirs(
                    "sent invalid_request",
                    "OpenID Connect Core §5.5: members that are not understood are ignored",
                ),
            ),
        ],
    ));
    all
}

/// Tokens as hints, and nobody who is signed in.
fn hints() -> Vec<Case> {
    let hint = |what: &str, verdict, of: fn(&crate::side::Side) -> String| {
        case(format!("b7 {what} for a hint"), verdict, move |r, s| r.with("id_token_hint", &of(s)))
    };
    vec![
        hint("the own ID token", Neither, |s| s.spare(Who::Basic, "id_token")),
        hint("another client's ID token", SENT, |s| s.spare(Who::Post, "id_token")),
        hint("an access token", SENT, |s| s.spare(Who::Basic, "access_token")),
        hint("garbage", SENT, |_| "x".to_owned()),
        hint("dots", SENT, |_| "..".to_owned()),
        hint("an ID token by none", SENT, |s| s.unsigned(Who::Basic)),
        hint("an ID token that was cut", SENT, |s| {
            let token = s.spare(Who::Basic, "id_token");
            token[..token.len() - 4].to_owned()
        }),
        case(
            "j1 nobody is signed in and nothing may be shown",
            Both("sent login_required"),
            |r, _| r.without_header("cookie").with("prompt", "none"),
        ),
        case("j1 nobody is signed in", Neither, |r, _| r.without_header("cookie")),
        case("j1 a guessed session", Both("sent login_required"), |r, _| {
            let cookie = "__Host-hufu_session=x; _session=x; _session.legacy=x";
            r.without_header("cookie").header("cookie", cookie).with("prompt", "none")
        }),
        case("a4 an error and an address that is nobody's", PAGE, |r, _| {
            r.with("scope", "x").with("redirect_uri", "https://evil.example/")
        }),
        case("a4 an error and a client that is nobody", PAGE, |r, _| {
            r.with("scope", "x").with("client_id", "x")
        }),
    ]
}

fn methods() -> Vec<Case> {
    let method = |method: Method, verdict| {
        case(format!("q10 {method}"), verdict, move |r, _| r.method(method.clone()))
    };
    vec![
        method(Method::POST, Neither),
        method(Method::PUT, METHOD),
        method(Method::DELETE, METHOD),
        method(Method::PATCH, METHOD),
        case("b3 in the URL of a POST", PAGE, |r, _| r.method(Method::POST).all_in_url()),
        case("b3 one in the URL of a POST", Ours("page 400"), |r, _| {
            r.method(Method::POST).without("state").in_url("state", "s")
        }),
        case("b3 the same in the URL and in the form", Ours("page 400"), |r, _| {
            r.method(Method::POST).in_url("state", "s")
        }),
        case("b5 JSON", PAGE, |r, _| r.method(Method::POST).kind("application/json").body("{}")),
        case("b5 a form that says it is text", PAGE, |r, _| {
            r.method(Method::POST).kind("text/plain")
        }),
        case("b5 a form of no type", PAGE, |r, _| r.method(Method::POST).kind("")),
        case("b4 bytes that are no text", PAGE, |r, s| {
            let body = format!("client_id={}&x=%FF", s.id(Who::Basic));
            r.method(Method::POST).body(&body)
        }),
    ]
}

/// Attack C1 (a), (g) and (h).
fn challenges() -> Vec<Case> {
    const GOOD: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let mut all = vec![
        case("c1 (a) neither challenge nor method", SENT, |r, _| {
            r.without("code_challenge").without("code_challenge_method")
        }),
        case("c1 (a) an empty challenge and no method", SENT, |r, _| {
            r.with("code_challenge", "").without("code_challenge_method")
        }),
        case("c1 two challenges", SENT, |r, _| r.and("code_challenge", GOOD)),
    ];
    all.extend(with(
        "c1 (g)",
        "code_challenge_method",
        [
            ("plain", SENT),
            ("s256", SENT),
            ("S512", SENT),
            ("S256 plain", SENT),
            ("none", SENT),
            ("S256\0", SENT),
            ("", SENT),
        ],
    ));
    for (what, challenge, verdict) in [
        ("right", GOOD.to_owned(), Neither),
        ("too short", GOOD[..42].to_owned(), SENT),
        ("too long", format!("{GOOD}{}", "a".repeat(86)), SENT),
        ("a little longer", format!("{GOOD}a"), OUR_SENT),
        ("padded in its length", format!("{}=", &GOOD[..42]), SENT),
        ("padded", format!("{GOOD}="), SENT),
        ("with +", format!("{}+", &GOOD[..42]), SENT),
        ("with /", format!("{}/", &GOOD[..42]), SENT),
        ("with a space", format!("{} ", &GOOD[..42]), SENT),
        ("with é", format!("{}é", &GOOD[..41]), SENT),
        ("in another spelling", format!("{}B", "A".repeat(42)), OUR_SENT),
    ] {
        all.push(case(format!("c1 (h) a challenge {what}"), verdict, move |r, _| {
            r.with("code_challenge", &challenge)
        }));
    }
    all
}

/// A client that may do without PKCE.
fn without_challenge() -> Vec<Case> {
    vec![
        case("c1 neither challenge nor method", Neither, |r, _| {
            r.without("code_challenge").without("code_challenge_method")
        }),
        case("c1 a method without a challenge", SENT, |r, _| r.without("code_challenge")),
        case("c1 a challenge without a method", SENT, |r, _| r.without("code_challenge_method")),
        case("c1 plain", SENT, |r, _| r.with("code_challenge_method", "plain")),
        case("c1 an empty challenge", OUR_SENT, |r, _| {
            r.with("code_challenge", "").without("code_challenge_method")
        }),
        case("c1 both empty", OUR_SENT, |r, _| {
            r.with("code_challenge", "").with("code_challenge_method", "")
        }),
        case("j4 no nonce", Neither, |r, _| r.without("nonce")),
    ]
}
