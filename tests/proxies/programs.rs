//! The programs that balance over a store: the files that come with it, made to work in a test's directory.

use std::env;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::process::Process;
use crate::support::store::free_addresses;

/// Where the shipped files say that the front-end and the program itself listen.
const FRONT_END: &str = "127.0.0.1:8080";
const LISTEN_PORT: &str = "8000";

/// One of the programs.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Its command.
    pub name: &'static str,
    /// The file under `configs/proxy/`.
    pub file: &'static str,
    /// Whether it looks at `/readyz` of its own accord.
    pub looks: bool,
    /// Writes what it needs into a directory, and says how it is started there.
    start: fn(directory: &Path, configuration: &str) -> Vec<String>,
}

pub const NGINX: Program = Program { name: "nginx", file: "nginx.conf", looks: false, start: nginx };
pub const HAPROXY: Program = Program { name: "haproxy", file: "haproxy.cfg", looks: true, start: haproxy };
pub const CADDY: Program = Program { name: "caddy", file: "Caddyfile", looks: true, start: caddy };

impl Program {
    /// The file that comes with the store.
    pub fn shipped(self) -> String {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/proxy").join(self.file);
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// Starts it in front of that front-end. `None`, and a line on standard error, where it is not installed.
    pub fn start(self, front_end: SocketAddr, directory: &Path) -> Option<(Process, SocketAddr)> {
        let Some(path) = find(self.name) else {
            let line = format!(
                "skipped: {} is not installed, so configs/proxy/{} is not tried",
                self.name, self.file
            );
            // Not by a macro: what a test prints that way is not shown when it passes.
            writeln!(std::io::stderr(), "{line}").expect("standard error is open");
            return None;
        };
        let listen = free_addresses(1)[0];
        let configuration = replaced(&self.shipped(), FRONT_END, &front_end.to_string());
        let configuration = replaced(&configuration, LISTEN_PORT, &listen.port().to_string());
        let mut command = Command::new(path);
        command.args((self.start)(directory, &configuration)).stdin(Stdio::null());
        // Caddy keeps state in its user's home.
        command.env("HOME", directory).env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME");
        Some((Process::start(command), listen))
    }
}

/// Programs of this kind are often where only the administrator's PATH looks.
fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let beside = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    env::split_paths(&path).chain(beside).map(|directory| directory.join(name)).find(|file| file.is_file())
}

/// The file must say it exactly once, or something else than what is shipped would be tested.
fn replaced(text: &str, what: &str, by: &str) -> String {
    assert_eq!(text.matches(what).count(), 1, "{what} in {text}");
    text.replace(what, by)
}

/// The file is a part of nginx's configuration; the rest would write where only root may. Without a master process there is
/// nobody left when the test kills this one.
fn nginx(directory: &Path, configuration: &str) -> Vec<String> {
    let place = directory.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {place}/{kind};\n"))
        .concat();
    let all = format!(
        "daemon off;\nmaster_process off;\npid {place}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n\
         {temporary}include {place}/store.conf;\n}}\n"
    );
    write(&directory.join("store.conf"), configuration);
    write(&directory.join("nginx.conf"), &all);
    ["-e", "stderr", "-p", &place.to_string(), "-c", &format!("{place}/nginx.conf")].map(str::to_owned).into()
}

fn haproxy(directory: &Path, configuration: &str) -> Vec<String> {
    let file = directory.join("haproxy.cfg");
    write(&file, configuration);
    vec!["-db".into(), "-f".into(), file.display().to_string()]
}

/// Its administration would listen on a port that another Caddy may have.
fn caddy(directory: &Path, configuration: &str) -> Vec<String> {
    let file = directory.join("Caddyfile");
    write(&file, &format!("{{\n\tadmin off\n}}\n{configuration}"));
    let file = file.display().to_string();
    ["run", "--adapter", "caddyfile", "--config", &file].map(str::to_owned).into()
}

fn write(file: &Path, text: &str) {
    fs::write(file, text).expect("the test's directory is writable");
}
