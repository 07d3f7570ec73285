//! The `Content-Security-Policy` of the pages.

/// Builds the header's value.
///
/// - `nonce`: the [`Frame`](super::Frame)'s, fresh for every answer, base64.
/// - `frame_src`: the panel's origin (`https://login.work.weixin.qq.com`), only where a panel is
///   shown.
/// - `form_action`: origins (or `scheme:`) besides our own to which a form of this page may lead.
///   Chromium checks every redirect that follows a form's POST against it, too. So the login
///   page's cancel form, which ends at the app's `redirect_uri`, needs that address's origin here
///   (`https://app.example.com`, or `com.example.app:` for a native app); a sign-out form needs the
///   origin of `post_logout_redirect_uri`; a form-post page needs that of its action.
///
/// A value that could end its directive is left out: the page then is stricter, never laxer.
pub fn content_security_policy(
    nonce: &str,
    frame_src: Option<&str>,
    form_action: &[&str],
) -> String {
    let mut policy = String::from("default-src 'none'; script-src ");
    if nonce.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)) {
        policy.push_str("'nonce-");
        policy.push_str(nonce);
        policy.push('\'');
    } else {
        policy.push_str("'none'");
    }
    // Logos are addresses that the tenant sets.
    policy.push_str("; style-src 'self'; img-src 'self' https: data:");
    if let Some(source) = frame_src.filter(|source| is_source(source)) {
        // 'self': the panel is begun by a redirect of ours.
        policy.push_str("; frame-src 'self' ");
        policy.push_str(source);
    }
    policy.push_str("; form-action 'self'");
    for source in form_action.iter().filter(|source| is_source(source)) {
        policy.push(' ');
        policy.push_str(source);
    }
    policy.push_str("; base-uri 'none'; frame-ancestors 'none'");
    policy
}

/// Whether it can stand as one host or scheme source (CSP 3, 2.3.1): no keyword, no wildcard for
/// all hosts, nothing that separates.
fn is_source(source: &str) -> bool {
    source.contains(':')
        && source.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.-_~%[]+".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::content_security_policy;

    #[test]
    fn a_plain_page_allows_itself_only() {
        assert_eq!(
            content_security_policy("bm9uY2U=", None, &[]),
            "default-src 'none'; script-src 'nonce-bm9uY2U='; style-src 'self'; \
             img-src 'self' https: data:; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'"
        );
    }

    #[test]
    fn the_panel_and_the_way_back_are_added_where_asked() {
        let policy = content_security_policy(
            "bm9uY2U",
            Some("https://login.work.weixin.qq.com"),
            &["https://app.example.com:8443", "com.example.app:"],
        );
        assert!(
            policy.contains("; frame-src 'self' https://login.work.weixin.qq.com;"),
            "{policy}"
        );
        assert!(
            policy.contains("; form-action 'self' https://app.example.com:8443 com.example.app:;"),
            "{policy}"
        );
    }

    #[test]
    fn a_value_can_not_loosen_the_policy() {
        let strict = content_security_policy("n", None, &[]);
        for bad in [
            "https://a;script-src *",
            "https://a,default-src *",
            "https: 'unsafe-inline'",
            "*",
            "https://*",
            "'unsafe-inline'",
            "https://a\r\nSet-Cookie: x",
            "",
        ] {
            assert_eq!(content_security_policy("n", Some(bad), &[bad]), strict, "{bad:?}");
        }
        let policy = content_security_policy("n' 'unsafe-inline", None, &[]);
        assert!(policy.contains("script-src 'none';"), "{policy}");
    }
}
