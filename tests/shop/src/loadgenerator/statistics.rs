//! What the users met, as a table.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How many recent durations the median is taken of.
const RECENT: usize = 200;

#[derive(Debug)]
pub(super) struct Statistics {
    since: Instant,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    requests: BTreeMap<(String, String), Row>,
    errors: BTreeMap<String, u64>,
}

#[derive(Debug, Default, Clone)]
struct Row {
    count: u64,
    failures: u64,
    total: Duration,
    shortest: Option<Duration>,
    longest: Duration,
    recent: Vec<Duration>,
}

impl Default for Statistics {
    fn default() -> Self {
        Self { since: Instant::now(), kept: Mutex::default() }
    }
}

impl Statistics {
    /// Counts a request and what went wrong with it.
    pub(super) fn record(&self, method: &str, path: &str, took: Duration, error: Option<String>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let row = kept.requests.entry((path.to_owned(), method.to_owned())).or_default();
        row.recent.truncate(RECENT - 1);
        row.recent.insert(0, took);
        row.add(&Row {
            count: 1,
            failures: u64::from(error.is_some()),
            total: took,
            shortest: Some(took),
            longest: took,
            recent: Vec::new(),
        });
        if let Some(error) = error {
            *kept.errors.entry(format!("{method} {path}: {error}")).or_default() += 1;
        }
    }

    /// One line per method and path, the sum, and the errors.
    pub(super) fn table(&self) -> String {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = self.since.elapsed().as_secs_f64().max(0.001);
        let rule = format!("{:-<8}|{:-<32}|{:-<8}|{:-<17}|{:-<32}|{:-<8}\n", "", "", "", "", "", "");
        let mut table = format!(
            "{:8}|{:32}|{:>7} |{:>16} |{:>7} {:>7} {:>7} {:>7} |{:>7}\n{rule}",
            "Type", "Name", "# reqs", "# fails", "Avg", "Min", "Max", "Med", "req/s"
        );
        let mut sum = Row::default();
        for ((path, method), row) in &kept.requests {
            row.print(&mut table, method, path, seconds);
            sum.add(row);
        }
        table.push_str(&rule);
        sum.print(&mut table, "", "Aggregated", seconds);
        for (error, count) in &kept.errors {
            writeln!(table, "{count:>8} × {error}").ok();
        }
        table
    }
}

impl Row {
    fn add(&mut self, other: &Row) {
        self.count += other.count;
        self.failures += other.failures;
        self.total += other.total;
        self.longest = self.longest.max(other.longest);
        self.shortest = [self.shortest, other.shortest].into_iter().flatten().min();
        self.recent.extend(&other.recent);
    }

    fn print(&self, table: &mut String, method: &str, path: &str, seconds: f64) {
        let share = 100.0 * self.failures as f64 / self.count.max(1) as f64;
        let average = self.total.as_secs_f64() * 1000.0 / self.count.max(1) as f64;
        let mut recent = self.recent.clone();
        recent.sort_unstable();
        writeln!(
            table,
            "{method:8}|{path:32}|{:>7} |{:>7}({share:>6.2}%) |{average:>7.0} {:>7} {:>7} {:>7} |{:>7.2}",
            self.count,
            self.failures,
            self.shortest.unwrap_or_default().as_millis(),
            self.longest.as_millis(),
            recent.get(recent.len() / 2).copied().unwrap_or_default().as_millis(),
            self.count as f64 / seconds,
        )
        .ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_counts_requests_failures_and_errors() {
        let statistics = Statistics::default();
        for millis in [10, 20, 60] {
            statistics.record("GET", "/", Duration::from_millis(millis), None);
        }
        statistics.record("GET", "/cart", Duration::from_millis(7), Some("500 for url /cart".to_owned()));
        let table = statistics.table();
        let line = |start: &str| table.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
        assert!(
            line("GET     |/    ").contains("      3 |      0(  0.00%) |     30      10      60      20 |"),
            "{table}"
        );
        assert!(line("        |Aggregated").contains("      4 |      1( 25.00%)"), "{table}");
        assert!(table.contains("1 × GET /cart: 500 for url /cart"), "{table}");
    }
}
