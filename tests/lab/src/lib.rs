//! A real Kubernetes cluster on this machine, from package registries alone.
//!
//! A [`Lab`] is built from Go modules into a cache of the user (only what the asked mode needs, each part once), and
//! run from one folder with a kubeconfig of its own. Two modes: [`Mode::Sim`], a real control plane with simulated
//! nodes, anywhere; [`Mode::Node`], one real node with real pods, on Linux as root, in network, mount and PID
//! namespaces of its own, so that the host keeps its interfaces, firewall rules and mounts.
//!
//! ```no_run
//! use boutique_lab::{Lab, Mode, Options, Progress};
//!
//! let lab = Lab::named("demo")?;
//! let running = lab.up(Mode::Sim { nodes: 3 }, &Options::default(), &Progress::stderr())?;
//! assert!(running.kubeconfig.exists());
//! lab.down(&Progress::stderr())?;
//! # anyhow::Ok(())
//! ```
//!
//! Its processes outlive the program that started them. What belongs to a lab is written down before it is made, so
//! that [`Lab::up`] and [`Lab::down`] also clean up after a launcher or a component that was killed.

mod api;
mod build;
mod cache;
pub mod cli;
mod control_plane;
mod cut;
mod debian;
mod helm;
pub mod image;
mod kubeconfig;
mod lab;
mod node;
mod part;
mod pki;
mod process;
mod progress;
mod promtool;
mod record;
mod running;
mod sim;
mod start;
mod terraform;

pub use api::Api;
pub use build::{build, fetch_ahead};
pub use cache::{Cache, copy_folder};
pub use helm::{helm, helm3};
pub use image::Image;
pub use lab::{Lab, Options, Status};
pub use part::{KUBERNETES, Part};
pub use pki::Validity;
pub use process::Process;
pub use progress::{Progress, Step, human};
pub use promtool::promtool;
pub use record::Mode;
pub use running::{Identity, Running};
pub use terraform::terraform;
