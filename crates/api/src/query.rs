//! The query of a request.

use actix_web::HttpRequest;

use crate::openapi;
use crate::problem::{MALFORMED_REQUEST, Problem, Result};

/// The query's parameters: only those that the API document names, each once.
pub(crate) fn read(request: &HttpRequest) -> Result<Vec<(String, String)>> {
    let known = openapi::query_parameters(request.method(), request.match_pattern().as_deref());
    let mut query: Vec<(String, String)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
        let wrong = if !known.contains(&&*name) {
            "The query has a parameter that is unknown here"
        } else if query.iter().any(|(earlier, _)| *earlier == *name) {
            "The query has a parameter twice"
        } else {
            query.push((name.into_owned(), value.into_owned()));
            continue;
        };
        let text = match known.as_slice() {
            [] => format!("{wrong}: this resource takes none."),
            known => format!("{wrong}: it may have {}, each once.", known.join(", ")),
        };
        return Err(Problem::new(MALFORMED_REQUEST, text));
    }
    Ok(query)
}
