//! What everybody may see: the visible stock, who may hold a copy of which product, and which products are
//! about to change (cache rules 1 to 5, as far as they need no waiting).

use std::collections::BTreeSet;
use std::time::Duration;

use super::changes::GroupChanges;
use super::item::ProductIndex;
use super::leases::{HeldLeases, Leases};
use super::recent_changes::RecentChanges;
use super::state::CatalogState;
use crate::bugs::catalog as bent;
use crate::clock::Timestamp;
use crate::domain::{FrontEndId, Product, ProductName};
use crate::messages::catalog::{
    Changed, Changes, Found, Inventory, List, MAX_PAGE, Query, QueryReply, Search, Stocked,
};

/// So many changes are remembered for whoever asks what changed.
const CHANGES: usize = 4096;

/// So many products one search looks at: others wait for the catalog meanwhile.
const SEARCHED: usize = 10_000;

/// The visible stock and the copies of it.
#[derive(Debug)]
pub struct VisibleStock {
    state: CatalogState,
    leases: Leases,
    /// Products of the group under way: what is said about them now must not be cached.
    changing: BTreeSet<ProductIndex>,
    recent: RecentChanges,
    front_ends: BTreeSet<FrontEndId>,
    /// How long an answer counts here: the lease that a front-end counts, and the margin for drift.
    lease: Duration,
}

impl VisibleStock {
    /// What a catalog that was started at `started` shows.
    pub fn new(
        state: CatalogState,
        front_ends: BTreeSet<FrontEndId>,
        lease: Duration,
        started: Timestamp,
    ) -> VisibleStock {
        let (leases, changing) = (Leases::default(), BTreeSet::new());
        let recent = RecentChanges::new(started, CHANGES);
        VisibleStock { state, leases, changing, recent, front_ends, lease }
    }

    pub fn state(&self) -> &CatalogState {
        &self.state
    }

    /// Answers a query at once. The answer is cacheable, and then on record as a lease from now on, if a
    /// configured front-end asked and the product is not about to change. Nothing is recorded about a
    /// product that does not exist.
    pub fn query(&mut self, query: &Query, now: Timestamp) -> QueryReply {
        let Some(index) = self.state.index(&query.name) else {
            return QueryReply { product: None, cacheable: false };
        };
        let holder = query.front_end.filter(|front_end| self.front_ends.contains(front_end));
        let cacheable = match holder {
            Some(front_end) if bent::may_be_cached(!self.changing.contains(&index)) => {
                self.leases.grant(front_end, index, now + self.lease);
                true
            }
            _ => false,
        };
        QueryReply { product: Some(self.state.product(index)), cacheable }
    }

    /// A part of the catalog, in its order; `None` if there is no product that it is to follow.
    pub fn list(&self, list: &List) -> Option<Vec<Product>> {
        Some(self.state.products(self.follows(list.after.as_ref())?, at_most(list.limit)))
    }

    /// The same with all counts.
    pub fn inventory(&self, ask: &Inventory) -> Option<Vec<Stocked>> {
        Some(self.state.inventory(self.follows(ask.after.as_ref())?, at_most(ask.limit)))
    }

    /// Those of the next products whose name has a text in it.
    pub fn search(&self, ask: &Search) -> Option<Found> {
        let first = self.follows(ask.after.as_ref())?;
        let (text, limit) = (ask.text.to_lowercase(), at_most(ask.limit));
        let (mut products, mut looked_through) = (Vec::new(), None);
        for (index, item) in self.state.items().iter().enumerate().skip(first) {
            if index - first == SEARCHED || products.len() == limit {
                return Some(Found { products, looked_through });
            }
            if item.name.as_str().to_lowercase().contains(&text) {
                products.push(item.product());
            }
            looked_through = Some(item.name.clone());
        }
        Some(Found { products, looked_through: None })
    }

    /// The products that changed since somebody asked.
    pub fn changes(&self, ask: &Changes) -> Changed {
        let changed = match ask.since {
            Some(revision) => self.recent.since(revision, at_most(ask.limit)),
            None => Some(BTreeSet::new()),
        };
        let products =
            changed.map(|changed| changed.into_iter().map(|index| self.state.product(index)).collect());
        Changed { revision: self.recent.revision(), products }
    }

    fn follows(&self, after: Option<&ProductName>) -> Option<ProductIndex> {
        after.map_or(Some(0), |name| Some(self.state.index(name)? + 1))
    }

    /// A group is about to change these products (cache rule 3): from now on nobody gets a cacheable answer
    /// about them, so the holders returned are all there will be until the group is shown.
    pub fn begin(&mut self, products: &BTreeSet<ProductIndex>, now: Timestamp) -> Vec<FrontEndId> {
        self.changing.extend(products);
        let holders = self.front_ends.iter().copied();
        holders.filter(|&front_end| self.leases.held(front_end, products, now).is_some()).collect()
    }

    /// What a front-end may still hold of the products that are about to change.
    pub fn held(&self, front_end: FrontEndId, now: Timestamp) -> Option<HeldLeases> {
        self.leases.held(front_end, &self.changing, now)
    }

    /// A front-end confirmed the call that named these products, and no others.
    pub fn dropped(&mut self, front_end: FrontEndId, products: &[ProductIndex]) {
        self.leases.release(front_end, products);
    }

    /// Makes a group visible, all of it at once (cache rule 4). Whether refusals had to be forgotten for it.
    pub fn show(&mut self, changes: &GroupChanges) -> bool {
        self.changing.clear();
        self.recent.add(changes.items.keys());
        self.state.apply(changes)
    }

    pub fn names<'a>(&self, indexes: impl IntoIterator<Item = &'a ProductIndex>) -> Vec<ProductName> {
        self.state.names(indexes)
    }
}

fn at_most(limit: u32) -> usize {
    usize::try_from(limit.min(MAX_PAGE)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::catalog::fence::Fence;
    use crate::catalog::item::Item;
    use crate::catalog::memory::Memory;
    use crate::catalog::purchases::Purchases;
    use crate::domain::ProductSeed;
    use crate::refusals::Refusals;

    const LEASE: Duration = Duration::from_nanos(100);
    const TUX: ProductIndex = 0;
    const YAK: ProductIndex = 1;

    fn name(text: &str) -> ProductName {
        ProductName::new(text).expect("a valid name")
    }

    fn item(text: &str, quantity: u64) -> Item {
        Item::imported(&ProductSeed { name: name(text), price_cents: 1, quantity })
    }

    /// Tux 10 and Yak 5; front-ends 1 and 2 may cache.
    fn visible() -> VisibleStock {
        let items = vec![item("Tux", 10), item("Yak", 5)];
        let state = CatalogState::new(
            items,
            Purchases::default(),
            Fence::default(),
            Refusals::new(1),
            Memory::default(),
        );
        VisibleStock::new(state, [1, 2].map(FrontEndId::new).into(), LEASE, Timestamp(0))
    }

    fn ask(
        visible: &mut VisibleStock,
        product: &str,
        front_end: Option<u8>,
        now: u64,
    ) -> (Option<u64>, bool) {
        let query = Query { name: name(product), front_end: front_end.map(FrontEndId::new) };
        let QueryReply { product, cacheable } = visible.query(&query, Timestamp(now));
        (product.map(|product| product.quantity), cacheable)
    }

    fn held(visible: &VisibleStock, front_end: u8, now: u64) -> Option<(Vec<ProductIndex>, u64)> {
        let held = visible.held(FrontEndId::new(front_end), Timestamp(now));
        held.map(|held| (held.products, held.until.0))
    }

    /// Rules cache 1 and 2.
    #[test]
    fn a_cacheable_answer_is_a_lease_and_no_other_is() {
        for (case, product, front_end, answer, holders) in [
            ("a front-end", "Tux", Some(1), (Some(10), true), vec![1]),
            ("one that is not configured", "Tux", Some(9), (Some(10), false), vec![]),
            ("who does not cache", "Tux", None, (Some(10), false), vec![]),
            ("no such product", "Gnu", Some(1), (None, false), vec![]),
            ("a product that does not change", "Yak", Some(1), (Some(5), true), vec![]),
        ] {
            let mut visible = visible();
            assert_eq!(ask(&mut visible, product, front_end, 0), answer, "{case}");
            let found = visible.begin(&[TUX].into(), Timestamp(99));
            assert_eq!(found, holders.into_iter().map(FrontEndId::new).collect::<Vec<_>>(), "{case}");
            assert_eq!(held(&visible, 1, 100), None, "{case}: it has run out");
        }
    }

    /// Rules cache 3, 4 and 5.
    #[test]
    fn a_change_shows_when_no_holder_is_left_and_nobody_becomes_one_meanwhile() {
        let mut visible = visible();
        ask(&mut visible, "Tux", Some(1), 0);
        ask(&mut visible, "Tux", Some(2), 10);
        ask(&mut visible, "Yak", Some(2), 20);
        assert_eq!(visible.begin(&[TUX, YAK].into(), Timestamp(30)), [1, 2].map(FrontEndId::new));

        assert_eq!(
            ask(&mut visible, "Tux", Some(1), 31),
            (Some(10), false),
            "the old stock, not to be cached"
        );
        assert_eq!(held(&visible, 1, 32), Some((vec![TUX], 100)));
        visible.dropped(FrontEndId::new(1), &[TUX]);
        assert_eq!(held(&visible, 1, 33), None, "it has confirmed");
        visible.dropped(FrontEndId::new(2), &[TUX]);
        assert_eq!(held(&visible, 2, 34), Some((vec![YAK], 120)), "the call named no more than Tux");
        assert_eq!(held(&visible, 2, 120), None, "its time has run out");

        let items = BTreeMap::from([(TUX, item("Tux", 4)), (YAK, item("Yak", 1))]);
        visible.show(&GroupChanges { items, ..GroupChanges::default() });
        assert_eq!(ask(&mut visible, "Tux", Some(1), 121), (Some(4), true));
        assert_eq!(ask(&mut visible, "Yak", Some(1), 121), (Some(1), true));
    }

    #[test]
    fn a_page_begins_after_a_product_that_is_there() {
        let visible = visible();
        for (after, limit, expected) in [
            (None, 9, Some(vec![10, 5])),
            (None, 1, Some(vec![10])),
            (Some("Tux"), 9, Some(vec![5])),
            (Some("Yak"), 9, Some(vec![])),
            (Some("Gnu"), 9, None),
        ] {
            let after = after.map(name);
            let page = visible.list(&List { after: after.clone(), limit });
            let quantities =
                |products: Vec<Product>| products.iter().map(|toy| toy.quantity).collect::<Vec<_>>();
            assert_eq!(page.map(quantities), expected, "{after:?}");
            let counted = visible.inventory(&Inventory { after: after.clone(), limit });
            assert_eq!(counted.map(|toys| toys.len()), expected.map(|toys| toys.len()), "{after:?}");
        }
    }

    #[test]
    fn a_search_looks_at_names_without_regard_to_capitals() {
        let visible = visible();
        let search = |text: &str, after: Option<&str>, limit| {
            let found = visible.search(&Search { text: text.into(), after: after.map(name), limit })?;
            let names: Vec<_> = found.products.into_iter().map(|toy| toy.name.to_string()).collect();
            Some((names, found.looked_through.map(|name| name.to_string())))
        };
        let found = |names: &[&str], through: Option<&str>| {
            Some((names.iter().map(ToString::to_string).collect(), through.map(ToOwned::to_owned)))
        };
        for (text, after, limit, expected) in [
            ("TU", None, 9, found(&["Tux"], None)),
            ("", None, 9, found(&["Tux", "Yak"], None)),
            ("", None, 1, found(&["Tux"], Some("Tux"))),
            ("", Some("Tux"), 1, found(&["Yak"], None)),
            ("a", Some("Yak"), 9, found(&[], None)),
            ("gnu", None, 9, found(&[], None)),
            ("a", Some("Gnu"), 9, None),
        ] {
            assert_eq!(search(text, after, limit), expected, "{text:?} after {after:?}");
        }
    }

    #[test]
    fn a_search_stops_so_that_others_are_answered() {
        let items = (0..=SEARCHED).map(|number| item(&format!("toy {number}"), 1)).collect();
        let (purchases, memory) = (Purchases::default(), Memory::default());
        let state = CatalogState::new(items, purchases, Fence::default(), Refusals::new(1), memory);
        let visible = VisibleStock::new(state, BTreeSet::new(), LEASE, Timestamp(0));
        let last = format!("toy {SEARCHED}");
        let mut ask = Search { text: last.clone(), after: None, limit: 9 };
        let first = visible.search(&ask).expect("it begins with the first");
        assert_eq!(first.products.len(), 0);
        ask.after = first.looked_through;
        assert_eq!(ask.after, Some(name(&format!("toy {}", SEARCHED - 1))));
        let second = visible.search(&ask).expect("it goes on");
        assert_eq!((second.products.len(), second.looked_through), (1, None));
    }

    #[test]
    fn what_changed_is_told_once_it_is_visible() {
        let mut visible = visible();
        let now = visible.changes(&Changes { since: None, limit: 9 });
        assert_eq!(now, Changed { revision: 0, products: Some(Vec::new()) });
        let since = Changes { since: Some(now.revision), limit: 9 };
        visible.begin(&[TUX].into(), Timestamp(1));
        assert_eq!(visible.changes(&since).products, Some(Vec::new()), "nobody sees it yet");
        let items = BTreeMap::from([(TUX, item("Tux", 4))]);
        visible.show(&GroupChanges { items, ..GroupChanges::default() });
        let Changed { revision, products } = visible.changes(&since);
        assert_eq!((revision, products), (1, Some(vec![item("Tux", 4).product()])));
        assert_eq!(visible.changes(&Changes { since: Some(2), limit: 9 }).products, None);
    }
}
