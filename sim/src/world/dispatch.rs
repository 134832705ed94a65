//! What has come due at the nodes, and the end of a world.

use toystore_checks::time::MILLI;

use super::process::Running;
use super::state::World;
use crate::platform::timeline::NodeDue;

impl World {
    /// Does what has come due.
    pub fn handle(&self, due: NodeDue) {
        match due {
            NodeDue::Packet(number) => {
                if let Some(packet) = self.network.arrive(number) {
                    self.deliver(packet);
                }
            }
            NodeDue::DiskStart(id, incarnation) => self.disk_start(id, incarnation),
            NodeDue::DiskDone(id, incarnation, job) => self.disk_done(id, incarnation, job),
            NodeDue::Restart(id) => self.start(id),
            NodeDue::Exit(id, incarnation) => {
                if self.is_incarnation(id, incarnation) {
                    self.crash(id, false);
                    self.timeline.after(300 * MILLI, NodeDue::Restart(id));
                }
            }
        }
    }

    /// Drops everything; the world ends.
    pub fn end(&self) {
        for (id, disk) in &self.disks {
            let jobs = {
                let mut processes = self.processes.borrow_mut();
                let Some(process) = processes.get_mut(id) else { continue };
                process.alive.set(false);
                (
                    std::mem::replace(&mut process.running, Running::Down { silent: true }),
                    std::mem::take(&mut process.jobs),
                )
            };
            disk.crash();
            self.executor.kill(*id);
            drop(jobs);
        }
        self.executor.clear();
        self.timeline.clear();
    }
}
