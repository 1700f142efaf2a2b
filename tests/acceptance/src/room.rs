//! Who runs on the real node at the same time: its processor is small, and what does not fit fails at once, as it should.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Thousandths of a processor that the pods of [`crate::stack`]'s small shop ask for.
pub const SMALL_SHOP: u32 = 230;
/// What a small shop takes whose pages are asked for all the time: its pods ask for little, and work a lot.
pub const MEASURED_SHOP: u32 = 700;
/// What those of upstream's manifests ask for: most of a machine with two processors.
pub const UPSTREAM_SHOP: u32 = 1570;
/// Kept for cluster DNS and a rolling update.
const RESERVED: u32 = 80;

static TAKEN: Mutex<u32> = Mutex::new(0);
static RETURNED: Condvar = Condvar::new();

/// Room on the real node, until it is dropped. Whoever has it leaves no pods behind.
pub struct Room(u32);

/// Waits until pods that ask for so many thousandths of a processor fit beside those of the other tests.
pub fn room(wanted: u32) -> Room {
    let processors = std::thread::available_parallelism().map_or(1, |number| u32::try_from(number.get()).unwrap_or(1));
    let mut taken = taken();
    // What asks for more than there is gets all there is, and says what it lacks.
    while *taken > 0 && *taken + wanted + RESERVED > processors * 1000 {
        taken = RETURNED.wait(taken).unwrap_or_else(PoisonError::into_inner);
    }
    *taken += wanted;
    Room(wanted)
}

fn taken() -> MutexGuard<'static, u32> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Room {
    fn drop(&mut self) {
        *taken() -= self.0;
        RETURNED.notify_all();
    }
}
