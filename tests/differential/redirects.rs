//! Addresses that are nearly registered (RFC 9700 §2.1, OpenID Connect RP-Initiated Logout 1.0 §3; attacks
//! A1, A3, K3).

use e2e::mutations;

use crate::Group;
use crate::case::{Case, case};
use crate::side::{Right, SIGNED_OUT, Who};
use crate::verdict::{PAGE, Verdict};

const CALLBACK: &str = "https://app.example.com/callback";

pub(crate) fn groups() -> Vec<Group> {
    let group = |right, cases| Group { right, who: Who::Post, cases };
    vec![
        group(Right::Authorize, rows("a1", "redirect_uri", CALLBACK, PAGE)),
        group(Right::End, rows("k3", "post_logout_redirect_uri", SIGNED_OUT, PAGE)),
    ]
}

fn rows(attack: &str, name: &'static str, registered: &str, verdict: Verdict) -> Vec<Case> {
    let wrong = mutations::of(registered).into_iter();
    let row = |uri: String| {
        case(format!("{attack} {name} {uri:?}"), verdict, move |r, _| r.with(name, &uri))
    };
    wrong.map(row).collect()
}
