//! Disks in a world: a process's jobs wait for their turn, and take virtual time.

use rand::RngExt;

use super::{MILLI, World};
use crate::clock::Due;
use crate::process::ProcessId;
use crate::storage::Queued;

impl World {
    /// Queues a job of a process's disk.
    pub(crate) fn queue_job(&self, id: ProcessId, queued: Queued) {
        let mut processes = self.processes.borrow_mut();
        let Some(process) = processes.get_mut(&id) else { return };
        let number = process.next;
        process.next += 1;
        process.jobs.insert(number, queued);
        if !process.disk_busy {
            process.disk_busy = true;
            let wait = self.rng.borrow_mut().random_range(1_000..40_000);
            self.timeline.after(wait, Due::DiskStart(id, process.incarnation));
        }
    }

    pub(super) fn disk_start(&self, id: ProcessId, incarnation: u32) {
        let (number, job) = {
            let mut processes = self.processes.borrow_mut();
            let Some(process) = processes.get_mut(&id).filter(|process| process.incarnation == incarnation)
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
        let disk = &self.disks[&id];
        if let Some(job) = job {
            job();
        }
        let cost = disk.take_cost();
        if disk.tripped() {
            self.count("fault crash-mid-write");
            let down = self.trouble.borrow_mut().mid_write.remove(&id).unwrap_or(100);
            self.crash(id, false);
            self.timeline.after(down * MILLI, Due::Restart(id));
            return;
        }
        self.timeline.after(cost.max(1), Due::DiskDone(id, incarnation, number));
    }

    pub(super) fn disk_done(&self, id: ProcessId, incarnation: u32, number: u64) {
        let done = {
            let mut processes = self.processes.borrow_mut();
            let Some(process) = processes.get_mut(&id).filter(|process| process.incarnation == incarnation)
            else {
                return;
            };
            process.jobs.remove(&number)
        };
        if let Some(done) = done {
            done.signal.finish();
        }
        self.disk_start(id, incarnation);
    }
}
