//! The document as a page.

use crate::support::http;
use crate::{document, operations, store};

#[test]
fn the_page_shows_each_operation_with_a_line_that_works() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = store(directory.path());
    let answer = http::get(store.front_end, "/docs").expect("an answer");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let page = answer.text();
    for forbidden in ["<style", " style=", "<script", "javascript:"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let document = document(store.front_end);
    for operation in operations(&document) {
        let id = operation.told["operationId"].as_str().expect("a name");
        assert!(page.contains(&format!("id=\"{id}\"")), "{id} is not on the page");
        assert!(page.contains(&format!("href=\"#{id}\"")), "{id} is not in the contents");
        let curl = format!(
            "{}{}&#39;</code>",
            store.front_end,
            operation.path.replace("{name}", "Tux").replace("{number}", "1")
        );
        let has_query = operation.told["parameters"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["in"] == "query"));
        assert!(has_query || page.contains(&curl), "no line for {id}: {curl}");
    }
    let links: Vec<_> = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() > 30, "{links:?}");
    for link in links {
        assert!(page.contains(&format!("id=\"{link}\"")), "a link to nowhere: #{link}");
    }
    let style = http::get(store.front_end, "/assets/docs.css").expect("an answer");
    assert_eq!(style.status, 200);
}
