//! The revision of an apply, made while its objects are written: packing it takes as long as some of the writes.

use std::sync::Arc;

use boutique_core::{
    contract::SetId,
    object::Manifest,
    revision::{Admitted, Revision},
};
use jiff::Timestamp;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::ApplyRequest;

/// A revision as if admission had changed nothing, which is so nearly always, and its record on the way.
pub(super) struct Draft {
    revision: Arc<Revision>,
    packed: JoinHandle<Manifest>,
}

impl Draft {
    pub(super) fn begin(
        request: &ApplyRequest,
        number: u64,
        (spec, manifests): (&Value, &[Manifest]),
        (by, since): (&str, Timestamp),
    ) -> Self {
        let mut versions = request.versions.clone();
        versions.insert("tool".to_owned(), request.tool_version.clone());
        let revision = Arc::new(Revision {
            number,
            spec: spec.clone(),
            objects: manifests.to_vec(),
            admitted: Vec::new(),
            created_at: since,
            created_by: by.to_owned(),
            versions,
        });
        let (id, drafted) = (request.id.clone(), Arc::clone(&revision));
        Self { revision, packed: tokio::task::spawn_blocking(move || drafted.record(&id)) }
    }

    /// The number of the revision that now stands, and the record to store; none where the newest one says the same.
    pub(super) async fn finish(
        self,
        id: &SetId,
        newest: Option<&Revision>,
        mut admitted: Vec<Admitted>,
    ) -> (u64, Option<Manifest>) {
        // Objects are written in any order; a revision must not differ by it.
        admitted.sort_by_cached_key(|admitted| (admitted.object.clone(), admitted.path.to_string()));
        let as_drafted = admitted.is_empty();
        let revision =
            if as_drafted { self.revision } else { Arc::new(Revision { admitted, ..(*self.revision).clone() }) };
        if let Some(newest) = newest.filter(|newest| newest.same_content(&revision)) {
            return (newest.number, None);
        }
        let packed = if as_drafted { self.packed.await.ok() } else { None };
        (revision.number, Some(packed.unwrap_or_else(|| revision.record(id))))
    }
}

#[cfg(test)]
mod tests {
    use boutique_core::{diff::Path, object::Kind};
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_admission_changed_is_in_the_record_though_it_was_not_in_the_draft() {
        let manifest = Manifest::new(Kind::SERVICE, "shop", "frontend", json!({}));
        let id = SetId::stack("shop", "shop");
        let request = ApplyRequest::new(id.clone(), json!({}), vec![manifest.clone()], "0");
        let draft = |number| {
            let content = (&request.spec, request.manifests.as_slice());
            Draft::begin(&request, number, content, ("ann", Timestamp::UNIX_EPOCH))
        };
        let admitted = Admitted { object: manifest.reference(), path: Path::default().field("spec"), value: json!(1) };
        let (number, record) = draft(1).finish(&id, None, vec![admitted.clone()]).await;
        let stored = Revision::read(record.unwrap().value()).unwrap();
        assert_eq!((number, &stored.admitted), (1, &vec![admitted]));
        let (number, record) = draft(2).finish(&id, Some(&stored), Vec::new()).await;
        assert_eq!((number, Revision::read(record.unwrap().value()).unwrap().admitted), (2, Vec::new()));
        let (number, record) = draft(2).finish(&id, Some(&stored), stored.admitted.clone()).await;
        assert!(number == 1 && record.is_none(), "the newest says the same");
    }
}
