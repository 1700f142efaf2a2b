//! `cargo xtask prove NAME`: a campaign in full, judged by an expectation that was committed before, with a dated result.

mod campaign;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use boutique_lab::{Cache, Lab, Part, Progress, human};
use clap::Args;

use crate::{console, workspace};
use campaign::Campaign;

/// The lab of `tests/acceptance` that runs upstream's own services; nothing else needs it.
const UPSTREAM_LAB: &str = "test-upstream";

#[derive(Args)]
pub(crate) struct ProveArgs {
    /// Which campaign
    #[arg(value_enum)]
    name: Campaign,
    /// Where randomness begins; noted in the result
    #[arg(long, default_value_t = 20)]
    seed: u64,
    /// A git checkout of upstream's repository, for upstream-table and upstream-faults
    #[arg(long, value_name = "PATH", required_if_eq_any([("name", "upstream-table"), ("name", "upstream-faults")]))]
    upstream: Option<PathBuf>,
}

/// Runs a campaign and writes its result to `docs/proof`, whatever it is.
pub(crate) fn prove(args: &ProveArgs) -> Result<()> {
    let name = args.name.name();
    let git =
        |arguments: &[&str]| workspace::output(Command::new("git").current_dir(workspace::root()).args(arguments));
    let changed = git(&["status", "--porcelain"])?;
    ensure!(changed.is_empty(), "commit first: a result names the commit that it judges; changed are\n{changed}");
    let commit = git(&["rev-parse", "HEAD"])?;
    let given = Given::prepare(args)?;

    let begun = Instant::now();
    let (mut said, mut holds) = (String::new(), true);
    let page = workspace::target_dir().join("proof").join(format!("{name}.md"));
    fs::create_dir_all(page.with_file_name("")).context("the folder of the page that the tests write")?;
    fs::write(&page, "").with_context(|| format!("cannot write {}", page.display()))?;
    for &(package, test, filter) in args.name.tests() {
        let mut test = workspace::cargo(&[
            "test",
            "--locked",
            "--package",
            package,
            "--test",
            test,
            "--",
            "--nocapture",
            "--include-ignored",
        ]);
        test.args((!filter.is_empty()).then_some(filter));
        test.envs(args.name.variables().iter().copied()).env("BOUTIQUE_SEED", args.seed.to_string());
        test.envs(given.variables.iter().map(|(name, value)| (name, value))).env("BOUTIQUE_PROOF", &page);
        holds &= watched(&mut test, &mut said)?;
    }
    let page = fs::read_to_string(&page).context("the page that the tests write")?;
    if matches!(args.name, Campaign::UpstreamTable | Campaign::UpstreamFaults) {
        Lab::named(UPSTREAM_LAB)?.down(&Progress::stderr())?;
    }

    let verdict = if holds { "holds" } else { "BROKEN" };
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let file = workspace::root().join("docs/proof").join(format!("{date}-{name}.md"));
    let text = format!(
        "# {name}: {verdict}\n\n- date: {date}\n- commit: {}\n- seed: {}\n{}- took: {}\n\n## Expected\n\n{}\n\n{}## Said\n\n```\n{}\n```\n",
        commit.trim(),
        args.seed,
        given.note,
        human(begun.elapsed()),
        args.name.expectation(),
        if page.is_empty() { String::new() } else { format!("## Seen\n\n{page}\n") },
        relevant(&said),
    );
    fs::create_dir_all(workspace::root().join("docs/proof")).context("docs/proof")?;
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    console::say(format!("{name} {verdict}: {}", file.display()));
    if !holds {
        bail!("{name} is broken:\n{}", workspace::last_lines(&said, 40));
    }
    Ok(())
}

/// Runs tests, shows their lines as they come, and keeps all of them. Answers whether the tests passed.
fn watched(test: &mut Command, said: &mut String) -> Result<bool> {
    let (reader, writer) = std::io::pipe().context("a pipe")?;
    test.stdout(writer.try_clone().context("a pipe")?).stderr(writer);
    let mut child = test.spawn().context("cannot start cargo")?;
    // The command holds the pipe's other end, and the lines would never end.
    test.stdout(Stdio::null()).stderr(Stdio::null());
    for line in BufReader::new(reader).split(b'\n') {
        let line = line.context("what cargo says")?;
        let line = String::from_utf8_lossy(&line);
        if tells(&line) {
            console::say(&line);
        }
        said.push_str(&line);
        said.push('\n');
    }
    Ok(child.wait().context("cargo's end")?.success())
}

/// What a campaign needs beyond the workspace.
#[derive(Default)]
struct Given {
    variables: Vec<(&'static str, PathBuf)>,
    /// What the result says of it, as a line of its list.
    note: String,
}

impl Given {
    fn prepare(args: &ProveArgs) -> Result<Self> {
        match args.name {
            Campaign::Kills | Campaign::Table | Campaign::Faults | Campaign::Undo | Campaign::ThreeNines => {
                Ok(Self::default())
            }
            Campaign::UpstreamTable | Campaign::UpstreamFaults => {
                let checkout = args.upstream.as_deref().context("the campaign needs --upstream")?;
                let checkout = checkout.canonicalize().with_context(|| format!("--upstream {}", checkout.display()))?;
                let git =
                    |arguments: &[&str]| workspace::output(Command::new("git").current_dir(&checkout).args(arguments));
                let (commit, version) = (git(&["rev-parse", "HEAD"])?, git(&["describe", "--tags", "--always"])?);
                let note = format!("- upstream: {} ({})\n", version.trim(), commit.trim());
                Ok(Self { variables: vec![("BOUTIQUE_UPSTREAM", checkout)], note })
            }
            Campaign::Tofu => {
                let tofu = boutique_lab::build(&Cache::of_user()?, &Part::TOFU, &Progress::stderr())?.join("tofu");
                let note = format!("- {} {}\n", Part::TOFU.name, Part::TOFU.version);
                Ok(Self { variables: vec![("BOUTIQUE_TERRAFORM", tofu)], note })
            }
        }
    }
}

/// The lines about tests, and what a panic said; how cargo built them is no result.
fn relevant(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    let after_panic = |at: usize| at > 0 && lines[at - 1].contains("panicked at");
    let told = (0..lines.len()).filter(|&at| tells(lines[at]) || after_panic(at)).map(|at| lines[at]);
    told.collect::<Vec<_>>().join("\n")
}

/// Whether a line is about a test.
fn tells(line: &str) -> bool {
    line.starts_with("test ") || line.starts_with("round ") || line.contains("panicked at")
}
