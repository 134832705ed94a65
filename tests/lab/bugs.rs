//! A rule that is broken on purpose is broken on all nodes, until it is kept again.

use crate::open_lab::Lab;
use crate::support::{PATIENCE, eventually, http};

#[test]
fn a_catalog_that_may_sell_what_it_has_not_does_so_until_the_store_is_healed() {
    let lab = Lab::open();
    let too_many = |key: &str| http::order(lab.front_end(), key, "Tux", 1_000).expect("an answer").status;
    assert_eq!(too_many("before"), 409);
    let planted = lab.post("/lab/bug", r#"{"name":"oversell"}"#);
    assert_eq!((planted.status, &planted.data()["bug"]), (200, &"oversell".into()));
    assert_eq!(lab.verdict()["violations"], serde_json::json!([]));
    assert_eq!(too_many("meanwhile"), 201);
    let verdict = eventually(PATIENCE, "the verdict says so", || {
        Some(lab.verdict()).filter(|verdict| verdict["stock_off"] == 1)
    });
    let broken = verdict["violations"].as_array().expect("a list");
    assert!(broken.iter().any(|violation| violation["promise"] == "no oversell"), "{verdict}");
    lab.heal();
    assert_eq!(too_many("after"), 409);
}
