//! Data and backups of the version before: they open, and nothing of them is lost.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::http::{self, Response};
use support::process::{finish, toystore};
use support::store::Up;
use tempfile::TempDir;

fn files(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)
}

/// A data directory that the version before has made: three orders of two Tux each, `old-1` to `old-3`. The files are kept
/// as text: their length, and the bytes at an offset where they are not all zero.
fn data_of_before() -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    for service in fs::read_dir(files("data-2")).expect("the files are there") {
        let service = service.expect("an entry");
        let made = directory.path().join(service.file_name());
        fs::create_dir(&made).expect("a directory");
        for file in fs::read_dir(service.path()).expect("the files are there") {
            let file = file.expect("an entry");
            let text = fs::read_to_string(file.path()).expect("text");
            let name = file.file_name().into_string().expect("a plain name");
            let name = name.strip_suffix(".hex").expect("only such files");
            fs::write(made.join(name), bytes(&text)).expect("it is written");
        }
    }
    directory
}

fn bytes(text: &str) -> Vec<u8> {
    let number = |digits: &str| usize::from_str_radix(digits, 16).expect("hexadecimal digits");
    let mut lines = text.lines();
    let mut bytes = vec![0; number(lines.next().expect("the length"))];
    for line in lines {
        let (offset, row) = line.split_once(' ').expect("an offset");
        for (place, digits) in row.as_bytes().chunks(2).enumerate() {
            let digits = std::str::from_utf8(digits).expect("digits");
            bytes[number(offset) + place] = u8::try_from(number(digits)).expect("a byte");
        }
    }
    bytes
}

fn get(store: &Up, path: &str) -> Response {
    http::get(store.front_end, path).expect(path)
}

/// The three orders of before, and that they have no receipts.
fn has_all_of_before(store: &Up) {
    for number in 1..=3 {
        let order = get(store, &format!("/orders/{number}"));
        assert_eq!(order.text(), format!(r#"{{"data":{{"number":{number},"name":"Tux","quantity":2}}}}"#));
        let receipt = get(store, &format!("/orders/{number}/receipt"));
        assert_eq!(
            receipt.text(),
            format!(
                r#"{{"data":{{"number":{number},"name":"Tux","quantity":2,"price":null,"total":null,"placed_at":null}}}}"#
            )
        );
        // It is known by its key, too.
        let again = http::order(store.front_end, &format!("old-{number}"), "Tux", 2).expect("an answer");
        assert_eq!(again.text(), format!(r#"{{"data":{{"order_number":{number}}}}}"#));
    }
}

/// Places the next order, whose number that is; its receipt.
fn order(store: &Up, number: u64) -> String {
    let placed = http::order(store.front_end, &format!("new-{number}"), "Tux", 3).expect("an answer");
    assert_eq!(placed.text(), format!(r#"{{"data":{{"order_number":{number}}}}}"#));
    let receipt = get(store, &format!("/orders/{number}/receipt"));
    assert_eq!(receipt.data()["total"].to_string(), "47.97");
    assert!(receipt.data()["placed_at"].is_string(), "{}", receipt.text());
    receipt.text()
}

#[test]
fn a_data_directory_of_the_version_before_opens_and_nothing_is_lost() {
    let data = data_of_before();
    let store = Up::start(data.path());
    store.in_sync(&[1, 2, 3]);
    has_all_of_before(&store);
    let receipt = order(&store, 4);
    drop(store);
    // Killed, and started again on what is converted now.
    let store = Up::start(data.path());
    store.in_sync(&[1, 2, 3]);
    has_all_of_before(&store);
    assert_eq!(get(&store, "/orders/4/receipt").text(), receipt);
    assert_eq!(get(&store, "/products/Tux").data()["quantity"], 91);
    order(&store, 5);
    drop(store);
    let mut inspect = toystore(["inspect"]);
    inspect.arg(data.path());
    let finished = finish(inspect);
    assert_eq!(finished.status, 0, "{finished:?}");
    assert!(finished.stdout.contains("The 3 books agree."), "{finished:?}");
    assert!(finished.stdout.contains("The stock adds up"), "{finished:?}");
}

#[test]
fn inspect_says_that_data_of_the_version_before_is_converted_by_a_start() {
    let data = data_of_before();
    let mut inspect = toystore(["inspect"]);
    inspect.arg(data.path());
    let finished = finish(inspect);
    assert_ne!(finished.status, 0, "{finished:?}");
    let said = "has format 2, of an earlier toystore: a start of its service with this one converts it";
    assert!(finished.stderr.contains(said), "{finished:?}");
    // Nobody is led to throw it away.
    assert!(!finished.stderr.contains("recover"), "{finished:?}");
}

#[test]
fn a_backup_of_the_version_before_is_restored() {
    let directory = TempDir::new().expect("a temporary directory");
    let data = directory.path().join("data");
    let mut restore = toystore(["restore"]);
    restore.arg(files("backup-1")).arg("--data").arg(&data);
    let finished = finish(restore);
    assert_eq!(finished.status, 0, "{finished:?}");
    let store = Up::start(&data);
    has_all_of_before(&store);
    order(&store, 4);
}
