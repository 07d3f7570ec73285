//! That the matrix' list of artefacts is complete: what the sources make is on it, or said to be
//! nothing that anybody is given.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::artefact::Artefact;
use super::artefact::Artefact::{
    ApiKey, AuthorizationCode, Browser, ClientCredentials, ConsentTicket, HandOverTicket,
    InitialAccessToken, Interaction, OneTimeCode, RefreshToken, RegistrationToken, RequestUri,
    Session, UpstreamState,
};

/// What our secrets begin with.
const SECRETS: [(&str, Option<Artefact>); 10] = [
    ("hufu_browser_", Some(Browser)),
    ("hufu_code_", Some(AuthorizationCode)),
    ("hufu_initial_", Some(InitialAccessToken)),
    ("hufu_key_", Some(ApiKey)),
    // The operator is no tenant.
    ("hufu_operator_", None),
    ("hufu_par_", Some(RequestUri)),
    ("hufu_refresh_", Some(RefreshToken)),
    ("hufu_registration_", Some(RegistrationToken)),
    ("hufu_secret_", Some(ClientCredentials)),
    ("hufu_session_", Some(Session)),
];

/// Our cookies.
const COOKIES: [(&str, Option<Artefact>); 4] = [
    // No secret: what is on a page about a failure is compared with what it is without.
    ("__Host-hufu_app", None),
    ("__Host-hufu_browser", Some(Browser)),
    ("__Host-hufu_language", None),
    ("__Host-hufu_session", Some(Session)),
];

/// What ephemeral state is kept under, where it is more than a count or a mark.
const SLOTS: [(&str, Option<Artefact>); 15] = [
    ("callback_outcome", Some(UpstreamState)),
    ("code", Some(AuthorizationCode)),
    // The rest of a consent is found by the computer's interaction.
    ("consent_authorised", Some(Interaction)),
    ("consent_outcome", Some(Interaction)),
    ("consent_shown", Some(Interaction)),
    ("consent_ticket", Some(ConsentTicket)),
    ("hand_over", Some(HandOverTicket)),
    ("interaction", Some(Interaction)),
    ("one_time_code", Some(OneTimeCode)),
    ("pending_person", Some(Interaction)),
    ("pushed_request", Some(RequestUri)),
    ("upstream_state", Some(UpstreamState)),
    // Between us and WeCom.
    ("wecom_refused_at", None),
    ("wecom_token", None),
    ("wecom_token_lock", None),
];

/// The text of every source file, without comments.
fn sources() -> String {
    fn read(folder: &Path, all: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, all);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                code.for_each(|line| all.extend([line, "\n"]));
            }
        }
    }
    let mut all = String::new();
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates")).unwrap() {
        read(&entry.unwrap().path().join("src"), &mut all);
    }
    all
}

/// The literals that begin with this.
fn literals<'s>(sources: &'s str, begin: &str) -> BTreeSet<&'s str> {
    let quoted = format!("\"{begin}");
    let found = sources.match_indices(&quoted).map(|(at, _)| &sources[at + 1..]);
    found.filter_map(|rest| rest.split_once('"')).map(|(literal, _)| literal).collect()
}

/// The names of slots that hold more than a count or a mark.
fn slots(sources: &str) -> BTreeSet<&str> {
    let name = |(at, call): (usize, &str)| {
        let kind = sources[..at].rfind("Slot<").map(|from| &sources[from + "Slot<".len()..])?;
        let counts = ["u64>", "bool>", "()>"].iter().any(|simple| kind.starts_with(simple));
        let literal = sources[at + call.len()..].trim_start().strip_prefix('"')?;
        (!counts).then(|| literal.split_once('"').unwrap().0)
    };
    sources.match_indices("Slot::new(").filter_map(name).collect()
}

fn names(table: &[(&'static str, Option<Artefact>)]) -> BTreeSet<&'static str> {
    table.iter().map(|(name, _)| *name).collect()
}

#[test]
fn n1_everything_that_is_handed_out_is_in_the_matrix() {
    let sources = sources();
    let is_prefix = |text: &&str| {
        text.ends_with('_') && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    };
    let secrets: BTreeSet<&str> =
        literals(&sources, "hufu_").into_iter().filter(is_prefix).collect();
    assert_eq!(secrets, names(&SECRETS), "secrets: say in the matrix what shows each");
    assert_eq!(literals(&sources, "__Host-hufu_"), names(&COOKIES), "cookies");
    assert_eq!(slots(&sources), names(&SLOTS), "slots of ephemeral state");
}
