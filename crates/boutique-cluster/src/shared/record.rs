//! The record of who shares a Helm release: a ConfigMap beside it, changed by one writer at a time (whoever comes second
//! sees what the first one wrote, and decides again).

use boutique_core::{
    contract::FIELD_MANAGER,
    helm::ReleaseId,
    object::Kind,
    shared::{BadRecord, Shape, UsersRecord},
};
use serde_json::Value;

use crate::{
    connect::Cluster,
    request::{ApiError, Propagation},
};

/// Why the record cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// It is damaged, or a newer release wrote it.
    #[error(transparent)]
    Unreadable(#[from] BadRecord),
    /// It has no JSON.
    #[error("the record of who uses the release cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}

/// What to do with a record.
pub(super) enum Then<S> {
    /// Leave it as it is.
    Keep,
    /// Write this.
    Write(UsersRecord<S>),
}

/// Reads the record of a release; none if nobody recorded anything.
pub(super) async fn read<S: Shape>(
    cluster: &Cluster,
    release: &ReleaseId,
) -> Result<Option<UsersRecord<S>>, RecordError> {
    let live = get::<S>(cluster, release).await?;
    Ok(live.as_ref().map(UsersRecord::from_config_map).transpose()?)
}

/// Changes the record as `decide` says; its second value is the answer. It is asked again when somebody was quicker.
pub(super) async fn change<S: Shape, T, E: From<RecordError>>(
    cluster: &Cluster,
    release: &ReleaseId,
    mut decide: impl FnMut(Option<UsersRecord<S>>) -> Result<(Then<S>, T), E> + Send,
) -> Result<T, E> {
    loop {
        let live = get::<S>(cluster, release).await.map_err(RecordError::from)?;
        let found = live.as_ref().map(UsersRecord::from_config_map).transpose().map_err(RecordError::from)?;
        let (record, answer) = match decide(found)? {
            (Then::Keep, answer) => return Ok(answer),
            (Then::Write(record), answer) => (record, answer),
        };
        let mut manifest = record.to_manifest().map_err(RecordError::from)?;
        let written = match &live {
            None => cluster.create(&manifest, FIELD_MANAGER).await,
            Some(live) => {
                let metadata = manifest.get_mut("/metadata").and_then(Value::as_object_mut);
                if let (Some(metadata), Some(version)) = (metadata, live.pointer("/metadata/resourceVersion")) {
                    metadata.insert("resourceVersion".to_owned(), version.clone());
                }
                cluster.replace(&manifest, FIELD_MANAGER).await
            }
        };
        match written {
            Ok(_) => return Ok(answer),
            Err(error) if error.is_conflict() || error.is_already_exists() => {}
            Err(error) if live.is_some() && error.is_not_found() => {}
            Err(error) => return Err(RecordError::from(error).into()),
        }
    }
}

/// Deletes the record.
pub(super) async fn remove<S: Shape>(cluster: &Cluster, release: &ReleaseId) -> Result<(), RecordError> {
    if let Some(live) = get::<S>(cluster, release).await? {
        cluster.delete_live(&live, Propagation::Background).await?;
    }
    Ok(())
}

async fn get<S: Shape>(cluster: &Cluster, release: &ReleaseId) -> Result<Option<Value>, ApiError> {
    cluster.get(Kind::CONFIG_MAP, Some(&release.namespace), &UsersRecord::<S>::name_of(&release.name)).await
}
