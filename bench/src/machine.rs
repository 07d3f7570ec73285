//! The machine: what it is, and who works on which core.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::process;

/// Whose core a process works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Core {
    /// The one that is measured.
    Server,
    /// All others.
    Load,
}

fn cpu_info() -> Result<String> {
    fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo cannot be read")
}

/// All of the machine's cores, also those that this process may not use.
fn cores() -> Result<usize> {
    Ok(cpu_info()?.lines().filter(|line| line.starts_with("processor")).count())
}

/// A command that runs on these cores, as far as the machine has more than one.
pub(crate) fn command_on(core: Core, program: &std::path::Path) -> Result<Command> {
    let list = match (core, cores()?) {
        (_, 0 | 1) => return Ok(Command::new(program)),
        (Core::Server, _) => "0".to_owned(),
        (Core::Load, cores) => format!("1-{}", cores - 1),
    };
    let mut command = Command::new("taskset");
    command.args(["-c", &list]).arg(program);
    Ok(command)
}

/// Moves this process off the server's core.
pub(crate) fn leave_the_servers_core() -> Result<()> {
    let last = match cores()? {
        0 | 1 => return Ok(()),
        cores => cores - 1,
    };
    let own = std::process::id().to_string();
    let output =
        Command::new("taskset").args(["-a", "-p", "-c", &format!("1-{last}"), &own]).output();
    let output =
        output.context("taskset (util-linux) is needed to give the server a core of its own")?;
    ensure!(output.status.success(), "taskset: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

/// The machine and the versions, in one line.
pub(crate) fn describe() -> Result<String> {
    let info = cpu_info()?;
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let hufu = output_of(Command::new(process::beside_us("hufu")?).arg("--version"));
    let rustc = output_of(Command::new("rustc").arg("--version"));
    Ok(format!("{} × {model}, Linux {}, {hufu}, {rustc}", cores()?, kernel.trim()))
}

fn output_of(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}
