//! Parameters of a request, from its query or its form.

use crate::error::OAuthError;

/// The parameters of a request. Each may stand once (RFC 6749 §3.1); asking for one that stands
/// twice is an error, so that there is no "first wins" or "last wins" (attack B3).
#[derive(Debug, Clone, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Parses `application/x-www-form-urlencoded` bytes. Text that is no UTF-8 is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, OAuthError> {
        let mut pairs = Vec::new();
        for part in bytes.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
            let mut halves = part.splitn(2, |byte| *byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter. An empty value counts as absent (RFC 6749 §3.1).
    pub fn get(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(OAuthError::invalid_request("a parameter stands more than once")),
            (Some((_, value)), None) if !value.is_empty() => Ok(Some(value)),
            _ => Ok(None),
        }
    }

    /// The value of a parameter, if it stands exactly once.
    pub fn only(&self, name: &str) -> Option<&str> {
        self.get(name).ok().flatten()
    }

    /// Whether a parameter stands at all, even with an empty value.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Whether any parameter stands more than once.
    pub fn has_duplicates(&self) -> bool {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// All but these parameters.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let kept = self.0.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        Self(kept.cloned().collect())
    }

    /// The parameters as a query.
    pub fn to_query(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

fn decode(text: &[u8]) -> Result<String, OAuthError> {
    let spaced: Vec<u8> =
        text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_encoding::percent_decode(&spaced)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| OAuthError::invalid_request("a parameter is not UTF-8"))
}

/// Appends parameters to a URL's query, leaving every byte of the URL itself as it is: it was
/// registered and compared that way, and another parser might read it otherwise.
pub fn append<'a>(url: &str, params: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = url.to_owned();
    let mut separator = match url.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    for (name, value) in params {
        out.push_str(separator);
        separator = "&";
        out.push_str(name);
        out.push('=');
        out.extend(url::form_urlencoded::byte_serialize(value.as_bytes()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_parameter_has_no_value() {
        let params = Params::parse(b"a=1&b=2&a=3").unwrap();
        assert!(params.get("a").is_err());
        assert_eq!(params.get("b"), Ok(Some("2")));
        assert_eq!(params.get("c"), Ok(None));
        assert!(params.has_duplicates());
    }

    #[test]
    fn append_keeps_the_registered_bytes() {
        assert_eq!(append("https://a/cb", [("code", "x y")]), "https://a/cb?code=x+y");
        assert_eq!(append("https://a/cb?k=%41", [("code", "1")]), "https://a/cb?k=%41&code=1");
        assert_eq!(
            append("https://a/cb?", [("code", "1"), ("s", "&")]),
            "https://a/cb?code=1&s=%26"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_parse_or_are_refused(bytes: Vec<u8>) {
            let _ = Params::parse(&bytes).map(|params| (params.has_duplicates(), params.only("a").is_some()));
        }

        #[test]
        fn what_is_appended_is_read_back(value in ".{1,40}") {
            let url = append("https://a/", [("v", value.as_str())]);
            let query = url.split_once('?').unwrap().1;
            let params = Params::parse(query.as_bytes()).unwrap();
            proptest::prop_assert_eq!(params.only("v"), Some(value.as_str()));
        }
    }
}
