//! The only code of boutique that talks to a cluster.
