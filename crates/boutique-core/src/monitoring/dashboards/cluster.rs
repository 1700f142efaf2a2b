//! The cluster below the shop: what its nodes have, give and lack.

use super::Dashboard;
use super::layout::Row;
use super::marks::marks;
use super::panel::{Kind, Panel, Scale, States, Unit};
use super::query::{Query, Variable};
use crate::monitoring::pace::Span;
use crate::monitoring::scope::Scope;
use crate::monitoring::spec::MonitoringSpec;

const NO_NODE_EXPORTER: &str = "node-exporter is not installed, or its kernel does not tell.";
const NO_REQUEST: &str = "No container on these nodes asks for any.";
const NO_LIMIT: &str = "No container on these nodes has a limit of it.";
/// Leaves out pods that hold nothing any more.
const ALIVE: &str = "* on (namespace, pod) group_left () max by (namespace, pod) (kube_pod_status_phase{phase=~\"Pending|Running\"} == 1)";
/// Names the node of a series of node-exporter, which knows only its own pod.
const NODE: &str =
    "* on (namespace, pod) group_left (node) max by (namespace, pod, node) (kube_pod_info{node=~\"$node\"})";
/// Containers alone, without the sums of their pods and slices.
const CONTAINER: &str = "node=~\"$node\",container!=\"\",container!=\"POD\"";

pub(super) fn dashboard(spec: &MonitoringSpec) -> Dashboard {
    let scope = Scope::of(spec);
    let mut dashboard = Dashboard::new(
        spec,
        "cluster",
        "cluster health",
        "Pressure on CPU, memory, disk and processes by node, and the pods that it drives away. All workloads of the cluster \
         count, not only the shop's.",
    );
    dashboard.variables.push(Variable::Label {
        name: "node",
        label: "Node",
        query: "label_values(kube_node_info, node)".to_owned(),
    });
    dashboard.annotations = marks(&scope);
    dashboard.rows = vec![now(), conditions(&scope), cpu(&scope), memory(), pods(spec, &scope)];
    dashboard
}

/// Requests or limits of living pods by what nodes may give to pods.
fn promised(what: &str, resource: &str) -> String {
    format!(
        "sum by (node) (kube_pod_container_resource_{what}{{resource=\"{resource}\",node=~\"$node\"}} {ALIVE}) / sum by (node) \
         (kube_node_status_allocatable{{resource=\"{resource}\",node=~\"$node\"}})"
    )
}

fn now() -> Row {
    let condition = |kind: &str, status: &str| {
        format!("kube_node_status_condition{{condition=~\"{kind}\",status=\"{status}\",node=~\"$node\"}}")
    };
    Row::new("Now").shelf(
        4,
        vec![
            Panel::new(
                Kind::Stat,
                "Nodes not ready",
                Unit::Count,
                "Nodes whose kubelet does not say that all is well.",
            )
            .query(Query::new(format!("count({} == 0) or vector(0)", condition("Ready", "true")), ""))
            .scale(Scale::Rising(1.0, 1.0)),
            Panel::new(Kind::Stat, "Under pressure", Unit::Count, "Conditions of memory, disk or processes that hold.")
                .query(Query::new(
                    format!("sum({}) or vector(0)", condition("MemoryPressure|DiskPressure|PIDPressure", "true")),
                    "",
                ))
                .scale(Scale::Rising(1.0, 1.0)),
            Panel::new(Kind::Stat, "Cordoned", Unit::Count, "Nodes that take no new pods.")
                .query(Query::new("sum(kube_node_spec_unschedulable{node=~\"$node\"})", ""))
                .scale(Scale::Rising(1.0, 2.0)),
            Panel::new(Kind::Stat, "Pending pods", Unit::Count, "Pods of all namespaces that have not started.")
                .query(Query::new("sum(kube_pod_status_phase{phase=\"Pending\"}) or vector(0)", ""))
                .scale(Scale::Rising(1.0, 5.0)),
            Panel::new(
                Kind::Stat,
                "Evicted pods",
                Unit::Count,
                "Pods that a kubelet drove away and that are still listed.",
            )
            .query(Query::new("sum(kube_pod_status_reason{reason=\"Evicted\"}) or vector(0)", ""))
            .scale(Scale::Rising(1.0, 5.0)),
            Panel::new(Kind::Stat, "Pods", Unit::Count, "Pods that kubelets run.")
                .query(Query::new("sum(kubelet_running_pods{node=~\"$node\"})", "")),
        ],
    )
}

fn conditions(scope: &Scope<'_>) -> Row {
    let rate = scope.pace.container_rate();
    let held = |kind: &str| {
        format!(
            "max by (node, condition) (kube_node_status_condition{{condition=~\"{kind}\",status=\"true\",node=~\"$node\"}})"
        )
    };
    Row::new("Conditions")
        .shelf(
            7,
            vec![
                Panel::new(Kind::StateTimeline(States::Up), "Ready", Unit::None, "Whether the kubelet says that all is well.")
                    .query(Query::new(held("Ready"), "{{node}}")),
                Panel::new(
                    Kind::StateTimeline(States::Pressure),
                    "Pressure",
                    Unit::None,
                    "Pressure on memory, disk or processes: the kubelet evicts pods, those with the worst quality first.",
                )
                .query(Query::new(held("MemoryPressure|DiskPressure|PIDPressure"), "{{node}} {{condition}}")),
                Panel::new(Kind::Events, "Evictions", Unit::Count, "Pods that kubelets drove away, by what ran short.")
                    .query(
                        Query::new(
                            format!("sum by (node, eviction_signal) (increase(kubelet_evictions{{node=~\"$node\"}}[{rate}]))"),
                            "{{node}} {{eviction_signal}}",
                        )
                        .empty_when("No kubelet has evicted a pod since it started."),
                    ),
            ],
        )
        .shelf(
            7,
            vec![
                Panel::new(
                    Kind::Timeseries,
                    "Time lost waiting",
                    Unit::Ratio,
                    "Share of time in which some process waited for CPU, memory or disk, as the kernel counts it.",
                )
                .query(waiting("cpu_waiting", "CPU", rate))
                .query(waiting("memory_waiting", "memory", rate))
                .query(waiting("io_waiting", "disk", rate)),
                Panel::new(Kind::Timeseries, "Disk in use", Unit::Ratio, "Of the file system that holds the node's root.")
                    .query(
                        Query::new(
                            format!(
                                "max by (node) ((1 - node_filesystem_avail_bytes{{mountpoint=\"/\"}} / \
                                 node_filesystem_size_bytes{{mountpoint=\"/\"}}) {NODE})"
                            ),
                            "{{node}}",
                        )
                        .empty_when(NO_NODE_EXPORTER),
                    )
                    .scale(Scale::Rising(0.8, 0.9)),
            ],
        )
}

fn waiting(what: &str, name: &str, rate: Span) -> Query {
    Query::new(
        format!("max by (node) (rate(node_pressure_{what}_seconds_total[{rate}]) {NODE})"),
        &format!("{{{{node}}}} {name}"),
    )
    .empty_when(NO_NODE_EXPORTER)
}

fn cpu(scope: &Scope<'_>) -> Row {
    let rate = scope.pace.container_rate();
    Row::new("CPU").shelf(
        8,
        vec![
            Panel::new(
                Kind::Timeseries,
                "CPU in use by node",
                Unit::Ratio,
                "Everything that runs, from node-exporter. Without it: the containers' use by what the node may give to pods.",
            )
            .query(Query::new(
                format!(
                    "avg by (node) ((1 - avg by (namespace, pod) (rate(node_cpu_seconds_total{{mode=\"idle\"}}[{rate}]))) \
                     {NODE}) or sum by (node) (rate(container_cpu_usage_seconds_total{{{CONTAINER}}}[{rate}])) / sum by \
                     (node) (kube_node_status_allocatable{{resource=\"cpu\",node=~\"$node\"}})"
                ),
                "{{node}}",
            ))
            .scale(Scale::Rising(0.8, 0.95)),
            Panel::new(
                Kind::Timeseries,
                "CPU requested by node",
                Unit::Ratio,
                "Requests of pods by what the node may give: at 1 no further pod is scheduled. Limits may exceed it.",
            )
            .query(Query::new(promised("requests", "cpu"), "{{node}} requests").empty_when(NO_REQUEST))
            .query(Query::new(promised("limits", "cpu"), "{{node}} limits").empty_when(NO_LIMIT)),
        ],
    )
}

fn memory() -> Row {
    Row::new("Memory").shelf(
        8,
        vec![
            Panel::new(
                Kind::Timeseries,
                "Memory in use by node",
                Unit::Ratio,
                "What is not available, from node-exporter. Without it: the containers' working sets by what the node may \
                 give to pods.",
            )
            .query(Query::new(
                format!(
                    "max by (node) ((1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes) {NODE}) or sum by \
                     (node) (container_memory_working_set_bytes{{{CONTAINER}}}) / sum by (node) \
                     (kube_node_status_allocatable{{resource=\"memory\",node=~\"$node\"}})"
                ),
                "{{node}}",
            ))
            .scale(Scale::Rising(0.8, 0.95)),
            Panel::new(
                Kind::Timeseries,
                "Memory requested by node",
                Unit::Ratio,
                "Requests and limits of pods by what the node may give. Limits above 1: the node can run out of memory while \
                 every pod keeps to its limit.",
            )
            .query(Query::new(promised("requests", "memory"), "{{node}} requests").empty_when(NO_REQUEST))
            .query(Query::new(promised("limits", "memory"), "{{node}} limits").empty_when(NO_LIMIT)),
            Panel::new(
                Kind::Timeseries,
                "Who holds the memory",
                Unit::Bytes,
                "Working sets of the five largest namespaces.",
            )
            .query(Query::new(
                format!("topk(5, sum by (namespace) (container_memory_working_set_bytes{{{CONTAINER}}}))"),
                "{{namespace}}",
            )),
        ],
    )
}

fn pods(spec: &MonitoringSpec, scope: &Scope<'_>) -> Row {
    let shop = spec.shop_namespace();
    let pods = scope.of_namespace("kube_pod_info", "node=~\"$node\"");
    Row::new("Pods").shelf(
        8,
        vec![
            Panel::new(
                Kind::Timeseries,
                "Pods by node",
                Unit::Count,
                "Pods of all namespaces, and how many a node takes.",
            )
            .query(Query::new("count by (node) (kube_pod_info{node=~\"$node\"})", "{{node}}"))
            .query(
                Query::new(
                    "max by (node) (kube_node_status_allocatable{resource=\"pods\",node=~\"$node\"})",
                    "{{node}} takes",
                )
                .bound(),
            ),
            Panel::new(
                Kind::Table { key: "node", heading: "Node", leads_to: None },
                "Nodes",
                Unit::Ratio,
                format!("What is promised of each node, and how many of the pods of {shop} it runs."),
            )
            .query(Query::new(promised("requests", "cpu"), "CPU requested").empty_when(NO_REQUEST))
            .query(Query::new(promised("requests", "memory"), "Memory requested").empty_when(NO_REQUEST))
            .query(Query::new("count by (node) (kube_pod_info{node=~\"$node\"})", "Pods").unit(Unit::Count))
            .query(
                Query::new(format!("count by (node) ({pods})"), "The shop's")
                    .unit(Unit::Count)
                    .empty_when("None of the shop's pods is on these nodes."),
            ),
            Panel::new(
                Kind::Timeseries,
                "Pods by phase",
                Unit::Count,
                "Pods of all namespaces that are not running and not done.",
            )
            .query(Query::new(
                "sum by (phase) (kube_pod_status_phase{phase=~\"Pending|Failed|Unknown\"})",
                "{{phase}}",
            )),
        ],
    )
}
