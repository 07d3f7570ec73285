//! Parameters of queries and forms (RFC 6749 §3.1, appendix B).

use oidc::Params;

/// Takes a query. It is read as another parser reads it, and what stands twice has no value.
pub fn params(data: &[u8]) {
    let other: Vec<(String, String)> = url::form_urlencoded::parse(data).into_owned().collect();
    let Ok(params) = Params::parse(data) else {
        let replaced = |text: &String| text.contains('\u{fffd}');
        assert!(other.iter().any(|(name, value)| replaced(name) || replaced(value)), "not UTF-8");
        return;
    };
    let count = |name: &str| other.iter().filter(|(known, _)| known == name).count();
    for (name, value) in &other {
        assert!(params.has(name));
        match count(name) {
            1 => {
                let expected = (!value.is_empty()).then_some(value.as_str());
                assert_eq!(params.get(name), Ok(expected), "{name}");
            }
            _ => {
                assert!(params.get(name).is_err() && params.only(name).is_none(), "{name}");
            }
        }
        assert!(!params.without(&[name]).has(name), "{name}");
    }
    assert_eq!(params.has_duplicates(), other.iter().any(|(name, _)| count(name) > 1));
    let query = params.to_query();
    assert_eq!(Params::parse(query.as_bytes()).unwrap().to_query(), query);
}
