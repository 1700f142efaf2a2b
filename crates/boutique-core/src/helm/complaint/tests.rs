use super::*;

fn only(stderr: &str) -> Complaint {
    let mut found = complaints(stderr);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// What was said, and the kind of trouble, its object and a part of the text.
fn check(said: &str, trouble: Trouble, object: Option<&str>, text: &str) {
    let complaint = only(said);
    assert_eq!(complaint.trouble, trouble, "{complaint:?}");
    assert_eq!(complaint.object.as_deref(), object, "{complaint:?}");
    assert!(complaint.said.contains(text), "{complaint:?}");
    assert!(!complaint.fix.is_empty(), "{complaint:?}");
}

#[test]
fn what_is_not_understood_is_repeated_without_its_frame() {
    let said = only("WARNING: Kubernetes configuration file is group-readable\nError: UPGRADE FAILED: something new\n");
    assert_eq!(said, Complaint::new(Trouble::Other, None, "something new", ""));
    assert_eq!(only("").trouble, Trouble::Other);
}

#[test]
fn a_template_that_fails_is_named_with_its_line() {
    for (said, object, text) in [
        (
            "Error: nilp/templates/a.yaml:1:13\n  executing \"nilp/templates/a.yaml\" at <.Values.a.b.c>:\n    nil pointer evaluating interface {}.b",
            "nilp/templates/a.yaml line 1",
            "<.Values.a.b.c> fails: nil pointer",
        ),
        (
            "Error: template: nilp/templates/a.yaml:1:13: executing \"nilp/templates/a.yaml\" at <.Values.a.b.c>: nil pointer evaluating interface {}.b",
            "nilp/templates/a.yaml line 1",
            "<.Values.a.b.c> fails: nil pointer",
        ),
        (
            "Error: parse error at (parse/templates/a.yaml:2): missing value for if",
            "parse/templates/a.yaml line 2",
            "missing value for if",
        ),
        (
            "Error: YAML parse error on badyaml/templates/a.yaml: error converting YAML to JSON: yaml: line 3: mapping values are not allowed in this context",
            "badyaml/templates/a.yaml",
            "line 3",
        ),
        (
            "Error: execution error at (failfn/templates/a.yaml:1:3): set controller.name, please",
            "failfn/templates/a.yaml line 1",
            "set controller.name, please",
        ),
    ] {
        check(said, Trouble::Template, Some(object), text);
    }
}

#[test]
fn each_value_against_the_schema_is_named() {
    let said = "Error: values don't meet the specifications of the schema(s) in the following chart(s):\nschema:\n\
         - at '/service': validation failed\n  - at '/service': missing property 'port'\n  \
         - at '/service': additional properties 'prt' not allowed\n- at '': additional properties 'replica' not allowed\n\
         - at '/replicas': got string, want integer\n";
    let found: Vec<String> = complaints(said).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "values.service: missing property 'port'\n  fix     chart schema needs it: set it",
            "values.service: additional properties 'prt' not allowed\n  fix     chart schema knows no such value: correct its name, or leave it out",
            "values: additional properties 'replica' not allowed\n  fix     chart schema knows no such value: correct its name, or leave it out",
            "values.replicas: got string, want integer\n  fix     set it as the schema of chart schema says",
        ]
    );
    let older = "Error: values don't meet the specifications of the schema(s) in the following chart(s):\nweb:\n\
         - (root): Additional property replica is not allowed\n- replicas: Invalid type. Expected: integer, given: string\n";
    let found = complaints(older);
    assert_eq!(found[0].object.as_deref(), Some("values"));
    assert_eq!(found[1].object.as_deref(), Some("values.replicas"));
}

#[test]
fn a_schema_on_another_machine_leads_to_the_way_around_it() {
    let said = "Error: values don't meet the specifications of the schema(s) in the following chart(s):\nremote:\n\
         failing loading \"https://schemas.invalid/_definitions.json\": HTTP request failed for https://schemas.invalid/_definitions.json: \
         Get \"https://schemas.invalid/_definitions.json\": dial tcp: lookup schemas.invalid on 10.0.0.1:53: no such host";
    let complaint = only(said);
    assert_eq!(complaint.trouble, Trouble::RemoteSchema);
    assert_eq!(complaint.object.as_deref(), Some("https://schemas.invalid/_definitions.json"));
    assert!(complaint.fix.contains("skip_schema_validation"), "{complaint}");
}

#[test]
fn what_the_api_server_refuses_is_named_by_object_and_field() {
    let immutable = "level=WARN msg=\"upgrade failed\" name=web error=\"…\"\nError: UPGRADE FAILED: server-side apply failed for object shop/web \
         apps/v1, Kind=Deployment: Deployment.apps \"web\" is invalid: spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"other\"}}: field is immutable";
    check(immutable, Trouble::Immutable, Some("Deployment shop/web"), "spec.selector cannot be changed");
    assert!(only(immutable).fix.contains("kubectl delete deployment web -n shop"));
    let by_client = "Error: UPGRADE FAILED: cannot patch \"web\" with kind Deployment: Deployment.apps \"web\" is invalid: spec.selector: Invalid value: \
         v1.LabelSelector{MatchLabels:map[string]string{\"app\":\"other\"}}: field is immutable";
    check(by_client, Trouble::Immutable, Some("Deployment web"), "spec.selector cannot be changed");
    let placed = only(by_client).placed("shop");
    assert_eq!(placed.object.as_deref(), Some("Deployment shop/web"));
    assert!(placed.fix.ends_with("kubectl delete deployment web -n shop"), "{placed}");
    assert_eq!(only(immutable).placed("other"), only(immutable), "helm 4 names it");
    let invalid = "Error: server-side apply failed for object shop/s /v1, Kind=Service: Service \"s\" is invalid: \
         [spec.ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive]";
    check(invalid, Trouble::Invalid, Some("Service shop/s"), "must be between 1 and 65535");
    let invalid = "Error: 1 error occurred:\n\t* Service \"s\" is invalid: [spec.ports[0].port: Invalid value: 99999: must be between 1 and 65535, \
         inclusive, spec.ports[0].targetPort: Invalid value: 99999: must be between 1 and 65535, inclusive]\n\n\n";
    check(invalid, Trouble::Invalid, Some("Service s"), "must be between 1 and 65535");
    let undeclared = "Error: server-side apply failed for object shop/s /v1, Kind=Service: failed to create typed patch object \
         (shop/s; /v1, Kind=Service): .spec.portz: field not declared in schema";
    check(undeclared, Trouble::Invalid, Some("Service shop/s"), "no field spec.portz");
}

#[test]
fn conflicts_name_each_object_its_fields_and_their_owner() {
    let said = "Error: UPGRADE FAILED: conflict occurred while applying object shop/web /v1, Kind=ConfigMap: Apply failed with 1 conflict: \
         conflict with \"kubectl-edit\" using v1: .data.a && conflict occurred while applying object shop/web apps/v1, Kind=Deployment: \
         Apply failed with 2 conflicts: conflicts with \"kubectl\" with subresource \"scale\" using apps/v1:\n- .spec.replicas\n- .spec.paused";
    let found = complaints(said);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0].object.as_deref(), Some("ConfigMap shop/web"));
    assert!(found[0].said.contains(".data.a by \"kubectl-edit\""), "{found:?}");
    assert_eq!(found[1].object.as_deref(), Some("Deployment shop/web"));
    assert!(found[1].said.contains(".spec.replicas, .spec.paused by \"kubectl\""), "{found:?}");
    assert!(found[1].fix.contains("force_conflicts"));
}

#[test]
fn trouble_with_objects_of_others_and_hooks_and_kinds_is_understood() {
    let owned = "Error: unable to continue with install: ConfigMap \"theirs\" in namespace \"shop\" exists and cannot be imported into the \
         current release: invalid ownership metadata; label validation error: missing key \"app.kubernetes.io/managed-by\": must be set to \
         \"Helm\"; annotation validation error: missing key \"meta.helm.sh/release-name\": must be set to \"o\"";
    check(owned, Trouble::Ownership, Some("ConfigMap shop/theirs"), "belongs to no Helm release");
    let claimed = "Error: Unable to continue with install: ConfigMap \"theirs\" in namespace \"shop\" exists and cannot be imported into the \
         current release: invalid ownership metadata; annotation validation error: key \"meta.helm.sh/release-name\" must equal \"o\": current \
         value is \"other\"";
    check(claimed, Trouble::Ownership, Some("ConfigMap shop/theirs"), "belongs to Helm release \"other\"");
    let hook = "Error: failed pre-install: resource Job/shop/web-hook not ready. status: Failed, message: Job Failed. failed: 0/1";
    check(hook, Trouble::Hook, Some("Job shop/web-hook"), "the pre-install hook failed");
    let hook = "Error: UPGRADE FAILED: pre-upgrade hooks failed: 1 error occurred:\n\t* job web-hook failed: BackoffLimitExceeded\n\n";
    check(hook, Trouble::Hook, Some("Job web-hook"), "BackoffLimitExceeded");
    let hook = "Error: failed pre-install: 1 error occurred:\n\t* job web-hook failed: DeadlineExceeded\n\n\n";
    check(hook, Trouble::Hook, Some("Job web-hook"), "DeadlineExceeded");
    let kind = "Error: unable to build kubernetes objects from release manifest: resource mapping not found for name: \"w\" namespace: \"\" \
         from \"\": no matches for kind \"Widget\" in version \"example.com/v1\"\nensure CRDs are installed first";
    check(kind, Trouble::KindMissing, Some("Widget w"), "example.com/v1");
    let webhook = "Error: failed to create resource: Internal error occurred: failed calling webhook \"rules.example.com\": failed to call webhook: \
         Post \"https://operator.monitoring.svc/validate\": no endpoints available for service \"operator\"";
    check(webhook, Trouble::Webhook, None, "rules.example.com does not answer");
}

#[test]
fn trouble_with_the_release_and_the_cluster_is_understood() {
    for (said, trouble, object, text) in [
        (
            "Error: create: failed to create: Request entity too large: limit is 3145728",
            Trouble::TooLarge,
            None,
            "1 MiB",
        ),
        (
            "Error: create: failed to create: Secret \"sh.helm.release.v1.big.v1\" is invalid: data: Too long: may not be more than 1048576 bytes",
            Trouble::TooLarge,
            None,
            "1 MiB",
        ),
        (
            "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
            Trouble::Locked,
            None,
            "somebody else began",
        ),
        (
            "Error: create: failed to create: namespaces \"nowhere\" not found",
            Trouble::Namespace,
            Some("Namespace nowhere"),
            "does not exist",
        ),
        (
            "Error: kubernetes cluster unreachable: Get \"http://localhost:8080/version\": dial tcp 127.0.0.1:8080: connect: connection refused",
            Trouble::Unreachable,
            Some("the cluster"),
            "connection refused",
        ),
        (
            "Error: kubernetes cluster unreachable: the server has asked for the client to provide credentials",
            Trouble::Unauthorized,
            Some("the cluster"),
            "credentials",
        ),
        (
            "Error: query: failed to query with labels: secrets is forbidden: User \"nobody\" cannot list resource \"secrets\" in API group \"\" in the namespace \"shop\"",
            Trouble::Forbidden,
            Some("secrets"),
            "cannot list resource \"secrets\"",
        ),
        (
            "Error: chart requires kubeVersion: >=1.99.0 which is incompatible with Kubernetes v1.36.3",
            Trouble::KubeVersion,
            None,
            ">=1.99.0",
        ),
        (
            "Error: an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing \
             dependencies: found in Chart.yaml, but missing in charts/ directory: redis",
            Trouble::Dependency,
            None,
            "redis",
        ),
    ] {
        check(said, trouble, object, text);
    }
}

#[test]
fn a_chart_that_is_not_there_and_one_that_cannot_be_reached_are_told_apart() {
    for (said, trouble, object, text) in [
        (
            "Error: chart \"web\" matching 9.9.9 not found in boutique index. (try 'helm repo update'): no chart version found for web-9.9.9",
            Trouble::ChartMissing,
            Some("chart web"),
            "no version 9.9.9",
        ),
        (
            "Error: chart \"nope\" matching  not found in boutique index. (try 'helm repo update'): no chart name found",
            Trouble::ChartMissing,
            Some("chart nope"),
            "does not have it",
        ),
        ("Error: path \"./nowhere\" not found", Trouble::ChartMissing, Some("chart ./nowhere"), "nothing at this path"),
        (
            "Error: looks like \"http://127.0.0.1:1/charts\" is not a valid chart repository or cannot be reached: Get \
             \"http://127.0.0.1:1/charts/index.yaml\": dial tcp 127.0.0.1:1: connect: connection refused",
            Trouble::Unreachable,
            Some("http://127.0.0.1:1/charts"),
            "connection refused",
        ),
        (
            "...Unable to get an update from the \"boutique\" chart repository (http://127.0.0.1:18099):\n\tGet \
             \"http://127.0.0.1:18099/index.yaml\": dial tcp 127.0.0.1:18099: connect: connection refused\nError: Failed to update the \
             following repositories: [http://127.0.0.1:18099]",
            Trouble::Unreachable,
            Some("http://127.0.0.1:18099"),
            "connection refused",
        ),
        (
            "...Unable to get an update from the \"boutique\" chart repository (http://127.0.0.1:18099):\n\tfailed to fetch \
             http://127.0.0.1:18099/index.yaml : 401 Unauthorized\nError: failed to update the following repositories: [http://127.0.0.1:18099]",
            Trouble::Unauthorized,
            Some("http://127.0.0.1:18099"),
            "other credentials",
        ),
        (
            "Error: failed to perform \"FetchReference\" on source: Get \"https://127.0.0.1:1/v2/charts/web/manifests/1.0.0\": dial tcp \
             127.0.0.1:1: connect: connection refused",
            Trouble::Unreachable,
            Some("https://127.0.0.1:1/v2/charts/web/manifests/1.0.0"),
            "connection refused",
        ),
    ] {
        check(said, trouble, object, text);
        assert_eq!(is_out_of_reach(said), trouble == Trouble::Unreachable, "{said}");
    }
}
