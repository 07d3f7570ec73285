//! Figures, as a Markdown table.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;

use crate::machine;

/// One figure.
#[derive(Debug)]
pub(crate) struct Row {
    what: String,
    figure: String,
    aim: &'static str,
}

impl Row {
    /// A figure without an aim.
    pub(crate) fn new(what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self { what: what.into(), figure: figure.into(), aim: "" }
    }

    /// The aim for it.
    pub(crate) fn aim(self, aim: &'static str) -> Self {
        Self { aim, ..self }
    }
}

/// Says what is going on, beside the table.
pub(crate) fn note(text: &str) {
    // Nothing depends on it.
    let _ = writeln!(std::io::stderr(), "bench: {text}");
}

/// Prints the machine and the table.
pub(crate) fn print(rows: &[Row]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}\n", machine::describe()?)?;
    writeln!(out, "| what | figure | aim |\n|---|---|---|")?;
    for Row { what, figure, aim } in rows {
        writeln!(out, "| {what} | {figure} | {aim} |")?;
    }
    Ok(())
}

/// A whole number as a real one.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) fn real(number: u64) -> f64 {
    number as f64
}

/// How many per second.
pub(crate) fn rate(count: u64, elapsed: Duration) -> f64 {
    real(count) / elapsed.as_secs_f64()
}

/// Milliseconds of each of `count`.
pub(crate) fn millis_each(total: Duration, count: u64) -> f64 {
    total.as_secs_f64() * 1e3 / real(count.max(1))
}

/// Microseconds as milliseconds.
pub(crate) fn micros_as_millis(micros: u64) -> String {
    format!("{:.2} ms", real(micros) / 1e3)
}

/// Bytes as MiB.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", real(bytes) / 1_048_576.0)
}
