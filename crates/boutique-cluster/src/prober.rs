//! The open-loop prober: requests leave by the timetable, whatever became of the earlier ones.
//!
//! Everything that is due becomes a sample. Time to answer counts from when a request was due, and nobody waits longer than
//! [`LIMIT`] from then; so a shop that is silent for ten seconds shows as ten seconds of timeouts and late answers, and not
//! as one slow request.
//!
//! Memory and sockets are bounded: at most as many requests wait as are due within [`LIMIT`] and a little more
//! ([`in_flight`]), each with a connection of its own; 64 idle connections are kept. What is noted of a request takes about
//! a hundred bytes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use boutique_core::probe::{SESSIONS, Sample, Schedule, Timetable};
use boutique_core::purchase::Shopper;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::storefront::Storefront;

mod files;
mod notes;
mod rate;
mod work;

pub use rate::{BadRate, timetable};

use notes::Notes;
use work::{Room, Work};

/// No customer waits longer.
pub const LIMIT: Duration = Duration::from_secs(2);

/// A request ends a little later than it should where the machine is busy.
const SLACK: Duration = Duration::from_millis(500);

/// Requests that may wait at the same time.
pub fn in_flight(timetable: Timetable) -> usize {
    let seconds = (LIMIT + SLACK).as_secs_f64();
    (f64::from(timetable.rate.max(1)) * seconds).ceil() as usize
}

/// A prober at work.
pub struct Prober {
    started: Instant,
    notes: Arc<Mutex<Notes>>,
    /// A prober that is dropped sends nothing more.
    stop: DropGuard,
    /// Cancelled when its work is done.
    ended: CancellationToken,
    storefront: Storefront,
    shoppers: Arc<Vec<Shopper>>,
}

impl Prober {
    /// Starts probing. `name` goes into the session names, so that two probers do not share carts. See [`timetable`] for
    /// one that suits the way.
    pub fn start(storefront: Storefront, timetable: Timetable, name: &str) -> Self {
        let shoppers: Arc<Vec<Shopper>> =
            Arc::new((0..SESSIONS).map(|n| storefront.shopper(format!("boutique-probe-{name}-{n}"))).collect());
        let notes = Arc::new(Mutex::new(Notes::default()));
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let started = Instant::now();
        let work = Work {
            storefront: storefront.clone(),
            shoppers: shoppers.clone(),
            notes: notes.clone(),
            started,
            timetable,
            room: Room::for_way(&storefront, timetable),
        };
        work.begin(&stop, &ended);
        Self { started, notes, stop: stop.drop_guard(), ended, storefront, shoppers }
    }

    /// Time since the start, the clock of the samples.
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Samples whose fate is settled: those that were due before the earliest request that still waits.
    pub fn settled(&self) -> Vec<Sample> {
        let (samples, open) = {
            let notes = lock(&self.notes);
            (notes.samples(), notes.first_open())
        };
        samples.into_iter().filter(|sample| sample.at < open).collect()
    }

    /// All samples so far, also those that came in before earlier ones were answered.
    pub fn all(&self) -> Vec<Sample> {
        lock(&self.notes).samples().into_iter().collect()
    }

    /// How well it keeps its timetable.
    pub fn schedule(&self) -> Schedule {
        lock(&self.notes).schedule()
    }

    /// Stops, waits for what is on its way, and leaves the carts empty.
    pub async fn stop(self) -> Vec<Sample> {
        self.stop_with_schedule().await.0
    }

    /// The same, and says how well it kept its timetable.
    pub async fn stop_with_schedule(self) -> (Vec<Sample>, Schedule) {
        drop(self.stop);
        self.ended.cancelled().await;
        let carts = self.shoppers.iter().map(|shopper| {
            let step = shopper.leave();
            let storefront = &self.storefront;
            async move { storefront.send(shopper, &step, LIMIT).await }
        });
        futures::future::join_all(carts).await;
        let (samples, schedule) = {
            let notes = lock(&self.notes);
            (notes.samples(), notes.schedule())
        };
        (samples.into_iter().collect(), schedule)
    }
}

fn lock(notes: &Mutex<Notes>) -> MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}
