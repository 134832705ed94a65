//! The cache of products, shared by everyone who answers queries.
//!
//! It is the one structure of the store that threads share: whoever takes a query in looks the product up
//! here itself, in whatever thread that is, so that a hit costs no trip through the actor's mailbox. Everything else
//! about products is the actor's alone.
//!
//! An entry is a lease (Gray and Cheriton 1989): the catalog lets no change become visible before each
//! front-end that may hold the product was told to drop it, or the lease has run out. That makes a hit as
//! current as an answer of the catalog. Three things must happen under one lock for it to hold: dropping an
//! entry together with marking the fill under way, and looking at the mark together with inserting.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use lru::LruCache;
use parking_lot::Mutex;

use crate::bugs::front_end as bent;
use crate::clock::Timestamp;
use crate::domain::{Product, ProductName};
use crate::messages::catalog::QueryReply;
use crate::probe::plain;

/// Into how many parts a larger cache is divided, each with its own lock and its own order of use.
const SHARDS: usize = 16;

/// Under which target the log tells what becomes of products in the cache.
pub const LOG: &str = "toystore::cache";

/// Products that may be answered without asking the catalog; see the module.
pub struct Cache {
    shards: Box<[Mutex<Shard>]>,
    lease: Duration,
    render: fn(&Product) -> Bytes,
}

struct Shard {
    /// `None` in a cache of capacity 0.
    entries: Option<LruCache<ProductName, Entry>>,
    /// The catalog queries under way, at most one that counts for each product.
    fills: BTreeMap<ProductName, Fill>,
    /// Numbers the fills.
    next: u64,
    counts: Counts,
}

/// What became of queries and of products, so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Queries that were answered from the cache.
    pub hits: u64,
    /// Queries of what was not held, or for too long.
    pub misses: u64,
    /// Products that made room for others.
    pub evictions: u64,
    /// Products that were held and dropped because they were about to change.
    pub invalidations: u64,
}

struct Entry {
    product: Product,
    body: Bytes,
    /// From here on the catalog may have forgotten that we hold it.
    until: Timestamp,
}

struct Fill {
    id: u64,
    /// An invalidation came after the query was sent: the answer may be older than it.
    marked: bool,
}

/// Names one catalog query under way; see [`Cache::begin`].
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    id: u64,
    sent: Timestamp,
}

/// What became of a catalog answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// It is in the cache.
    Cached,
    /// The catalog did not allow it, there is no such product, or the cache is off.
    NotCacheable,
    /// An invalidation came while it was under way.
    Stale,
    /// Its lease had run out before it arrived, or a later query took its place.
    Late,
}

impl Cache {
    /// A cache of at most `capacity` products, 0 for one that holds nothing. `lease` is the time for which
    /// an answer may be used, `render` makes the body that is kept with it. One larger than `exact_up_to` is divided.
    pub fn new(capacity: usize, exact_up_to: usize, lease: Duration, render: fn(&Product) -> Bytes) -> Cache {
        let count = if capacity > exact_up_to { SHARDS } else { 1 };
        let shard = |index| Shard {
            entries: NonZeroUsize::new(capacity / count + usize::from(index < capacity % count)).map(
                |room| {
                    // `LruCache::new` would take all the memory at once.
                    let mut entries = LruCache::unbounded();
                    entries.resize(room);
                    entries
                },
            ),
            fills: BTreeMap::new(),
            next: 0,
            counts: Counts::default(),
        };
        Cache { shards: (0..count).map(|index| Mutex::new(shard(index))).collect(), lease, render }
    }

    /// Whether it holds anything at all.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.shards.iter().all(|shard| shard.lock().entries.is_none())
    }

    /// Answers a query with the rendered body of a product that is held, and counts it. The body is not copied, and
    /// nothing is allocated.
    ///
    /// `now` is read *after* the query arrived: the answer is current as of that moment.
    #[must_use]
    pub fn get(&self, name: &str, now: Timestamp) -> Option<Bytes> {
        self.shard(name).lock().query(name, now, |entry| entry.body.clone())
    }

    /// Answers a query with a product that is held; otherwise like [`Cache::get`].
    #[must_use]
    pub fn product(&self, name: &str, now: Timestamp) -> Option<Product> {
        self.shard(name).lock().query(name, now, |entry| entry.product.clone())
    }

    /// Looks once more for a query that was not answered when it came, and was counted then.
    #[must_use]
    pub fn look_again(&self, name: &str, now: Timestamp) -> Option<Product> {
        self.shard(name).lock().live(name, now, |entry| entry.product.clone())
    }

    /// What became of queries and of products, so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shards.iter().map(|shard| shard.lock().counts).fold(Counts::default(), |sum, counts| Counts {
            hits: sum.hits + counts.hits,
            misses: sum.misses + counts.misses,
            evictions: sum.evictions + counts.evictions,
            invalidations: sum.invalidations + counts.invalidations,
        })
    }

    /// How many products are in it, those whose lease has run out included.
    #[must_use]
    pub fn size(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().entries.as_ref().map_or(0, LruCache::len)).sum()
    }

    /// How many products it has room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        let room = |shard: &Shard| shard.entries.as_ref().map_or(0, |entries| entries.cap().get());
        self.shards.iter().map(|shard| room(&shard.lock())).sum()
    }

    /// The products that are held, the one that was used last first; with a divided cache, so in each of its parts.
    #[must_use]
    pub fn names(&self, now: Timestamp) -> Vec<ProductName> {
        let mut names = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            let live = shard.entries.iter().flatten().filter(|(_, entry)| now < entry.until);
            names.extend(live.map(|(name, _)| name.clone()));
        }
        names
    }

    /// Says that a query for this product is about to be sent. It takes the place of an earlier one whose
    /// answer has not come; that answer is not cached any more.
    #[must_use]
    pub fn begin(&self, name: &ProductName, now: Timestamp) -> Ticket {
        let mut shard = self.shard(name.as_str()).lock();
        shard.next += 1;
        let id = shard.next;
        shard.fills.insert(name.clone(), Fill { id, marked: false });
        Ticket { id, sent: now }
    }

    /// Takes the answer to the query that the ticket names, and keeps it if that is allowed: cacheable, not
    /// marked by an invalidation, and within the lease counted from before the query was sent.
    pub fn finish(&self, name: &ProductName, ticket: Ticket, answer: &QueryReply, now: Timestamp) -> Filled {
        let entry = answer.product.as_ref().filter(|_| answer.cacheable).map(|product| Entry {
            product: product.clone(),
            body: shared((self.render)(product)),
            until: bent::lease_begins(ticket.sent, now) + self.lease,
        });
        let mut shard = self.shard(name.as_str()).lock();
        let Some(fill) = shard.take_fill(name, ticket) else { return Filled::Late };
        let Shard { entries: Some(entries), counts, .. } = &mut *shard else { return Filled::NotCacheable };
        match entry {
            None => Filled::NotCacheable,
            Some(_) if fill.marked => Filled::Stale,
            Some(entry) if now >= entry.until => Filled::Late,
            Some(entry) => {
                let evicted = entries.push(name.clone(), entry).filter(|(evicted, _)| evicted != name);
                if let Some((evicted, _)) = evicted {
                    counts.evictions += 1;
                    log::debug!(target: LOG, "evicted: {} makes room for {}", plain(&evicted), plain(name));
                }
                Filled::Cached
            }
        }
    }

    /// Says that no answer to this query is waited for any more.
    pub fn abandon(&self, name: &ProductName, ticket: Ticket) {
        self.shard(name.as_str()).lock().take_fill(name, ticket);
    }

    /// Drops these products, and marks the fills of them that are under way; an empty list means all. When
    /// this returns, no hit reveals what was held before.
    pub fn invalidate(&self, products: &[ProductName]) {
        if products.is_empty() {
            for shard in &self.shards {
                shard.lock().invalidate_all();
            }
        }
        for name in products {
            self.shard(name.as_str()).lock().invalidate(name);
        }
    }

    fn shard(&self, name: &str) -> &Mutex<Shard> {
        if self.shards.len() == 1 {
            return &self.shards[0];
        }
        // This hasher has fixed keys: a product is in the same shard in every run.
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let index = hasher.finish() % self.shards.len() as u64;
        &self.shards[usize::try_from(index).unwrap_or(0)]
    }
}

impl Shard {
    fn query<T>(&mut self, name: &str, now: Timestamp, read: impl FnOnce(&Entry) -> T) -> Option<T> {
        let found = self.live(name, now, read);
        *if found.is_some() { &mut self.counts.hits } else { &mut self.counts.misses } += 1;
        found
    }

    /// What `read` finds in the entry, while its lease lasts. A hit finds its entry by one look into the map.
    fn live<T>(&mut self, name: &str, now: Timestamp, read: impl FnOnce(&Entry) -> T) -> Option<T> {
        let entries = self.entries.as_mut()?;
        let entry = entries.get(name)?;
        if bent::is_live(now < entry.until) {
            return Some(read(entry));
        }
        entries.pop(name);
        None
    }

    /// Ends a fill, unless a later one has taken its place.
    fn take_fill(&mut self, name: &ProductName, ticket: Ticket) -> Option<Fill> {
        if self.fills.get(name)?.id == ticket.id { self.fills.remove(name) } else { None }
    }

    fn invalidate(&mut self, name: &ProductName) {
        let dropped = self.entries.as_mut().and_then(|entries| entries.pop(name));
        self.counts.invalidations += u64::from(dropped.is_some());
        if let Some(fill) = self.fills.get_mut(name) {
            fill.marked |= bent::is_marked();
        }
    }

    fn invalidate_all(&mut self) {
        if let Some(entries) = &mut self.entries {
            self.counts.invalidations += entries.len() as u64;
            entries.clear();
        }
        for fill in self.fills.values_mut() {
            fill.marked = true;
        }
    }
}

/// `Bytes` made from a `Vec` allocates its reference count at the first clone; this makes that happen here,
/// and not at the first hit.
fn shared(body: Bytes) -> Bytes {
    drop(body.clone());
    body
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("lease", &self.lease).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
