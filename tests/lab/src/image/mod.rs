//! Container images made of host files, without registry or container engine.

mod archive;
mod busybox;
mod f5;
mod libraries;
mod monitoring;
mod redis;
mod shop;
mod stand_ins;
mod traefik;
mod upstream;

pub use archive::write_archive;
pub use busybox::busybox;
pub use f5::{F5, f5};
pub use monitoring::{
    BLACKBOX_EXPORTER, COLLECTOR, CONFIG_RELOADER, KUBE_STATE_METRICS, NODE_EXPORTER, PROMETHEUS, PROMETHEUS_OPERATOR,
    collector, monitoring, node_exporter,
};
pub use redis::redis;
pub use shop::{SERVICES, shop};
pub use stand_ins::{REGISTRY, TAG, build_lite, stand_ins};
pub use traefik::{TRAEFIK, traefik};
pub use upstream::upstream;

use std::path::PathBuf;

/// An image to be made: one layer of files and how it is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Full references, e.g. `docker.io/library/redis:alpine`; all name the same image.
    pub names: Vec<String>,
    /// What is run.
    pub entrypoint: Vec<String>,
    /// Its default arguments.
    pub args: Vec<String>,
    /// What the image holds.
    pub files: Vec<Entry>,
    /// Environment, name and value.
    pub env: Vec<(String, String)>,
    /// User it runs as, e.g. `1000`; empty is root.
    pub user: String,
    /// Working folder; empty is `/`.
    pub folder: String,
}

/// One thing in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file of the host, at an absolute path, with its mode.
    File {
        /// Where it is in the image.
        path: String,
        /// Where it is on the host; links are followed.
        from: PathBuf,
        /// Permissions, e.g. `0o755`.
        mode: u32,
    },
    /// A small file with this content, mode 644.
    Text {
        /// Where it is in the image.
        path: String,
        /// Its content.
        text: String,
    },
    /// An empty folder.
    Folder {
        /// Where it is in the image.
        path: String,
        /// Permissions, e.g. `0o1777`.
        mode: u32,
    },
    /// A folder of the host with all in it: modes, links and times stay, because Python compiles anew what seems changed.
    Tree {
        /// Where it is in the image.
        path: String,
        /// Where it is on the host.
        from: PathBuf,
        /// Names of files and folders that are left out, at any depth.
        without: Vec<String>,
    },
    /// A symbolic link.
    Link {
        /// Where it is in the image.
        path: String,
        /// What it points to.
        to: String,
    },
}

impl Entry {
    /// A program of the host.
    pub fn program(path: impl Into<String>, from: impl Into<PathBuf>) -> Self {
        Self::File { path: path.into(), from: from.into(), mode: 0o755 }
    }

    pub(crate) fn path(&self) -> &str {
        match self {
            Self::File { path, .. }
            | Self::Text { path, .. }
            | Self::Folder { path, .. }
            | Self::Tree { path, .. }
            | Self::Link { path, .. } => path,
        }
    }
}
