//! Lists in pages (RFC 8288 for the link): `limit` and an opaque `cursor` that says behind which row
//! the page begins.

use actix_web::http::header::LINK;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use serde::Serialize;
use store::page::{Cursor, Page, PageRequest};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::answer::Answer;
use crate::caller::Call;
use crate::problem::{MALFORMED_REQUEST, Problem, Result};

/// Which page is wanted.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters; they are read by Call::page")]
pub(crate) struct PageQuery {
    /// Rows at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// Where the page begins: `next` of the page before. Leave it out for the first one.
    #[param(example = "AAYlQ0Zk5IABkzOAVqh6gLnOmk2Zgkqv")]
    cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The rows.
    pub(crate) items: Vec<T>,
    /// The `cursor` of the next page; null on the last one.
    #[schema(required)]
    pub(crate) next: Option<String>,
}

impl<T: Serialize> List<T> {
    /// The answer with a whole list, which has one page only.
    pub(crate) fn whole(items: Vec<T>) -> Result<Answer> {
        Answer::ok(&Self { items, next: None })
    }
}

/// Rows of a page that says nothing else.
const DEFAULT_LIMIT: u32 = 50;
/// Most rows of a page.
const MAX_LIMIT: u32 = 200;

impl Call {
    /// How many rows are asked for.
    pub(crate) fn limit(&self) -> Result<u32> {
        let Some(text) = self.query("limit") else { return Ok(DEFAULT_LIMIT) };
        text.parse()
            .ok()
            .filter(|limit: &u32| (1..=MAX_LIMIT).contains(limit) && limit.to_string() == text)
            .ok_or_else(|| {
                Problem::new(MALFORMED_REQUEST, "limit has to be a number from 1 to 200.")
            })
    }

    /// Which page is asked for.
    pub(crate) fn page(&self) -> Result<PageRequest> {
        let limit = self.limit()?;
        let after = match self.query("cursor") {
            None => None,
            Some(text) => Some(decode(text).ok_or_else(|| {
                let text = "cursor has to be the value of next from the page before, unchanged.";
                Problem::new(MALFORMED_REQUEST, text)
            })?),
        };
        Ok(PageRequest { after, limit })
    }

    /// The answer with a page.
    pub(crate) fn answer_page<T, V: Serialize>(
        &self,
        page: Page<T>,
        view: impl FnMut(T) -> V,
    ) -> Result<Answer> {
        self.answer_page_as(page, view, |list| list)
    }

    /// The answer with a page that says more than a list does.
    pub(crate) fn answer_page_as<T, V, B: Serialize>(
        &self,
        page: Page<T>,
        view: impl FnMut(T) -> V,
        body: impl FnOnce(List<V>) -> B,
    ) -> Result<Answer> {
        let next = page.next.map(encode);
        let link =
            next.as_deref().map(|next| format!("<{}>; rel=\"next\"", self.with_cursor(next)));
        let items = page.items.into_iter().map(view).collect();
        let answer = Answer::ok(&body(List { items, next }))?;
        Ok(match link {
            Some(link) => answer.header(&LINK, link),
            None => answer,
        })
    }

    /// This request's path and query with another cursor.
    fn with_cursor(&self, cursor: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let others = self.queries().iter().filter(|(name, _)| name != "cursor");
        query.extend_pairs(others).append_pair("cursor", cursor);
        format!("{}?{}", self.path(), query.finish())
    }
}

/// Microseconds since 1970 (8 bytes, big-endian) and the id (16 bytes), as base64url.
fn encode(cursor: Cursor) -> String {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&cursor.created_at.timestamp_micros().to_be_bytes());
    bytes[8..].copy_from_slice(cursor.id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Cursor> {
    let bytes: [u8; 24] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let (micros, id) = bytes.split_first_chunk::<8>()?;
    let micros = i64::from_be_bytes(*micros);
    // No row is older than the program; far times would overflow in a database.
    if !(0..=MAX_MICROS).contains(&micros) {
        return None;
    }
    let created_at = DateTime::from_timestamp_micros(micros)?;
    Some(Cursor { created_at, id: Uuid::from_slice(id).ok()? })
}

/// The end of the year 9999.
const MAX_MICROS: i64 = 253_402_300_799_999_999;
