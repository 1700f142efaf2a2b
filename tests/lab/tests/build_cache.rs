//! The cache of built parts: nothing half-built is used, nothing is built twice, a full disk is said.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::Command;

use boutique_lab::{Cache, Part, Progress, build};

/// The smallest part there is: seconds to build.
const PART: &Part = &Part::PAUSE;

#[test]
fn what_a_killed_build_left_is_not_used_and_does_not_disturb_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path());
    let probe = build(&cache, PART, &Progress::silent()).unwrap();
    let half = cache.bin().join(format!(".half-{}", probe.file_name().unwrap().display()));
    fs::remove_dir_all(&probe).unwrap();
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("pause"), "half a program").unwrap();

    let built = build(&cache, PART, &Progress::silent()).unwrap();

    assert!(fs::metadata(built.join("pause")).unwrap().len() > 100_000);
    assert!(!half.exists());
}

#[test]
fn two_builders_of_one_part_build_it_once_and_a_third_builds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path());
    let both = [(); 2].map(|()| {
        let cache = cache.clone();
        std::thread::spawn(move || build(&cache, PART, &Progress::silent()).unwrap())
    });
    let [first, second] = both.map(|thread| thread.join().unwrap());
    assert_eq!(first, second);
    let made = || fs::metadata(first.join("pause")).unwrap().modified().unwrap();
    let before = made();
    build(&cache, PART, &Progress::silent()).unwrap();
    assert_eq!(made(), before);
}

/// A file system of one megabyte, gone when dropped.
struct TinyDisk<'a>(&'a Path);

impl<'a> TinyDisk<'a> {
    fn at(folder: &'a Path) -> Option<Self> {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tiny"]).arg(folder).output().ok()?;
        mount.status.success().then_some(Self(folder))
    }
}

impl Drop for TinyDisk<'_> {
    fn drop(&mut self) {
        Command::new("umount").arg(self.0).status().unwrap();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said_in_one_sentence_and_the_next_build_works() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path());
    {
        let Some(_disk) = TinyDisk::at(folder.path()) else {
            assert!(!is_root(), "root can mount");
            return;
        };
        let error = build(&cache, PART, &Progress::silent()).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.starts_with("pause 1 could not be built: the disk is full"), "{text}");
        assert!(text.contains("log: "), "{text}");
        assert_eq!(fs::read_dir(cache.bin()).unwrap().count(), 0, "the half-built part is removed");
    }
    build(&cache, PART, &Progress::silent()).unwrap();
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|answer| answer.stdout == b"0\n")
}
