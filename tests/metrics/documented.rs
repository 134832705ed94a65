//! docs/metrics.md lists what is served, and whatever is made of it names nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::store::Up;
use crate::support::{PATIENCE, eventually, http};
use crate::{page, page_text, patient_store, services};

const PAGE: &str = include_str!("../../docs/metrics.md");
const DASHBOARD: &str = include_str!("../../configs/grafana/toystore.json");
const ALERTS: &str = include_str!("../../configs/prometheus/alerts.yml");
const OPERATING: &str = include_str!("../../docs/operating.md");
pub const PROMETHEUS: &str = include_str!("../../configs/prometheus/prometheus.yml");

/// The rows of the page's tables: names and types.
fn listed() -> BTreeMap<String, String> {
    let mut listed = BTreeMap::new();
    for line in PAGE.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, _] = cells[..] else { panic!("{line}") };
        let before = listed.insert(name.trim_matches('`').to_owned(), kind.to_owned());
        assert_eq!(before, None, "twice: {line}");
    }
    listed
}

/// The names of the store's metrics in a text; those that a rule makes have a colon in them.
fn named(text: &str) -> BTreeSet<&str> {
    let is_part = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || "_:".contains(character)
    };
    let words = text.split(|character| !is_part(character));
    words.filter(|word| word.starts_with("toystore_") || word.starts_with("process_")).collect()
}

#[test]
fn all_that_is_served_is_listed_and_nothing_else() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = patient_store(directory.path());
    http::order(store.front_end, "k1", "Tux", 1).expect("an answer");
    let (mut served, listed) = (BTreeMap::new(), listed());
    // What does not answer in time is left out.
    eventually(PATIENCE, "all that is listed is served", || {
        for (_, address) in services(&store) {
            served.extend(page(address, None).0.into_iter().map(|(name, family)| (name, family.kind)));
        }
        listed.keys().all(|name| served.contains_key(name)).then_some(())
    });
    assert_eq!(served, listed);
}

#[test]
fn the_dashboard_and_the_alerts_name_what_is_listed() {
    let listed = listed();
    let is_listed = |word: &str| {
        let parts = ["_bucket", "_sum", "_count"].iter().filter_map(|part| word.strip_suffix(part));
        let histogram = |name: &str| listed.get(name).is_some_and(|kind| kind == "histogram");
        listed.contains_key(word) || parts.into_iter().any(histogram)
    };
    for (what, text) in [("dashboard", DASHBOARD), ("alerts", ALERTS), ("docs/operating.md", OPERATING)] {
        let words = named(text);
        assert!(what.starts_with("docs") || words.len() > 8, "{what}: {words:?}");
        for word in words {
            assert!(is_listed(word), "the {what} has {word}, which docs/metrics.md has not");
        }
    }
}

#[test]
fn the_dashboard_asks_the_chosen_prometheus() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let variables = dashboard["templating"]["list"].as_array().expect("variables");
    assert!(
        variables.iter().any(|variable| variable["type"] == "datasource" && variable["name"] == "datasource")
    );
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().expect("an id")).collect();
    assert_eq!(ids.len(), panels.len(), "ids are not given twice");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let targets = panel["targets"].as_array().expect("targets");
        assert!(!targets.is_empty(), "{}", panel["title"]);
        for of in targets.iter().chain([panel]) {
            assert_eq!(of["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        }
    }
}

#[test]
fn prometheus_asks_the_services_of_the_cluster() {
    let cluster = include_str!("../../configs/cluster.toml");
    let cluster: BTreeSet<_> = cluster.lines().filter_map(|line| line.strip_prefix("address = ")).collect();
    let asked = PROMETHEUS.lines().filter_map(|line| line.trim().strip_prefix("- targets: ["));
    let asked: BTreeSet<_> = asked.map(|targets| targets.trim_end_matches(']')).collect();
    assert_eq!((asked.len(), &asked), (5, &cluster));
}

/// Runs promtool; `None` where it is not installed.
pub fn promtool(arguments: &[&str], input: &str) -> Option<(bool, String)> {
    let mut command = Command::new("promtool");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut promtool) = command.spawn() else {
        eprintln!("skipped: promtool is not installed (Debian: apt-get install prometheus)");
        return None;
    };
    let mut stdin = promtool.stdin.take().expect("it is piped");
    std::io::Write::write_all(&mut stdin, input.as_bytes()).expect("it reads");
    drop(stdin);
    let ended = promtool.wait_with_output().expect("it ends");
    let said = [ended.stdout, ended.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    Some((ended.status.success(), said))
}

#[test]
fn promtool_has_nothing_against_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    http::order(store.front_end, "k1", "Tux", 1).expect("an answer");
    for (name, address) in services(&store) {
        let Some((well, said)) = promtool(&["check", "metrics"], &page_text(address, None)) else { return };
        assert!(well && said.trim().is_empty(), "{name}: {said}");
    }
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/prometheus/prometheus.yml");
    let (well, said) = promtool(&["check", "config", config], "").expect("it is installed");
    assert!(well && said.contains("rules found"), "{said}");
}
