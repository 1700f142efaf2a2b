//! Durations on the command line, as kubectl takes them.

pub(crate) use boutique_core::duration::parse;
