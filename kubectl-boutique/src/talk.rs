//! `-v`: what the libraries say while they work, on stderr.

use tracing_subscriber::EnvFilter;

/// Starts logging at kubectl's levels: 0 is silent, 6 names every request, 8 also tells what the client below does.
/// `BOUTIQUE_LOG` overrides it with a filter of the `tracing` crates.
pub(crate) fn start(verbosity: u8) {
    let filter = std::env::var("BOUTIQUE_LOG").ok().map(EnvFilter::new).unwrap_or_else(|| match verbosity {
        0..6 => EnvFilter::new("off"),
        6..8 => EnvFilter::new("boutique=debug,boutique_cluster=debug"),
        8.. => EnvFilter::new("debug"),
    });
    // Fails only when a subscriber is set already, as in tests.
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(false)
        .try_init();
}
