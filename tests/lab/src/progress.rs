//! What a person sees while the lab builds and starts: one bar per part on a terminal, plain lines elsewhere.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Where progress is shown. Everything goes to stderr; stdout is left to answers.
#[derive(Clone, Debug)]
pub struct Progress(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Bars(MultiProgress),
    Lines,
    Silent,
}

impl Progress {
    /// Bars when stderr is a terminal, one line per finished step when it is not.
    pub fn stderr() -> Self {
        if std::io::stderr().is_terminal() { Self(Kind::Bars(MultiProgress::new())) } else { Self(Kind::Lines) }
    }

    /// Shows nothing.
    pub fn silent() -> Self {
        Self(Kind::Silent)
    }

    /// Says one sentence.
    pub fn say(&self, sentence: &str) {
        match &self.0 {
            // Progress that cannot be shown must not stop the work: a closed stderr is ignored.
            Kind::Bars(bars) => drop(bars.println(sentence)),
            Kind::Lines => drop(writeln!(std::io::stderr(), "{sentence}")),
            Kind::Silent => {}
        }
    }

    /// Begins a step, e.g. "build etcd 3.6.8", of `total` units (unknown: a spinner).
    pub fn begin(&self, title: &str, total: Option<u64>) -> Step {
        let bar = match &self.0 {
            Kind::Bars(bars) => {
                let bar = bars.add(total.map_or_else(ProgressBar::new_spinner, ProgressBar::new));
                bar.set_style(style(total.is_some()));
                bar.set_message(title.to_owned());
                bar.enable_steady_tick(Duration::from_millis(120));
                Some(bar)
            }
            Kind::Lines => {
                self.say(&format!("  {title} …"));
                None
            }
            Kind::Silent => None,
        };
        Step { progress: self.clone(), bar, title: title.to_owned(), begun: Instant::now() }
    }
}

fn style(counted: bool) -> ProgressStyle {
    let template = if counted {
        "  {spinner} {msg:36!} {bar:24} {pos}/{len}  {elapsed}  {prefix:.dim}"
    } else {
        "  {spinner} {msg:36!} {elapsed}  {prefix:.dim}"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// One step under way; dropped without [`Step::done`] it vanishes from the screen.
#[derive(Debug)]
pub struct Step {
    progress: Progress,
    bar: Option<ProgressBar>,
    title: String,
    begun: Instant,
}

impl Step {
    /// One unit is done; `detail` says which.
    pub fn advance(&self, detail: &str) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
            bar.set_prefix(detail.to_owned());
        }
    }

    /// How long the step has taken so far.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The step is finished; a line with its duration stays.
    pub fn done(mut self) -> Duration {
        let elapsed = self.begun.elapsed();
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.progress.say(&format!("✔ {} ({})", self.title, human(elapsed)));
        elapsed
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// A duration as people say it: `0.4 s`, `12 s`, `3 min 5 s`.
pub fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_like_speech() {
        assert_eq!(human(Duration::from_millis(430)), "0.4 s");
        assert_eq!(human(Duration::from_secs(12)), "12 s");
        assert_eq!(human(Duration::from_secs(185)), "3 min 5 s");
    }
}
