//! The contract in the cluster: the names by which the provider and the plugin recognise what is theirs.
//!
//! Changing anything here changes what running shops look like, so it needs a new [`CONTRACT_VERSION`] and a reader for
//! the old one. Readers accept older versions; writers refuse newer ones (see [`check_writable`]).

use std::fmt;

use serde_json::Value;

/// Version of the contract that this build writes.
pub const CONTRACT_VERSION: u32 = 1;

/// Label on every record: the contract version it was written by.
pub const CONTRACT: &str = "boutique.dev/contract";
/// Label on every object and record of a stack: its name.
pub const STACK: &str = "boutique.dev/stack";
/// Label on every object and record of a stack: namespace of its records.
pub const STACK_NAMESPACE: &str = "boutique.dev/stack-namespace";
/// Label on every object and record of an ingress: its name.
pub const INGRESS: &str = "boutique.dev/ingress";
/// Label on every object and record of an ingress: namespace of its records.
pub const INGRESS_NAMESPACE: &str = "boutique.dev/ingress-namespace";
/// Label on every object and record of a monitoring: its name.
pub const MONITORING: &str = "boutique.dev/monitoring";
/// Label on every object and record of a monitoring: namespace of its records.
pub const MONITORING_NAMESPACE: &str = "boutique.dev/monitoring-namespace";
/// Label on every record: what it records (`inventory`, `revision`, `lease`, `fault`, `users`).
pub const RECORD: &str = "boutique.dev/record";
/// Label on a revision record: its number.
pub const REVISION: &str = "boutique.dev/revision";
/// Label on a fault record, and on everything a fault added: the id of the fault.
pub const FAULT: &str = "boutique.dev/fault";
/// Annotation on a namespace that a set created: for whom ([`SetId::created_for`]). The namespace's UID is recorded in the
/// inventory.
pub const CREATED_FOR: &str = "boutique.dev/created-for";
/// Annotation on the lease: the process that holds it, so that its death can be seen by others on the same machine.
pub const HOLDER_PROCESS: &str = "boutique.dev/holder-process";

/// ApplySet: label on the parent with its id. <https://kep.k8s.io/3659>
pub const APPLYSET_ID: &str = "applyset.kubernetes.io/id";
/// ApplySet: label on each member with the parent's id.
pub const APPLYSET_PART_OF: &str = "applyset.kubernetes.io/part-of";
/// ApplySet: annotation on the parent naming the tool that manages it.
pub const APPLYSET_TOOLING: &str = "applyset.kubernetes.io/tooling";
/// ApplySet: annotation on the parent listing the group-kinds of its members.
pub const APPLYSET_GROUP_KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
/// ApplySet: annotation on the parent listing further namespaces with members.
pub const APPLYSET_NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";

/// Source address of the Terraform provider, without version: packaging, documentation and the provider itself read it.
pub const PROVIDER_ADDRESS: &str = "registry.terraform.io/boutique-dev/boutique";

/// Field manager of the provider, which writes whole objects by server-side apply.
pub const FIELD_MANAGER: &str = "boutique-provider";
/// Field manager of the plugin, which writes single fields by JSON Patch.
pub const PLUGIN_MANAGER: &str = "kubectl-boutique";
/// Field manager of faults, which write single fields by JSON Patch.
pub const FAULT_MANAGER: &str = "boutique-fault";

/// What a record records; the value of the label [`RECORD`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// The ApplySet parent.
    Inventory,
    /// One apply: specification and objects.
    Revision,
    /// Who may write.
    Lease,
    /// An active or past fault.
    Fault,
    /// Who uses something that several resources share, such as an ingress controller.
    Users,
}

impl Record {
    /// The label's value.
    pub fn label(self) -> &'static str {
        match self {
            Self::Inventory => "inventory",
            Self::Revision => "revision",
            Self::Lease => "lease",
            Self::Fault => "fault",
            Self::Users => "users",
        }
    }
}

/// What a set of objects belongs to: one kind of Terraform resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// `boutique_stack`: the shop. One per namespace.
    Stack,
    /// `boutique_ingress`: the way to the shop from outside. May live in the stack's namespace.
    Ingress,
    /// `boutique_monitoring`: what watches the shop.
    Monitoring,
}

impl Owner {
    /// Every owner.
    pub const ALL: [Self; 3] = [Self::Stack, Self::Ingress, Self::Monitoring];

    /// The owner as a word, as it stands in names of records and in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stack => "stack",
            Self::Ingress => "ingress",
            Self::Monitoring => "monitoring",
        }
    }

    /// Label on every object and record of the set: its name.
    pub fn label(self) -> &'static str {
        match self {
            Self::Stack => STACK,
            Self::Ingress => INGRESS,
            Self::Monitoring => MONITORING,
        }
    }

    /// Label on every object and record of the set: the namespace of its records.
    pub fn namespace_label(self) -> &'static str {
        match self {
            Self::Stack => STACK_NAMESPACE,
            Self::Ingress => INGRESS_NAMESPACE,
            Self::Monitoring => MONITORING_NAMESPACE,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Identity of the objects of one Terraform resource: one ApplySet, with inventory, lease and revisions of its own.
/// Written `namespace/name`, as Terraform sees it; sets of different owners may have the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SetId {
    /// What the set belongs to.
    pub owner: Owner,
    /// Namespace that holds the objects and their records.
    pub namespace: String,
    /// Name of the resource.
    pub name: String,
}

impl SetId {
    /// An identity from its parts.
    pub fn new(owner: Owner, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { owner, namespace: namespace.into(), name: name.into() }
    }

    /// Identity of a stack.
    pub fn stack(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(Owner::Stack, namespace, name)
    }

    /// Identity of an ingress.
    pub fn ingress(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(Owner::Ingress, namespace, name)
    }

    /// Identity of a shop's monitoring.
    pub fn monitoring(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self::new(Owner::Monitoring, namespace, name)
    }

    /// Reads `namespace/name`.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(owner: Owner, text: &str) -> Result<Self, BadSetId> {
        match text.split_once('/') {
            Some((namespace, name)) if is_dns_label(namespace) && is_dns_label(name) => {
                Ok(Self::new(owner, namespace, name))
            }
            _ => Err(BadSetId { owner, text: text.to_owned() }),
        }
    }

    /// Owner and identity, for messages: `stack shop/shop`.
    pub fn described(&self) -> String {
        format!("{} {self}", self.owner)
    }

    /// Value of the annotation [`CREATED_FOR`] on a namespace that this set made.
    pub fn created_for(&self) -> String {
        match self.owner {
            // Contract version 1 began with stacks alone.
            Owner::Stack => self.to_string(),
            Owner::Ingress | Owner::Monitoring => self.described(),
        }
    }

    /// Name of the inventory (a ConfigMap) and of the lease.
    pub fn parent_name(&self) -> String {
        format!("boutique-{}-{}", self.owner, self.name)
    }

    /// Name of the record of one revision.
    pub fn revision_name(&self, number: u64) -> String {
        format!("{}-revision-{number}", self.parent_name())
    }

    /// Labels that every object of this set carries on its own metadata, never on a pod template or selector.
    pub fn labels(&self) -> [(&'static str, String); 2] {
        [(self.owner.label(), self.name.clone()), (self.owner.namespace_label(), self.namespace.clone())]
    }

    /// Label selector that finds every object and record of this set.
    pub fn selector(&self) -> String {
        let [(name_key, name), (namespace_key, namespace)] = self.labels();
        format!("{name_key}={name},{namespace_key}={namespace}")
    }

    /// Whether an object or record with these labels belongs to this set.
    pub fn owns(&self, live: &Value) -> bool {
        let label = |key: &str| live.pointer("/metadata/labels").and_then(|labels| labels.get(key)?.as_str());
        self.labels().iter().all(|(key, value)| label(key) == Some(value))
    }
}

impl fmt::Display for SetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// An id that is not `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no id of {} {owner}: write namespace/name, for example shop/shop", article(*owner))]
pub struct BadSetId {
    /// What it was to be the id of.
    pub owner: Owner,
    /// What was written.
    pub text: String,
}

fn article(owner: Owner) -> &'static str {
    match owner {
        Owner::Ingress => "an",
        Owner::Stack | Owner::Monitoring => "a",
    }
}

/// Whether a text is a DNS label, which names of namespaces, Services and stacks must be.
pub fn is_dns_label(text: &str) -> bool {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    !text.is_empty() && text.len() <= 63 && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// A record that this build must not write over, because a newer one made it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{record} was written under contract version {found}, this build knows versions up to {CONTRACT_VERSION}: \
     use the release that wrote it, or a newer one"
)]
pub struct NewerContract {
    /// The record, as a person would name it.
    pub record: String,
    /// The version found on it.
    pub found: String,
}

/// Says whether a record with this value of the label [`CONTRACT`] may be written over.
///
/// # Errors
/// When the version is newer than [`CONTRACT_VERSION`] or is no number. A record without the label is ours by its name
/// and counts as version 1.
pub fn check_writable(record: &str, found: Option<&str>) -> Result<(), NewerContract> {
    match found {
        None => Ok(()),
        Some(text) => match text.parse::<u32>() {
            Ok(version) if version <= CONTRACT_VERSION => Ok(()),
            _ => Err(NewerContract { record: record.to_owned(), found: text.to_owned() }),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn records_of_a_stack_are_named_as_they_always_were() {
        let id = SetId::stack("shop", "main");
        assert_eq!(id.parent_name(), "boutique-stack-main");
        assert_eq!(id.revision_name(3), "boutique-stack-main-revision-3");
        assert_eq!(id.selector(), "boutique.dev/stack=main,boutique.dev/stack-namespace=shop");
        assert_eq!(id.created_for(), "shop/main");
    }

    #[test]
    fn sets_of_different_owners_share_nothing_though_they_have_the_same_id() {
        let sets = Owner::ALL.map(|owner| SetId::new(owner, "shop", "shop"));
        for (at, set) in sets.iter().enumerate() {
            assert_eq!(set.to_string(), "shop/shop");
            for other in &sets[at + 1..] {
                assert_ne!(set.parent_name(), other.parent_name());
                assert_ne!(set.created_for(), other.created_for());
                let labels: serde_json::Map<String, Value> =
                    other.labels().into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
                let live = json!({"metadata": {"labels": labels}});
                assert!(other.owns(&live) && !set.owns(&live), "{set:?} {other:?}");
            }
        }
    }

    #[test]
    fn an_id_of_other_form_is_refused_with_an_example() {
        for bad in ["shop", "shop/", "/shop", "a/b/c", "Shop/x", "-a/b", "a/b-"] {
            let error = SetId::parse(Owner::Ingress, bad).unwrap_err().to_string();
            assert!(error.contains("an ingress") && error.contains("shop/shop"), "{bad}: {error}");
        }
    }

    proptest! {
        #[test]
        fn every_id_of_dns_labels_reads_back(namespace in "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name in "[a-z]{1,20}") {
            let id = SetId::stack(namespace, name);
            prop_assert_eq!(SetId::parse(Owner::Stack, &id.to_string()), Ok(id));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,80}") {
            if let Ok(id) = SetId::parse(Owner::Stack, &text) {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn an_older_contract_may_be_written_over_and_a_newer_one_not() {
        assert!(check_writable("inventory shop/boutique-stack-shop", Some("1")).is_ok());
        assert!(check_writable("inventory shop/boutique-stack-shop", None).is_ok());
        let error = check_writable("inventory shop/boutique-stack-shop", Some("2")).unwrap_err().to_string();
        assert!(error.contains("contract version 2"), "{error}");
    }
}
