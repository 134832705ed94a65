//! What a cached query costs in the HTTP worker, from the parsed request to the response, beside a bare
//! actix-web handler that returns the same bytes. Sockets and parsing are the same for both and are left out.
//!
//! `cargo bench --package toystore --bench http_hit`

mod rig;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::System;
use actix_web::body::MessageBody as _;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, Error, HttpResponse};
use criterion::{Criterion, criterion_group, criterion_main};
use rig::Rig;
use toystore::server::http::listen::app;
use toystore::server::http::public::FrontEndState;
use toystore::server::http::routes;
use toystore::server::live::Hub;

/// Requests are made so many at a time, outside the time that is measured.
const BATCH: u64 = 100;

const PATH: &str = "/products/Tux";

async fn body<R>(service: &impl Service<R, Response = ServiceResponse, Error = Error>, request: R) -> Bytes {
    let response = service.call(request).await.expect("an answer");
    assert_eq!(response.status(), 200);
    response.into_body().try_into_bytes().unwrap_or_else(|_| panic!("the body is made at once"))
}

/// The time of so many requests, one after the other.
async fn requests<R>(
    iterations: u64,
    request: impl Fn() -> R,
    service: &impl Service<R, Response = ServiceResponse, Error = Error>,
) -> Duration {
    let mut taken = Duration::ZERO;
    for first in (0..iterations).step_by(BATCH as usize) {
        let count = BATCH.min(iterations - first);
        let requests: Vec<_> = (0..count).map(|_| request()).collect();
        let start = Instant::now();
        for request in requests {
            black_box(service.call(request).await).expect("an answer");
        }
        taken += start.elapsed();
    }
    taken
}

fn hit(criterion: &mut Criterion) {
    let system = System::new();
    let data = rig::on_disk();
    let mut rig = Rig::new(data.path());
    let front = system.block_on(async {
        let (actor, cache) = rig.store().await;
        Data::new(FrontEndState::new(
            actor,
            cache,
            rig.environment.clock.clone(),
            rig.environment.draining.clone(),
            StatusCode::CREATED,
            Box::new(Vec::new),
            (Arc::default(), Hub::new(1)),
        ))
    });
    let routes = move |config: &mut _| routes::front_end(&front, config);
    let store = system.block_on(init_service(app(Data::new(None), routes)));
    let request = || TestRequest::get().uri(PATH).to_request();
    let bytes = system.block_on(body(&store, request()));
    let answer = move || {
        let bytes = bytes.clone();
        async move { HttpResponse::Ok().content_type(ContentType::json()).body(bytes) }
    };
    let bare = App::new().route("/products/{name}", web::get().to(answer));
    let bare = system.block_on(init_service(bare));

    let mut group = criterion.benchmark_group("HTTP hit");
    group.bench_function("toystore", |bencher| {
        bencher.iter_custom(|iterations| system.block_on(requests(iterations, request, &store)));
    });
    group.bench_function("bare handler", |bencher| {
        bencher.iter_custom(|iterations| system.block_on(requests(iterations, request, &bare)));
    });
    group.finish();
    system.block_on(rig.stop_all());
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(Duration::from_secs(2));
    targets = hit
}
criterion_main!(benches);
