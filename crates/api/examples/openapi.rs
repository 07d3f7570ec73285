//! Prints the API document: `cargo run -p api --example openapi > openapi/console.json`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(api::document_json().as_bytes())
}
