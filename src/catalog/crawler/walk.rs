//! Lists a part of the lake into a tree of folders. A folder that holds a Delta log or Iceberg metadata is
//! a table: of it only that listing is kept, its data files are not even listed. Below partition folders
//! (`key=value`) one flat listing replaces a request per folder.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt, TryStreamExt, stream};
use lakegate_base::{BoxFuture, Error, Location, Result};
use lakegate_formats::files::is_hidden;
use lakegate_store::{Children, Stores, location as place};
use object_store::ObjectMeta;
use tokio::sync::Semaphore;

use super::exclude::Exclusions;
use super::seen::Broken;
use super::{CrawlTarget, Progress};

const LISTINGS_AT_ONCE: usize = 16;
const DELTA_LOG: &str = "_delta_log";
const ICEBERG_METADATA: &str = "metadata";

pub(crate) struct Tree {
    pub(crate) root: Folder,
    /// Folders that could not be listed.
    pub(crate) broken: Vec<Broken>,
    pub(crate) folders: usize,
    pub(crate) objects: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Folder {
    pub(crate) location: Location,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// The log's files.
    Delta(Vec<File>),
    /// The metadata folder's files.
    Iceberg(Vec<File>),
    /// Data files and folders, both in order of name. `excluded`: a file that a pattern excludes, if any.
    Plain { files: Vec<File>, folders: Vec<Folder>, excluded: Option<Location> },
    /// Could not be listed.
    Broken,
}

#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) location: Location,
    pub(crate) size: u64,
    /// Changes whenever the content does: the etag, else the time.
    pub(crate) stamp: String,
}

struct Walker<'a> {
    stores: &'a Stores,
    target: &'a CrawlTarget,
    exclusions: &'a Exclusions,
    progress: &'a dyn Progress,
    requests: Semaphore,
    folders: AtomicUsize,
    objects: AtomicUsize,
    broken: Mutex<Vec<Broken>>,
}

pub(crate) async fn walk(
    stores: &Stores,
    target: &CrawlTarget,
    exclusions: &Exclusions,
    progress: &dyn Progress,
) -> Result<Tree> {
    let walker = Walker {
        stores,
        target,
        exclusions,
        progress,
        requests: Semaphore::new(LISTINGS_AT_ONCE),
        folders: AtomicUsize::new(0),
        objects: AtomicUsize::new(0),
        broken: Mutex::default(),
    };
    let children = walker.children(&target.location).await?;
    let root = walker.folder(target.location.clone(), children, 0).await?;
    Ok(Tree {
        root,
        folders: walker.folders.into_inner(),
        objects: walker.objects.into_inner(),
        broken: walker.broken.into_inner().unwrap_or_else(PoisonError::into_inner),
    })
}

impl Walker<'_> {
    /// One folder's own listing.
    async fn children(&self, location: &Location) -> Result<Children> {
        let _permit = self.requests.acquire().await.map_err(|e| Error::internal(e.to_string()))?;
        let children = self.stores.list_children(location).await?;
        self.count(1, children.objects.len())?;
        Ok(children)
    }

    fn count(&self, folders: usize, objects: usize) -> Result<()> {
        let folders = self.folders.fetch_add(folders, Ordering::Relaxed) + folders;
        let objects = self.objects.fetch_add(objects, Ordering::Relaxed) + objects;
        self.progress.found(folders, objects);
        let most = self.target.limits.objects_max;
        if folders.saturating_add(objects) <= most {
            return Ok(());
        }
        let text = format!("{} has more than {most} objects and folders", self.target.location);
        Err(Error::exhausted(text).hint("Crawl a smaller part, or raise the crawler's limit."))
    }

    /// Below the root a folder that cannot be listed is reported; a limit still ends the crawl.
    fn visit(&self, location: Location, depth: usize) -> BoxFuture<'_, Result<Folder>> {
        Box::pin(async move {
            let folder = match self.children(&location).await {
                Ok(children) => self.folder(location.clone(), children, depth).await,
                Err(e) => Err(e),
            };
            match folder {
                Err(error) if error.kind() != lakegate_base::ErrorKind::Exhausted => {
                    let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
                    broken.push(Broken { location: location.clone(), error });
                    Ok(Folder { location, content: Content::Broken })
                }
                other => other,
            }
        })
    }

    async fn folder(&self, location: Location, children: Children, depth: usize) -> Result<Folder> {
        if depth > self.target.limits.depth_max {
            let text = format!("folders nest deeper than {}", self.target.limits.depth_max);
            return Err(Error::unsupported(text));
        }
        let has = |name: &str| children.folders.iter().find(|f| f.name() == name);
        if let Some(log) = has(DELTA_LOG) {
            let (files, _) = self.keep(self.children(log).await?.objects, &location);
            if files.iter().any(|f| is_delta_log_file(f.location.name())) {
                return Ok(Folder { location, content: Content::Delta(files) });
            }
        }
        if let Some(metadata) = has(ICEBERG_METADATA) {
            let (files, _) = self.keep(self.children(metadata).await?.objects, &location);
            if files.iter().any(|f| f.location.name().contains(".metadata.json")) {
                return Ok(Folder { location, content: Content::Iceberg(files) });
            }
        }
        if children.folders.iter().any(|f| f.name().contains('=')) {
            return self.flat(location).await;
        }
        let data: Vec<ObjectMeta> =
            children.objects.into_iter().filter(|o| !self.hidden(o)).collect();
        let (files, excluded) = self.keep(data, &location);
        let open = children.folders.into_iter().filter(|f| !is_hidden(f.name()));
        let folders = stream::iter(open)
            .map(|child| self.visit(child, depth + 1))
            .buffered(LISTINGS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(Folder { location, content: Content::Plain { files, folders, excluded } })
    }

    /// Everything below a folder by one listing.
    async fn flat(&self, location: Location) -> Result<Folder> {
        let mut listing = self.stores.list(&location).await?;
        let mut draft = Draft::default();
        while let Some(object) = listing.try_next().await? {
            self.count(0, 1)?;
            let path = object.location.as_ref();
            if path.contains("/_delta_log/") || path.contains(".metadata.json") {
                let text = "a Delta or Iceberg table inside a partition folder";
                return Err(Error::unsupported(text));
            }
            if self.hidden(&object) {
                continue;
            }
            let (files, excluded) = self.keep(vec![object], &location);
            let place = files.first().map(|f| f.location.clone()).or(excluded);
            if let Some(place) = place {
                let below = place.below(&location).unwrap_or_default().to_string();
                let entry = files.into_iter().next().ok_or(place);
                draft.add(&below, entry, self.target.limits.depth_max)?;
            }
        }
        let folder = draft.finish(location)?;
        Ok(folder)
    }

    fn hidden(&self, object: &ObjectMeta) -> bool {
        let whole = place(&self.target.location, &object.location);
        whole.below(&self.target.location).is_none_or(is_hidden)
    }

    /// Objects that are neither folder markers nor excluded, and an excluded one, if any.
    fn keep(&self, objects: Vec<ObjectMeta>, folder: &Location) -> (Vec<File>, Option<Location>) {
        let (mut files, mut excluded) = (Vec::new(), None);
        for object in objects.into_iter().filter(|o| o.size > 0) {
            let location = place(folder, &object.location);
            let relative = location.below(&self.target.location).unwrap_or_default();
            if self.exclusions.exclude(relative) {
                excluded = Some(location);
                continue;
            }
            let stamp =
                object.e_tag.unwrap_or_else(|| object.last_modified.timestamp_micros().to_string());
            files.push(File { location, size: object.size, stamp });
        }
        files.sort_by(|a, b| a.location.cmp(&b.location));
        (files, excluded)
    }
}

fn is_delta_log_file(name: &str) -> bool {
    name == "_last_checkpoint" || name.ends_with(".json") || name.contains(".checkpoint.")
}

/// A folder tree under construction.
#[derive(Default)]
struct Draft {
    files: Vec<File>,
    folders: BTreeMap<String, Draft>,
    excluded: Option<Location>,
}

impl Draft {
    /// A file, or the place of an excluded one.
    fn add(&mut self, below: &str, file: Result<File, Location>, depth_max: usize) -> Result<()> {
        let mut folder = self;
        let mut segments: Vec<&str> = below.split('/').collect();
        segments.pop();
        if segments.len() > depth_max {
            return Err(Error::unsupported(format!("folders nest deeper than {depth_max}")));
        }
        for segment in segments {
            folder = folder.folders.entry(segment.to_string()).or_default();
        }
        match file {
            Ok(file) => folder.files.push(file),
            Err(place) => folder.excluded = Some(place),
        }
        Ok(())
    }

    fn finish(self, location: Location) -> Result<Folder> {
        let mut folders = Vec::new();
        for (name, draft) in self.folders {
            folders.push(draft.finish(location.join(&name)?)?);
        }
        let (mut files, excluded) = (self.files, self.excluded);
        files.sort_by(|a, b| a.location.cmp(&b.location));
        Ok(Folder { location, content: Content::Plain { files, folders, excluded } })
    }
}
