//! The error budget is spent too fast: two windows, four speeds.

use super::super::pace::Span;
use super::super::rule::Rule;
use super::super::scope::{Scope, number};
use super::super::slo::{AVAILABILITY, LATENCY};
use super::Says;

/// So many must have gone wrong in the long window. One slow page in a night with ten visitors is 10 %, and nobody's sleep
/// is worth it; an outage reaches this in seconds.
const FEWEST: u32 = 5;

/// Google's SRE workbook, "Alerting on SLOs", multiwindow, multi-burn-rate: the long window says that it matters, the short
/// one that it still goes on. Both are ratios over what there is, so that a cluster younger than a window alerts, too.
pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    let mut rules = Vec::new();
    for objective in [AVAILABILITY, LATENCY] {
        for burn in scope.pace.burns {
            let over = |name: &str, window: Span| {
                scope.recorded(name, &format!(r#"sli=~"{}",window="{window}""#, objective.indicators))
            };
            let factor = number(objective.factor(&scope.spec.slo, &burn));
            let expr = format!(
                "{long} > {factor} and on (sli) {short} > {factor} and on (sli) sum by (sli) ({bad}) >= {FEWEST}",
                long = over("boutique:slo_burn:rate", burn.long),
                short = over("boutique:slo_burn:rate", burn.short),
                bad = over("boutique:sli_bad:count", burn.long),
            );
            let mut rule = scope.alert(
                "BoutiqueErrorBudgetBurn",
                burn.severity,
                expr,
                Span(0),
                &Says {
                    summary: "SHOP spends its error budget too fast ({{ $labels.sli }})",
                    description: "Over {{ $labels.window }} the shop SHOP in NAMESPACE spent its budget of {{ $labels.sli }} \
                                  {{ $value | humanize }} times faster than the objective allows, and it still does.",
                    command: "kubectl boutique buy -n NAMESPACE",
                },
            );
            // The answer has a window of its own, the same one; here it tells the rules apart.
            if let Rule::Alert { labels, .. } = &mut rule {
                labels.insert("objective".to_owned(), objective.name.to_owned());
                labels.insert("window".to_owned(), burn.long.to_string());
            }
            rules.push(rule);
        }
    }
    rules
}
