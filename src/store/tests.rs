//! The local disk behind the guard: round trips, odd names, and every way out of the roots.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use lakegate_base::{ErrorKind, Location, Subject};
use object_store::{ObjectStoreExt, path::Path};
use tempfile::TempDir;

use crate::{S3Options, StoreOptions, Stores, WriteMode, location, path};

struct Lake {
    _dir: TempDir,
    root: Location,
    outside: Location,
    stores: Stores,
}

fn lake() -> Lake {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let base = Location::local(dir.path()).expect("valid");
    let (root, outside) = (base.join("lake").expect("valid"), base.join("lake2").expect("valid"));
    for place in [&root, &outside] {
        fs::create_dir(place.local_path().expect("local")).expect("created");
    }
    let stores = stores(vec![root.clone()], S3Options::default());
    Lake { _dir: dir, root, outside, stores }
}

fn stores(roots: Vec<Location>, s3: S3Options) -> Stores {
    Stores::new(StoreOptions { roots, s3, retry_timeout: Duration::from_secs(2) })
}

fn file(location: &Location) -> std::path::PathBuf {
    location.local_path().expect("local")
}

#[tokio::test]
async fn odd_names_keep_their_names() {
    let Lake { root, stores, .. } = &lake();
    let names = [
        "a b.csv",
        "part=a%2Fb/x.csv",
        "100%.csv",
        "ü=ñ/日本.csv",
        "q?#[x]{y}~^`|\"<>*.csv",
        "b\\c.csv",
        "plus+and&=.csv",
        "C:/x.csv",
    ];
    for name in names {
        let place = root.join(name).expect("valid");
        let body = Bytes::from(name.as_bytes().to_vec());
        stores.write(&place, body.clone(), WriteMode::Create).await.expect(name);
        assert_eq!(fs::read(file(&place)).expect(name), body, "{name} has its own name on disk");
        assert_eq!(stores.read(&place, 100).await.expect(name), body);
        assert_eq!(location(root, &path(&place)), place);
    }
    let listed = stores.list(root).await.expect("listed").try_collect::<Vec<_>>().await;
    let mut listed: Vec<String> = listed
        .expect("listed")
        .iter()
        .map(|meta| location(root, &meta.location).below(root).expect("below").to_string())
        .collect();
    listed.sort();
    let mut names = names.map(str::to_string).to_vec();
    names.sort();
    assert_eq!(listed, names);
}

#[tokio::test]
async fn reads_have_limits_and_ranges_are_cut() {
    let Lake { root, stores, .. } = &lake();
    let place = root.join("x.txt").expect("valid");
    stores
        .write(&place, Bytes::from_static(b"0123456789"), WriteMode::Create)
        .await
        .expect("written");
    let again = stores.write(&place, Bytes::new(), WriteMode::Create).await.expect_err("exists");
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    let large = stores.read(&place, 9).await.expect_err("too large");
    assert_eq!(large.kind(), ErrorKind::Exhausted);
    assert!(large.message().contains("x.txt has 10 bytes"), "{large}");
    assert_eq!(stores.read_range(&place, 8..99).await.expect("cut"), "89");
    assert!(stores.exists(&place).await.expect("answer"));
    stores.delete(&place).await.expect("deleted");
    assert!(!stores.exists(&place).await.expect("answer"));
    let gone = stores.read(&place, 9).await.expect_err("gone");
    assert_eq!((gone.kind(), gone.subject()), (ErrorKind::NotFound, Subject::Object));
    assert!(gone.message().contains("/lake/x.txt"), "{gone}");
}

#[tokio::test]
async fn children_and_missing_folders() {
    let Lake { root, stores, .. } = &lake();
    for name in ["b/x", "a/y/z", "f"] {
        let place = root.join(name).expect("valid");
        stores.write(&place, Bytes::from_static(b"1"), WriteMode::Create).await.expect("written");
    }
    let children = stores.list_children(root).await.expect("listed");
    let names: Vec<&str> = children.folders.iter().map(Location::name).collect();
    assert_eq!((names, children.objects.len()), (vec!["a", "b"], 1));
    let nothing = stores.list(&root.join("none").expect("valid")).await.expect("listed");
    assert_eq!(nothing.count().await, 0);
}

fn is_refused<T>(result: Result<T, object_store::Error>, what: &str) {
    let place = Location::parse("file:///asked").expect("valid");
    let error = crate::error(result.err().expect(what), &place);
    assert_eq!(error.kind(), ErrorKind::Denied, "{what}: {error}");
    assert!(error.message().ends_with("outside the configured roots"), "{what}: {error}");
    assert!(error.hint_text().is_some_and(|hint| hint.contains("lake.roots")), "{what}");
}

#[tokio::test]
async fn every_method_refuses_paths_outside_the_roots() {
    let Lake { root, outside, stores, .. } = &lake();
    fs::write(file(outside).join("secret"), "s").expect("written");
    fs::write(file(root).join("mine"), "m").expect("written");
    let store = stores.store(root).await.expect("a store");
    let (out, mine) =
        (path(&outside.join("secret").expect("valid")), path(&root.join("mine").expect("valid")));
    is_refused(store.get(&out).await, "get");
    is_refused(store.head(&out).await, "head");
    is_refused(store.get_ranges(&out, &[0..1, 0..1]).await, "get_ranges");
    is_refused(store.put(&out, "x".into()).await, "put");
    is_refused(store.put_multipart(&out).await, "put_multipart");
    is_refused(store.delete(&out).await, "delete");
    is_refused(store.copy(&out, &mine).await, "copy from");
    is_refused(store.copy(&mine, &out).await, "copy to");
    is_refused(store.rename(&mine, &out).await, "rename to");
    is_refused(store.rename_if_not_exists(&out, &mine).await, "rename from");
    for prefix in [None, Some(path(outside)), Some(path(&root.parent().expect("parent")))] {
        let prefix = prefix.as_ref();
        is_refused(store.list_with_delimiter(prefix).await, "list_with_delimiter");
        is_refused(store.list(prefix).try_collect::<Vec<_>>().await, "list");
        let after = store.list_with_offset(prefix, &Path::from("a"));
        is_refused(after.try_collect::<Vec<_>>().await, "list_with_offset");
    }
    assert_eq!(fs::read_to_string(file(outside).join("secret")).expect("there"), "s");
    assert_eq!(fs::read_to_string(file(root).join("mine")).expect("there"), "m");
}

#[tokio::test]
async fn other_places_and_buckets_are_refused() {
    let Lake { outside, stores, .. } = &lake();
    for text in ["s3://other/x", &outside.join("x").expect("valid").to_string()] {
        let place = Location::parse(text).expect("valid");
        let error = stores.read(&place, 1).await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Denied, "{text}");
        assert!(error.message().contains(&place.to_string()), "{error}");
    }
}

#[tokio::test]
async fn symbolic_links_do_not_lead_out() {
    let Lake { root, outside, stores, .. } = &lake();
    let (inside, out) = (file(root), file(outside));
    fs::write(out.join("secret"), "s").expect("written");
    fs::create_dir(inside.join("real")).expect("created");
    fs::write(inside.join("real/x"), "x").expect("written");
    symlink(out.join("secret"), inside.join("file")).expect("linked");
    symlink(&out, inside.join("folder")).expect("linked");
    symlink(inside.join("real"), inside.join("alias")).expect("linked");
    let place = |name: &str| root.join(name).expect("valid");
    for name in ["file", "folder/secret", "folder/none"] {
        let error = stores.read(&place(name), 9).await.expect_err(name);
        assert_eq!(error.kind(), ErrorKind::Denied, "{name}: {error}");
    }
    let write = stores.write(&place("folder/new"), Bytes::new(), WriteMode::Create).await;
    assert_eq!(write.expect_err("refused").kind(), ErrorKind::Denied);
    assert_eq!(
        stores.delete(&place("folder/secret")).await.expect_err("refused").kind(),
        ErrorKind::Denied
    );
    assert!(stores.list_children(&place("folder")).await.is_err());
    assert_eq!(stores.read(&place("alias/x"), 9).await.expect("links within are fine"), "x");
    let listed: Vec<_> =
        stores.list(root).await.expect("listed").try_collect().await.expect("listed");
    let names: Vec<&str> = listed.iter().filter_map(|meta| meta.location.filename()).collect();
    assert_eq!(
        names,
        ["file", "folder", "x", "x"],
        "the link out is listed, what is behind it is not"
    );
}

#[tokio::test]
async fn loops_of_links_end() {
    let Lake { root, stores, .. } = &lake();
    symlink(file(root), file(root).join("again")).expect("linked");
    let listed: Result<Vec<_>, _> = stores.list(root).await.expect("listed").try_collect().await;
    assert_eq!(listed.expect_err("a loop").kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_service_that_is_down_is_named_within_the_limit() {
    let options = S3Options {
        endpoint: Some("http://127.0.0.1:1".to_string()),
        allow_http: true,
        access_key_id: Some("id".to_string()),
        secret_access_key: Some("secret".to_string()),
        ..S3Options::default()
    };
    assert!(!format!("{options:?}").contains("secret\""), "secrets stay out of logs");
    let place = Location::parse("s3://b/x").expect("valid");
    let start = std::time::Instant::now();
    let error = stores(vec![place.clone()], options).read(&place, 1).await.expect_err("down");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", error.full());
    assert!(error.message().starts_with("http://127.0.0.1:1 gave no usable answer"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn plain_http_is_refused_with_the_key_to_set() {
    let options =
        S3Options { endpoint: Some("http://127.0.0.1:1".to_string()), ..S3Options::default() };
    let place = Location::parse("s3://b/x").expect("valid");
    let error = stores(vec![place.clone()], options).read(&place, 1).await.expect_err("refused");
    assert_eq!((error.kind(), error.subject()), (ErrorKind::InvalidInput, Subject::Setting));
    assert!(error.hint_text().is_some_and(|hint| hint.contains("s3.allow_http")));
}
