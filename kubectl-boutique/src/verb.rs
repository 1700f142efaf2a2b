//! One module per verb: its flags, and what it does.

pub(crate) mod break_service;
pub(crate) mod buy;
pub(crate) mod complete;
pub(crate) mod completion;
pub(crate) mod faults;
pub(crate) mod gameday;
pub(crate) mod heal;
pub(crate) mod status;
pub(crate) mod version;

/// `apiVersion` of everything that is printed as data. Fields are only ever added to it.
pub(crate) const DATA_VERSION: &str = "boutique.dev/v1";
