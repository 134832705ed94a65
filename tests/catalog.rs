//! What the catalog sells: lists of any length, and products that come in later.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use support::http;
use support::store::{Cluster, Service, Up};

/// A configuration whose products are these lines of a file beside it.
fn selling(directory: &Path, lines: &str) -> (Cluster, PathBuf) {
    let cluster = Cluster::new(directory);
    let file = directory.join("products.csv");
    fs::write(&file, format!("name,price,quantity\n{lines}")).expect("the test's directory is writable");
    let text = fs::read_to_string(&cluster.config).expect("it was just written");
    let lines = text.lines().map(|line| {
        if line.starts_with("products = ") {
            format!("products = {:?}", file.display().to_string())
        } else {
            line.to_owned()
        }
    });
    let text: Vec<_> = lines.collect();
    fs::write(&cluster.config, text.join("\n")).expect("the test's directory is writable");
    (cluster, file)
}

fn up(directory: &Path, cluster: &Cluster) -> Up {
    let config = cluster.config.display().to_string();
    Up::start_with(&directory.join("data"), &["--config", &config])
}

/// The names on one page, and what it says is next.
fn page(at: SocketAddr, path: &str) -> (Vec<String>, Option<String>) {
    let answer = http::get(at, path).expect("it answers");
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let body = answer.json();
    let names = body["data"].as_array().expect("a list").iter().map(|product| product["name"].as_str());
    let names = names.map(|name| name.expect("a name").to_owned()).collect();
    assert!(body.get("next").is_some(), "{path}: it does not say what is next");
    (names, body["next"].as_str().map(ToOwned::to_owned))
}

#[test]
fn a_long_catalog_is_listed_page_by_page_by_the_front_end_and_by_the_catalog() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut lines = String::new();
    let names: Vec<String> = (0..2_500).rev().map(|number| format!("toy & {number}")).collect();
    for name in &names {
        writeln!(lines, "{name},1.50,7").expect("writing to a string");
    }
    let (mut cluster, _) = selling(directory.path(), &lines);
    cluster.start_all();
    for at in [cluster.front_end(), cluster.addresses[&Service::Catalog]] {
        let (first, next) = page(at, "/products");
        assert_eq!(first, names[..1000]);
        assert_eq!(next.as_deref(), Some("toy & 1500"));
        let (mut all, mut after) = (Vec::new(), None::<String>);
        loop {
            let path = match &after {
                None => "/products?limit=999".to_owned(),
                Some(name) => format!("/products?limit=999&after={}", name.replace(" & ", "%20%26%20")),
            };
            let (some, next) = page(at, &path);
            all.extend(some);
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(all, names);
        assert_eq!(page(at, "/products?after=toy+%26+0"), (vec![], None));
        for (path, status, said) in [
            ("/products?after=Tux", 404, "no such product"),
            ("/products?limit=0", 400, "limit must be a whole number from 1 to 1000"),
            ("/products?limit=1001", 400, "limit must be a whole number from 1 to 1000"),
            ("/products?limit=all", 400, "the parameters after"),
            ("/products?page=2", 400, "the parameters after"),
        ] {
            let answer = http::get(at, path).expect("it answers");
            assert_eq!(answer.status, status, "{path}");
            assert!(answer.text().contains(said), "{path}: {}", answer.text());
        }
    }
    let shop = support::process::toystore([
        "shop",
        "--url",
        &format!("http://{}", cluster.front_end()),
        "--clients",
        "2",
        "--rounds",
        "20",
        "--buy",
        "0.5",
    ])
    .output()
    .expect("it runs");
    assert!(shop.status.success(), "{}", String::from_utf8_lossy(&shop.stderr));
}

#[test]
fn a_short_catalog_is_one_page() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (cluster, _) = selling(directory.path(), "Tux,1,1\nFox,2,2\n");
    let up = up(directory.path(), &cluster);
    assert_eq!(page(up.front_end, "/products"), (vec!["Tux".into(), "Fox".into()], None));
    assert_eq!(page(up.front_end, "/products?limit=1"), (vec!["Tux".into()], Some("Tux".into())));
    assert_eq!(page(up.front_end, "/products/?limit=1&after=Tux"), (vec!["Fox".into()], Some("Fox".into())));
}
