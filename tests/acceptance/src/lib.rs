//! The two real binaries against real terraform and a real cluster.
