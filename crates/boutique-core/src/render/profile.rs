//! The numbers of the profiles.

use crate::catalogue::workload;
use crate::service::Service;
use crate::spec::{Amounts, Profile, Resources};

/// Pods of a service.
pub(super) const fn replicas(profile: Profile, service: Service) -> i64 {
    match profile {
        Profile::Ha if service.is_stateless_server() => 2,
        _ => 1,
    }
}

/// Requests and limits of a service.
pub(super) fn resources(profile: Profile, service: Service) -> Resources {
    let entry = workload(service);
    match profile {
        Profile::Standard | Profile::Ha => Resources {
            requests: amounts(Some(entry.cpu.request), entry.memory_helm.request),
            limits: amounts(Some(entry.cpu.limit), entry.memory_helm.limit),
        },
        // Requests that let the whole shop fit beside a cluster's own pods on two cores. Memory limits stay, because
        // they are what keeps a leak in one pod; CPU limits go, because throttled starts are what fails on laptops.
        Profile::Small => {
            let (cpu, memory) = small(service);
            Resources { requests: amounts(Some(cpu), memory), limits: amounts(None, entry.memory_helm.limit) }
        }
    }
}

/// Millicores and MiB that a service of the profile `small` asks for; all together 270m and 464Mi.
const fn small(service: Service) -> (u32, u32) {
    match service {
        Service::Frontend => (30, 32),
        Service::Adservice | Service::Recommendationservice => (20, 64),
        Service::Loadgenerator => (40, 48),
        _ => (20, 32),
    }
}

fn amounts(millicores: Option<u32>, mebibytes: u32) -> Amounts {
    Amounts { cpu: millicores.map(|cpu| format!("{cpu}m")), memory: Some(format!("{mebibytes}Mi")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::Quantity;

    #[test]
    fn the_small_profile_leaves_most_of_two_cores_to_others() {
        let sum = |amount: fn(&Resources) -> Option<String>| -> i128 {
            Service::ALL
                .into_iter()
                .filter_map(|service| amount(&resources(Profile::Small, service)))
                .map(|text| text.parse::<Quantity>().expect("is a quantity").milli())
                .sum()
        };
        let cpu = sum(|resources| resources.requests.cpu.clone());
        let mebibytes = sum(|resources| resources.requests.memory.clone()) / 1000 / (1 << 20);
        assert_eq!((cpu, mebibytes), (270, 464));
        assert!(cpu <= 500);
    }

    #[test]
    fn the_standard_profile_sums_to_upstreams_chart() {
        let mut cpu = (0, 0);
        let mut memory = (0, 0);
        for service in Service::ALL {
            let entry = workload(service);
            cpu = (cpu.0 + entry.cpu.request, cpu.1 + entry.cpu.limit);
            memory = (memory.0 + entry.memory_helm.request, memory.1 + entry.memory_helm.limit);
        }
        assert_eq!(cpu, (1570, 2825));
        assert_eq!(memory, (1560, 2926));
    }
}
