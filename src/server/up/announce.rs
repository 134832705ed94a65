//! Says when a store is ready, and how to try it.

use std::net::SocketAddr;
use std::time::Duration;

use toystore_actors::front_end::FrontEnd;
use toystore_actors::messages::front_end::{GetReadiness, ListProducts};

use crate::console::result::say;
use crate::server::actor_handle::ActorHandle;

/// How often it is looked whether orders can be placed.
const READY_POLL: Duration = Duration::from_millis(20);

/// How long until it is said what a start waits for.
const READY_WARNING: Duration = Duration::from_secs(5);

/// Says when orders can be placed, and how to try.
pub async fn announce(actor: ActorHandle<FrontEnd>, address: SocketAddr) {
    let mut waited = Duration::ZERO;
    loop {
        match actor.ask(GetReadiness {}).await {
            Ok(readiness) if readiness.ready => break,
            Ok(readiness) if waited >= READY_WARNING => {
                log::warn!("the store cannot take orders yet: {}", readiness.why);
                waited = Duration::ZERO;
            }
            Ok(_) => {}
            // The front-end has stopped, which was said elsewhere.
            Err(_) => return,
        }
        tokio::time::sleep(READY_POLL).await;
        waited += READY_POLL;
    }
    let listed = actor.ask(ListProducts { after: None, limit: 100 }).await;
    let products = listed.ok().and_then(Result::ok).flatten().unwrap_or_default();
    let example = products.iter().map(|product| product.name.as_str()).find(|name| is_plain(name));
    let name = example.unwrap_or("Tux");
    say(&[
        "ready".to_owned(),
        format!("  in a browser: http://{address}/ and http://{address}/cluster"),
        format!("  curl http://{address}/products/{name}"),
        format!(
            "  curl -H 'Content-Type: application/json' -H 'Idempotency-Key: my-first' -d '{{\"name\":\"{name}\",\"quantity\":2}}' http://{address}/orders"
        ),
        format!("  curl http://{address}/orders/1"),
    ]);
}

/// Whether a name can stand in a line for the shell as it is.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
