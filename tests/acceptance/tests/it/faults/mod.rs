//! Faults on a real node: each is predicted, done, undone, and all is as before, whatever becomes of the program meanwhile.

mod company;
mod gamedays;
mod killed;
mod matrix;
mod proof;

use boutique_acceptance::lab;
use boutique_acceptance::room::{MEASURED_SHOP, Room, SMALL_SHOP, room};
use boutique_acceptance::stack::Stack;

/// Without a load generator: whoever measures sends requests enough.
const QUIET: &str = "load_generator = { enabled = false }\n  wait = { until = \"purchase\" }";

/// A small shop of a test that sells, in a room of its own.
fn shop(test: &str) -> (Room, Stack) {
    let node = lab::node();
    // A campaign has the machine for itself.
    let room = room(if std::env::var_os("BOUTIQUE_PROOF").is_some() { SMALL_SHOP } else { MEASURED_SHOP });
    (room, Stack::applied(node, test, QUIET))
}

/// A number from the environment, for campaigns.
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|value| value.parse().ok())
}
