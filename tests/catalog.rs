//! What the catalog sells: lists of any length, and products that come in later.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::store::{Cluster, Service, Up};
use support::{PATIENCE, eventually, http};

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
    // And all of it is in a backup.
    let copy = directory.path().join("copy");
    let mut backup = support::process::toystore(["backup"]);
    backup.arg(&copy).arg("--config").arg(&cluster.config);
    let backup = backup.output().expect("it runs");
    assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
    let manifest = fs::read_to_string(copy.join("backup.json")).expect("it is there");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    let kept =
        manifest["products"].as_array().expect("a list").iter().map(|product| product["name"].as_str());
    assert!(kept.eq(names.iter().map(|name| Some(name.as_str()))));
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

/// Runs `toystore catalog import` and gives its status and all that it says.
fn import(cluster: &Cluster, file: &Path, data: &Path) -> (Option<i32>, String) {
    let mut command = support::process::toystore(["catalog", "import"]);
    command.arg(file).arg("--config").arg(&cluster.config).arg("--data").arg(data);
    let output = command.output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

/// What is sold: name, price and pieces of each.
fn sold(at: SocketAddr) -> Vec<(String, String, u64)> {
    let products = http::get(at, "/products").expect("it answers").data();
    let one = |product: &Value| {
        let name = product["name"].as_str().expect("a name").to_owned();
        (name, product["price"].to_string(), product["quantity"].as_u64().expect("a number"))
    };
    products.as_array().expect("a list").iter().map(one).collect()
}

fn toy(name: &str, price: &str, quantity: u64) -> (String, String, u64) {
    (name.into(), price.into(), quantity)
}

#[test]
fn an_import_adds_products_and_changes_prices_of_a_store_that_runs_and_of_one_that_is_stopped() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (mut cluster, file) = selling(directory.path(), "Tux,1.5,10\nFox,2.25,20\n");
    let data = directory.path().join("data");
    let write =
        |lines: &str| fs::write(&file, format!("name,price,quantity\n{lines}")).expect("it can be written");
    cluster.start_all();
    let front_end = cluster.front_end();
    assert_eq!(http::order(front_end, "a", "Tux", 3).expect("it answers").status, 201);
    // Cached, and so to be dropped.
    assert_eq!(http::get(front_end, "/products/Tux").expect("it answers").data()["quantity"], 7);

    write("Gnu,5,4\nTux,1.75,500\nFox,2.25,20\n");
    let (status, said) = import(&cluster, &file, &data);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("1 products added, 1 prices changed, 1 as they were"), "{said}");
    assert!(said.contains("1 have another quantity in the file"), "{said}");
    assert_eq!(sold(front_end), [toy("Tux", "1.75", 7), toy("Fox", "2.25", 20), toy("Gnu", "5.0", 4)]);
    assert_eq!(
        http::get(front_end, "/products/Tux").expect("it answers").data()["price"].to_string(),
        "1.75"
    );
    assert_eq!(http::order(front_end, "b", "Gnu", 4).expect("it answers").status, 201);

    // A file that was imported is no surprise at the next start, another one is.
    cluster.kill(Service::Catalog);
    cluster.start(Service::Catalog);
    cluster.ready();
    let quiet = cluster.process(Service::Catalog).complaints();
    assert!(!quiet.contains("is not what was imported"), "{quiet}");
    write("Tux,1.5,10\nYak,3,1\nFox,2.25,20\n");
    cluster.kill(Service::Catalog);
    cluster.start(Service::Catalog);
    let told = "is not what was imported (1 new, 1 with another price, 1 not in it)";
    eventually(PATIENCE, told, || {
        cluster.process(Service::Catalog).complaints().contains(told).then_some(())
    });
    cluster.ready();
    assert_eq!(sold(front_end), [toy("Tux", "1.75", 7), toy("Fox", "2.25", 20), toy("Gnu", "5.0", 0)]);

    // Nobody answers, and the catalog's file is in use: nothing is done.
    cluster.kill(Service::FrontEnd);
    let (status, said) = import(&cluster, &file, &data);
    assert_eq!(status, Some(3), "{said}");
    assert!(said.contains("does not answer"), "{said}");
    cluster.kill(Service::Catalog);
    let (status, said) = import(&cluster, &file, &data);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("1 products added, 1 prices changed, 1 as they were"), "{said}");
    cluster.start(Service::FrontEnd);
    cluster.start(Service::Catalog);
    cluster.ready();
    let expected = [toy("Tux", "1.5", 7), toy("Fox", "2.25", 20), toy("Gnu", "5.0", 0), toy("Yak", "3.0", 1)];
    assert_eq!(sold(front_end), expected);
}

#[test]
fn a_file_of_products_matters_at_the_first_start_alone() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (cluster, file) = selling(directory.path(), "Tux,cheap,10\n");
    let data = directory.path().join("data");
    let mut first = support::process::toystore(["up", "--free-ports", "--config"]);
    first.arg(&cluster.config).arg("--data").arg(&data);
    let first = first.output().expect("it runs");
    let said = String::from_utf8_lossy(&first.stderr).into_owned();
    assert_eq!(first.status.code(), Some(2), "{said}");
    assert!(said.contains("products.csv:2: the price \"cheap\""), "{said}");

    fs::write(&file, "name,price,quantity\nTux,1,10\n").expect("it can be written");
    drop(up(directory.path(), &cluster));
    fs::write(&file, "name,price,quantity\nTux,cheap,10\n").expect("it can be written");
    let again = up(directory.path(), &cluster);
    let told = "the products that were imported are not affected";
    eventually(PATIENCE, told, || again.process.complaints().contains(told).then_some(()));
    let (status, said) = import(&cluster, &file, &data);
    assert_eq!(status, Some(2), "{said}");
    fs::remove_file(&file).expect("it is there");
    drop(again);
    let without = up(directory.path(), &cluster);
    eventually(PATIENCE, told, || without.process.complaints().contains(told).then_some(()));
    assert_eq!(sold(without.front_end), [toy("Tux", "1.0", 10)]);
}
