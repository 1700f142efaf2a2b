//! The error budget of the period, and how much of the period has been watched.

use super::super::pace::Span;
use super::super::rule::Rule;
use super::super::scope::Scope;

/// The period moves slowly and its sums are the most expensive, so they are not made more often than once a minute, nor so
/// seldom that Prometheus takes the last answer for stale (five minutes).
pub(super) const fn interval(scope: &Scope<'_>) -> Span {
    if scope.pace.interval.seconds() > 60 { scope.pace.interval } else { Span::minutes(1) }
}

/// Sums of the shortest window's counts, one after the other, so that each moment's source is the one that was asked then.
///
/// The budget is that of the whole period at the traffic so far: what was bad, times the share of the period that was
/// watched. One bad minute of the first hour costs what it will have cost when the period is full; a shop without
/// requests has spent nothing. Samples that Prometheus no longer keeps are forgotten, so `boutique:slo_window_filled:ratio`
/// stays below one where retention is shorter than the period.
pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    let windows = scope.pace.windows();
    let step = windows.first().copied().unwrap_or(scope.pace.interval);
    let period = period(scope);
    let sum = |name: &str| {
        let counts = scope.recorded(name, &format!(r#"window="{step}""#));
        format!("sum by (sli) (sum_over_time({counts}[{period}:{step}]))")
    };
    let (bad, all) = (sum("boutique:sli_bad:count"), sum("boutique:sli_all:count"));
    let objective = scope.recorded("boutique:slo_objective:ratio", "");
    let watched = scope.recorded("boutique:slo_objective:ratio", r#"sli="requests""#);
    let filled = scope.recorded("boutique:slo_window_filled:ratio", "");
    let seconds = f64::from(step.seconds()) / f64::from(period.seconds());
    vec![
        scope.record(
            "boutique:slo_window_filled:ratio",
            format!("clamp_max(sum(count_over_time({watched}[{period}:{step}])) * {seconds:e}, 1)"),
            [],
        ),
        scope.record(
            "boutique:slo_budget_left:ratio",
            format!(
                "1 - ({bad} / ({all} > 0) or {all} * 0) * on () group_left () {filled} / on (sli) (1 - {objective})"
            ),
            [],
        ),
    ]
}

fn period(scope: &Scope<'_>) -> Span {
    Span::days(u32::try_from(scope.spec.slo.period_days).unwrap_or(30).clamp(1, 366))
}
