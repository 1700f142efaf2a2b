//! Helm releases that several sets share, with the record of who uses them.
//!
//! Who may install, join or change one is decided by [`boutique_core::shared`]; this carries it out on top of
//! [`helm`](crate::helm).

mod error;
mod record;
mod release;

pub use error::{PendingError, SharedError};
pub use record::RecordError;
pub use release::ReleaseSettings;
pub(crate) use release::{Installed, Left, Sharing, crd_changes, is_used_by, leave, pending};
