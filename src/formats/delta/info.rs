//! What a commit says of itself: its `commitInfo`, found without reading all of a large commit.

use lakegate_base::{Location, Result};
use lakegate_store::Stores;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::listing::CommitFile;
use super::origin::commit;

/// Larger commits are read in two parts of this size: their beginning and their end. Delta puts the action
/// first, and must when it tells the commit's time; some writers put it last.
const PART_BYTES: u64 = 64 << 10;

pub(super) type CommitInfo = Map<String, Value>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    commit_info: CommitInfo,
}

/// None: the commit says nothing of itself, or is gone.
pub(super) async fn read(
    stores: &Stores,
    table: &Location,
    version: u64,
    file: CommitFile,
) -> Result<Option<CommitInfo>> {
    let place = commit(table, version)?;
    let ends = [0..PART_BYTES.min(file.bytes), file.bytes.saturating_sub(PART_BYTES)..file.bytes];
    let parts = if file.bytes > PART_BYTES { 2 } else { 1 };
    for range in ends.into_iter().take(parts) {
        let bytes = match stores.read_range(&place, range).await {
            Err(e) if e.is_not_found() => return Ok(None),
            other => other?,
        };
        if let Some(info) = find(&bytes) {
            return Ok(Some(info));
        }
    }
    Ok(None)
}

fn find(bytes: &[u8]) -> Option<CommitInfo> {
    const KEY: &[u8] = b"{\"commitInfo\"";
    let lines = bytes.split(|&byte| byte == b'\n');
    let found = lines.map(<[u8]>::trim_ascii).filter(|line| line.starts_with(KEY));
    found.filter_map(|line| serde_json::from_slice::<Line>(line).ok()).map(|l| l.commit_info).next()
}

/// Milliseconds since 1970, where the commit tells its own time.
pub(super) fn time_ms(info: &CommitInfo) -> Option<i64> {
    info.get("inCommitTimestamp")?.as_i64()
}
