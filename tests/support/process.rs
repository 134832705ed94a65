//! A running process of the binary under test, and what can be done to it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{PATIENCE, eventually};

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_toystore");

/// A command of the binary, without any `TOYSTORE_…` variable of the tests' own environment.
pub fn toystore<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("TOYSTORE_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What a process printed up to now, line by line.
type Printed = Arc<Mutex<Vec<String>>>;

/// A process that is killed when it is dropped.
pub struct Process {
    child: Child,
    stdout: Printed,
    stderr: Printed,
}

impl Process {
    /// Starts a command and collects what it prints.
    pub fn start(mut command: Command) -> Process {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stdout = collect(child.stdout.take().expect("stdout is piped"));
        let stderr = collect(child.stderr.take().expect("stderr is piped"));
        Process { child, stdout, stderr }
    }

    /// Waits for a line on stdout of the form `label http://address`, and returns the address.
    pub fn address(&mut self, label: &str) -> SocketAddr {
        let prefix = format!("{label} http://");
        let line = self.line(&format!("{label} address"), |line| line.starts_with(&prefix));
        let address = &line[prefix.len()..];
        address.parse().unwrap_or_else(|error| panic!("{label} printed {address:?}: {error}"))
    }

    /// Waits for a line on stdout.
    pub fn line(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.line_within(PATIENCE, what, wanted)
    }

    /// Waits for a line on stdout, for so long at most.
    pub fn line_within(&mut self, limit: Duration, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let found = eventually(limit, what, || {
            let line = self.stdout.lock().unwrap().iter().find(|line| wanted(line)).cloned();
            if line.is_none() && self.exited().is_some() {
                return Some(None);
            }
            line.map(Some)
        });
        found.unwrap_or_else(|| panic!("it ended before it printed the {what}: {}", self.complaints()))
    }

    /// All of stdout up to now.
    pub fn output(&self) -> String {
        self.stdout.lock().unwrap().join("\n")
    }

    /// All of stderr up to now.
    pub fn complaints(&self) -> String {
        self.stderr.lock().unwrap().join("\n")
    }

    /// Sends a signal; a process that is gone already does not mind.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        // Killing one that has ended is an error of no interest.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops it in its tracks; [`Process::resume`] lets it go on.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets a frozen process go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Asks it to stop and waits until it has.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait(PATIENCE)
    }

    /// How it ended, if it did.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child can be asked")
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        eventually(limit, "the process ends", || self.exited())
    }

    /// Resident memory in KiB, where the system tells.
    pub fn resident_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("--- stdout\n{}\n--- stderr\n{}\n---", self.output(), self.complaints());
        }
    }
}

/// A command that ran to its end.
#[derive(Debug)]
pub struct Finished {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command to its end, within the tests' patience. A signal counts as status -1.
pub fn finish(command: Command) -> Finished {
    let mut process = Process::start(command);
    let status = process.wait(PATIENCE);
    // The pipes end with the process; their last lines arrive a moment later.
    eventually(PATIENCE, "the output ends", || {
        (Arc::strong_count(&process.stdout) == 1 && Arc::strong_count(&process.stderr) == 1).then_some(())
    });
    Finished { status: status.code().unwrap_or(-1), stdout: process.output(), stderr: process.complaints() }
}

fn collect(pipe: impl Read + Send + 'static) -> Printed {
    let printed = Printed::default();
    let lines = printed.clone();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            lines.lock().unwrap().push(line);
        }
    });
    printed
}
