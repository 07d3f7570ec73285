//! The `hufu` program.

use std::process::ExitCode;

use clap::Parser as _;
use hufu::command::Command;

// The pages' and tokens' many small allocations are cheaper with it, and memory comes back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match Command::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            // The one place that speaks to a person at a terminal about failures.
            let _ = writeln!(std::io::stderr(), "hufu: {error:#}");
            ExitCode::FAILURE
        }
    }
}
