//! What the cache costs in process, beside the maps that one would take instead: a bare `Mutex<LruCache>`,
//! moka and quick_cache, which keep no leases and void no fills.
//!
//! `cargo bench --package toystore-actors --bench cache_hit`

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a bench measures real time")]

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lru::LruCache;
use parking_lot::Mutex;
use toystore_actors::clock::Timestamp;
use toystore_actors::domain::{Product, ProductName};
use toystore_actors::front_end::Cache;
use toystore_actors::messages::catalog::QueryReply;

/// How many products are asked for, all of which the cache holds.
const TOYS: usize = 10;

const LEASE: Duration = Duration::from_secs(2);

fn names() -> Vec<ProductName> {
    (0..TOYS).map(|toy| ProductName::new(format!("Toy {toy}")).expect("a name")).collect()
}

fn product(name: &ProductName) -> Product {
    Product { name: name.clone(), price_cents: 1599, quantity: 100 }
}

/// As the front-end renders it; the reference count is there already, which the first clone would allocate.
fn body(product: &Product) -> Bytes {
    let body =
        Bytes::from(format!(r#"{{"data":{{"name":"{}","price":15.99,"quantity":100}}}}"#, product.name));
    drop(body.clone());
    body
}

fn fill(cache: &Cache, name: &ProductName) {
    let ticket = cache.begin(name, Timestamp(0));
    let answer = QueryReply { product: Some(product(name)), cacheable: true };
    cache.finish(name, ticket, &answer, Timestamp(1));
}

fn full_cache(names: &[ProductName]) -> Cache {
    let cache = Cache::new(TOYS, TOYS, LEASE, body);
    for name in names {
        fill(&cache, name);
    }
    cache
}

/// The time in which each of `threads` threads makes `iterations` lookups, each a product after the other.
fn together(threads: usize, iterations: u64, get: &(impl Fn(&str) -> Option<Bytes> + Sync)) -> Duration {
    let names = names();
    let barrier = Barrier::new(threads);
    let lookups = |offset: usize| {
        barrier.wait();
        let start = Instant::now();
        for name in names.iter().cycle().skip(offset).take(usize::try_from(iterations).expect("64 bits")) {
            black_box(get(black_box(name.as_str())).expect("a hit"));
        }
        start.elapsed()
    };
    thread::scope(|scope| {
        // They start at different products and drift apart, as shoppers do.
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || lookups(3 * thread))).collect();
        running.into_iter().map(|thread| thread.join().expect("it does not panic")).max().unwrap_or_default()
    })
}

fn hit(criterion: &mut Criterion) {
    let names = names();
    let cache = full_cache(&names);
    let mut bare = LruCache::unbounded();
    let moka = moka::sync::Cache::new(TOYS as u64);
    // Room for all: it keeps a part of its room for what it has seen once.
    let quick = quick_cache::sync::Cache::new(2 * TOYS);
    for name in &names {
        bare.put(name.as_str().to_owned(), body(&product(name)));
        moka.insert(name.as_str().to_owned(), body(&product(name)));
        quick.insert(name.as_str().to_owned(), body(&product(name)));
    }
    moka.run_pending_tasks();
    let bare = Mutex::new(bare);
    for threads in [1, 2] {
        let mut group = criterion.benchmark_group(format!("cache hit, {threads} threads"));
        group.throughput(Throughput::Elements(threads as u64));
        let mut bench = |id: &str, get: &(dyn Fn(&str) -> Option<Bytes> + Sync)| {
            group.bench_function(id, |bencher| {
                bencher.iter_custom(|iterations| together(threads, iterations, &get));
            });
        };
        bench("toystore", &|name| cache.get(name, Timestamp(2)));
        bench("bare Mutex<LruCache>", &|name| bare.lock().get(name).cloned());
        bench("quick_cache", &|name| quick.get(name));
        bench("moka", &|name| moka.get(name));
        group.finish();
    }
}

fn miss(criterion: &mut Criterion) {
    let cache = full_cache(&names());
    criterion.bench_function("cache miss", |bencher| {
        bencher.iter(|| black_box(cache.get(black_box("Toy 10"), Timestamp(2))).is_none());
    });
}

/// A fill that takes the place of the least recently used product.
fn eviction(criterion: &mut Criterion) {
    let names: Vec<_> =
        (0..TOYS + 1).map(|toy| ProductName::new(format!("Toy {toy}")).expect("a name")).collect();
    let cache = full_cache(&names);
    let mut next = names.iter().cycle();
    criterion.bench_function("cache fill and eviction", |bencher| {
        bencher.iter(|| next.next().map(|name| fill(&cache, name)));
    });
}

fn invalidation(criterion: &mut Criterion) {
    let names = names();
    let cache = full_cache(&names);
    criterion.bench_function("cache invalidation", |bencher| {
        bencher.iter_batched(
            || fill(&cache, &names[3]),
            |()| cache.invalidate(black_box(&names[3..4])),
            BatchSize::PerIteration,
        );
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(Duration::from_secs(2));
    targets = hit, miss, eviction, invalidation
}
criterion_main!(benches);
