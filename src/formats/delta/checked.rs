//! The log as the kernel's engine reads it, with one check that its JSON decoder does not make: it takes
//! control characters inside texts, which JSON forbids. A damaged `"remove"` would be read as an action of
//! another name, and the rows of its file would come back.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use lakegate_base::Error;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// Only reads.
#[derive(Debug)]
pub(super) struct CheckedLog(pub Arc<dyn ObjectStore>);

impl fmt::Display for CheckedLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for CheckedLog {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(read_only())
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(read_only())
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        let is_json = path.as_ref().ends_with(".json") && options.range.is_none() && !options.head;
        let mut found = self.0.get_opts(path, options).await?;
        if is_json {
            let (meta, range) = (found.meta.clone(), found.range.clone());
            let attributes = found.attributes.clone();
            let (name, mut text) =
                (path.filename().unwrap_or_default().to_string(), Text::default());
            let checked = found.into_stream().map(move |bytes| text.check(bytes?, &name));
            let payload = GetResultPayload::Stream(checked.boxed());
            found = GetResult { payload, meta, range, attributes };
        }
        Ok(found)
    }

    fn delete_stream(
        &self,
        _: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        futures::stream::once(async { Err(read_only()) }).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(read_only())
    }
}

fn read_only() -> object_store::Error {
    object_store::Error::NotSupported { source: "the log is only read".into() }
}

/// How far JSON was read: a piece may end anywhere.
#[derive(Default)]
struct Text {
    inside: bool,
    escaped: bool,
}

impl Text {
    fn check(&mut self, bytes: Bytes, name: &str) -> Result<Bytes> {
        for byte in &bytes {
            let escaped = std::mem::take(&mut self.escaped);
            match byte {
                0..0x20 if self.inside => {
                    let damage = Error::corrupt(format!("a control character in \"{name}\""));
                    let source = Box::new(damage);
                    return Err(object_store::Error::Generic { store: "log", source });
                }
                b'"' if !escaped => self.inside = !self.inside,
                b'\\' => self.escaped = self.inside && !escaped,
                _ => {}
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_refused_inside_texts_alone() {
        let check = |pieces: &[&'static [u8]]| {
            let mut text = Text::default();
            pieces.iter().all(|piece| text.check(Bytes::from_static(piece), "log").is_ok())
        };
        assert!(check(&[b"{\"a\":\t\"\\\\\",\r\n\"b\\\"", b"c\":1}\n"]));
        assert!(check(&[b"{\"a\\", b"\"\":1}\n"]));
        assert!(!check(&[b"{\"remo", b"\x16e\":1}"]));
        assert!(!check(&[b"{\"remo\ne\":1}"]));
    }
}
