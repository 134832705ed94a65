use super::*;

const EXACT_UP_TO: usize = 1024;

enum Step {
    Begin(&'static str),
    /// An answer to the last query for this product: its quantity, whether it is cacheable.
    Finish(&'static str, u64, bool, Filled),
    Abandon(&'static str),
    Drop(&'static [&'static str]),
    /// A lookup and the quantity that it finds.
    Get(&'static str, Option<u64>),
    Wait(u64),
}
use Filled::*;
use Step::*;

fn name(text: &str) -> ProductName {
    ProductName::new(text).expect("valid")
}

fn product(text: &str, quantity: u64) -> Product {
    Product { name: name(text), price_cents: 1, quantity }
}

fn render(product: &Product) -> Bytes {
    Bytes::from(product.quantity.to_string())
}

/// Runs steps on a cache whose lease is 10 seconds.
fn check(case: &str, capacity: usize, steps: &[Step]) {
    let cache = Cache::new(capacity, EXACT_UP_TO, Duration::from_secs(10), render);
    let mut now = Timestamp(0);
    let mut tickets = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        match step {
            Begin(of) => drop(tickets.insert(*of, cache.begin(&name(of), now))),
            Finish(of, quantity, cacheable, expected) => {
                let answer = QueryReply { product: Some(product(of, *quantity)), cacheable: *cacheable };
                let filled = cache.finish(&name(of), tickets[of], &answer, now);
                assert_eq!(filled, *expected, "{case}, step {index}");
            }
            Abandon(of) => cache.abandon(&name(of), tickets[of]),
            Drop(names) => cache.invalidate(&names.iter().map(|of| name(of)).collect::<Vec<_>>()),
            Get(of, expected) => {
                let body = cache.get(of, now);
                assert_eq!(
                    body,
                    expected.map(|quantity| Bytes::from(quantity.to_string())),
                    "{case}, step {index}"
                );
                assert_eq!(cache.product(of, now).map(|product| product.quantity), *expected);
            }
            Wait(seconds) => now = now + Duration::from_secs(*seconds),
        }
    }
    let fills: usize = cache.shards.iter().map(|shard| shard.lock().fills.len()).sum();
    assert_eq!(fills, 0, "{case}: every fill was ended");
}

// Rules cache 1 and cache 7.
#[test]
fn an_answer_is_a_hit_until_its_lease_ends_or_it_is_dropped() {
    check("held", 2, &[Begin("a"), Finish("a", 5, true, Cached), Get("a", Some(5)), Get("b", None)]);
    check("not cacheable", 2, &[Begin("a"), Finish("a", 5, false, NotCacheable), Get("a", None)]);
    check("off", 0, &[Begin("a"), Drop(&[]), Finish("a", 5, true, NotCacheable), Get("a", None)]);
    check(
        "past the lease",
        2,
        &[Begin("a"), Finish("a", 5, true, Cached), Wait(9), Get("a", Some(5)), Wait(1), Get("a", None)],
    );
    check(
        "the lease is counted from the sending",
        2,
        &[Begin("a"), Wait(9), Finish("a", 5, true, Cached), Get("a", Some(5)), Wait(1), Get("a", None)],
    );
    check("came too late", 2, &[Begin("a"), Wait(10), Finish("a", 5, true, Late), Get("a", None)]);
    check(
        "dropped by name",
        2,
        &[
            Begin("a"),
            Finish("a", 5, true, Cached),
            Begin("b"),
            Finish("b", 6, true, Cached),
            Drop(&["a", "c"]),
            Get("a", None),
            Get("b", Some(6)),
            Drop(&[]),
            Get("b", None),
        ],
    );
}

// Rule cache 7.
#[test]
fn an_invalidation_voids_the_fill_under_way() {
    check("named", 2, &[Begin("a"), Drop(&["b", "a"]), Finish("a", 5, true, Stale), Get("a", None)]);
    check("all", 2, &[Begin("a"), Drop(&[]), Finish("a", 5, true, Stale), Get("a", None)]);
    check("another product", 2, &[Begin("a"), Drop(&["b"]), Finish("a", 5, true, Cached)]);
    check(
        "the next fill is not marked",
        2,
        &[
            Begin("a"),
            Drop(&["a"]),
            Finish("a", 5, true, Stale),
            Begin("a"),
            Finish("a", 4, true, Cached),
            Get("a", Some(4)),
        ],
    );
    check(
        "one marked fill was given up",
        2,
        &[Begin("a"), Drop(&["a"]), Abandon("a"), Begin("a"), Finish("a", 4, true, Cached)],
    );
}

#[test]
fn an_answer_to_a_replaced_query_is_not_kept() {
    let cache = Cache::new(2, EXACT_UP_TO, Duration::from_secs(10), render);
    let (a, now) = (name("a"), Timestamp(0));
    let answer = |quantity| QueryReply { product: Some(product("a", quantity)), cacheable: true };
    let first = cache.begin(&a, now);
    cache.invalidate(std::slice::from_ref(&a));
    let second = cache.begin(&a, now);
    assert_eq!(cache.finish(&a, first, &answer(5), now), Late);
    cache.abandon(&a, first);
    assert_eq!(cache.finish(&a, second, &answer(4), now), Cached);
    assert_eq!(cache.get("a", now), Some(Bytes::from("4")));
}

#[test]
fn the_least_recently_used_goes_first() {
    check(
        "exact",
        2,
        &[
            Begin("a"),
            Finish("a", 1, true, Cached),
            Begin("b"),
            Finish("b", 2, true, Cached),
            Get("a", Some(1)),
            Begin("c"),
            Finish("c", 3, true, Cached),
            Get("b", None),
            Get("a", Some(1)),
            Get("c", Some(3)),
        ],
    );
}

#[test]
fn a_large_cache_holds_no_more_than_its_capacity() {
    for capacity in [EXACT_UP_TO, EXACT_UP_TO + 1, 2000] {
        let cache = Cache::new(capacity, EXACT_UP_TO, Duration::from_secs(10), render);
        let names: Vec<_> = (0..3 * capacity).map(|index| name(&format!("toy {index}"))).collect();
        for of in &names {
            let ticket = cache.begin(of, Timestamp(0));
            let answer = QueryReply { product: Some(product(of.as_str(), 1)), cacheable: true };
            assert_eq!(cache.finish(of, ticket, &answer, Timestamp(0)), Cached);
        }
        let held = names.iter().filter(|of| cache.get(of.as_str(), Timestamp(0)).is_some()).count();
        assert_eq!(held, capacity);
        cache.invalidate(&[]);
        assert!(names.iter().all(|of| cache.get(of.as_str(), Timestamp(0)).is_none()));
    }
}

#[test]
fn a_hit_shares_the_body() {
    let cache = Cache::new(1, EXACT_UP_TO, Duration::from_secs(10), |_| Bytes::from(vec![b'x'; 100]));
    let ticket = cache.begin(&name("a"), Timestamp(0));
    cache.finish(
        &name("a"),
        ticket,
        &QueryReply { product: Some(product("a", 1)), cacheable: true },
        Timestamp(0),
    );
    let (one, other) = (cache.get("a", Timestamp(0)), cache.get("a", Timestamp(0)));
    assert_eq!(one.map(|body| body.as_ptr()), other.map(|body| body.as_ptr()));
}

#[test]
fn every_query_is_counted_once() {
    let cache = Cache::new(2 * EXACT_UP_TO, EXACT_UP_TO, Duration::from_secs(10), render);
    let names = ["a", "b", "c", "d"];
    for (index, of) in names.into_iter().enumerate() {
        assert_eq!(cache.get(of, Timestamp(0)), None);
        let ticket = cache.begin(&name(of), Timestamp(0));
        cache.finish(
            &name(of),
            ticket,
            &QueryReply { product: Some(product(of, 1)), cacheable: true },
            Timestamp(0),
        );
        assert!(cache.look_again(of, Timestamp(0)).is_some(), "that was counted");
        assert!(cache.get(of, Timestamp(0)).is_some() && cache.product(of, Timestamp(0)).is_some());
        let counted = index as u64 + 1;
        assert_eq!(cache.counts(), Counts { hits: 2 * counted, misses: counted, ..Counts::default() });
    }
}

#[test]
fn every_product_that_leaves_is_counted() {
    let cache = Cache::new(2, EXACT_UP_TO, Duration::from_secs(10), render);
    assert_eq!((cache.size(), cache.capacity()), (0, 2));
    let fill = |of: &str| {
        let ticket = cache.begin(&name(of), Timestamp(0));
        let answer = QueryReply { product: Some(product(of, 1)), cacheable: true };
        cache.finish(&name(of), ticket, &answer, Timestamp(0));
        let Counts { evictions, invalidations, .. } = cache.counts();
        (cache.size(), evictions, invalidations)
    };
    assert_eq!(["a", "b", "c", "c"].map(fill), [(1, 0, 0), (2, 0, 0), (2, 1, 0), (2, 1, 0)]);
    cache.invalidate(&[name("c"), name("a")]);
    assert_eq!(fill("d"), (2, 1, 1), "only what is held can be dropped");
    cache.invalidate(&[]);
    assert_eq!(fill("e"), (1, 1, 3));
    assert_eq!(Cache::new(0, EXACT_UP_TO, Duration::from_secs(10), render).capacity(), 0);
}
