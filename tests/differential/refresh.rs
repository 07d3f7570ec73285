//! Refresh tokens, and clients that act for themselves (RFC 6749 §4.4, §6; attacks B6, F1, F2).

use crate::Group;
use crate::case::{Case, case};
use crate::side::{Right, Side, Who};
use crate::verdict::{
    Both, CLIENT, CLIENT_OR_REQUEST, Each, GRANT, Neither, Ours, REQUEST, Theirs,
};

const GRACE: &str = "RFC 6749 §6: the old token may be revoked, and need not at once; for ten seconds, and \
    until its successor is used, it gets the same successor again, as the answer may have been lost; \
    after that it costs the whole grant (RFC 9700 §4.14.2)";

pub(crate) fn groups() -> Vec<Group> {
    let group = |right, who, cases| Group { right, who, cases };
    let again = |verdict| vec![case("f1 a refresh token a second time", verdict, |r, _| r)];
    let mut basic = forms();
    basic.extend(tokens());
    vec![
        group(Right::Refresh, Who::Basic, basic),
        group(Right::SpentRefresh, Who::Public, again(Theirs("400 invalid_grant", GRACE))),
        group(Right::SpentRefresh, Who::Basic, again(Neither)),
        group(Right::ClientCredentials, Who::Post, for_itself()),
    ]
}

fn forms() -> Vec<Case> {
    let mut all = vec![
        case("f2 no refresh_token", REQUEST, |r, _| r.without("refresh_token")),
        case("f2 an empty refresh_token", REQUEST, |r, _| r.with("refresh_token", "")),
        case("b3 refresh_token twice", REQUEST, |r, _| r.twice("refresh_token")),
        case("b3 another beside it", REQUEST, |r, _| r.and("refresh_token", "x")),
        case("e1 nobody", CLIENT_OR_REQUEST, |r, _| r.without_header("authorization")),
        case("e1 the name alone", CLIENT, |r, s| {
            r.without_header("authorization").with("client_id", &s.id(Who::Basic))
        }),
        case("b5 all in the URL", REQUEST, |r, _| r.all_in_url()),
    ];
    for (scope, verdict) in [
        ("openid", Neither),
        ("openid profile", Neither),
        ("profile", Neither),
        ("openid profile email phone", Neither),
        ("openid offline_access", Both("400 invalid_scope")),
        ("openid nothing", Both("400 invalid_scope")),
        ("nothing", Both("400 invalid_scope")),
        ("", Neither),
        ("OPENID", Both("400 invalid_scope")),
        ("openid\0", Both("400 invalid_scope")),
        ("openid \"", Both("400 invalid_scope")),
    ] {
        all.push(case(format!("b6 scope {scope:?}"), verdict, move |r, _| r.with("scope", scope)));
    }
    all.push(case("b3 scope twice", REQUEST, |r, _| {
        r.and("scope", "openid").and("scope", "openid")
    }));
    all
}

/// Attack F2: what is no refresh token of this client.
fn tokens() -> Vec<Case> {
    let token = |what: &str, verdict, of: fn(&Side) -> String| {
        case(format!("f2 {what} for a refresh token"), verdict, move |r, s: &Side| {
            r.with("refresh_token", &of(s))
        })
    };
    vec![
        token("another client's", GRANT, |s| s.spare(Who::Post, "refresh_token")),
        token("a public client's", GRANT, |s| s.spare(Who::Public, "refresh_token")),
        token("that of a client with DPoP", GRANT, |s| s.spare(Who::Fapi, "refresh_token")),
        token("an access token", GRANT, |s| s.spare(Who::Basic, "access_token")),
        token("an ID token", GRANT, |s| s.spare(Who::Basic, "id_token")),
        token("a word", GRANT, |_| "x".to_owned()),
        token("NUL", GRANT, |_| "\0".to_owned()),
        token("something long", GRANT, |_| "a".repeat(20_000)),
        token("a longer one", GRANT, |s| s.spare(Who::Basic, "refresh_token") + "A"),
        token("one with a space behind", GRANT, |s| s.spare(Who::Basic, "refresh_token") + " "),
    ]
}

fn for_itself() -> Vec<Case> {
    let mut all = vec![
        case("e1 no secret", CLIENT, |r, _| r.without("client_secret")),
        case(
            "b6 a public client",
            Each("400 unauthorized_client", "400 invalid_request"),
            |r, s| r.without("client_secret").with("client_id", &s.id(Who::Public)),
        ),
        case(
            "b6 a client without the grant type",
            Each("400 unauthorized_client", "400 invalid_request"),
            |r, s| {
                r.by_header()
                    .without_header("authorization")
                    .header("authorization", &s.basic(Who::Plain))
            },
        ),
        case("b3 scope twice", REQUEST, |r, _| r.and("scope", "x").and("scope", "x")),
        case("b4 a code beside it", Neither, |r, _| r.with("code", "x")),
    ];
    for (scope, verdict) in [
        ("openid", Ours("400 invalid_scope")),
        ("profile", Ours("400 invalid_scope")),
        ("offline_access", Ours("400 invalid_scope")),
        ("nothing", Ours("400 invalid_scope")),
        ("", Neither),
        ("x\ty", Both("400 invalid_scope")),
        ("\"", Both("400 invalid_scope")),
    ] {
        all.push(case(format!("b6 scope {scope:?}"), verdict, move |r, _| r.with("scope", scope)));
    }
    all
}
