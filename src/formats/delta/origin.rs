//! What an opened table keeps to be brought up to date: how its log names things, and which commit was its
//! last. A table made anew at the same place has other commits under the same versions.

use std::any::Any;
use std::sync::Arc;

use lakegate_base::{Location, Result};
use lakegate_store::Stores;
use object_store::ObjectMeta;

use super::layout::Layout;

#[derive(Debug)]
pub(super) struct Origin {
    pub version: u64,
    pub layout: Arc<Layout>,
    pub commit: CommitId,
}

/// One commit file, as its store tells it from any other of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommitId {
    pub bytes: u64,
    modified_ms: i64,
    /// Whoever writes a file of the same size within the store's second has another one.
    e_tag: Option<String>,
}

impl From<&ObjectMeta> for CommitId {
    fn from(meta: &ObjectMeta) -> Self {
        Self {
            bytes: meta.size,
            modified_ms: meta.last_modified.timestamp_millis(),
            e_tag: meta.e_tag.clone(),
        }
    }
}

/// Size and time of the last commit, as the log was listed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    pub bytes: u64,
    pub modified_ms: i64,
}

impl Origin {
    pub(super) fn of(snapshot: &crate::TableSnapshot) -> Option<Arc<Self>> {
        snapshot.origin.clone()?.downcast().ok()
    }
}

pub(super) fn commit(table: &Location, version: u64) -> Result<Location> {
    table.join(&format!("_delta_log/{version:020}.json"))
}

/// None when the last commit is gone, or no longer the one that was read: then the table has to be opened
/// again to learn what is new.
pub(super) async fn remember(
    stores: &Stores,
    table: &Location,
    version: u64,
    layout: Layout,
    listed: Option<Listed>,
) -> Option<Arc<dyn Any + Send + Sync>> {
    let listed = listed?;
    let found = stores.head(&commit(table, version).ok()?).await.ok()?;
    let commit = CommitId::from(&found);
    let same = commit.bytes == listed.bytes && commit.modified_ms == listed.modified_ms;
    same.then(|| {
        let origin = Origin { version, layout: Arc::new(layout), commit };
        Arc::new(origin) as Arc<dyn Any + Send + Sync>
    })
}
