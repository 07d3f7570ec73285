//! The token endpoint with a code (RFC 6749 §4.1.3; attacks B1, B3, B5, C1, D1, D2, E1).

use crate::Group;
use crate::case::Verdict::{Both, Each};
use crate::case::case;
use crate::side::{Right, Who};

pub(crate) fn groups() -> Vec<Group> {
    vec![Group {
        right: Right::Code,
        who: Who::Basic,
        cases: vec![
            case("b5 no grant_type", Both("400 invalid_request"), |r, _| r.without("grant_type")),
            case("b1 password", Both("400 unsupported_grant_type"), |r, _| {
                r.with("grant_type", "password")
            }),
            case("d6 no code", Both("400 invalid_request"), |r, _| r.without("code")),
            case("c1 no verifier", Both("400 invalid_grant"), |r, _| r.without("code_verifier")),
            case("c1 verifier empty", Both("400 invalid_grant"), |r, _| {
                r.with("code_verifier", "")
            }),
            case("d2 another redirect_uri", Both("400 invalid_grant"), |r, _| {
                r.with("redirect_uri", "https://app.example.com/x")
            }),
            case("b3 two codes", Both("400 invalid_request"), |r, _| r.twice("code")),
            case("e1 nobody", Each("401 invalid_client", "400 invalid_request"), |r, _| r.without_header("authorization")),
        ],
    }]
}
