//! Words that somebody who does not know Kubernetes cannot know, explained where each stands for the first time.

/// A word as texts of the reports mark it (`*pod*`), and what it means.
const TERMS: &[(&str, &str)] = &[
    ("Online Boutique", "the web shop that was tested: a dozen small programs that work together"),
    (
        "gameday",
        "failure practised on purpose: parts of a running shop are broken in a controlled way, to see whether customers would notice and how it recovers",
    ),
    ("fault", "something made to go wrong on purpose, for a limited time, and undone afterwards"),
    ("service", "one of the programs the shop is made of, for example the one that keeps the carts"),
    ("pod", "one running copy of a service"),
    ("cluster", "the computers the shop runs on, managed by Kubernetes"),
    ("namespace", "the part of the cluster that holds this shop"),
    ("API server", "the part of Kubernetes that takes orders; every change goes through it"),
    ("prediction", "what the program said would happen to each page, before it happened"),
    (
        "steady state",
        "the shop as it is when all is well; looked at before each fault, because what is broken already proves nothing",
    ),
    ("expectation", "a bar that was set beforehand and that the shop clears or does not"),
    ("availability", "the share of requests that were answered the way a healthy shop answers them"),
    (
        "95 % sure",
        "chance plays a part in any sample; the true availability lies above this figure with 95 % confidence",
    ),
    ("error budget", "what a promise of 99.9 % leaves for failure: 43 minutes and 12 seconds in 30 days"),
    ("alert", "the message by which monitoring tells people that something is wrong"),
    ("Prometheus", "the program that measures the shop all the time and raises alerts"),
    ("p50", "half of all answers came faster than this"),
    ("p95", "19 of 20 answers came faster than this"),
    ("p99", "99 of 100 answers came faster than this"),
    ("manifest digest", "a fingerprint of everything that was deployed"),
];

/// How a report shows a word.
pub(super) struct Terms {
    told: Vec<&'static str>,
    /// A word for the first time, with its meaning.
    first: fn(&str, &str) -> String,
    /// Everything else.
    plain: fn(&str) -> String,
}

impl Terms {
    pub(super) fn new(first: fn(&str, &str) -> String, plain: fn(&str) -> String) -> Self {
        Self { told: Vec::new(), first, plain }
    }

    /// A text in which words between asterisks are terms, maybe in the plural or with a capital.
    pub(super) fn text(&mut self, text: &str) -> String {
        let mut out = String::new();
        for (index, part) in text.split('*').enumerate() {
            let known = (index % 2 == 1).then(|| term(part)).flatten();
            match known {
                Some((name, meaning)) if !self.told.contains(&name) => {
                    self.told.push(name);
                    out.push_str(&(self.first)(part, meaning));
                }
                _ => out.push_str(&(self.plain)(part)),
            }
        }
        out
    }
}

fn term(word: &str) -> Option<(&'static str, &'static str)> {
    let same = |name: &str| {
        let lower = word.to_lowercase();
        let name = name.to_lowercase();
        lower == name || lower.strip_suffix('s') == Some(name.as_str())
    };
    TERMS.iter().copied().find(|(name, _)| same(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_explained_once_and_where_it_first_stands() {
        let mut terms = Terms::new(|word, meaning| format!("<{word}: {meaning}>"), str::to_owned);
        assert_eq!(terms.text("two *pods*"), "two <pods: one running copy of a service>");
        assert_eq!(terms.text("a *pod* and nothing else"), "a pod and nothing else");
    }
}
