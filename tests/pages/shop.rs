//! The shop, an order, and the form.

use std::fmt::Write as _;

use crate::support::http;
use crate::support::store::{Up, with_catalog};
use crate::{form, page};

/// The texts of the elements that have that class.
fn texts<'a>(html: &'a str, tag: &str) -> Vec<&'a str> {
    let open = format!("<{tag}>");
    html.split(open.as_str()).skip(1).filter_map(|rest| rest.split_once("</").map(|(text, _)| text)).collect()
}

fn names(html: &str) -> Vec<&str> {
    let toys = html.split("<ul class=\"products\">").nth(1).expect("a list of toys");
    texts(toys.split("</ul>").next().expect("its end"), "h2")
}

fn link(html: &str, rel: &str) -> Option<String> {
    let (before, _) = html.split_once(&format!("rel=\"{rel}\""))?;
    let (_, link) = before.rsplit_once("href=\"")?;
    Some(link.trim_end().trim_end_matches('"').replace("&#38;", "&").replace("&amp;", "&"))
}

#[test]
fn a_page_is_safe_whatever_a_toy_is_called() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let names = [r#"<script>alert(1)</script>"#, r#"a"b'c&d"#, "Матрёшка"];
    let mut catalog = "name,price,quantity\n".to_owned();
    for name in names {
        writeln!(catalog, "\"{}\",1.00,5", name.replace('"', "\"\"")).expect("writing to a string");
    }
    let config = with_catalog(directory.path(), &catalog);
    let store =
        Up::start_with(&directory.path().join("data"), &["--config", config.to_str().expect("UTF-8")]);
    let shop = page(store.front_end, "/");
    assert_eq!(shop.status, 200, "{}", shop.text());
    let policy = shop.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for (name, expected) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("vary", "accept"),
    ] {
        assert_eq!(shop.header(name), Some(expected));
    }
    let html = shop.text();
    assert!(!html.contains("<script>alert"), "{html}");
    assert!(!html.contains("a\"b"), "{html}");
    assert!(html.contains("Матрёшка"));
    assert!(!html.contains(" style=") && !html.contains(" onclick="), "nothing that the policy forbids");

    // A program at the same address is given what it always was.
    let paths = http::get(store.front_end, "/").expect("an answer");
    assert!(paths.data()["paths"].as_str().is_some_and(|paths| paths.contains("/products")));
}

#[test]
fn many_toys_are_paged_and_searched() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut catalog = "name,price,quantity\n".to_owned();
    for number in 1..=25_000 {
        writeln!(catalog, "Toy {number},1.00,5").expect("writing to a string");
    }
    let config = with_catalog(directory.path(), &catalog);
    let store =
        Up::start_with(&directory.path().join("data"), &["--config", config.to_str().expect("UTF-8")]);
    let first = page(store.front_end, "/").text();
    assert!(first.len() < 100 << 10, "{} bytes", first.len());
    assert_eq!(names(&first).len(), 60);
    assert_eq!(names(&first)[59], "Toy 60");
    let second = page(store.front_end, &link(&first, "next").expect("a next page")).text();
    assert_eq!((names(&second)[0], names(&second)[59]), ("Toy 61", "Toy 120"));

    // Further on than one search of the catalog looks.
    let found = page(store.front_end, "/?search=toy+2499").text();
    assert_eq!(names(&found)[0], "Toy 2499");
    assert_eq!(names(&found).len(), 11, "{:?}", names(&found));
    assert_eq!(link(&found, "next"), None);
    let many = page(store.front_end, "/?search=5").text();
    let next = link(&many, "next").expect("a next page");
    assert!(next.contains("search=5"), "{next}");
    let more = page(store.front_end, &next).text();
    assert!(names(&more).iter().all(|name| name.contains('5') && !names(&many).contains(name)));
    for (path, status, part) in [
        ("/?search=nothing+like+it", 200, "No toy matches"),
        ("/?after=Nothing", 503, "is not there"),
        ("/?color=red", 400, "unknown field"),
        ("/?after=", 400, "empty"),
    ] {
        let answer = page(store.front_end, path);
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.text().contains(part), "{path}: {}", answer.text());
    }
    let listed = http::get(store.front_end, "/products?search=TOY%202499&limit=2").expect("an answer");
    assert_eq!(listed.data()[1]["name"], "Toy 24990");
    assert_eq!(listed.json()["next"], "Toy 24990");
    let long = "a".repeat(201);
    let refused = http::get(store.front_end, &format!("/products?search={long}")).expect("an answer");
    assert_eq!(refused.status, 400, "{}", refused.text());
}

#[test]
fn a_form_orders_once_under_its_key() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let to = store.front_end;
    for (case, fields, site, status, part) in [
        (
            "an order",
            "name=Tux&key=k1&quantity=2",
            "same-origin",
            200,
            "order <a href=\"/order?number=1\">1</a>",
        ),
        ("the same again", "name=Tux&key=k1&quantity=2", "same-origin", 200, "number=1\""),
        ("another under the key", "name=Fox&key=k1&quantity=2", "same-origin", 422, "used for another order"),
        ("too much", "name=Tux&key=k2&quantity=1000", "same-origin", 409, "Not enough in stock"),
        ("no such toy", "name=Gnu&key=k3&quantity=1", "none", 404, "no such product"),
        ("no quantity", "name=Tux&key=k4&quantity=", "same-origin", 400, "whole number"),
        ("a bad key", "name=Tux&key=&quantity=1", "same-origin", 400, "Idempotency-Key"),
        ("another site's form", "name=Tux&key=k5&quantity=1", "cross-site", 403, "another site"),
        ("a field too many", "name=Tux&key=k6&quantity=1&gift=1", "same-origin", 400, "not that of an order"),
        ("none at all", "", "same-origin", 400, "not that of an order"),
    ] {
        let answer = form(to, fields, site);
        assert_eq!(answer.status, status, "{case}: {}", answer.text());
        assert!(answer.text().contains(part), "{case}: {}", answer.text());
    }
    let json = http::post(to, "/buy", r#"{"name":"Tux"}"#).expect("an answer");
    assert_eq!(json.status, 415, "{}", json.text());
    let orders = http::get(to, "/orders").expect("an answer").data();
    assert_eq!(orders.as_array().map(Vec::len), Some(1), "{orders}");

    for (number, status, part) in [
        ("1", 200, "Order 1"),
        ("1", 200, "<dt>In all</dt><dd>31.98</dd>"),
        ("2", 404, "There is no such order"),
        ("abc", 400, "whole number"),
        ("", 200, "Look up an order"),
    ] {
        let answer = page(to, &format!("/order?number={number}"));
        let (html, part) = (answer.text().to_lowercase(), part.to_lowercase());
        assert!(answer.status == status && html.contains(&part), "{number:?}: {} {html}", answer.status);
    }
}

#[test]
fn an_asset_that_a_browser_has_is_not_sent_again() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    for (name, kind) in [
        ("style.css", "text/css; charset=utf-8"),
        ("shop.js", "text/javascript; charset=utf-8"),
        ("toys.svg", "image/svg+xml"),
    ] {
        let path = format!("/assets/{name}");
        let asset = http::get(store.front_end, &path).expect("an answer");
        assert_eq!((asset.status, asset.header("content-type")), (200, Some(kind)), "{name}");
        let tag = asset.header("etag").expect("a tag").to_owned();
        for (known, status) in [(tag.as_str(), 304), ("*", 304), ("\"another\"", 200), ("nonsense", 200)] {
            let again = http::request(store.front_end, "GET", &path, &[("If-None-Match", known)], b"");
            let again = again.expect("an answer");
            assert_eq!((again.status, again.header("etag")), (status, Some(tag.as_str())), "{name} {known}");
            assert_eq!(again.body.is_empty(), status == 304);
        }
    }
    for path in ["/assets/", "/assets/nothing.js", "/assets/../style.css", "/assets/style.css/x"] {
        assert_eq!(http::get(store.front_end, path).expect("an answer").status, 404, "{path}");
    }
}
