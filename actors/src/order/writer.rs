//! Group commit: what arrives while a transaction is being synced makes the next one.
//!
//! One sync costs about as much for a hundred entries as for one, so this is where the throughput of a
//! replica comes from. Writes are applied in the order in which they were handed in, and the summary of the
//! book that everyone reads is updated in that order too, before any waiter learns of its write.

use std::cell::{Cell, Ref, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};

use super::book::{self, BookSummary, Write, Written};
use crate::host::Host;
use crate::lifecycle::Lifecycle;
use crate::net::Identity;
use crate::probe::{Limit, Measure, ServiceEvent};
use crate::storage::{DataFile, DiskError};
use crate::tasks::Tasks;

type Waiting = (Write, oneshot::Sender<Written>);

/// The one way to change a replica's book.
pub struct Writer {
    file: DataFile,
    host: Host,
    tasks: Tasks,
    waiting: RefCell<Vec<Waiting>>,
    syncing: Cell<bool>,
    readers: Semaphore,
    most_readers: usize,
    summary: RefCell<BookSummary>,
    identity: Arc<Identity>,
    lifecycle: Lifecycle,
}

/// The disk has failed, and the replica stops; there is nothing left to do for whoever waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

impl Writer {
    /// Writes to `file`, whose summary is `summary`, and lets the host's identity know to which store that belongs; reads
    /// it with `readers` at once. The first error of the disk ends the replica, and nothing is written after it.
    pub fn new(
        file: DataFile,
        summary: BookSummary,
        host: Host,
        tasks: Tasks,
        readers: usize,
        lifecycle: Lifecycle,
    ) -> Rc<Writer> {
        let identity = host.identity.clone();
        let writer = Rc::new(Writer {
            file,
            host,
            tasks,
            waiting: RefCell::default(),
            syncing: Cell::new(false),
            readers: Semaphore::new(readers),
            most_readers: readers,
            summary: RefCell::default(),
            identity,
            lifecycle,
        });
        writer.now_has(summary);
        writer
    }

    fn now_has(&self, summary: BookSummary) {
        if let Some(view) = &summary.view {
            self.identity.belongs_to(view.store);
        }
        self.summary.replace(summary);
    }

    /// The newest view and the last entry *on disk*.
    pub fn summary(&self) -> Ref<'_, BookSummary> {
        self.summary.borrow()
    }

    /// Hands a change in, at once; resolves when it is on disk.
    ///
    /// # Errors
    /// [`Stopped`] when the disk failed before it was known to be.
    pub fn write(self: &Rc<Self>, write: Write) -> impl Future<Output = Result<Written, Stopped>> + use<> {
        let (tx, rx) = oneshot::channel();
        self.waiting.borrow_mut().push((write, tx));
        if !self.syncing.replace(true) {
            let writer = self.clone();
            self.tasks.spawn(async move { writer.sync_what_waits().await });
        }
        async move { rx.await.map_err(|_| Stopped) }
    }

    /// How many reads are under way.
    pub fn reading(&self) -> usize {
        self.most_readers - self.readers.available_permits()
    }

    /// Reads the book.
    ///
    /// # Errors
    /// [`Stopped`] when the disk failed.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&redb::Database) -> Result<T, DiskError> + Send + 'static,
    ) -> Result<T, Stopped> {
        if self.readers.available_permits() == 0 {
            self.host.emit(ServiceEvent::LimitReached { limit: Limit::Readers });
        }
        let _turn = self.readers.acquire().await.map_err(|_| Stopped)?;
        self.file.run(work).await.map_err(|error| {
            self.lifecycle.fail(&error, &error);
            Stopped
        })
    }

    async fn sync_what_waits(self: Rc<Self>) {
        loop {
            let (writes, waiters): (Vec<_>, Vec<_>) = self.waiting.take().into_iter().unzip();
            if writes.is_empty() {
                self.syncing.set(false);
                return;
            }
            let (orders, begun) = (writes.iter().map(Write::orders).sum(), self.host.clock.now());
            match self.file.run(move |database| book::apply(database, &writes)).await {
                Ok((written, summary)) => {
                    if orders > 0 {
                        let took = self.host.clock.now().since(begun);
                        self.host.measure(Measure::OrdersCommitted { took, orders });
                    }
                    self.now_has(summary);
                    for (waiter, written) in waiters.into_iter().zip(written) {
                        // Whoever handed it in may have been deposed meanwhile.
                        let _ = waiter.send(written);
                    }
                }
                Err(error) => {
                    // `syncing` stays set: nothing is written any more, and every waiter learns that it stopped.
                    self.lifecycle.fail(&error, &error);
                    self.waiting.take();
                    return;
                }
            }
        }
    }
}
