//! The only code of boutique that talks to a cluster.

pub mod access;
pub mod apply;
pub mod applyset;
pub mod bounds;
pub mod connect;
pub mod delete;
pub mod discovery;
pub mod edge;
pub mod event;
pub mod evidence;
pub mod fault;
pub mod helm;
mod kept;
pub mod lease;
pub mod list;
pub mod monitoring;
pub mod observe;
pub mod outside;
mod port_forward;
pub mod prober;
mod prune;
pub mod purchase;
pub mod request;
pub mod revisions;
pub mod shared;
pub mod storefront;
pub mod watch;
