//! Object stores by location: credentials, endpoints, allowed roots, limits, retries. Every byte Lakegate
//! reads or writes in a lake goes through a store from here, and a store opens nothing outside the
//! configured roots.

// Sizes and counts come from outside: a cast that loses bits is a bug or an attack.
#![deny(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod error;
mod guard;
mod objects;
mod ranges;
mod s3;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lakegate_base::{Error, Location, Result};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use tokio::sync::Mutex;

use crate::guard::{Guard, Guarded};
use crate::s3::S3;

pub use error::error;
pub use objects::{Children, WriteMode};

#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Only these places and what is below them can be opened.
    pub roots: Vec<Location>,
    pub s3: S3Options,
    /// Whole time a request may take with its retries; kept below the statement deadline.
    pub retry_timeout: Duration,
}

#[derive(Clone, Default)]
pub struct S3Options {
    /// `https://HOST[:PORT]` of a service that speaks S3; absent means AWS. Always addressed by path style.
    pub endpoint: Option<String>,
    /// Absent: the AWS chain's; with an endpoint `us-east-1`.
    pub region: Option<String>,
    /// On AWS itself: `https://s3.REGION.amazonaws.com/BUCKET` instead of a host name per bucket.
    pub path_style: bool,
    /// Endpoints without TLS are refused unless this is set.
    pub allow_http: bool,
    /// Without keys, credentials come from the AWS chain.
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub session_token: Option<String>,
}

impl fmt::Debug for S3Options {
    /// Secrets never reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Options")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("path_style", &self.path_style)
            .field("allow_http", &self.allow_http)
            .field("keys", &self.access_key_id.is_some())
            .finish_non_exhaustive()
    }
}

/// All stores of one process: one per bucket and one for the local disk, built when first asked for.
pub struct Stores {
    roots: Vec<Location>,
    s3: S3,
    built: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

impl Stores {
    pub fn new(options: StoreOptions) -> Self {
        let s3 = S3::new(options.s3, options.retry_timeout);
        Self { roots: options.roots, s3, built: Mutex::default() }
    }

    /// The store that holds `location`: a whole bucket or the local disk, but guarded: any path outside
    /// the roots is refused. Paths in it are [`path`]`(location)`.
    pub async fn store(&self, location: &Location) -> Result<Arc<dyn ObjectStore>> {
        let base = location.with_path("")?;
        let roots: Vec<Location> =
            self.roots.iter().filter(|root| root.is_within(&base)).cloned().collect();
        if roots.is_empty() {
            return Err(guard::refused(location));
        }
        let mut built = self.built.lock().await;
        if let Some(store) = built.get(&base.store_url()) {
            return Ok(store.clone());
        }
        let inner: Arc<dyn ObjectStore> = if base.is_local() {
            Arc::new(LocalFileSystem::new())
        } else {
            Arc::new(self.s3.bucket(base.bucket()).await?)
        };
        let store: Arc<dyn ObjectStore> =
            Arc::new(Guarded::new(inner, Guard::new(base.clone(), roots)));
        built.insert(base.store_url(), store.clone());
        Ok(store)
    }

    pub fn roots(&self) -> &[Location] {
        &self.roots
    }

    /// Whether `location` is within a root, by name. Stores check again, symbolic links included.
    pub fn allows(&self, location: &Location) -> bool {
        self.roots.iter().any(|root| location.is_within(root))
    }

    /// Refuses a location outside the roots before anything is asked of it.
    pub fn check(&self, location: &Location) -> Result<(), Error> {
        if self.allows(location) { Ok(()) } else { Err(guard::refused(location)) }
    }
}

/// The object's path in its store. Raw: a key or file named `a b`, `x=1%2F2` or `ü` keeps its name, where
/// `Path::from` would escape it into another one.
pub fn path(location: &Location) -> Path {
    // Only control characters fail to parse. No store can list such names; escaped, they name nothing.
    Path::parse(location.path()).unwrap_or_else(|_| Path::from(location.path()))
}

/// The place of a path in the store of `root`.
pub fn location(root: &Location, path: &Path) -> Location {
    root.with_path(path.as_ref()).expect("a store's path has no `..` and no control characters")
}
