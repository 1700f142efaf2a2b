//! Redis from the distribution's package, with the libraries it needs.

use anyhow::Result;

use super::libraries::{Missing, libraries};
use super::{Entry, Image};
use crate::cache::Cache;
use crate::debian::Sysroot;
use crate::progress::Progress;

/// The image under these names: `redis-server` and `redis-cli`, data in `/data`, nothing saved, open to the cluster.
///
/// # Errors
/// When Debian's packages cannot be fetched, or a library of the program is found nowhere.
pub fn redis(cache: &Cache, names: Vec<String>, progress: &Progress) -> Result<Image> {
    let sysroot = Sysroot::with(cache, &["redis-server", "redis-tools"], progress)?;
    let programs = [sysroot.program("redis-server")?, sysroot.program("redis-cli")?];
    let mut files = libraries(&programs, &sysroot.library_path(), Missing::Refuse)?;
    for (name, program) in ["redis-server", "redis-cli"].iter().zip(programs) {
        files.push(Entry::program(format!("/usr/local/bin/{name}"), program));
    }
    files.push(Entry::Folder { path: "/data".to_owned(), mode: 0o777 });
    files.push(Entry::Folder { path: "/tmp".to_owned(), mode: 0o1777 });
    let args = ["--save", "", "--protected-mode", "no", "--dir", "/data"];
    Ok(Image {
        names,
        entrypoint: vec!["redis-server".to_owned()],
        args: args.map(str::to_owned).to_vec(),
        files,
        user: "1000".to_owned(),
        folder: "/data".to_owned(),
        ..Image::default()
    })
}
