//! Which hosts a tenant may live on, and an app be at. The rules of other addresses are the apps' ones.

use std::net::IpAddr;

pub(crate) use oidc::app_rules::uris::{called, picture};
use serde_json::Value;
use url::Url;

use crate::fields::{Flaw, Flaws};
use crate::rules::string;

fn flaw<T>(code: &'static str, text: impl Into<String>) -> Result<T, Flaws> {
    Err(vec![Flaw::new(code, text)])
}

/// A tenant's host: a DNS name in lower case, with a port only where it is not the scheme's own.
pub(crate) fn tenant_host(
    scheme: &str,
    console_host: &str,
) -> impl Fn(&Value) -> Result<String, Flaws> {
    move |value| {
        let text = string(value)?;
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        };
        if !is_dns_name(name) {
            return flaw(
                "format",
                "has to be a DNS name in lower case such as login.example.com, without scheme and path",
            );
        }
        if let Some(port) = port {
            let number =
                port.parse::<u16>().ok().filter(|number| *number > 0 && number.to_string() == port);
            let own = if scheme == "http" { 80 } else { 443 };
            match number {
                None => return flaw("port", "has no proper port: use 1 to 65535"),
                Some(number) if number == own => {
                    return flaw(
                        "port",
                        format!("has the port that {scheme} has by itself: leave it out"),
                    );
                }
                Some(_) => {}
            }
        }
        if text.eq_ignore_ascii_case(console_host) {
            return flaw("reserved", "is the console's own host: choose another");
        }
        Ok(text.to_owned())
    }
}

/// The host of a URL, as it stands in one that was read: a name in lower case, or an address.
pub(crate) fn host(value: &Value) -> Result<String, Flaws> {
    let text = string(value)?;
    match Url::parse(&format!("https://{text}/")) {
        Ok(url) if url.host_str() == Some(text) && !text.contains('*') => Ok(text.to_owned()),
        _ => flaw("format", "has to be a host in lower case such as app.example.com, without port"),
    }
}

fn is_dns_name(name: &str) -> bool {
    let proper_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(proper_label)
        // Otherwise browsers take it for an IPv4 address (WHATWG URL, "ends in a number").
        && !last.bytes().all(|byte| byte.is_ascii_digit())
        && !last.starts_with("0x")
        && name.parse::<IpAddr>().is_err()
}
