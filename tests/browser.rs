//! The pages in a real browser: each scenario of `tests/browser/` against a store of its own.
//!
//! They need Python 3, and Debian's `chromium` and `chromium-driver`; where one is missing, that is said and nothing is
//! tested. `.ci/run` installs them.

mod support;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use support::process::BINARY;
use support::store::{Cluster, Service, Up};

/// One browser at a time: each takes all that a small machine has.
static BROWSER: Mutex<()> = Mutex::new(());

/// What is missing to run a browser, if anything is.
fn missing() -> Option<&'static str> {
    let answers = |program: &str| {
        let mut command = Command::new(program);
        command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    ["python3", "chromium", "chromedriver"].into_iter().find(|program| !answers(program))
}

fn scenario(name: &str, store: SocketAddr, arguments: &[String]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(format!("{name}.py"));
    let mut command = Command::new("python3");
    command.arg(script).arg(format!("http://{store}")).args(arguments).stdin(Stdio::null());
    // It gives up by itself.
    let output = command.output().expect("Python runs");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{name}: {}\n{}", said(&output.stdout), said(&output.stderr));
}

/// Runs a scenario against `toystore up` with these arguments.
fn against(name: &str, arguments: &[&str]) {
    let _one_at_a_time = BROWSER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(program) = missing() {
        eprintln!("skipped: there is no {program} here");
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start_with(directory.path(), arguments);
    scenario(name, store.front_end, &[]);
}

#[test]
fn buy() {
    against("buy", &[]);
}

#[test]
fn stock_changes_in_a_second_window() {
    against("second_window", &[]);
}

#[test]
fn look_an_order_up() {
    against("look_up", &[]);
}

#[test]
fn sold_out() {
    against("sold_out", &[]);
}

#[test]
fn crash_the_leader_while_buying() {
    against("crash_the_leader", &["--lab"]);
}

#[test]
fn wipe_a_disk() {
    against("wipe_a_disk", &["--lab"]);
}

#[test]
fn without_script() {
    against("without_script", &[]);
}

/// The front-end of five processes, stopped and started by the scenario.
#[test]
fn lost_connection_and_retry() {
    let _one_at_a_time = BROWSER.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(program) = missing() {
        eprintln!("skipped: there is no {program} here");
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Cluster::new(directory.path());
    for service in Service::ALL.into_iter().filter(|service| *service != Service::FrontEnd) {
        store.start(service);
    }
    let front_end = ByHand::new(directory.path(), &store.config);
    front_end.run(&front_end.start());
    store.ready();
    store.all_in_sync();
    let arguments = ["--stop".to_owned(), front_end.stop(), "--start".to_owned(), front_end.start()];
    scenario("lost_connection", store.front_end(), &arguments);
}

/// A front-end that shell commands start and stop.
struct ByHand {
    config: PathBuf,
    pid: PathBuf,
    log: PathBuf,
}

impl ByHand {
    fn new(directory: &Path, config: &Path) -> ByHand {
        ByHand { config: config.to_owned(), pid: directory.join("pid"), log: directory.join("log") }
    }

    fn start(&self) -> String {
        let (config, pid, log) = (self.config.display(), self.pid.display(), self.log.display());
        format!("'{BINARY}' serve front-end --config '{config}' >'{log}' 2>&1 & echo $! >'{pid}'")
    }

    /// A killed process holds no port, whether or not somebody has asked for its status yet.
    fn stop(&self) -> String {
        format!("kill -9 $(cat '{}')", self.pid.display())
    }

    fn run(&self, command: &str) {
        let status = Command::new("sh").args(["-c", command]).stdin(Stdio::null()).status();
        assert!(status.is_ok_and(|status| status.success()), "{command}");
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        // It is stopped already if the scenario ended badly.
        let _ = Command::new("sh").args(["-c", &self.stop()]).stderr(Stdio::null()).status();
    }
}
