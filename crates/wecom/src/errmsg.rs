//! What an `errmsg` tells besides its text. It informs people; no decision rests on it [D 90313].

use std::net::IpAddr;

/// The parts of an `errmsg` that are kept. The text itself is not: it may echo what we sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Errmsg {
    pub(crate) hint: Option<String>,
    pub(crate) from_ip: Option<IpAddr>,
}

/// Longer ones are not WeCom's.
const MAX_HINT: usize = 64;

/// Reads `…, hint: [178…562], from ip: 203.0.113.9, more info at …`.
pub(crate) fn parse(errmsg: &str) -> Errmsg {
    let hint = after(errmsg, "hint:")
        .and_then(|rest| rest.strip_prefix('['))
        .and_then(|rest| rest.split_once(']'))
        .map(|(hint, _)| hint)
        .filter(|hint| is_hint(hint))
        .map(ToOwned::to_owned);
    let from_ip = after(errmsg, "from ip:")
        .and_then(|rest| rest.split([',', ' ']).next())
        .and_then(|ip| ip.parse().ok());
    Errmsg { hint, from_ip }
}

fn after<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    text.split_once(label).map(|(_, rest)| rest.trim_start())
}

fn is_hint(hint: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=MAX_HINT).contains(&hint.len()) && hint.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hint_and_address_are_found() {
        let text = "invalid code, hint: [1782316307617340314383562], from ip: 203.0.113.9, more \
                    info at https://open.work.weixin.qq.com/devtool/query?e=40029";
        let parsed = parse(text);
        assert_eq!(parsed.hint.as_deref(), Some("1782316307617340314383562"));
        assert_eq!(parsed.from_ip, Some("203.0.113.9".parse().unwrap()));
        assert_eq!(
            parse("not allow to access from your ip, from ip: 2001:db8::9").from_ip,
            Some("2001:db8::9".parse().unwrap())
        );
    }

    #[test]
    fn what_is_not_there_or_not_well_formed_is_nothing() {
        for text in ["", "access_token expired", "hint: [], from ip: nowhere", "hint: [a b]"] {
            assert_eq!(parse(text), Errmsg::default(), "{text}");
        }
        assert_eq!(parse(&format!("hint: [{}]", "1".repeat(65))), Errmsg::default());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in ".*") {
            parse(&text);
        }

        #[test]
        fn text_around_a_hint_does_not_matter(before in "[^h]*", hint in "[0-9]{1,64}", after in ".*") {
            let text = format!("{before}hint: [{hint}]{after}");
            prop_assert_eq!(parse(&text).hint, Some(hint));
        }

        #[test]
        fn text_around_an_address_does_not_matter(before in "[^f]*", ip: std::net::Ipv4Addr, after in "[, ].*") {
            let text = format!("{before}from ip: {ip}{after}");
            prop_assert_eq!(parse(&text).from_ip, Some(IpAddr::from(ip)));
        }
    }
}
