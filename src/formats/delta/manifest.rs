//! The symlink manifest: the list of a version's data files, for readers that do not know Delta (Athena,
//! Presto, Hive). Written after the commit, from the same list of files.

use bytes::Bytes;
use futures::TryStreamExt;
use lakegate_base::{Location, Result};
use lakegate_store::{Stores, WriteMode};

use super::data::DataFile;

const FOLDER: &str = "_symlink_format_manifest";

/// Replaces the table's manifest. Manifests of an older, partitioned layout are removed: they would go on
/// answering with rows of that version.
pub(super) async fn write(stores: &Stores, location: &Location, files: &[DataFile]) -> Result<()> {
    let folder = location.join(FOLDER)?;
    let mut text = String::new();
    for file in files {
        text.push_str(&location.join(&file.name)?.to_string());
        text.push('\n');
    }
    let manifest = folder.join("manifest")?;
    stores.write(&manifest, Bytes::from(text), WriteMode::Overwrite).await?;
    let listing: Vec<_> = stores.list(&folder).await?.try_collect().await?;
    for object in listing {
        let place = lakegate_store::location(location, &object.location);
        if place != manifest && place.name() == "manifest" {
            stores.delete(&place).await?;
        }
    }
    Ok(())
}
