//! The shoppers: each orders, asks and looks up, retries what it does not know, and remembers everything.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use toystore_actors::catalog::messages::{Import, Restock};
use toystore_actors::catalog::{MAX_PAGE, ProductSeed};
use toystore_actors::domain::{OrderNumber, ProductName, Quantity, RequestId};
use toystore_actors::front_end::messages::{
    FindOrder, ImportProducts, ListOrders, ListProducts, OrderError, PlaceOrder, QueryProduct,
};
use toystore_actors::net::{Net, NodeId};
use toystore_actors::order::messages::Lookup;

use crate::clock::Nanos;
use crate::cluster;
use crate::history::{Asked, Operation, Repricing, Told};
use crate::report::Violation;
use crate::world::World;

const MILLI: Nanos = 1_000_000;
const DOOR: NodeId = NodeId::FrontEnd(1);

/// What all shoppers know of one another.
#[derive(Debug, Default)]
pub struct Crowd {
    /// How many are still there.
    pub inside: Cell<u32>,
    /// Whether they should finish what they do, and leave.
    pub closing: Cell<bool>,
    /// The highest order number that anybody was told.
    highest: Cell<OrderNumber>,
    /// So many toys were given another price.
    repriced: Cell<usize>,
}

struct Shopper {
    world: Rc<World>,
    crowd: Rc<Crowd>,
    net: Net,
    number: u8,
    rng: RefCell<SmallRng>,
    orders: Cell<u32>,
}

/// What one shopper does from first to last.
pub async fn shop(world: Rc<World>, crowd: Rc<Crowd>, number: u8) {
    let rng = RefCell::new(SmallRng::seed_from_u64(world.setup.stream(&format!("shopper {number}"))));
    let net = world.client_net(number).0;
    let shopper = Shopper { world, crowd, net, number, rng, orders: Cell::new(0) };
    while !shopper.crowd.closing.get() {
        shopper.think().await;
        let dice = shopper.below(100);
        let orders = u64::from(shopper.world.setup.order_percent);
        if dice < orders {
            shopper.order().await;
        } else if dice < orders + (100 - orders) * 6 / 10 {
            shopper.query().await;
        } else {
            match shopper.below(8) {
                0..4 => shopper.find().await,
                4 => shopper.find_at().await,
                5 => shopper.page().await,
                6 => shopper.list().await,
                _ => shopper.restock().await,
            }
        }
    }
    shopper.crowd.inside.set(shopper.crowd.inside.get() - 1);
}

impl Shopper {
    fn below(&self, limit: u64) -> u64 {
        self.rng.borrow_mut().random_range(0..limit.max(1))
    }

    async fn think(&self) {
        let span = self.below(2 * self.world.setup.think_ms.max(1) * MILLI);
        self.world.timeline.sleep(span).await;
    }

    fn any_toy(&self) -> ProductName {
        let toys = self.world.setup.stock.len() as u64;
        let pick = self.below(toys * 20 + 1);
        // Once in a while something that there is not.
        cluster::toy(usize::try_from(if pick == toys * 20 { toys } else { pick % toys }).unwrap_or(0))
    }

    fn remember(&self, asked: Asked, invoked: Nanos, told: Told) {
        let returned = self.world.now();
        let operation = Operation { client: self.number, asked, invoked, returned, told };
        self.world.note(None, || {
            format!("client-{} {:?} -> {:?}", operation.client, operation.asked, operation.told)
        });
        self.world.history.borrow_mut().operations.push(operation);
    }

    async fn order(&self) {
        let name = self.any_toy();
        let pieces = 1 + self.below(self.world.setup.most_pieces);
        let order = self.orders.get();
        self.orders.set(order + 1);
        let (Ok(key), Ok(quantity)) =
            (RequestId::new(format!("c{}-{order}", self.number)), Quantity::new(pieces))
        else {
            return;
        };
        let invoked = self.world.now();
        let told = self.place(&key, &name, quantity).await;
        let asked = Asked::Place { key: key.clone(), name: name.clone(), quantity };
        self.remember(asked, invoked, told.clone());
        if let Told::Placed { number } = told {
            self.crowd.highest.set(self.crowd.highest.get().max(number));
            match self.below(20) {
                0 => self.order_again(&key, &name, quantity, number).await,
                1 => self.reuse_key(&key, &name, quantity).await,
                // Who has just been told of a change is the first to notice a stale answer.
                2..=5 => self.query_for(name).await,
                6..=8 => self.find_order(number).await,
                _ => {}
            }
        }
    }

    /// Asks until the answer is certain; gives up rarely, and then does not know.
    async fn place(&self, key: &RequestId, name: &ProductName, quantity: Quantity) -> Told {
        let place = PlaceOrder { key: key.clone(), name: name.clone(), quantity };
        loop {
            match self.net.send(DOOR, &place, self.world.setup.patience()).await {
                Ok(Ok(number)) => return Told::Placed { number },
                Ok(Err(OrderError::NotEnough { left })) => return Told::NotEnough { left },
                Ok(Err(OrderError::UnknownProduct)) => return Told::UnknownProduct,
                Ok(Err(OrderError::KeyReused)) => return Told::KeyReused,
                Ok(Err(OrderError::Unavailable(_))) | Err(_) => {}
            }
            self.world.count("order not known, asked again");
            if self.below(100) < self.world.setup.give_up_percent {
                return Told::Unknown;
            }
            let pause = 5 * MILLI + self.below(500 * MILLI);
            self.world.timeline.sleep(pause).await;
        }
    }

    /// Asks under a key that was acknowledged before.
    async fn place_again(&self, key: &RequestId, name: &ProductName, quantity: Quantity) -> Told {
        let invoked = self.world.now();
        let told = self.place(key, name, quantity).await;
        self.remember(Asked::Again { key: key.clone(), name: name.clone(), quantity }, invoked, told.clone());
        told
    }

    /// The same key and order, long after it was answered: the same number.
    async fn order_again(
        &self,
        key: &RequestId,
        name: &ProductName,
        quantity: Quantity,
        number: OrderNumber,
    ) {
        self.think().await;
        let told = self.place_again(key, name, quantity).await;
        self.world.count("acknowledged order asked again");
        if told != (Told::Placed { number }) && told != Told::Unknown {
            let facts = [
                format!("{key} was acknowledged as order {number} to client {}", self.number),
                format!("asked again, it was told {told:?}"),
            ];
            self.world.broken(Violation::new("exactly once", facts));
        }
    }

    /// The same key for another order: refused.
    async fn reuse_key(&self, key: &RequestId, name: &ProductName, quantity: Quantity) {
        let Ok(other) = Quantity::new(u64::from(quantity.get()) + 1) else { return };
        let told = self.place_again(key, name, other).await;
        self.world.count("key used for another order");
        if told != Told::KeyReused && told != Told::Unknown {
            let facts = [
                format!("{key} was acknowledged to client {} for {quantity} of {name}", self.number),
                format!("used for {other} of them, it was told {told:?}"),
            ];
            self.world.broken(Violation::new("exactly once", facts));
        }
    }

    async fn query(&self) {
        self.query_for(self.any_toy()).await;
    }

    async fn query_for(&self, name: ProductName) {
        let invoked = self.world.now();
        let answer =
            self.net.send(DOOR, &QueryProduct { name: name.clone() }, self.world.setup.patience()).await;
        let told = match answer {
            Ok(Ok(product)) => Told::Product { product },
            Ok(Err(_)) | Err(_) => Told::Unknown,
        };
        self.remember(Asked::Query { name }, invoked, told);
    }

    /// All products, or some that follow one another.
    async fn list(&self) {
        let (after, limit) = match self.below(3) {
            0 => (None, MAX_PAGE),
            1 => (None, 1 + self.below(3) as u32),
            _ => (Some(self.any_toy()), 1 + self.below(3) as u32),
        };
        let asked =
            if limit == MAX_PAGE { Asked::List } else { Asked::ListPage { after: after.clone(), limit } };
        let invoked = self.world.now();
        let message = ListProducts { after, limit };
        let told = match self.net.send(DOOR, &message, self.world.setup.patience()).await {
            Ok(Ok(Some(products))) => Told::Products { products },
            Ok(Ok(None)) => Told::UnknownProduct,
            Ok(Err(_)) | Err(_) => Told::Unknown,
        };
        self.remember(asked, invoked, told);
    }

    /// An order that somebody was told of, or one a little further.
    fn any_number(&self) -> OrderNumber {
        let highest = self.crowd.highest.get();
        match self.below(4) {
            0 => 1 + self.below(highest + 2),
            _ => (highest + 1).saturating_sub(self.below(4)).max(1),
        }
    }

    /// The next toy gets another price, as an operator may ask.
    async fn reprice(&self) {
        let place = self.crowd.repriced.get();
        if place >= self.world.setup.stock.len() {
            return;
        }
        self.crowd.repriced.set(place + 1);
        let (name, price_cents, quantity) = (cluster::toy(place), cluster::other_price(place), 0);
        let seed = ProductSeed { name: name.clone(), price_cents, quantity };
        let ask = ImportProducts { import: Import { products: vec![seed], digest: None } };
        // It may be done before it is known to be.
        let repricing = Repricing { name, price_cents, invoked: self.world.now(), imported: None };
        let index = {
            let repricings = &mut self.world.history.borrow_mut().repricings;
            repricings.push(repricing);
            repricings.len() - 1
        };
        if let Ok(Ok(_)) = self.net.send(DOOR, &ask, self.world.setup.patience()).await {
            self.world.count("price changed");
            self.world.history.borrow_mut().repricings[index].imported = Some(self.world.now());
            self.query_for(cluster::toy(place)).await;
        }
    }

    /// What is out of stock is restocked at once, as an operator may ask.
    async fn restock(&self) {
        if self.below(8) == 0 {
            return self.reprice().await;
        }
        if self.below(4) == 0 {
            // Whatever is answered: the stock's checks expect a restock at any time.
            let _ = self.net.send(NodeId::Catalog, &Restock {}, self.world.setup.patience()).await;
            self.world.count("restock asked for");
        }
    }

    /// An order, from the book of any replica, which need not be the newest.
    async fn find_at(&self) {
        let number = self.any_number();
        let replicas = &self.world.setup.replicas;
        let replica = replicas[usize::try_from(self.below(replicas.len() as u64)).unwrap_or(0)];
        let invoked = self.world.now();
        let lookup = Lookup { epoch: None, number };
        let told = match self.net.send(NodeId::Order(replica), &lookup, self.world.setup.patience()).await {
            Ok(Ok(order)) => Told::Found { order },
            Ok(Err(_)) | Err(_) => Told::Unknown,
        };
        self.remember(Asked::FindAt { replica, number }, invoked, told);
    }

    async fn page(&self) {
        let after = self.any_number().saturating_sub(self.below(10));
        let limit = 1 + u32::try_from(self.below(20)).unwrap_or(0);
        let invoked = self.world.now();
        let told = match self.net.send(DOOR, &ListOrders { after, limit }, self.world.setup.patience()).await
        {
            Ok(Ok(orders)) => Told::Orders { orders },
            Ok(Err(_)) | Err(_) => Told::Unknown,
        };
        // A replica gives no more than so many; whoever gets as many has not seen the book's end.
        let limit = limit.min(self.world.setup.sizes.page);
        self.remember(Asked::Page { after, limit }, invoked, told);
    }

    async fn find(&self) {
        let number = self.any_number();
        self.find_order(number).await;
    }

    async fn find_order(&self, number: OrderNumber) {
        let invoked = self.world.now();
        let answer = self.net.send(DOOR, &FindOrder { number }, self.world.setup.patience()).await;
        let told = match answer {
            Ok(Ok(order)) => Told::Found { order },
            Ok(Err(_)) | Err(_) => Told::Unknown,
        };
        self.remember(Asked::Find { number }, invoked, told);
    }
}
