//! The recursive listing of the local disk. Our own, because `LocalFileSystem::list` follows a symbolic
//! link out of the roots. Here such a link is listed as the object it is, and reading it is refused: one
//! stray link then spoils its own table and not the listing of the whole lake.

use std::fs;
use std::sync::Arc;

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, Result};

use crate::guard::Guard;

const DEPTH_MAX: usize = 100;
/// Links to folders that one path may go through; a loop of links ends here.
const LINKS_MAX: usize = 4;

#[derive(Clone)]
struct Folder {
    path: Path,
    links: usize,
}

pub(crate) fn list(
    store: Arc<dyn ObjectStore>,
    guard: Arc<Guard>,
    prefix: Path,
) -> BoxStream<'static, Result<ObjectMeta>> {
    let start = vec![Folder { path: prefix, links: 0 }];
    let walk = stream::try_unfold(start, move |mut open| {
        let (store, guard) = (store.clone(), guard.clone());
        async move {
            let Some(folder) = open.pop() else { return Ok(None) };
            let listing = store.list_with_delimiter(Some(&folder.path)).await?;
            let mut objects = listing.objects;
            objects.sort_by(|a, b| a.location.cmp(&b.location));
            for path in listing.common_prefixes.into_iter().rev() {
                match enter(&guard, &folder, path)? {
                    Entry::Folder(child) => open.push(child),
                    Entry::Link(meta) => objects.push(meta),
                }
            }
            Ok::<_, Error>(Some((stream::iter(objects.into_iter().map(Ok)), open)))
        }
    });
    walk.try_flatten().boxed()
}

enum Entry {
    Folder(Folder),
    /// A link that leads outside the roots.
    Link(ObjectMeta),
}

fn enter(guard: &Guard, parent: &Folder, path: Path) -> Result<Entry> {
    let link = guard.file(&path).and_then(|file| fs::symlink_metadata(file).ok());
    let links = parent.links + usize::from(link.as_ref().is_some_and(fs::Metadata::is_symlink));
    if links > parent.links && guard.check_read(&path).is_err() {
        let (size, modified) = link.map_or((1, None), |m| (m.len().max(1), m.modified().ok()));
        let last_modified = modified.map(Into::into).unwrap_or_default();
        return Ok(Entry::Link(ObjectMeta {
            location: path,
            last_modified,
            size,
            e_tag: None,
            version: None,
        }));
    }
    if links > LINKS_MAX || path.parts_count() > DEPTH_MAX {
        let source = format!("{path} is nested too deeply, or symbolic links form a loop");
        return Err(Error::Generic { store: "LocalFileSystem", source: source.into() });
    }
    Ok(Entry::Folder(Folder { path, links }))
}
