//! A framework to write Terraform providers in Rust.

extern crate self as tfplugin_rs;

mod checks;
pub mod codec;
mod convert;
mod diagnostic;
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
pub use model::{GoDuration, Model, Timeouts};
pub use path::{Path, Step};
pub use provider::{Configure, NoConfig, Provider, Registered};
pub use resource::{
    Answer, Change, Context, Create, Failure, Operation, Outcome, Plan, Private, Reason, Resource, Update, Upgrade,
};
pub use serve::serve;
pub use tfplugin_derive::Model;
pub use value::{Any, Dynamic, List, Map, Number, Secret, Set, Type, Value};
