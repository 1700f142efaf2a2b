//! `cargo xtask test`: everything that must hold, cheapest first, ending with the lines of `cargo test`.

use anyhow::Result;
use boutique_lab::{Cache, Part, Progress, image};

use crate::console::{at_once, done, step_among};
use crate::package::{self, Profile};
use crate::{layers, workspace};

const ACCEPTANCE: &str = "boutique-acceptance";
/// Tests of one binary that run at the same time, whatever the number of cores: they mostly wait, for pods, leases,
/// back-offs.
const AT_ONCE: &str = "4";
/// The same for the acceptance tests, of which each drives one shop.
const SHOPS_AT_ONCE: &str = "6";

/// Runs every tier. A tier that this machine cannot run is named with the reason by the test that needs it.
pub(crate) fn test() -> Result<()> {
    let progress = Progress::stderr();
    // At the same time as cargo's work: each compiler leaves cores idle while it fetches and links.
    let programs = at_once(&progress, programs_of_the_tests);
    step_among(&progress, "directions between crates (layers)", layers::check)?;
    step_among(&progress, "formatting", || workspace::run(&mut workspace::cargo(&["fmt", "--all", "--check"])))?;
    step_among(&progress, "lints (clippy)", || {
        let clippy = ["clippy", "--quiet", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
        workspace::output(&mut workspace::cargo(&clippy))
    })?;
    step_among(&progress, "the two binaries", || package::package(Profile::Dev))?;
    step_among(&progress, "compile the tests", || {
        workspace::output(&mut workspace::cargo(&["test", "--workspace", "--locked", "--no-run"]))
    })?;
    done(programs)?;

    // One after the other: together they ask more of two cores than the bounds of their waits allow for.
    let rest = ["test", "--workspace", "--exclude", ACCEPTANCE, "--locked", "--no-fail-fast"];
    let acceptance = ["test", "--package", ACCEPTANCE, "--locked", "--no-fail-fast"];
    let rest = workspace::run(workspace::cargo(&rest).env("RUST_TEST_THREADS", AT_ONCE));
    let acceptance = workspace::run(workspace::cargo(&acceptance).env("RUST_TEST_THREADS", SHOPS_AT_ONCE));
    rest.and(acceptance)
}

/// Builds what the tests run beside the workspace's own binaries: the parts of both labs, helm, an ingress controller, what
/// watches a shop, terraform where there is none, and the stand-in for the shop's services. A test that finds one missing
/// builds it, too.
fn programs_of_the_tests(progress: &Progress) -> Result<()> {
    let cache = Cache::of_user()?;
    let parts = [Part::REAL, &[Part::NETPOL, Part::KWOK, Part::HELM, Part::TRAEFIK], Part::MONITORING].concat();
    boutique_lab::fetch_ahead(&cache, &parts);
    for part in &parts {
        boutique_lab::build(&cache, part, progress)?;
    }
    boutique_lab::terraform(progress)?;
    image::build_lite(progress)?;
    Ok(())
}
