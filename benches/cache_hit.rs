//! What a cache hit costs in process, beside the same map without leases, marks and invalidations.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use lru::LruCache;
use parking_lot::Mutex;
use toystore_actors::catalog::messages::Answer;
use toystore_actors::clock::Timestamp;
use toystore_actors::domain::{Product, ProductName};
use toystore_actors::front_end::Cache;

const TOYS: usize = 10;
const LEASE: Duration = Duration::from_secs(2);

fn names() -> Vec<ProductName> {
    (0..TOYS).map(|toy| ProductName::new(format!("Toy {toy}")).expect("a name")).collect()
}

fn body(product: &Product) -> Bytes {
    Bytes::from(format!(r#"{{"data":{{"name":"{}","price":15.99,"quantity":100}}}}"#, product.name))
}

fn product(name: &ProductName) -> Product {
    Product { name: name.clone(), price_cents: 1599, quantity: 100 }
}

fn full_cache(names: &[ProductName]) -> Cache {
    let cache = Cache::new(TOYS, LEASE, body);
    for name in names {
        let ticket = cache.begin(name, Timestamp(0));
        let answer = Answer { product: Some(product(name)), cacheable: true };
        cache.finish(name, ticket, &answer, Timestamp(1));
    }
    cache
}

fn hit(criterion: &mut Criterion) {
    let names = names();
    let cache = full_cache(&names);
    let mut bare = LruCache::unbounded();
    for name in &names {
        bare.put(name.clone(), body(&product(name)));
    }
    let bare = Mutex::new(bare);
    let mut group = criterion.benchmark_group("cache hit");
    let mut turn = 0;
    let mut next = || {
        turn = (turn + 1) % TOYS;
        names[turn].as_str()
    };
    group.bench_function("toystore", |bencher| {
        bencher.iter(|| black_box(cache.get(black_box(next()), Timestamp(2))).expect("a hit"));
    });
    group.bench_function("bare Mutex<LruCache>", |bencher| {
        bencher.iter(|| black_box(bare.lock().get(black_box(next())).cloned()).expect("a hit"));
    });
    group.finish();
}

fn invalidate_and_fill(criterion: &mut Criterion) {
    let names = names();
    let cache = full_cache(&names);
    criterion.bench_function("invalidation and fill", |bencher| {
        let answer = Answer { product: Some(product(&names[3])), cacheable: true };
        bencher.iter(|| {
            cache.invalidate(black_box(&names[3..4]));
            let ticket = cache.begin(&names[3], Timestamp(2));
            cache.finish(&names[3], ticket, &answer, Timestamp(3))
        });
    });
}

criterion_group!(benches, hit, invalidate_and_fill);
criterion_main!(benches);
