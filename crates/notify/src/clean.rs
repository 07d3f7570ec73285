//! Names that administrators choose, made fit for one line of a message.

/// The longest name in a message, in characters.
const MAX_NAME: usize = 64;

/// The name on one line: no control characters and none that turn the direction of writing or hide,
/// white space folded, at most [`MAX_NAME`] characters.
pub(crate) fn name(name: &str) -> String {
    let kept: String = name
        .chars()
        .map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c })
        .filter(|c| !is_invisible(*c))
        .collect();
    let folded = kept.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    // In a subject this begins an encoded word (RFC 2047)
    let folded = folded.replace("=?", "= ?");
    match folded.char_indices().nth(MAX_NAME) {
        Some((end, _)) => format!("{}…", folded.get(..end).unwrap_or_default().trim_end()),
        None => folded,
    }
}

/// Zero-width characters, marks and overrides of direction, tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_name_stays_on_its_line() {
        assert_eq!(name("  Acme\r\nBcc: x@y.z\u{2028} \u{202e}GmbH\u{0} "), "Acme Bcc: x@y.z GmbH");
        assert_eq!(name("工单系统"), "工单系统");
        assert_eq!(name("=\u{200b}?utf-8?q?x?="), "= ?utf-8?q?x?=");
        assert_eq!(name(&"长".repeat(80)), format!("{}…", "长".repeat(64)));
    }
}
