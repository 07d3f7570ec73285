//! Parameters of a request.

use url::form_urlencoded;

use crate::error::Error;

/// Decoded parameters. None may stand twice (RFC 6749 §3.1).
#[derive(Debug)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query or a form's body.
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// The one value of this name; an empty one is none.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Error> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| &**value);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Error::Malformed),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }
}

/// A path of ours with parameters.
pub(crate) fn link(path: &str, parameters: &[(&str, &str)]) -> String {
    if parameters.is_empty() {
        return path.to_owned();
    }
    let mut query = form_urlencoded::Serializer::for_suffix(format!("{path}?"), path.len() + 1);
    query.extend_pairs(parameters).finish()
}
