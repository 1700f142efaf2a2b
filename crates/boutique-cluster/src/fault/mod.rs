//! Faults in the cluster: begun, kept going, undone from their record alone, and looked for.
//!
//! Order of a beginning: what has expired is healed → guard → record with everything that is needed to undo → fuse → canary
//! → acts. Killed at any point, the record says what to put back, and Kubernetes itself removes what the fuse owns.

mod act;
mod activity;
mod begin;
mod canary;
mod heal;
mod list;
mod patience;
mod record;
mod rehearse;
mod residue;
mod safeguards;
mod scene;
mod undo;

pub use activity::{ActivityError, Ongoing, activity};
pub use begin::{BeginError, Begun, begin};
pub use heal::{heal, heal_expired};
pub use list::{Found, list};
pub use record::{finish, new_id, note, records};
pub use rehearse::{Rehearsed, rehearse, requests};
pub use scene::scene;
pub use undo::{Undone, undo};

pub(crate) use heal::{end_all, standing, undo_outside};
