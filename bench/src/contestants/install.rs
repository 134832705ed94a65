//! The rivals' packages.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::postgres;
use crate::process::finish;

/// The packages of Debian, and what of each is run.
const PACKAGES: [(&str, &str); 3] = [
    ("nginx", "/usr/sbin/nginx"),
    ("redis-server", "/usr/bin/redis-server"),
    ("etcd-server", "/usr/bin/etcd"),
];

/// What keeps the packages' own services from being started; see Debian's `invoke-rc.d`.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs what is missing of Debian's packages.
///
/// # Errors
/// When something is missing and cannot be installed.
pub fn missing() -> Result<()> {
    let mut missing: Vec<_> = PACKAGES
        .iter()
        .filter(|(_, program)| !Path::new(program).exists())
        .map(|(package, _)| *package)
        .collect();
    if postgres::bin().is_err() {
        missing.push("postgresql");
    }
    if missing.is_empty() {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() {
        bail!("not installed: {0}; run: apt-get install {0}", missing.join(" "));
    }
    eprintln!("installing {}", missing.join(" "));
    let _policy = Policy::set()?;
    let mut update = Command::new("apt-get");
    update.args(["update", "-qq"]);
    finish(update)?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install.args(["install", "-y", "-qq", "--no-install-recommends"]).args(missing);
    finish(install)
}

/// While this lives, no package starts its service.
struct Policy {
    ours: bool,
}

impl Policy {
    fn set() -> Result<Policy> {
        if Path::new(POLICY).exists() {
            return Ok(Policy { ours: false });
        }
        std::fs::write(POLICY, "#!/bin/sh\nexit 101\n").context("cannot keep services from starting")?;
        std::fs::set_permissions(POLICY, std::fs::Permissions::from_mode(0o755))?;
        Ok(Policy { ours: true })
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if self.ours {
            // What is left behind would keep services from starting; say so.
            if let Err(error) = std::fs::remove_file(POLICY) {
                eprintln!("remove {POLICY} by hand: {error}");
            }
        }
    }
}

/// The first line in which a program names its version.
pub fn version(program: &str, flag: &str) -> String {
    let Ok(output) = Command::new(program).arg(flag).output() else { return format!("{program}: unknown") };
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned()
}
