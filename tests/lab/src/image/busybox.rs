//! busybox from Debian's static build, for the load generator's init container.

use anyhow::Result;

use super::{Entry, Image};
use crate::cache::Cache;
use crate::debian::Sysroot;
use crate::progress::Progress;

/// The commands that the image offers as links.
const COMMANDS: [&str; 14] =
    ["sh", "cat", "date", "echo", "env", "false", "grep", "ls", "nslookup", "sleep", "test", "true", "wget", "nc"];

/// The image under these names. A name may carry a digest (`…/busybox@sha256:…`): containerd finds an image by its
/// name and does not compare the digest with what is stored.
///
/// # Errors
/// When Debian's package cannot be fetched.
pub fn busybox(cache: &Cache, names: Vec<String>, progress: &Progress) -> Result<Image> {
    let program = Sysroot::with(cache, &["busybox-static"], progress)?.program("busybox")?;
    let mut files =
        vec![Entry::program("/bin/busybox", program), Entry::Folder { path: "/tmp".to_owned(), mode: 0o1777 }];
    files.extend(COMMANDS.map(|name| Entry::Link { path: format!("/bin/{name}"), to: "busybox".to_owned() }));
    Ok(Image { names, entrypoint: Vec::new(), args: vec!["sh".to_owned()], files, ..Image::default() })
}
