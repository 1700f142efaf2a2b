//! The contract in the cluster: the names by which the provider and the plugin recognise what is theirs.
//!
//! Changing anything here changes what running shops look like, so it needs a new [`CONTRACT_VERSION`] and a reader for
//! the old one. Readers accept older versions; writers refuse newer ones (see [`check_writable`]).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Version of the contract that this build writes.
pub const CONTRACT_VERSION: u32 = 1;

/// Label on every record: the contract version it was written by.
pub const CONTRACT: &str = "boutique.dev/contract";
/// Label on every object and record: name of the stack it belongs to.
pub const STACK: &str = "boutique.dev/stack";
/// Label on every object and record: namespace of the stack's records.
pub const STACK_NAMESPACE: &str = "boutique.dev/stack-namespace";
/// Label on every record: what it records (`inventory`, `revision`, `lease`, `fault`).
pub const RECORD: &str = "boutique.dev/record";
/// Label on a revision record: its number.
pub const REVISION: &str = "boutique.dev/revision";
/// Label on a fault record, and on everything a fault added: the id of the fault.
pub const FAULT: &str = "boutique.dev/fault";
/// Annotation on a namespace that a stack created: the stack's id. The namespace's UID is recorded in the inventory.
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
}

impl Record {
    /// The label's value.
    pub fn label(self) -> &'static str {
        match self {
            Self::Inventory => "inventory",
            Self::Revision => "revision",
            Self::Lease => "lease",
            Self::Fault => "fault",
        }
    }
}

/// Identity of a stack: `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StackId {
    /// Namespace that holds the shop and its records.
    pub namespace: String,
    /// Name of the stack; one stack per namespace.
    pub name: String,
}

impl StackId {
    /// An identity from its two parts.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// Name of the inventory (a ConfigMap) and of the lease.
    pub fn parent_name(&self) -> String {
        format!("boutique-stack-{}", self.name)
    }

    /// Name of the record of one revision.
    pub fn revision_name(&self, number: u64) -> String {
        format!("boutique-stack-{}-revision-{number}", self.name)
    }

    /// Labels that every object of this stack carries on its own metadata, never on a pod template or selector.
    pub fn labels(&self) -> [(&'static str, String); 2] {
        [(STACK, self.name.clone()), (STACK_NAMESPACE, self.namespace.clone())]
    }

    /// Label selector that finds every object and record of this stack.
    pub fn selector(&self) -> String {
        format!("{STACK}={},{STACK_NAMESPACE}={}", self.name, self.namespace)
    }
}

impl fmt::Display for StackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// An id that is not `namespace/name`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no id of a stack: write namespace/name, for example shop/shop")]
pub struct BadStackId(pub String);

impl FromStr for StackId {
    type Err = BadStackId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((namespace, name)) if is_dns_label(namespace) && is_dns_label(name) => Ok(Self::new(namespace, name)),
            _ => Err(BadStackId(text.to_owned())),
        }
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

    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = StackId::new("shop", "main");
        assert_eq!(id.to_string().parse::<StackId>(), Ok(id));
    }

    #[test]
    fn an_id_of_other_form_is_refused_with_an_example() {
        for bad in ["shop", "shop/", "/shop", "a/b/c", "Shop/x", "-a/b", "a/b-"] {
            let error = bad.parse::<StackId>().unwrap_err().to_string();
            assert!(error.contains("shop/shop"), "{bad}: {error}");
        }
    }

    proptest! {
        #[test]
        fn every_id_of_dns_labels_reads_back(namespace in "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name in "[a-z]{1,20}") {
            let id = StackId::new(namespace, name);
            prop_assert_eq!(id.to_string().parse::<StackId>(), Ok(id));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,80}") {
            if let Ok(id) = text.parse::<StackId>() {
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
