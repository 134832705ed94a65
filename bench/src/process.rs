//! Processes of the contestants: started with a log, stopped whatever happens.
//!
//! Their data is thrown away, so those that are one process are simply killed; those that have children are told to stop
//! at once.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// How long a process may take to stop before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whom a process runs as.
#[derive(Debug, Clone, Copy)]
pub enum User {
    /// Whoever runs this.
    Caller,
    /// The user of that name, if the caller may choose.
    Named(&'static str),
}

/// A command that ends when this process does, however that comes about.
///
/// `setpriv` of util-linux asks the kernel for it, since a `pre_exec` would be unsafe code.
pub fn tied(program: impl AsRef<OsStr>, user: User, end_with: Signal) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", name_of(end_with)]);
    if let User::Named(name) = user
        && rustix::process::geteuid().is_root()
    {
        command.args(["--reuid", name, "--regid", name, "--init-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// As `setpriv` calls it.
fn name_of(signal: Signal) -> &'static str {
    match signal {
        Signal::TERM => "TERM",
        Signal::QUIT => "QUIT",
        _ => "KILL",
    }
}

/// A process that is stopped when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
    end_with: Signal,
}

impl Process {
    /// Starts a program. What it prints goes to `log`; it is stopped by `end_with`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        program: impl AsRef<OsStr>,
        user: User,
        log: &Path,
        end_with: Signal,
        configure: impl FnOnce(&mut Command),
    ) -> Result<Process> {
        let mut command = tied(&program, user, end_with);
        configure(&mut command);
        let out = File::options().create(true).append(true).open(log);
        let out = out.with_context(|| format!("cannot write {}", log.display()))?;
        // A group of its own: the terminal's Ctrl-C reaches us alone, and we stop it in order.
        command.process_group(0).stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let child =
            command.spawn().with_context(|| format!("cannot start {}", program.as_ref().display()))?;
        Ok(Process { child, log: log.to_owned(), end_with })
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        // One that has ended already is as good as killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// # Errors
    /// When it has ended, with the end of its log.
    pub fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let tail: Vec<_> = log.lines().rev().take(10).collect();
            let tail: Vec<_> = tail.into_iter().rev().collect();
            bail!("{} ended with {status}:\n{}", self.log.display(), tail.join("\n"));
        }
        Ok(())
    }

    /// Resident memory in KiB: now, and at its highest.
    pub fn resident_kib(&self) -> Option<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse().ok()
        };
        Some((field("VmRSS:")?, field("VmHWM:")?))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let pid = Pid::from_child(&self.child);
        let ended = |child: &mut Child| !matches!(child.try_wait(), Ok(None));
        if !ended(&mut self.child) {
            // It may end between the question and the signal.
            let _ = kill_process(pid, self.end_with);
            let deadline = Instant::now() + PATIENCE;
            while !ended(&mut self.child) && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(5));
            }
        }
        // Its children, if it left any, and itself, if it did not listen.
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Runs a command to its end.
///
/// # Errors
/// When it cannot be started or fails, with what it said.
pub fn finish(mut command: Command) -> Result<()> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
