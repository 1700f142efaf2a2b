//! What goes wrong around a controller's Helm release, through real terraform: killed programs, a faulty API server, a
//! change that fails in the middle, Ctrl-C. On simulated nodes; every test has a release, a class and a chart of its own.

mod door;
mod failing;
mod interrupting;
mod killing;
mod refreshing;
mod secrets;
mod server;
