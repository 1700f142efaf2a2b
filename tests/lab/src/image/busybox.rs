//! busybox from Debian's package, for the load generator's init container.
//!
//! The dynamically linked build: the `wget` of the static one never comes back in the load generator's init container.
//! (In both, `wget -T` crashes; upstream does not use it.)

use anyhow::Result;

use super::libraries::{Missing, libraries};
use super::{Entry, Image};
use crate::cache::Cache;
use crate::debian::Sysroot;
use crate::progress::Progress;

/// The commands that the image offers as links; in its own shell all of busybox' commands work.
const COMMANDS: [&str; 20] = [
    "awk", "cat", "cut", "date", "echo", "env", "false", "grep", "head", "id", "ls", "nc", "nslookup", "sed", "seq",
    "sh", "sleep", "timeout", "true", "wget",
];

/// The image under these names. A name may carry a digest (`…/busybox@sha256:…`): containerd finds an image by its
/// name and does not compare the digest with what is stored.
///
/// # Errors
/// When Debian's package cannot be fetched.
pub fn busybox(cache: &Cache, names: Vec<String>, progress: &Progress) -> Result<Image> {
    let mut files = shell(cache, progress)?;
    files.push(Entry::Folder { path: "/tmp".to_owned(), mode: 0o1777 });
    Ok(Image { names, args: vec!["sh".to_owned()], files, ..Image::default() })
}

/// busybox, its libraries and its commands in `/bin`.
pub(crate) fn shell(cache: &Cache, progress: &Progress) -> Result<Vec<Entry>> {
    let sysroot = Sysroot::with(cache, &["busybox"], progress)?;
    let program = sysroot.program("busybox")?;
    let mut files = libraries(std::slice::from_ref(&program), &sysroot.library_path(), Missing::Refuse)?;
    files.push(Entry::program("/bin/busybox", program));
    files.extend(COMMANDS.map(|name| Entry::Link { path: format!("/bin/{name}"), to: "busybox".to_owned() }));
    Ok(files)
}
