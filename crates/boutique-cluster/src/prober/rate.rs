//! How fast a prober may ask.

use boutique_core::probe::Timetable;
use thiserror::Error;

use super::{files, in_flight};
use crate::storefront::Storefront;

/// A rate that is not possible. The whole text is for people.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadRate {
    /// Nothing would be measured.
    #[error("a prober that sends nothing measures nothing: ask for 1 request a second at least")]
    Nothing,
    /// The API server has other work.
    #[error(
        "{rate} requests a second are too many through {way}: {most} at most, because each of them passes the API server; \
         by the shop's own URL (--url) there may be {}",
        Timetable::FASTEST.rate
    )]
    ThroughApiServer {
        /// What was asked for.
        rate: u32,
        /// What is possible.
        most: u32,
        /// The way, for people.
        way: String,
    },
    /// No core keeps up with it.
    #[error("{rate} requests a second are more than a prober can send in time: {most} at most")]
    TooFast {
        /// What was asked for.
        rate: u32,
        /// What is possible.
        most: u32,
    },
    /// A shop that is silent would take all the files that this process may open.
    #[error(
        "{rate} requests a second need {needed} open files while the shop is silent, and this process may have {allowed}: \
         allow more with ulimit -n {needed}, or ask for {possible} requests a second"
    )]
    Files {
        /// What was asked for.
        rate: u32,
        /// Open files that it may take.
        needed: u64,
        /// Open files that are allowed.
        allowed: u64,
        /// A rate for which they suffice.
        possible: u32,
    },
}

/// The timetable for a way: 50 requests a second straight to the shop, 20 through the API server, or the rate that is asked
/// for as far as the way allows it. Raises this process' limit of open files where the rate needs that.
///
/// # Errors
///
/// [`BadRate`] where that rate is not possible.
pub fn timetable(storefront: &Storefront, asked: Option<u32>) -> Result<Timetable, BadRate> {
    let (usual, most) = match storefront.is_direct() {
        true => (Timetable::THROUGH_EDGE, Timetable::FASTEST),
        false => (Timetable::THROUGH_API_SERVER, Timetable::THROUGH_API_SERVER),
    };
    let rate = asked.unwrap_or(usual.rate);
    let timetable = Timetable { rate };
    if rate == 0 {
        return Err(BadRate::Nothing);
    }
    if rate > most.rate {
        return Err(match storefront.is_direct() {
            true => BadRate::TooFast { rate, most: most.rate },
            false => BadRate::ThroughApiServer { rate, most: most.rate, way: storefront.to_string() },
        });
    }
    if storefront.is_direct() {
        enough(timetable, files::connections(in_flight(timetable)))?;
    }
    Ok(timetable)
}

fn enough(timetable: Timetable, connections: Option<usize>) -> Result<(), BadRate> {
    let wanted = in_flight(timetable);
    match connections {
        Some(allowed) if allowed < wanted => Err(BadRate::Files {
            rate: timetable.rate,
            needed: files::files(wanted),
            allowed: files::files(allowed),
            possible: (1..timetable.rate)
                .rev()
                .find(|rate| in_flight(Timetable { rate: *rate }) <= allowed)
                .unwrap_or(1),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use boutique_core::url::ShopUrl;

    use super::*;
    use crate::outside::Trust;

    fn mk_direct() -> Storefront {
        let url: ShopUrl = "http://shop.local".parse().unwrap();
        Storefront::at(url, None, &Trust::Machine).unwrap()
    }

    #[test]
    fn straight_to_the_shop_fifty_a_second_are_usual_and_two_thousand_the_most() {
        let storefront = mk_direct();
        assert_eq!(timetable(&storefront, None), Ok(Timetable { rate: 50 }));
        assert_eq!(timetable(&storefront, Some(7)), Ok(Timetable { rate: 7 }));
        assert_eq!(timetable(&storefront, Some(0)), Err(BadRate::Nothing));
        let error = timetable(&storefront, Some(2001)).unwrap_err();
        assert_eq!(error.to_string(), "2001 requests a second are more than a prober can send in time: 2000 at most");
    }

    #[test]
    fn too_few_open_files_are_told_with_the_number_that_suffices() {
        let error = enough(Timetable { rate: 2_000 }, Some(64)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2000 requests a second need 5192 open files while the shop is silent, and this process may have 256: \
             allow more with ulimit -n 5192, or ask for 25 requests a second"
        );
        assert_eq!(enough(Timetable { rate: 25 }, Some(64)), Ok(()));
        assert_eq!(enough(Timetable { rate: 2_000 }, None), Ok(()));
    }
}
