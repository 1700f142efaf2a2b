use super::*;

fn mk_kill(service: Service) -> Kill {
    Kill {
        service,
        killed: 1,
        survivors: 0,
        grace: Duration::from_secs(1),
        readiness: Readiness { delay: Duration::from_secs(10), period: Duration::from_secs(10), startup: None },
    }
}

fn predicted(kill: Kill) -> Prediction {
    predict(&Loss::Killed(kill))
}

fn effects(prediction: &Prediction) -> [Effect; 5] {
    std::array::from_fn(|i| prediction.pages[i].effect)
}

#[test]
fn the_table_of_pages_is_upstreams() {
    use Effect::{Degrades, Fails, MayFail, Works};
    let table = [
        (Service::Frontend, [Fails; 5]),
        (Service::Currencyservice, [Fails, Fails, Works, Fails, Fails]),
        (Service::Cartservice, [Fails; 5]),
        (Service::RedisCart, [Fails; 5]),
        (Service::Productcatalogservice, [Fails, Fails, Fails, MayFail, MayFail]),
        (Service::Shippingservice, [Works, Works, Works, Fails, Fails]),
        (Service::Checkoutservice, [Works, Works, Works, Works, Fails]),
        (Service::Paymentservice, [Works, Works, Works, Works, Fails]),
        (Service::Emailservice, [Works, Works, Works, Works, Degrades]),
        (Service::Recommendationservice, [Works, Degrades, Works, Degrades, Degrades]),
        (Service::Adservice, [Degrades, Degrades, Works, Works, Works]),
        (Service::Loadgenerator, [Works; 5]),
    ];
    for (service, expected) in table {
        assert_eq!(effects(&predicted(mk_kill(service))), expected, "{service}");
    }
}

#[test]
fn reasons_name_the_chain_of_calls() {
    assert_eq!(predicted(mk_kill(Service::RedisCart)).pages[0].reason, "needs cartservice → redis-cart");
    assert_eq!(predicted(mk_kill(Service::Paymentservice)).pages[4].reason, "needs checkoutservice → paymentservice");
}

#[test]
fn adding_to_the_cart_leads_on_to_a_page_that_fails() {
    let prediction = predicted(mk_kill(Service::Shippingservice));
    assert_eq!(prediction.pages[2].reason, "done at once, but it leads on to view cart, which fails");
}

#[test]
fn a_second_pod_leaves_a_retry_window_only() {
    for service in [Service::Cartservice, Service::Frontend] {
        let prediction = predicted(Kill { survivors: 1, ..mk_kill(service) });
        assert_eq!(effects(&prediction), [Effect::MayFail; 5]);
        assert_eq!(prediction.alerts, []);
    }
}

#[test]
fn a_fault_that_nobody_notices_predicts_no_gap() {
    assert_eq!(predicted(mk_kill(Service::Adservice)).gap, None);
    assert!(predicted(mk_kill(Service::Cartservice)).gap.is_some());
    let nothing = predict(&Loss::Nothing { service: Service::Adservice, reason: "it calls nobody".into() });
    assert_eq!((effects(&nothing), nothing.gap, nothing.alerts.len()), ([Effect::Works; 5], None, 0));
}

#[test]
fn a_process_that_ignores_sigterm_may_outlast_the_start_of_its_successor() {
    let quick = Readiness { delay: Duration::ZERO, period: Duration::from_secs(1), startup: None };
    let kill = Kill { grace: Duration::from_secs(30), readiness: quick, ..mk_kill(Service::Currencyservice) };
    let prediction = predicted(kill);
    assert_eq!(prediction.pages[0].effect, Effect::MayFail);
    assert!(prediction.notes.iter().any(|note| note.contains("ignores SIGTERM")));
}
