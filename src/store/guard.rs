//! The guard around a store: paths outside the configured roots are refused in every method. On local
//! disk symbolic links are resolved first, so that a link inside a root cannot lead out of it. A guard
//! before the store, not a prefix store: Delta and Iceberg metadata name whole paths.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use lakegate_base::{Error, Location, Subject};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};
use tokio::sync::Semaphore;

use crate::{location, ranges, walk};

/// Requests for ranges that one store works on at a time.
const REQUESTS_MAX: usize = 64;

/// Which paths of one store may be touched.
#[derive(Debug)]
pub(crate) struct Guard {
    /// The whole bucket, or the local disk.
    base: Location,
    roots: Vec<Location>,
}

pub(crate) fn refused(location: &Location) -> Error {
    Error::denied(format!("{location} is outside the configured roots"))
        .about(Subject::Object)
        .hint("Add its folder or bucket to lake.roots in lakegate.toml, if it belongs to the lake.")
}

impl Guard {
    pub(crate) fn new(base: Location, roots: Vec<Location>) -> Self {
        Self { base, roots }
    }

    /// For reads and listings: what the path leads to must lie within a root.
    pub(crate) fn check_read(&self, path: &Path) -> Result<()> {
        let place = self.check_name(path)?;
        match place.local_path() {
            Some(file) => self.check_file(&file, &place),
            None => Ok(()),
        }
    }

    /// For writes and deletes, which replace or remove a link itself: its folder must lie within a root.
    pub(crate) fn check_write(&self, path: &Path) -> Result<()> {
        let place = self.check_name(path)?;
        match place.local_path() {
            // A root that is itself the object has no folder to check within it.
            Some(file) if !self.roots.contains(&place) => {
                self.check_file(file.parent().unwrap_or(&file), &place)
            }
            _ => Ok(()),
        }
    }

    fn check_name(&self, path: &Path) -> Result<Location> {
        let place = location(&self.base, path);
        let within = self.roots.iter().any(|root| place.is_within(root));
        if within { Ok(place) } else { Err(denied(&place)) }
    }

    fn check_file(&self, file: &FilePath, place: &Location) -> Result<()> {
        let resolved = resolve(file).map_err(|e| unresolved(e, place))?;
        for root in self.roots.iter().filter_map(Location::local_path) {
            if resolve(&root).is_ok_and(|root| resolved.starts_with(root)) {
                return Ok(());
            }
        }
        Err(denied(place))
    }

    /// The file behind a path of this store, when it is local.
    pub(crate) fn file(&self, path: &Path) -> Option<PathBuf> {
        location(&self.base, path).local_path()
    }
}

/// The path without symbolic links. Of a path that does not exist (yet), its nearest existing folder is
/// resolved.
fn resolve(file: &FilePath) -> io::Result<PathBuf> {
    let mut existing = file;
    loop {
        match existing.canonicalize() {
            Ok(found) => {
                let rest = file.strip_prefix(existing).unwrap_or(FilePath::new(""));
                return Ok(if rest.as_os_str().is_empty() { found } else { found.join(rest) });
            }
            Err(e)
                if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                existing = existing.parent().ok_or(e)?;
            }
            Err(e) => return Err(e),
        }
    }
}

fn denied(place: &Location) -> object_store::Error {
    let source = Box::new(refused(place));
    object_store::Error::PermissionDenied { path: place.to_string(), source }
}

fn unresolved(error: io::Error, place: &Location) -> object_store::Error {
    object_store::Error::PermissionDenied { path: place.to_string(), source: Box::new(error) }
}

/// A store that asks its [`Guard`] first.
#[derive(Debug)]
pub(crate) struct Guarded {
    inner: Arc<dyn ObjectStore>,
    guard: Arc<Guard>,
    requests: Semaphore,
}

impl Guarded {
    pub(crate) fn new(inner: Arc<dyn ObjectStore>, guard: Guard) -> Self {
        Self { inner, guard: Arc::new(guard), requests: Semaphore::new(REQUESTS_MAX) }
    }

    fn check_prefix(&self, prefix: Option<&Path>) -> Result<()> {
        self.guard.check_read(prefix.unwrap_or(&Path::ROOT))
    }
}

impl fmt::Display for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.guard.base)
    }
}

#[async_trait]
impl ObjectStore for Guarded {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.guard.check_write(path)?;
        self.inner.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.guard.check_write(path)?;
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.guard.check_read(path)?;
        self.inner.get_opts(path, options).await
    }

    async fn get_ranges(&self, path: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.guard.check_read(path)?;
        match self.guard.base.is_local() {
            true => self.inner.get_ranges(path, ranges).await,
            false => ranges::read(self.inner.as_ref(), &self.requests, path, ranges).await,
        }
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let guard = self.guard.clone();
        let checked = paths.map(move |path| {
            let path = path?;
            guard.check_write(&path)?;
            Ok(path)
        });
        self.inner.delete_stream(checked.boxed())
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        if let Err(e) = self.check_prefix(prefix) {
            return stream::once(async { Err(e) }).boxed();
        }
        if self.guard.base.is_local() {
            let prefix = prefix.cloned().unwrap_or_default();
            return walk::list(self.inner.clone(), self.guard.clone(), prefix);
        }
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        if let Err(e) = self.check_prefix(prefix) {
            return stream::once(async { Err(e) }).boxed();
        }
        if self.guard.base.is_local() {
            let offset = offset.clone();
            let after = move |meta: &Result<ObjectMeta>| {
                let keep = meta.as_ref().map_or(true, |meta| meta.location > offset);
                std::future::ready(keep)
            };
            return self.list(prefix).filter(after).boxed();
        }
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.check_prefix(prefix)?;
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.guard.check_read(from)?;
        self.guard.check_write(to)?;
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.guard.check_read(from)?;
        self.guard.check_write(from)?;
        self.guard.check_write(to)?;
        self.inner.rename_opts(from, to, options).await
    }
}
