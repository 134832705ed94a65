//! Disks in a world: a process's jobs wait for their turn, and take virtual time.

use rand::RngExt;
use toystore_checks::time::MILLI;

use super::job::QueuedJob;
use super::state::World;
use crate::faults::FaultKind;
use crate::platform::process::ProcessId;
use crate::platform::timeline::NodeDue;

impl World {
    /// Queues a job of a process's disk.
    pub(super) fn queue_job(&self, id: ProcessId, queued: QueuedJob) {
        let mut processes = self.processes.borrow_mut();
        let Some(process) = processes.get_mut(&id) else { return };
        let number = process.next;
        process.next += 1;
        process.jobs.insert(number, queued);
        if !process.disk_busy {
            process.disk_busy = true;
            let wait = self.rng.borrow_mut().random_range(1_000..40_000);
            self.timeline.after(wait, NodeDue::DiskStart(id, process.incarnation));
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
        if disk.crash_pending() {
            self.record.count(FaultKind::CrashMidWrite);
            let down = self.faults.borrow_mut().take_down_ms(id);
            self.crash(id, false);
            self.timeline.after(down * MILLI, NodeDue::Restart(id));
            return;
        }
        self.timeline.after(cost.max(1), NodeDue::DiskDone(id, incarnation, number));
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
