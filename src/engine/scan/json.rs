//! JSON lines. Keys that a file spells otherwise than the table are found ignoring case; a number or a
//! boolean under a column of text is its text, as inference promises where files differ.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::json::ReaderBuilder;
use datafusion::arrow::json::reader::Decoder;
use lakegate_base::Result;
use lakegate_formats::files::{Batches, DataObject, json_keys};

use super::push::{Content, Decode, from_arrow};
use super::reshape::{BY_NAME, find_among};
use super::rows::{Wanted, assembled};

/// Enough of a file to see how it spells its keys.
const HEAD_BYTES: usize = 64 << 10;

pub async fn open(object: DataObject, wanted: Wanted) -> Result<Batches> {
    let mut content = Content::open(&object).await?;
    let (head, _) = content.head(|head| head.len() >= HEAD_BYTES).await?;
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let spelled = spelled(&json_keys(head), &wanted);
    let decoder = ReaderBuilder::new(Arc::new(spelled))
        .with_batch_size(content.batch_rows())
        .with_coerce_primitive(true)
        .build_decoder()
        .map_err(from_arrow)?;
    Ok(content.batches(JsonDecoder { decoder, wanted, started: false }))
}

/// The wanted columns under the file's names.
fn spelled(keys: &[String], wanted: &Wanted) -> Schema {
    let own: Schema = Schema::new(
        keys.iter().map(|key| Field::new(key, DataType::Null, true)).collect::<Vec<_>>(),
    );
    let table = wanted.table.fields();
    let field = |field: &Arc<Field>| match find_among(own.fields(), field, table, BY_NAME) {
        Some(at) => field.as_ref().clone().with_name(own.field(at).name()),
        None => field.as_ref().clone(),
    };
    Schema::new(wanted.columns.fields().iter().map(field).collect::<Vec<_>>())
}

struct JsonDecoder {
    decoder: Decoder,
    wanted: Wanted,
    started: bool,
}

impl Decode for JsonDecoder {
    fn push(&mut self, text: &[u8]) -> Result<usize> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        // The head was read before: a byte order mark is not cut in two.
        let skipped = if !self.started && text.starts_with(MARK) { MARK.len() } else { 0 };
        self.started = true;
        let used = self.decoder.decode(&text[skipped..]).map_err(from_arrow)?;
        Ok(used + skipped)
    }

    fn take(&mut self) -> Result<Option<RecordBatch>> {
        let Some(batch) = self.decoder.flush().map_err(from_arrow)? else { return Ok(None) };
        let rows = batch.num_rows();
        assembled(&self.wanted.columns, batch.columns().to_vec(), rows).map(Some)
    }
}
