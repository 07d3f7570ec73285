//! Writing JSON in which nothing is taken for something else (attack R8): one line, and what a terminal
//! or a reader of lines would act on is escaped. `serde_json` by itself escapes U+0000 to U+001F only.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::rules::is_invisible;

/// Appends a value.
pub(crate) fn write(to: &mut Vec<u8>, value: &impl Serialize) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(to, Visible))
}

struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        let mut written = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_invisible(*c)) {
            writer.write_all(&fragment.as_bytes()[written..at])?;
            // All of them have four digits at most.
            write!(writer, "\\u{:04x}", u32::from(c))?;
            written = at + c.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[written..])
    }
}
