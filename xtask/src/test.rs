//! `cargo xtask test`: everything that must hold, cheapest first, ending with the lines of `cargo test`.

use anyhow::Result;

use crate::package::{self, Profile};
use crate::{console, layers, workspace};

/// Runs every tier. A tier that this machine cannot run is named with the reason by the test that needs it.
pub(crate) fn test() -> Result<()> {
    console::step("directions between crates (layers)", layers::check)?;
    console::step("formatting", || workspace::run(&mut workspace::cargo(&["fmt", "--all", "--check"])))?;
    console::step("lints (clippy)", || {
        workspace::output(&mut workspace::cargo(&[
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "--deny",
            "warnings",
        ]))
    })?;
    console::step("the two binaries", || package::package(Profile::Dev))?;
    workspace::run(&mut workspace::cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]))
}
