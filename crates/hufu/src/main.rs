//! The `hufu` program.
fn main() {}
