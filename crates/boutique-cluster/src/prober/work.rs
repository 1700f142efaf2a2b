//! Sending what is due.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use boutique_core::probe::{Outcome, Sample, Slot, Timetable};
use boutique_core::purchase::{Shopper, Step, judge};
use tokio::runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::notes::Notes;
use super::{LIMIT, files, in_flight, lock};
use crate::storefront::{Reply, Storefront};

/// So many requests of a timetable that is behind leave before those on their way get their turn.
const AT_ONCE: u64 = 32;

/// A request that leaves later than this after it was due says nothing by silence: part of its time was over already.
const LATE: Duration = Duration::from_millis(250);

/// How many requests may wait, and whose fault it is if there are more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    seats: usize,
    full: Full,
}

#[derive(Debug, Clone, Copy)]
enum Full {
    /// It left earlier requests waiting for so long.
    Shop,
    /// Through the API server nobody can tell.
    ApiServer,
    /// It does not let us open more connections.
    Machine,
}

impl Room {
    pub(super) fn for_way(storefront: &Storefront, timetable: Timetable) -> Self {
        let seats = in_flight(timetable);
        if !storefront.is_direct() {
            return Self { seats, full: Full::ApiServer };
        }
        match files::connections(seats) {
            Some(fewer) if fewer < seats => Self { seats: fewer, full: Full::Machine },
            _ => Self { seats, full: Full::Shop },
        }
    }

    /// What becomes of a request for which there is none.
    fn turned_away(self) -> Outcome {
        let unknown = |reason: &str| Outcome::Unknown { reason: reason.to_owned() };
        match self.full {
            Full::Shop => Outcome::Timeout,
            Full::ApiServer => unknown("too many requests wait at the API server"),
            Full::Machine => unknown("this machine allows no more open files"),
        }
    }
}

#[derive(Clone)]
pub(super) struct Work {
    pub(super) storefront: Storefront,
    pub(super) shoppers: Arc<Vec<Shopper>>,
    pub(super) notes: Arc<Mutex<Notes>>,
    pub(super) started: Instant,
    pub(super) timetable: Timetable,
    pub(super) room: Room,
}

impl Work {
    /// Begins; cancels `ended` when it is over. On a direct way it has a thread of its own, which the system wakes in time
    /// whatever else this program has to do. Connections to the API server are shared with the rest of it, and would not
    /// survive the end of such a thread.
    pub(super) fn begin(self, stop: &CancellationToken, ended: &CancellationToken) {
        if self.storefront.is_direct()
            && let Ok(runtime) = runtime::Builder::new_current_thread().enable_all().build()
        {
            let (work, stop, ended) = (self.clone(), stop.clone(), ended.clone());
            let spawned = thread::Builder::new().name("prober".to_owned()).spawn(move || {
                let _ended = ended.drop_guard();
                runtime.block_on(work.run(stop));
            });
            if spawned.is_ok() {
                return;
            }
        }
        let (stop, ended) = (stop.clone(), ended.clone());
        tokio::spawn(async move {
            let _ended = ended.drop_guard();
            self.run(stop).await;
        });
    }

    async fn run(self, stop: CancellationToken) {
        let seats = Arc::new(Semaphore::new(self.room.seats));
        let mut sent = JoinSet::new();
        for n in 0.. {
            let slot = self.timetable.slot(n);
            let due = self.started + slot.at;
            if Instant::now() < due {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep_until(due) => {}
                }
            } else if n % AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
            if stop.is_cancelled() {
                break;
            }
            while sent.try_join_next().is_some() {}
            lock(&self.notes).begin(slot.at, self.timetable.slot(n + 1).at);
            let late = due.elapsed();
            if late >= LIMIT {
                // Suspended, or starved by something else on this machine. The shop has nothing to do with it, and would
                // only be hurt by all of it at once.
                self.turn_away(slot, own_fault(late));
                continue;
            }
            let Ok(seat) = seats.clone().try_acquire_owned() else {
                self.turn_away(slot, if late > LATE { own_fault(late) } else { self.room.turned_away() });
                continue;
            };
            let work = self.clone();
            sent.spawn(async move {
                work.ask(slot, due).await;
                drop(seat);
            });
        }
        while sent.join_next().await.is_some() {}
    }

    fn turn_away(&self, slot: Slot, outcome: Outcome) {
        let took = if outcome == Outcome::Timeout { LIMIT } else { Duration::ZERO };
        lock(&self.notes).turned_away(Sample { at: slot.at, page: slot.page, took, outcome });
    }

    async fn ask(&self, slot: Slot, due: Instant) {
        let late = due.elapsed();
        lock(&self.notes).left(late);
        let shopper = &self.shoppers[slot.session];
        let step = shopper.step(slot.page);
        let (reply, _) = self.storefront.send(shopper, &step, LIMIT.saturating_sub(late)).await;
        let took = due.elapsed();
        // Where the machine is busy an answer may win against a clock that has already run down.
        let reply = if took > LIMIT { Reply::Timeout } else { reply };
        let mut outcome = outcome(&step, reply);
        if outcome == Outcome::Timeout && late > LATE {
            outcome = own_fault(late);
        } else if outcome == Outcome::Timeout && !self.storefront.is_way_open().await {
            outcome = Outcome::Unknown { reason: "the API server did not answer in time either".to_owned() };
        }
        lock(&self.notes).ended(Sample { at: slot.at, page: slot.page, took, outcome });
    }
}

fn own_fault(late: Duration) -> Outcome {
    Outcome::Unknown { reason: format!("the prober itself was {:.1} s late", late.as_secs_f64()) }
}

fn outcome(step: &Step, reply: Reply) -> Outcome {
    match reply {
        Reply::Shop(answer) => match judge(step, &answer) {
            Ok(()) => Outcome::Good,
            Err(complaint) => Outcome::Bad { status: Some(answer.status), culprit: complaint.culprit },
        },
        Reply::Nobody(_) => Outcome::Bad { status: None, culprit: None },
        Reply::Unknown(reason) => Outcome::Unknown { reason },
        Reply::Timeout => Outcome::Timeout,
    }
}
