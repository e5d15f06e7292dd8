//! What a person or a program sees: query results in four formats, reports, progress and errors.
//! Results stream: no writer here collects a whole answer.

mod cells;
mod expanded;
mod lines;
mod parquet;
mod screen;
mod table;
mod target;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use lakegate_base::{Error, Result};

pub use screen::{Report, Screen, progress_bar, report_error, short_duration, spinner, thousands};
pub use target::{is_closed_output, write_error};

use target::Target;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For reading
    Table,
    /// With a header; NULL is empty, an empty text is ""
    Csv,
    /// One object a line
    Json,
    /// A file; needs --output
    Parquet,
}

/// Takes the batches of one answer.
pub trait ResultWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<()>;

    /// Completes the output. Without it a file is not kept.
    fn finish(self: Box<Self>, elapsed: Duration) -> Result<()>;
}

/// A writer for one answer, to a file or to standard output.
pub fn result_writer(
    format: Format,
    path: Option<&Path>,
    schema: &Schema,
) -> Result<Box<dyn ResultWriter>> {
    if format != Format::Table {
        refuse_repeated_names(format, schema)?;
    }
    let target = match path {
        Some(path) => Target::file(path)?,
        None => Target::stdout(),
    };
    Ok(match format {
        Format::Table => Box::new(table::TableWriter::new(target, schema)),
        Format::Csv => Box::new(lines::CsvWriter::new(target, schema)?),
        Format::Json => Box::new(lines::JsonWriter::new(target)),
        Format::Parquet => Box::new(parquet::ParquetFileWriter::new(target, schema)?),
    })
}

/// Two columns of one name are a JSON object or a Parquet file that readers take apart differently.
fn refuse_repeated_names(format: Format, schema: &Schema) -> Result<()> {
    if format == Format::Csv {
        return Ok(());
    }
    let mut names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => Err(Error::invalid(format!("two columns are named \"{}\"", pair[0]))
            .hint("Give one of them another name with AS.")),
    }
}
