//! How a front-end that starts comes to a view of its own run: it makes the run known to the catalog, and goes on from
//! the view in its file (M7); or, when the file is new or older than what others remember, from the newest view that
//! all replicas have told (M8); or it founds a store, when everybody's file is new.

use super::begin::Begin;
use super::choose::Choose;
use super::forget::{Forget, HearFirst};
use super::go_on::TakenOn;
use super::procedure::{Next, Procedure, misplaced, part};
use super::recover::{RecoverView, ViewFound};
use super::register::RegisterRun;
use super::state::ViewRules;
use super::step::Reply;
use crate::clock::Timestamp;
use crate::domain::Epoch;
use crate::messages::catalog::Registered;
use crate::probe::LostReason;
use crate::view_service::waiting::Waiting;

/// Ends when a view of this run is saved: with the choice to make then, if its leader was not chosen just now, and so
/// may not be there.
#[derive(Debug)]
pub struct Establish {
    /// The file had no view when this round began.
    new: bool,
    before: Option<TakenOn>,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Start,
    Recovering(Box<RecoverView>),
    Hearing(HearFirst),
    Registering(RegisterRun),
    /// The file is to be forgotten after a pause, as the catalog knows a view of this epoch.
    Superseded(Epoch),
    Forgetting(Forget),
    /// The next round begins after a pause.
    Waiting,
    Beginning(Begin),
}

/// One round of it, with what it is resumed with.
struct Round<'a> {
    own: &'a mut Establish,
    rules: &'a mut ViewRules,
    now: Timestamp,
}

impl Establish {
    /// At a start.
    #[must_use]
    pub fn at_start(rules: &mut ViewRules) -> Establish {
        rules.selecting = true;
        Establish { new: false, before: None, phase: Phase::Start }
    }
}

impl Round<'_> {
    fn begin(self) -> Next<Option<Choose>> {
        if self.rules.current().is_some() {
            // An operator went on meanwhile.
            return self.end(None);
        }
        self.own.new = self.rules.views.file().view.is_none();
        if self.own.new {
            let recover = RecoverView::new(self.own.before.take());
            return self.recover(recover, Reply::Begun);
        }
        self.hear(HearFirst::new(), Reply::Begun)
    }

    fn recover(self, recover: RecoverView, reply: Reply) -> Next<Option<Choose>> {
        let keep = |recover| self.own.phase = Phase::Recovering(Box::new(recover));
        match part(recover, self.rules, reply, self.now, keep) {
            Err(step) => step.into(),
            Ok(ViewFound::Current) => self.end(None),
            Ok(ViewFound::Another(taken_on)) => {
                self.own.before = taken_on;
                self.hear(HearFirst::new(), Reply::Begun)
            }
        }
    }

    fn hear(self, hear: HearFirst, reply: Reply) -> Next<Option<Choose>> {
        let keep = |hear| self.own.phase = Phase::Hearing(hear);
        match part(hear, self.rules, reply, self.now, keep) {
            Err(step) => step.into(),
            Ok(()) => match self.rules.views.epoch() {
                Some(epoch) => self.register(RegisterRun::new(epoch), Reply::Begun),
                None => self.begin(),
            },
        }
    }

    fn register(self, register: RegisterRun, reply: Reply) -> Next<Option<Choose>> {
        let keep = |register| self.own.phase = Phase::Registering(register);
        match part(register, self.rules, reply, self.now, keep) {
            Err(step) => step.into(),
            Ok(Registered::Welcome) => self.save(Begin::new(), Reply::Begun),
            Ok(Registered::Older { term, superseded }) if self.own.new && superseded => {
                // All replicas have told what they know, and it is not what the catalog knows.
                self.own.phase = Phase::Superseded(term.first_epoch());
                self.rules.pause_for(Waiting::AnotherFrontEnd).into()
            }
            Ok(Registered::Older { term, .. }) => self.forget_for_catalog(term.first_epoch()),
            Ok(Registered::NotNew) => {
                self.own.phase = Phase::Waiting;
                self.rules.pause_for(Waiting::NotNew).into()
            }
        }
    }

    fn forget_for_catalog(self, highest: Epoch) -> Next<Option<Choose>> {
        self.forget(Forget::new(highest, LostReason::CatalogKnowsNewer), Reply::Begun)
    }

    fn forget(self, forget: Forget, reply: Reply) -> Next<Option<Choose>> {
        let keep = |forget| self.own.phase = Phase::Forgetting(forget);
        match part(forget, self.rules, reply, self.now, keep) {
            Err(step) => step.into(),
            Ok(()) => self.begin(),
        }
    }

    /// A replica may have told of a newer view meanwhile.
    fn save(self, begin: Begin, reply: Reply) -> Next<Option<Choose>> {
        let keep = |begin| self.own.phase = Phase::Beginning(begin);
        match part(begin, self.rules, reply, self.now, keep) {
            Err(step) => step.into(),
            Ok(true) => self.end(Some(Choose::at_start())),
            Ok(false) => self.begin(),
        }
    }

    fn end(self, choice: Option<Choose>) -> Next<Option<Choose>> {
        self.rules.selecting = false;
        Next::Done(choice)
    }
}

impl Procedure for Establish {
    type Output = Option<Choose>;

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, now: Timestamp) -> Next<Option<Choose>> {
        let phase = std::mem::replace(&mut self.phase, Phase::Start);
        let round = Round { own: self, rules, now };
        match (phase, reply) {
            (Phase::Start, Reply::Begun) | (Phase::Waiting, Reply::Done) => round.begin(),
            (Phase::Recovering(recover), reply) => round.recover(*recover, reply),
            (Phase::Hearing(hear), reply) => round.hear(hear, reply),
            (Phase::Registering(register), reply) => round.register(register, reply),
            (Phase::Superseded(highest), Reply::Done) => round.forget_for_catalog(highest),
            (Phase::Forgetting(forget), reply) => round.forget(forget, reply),
            (Phase::Beginning(begin), reply) => round.save(begin, reply),
            (phase, reply) => misplaced(&phase, &reply),
        }
    }
}
