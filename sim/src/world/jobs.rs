//! Disks in a world: a node's jobs wait for their turn, and take virtual time.

use rand::RngExt;
use toystore_actors::net::NodeId;

use super::{MILLI, World};
use crate::clock::Due;
use crate::storage::Queued;

impl World {
    /// Queues a job of a node's disk.
    pub(crate) fn queue_job(&self, node: NodeId, queued: Queued) {
        let mut processes = self.processes.borrow_mut();
        let Some(process) = processes.get_mut(&node) else { return };
        let number = process.next;
        process.next += 1;
        process.jobs.insert(number, queued);
        if !process.disk_busy {
            process.disk_busy = true;
            let wait = self.rng.borrow_mut().random_range(1_000..40_000);
            self.timeline.after(wait, Due::DiskStart(node, process.incarnation));
        }
    }

    pub(super) fn disk_start(&self, node: NodeId, incarnation: u32) {
        let (number, job) = {
            let mut processes = self.processes.borrow_mut();
            let Some(process) = processes.get_mut(&node).filter(|process| process.incarnation == incarnation)
            else {
                return;
            };
            let waiting: Vec<u64> = process
                .jobs
                .iter()
                .filter(|(_, queued)| queued.job.is_some())
                .map(|(number, _)| *number)
                .collect();
            if waiting.is_empty() {
                process.disk_busy = false;
                return;
            }
            // Jobs may run in any order.
            let pick = waiting[self.rng.borrow_mut().random_range(0..waiting.len())];
            let job = process.jobs.get_mut(&pick).and_then(|queued| queued.job.take());
            (pick, job)
        };
        let disk = &self.disks[&node];
        if let Some(job) = job {
            job();
        }
        let cost = disk.take_cost();
        if disk.tripped() {
            self.count("fault crash-mid-write");
            let down = self.trouble.borrow_mut().mid_write.remove(&node).unwrap_or(100);
            self.crash(node, false);
            self.timeline.after(down * MILLI, Due::Restart(node));
            return;
        }
        self.timeline.after(cost.max(1), Due::DiskDone(node, incarnation, number));
    }

    pub(super) fn disk_done(&self, node: NodeId, incarnation: u32, number: u64) {
        let done = {
            let mut processes = self.processes.borrow_mut();
            let Some(process) = processes.get_mut(&node).filter(|process| process.incarnation == incarnation)
            else {
                return;
            };
            process.jobs.remove(&number)
        };
        if let Some(done) = done {
            done.signal.finish();
        }
        self.disk_start(node, incarnation);
    }
}
