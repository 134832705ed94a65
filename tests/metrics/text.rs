//! The text format of Prometheus, read strictly: what promtool lets pass is an error here, too.

use std::collections::{BTreeMap, BTreeSet};

pub type Labels = BTreeMap<String, String>;

/// All samples of one name.
#[derive(Debug, Default)]
pub struct Family {
    pub kind: String,
    /// Their names, which a histogram has three of, their labels and values.
    pub samples: Vec<(String, Labels, f64)>,
}

/// One page.
#[derive(Debug)]
pub struct Page(pub BTreeMap<String, Family>);

impl Page {
    /// Reads a page; panics with what is wrong with it.
    pub fn read(text: &str) -> Page {
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "the last line ends, and there is no other");
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        let mut current = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').expect(line);
                assert!(words.len() > 3 && words.ends_with('.'), "{line}");
                let kind = lines.next().and_then(|line| line.strip_prefix(&format!("# TYPE {name} ")));
                let kind = kind.unwrap_or_else(|| panic!("no type follows: {line}"));
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}: {kind}");
                assert_eq!(name.ends_with("_total"), kind == "counter", "{line}: {kind}");
                assert!(is_name(name), "{line}");
                let family = Family { kind: kind.to_owned(), samples: Vec::new() };
                assert!(families.insert(name.to_owned(), family).is_none(), "twice: {line}");
                name.clone_into(&mut current);
                continue;
            }
            let (name, labels, value) = sample(line);
            let family = families.get_mut(&current).unwrap_or_else(|| panic!("of no family: {line}"));
            let rest =
                name.strip_prefix(current.as_str()).unwrap_or_else(|| panic!("not of {current}: {line}"));
            let parts: &[&str] =
                if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(parts.contains(&rest), "{line}");
            assert!(value.is_finite() && (family.kind == "gauge" || value >= 0.0), "{line}");
            family.samples.push((name, labels, value));
        }
        families.iter().for_each(|(name, family)| check(name, family));
        Page(families)
    }

    /// The value of the sample with just these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let wanted: Labels = labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let samples = self.0.values().flat_map(|family| &family.samples);
        let found = samples.filter(|(found, labels, _)| found == name && *labels == wanted);
        let values: Vec<_> = found.map(|(_, _, value)| *value).collect();
        assert_eq!(values.len(), 1, "{name} {labels:?}: {values:?}");
        values[0]
    }

    /// Whether there is a family of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// `name{label="value",…} value`, the labels with what is escaped in them.
fn sample(line: &str) -> (String, Labels, f64) {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no sample: {line:?}"));
    let (name, mut rest) = line.split_at(end);
    let mut labels = Labels::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, value) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
            assert!(is_name(label), "{line}");
            let mut text = String::new();
            let mut characters = value.char_indices();
            let close = loop {
                match characters.next().unwrap_or_else(|| panic!("an open label: {line}")) {
                    (at, '"') => break at,
                    (_, '\\') => match characters.next() {
                        Some((_, 'n')) => text.push('\n'),
                        Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                        other => panic!("{other:?} is escaped: {line}"),
                    },
                    (_, character) => text.push(character),
                }
            };
            assert!(labels.insert(label.to_owned(), text).is_none(), "a label twice: {line}");
            rest = &value[close + 1..];
            if let Some(further) = rest.strip_prefix(',') {
                rest = further;
            } else {
                rest = rest.strip_prefix('}').unwrap_or_else(|| panic!("no end of labels: {line}"));
                break;
            }
        }
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("no value: {line}"));
    let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
    (name.to_owned(), labels, value)
}

/// No series is there twice, and the buckets of each histogram are whole.
fn check(family: &str, Family { kind, samples }: &Family) {
    let series: BTreeSet<_> = samples.iter().map(|(name, labels, _)| (name, labels)).collect();
    assert_eq!(series.len(), samples.len(), "{family} has a series twice");
    if kind != "histogram" {
        return;
    }
    let mut histograms: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    let of =
        |part: &'static str| samples.iter().filter(move |(name, ..)| name.strip_prefix(family) == Some(part));
    for (_, labels, count) in of("_bucket") {
        let mut labels = labels.clone();
        let bound = labels.remove("le").unwrap_or_else(|| panic!("{family} has a bucket without a bound"));
        let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().expect("a bound") };
        histograms.entry(labels).or_default().push((bound, *count));
    }
    for (labels, buckets) in &histograms {
        assert!(buckets.len() > 5, "{family} {labels:?}");
        for pair in buckets.windows(2) {
            let ((bound, count), (next, more)) = (pair[0], pair[1]);
            assert!(bound < next && count <= more, "{family} {labels:?}: {buckets:?}");
        }
        let (bound, all) = buckets[buckets.len() - 1];
        assert!(bound.is_infinite(), "{family} {labels:?} has no last bucket");
        let count: Vec<_> =
            of("_count").filter(|(_, of, _)| of == labels).map(|(.., count)| *count).collect();
        assert_eq!(count, [all], "{family} {labels:?}");
        assert_eq!(of("_sum").filter(|(_, of, _)| of == labels).count(), 1, "{family} {labels:?}");
    }
    assert_eq!((of("_count").count(), of("_sum").count()), (histograms.len(), histograms.len()), "{family}");
}

/// A reader that takes anything shows nothing.
#[test]
fn what_is_wrong_with_a_page_is_found() {
    let good = "# HELP a_total Some a.\n# TYPE a_total counter\na_total{b=\"x\\\"y\\\\z\"} 3\n";
    assert_eq!(Page::read(good).value("a_total", &[("b", "x\"y\\z")]), 3.0);
    for (case, bad) in [
        ("no last newline", good.trim_end().to_owned()),
        ("no help", good.split_once('\n').expect("lines").1.to_owned()),
        ("no type", good.replace("# TYPE a_total counter\n", "")),
        ("a family twice", good.repeat(2)),
        ("a series twice", format!("{good}a_total{{b=\"x\\\"y\\\\z\"}} 4\n")),
        ("another's sample", format!("{good}c_total 4\n")),
        ("a counter's name", good.replace("a_total", "a")),
        ("no number", good.replace(" 3\n", " x\n")),
        ("an open label", good.replace("\"} 3", "} 3")),
        (
            "a histogram without its last bucket",
            "# HELP a Some a.\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n".into(),
        ),
        ("an empty page", String::new()),
    ] {
        assert!(std::panic::catch_unwind(|| Page::read(&bad)).is_err(), "{case}: {bad}");
    }
}
