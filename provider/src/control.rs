//! The control run of tests: applies without inventory and lease, and Helm releases that nobody puts right, which the checks of
//! killed applies must notice.
//!
//! It is a variable of the environment and no setting of the provider's, because nobody is to use it; and a binary built
//! with another feature would not be the one that ships. Whoever sets it is told so by every apply.

use tfplugin_rs::Answer;

const VARIABLE: &str = "BOUTIQUE_TEST_SAFEGUARDS";

/// Whether this is a control run.
pub(crate) fn is_on() -> bool {
    std::env::var_os(VARIABLE).is_some_and(|value| value == "off")
}

/// The answer, with a warning if this is a control run.
pub(crate) fn warn<M>(answer: Answer<M>) -> Answer<M> {
    if !is_on() {
        return answer;
    }
    answer.warn(
        "This apply was not safe",
        format!(
            "{VARIABLE}=off is meant for tests of this provider: two applies may now write at once, and nobody finds what an \
             apply that dies has made. Unset it and apply again."
        ),
    )
}
