//! From the bytes of a reply to its type. `errcode` first: a failing reply may have any shape.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::error::Category;

use crate::{Error, TransportError, error::ApiError, lenient};

#[derive(Deserialize)]
struct Envelope {
    /// Absent is 0; the reply must then have what it is for.
    #[serde(default, deserialize_with = "lenient::integer")]
    errcode: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    errmsg: Option<String>,
}

/// Reads a successful reply from `path`, or the refusal in it.
pub(crate) fn read<T: DeserializeOwned>(path: &'static str, body: &[u8]) -> Result<T, Error> {
    let envelope: Envelope = json(path, body)?;
    let errcode = envelope.errcode.unwrap_or(0);
    if errcode != 0 {
        let errmsg = envelope.errmsg.unwrap_or_default();
        return Err(Error::Api(ApiError::new(path, errcode, &errmsg)));
    }
    json(path, body)
}

fn json<T: DeserializeOwned>(path: &'static str, body: &[u8]) -> Result<T, Error> {
    // serde reads an array as a struct as well
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(Error::Malformed { path, what: "an array".to_owned() });
    }
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        // serde's own text would quote the value
        Category::Data => {
            let what = format!("line {} column {}", error.line(), error.column());
            Error::Malformed { path, what }
        }
        Category::Io | Category::Syntax | Category::Eof => {
            Error::transport(path, TransportError::NotJson)
        }
    })
}
