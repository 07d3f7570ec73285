//! Which users are wanted: a page of all, or those that a search finds.

use store::normal::{Email, Handle, Phone};
use store::user::UserStatus;
use store::user_search::Search;
use utoipa::IntoParams;

use crate::caller::Call;
use crate::problem::{MALFORMED_REQUEST, Problem, Result};
use crate::schema;

/// Longest text to search for, in characters.
const TEXT_AT_MOST: usize = 254;

/// Which users are wanted.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; they are read by Call::query")]
pub(crate) struct UserQuery {
    /// Only users with this status. Without it, all but the deleted ones.
    #[param(value_type = Option<schema::UserStatus>)]
    status: Option<String>,
    /// Only users whose name, username, external_id, email or phone_number begins with this text, as
    /// one types it. A search has one page; `more` says whether a longer text would find others. It
    /// looks at the first 201 users of each field, so with a `status` it may find fewer than there are;
    /// `more` says so too.
    #[param(min_length = 1, max_length = 254, example = "zhang")]
    search: Option<String>,
    /// Only the user with this username. A search, as the others are: one of them at a time.
    #[param(example = "zhangsan")]
    username: Option<String>,
    /// Only the user with this external_id.
    #[param(example = "A-0017")]
    external_id: Option<String>,
    /// Only users with this mail address, verified or not.
    #[param(example = "zhangsan@acme.example")]
    email: Option<String>,
    /// Only users with this phone number, verified or not.
    #[param(example = "13800000000")]
    phone_number: Option<String>,
}

/// The status that is asked for.
pub(crate) fn status(call: &Call) -> Result<Option<UserStatus>> {
    let Some(text) = call.query("status") else { return Ok(None) };
    let status = UserStatus::ALL.iter().find(|status| status.as_str() == text);
    let status = status.copied().ok_or_else(|| {
        Problem::new(MALFORMED_REQUEST, "status has to be active, suspended or deleted.")
    });
    status.map(Some)
}

/// The search that is asked for, if one is. What has no normal form finds nobody.
pub(crate) fn search(call: &Call) -> Result<Option<Search>> {
    const FIELDS: [&str; 5] = ["search", "username", "external_id", "email", "phone_number"];
    let mut asked = FIELDS.into_iter().filter_map(|name| Some((name, call.query(name)?)));
    let Some((name, text)) = asked.next() else { return Ok(None) };
    if asked.next().is_some() || call.query("cursor").is_some() {
        let text = "A search takes one of search, username, external_id, email and phone_number, and \
                    no cursor: it has one page.";
        return Err(Problem::new(MALFORMED_REQUEST, text));
    }
    if text.trim().is_empty() || text.chars().count() > TEXT_AT_MOST {
        let text = format!("{name} has to have 1 to {TEXT_AT_MOST} characters.");
        return Err(Problem::new(MALFORMED_REQUEST, text));
    }
    let search = match name {
        "username" => Handle::parse(text).ok().map(|name| Search::username(&name)),
        "external_id" => Handle::parse(text).ok().map(|id| Search::external_id(&id)),
        "email" => Email::parse(text).ok().map(|email| Search::email(&email)),
        "phone_number" => Phone::parse(text).ok().map(|phone| Search::phone_number(&phone)),
        _ => Some(Search::starting(text)),
    };
    Ok(Some(search.unwrap_or_default()))
}
