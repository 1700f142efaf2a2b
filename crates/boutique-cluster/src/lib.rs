//! The only code of boutique that talks to a cluster.

pub mod bounds;
pub mod connect;
pub mod delete;
pub mod event;
pub mod lease;
pub mod list;
pub mod request;
pub mod watch;
