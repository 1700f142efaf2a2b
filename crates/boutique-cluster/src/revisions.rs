//! The records of a namespace: inventory, revisions and faults, found by one LIST.

use boutique_core::{
    contract::{self, FIELD_MANAGER, NewerContract, Owner, Record, SetId, check_writable},
    inventory::{BadInventory, Inventory},
    object::{Kind, Manifest, ObjectRef},
    revision::{BadRevision, HISTORY, Revision},
};
use serde_json::Value;

use crate::{
    connect::Cluster,
    request::{ApiError, Propagation},
};

/// Records as they lie in one namespace.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// The inventory of the set, as read.
    inventory: Option<Value>,
    /// Revisions of the set, newest first.
    revisions: Vec<(u64, Value)>,
    /// For a stack, names of other stacks with an inventory here: there may be only one.
    pub other_stacks: Vec<String>,
    /// Fault records.
    pub faults: Vec<Value>,
}

impl Records {
    /// Reads the records of a set's namespace.
    ///
    /// # Errors
    /// Any failure of the request.
    pub async fn read(cluster: &Cluster, id: &SetId) -> Result<Self, ApiError> {
        let list = cluster.list(Kind::CONFIG_MAP, Some(&id.namespace), contract::CONTRACT).await?;
        Ok(Self::sort(id, list.items))
    }

    fn sort(id: &SetId, items: Vec<Value>) -> Self {
        let mut records = Self::default();
        for item in items {
            let text = |key: &str| item.pointer("/metadata/labels").and_then(|labels| labels.get(key)?.as_str());
            let ours = id.owns(&item);
            match text(contract::RECORD) {
                Some(record) if record == Record::Inventory.label() => {
                    if ours {
                        records.inventory = Some(item);
                    } else if id.owner == Owner::Stack
                        && let Some(name) = text(contract::STACK)
                    {
                        records.other_stacks.push(name.to_owned());
                    }
                }
                Some(record) if record == Record::Revision.label() && ours => {
                    if let Some(number) = Revision::number_of(&item) {
                        records.revisions.push((number, item));
                    }
                }
                Some(record) if record == Record::Fault.label() => records.faults.push(item),
                _ => {}
            }
        }
        records.revisions.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        records
    }

    /// Whether the set has any record here.
    pub fn any(&self) -> bool {
        self.inventory.is_some() || !self.revisions.is_empty()
    }

    /// The inventory.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn inventory(&self) -> Result<Option<Inventory>, BadInventory> {
        self.inventory.as_ref().map(Inventory::read).transpose()
    }

    /// The newest revision.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn newest(&self) -> Result<Option<Revision>, BadRevision> {
        self.revisions.first().map(|(_, record)| Revision::read(record)).transpose()
    }

    /// All revisions, newest first; damaged ones are left out.
    pub fn history(&self) -> Vec<Revision> {
        self.revisions.iter().filter_map(|(_, record)| Revision::read(record).ok()).collect()
    }

    /// The number of the next revision. Numbers are never used twice, also after a damaged record.
    pub fn next_number(&self) -> u64 {
        self.revisions.first().map_or(1, |(number, _)| number + 1)
    }

    /// Whether this build may write over these records.
    ///
    /// # Errors
    /// When a newer release wrote one of them.
    pub fn check_writable(&self) -> Result<(), NewerContract> {
        let newest = self.revisions.first().map(|(_, record)| record);
        for record in self.inventory.iter().chain(newest) {
            let version =
                record.pointer("/metadata/labels").and_then(|labels| labels.get(contract::CONTRACT)?.as_str());
            let name = ObjectRef::of(record).map(|object| object.to_string()).unwrap_or_default();
            check_writable(&name, version)?;
        }
        Ok(())
    }

    /// Stores a packed revision and removes those beyond the history that is kept.
    ///
    /// # Errors
    /// Any failure of the requests.
    pub async fn store(&self, cluster: &Cluster, record: &Manifest) -> Result<(), ApiError> {
        match cluster.create(record, FIELD_MANAGER).await {
            // Our own request that was repeated after its answer was lost.
            Err(error) if error.is_already_exists() => {}
            stored => {
                stored?;
            }
        }
        let old = self.revisions.iter().skip(HISTORY - 1).map(|(_, record)| record);
        futures::future::try_join_all(old.map(|record| cluster.delete_live(record, Propagation::Background))).await?;
        Ok(())
    }

    /// The records of this set as live objects: revisions, then the inventory.
    pub(crate) fn own(&self) -> (Vec<&Value>, Option<&Value>) {
        (self.revisions.iter().map(|(_, record)| record).collect(), self.inventory.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use boutique_core::inventory::State;
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn revision(number: u64) -> Revision {
        Revision {
            number,
            spec: json!({}),
            objects: Vec::new(),
            admitted: Vec::new(),
            created_at: Timestamp::UNIX_EPOCH,
            created_by: "ann".into(),
            versions: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn records_are_told_apart_by_their_labels() {
        let (id, other) = (SetId::stack("shop", "shop"), SetId::stack("shop", "second"));
        let inventory = Inventory { state: State::default(), ..Inventory::default() };
        let fault = json!({"metadata": {"labels": {"boutique.dev/record": "fault", "boutique.dev/stack": "shop"}}});
        let items = [2, 10, 9].map(|number| revision(number).record(&id)).map(Manifest::into_value);
        let mut items = items.to_vec();
        items.extend([
            fault,
            inventory.record(&id, "0.1.0").into_value(),
            inventory.record(&other, "0.1.0").into_value(),
        ]);
        let records = Records::sort(&id, items);
        assert_eq!(records.newest().unwrap().unwrap().number, 10);
        assert_eq!(records.next_number(), 11);
        assert_eq!(records.other_stacks, ["second"]);
        assert_eq!(records.faults.len(), 1);
        assert!(records.inventory().unwrap().is_some());
    }

    #[test]
    fn an_ingress_of_the_same_name_in_the_same_namespace_is_no_other_stack() {
        let (stack, ingress) = (SetId::stack("shop", "shop"), SetId::ingress("shop", "shop"));
        let records =
            |id: &SetId| [Inventory::default().record(id, "0.1.0"), revision(1).record(id)].map(Manifest::into_value);
        let items = [records(&stack), records(&ingress)].concat();
        for id in [stack, ingress] {
            let records = Records::sort(&id, items.clone());
            assert_eq!(records.other_stacks, [""; 0]);
            assert_eq!((records.next_number(), records.revisions.len()), (2, 1));
            let name = records.inventory.as_ref().and_then(|record| record.pointer("/metadata/name"));
            assert_eq!(name, Some(&json!(id.parent_name())));
        }
    }

    #[test]
    fn a_newer_contract_is_not_written_over() {
        let id = SetId::stack("shop", "shop");
        let mut inventory = Inventory::default().record(&id, "0.1.0");
        inventory.set_label(contract::CONTRACT, "2");
        let error = Records::sort(&id, vec![inventory.into_value()]).check_writable().unwrap_err().to_string();
        assert!(error.contains("ConfigMap shop/boutique-stack-shop") && error.contains("version 2"), "{error}");
    }
}
