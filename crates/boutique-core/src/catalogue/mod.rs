//! Online Boutique as data: versions, workloads, who calls whom, and which page needs which service.
//!
//! The source of every figure is upstream's repository (`GoogleCloudPlatform/microservices-demo`): the release
//! manifests, the Helm chart where a doc comment says so, and the code of the services for the calls.

mod pages;
mod version;
mod workload;
mod workloads;

pub use pages::{Condition, Dependency, Hardness, Page, PageSpec, calls, pages};
pub use version::{Catalogue, CatalogueError, NewerVersion, Version, catalogue};
pub use workload::{Amounts, Check, Env, EnvValue, Image, Language, Probe, ServicePort, Workload};
pub use workloads::WORKLOADS;

use crate::service::Service;

/// The catalogue's entry of one service.
#[must_use]
pub fn workload(service: Service) -> &'static Workload {
    // The table is in the order of `Service::ALL`, which a test below holds.
    &WORKLOADS[Service::ALL.iter().position(|candidate| *candidate == service).unwrap_or_default()]
}

/// The address under which other services reach one, `<name>:<port>`; none for the load generator.
#[must_use]
pub fn address(service: Service) -> Option<String> {
    workload(service).service_ports.first().map(|port| format!("{service}:{port}", port = port.port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_all_services() {
        let names: Vec<Service> = WORKLOADS.iter().map(|workload| workload.service).collect();
        assert_eq!(names, Service::ALL);
        for service in Service::ALL {
            assert_eq!(workload(service).service, service);
        }
    }

    #[test]
    fn every_address_a_service_is_given_is_one_of_a_service_it_calls() {
        for workload in WORKLOADS {
            let mut given: Vec<Service> = workload.env.iter().filter_map(|env| env.value.callee()).collect();
            let mut called = workload.callees();
            given.sort_unstable();
            called.sort_unstable();
            assert_eq!(given, called, "{}", workload.service);
            for callee in given {
                assert!(address(callee).is_some(), "{} calls {callee}, which has no port", workload.service);
            }
        }
    }

    #[test]
    fn email_is_reached_on_another_port_than_it_listens_on() {
        assert_eq!(address(Service::Emailservice).as_deref(), Some("emailservice:5000"));
        assert_eq!(workload(Service::Emailservice).listen, Some(8080));
        assert_eq!(address(Service::Loadgenerator), None);
    }
}
