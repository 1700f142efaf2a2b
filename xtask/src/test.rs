//! `cargo xtask test`: everything that must hold, cheapest first, ending with the lines of `cargo test`.

use anyhow::Result;

use crate::package::{self, Profile};
use crate::{console, layers, workspace};

const ACCEPTANCE: &str = "boutique-acceptance";
/// Acceptance tests that run at the same time, whatever the number of cores: they mostly wait, for pods, leases, back-offs.
const AT_ONCE: &str = "4";

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
    let rest = ["test", "--workspace", "--exclude", ACCEPTANCE, "--locked", "--no-fail-fast"];
    let acceptance = ["test", "--package", ACCEPTANCE, "--locked", "--no-fail-fast"];
    let rest = workspace::run(&mut workspace::cargo(&rest));
    let acceptance = workspace::run(workspace::cargo(&acceptance).env("RUST_TEST_THREADS", AT_ONCE));
    rest.and(acceptance)
}
