//! Bringing a table up to date: one small request when nothing was committed, the new commits alone when
//! they only add and remove files. Anything else, and every doubt, is a full open.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use lakegate_base::{Location, Result};
use lakegate_store::Stores;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::apply::{self, Doubt};
use super::origin::{CommitId, Origin, commit};
use super::vectors::Descriptor;
use crate::TableSnapshot;

/// More news are read by a full open, on a thread of its own.
const COMMITS_MAX: usize = 100;
const BYTES_MAX: u64 = 8 << 20;

/// What became of a table since it was opened.
#[derive(Debug)]
pub enum Refreshed {
    /// It is still the latest version.
    Unchanged,
    Changed(Box<TableSnapshot>),
}

/// Brings the latest version of a table, as `open` or this gave it, up to date.
pub async fn refresh(stores: &Stores, previous: &TableSnapshot) -> Result<Refreshed> {
    match follow(stores, previous).await {
        Ok(refreshed) => Ok(refreshed),
        Err(Doubt(why)) => {
            tracing::debug!(table = %previous.location, why, "opened again");
            let opened = super::open_at(stores, &previous.location, None).await?;
            Ok(Refreshed::Changed(Box::new(opened)))
        }
    }
}

pub(super) async fn follow(stores: &Stores, previous: &TableSnapshot) -> Result<Refreshed, Doubt> {
    let table = &previous.location;
    let origin = Origin::of(previous).ok_or("its last commit is not known")?;
    let log = Log { store: stores.store(table).await?, table };
    let next = origin.version.checked_add(1).ok_or("its version is the last of all")?;
    let (same, first) = futures::join!(log.is_unchanged(&origin), log.read(next));
    same?;
    let Some(first) = first? else { return Ok(Refreshed::Unchanged) };
    let mut commits = vec![first];
    let mut bytes = commits[0].id.bytes;
    while let Some(found) = log.read(next + to_u64(commits.len())?).await? {
        bytes = bytes.saturating_add(found.id.bytes);
        commits.push(found);
        if commits.len() > COMMITS_MAX || bytes > BYTES_MAX {
            return Err("there is much news".into());
        }
    }
    // Were the log written anew meanwhile, these commits would be another table's.
    log.is_unchanged(&origin).await?;
    let version = origin.version + to_u64(commits.len())?;
    let actions = commits.iter().map(|commit| actions(&commit.bytes)).collect::<Result<_, _>>()?;
    let (files, deletes) = apply::apply(previous, &origin.layout, actions)?;
    let last = commits.last().map(|commit| commit.id.clone()).ok_or("no commits")?;
    let origin = Origin { version, layout: origin.layout.clone(), commit: last };
    Ok(Refreshed::Changed(Box::new(TableSnapshot {
        location: table.clone(),
        version: version.to_string(),
        schema: previous.schema.clone(),
        encoding: previous.encoding.clone(),
        files,
        deletes,
        defaults: previous.defaults.clone(),
        origin: Some(Arc::new(origin)),
    })))
}

fn to_u64(count: usize) -> Result<u64, Doubt> {
    u64::try_from(count).map_err(|_| "too many commits".into())
}

struct Log<'a> {
    store: Arc<dyn ObjectStore>,
    table: &'a Location,
}

struct Commit {
    bytes: Bytes,
    id: CommitId,
}

impl Log<'_> {
    fn path(&self, version: u64) -> Result<object_store::path::Path, Doubt> {
        let place = commit(self.table, version)?;
        Ok(lakegate_store::path(&place))
    }

    async fn is_unchanged(&self, origin: &Origin) -> Result<(), Doubt> {
        let found = self.store.head(&self.path(origin.version)?).await?;
        let same = CommitId::from(&found) == origin.commit;
        if same { Ok(()) } else { Err("its last commit is another one".into()) }
    }

    async fn read(&self, version: u64) -> Result<Option<Commit>, Doubt> {
        let found = match self.store.get(&self.path(version)?).await {
            Err(StoreError::NotFound { .. }) => return Ok(None),
            other => other?,
        };
        if found.meta.size > BYTES_MAX {
            return Err("a commit is large".into());
        }
        let id = CommitId::from(&found.meta);
        Ok(Some(Commit { bytes: found.bytes().await?, id }))
    }
}

/// What a commit may hold and still be applied alone. Another action, or one of another shape, is a doubt.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Action {
    Add(Add),
    Remove(Remove),
    CommitInfo(IgnoredAny),
    Txn(IgnoredAny),
    DomainMetadata(IgnoredAny),
    Cdc(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Add {
    pub path: String,
    #[serde(default)]
    pub partition_values: BTreeMap<String, Option<String>>,
    pub size: i64,
    pub modification_time: Option<i64>,
    pub stats: Option<String>,
    pub deletion_vector: Option<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Remove {
    pub path: String,
    pub deletion_vector: Option<Descriptor>,
}

pub(super) fn actions(commit: &[u8]) -> Result<Vec<Action>, Doubt> {
    let lines = commit.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let actions = lines.filter(|line| !line.is_empty()).map(serde_json::from_slice);
    actions.collect::<Result<_, _>>().map_err(|e| Doubt(e.to_string()))
}
