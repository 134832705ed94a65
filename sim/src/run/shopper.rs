//! The shoppers: each orders, asks and looks up, retries what it does not know, and remembers everything.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use toystore_actors::domain::{OrderNumber, ProductName, ProductSeed, Quantity, RequestId};
use toystore_actors::messages::catalog::{Import, MAX_PAGE, Restock};
use toystore_actors::messages::front_end::{
    FindOrder, ImportProducts, ListOrders, ListProducts, OrderError, PlaceOrder, QueryProduct,
};
use toystore_actors::messages::order::Lookup;
use toystore_actors::net::{Net, NodeId};
use toystore_checks::data::{Invocation, Operation, Promise, Repricing, Response, Violation};
use toystore_checks::time::{MILLI, Nanos};

use crate::coverage::Occurrence;
use crate::nodes::FRONT_END;
use crate::plan::products;
use crate::world::{TraceNote, World};

/// What all shoppers know of one another.
#[derive(Debug, Default)]
pub struct Shoppers {
    /// How many have not left yet.
    pub present: Cell<u32>,
    /// Whether they should finish what they do, and leave.
    pub closing: Cell<bool>,
    /// The highest order number that anybody was told.
    highest: Cell<OrderNumber>,
    /// So many toys were given another price.
    repriced: Cell<usize>,
}

struct Shopper {
    world: Rc<World>,
    all: Rc<Shoppers>,
    net: Net,
    number: u8,
    rng: RefCell<SmallRng>,
    orders: Cell<u32>,
}

/// What one shopper does from first to last.
pub async fn shop(world: Rc<World>, shoppers: Rc<Shoppers>, number: u8) {
    let rng = RefCell::new(SmallRng::seed_from_u64(world.setup.stream(&format!("shopper {number}"))));
    let net = world.client_net(number).0;
    let shopper = Shopper { world, all: shoppers, net, number, rng, orders: Cell::new(0) };
    while !shopper.all.closing.get() {
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
    shopper.all.present.set(shopper.all.present.get() - 1);
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
        products::toy(usize::try_from(if pick == toys * 20 { toys } else { pick % toys }).unwrap_or(0))
    }

    fn remember(&self, invocation: Invocation, invoked: Nanos, response: Response) {
        let returned = self.world.now();
        let operation = Operation { client: self.number, invocation, invoked, returned, response };
        self.world.record.note(None, &TraceNote::Shopper(&operation));
        self.world.record.history.borrow_mut().operations.push(operation);
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
        let response = self.place(&key, &name, quantity).await;
        let invocation = Invocation::Place { key: key.clone(), name: name.clone(), quantity };
        self.remember(invocation, invoked, response.clone());
        if let Response::Placed { number } = response {
            self.all.highest.set(self.all.highest.get().max(number));
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
    async fn place(&self, key: &RequestId, name: &ProductName, quantity: Quantity) -> Response {
        let place = PlaceOrder { key: key.clone(), name: name.clone(), quantity };
        loop {
            match self.net.send(FRONT_END, &place, self.world.setup.patience()).await {
                Ok(Ok(number)) => return Response::Placed { number },
                Ok(Err(OrderError::NotEnough { left })) => return Response::NotEnough { left },
                Ok(Err(OrderError::UnknownProduct)) => return Response::UnknownProduct,
                Ok(Err(OrderError::KeyReused)) => return Response::KeyReused,
                Ok(Err(OrderError::Unavailable(_))) | Err(_) => {}
            }
            self.world.record.count(Occurrence::OrderAskedAgain);
            if self.below(100) < self.world.setup.give_up_percent {
                return Response::Unknown;
            }
            let pause = 5 * MILLI + self.below(500 * MILLI);
            self.world.timeline.sleep(pause).await;
        }
    }

    /// Asks under a key that was acknowledged before.
    async fn place_again(&self, key: &RequestId, name: &ProductName, quantity: Quantity) -> Response {
        let invoked = self.world.now();
        let response = self.place(key, name, quantity).await;
        self.remember(
            Invocation::Again { key: key.clone(), name: name.clone(), quantity },
            invoked,
            response.clone(),
        );
        response
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
        let response = self.place_again(key, name, quantity).await;
        self.world.record.count(Occurrence::AcknowledgedAskedAgain);
        if response != (Response::Placed { number }) && response != Response::Unknown {
            let facts = [
                format!("{key} was acknowledged as order {number} to client {}", self.number),
                format!("asked again, it was told {response:?}"),
            ];
            self.world.record.broken(Violation::new(Promise::ExactlyOnce, facts));
        }
    }

    /// The same key for another order: refused.
    async fn reuse_key(&self, key: &RequestId, name: &ProductName, quantity: Quantity) {
        let Ok(other) = Quantity::new(u64::from(quantity.get()) + 1) else { return };
        let response = self.place_again(key, name, other).await;
        self.world.record.count(Occurrence::KeyReused);
        if response != Response::KeyReused && response != Response::Unknown {
            let facts = [
                format!("{key} was acknowledged to client {} for {quantity} of {name}", self.number),
                format!("used for {other} of them, it was told {response:?}"),
            ];
            self.world.record.broken(Violation::new(Promise::ExactlyOnce, facts));
        }
    }

    async fn query(&self) {
        self.query_for(self.any_toy()).await;
    }

    async fn query_for(&self, name: ProductName) {
        let invoked = self.world.now();
        let answer =
            self.net.send(FRONT_END, &QueryProduct { name: name.clone() }, self.world.setup.patience()).await;
        let response = match answer {
            Ok(Ok(product)) => Response::Product { product },
            Ok(Err(_)) | Err(_) => Response::Unknown,
        };
        self.remember(Invocation::Query { name }, invoked, response);
    }

    /// All products, or some that follow one another.
    async fn list(&self) {
        let (after, limit) = match self.below(3) {
            0 => (None, MAX_PAGE),
            1 => (None, 1 + self.below(3) as u32),
            _ => (Some(self.any_toy()), 1 + self.below(3) as u32),
        };
        let invocation = if limit == MAX_PAGE {
            Invocation::List
        } else {
            Invocation::ListPage { after: after.clone(), limit }
        };
        let invoked = self.world.now();
        let message = ListProducts { after, limit };
        let response = match self.net.send(FRONT_END, &message, self.world.setup.patience()).await {
            Ok(Ok(Some(products))) => Response::Products { products },
            Ok(Ok(None)) => Response::UnknownProduct,
            Ok(Err(_)) | Err(_) => Response::Unknown,
        };
        self.remember(invocation, invoked, response);
    }

    /// An order that somebody was told of, or one a little further.
    fn any_number(&self) -> OrderNumber {
        let highest = self.all.highest.get();
        match self.below(4) {
            0 => OrderNumber::new(1 + self.below(highest.get() + 2)),
            _ => OrderNumber::new((highest.get() + 1).saturating_sub(self.below(4)).max(1)),
        }
    }

    /// The next toy gets another price, as an operator may ask.
    async fn reprice(&self) {
        let place = self.all.repriced.get();
        if place >= self.world.setup.stock.len() {
            return;
        }
        self.all.repriced.set(place + 1);
        let (name, price_cents, quantity) = (products::toy(place), products::other_price(place), 0);
        let seed = ProductSeed { name: name.clone(), price_cents, quantity };
        let ask = ImportProducts { import: Import { products: vec![seed], digest: None } };
        // It may be done before it is known to be.
        let repricing = Repricing { name, price_cents, invoked: self.world.now(), imported: None };
        let index = {
            let repricings = &mut self.world.record.history.borrow_mut().repricings;
            repricings.push(repricing);
            repricings.len() - 1
        };
        if let Ok(Ok(_)) = self.net.send(FRONT_END, &ask, self.world.setup.patience()).await {
            self.world.record.count(Occurrence::PriceChanged);
            self.world.record.history.borrow_mut().repricings[index].imported = Some(self.world.now());
            self.query_for(products::toy(place)).await;
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
            self.world.record.count(Occurrence::RestockAsked);
        }
    }

    /// An order, from the book of any replica, which need not be the newest.
    async fn find_at(&self) {
        let number = self.any_number();
        let replicas = &self.world.setup.replicas;
        let replica = replicas[usize::try_from(self.below(replicas.len() as u64)).unwrap_or(0)];
        let invoked = self.world.now();
        let lookup = Lookup { epoch: None, number };
        let response = match self.net.send(NodeId::Order(replica), &lookup, self.world.setup.patience()).await
        {
            Ok(Ok(order)) => Response::Found { order },
            Ok(Err(_)) | Err(_) => Response::Unknown,
        };
        self.remember(Invocation::FindAt { replica, number }, invoked, response);
    }

    async fn page(&self) {
        let after = OrderNumber::new(self.any_number().get().saturating_sub(self.below(10)));
        let limit = 1 + u32::try_from(self.below(20)).unwrap_or(0);
        let invoked = self.world.now();
        let response =
            match self.net.send(FRONT_END, &ListOrders { after, limit }, self.world.setup.patience()).await {
                Ok(Ok(orders)) => Response::Orders { orders },
                Ok(Err(_)) | Err(_) => Response::Unknown,
            };
        // A replica gives no more than so many; whoever gets as many has not seen the book's end.
        let limit = limit.min(self.world.setup.sizes.page);
        self.remember(Invocation::Page { after, limit }, invoked, response);
    }

    async fn find(&self) {
        let number = self.any_number();
        self.find_order(number).await;
    }

    async fn find_order(&self, number: OrderNumber) {
        let invoked = self.world.now();
        let answer = self.net.send(FRONT_END, &FindOrder { number }, self.world.setup.patience()).await;
        let response = match answer {
            Ok(Ok(order)) => Response::Found { order },
            Ok(Err(_)) | Err(_) => Response::Unknown,
        };
        self.remember(Invocation::Find { number }, invoked, response);
    }
}
