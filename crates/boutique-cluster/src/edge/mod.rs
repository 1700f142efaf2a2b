//! The edge of a shop: a controller installed by Helm or found, routes, a certificate, and the proof that the shop's host
//! leads to the shop.
//!
//! What to do is decided by [`boutique_core::edge`]; this carries it out on top of [`applyset`](crate::applyset) (routes,
//! inventory, lease) and [`helm`](crate::helm) (the controller).

mod apply;
pub(crate) mod certificate;
mod destroy;
mod error;
pub(crate) mod locate;
mod look;
pub(crate) mod observe;
pub(crate) mod reach;
mod read;
mod release;
mod wait;
mod x509;

pub use apply::{EdgeApplied, EdgeRequest, apply};
pub use certificate::CertificateError;
pub use destroy::{EdgeDestroy, destroy};
pub use error::{EdgeError, ReadError};
pub use look::look;
pub use read::{EdgeReading, read};
pub use release::crd_changes;
pub use wait::{Reached, Unreached, finish, wait};
