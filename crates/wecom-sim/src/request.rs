//! A request as the handlers see it.

use actix_web::{HttpRequest, http::header, web::Bytes};

use crate::state::State;

/// A parameter that came twice.
#[derive(Debug)]
pub(crate) struct Repeated;

/// One request.
pub(crate) struct Request {
    pub(crate) http: HttpRequest,
    /// `None`: too large.
    pub(crate) body: Option<Bytes>,
    params: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn new(http: HttpRequest, body: Option<Bytes>) -> Self {
        let params =
            url::form_urlencoded::parse(http.query_string().as_bytes()).into_owned().collect();
        Self { http, body, params }
    }

    /// A parameter as sent, which may be empty.
    pub(crate) fn sent(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Repeated),
            (first, None) => Ok(first),
        }
    }

    /// A parameter; an empty one is missing.
    pub(crate) fn value(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        Ok(self.sent(name)?.filter(|value| !value.is_empty()))
    }

    /// All values of a parameter that may come several times.
    pub(crate) fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.params.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All parameters in order.
    pub(crate) fn params(&self) -> &[(String, String)] {
        &self.params
    }

    /// The IP that the API takes the caller to have.
    pub(crate) fn caller_ip(&self, state: &State) -> String {
        state.caller_ip(self.http.peer_addr().map(|peer| peer.ip()))
    }

    /// A header's text, empty if missing.
    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.http.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A cookie's value, percent-decoded.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let header = self.header(header::COOKIE);
        let mut pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(key, _)| *key == name)?;
        let value = value.trim_matches('"');
        percent_encoding::percent_decode_str(value).decode_utf8().ok().map(Into::into)
    }
}
