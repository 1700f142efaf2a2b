//! A framework to write Terraform providers in Rust.
//!
//! The author of a resource writes a struct, which is schema, configuration, plan and state in one, and four `async`
//! functions. This is a whole provider; a test of this crate serves it to real Terraform:
//!
//! ```no_run
#![doc = include_str!("../examples/tiny.rs")]
//! ```
//!
//! # Known, null, unknown
//!
//! Every field of a model is a [`Value<T>`]: known, null, or unknown until apply. The cases are variants, so reading a
//! value that may not be there yet does not compile until the code says what happens then: [`Value::known`] asks,
//! [`Value::require`] turns the other cases into a diagnostic with a path. Collections are [`List<T>`], [`Map<T>`] and
//! [`Set<T>`], whose elements are values too, because any single element may be unknown. `T` is a text, a bool, an
//! integer, a float, a [`Number`] with all its digits, a [`Secret`] that does not print itself, [`Any`], a collection, or
//! another model, which becomes a nested attribute.
//!
//! # What happens to a plan
//!
//! 1. Terraform merges configuration and prior state to a proposal.
//! 2. Defaults stand where configuration is silent; write-only values go.
//! 3. If the proposal differs from the prior state, computed attributes on which configuration is silent become unknown,
//!    unless they are marked `use_state_for_unknown` and have a value.
//! 4. [`Resource::modify_plan`] may change the rest.
//! 5. Changed attributes marked `requires_replace` replace the object.
//! 6. The result is checked as Terraform will check it. What it would refuse is reported as a bug of the provider, with the
//!    path, the configuration and the plan.
//!
//! The answer of an apply is checked against the plan in the same way.
//!
//! # Nothing that exists is lost
//!
//! Operations answer [`Outcome`]: a value with warnings, or a [`Failure`] that may carry state. As soon as something
//! exists, [`Context::checkpoint`] saves it; that is what Terraform keeps if `?` leaves the function, if it panics, if the
//! practitioner interrupts Terraform or the operation's time is over and the function does not end within
//! [`Provider::grace`]. [`Context::cancelled`] says when to end, and why. Operations run in tasks of their own and are not
//! dropped when a connection is.
//!
//! # Looking inside
//!
//! `tracing` events reach Terraform's log with their level and fields when `TF_LOG`, `TF_LOG_PROVIDER` or
//! `TF_LOG_PROVIDER_<NAME>` ask for them; fields whose names sound secret are masked. Started with `--debug`, a provider
//! runs on its own, in a debugger for example, and prints the `TF_REATTACH_PROVIDERS` that makes Terraform use it.
//!
//! # Limits
//!
//! Protocol 6 alone, which Terraform speaks from 1.0 on. Managed and [ephemeral](Ephemeral) resources only so far: no data
//! sources, functions, identities, actions or list resources; Terraform is told so and asks for none. Inside of sets
//! there are neither defaults nor plan behaviour, because their elements have no identity.

extern crate self as tfplugin_rs;

mod checks;
pub mod codec;
mod convert;
mod diagnostic;
pub mod ephemeral;
pub mod model;
mod path;
mod planning;
pub mod provider;
pub mod resource;
pub mod schema;
mod serve;
mod server;
pub mod value;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use ephemeral::{Ephemeral, EphemeralContext, Opened};
pub use model::{GoDuration, Model, Timeouts};
pub use path::{Path, Step};
pub use provider::{Configure, NoConfig, Provider, Registered};
pub use resource::{
    Answer, Change, Context, Create, Failure, Operation, Outcome, Plan, Private, Reason, Resource, Update, Upgrade,
};
pub use serve::serve;
pub use server::check;
pub use tfplugin_derive::Model;
pub use value::{Any, Dynamic, List, Map, Number, Secret, Set, Type, Value};
