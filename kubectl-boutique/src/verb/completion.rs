//! `completion`: scripts for shells, and the link that lets kubectl itself complete this plugin.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Subcommand};
use clap_complete::Shell;

use super::complete::COMPLETER;
use crate::cli::Cli;
use crate::ctx::Ctx;
use crate::error::{Error, Exit};

/// Set up completion by the Tab key
///
/// kubectl asks a program called `kubectl_complete-boutique` to complete this plugin, with live names from the cluster.
/// `completion install` makes that a link to this program, beside it. The shell scripts are for those who call
/// `kubectl-boutique` directly.
#[derive(Debug, Args)]
pub(crate) struct CompletionArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Link `kubectl_complete-boutique` to this program
    Install {
        /// Directory on the PATH; without it, that of this program
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Script for bash
    Bash,
    /// Script for zsh
    Zsh,
    /// Script for fish
    Fish,
    /// Script for PowerShell
    Powershell,
}

pub(crate) fn run(ctx: &Ctx, args: CompletionArgs) -> Result<Exit, Error> {
    let shell = match args.what {
        What::Install { dir } => return install(ctx, dir),
        What::Bash => Shell::Bash,
        What::Zsh => Shell::Zsh,
        What::Fish => Shell::Fish,
        What::Powershell => Shell::PowerShell,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command().bin_name("kubectl-boutique"), "kubectl-boutique", &mut script);
    ctx.out.result(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}

fn install(ctx: &Ctx, dir: Option<PathBuf>) -> Result<Exit, Error> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| Error::File { path, reason: error.to_string() }
    };
    let program = std::env::current_exe().map_err(failed(Path::new("this program")))?;
    let dir = dir.or_else(|| program.parent().map(Path::to_owned)).unwrap_or_default();
    let link = dir.join(format!("{COMPLETER}{}", std::env::consts::EXE_SUFFIX));
    if link.read_link().is_ok_and(|target| target == program) {
        ctx.out.say(&format!("{} is there already", link.display()));
        return Ok(Exit::Ok);
    }
    if link.symlink_metadata().is_ok() {
        let remedy = format!("look at it, and remove it if it is not needed: {}", link.display());
        return Err(Error::Refused {
            reason: format!("{} exists and is no link to this program", link.display()),
            remedy,
        });
    }
    make_link(&program, &link).map_err(failed(&link))?;
    ctx.out.say(&format!(
        "{} now completes `kubectl boutique`; kubectl's own completion must be active in the shell",
        link.display()
    ));
    Ok(Exit::Ok)
}

#[cfg(unix)]
fn make_link(program: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(program, link)
}

/// Symbolic links need a privilege on Windows; a copy does as well.
#[cfg(not(unix))]
fn make_link(program: &Path, link: &Path) -> std::io::Result<()> {
    std::fs::copy(program, link).map(drop)
}
