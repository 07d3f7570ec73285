//! A mail as the reader sees it.

use mail_parser::MessageParser;

/// A mail that was accepted, for one of its recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipient.
    pub to: String,
    /// The subject, decoded.
    pub subject: String,
    /// The plain text, decoded; empty if there is none.
    pub text: String,
    /// The HTML, decoded; empty if there is none.
    pub html: String,
    /// The message as it came.
    pub raw: Vec<u8>,
}

impl Received {
    /// Decodes a message; `None` if it is none, or one whose parts can't be decoded.
    pub(crate) fn parse(from: &str, to: &str, raw: &[u8]) -> Option<Self> {
        let message = MessageParser::default().parse(raw)?;
        if message.parts.iter().any(|part| part.is_encoding_problem) {
            return None;
        }
        // mail-parser offers HTML as text and the other way round; here it is one or nothing
        let body = |html: bool| {
            let part = message.parts.iter().find(|part| {
                if html { part.is_text_html() } else { part.is_text() && !part.is_text_html() }
            });
            part.and_then(|part| part.text_contents()).unwrap_or_default().to_owned()
        };
        Some(Self {
            from: from.to_owned(),
            to: to.to_owned(),
            subject: message.subject().unwrap_or_default().to_owned(),
            text: body(false),
            html: body(true),
            raw: raw.to_owned(),
        })
    }

    /// The values of the header as they came, unfolded, in order.
    pub fn headers(&self, name: &str) -> Vec<String> {
        let raw = String::from_utf8_lossy(&self.raw);
        let head = raw.split("\r\n\r\n").next().unwrap_or_default();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        unfolded
            .split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }

    /// The first run of `digits` decimal digits that stands alone in the plain text: the code.
    pub fn code(&self, digits: usize) -> Option<String> {
        self.text
            .split(|c: char| !c.is_ascii_digit())
            .find(|run| run.len() == digits)
            .map(str::to_owned)
    }
}
