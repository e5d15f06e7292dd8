//! Whole-object helpers: read, list, write. Everything that is read into memory has a limit.

use std::ops::Range;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use lakegate_base::{Error, Location, Result, Subject};
use object_store::{
    GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
};

use crate::{Stores, error, location as place, path};

/// What lies directly below a place.
#[derive(Clone, Debug, Default)]
pub struct Children {
    pub folders: Vec<Location>,
    pub objects: Vec<ObjectMeta>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// Fails with `AlreadyExists` when the object is there: the one atomic step commits are built on.
    Create,
    Overwrite,
}

impl Stores {
    /// A whole object; one larger than `bytes_max` is refused before it is read.
    pub async fn read(&self, location: &Location, bytes_max: u64) -> Result<Bytes> {
        let store = self.store(location).await?;
        let result = store.get(&path(location)).await.map_err(|e| error(e, location))?;
        if result.meta.size > bytes_max {
            let size = result.meta.size;
            let message = format!(
                "{location} has {size} bytes, more than the {bytes_max} allowed for such a file"
            );
            return Err(Error::exhausted(message).about(Subject::Object));
        }
        result.bytes().await.map_err(|e| error(e, location))
    }

    /// Some bytes of an object. A range that ends behind the object's end is cut there.
    pub async fn read_range(&self, location: &Location, range: Range<u64>) -> Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let store = self.store(location).await?;
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let result =
            store.get_opts(&path(location), options).await.map_err(|e| error(e, location))?;
        result.bytes().await.map_err(|e| error(e, location))
    }

    /// Size, time and etag of one object. Folders are not objects.
    pub async fn head(&self, location: &Location) -> Result<ObjectMeta> {
        let store = self.store(location).await?;
        store.head(&path(location)).await.map_err(|e| error(e, location))
    }

    /// Whether an object is at this exact place; a place outside the roots is an error, not `false`.
    pub async fn exists(&self, location: &Location) -> Result<bool> {
        if location.path().is_empty() {
            return Ok(false);
        }
        match self.head(location).await {
            Ok(_) => Ok(true),
            Err(e) if e.is_not_found() => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// All objects below a place, at any depth, in no promised order. Nothing there: an empty stream.
    pub async fn list(
        &self,
        location: &Location,
    ) -> Result<BoxStream<'static, Result<ObjectMeta>>> {
        let store = self.store(location).await?;
        let location = location.clone();
        let listing = store.list(Some(&path(&location)));
        Ok(listing.map_err(move |e| error(e, &location)).boxed())
    }

    /// Folders and objects directly below a place, each sorted by name.
    pub async fn list_children(&self, location: &Location) -> Result<Children> {
        let store = self.store(location).await?;
        let listing = store.list_with_delimiter(Some(&path(location))).await;
        let listing = listing.map_err(|e| error(e, location))?;
        let mut folders: Vec<Location> =
            listing.common_prefixes.iter().map(|prefix| place(location, prefix)).collect();
        folders.sort();
        let mut objects = listing.objects;
        objects.sort_by(|a, b| a.location.cmp(&b.location));
        Ok(Children { folders, objects })
    }

    pub async fn write(&self, location: &Location, bytes: Bytes, mode: WriteMode) -> Result<()> {
        let store = self.store(location).await?;
        let mode = match mode {
            WriteMode::Create => PutMode::Create,
            WriteMode::Overwrite => PutMode::Overwrite,
        };
        let options = PutOptions { mode, ..PutOptions::default() };
        let written = store.put_opts(&path(location), PutPayload::from(bytes), options).await;
        written.map(drop).map_err(|e| error(e, location))
    }

    /// Deletes one object. One that is not there is an error on disk and none on S3.
    pub async fn delete(&self, location: &Location) -> Result<()> {
        let store = self.store(location).await?;
        store.delete(&path(location)).await.map_err(|e| error(e, location))
    }
}
