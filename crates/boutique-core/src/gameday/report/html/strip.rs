//! A step as a small bar: how many requests of each second failed.

use std::fmt::Write as _;

use crate::gameday::journal::StepRecord;

const WIDTH: f64 = 200.0;
const HEIGHT: f64 = 22.0;

/// One field per second from T0 on; steps of the same gameday share the scale `longest`.
pub(super) fn strip(record: &StepRecord, longest: f64) -> String {
    let scale = WIDTH / longest.max(1.0);
    let (mut ground, mut failed) = (String::new(), String::new());
    for second in record.seconds.iter().filter(|second| second.at >= 0) {
        let x = second.at as f64 * scale;
        if x >= WIDTH {
            break;
        }
        let known = second.answers.known();
        if known == 0 {
            continue;
        }
        // A little over the edge: fields that only touch leave hairlines between them.
        let width = (scale + 0.3).min(WIDTH - x);
        let _ = write!(ground, "M{x:.1} {HEIGHT}h{width:.2}v-3h-{width:.2}z");
        if second.answers.bad > 0 {
            let tall = (second.answers.bad as f64 / known as f64 * HEIGHT).max(4.0);
            let _ = write!(failed, "M{x:.1} {HEIGHT}h{width:.2}v-{tall:.1}h-{width:.2}z");
        }
    }
    let seconds = record.seconds.iter().filter(|second| second.answers.bad > 0 && second.at >= 0).count();
    let said = match seconds {
        0 => "no request failed".to_owned(),
        1 => "requests failed in 1 second".to_owned(),
        many => format!("requests failed in {many} seconds"),
    };
    format!(
        "<svg class=\"strip\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{said}\"><title>{said}</title><path class=\"good\" d=\"{ground}\"/><path class=\"bad\" d=\"{failed}\"/></svg>"
    )
}
