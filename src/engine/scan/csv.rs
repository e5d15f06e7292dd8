//! CSV files. With a header, columns are found by the names in it, so that files of one table may have
//! them in other orders; without one by position, where a file may lack the last ones.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, new_null_array};
use datafusion::arrow::csv::ReaderBuilder;
use datafusion::arrow::csv::reader::Decoder;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::error::ArrowError;
use lakegate_base::{Error, Result};
use lakegate_formats::CsvOptions;
use lakegate_formats::files::{Batches, DataObject, csv_columns};

use super::push::{Content, Decode, from_arrow};
use super::rows::{Wanted, assembled};

pub async fn open(object: DataObject, wanted: Wanted, options: CsvOptions) -> Result<Batches> {
    let mut content = Content::open(&object).await?;
    let complete = |head: &[u8]| csv_columns(&options, head, false).is_some();
    let (head, ended) = content.head(complete).await?;
    let own = csv_columns(&options, head, ended).unwrap_or_default();
    let places = places(&own, &wanted, options.header);
    let decoder = CsvDecoder::new(&own, places, wanted, &options, content.batch_rows());
    Ok(content.batches(decoder))
}

/// By table column: its place in the file.
///
/// A header whose names the table knows is followed. Names the table does not know, with all others in
/// their places, are columns that the catalog renamed, as it may: Hive and Athena go by position.
fn places(own: &[String], wanted: &Wanted, header: bool) -> Vec<Option<usize>> {
    let table = wanted.table.fields();
    let at_place = |at: usize| Some(at).filter(|at| *at < own.len());
    let by_position = || (0..table.len()).map(at_place).collect();
    if !header {
        return by_position();
    }
    let folded: Vec<String> = own.iter().map(|name| name.to_lowercase()).collect();
    let find = |name: &str| folded.iter().position(|own| *own == name.to_lowercase());
    let by_name: Vec<Option<usize>> = table.iter().map(|field| find(field.name())).collect();
    let known = by_name.iter().flatten().count() == own.len();
    let in_place = by_name.iter().enumerate().all(|(at, found)| found.is_none_or(|f| f == at));
    if !known && in_place { by_position() } else { by_name }
}

struct CsvDecoder {
    decoder: Decoder,
    /// The file's columns, for errors.
    own: Vec<String>,
    wanted: Wanted,
    /// By wanted column: its place among the decoded ones.
    sources: Vec<Option<usize>>,
}

impl CsvDecoder {
    fn new(
        own: &[String],
        places: Vec<Option<usize>>,
        wanted: Wanted,
        options: &CsvOptions,
        batch_rows: usize,
    ) -> Self {
        // Other columns are not decoded: their types do not matter.
        let mut fields: Vec<Field> =
            own.iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        let (mut picked, mut sources) = (Vec::new(), Vec::new());
        for (field, place) in wanted.columns.fields().iter().zip(&wanted.places) {
            let found = places.get(*place).copied().flatten();
            sources.push(found.map(|_| picked.len()));
            if let Some(at) = found {
                fields[at] = Field::new(&own[at], field.data_type().clone(), true);
                picked.push(at);
            }
        }
        let mut builder = ReaderBuilder::new(Arc::new(Schema::new(fields)))
            .with_header(options.header)
            .with_delimiter(options.delimiter)
            .with_quote(options.quote)
            .with_batch_size(batch_rows)
            .with_projection(picked);
        if let Some(escape) = options.escape {
            builder = builder.with_escape(escape);
        }
        Self { decoder: builder.build_decoder(), own: own.to_vec(), wanted, sources }
    }

    /// Arrow's text with the column's name for its number.
    fn named(&self, error: ArrowError) -> Error {
        let error = from_arrow(error);
        let number = error.message().split("for column ").nth(1).unwrap_or_default();
        let digits = number.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        match digits.parse::<usize>().ok().and_then(|at| self.own.get(at)) {
            Some(name) => error.context(format!("column \"{name}\"")),
            None => error,
        }
    }
}

impl Decode for CsvDecoder {
    fn push(&mut self, text: &[u8]) -> Result<usize> {
        self.decoder.decode(text).map_err(|e| self.named(e))
    }

    fn take(&mut self) -> Result<Option<RecordBatch>> {
        let flushed = self.decoder.flush().map_err(|e| self.named(e));
        let Some(batch) = flushed? else { return Ok(None) };
        let rows = batch.num_rows();
        let columns = self.wanted.columns.fields().iter().zip(&self.sources);
        let column = |(field, source): (&Arc<Field>, &Option<usize>)| -> Result<ArrayRef> {
            match source {
                None => Ok(new_null_array(field.data_type(), rows)),
                Some(at) => batch
                    .columns()
                    .get(*at)
                    .cloned()
                    .ok_or_else(|| Error::internal("a decoded CSV column is missing")),
            }
        };
        let arrays: Result<Vec<ArrayRef>> = columns.map(column).collect();
        assembled(&self.wanted.columns, arrays?, rows).map(Some)
    }
}
