//! The demo's landing files: what a MySQL dump and a shop's exports would leave in the lake. The
//! same seed gives the same bytes on every machine and every day.

mod customers;
mod names;
mod retail;
mod rng;

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind as IoErrorKind, Write};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use lakegate_base::{Error, ErrorKind, Result, Subject};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

/// The demo's "today": 2026-06-30, in days since 1970.
const REFERENCE_DAY: i32 = 20_634;
/// Grows whenever the same seed gives other files.
const GENERATOR_VERSION: u32 = 1;
/// The marker's name starts with `_`: crawlers and table readers pass it by.
const MARKER: &str = "_generated.json";

/// What to generate, and where.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// The lake's root: files go below `landing/` in it.
    pub directory: PathBuf,
    pub seed: u64,
    /// Rows of each of customers, credit_score and music.
    pub customer_rows: usize,
    pub retail: RetailOptions,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetailOptions {
    pub people: u32,
    pub items: u32,
    pub days: u32,
    /// Fewest visits of a day; the busiest day has twice as many.
    pub visits_min: u32,
}

impl DemoOptions {
    pub fn new(directory: PathBuf) -> Self {
        let retail = RetailOptions { people: 2_000, items: 500, days: 60, visits_min: 1_000 };
        Self { directory, seed: 42, customer_rows: 10_000, retail }
    }
}

/// What is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The `landing` folder.
    pub landing: PathBuf,
    pub files: u64,
    pub rows: u64,
    /// True when an earlier start had written it all.
    pub reused: bool,
}

/// The marker: written last, so that its presence says everything else is complete.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Marker {
    version: u32,
    seed: u64,
    customer_rows: usize,
    retail: RetailOptions,
    files: u64,
    rows: u64,
}

/// Writes the landing files, or finds them written. `progress` gets what is being written, the
/// files done and the files in all. Other files under `landing/` stay as they are.
pub fn generate(options: &DemoOptions, progress: &dyn Fn(&str, u64, u64)) -> Result<Generated> {
    check(options)?;
    let landing = options.directory.join("landing");
    if let Some(marker) = read_marker(&landing.join(MARKER))? {
        let wanted = options.marker(marker.files, marker.rows);
        if marker == wanted {
            let Marker { files, rows, .. } = marker;
            return Ok(Generated { landing, files, rows, reused: true });
        }
        let message = format!("{} holds demo data made with other options", landing.display());
        return Err(Error::new(ErrorKind::AlreadyExists, message)
            .hint("Use another directory, or delete this one to generate again."));
    }
    let mut output =
        Output { progress, files: 0, total: 3 + u64::from(options.retail.days), rows: 0 };
    write_customers(options, &landing, &mut output)?;
    write_retail(options, &landing, &mut output)?;
    let Output { files, rows, .. } = output;
    let marker = serde_json::to_vec_pretty(&options.marker(files, rows))
        .map_err(|e| Error::internal("the demo's marker cannot be written").source(e))?;
    write_file(&landing.join(MARKER), |file| file.write_all(&marker))?;
    Ok(Generated { landing, files, rows, reused: false })
}

impl DemoOptions {
    fn marker(&self, files: u64, rows: u64) -> Marker {
        Marker {
            version: GENERATOR_VERSION,
            seed: self.seed,
            customer_rows: self.customer_rows,
            retail: self.retail.clone(),
            files,
            rows,
        }
    }
}

/// Limits keep the arithmetic of the generator exact and the files small.
fn check(options: &DemoOptions) -> Result<()> {
    let RetailOptions { people, items, days, visits_min } = options.retail;
    let fits = (1..=1_000_000).contains(&options.customer_rows)
        && (1..=100_000).contains(&people)
        && (100..=10_000).contains(&items)
        && (1..=1_000).contains(&days)
        && (1..=1_000_000).contains(&visits_min);
    if fits {
        return Ok(());
    }
    Err(Error::invalid("the demo's sizes are out of range").hint(
        "At most 1,000,000 customers, 100,000 people, 100 to 10,000 items, 1,000 days and \
         1,000,000 visits a day.",
    ))
}

/// Counts and reports what was written.
struct Output<'a> {
    progress: &'a dyn Fn(&str, u64, u64),
    files: u64,
    total: u64,
    rows: u64,
}

impl Output<'_> {
    fn wrote(&mut self, what: &str, rows: usize) {
        self.files += 1;
        self.rows += rows as u64;
        (self.progress)(what, self.files, self.total);
    }
}

fn write_customers(options: &DemoOptions, landing: &Path, output: &mut Output) -> Result<()> {
    let (seed, rows) = (options.seed, options.customer_rows);
    let fault = |e| Error::internal("the demo's customers cannot be built").source(e);
    let people = customers::customers(seed, rows).map_err(fault)?;
    let credit_score = customers::credit_score(seed, rows, &people).map_err(fault)?;
    let music = customers::music(seed, rows).map_err(fault)?;
    let tables = [("customers", people.batch), ("credit_score", credit_score), ("music", music)];
    for (table, batch) in tables {
        let path = landing.join("mysql/creditcard").join(table).join("part-0000.parquet");
        write_file(&path, |file| write_parquet(file, &batch))?;
        output.wrote(table, batch.num_rows());
    }
    Ok(())
}

fn write_retail(options: &DemoOptions, landing: &Path, output: &mut Output) -> Result<()> {
    let RetailOptions { days, visits_min, .. } = options.retail;
    let mut shop = retail::Shop::new(options.seed, &options.retail);
    let first = i64::from(REFERENCE_DAY) + 1 - i64::from(days);
    for step in 0..days {
        let day = i32::try_from(first + i64::from(step)).expect("a day near the reference day");
        // Week-ends are busier, and business grows.
        let weekend = if matches!((day + 3) % 7, 5 | 6) { visits_min / 2 } else { 0 };
        let visits = visits_min + weekend + visits_min / 2 * step / days;
        let rows = shop.day(day, visits);
        let path = landing.join(format!("retail/visits/visits-{}.csv", date_text(day)));
        write_file(&path, |file| write_csv(file, &rows))?;
        output.wrote("visits", rows.len());
    }
    Ok(())
}

fn write_parquet(file: &mut BufWriter<File>, batch: &RecordBatch) -> std::io::Result<()> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("lakegate demo".to_string())
        .build();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties))?;
    writer.write(batch)?;
    writer.close()?;
    Ok(())
}

fn write_csv(file: &mut BufWriter<File>, rows: &[retail::Row]) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_writer(file);
    writer.write_record(retail::HEADER)?;
    for row in rows {
        writer.write_record(row)?;
    }
    writer.flush()
}

/// Writes under a hidden name and renames: a reader sees the whole file or none.
fn write_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>,
) -> Result<()> {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let temporary = path.with_file_name(format!("_{name}.tmp"));
    let steps = || {
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        let mut file = BufWriter::new(File::create(&temporary)?);
        write(&mut file)?;
        file.into_inner().map_err(|e| e.into_error())?.sync_all()?;
        fs::rename(&temporary, path)
    };
    steps().map_err(|e| failed(path, e))
}

fn read_marker(path: &Path) -> Result<Option<Marker>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == IoErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(path, e)),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| {
        Error::corrupt(format!("{} is not the demo's marker", path.display()))
            .hint("Delete the file to generate the demo data again.")
            .source(e)
    })
}

fn failed(path: &Path, error: std::io::Error) -> Error {
    let message = format!("{} cannot be written: {error}", path.display());
    let (kind, hint) = match error.kind() {
        IoErrorKind::StorageFull | IoErrorKind::QuotaExceeded => {
            (ErrorKind::Exhausted, "Free some disk space (the demo needs about 20 MB).")
        }
        _ => (ErrorKind::InvalidInput, "Choose a directory this user may write to."),
    };
    Error::new(kind, message).about(Subject::Disk).hint(hint).source(error)
}

/// `YYYY-MM-DD` of a day since 1970.
fn date_text(day: i32) -> String {
    chrono::NaiveDate::from_epoch_days(day).map_or_else(String::new, |date| date.to_string())
}

#[cfg(test)]
mod tests;
