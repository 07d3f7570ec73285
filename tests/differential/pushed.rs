//! Pushed authorization requests (RFC 9126; attacks E1, G1 to G11).

use e2e::Key;
use reqwest::Method;

use crate::Group;
use crate::case::{Case, case};
use crate::side::{Right, Who};
use crate::verdict::{
    Both, CLIENT, CLIENT_OR_REQUEST, Each, METHOD, Neither, OUR_CLIENT, OUR_REQUEST, Ours, PAGE,
    REQUEST, SENT, Theirs,
};

pub(crate) fn groups() -> Vec<Group> {
    let group = |right, who, cases| Group { right, who, cases };
    let mut post = pushers();
    post.extend(requests());
    post.extend(values());
    post.extend(ways());
    let again = || vec![case("g3 a second time", PAGE, |r, _| r)];
    vec![
        group(Right::Push, Who::Post, post),
        group(Right::Push, Who::Fapi, pushing_by_fapi()),
        group(Right::Pushed, Who::Post, naming()),
        group(Right::Pushed, Who::Fapi, naming_by_fapi()),
        group(Right::SpentPushed, Who::Post, again()),
        group(Right::SpentPushed, Who::Fapi, again()),
    ]
}

fn pushers() -> Vec<Case> {
    vec![
        case("g1 no secret", CLIENT, |r, _| r.without("client_secret")),
        case("g1 an empty secret", CLIENT, |r, _| r.with("client_secret", "")),
        case("g1 another secret", CLIENT, |r, _| r.with("client_secret", "x")),
        case("g1 nobody", CLIENT_OR_REQUEST, |r, _| {
            r.without("client_id").without("client_secret")
        }),
        case("g1 an unknown client", CLIENT, |r, _| r.with("client_id", "x")),
        case("g1 another's name", CLIENT, |r, s| r.with("client_id", &s.id(Who::Basic))),
        case("g1 in the header instead of the form", OUR_CLIENT, |r, _| {
            let id = r.value("client_id");
            r.by_header().with("client_id", &id)
        }),
        case("g1 a public client with a secret", CLIENT, |r, s| {
            r.with("client_id", &s.id(Who::Public))
        }),
    ]
}

/// What cannot be pushed.
fn requests() -> Vec<Case> {
    let mut all = vec![
        case("g10 another address", REQUEST, |r, _| {
            r.with("redirect_uri", "https://evil.example/")
        }),
        case("g10 a longer address", REQUEST, |r, _| {
            r.with("redirect_uri", "https://app.example.com/callback/x")
        }),
        case("g10 an empty address", REQUEST, |r, _| r.with("redirect_uri", "")),
        case(
            "g5 request_uri",
            Each("400 invalid_request", "400 request_uri_not_supported"),
            |r, _| r.with("request_uri", "urn:ietf:params:oauth:request_uri:x"),
        ),
        case("g5 an empty request_uri", OUR_REQUEST, |r, _| r.with("request_uri", "")),
        case(
            "g9 request_uri of the web",
            Each("400 invalid_request", "400 request_uri_not_supported"),
            |r, _| r.with("request_uri", "https://evil.example/x"),
        ),
        case("g11 request", Both("400 request_not_supported"), |r, _| {
            r.with("request", "e30.e30.")
        }),
        case("g11 an empty request", Ours("400 request_not_supported"), |r, _| {
            r.with("request", "")
        }),
        case("b3 an unknown one twice", OUR_REQUEST, |r, _| r.and("x", "1").and("x", "2")),
        case("b3 client_secret twice", REQUEST, |r, _| r.twice("client_secret")),
    ];
    for (name, gone, twice) in [
        ("redirect_uri", REQUEST, REQUEST),
        ("response_type", REQUEST, REQUEST),
        ("scope", Each("400 invalid_scope", "400 invalid_request"), REQUEST),
        ("state", Neither, REQUEST),
        ("nonce", Neither, REQUEST),
        ("code_challenge", REQUEST, REQUEST),
    ] {
        all.push(case(format!("b3 no {name}"), gone, move |r, _| r.without(name)));
        all.push(case(format!("b3 {name} twice"), twice, move |r, _| r.twice(name)));
    }
    all
}

/// What would be refused at the authorization endpoint, too.
fn values() -> Vec<Case> {
    vec![
        case("b1 token", Both("400 unsupported_response_type"), |r, _| {
            r.with("response_type", "token")
        }),
        case(
            "b1 code id_token",
            Each("400 unsupported_response_type", "400 invalid_request"),
            |r, _| r.with("response_type", "code id_token"),
        ),
        case(
            "b2 an unknown mode",
            Each("400 invalid_request", "400 unsupported_response_mode"),
            |r, _| r.with("response_mode", "x"),
        ),
        case(
            "b6 a scope without openid",
            Each("400 invalid_scope", "400 invalid_request"),
            |r, _| r.with("scope", "profile"),
        ),
        case("j1 none login", REQUEST, |r, _| r.with("prompt", "none login")),
        case("j2 a negative age", REQUEST, |r, _| r.with("max_age", "-1")),
        case("c1 plain", REQUEST, |r, _| r.with("code_challenge_method", "plain")),
        case("c1 no method", REQUEST, |r, _| r.without("code_challenge_method")),
        case("c1 a short challenge", REQUEST, |r, _| r.with("code_challenge", "x")),
        case("b7 claims that are none", REQUEST, |r, _| r.with("claims", "x")),
        case("b7 a hint that is none", REQUEST, |r, _| r.with("id_token_hint", "x")),
        case("h7 dpop_jkt that is none", OUR_REQUEST, |r, _| r.with("dpop_jkt", "x")),
    ]
}

/// In other ways than by a posted form.
fn ways() -> Vec<Case> {
    vec![
        case("g6 GET", METHOD, |r, _| r.method(Method::GET)),
        case("g6 PUT", METHOD, |r, _| r.method(Method::PUT)),
        case("g6 DELETE", METHOD, |r, _| r.method(Method::DELETE)),
        case("b5 JSON", REQUEST, |r, _| r.kind("application/json").body("{}")),
        case("b5 a form that says it is text", REQUEST, |r, _| r.kind("text/plain")),
        case("b5 in the URL", REQUEST, |r, _| r.all_in_url().body("x=1")),
        case("b5 one in the URL", OUR_REQUEST, |r, _| r.without("state").in_url("state", "s")),
        case("b4 bytes that are no text", REQUEST, |r, s| {
            let body = format!(
                "client_id={}&client_secret={}&x=%FF",
                s.id(Who::Post),
                s.secret(Who::Post)
            );
            r.body(&body)
        }),
    ]
}

fn pushing_by_fapi() -> Vec<Case> {
    vec![
        case("g1 no assertion", CLIENT, |r, _| r.without_assertion()),
        case("g1 another key", CLIENT, |r, _| r.assertion(|jwt| jwt.signed_by(&Key::ec()))),
        case("e3 the endpoint as audience", CLIENT, |r, s| {
            let url = s.url("/oidc/request");
            r.assertion(|jwt| jwt.claim("aud", url))
        }),
        case("e3 a list as audience", CLIENT, |r, s| {
            let issuer = vec![s.issuer()];
            r.assertion(|jwt| jwt.claim("aud", issuer))
        }),
        case("c1 no challenge", REQUEST, |r, _| {
            r.without("code_challenge").without("code_challenge_method")
        }),
        case("h7 another key's thumbprint than the proof's", REQUEST, |r, _| {
            r.proven().with("dpop_jkt", &Key::ec().thumbprint())
        }),
        case("h1 the thumbprint of the proof's key", Neither, |r, s| {
            let jkt = s.client(Who::Fapi).dpop.as_ref().unwrap().thumbprint();
            r.proven().with("dpop_jkt", &jkt)
        }),
        case("a4 another address", REQUEST, |r, _| r.with("redirect_uri", "https://evil.example/")),
        case("b2 fragment", OUR_REQUEST, |r, _| r.with("response_mode", "fragment")),
    ]
}

fn naming() -> Vec<Case> {
    vec![
        case("g2 the name, and another client", PAGE, |r, s| {
            r.with("client_id", &s.id(Who::Basic))
        }),
        case("g2 the name, and no client", PAGE, |r, _| r.without("client_id")),
        case("g2 the name, and an unknown client", PAGE, |r, _| r.with("client_id", "x")),
        case("g9 a guessed name", PAGE, |r, _| {
            r.with("request_uri", "urn:ietf:params:oauth:request_uri:guess")
        }),
        case("g9 a name that is longer", PAGE, |r, _| {
            let name = r.value("request_uri") + "x";
            r.with("request_uri", &name)
        }),
        case("g9 the name in capitals", PAGE, |r, _| {
            let name = r.value("request_uri").to_uppercase();
            r.with("request_uri", &name)
        }),
        case("g9 an address of the web", PAGE, |r, _| {
            r.with("request_uri", "https://evil.example/x")
        }),
        case("g9 a file", PAGE, |r, _| r.with("request_uri", "file:///etc/passwd")),
        case("g9 an empty name", PAGE, |r, _| r.with("request_uri", "")),
        case("b3 the name twice", PAGE, |r, _| r.twice("request_uri")),
        case("b3 the client twice", PAGE, |r, _| r.twice("client_id")),
        case(
            "g11 request beside it",
            Theirs(
                "page 400",
                "RFC 9126 §4 with RFC 9101 §6.3: only what was pushed counts, and what stands beside it is not read",
            ),
            |r, _| r.with("request", "e30.e30."),
        ),
        case("g7 another address beside it", Neither, |r, _| {
            r.with("redirect_uri", "https://evil.example/")
        }),
        case("g7 another state beside it", Neither, |r, _| r.with("state", "evil")),
        case("g7 another scope beside it", Neither, |r, _| {
            r.with("scope", "openid offline_access")
        }),
        case(
            "g7 another type beside it",
            Theirs(
                "page 400",
                "RFC 9126 §4 with RFC 9101 §6.3: only what was pushed counts, and what stands beside it is not read",
            ),
            |r, _| r.with("response_type", "token"),
        ),
        case("g7 another challenge beside it", Neither, |r, _| r.with("code_challenge", "x")),
        case("q10 by POST", Neither, |r, _| r.method(Method::POST)),
    ]
}

fn naming_by_fapi() -> Vec<Case> {
    vec![
        case("g8 no name", PAGE, |r, _| r.without("request_uri")),
        case("g2 another client", PAGE, |r, s| r.with("client_id", &s.id(Who::Post))),
        case("g7 another address beside it", Neither, |r, _| {
            r.with("redirect_uri", "https://evil.example/")
        }),
        case("g8 a request that was not pushed", SENT, |r, _| {
            r.without("request_uri")
                .with("response_type", "code")
                .with("redirect_uri", "https://app.example.com/callback")
                .with("scope", "openid")
        }),
    ]
}
