//! The query log: one row per statement that ran, kept in memory, readable as `lakegate.query_log`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};
use datafusion::arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::error::ArrowError;
use lakegate_base::{Bill, Error, ErrorKind, Stop};

/// Longer statements are cut in the log.
const TEXT_CHARACTERS_MAX: usize = 4_000;
/// The reader went away.
const ABANDONED: &str = "abandoned";

#[derive(Clone, Debug)]
pub struct Record {
    pub started: DateTime<Utc>,
    pub user: String,
    pub client: String,
    pub statement: String,
    pub route: &'static str,
    pub milliseconds: f64,
    pub rows: u64,
    pub bytes: u64,
    /// Of a statement that ran elsewhere.
    pub bill: Option<Bill>,
    /// `ok`, or the error's kind.
    pub outcome: String,
    pub error: Option<String>,
}

/// The last statements, oldest first.
#[derive(Debug)]
pub struct QueryLog {
    rows_max: usize,
    records: Mutex<VecDeque<Record>>,
}

impl QueryLog {
    pub fn new(rows_max: usize) -> Self {
        Self { rows_max, records: Mutex::default() }
    }

    pub fn push(&self, record: Record) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        records.push_back(record);
        while records.len() > self.rows_max {
            records.pop_front();
        }
    }

    pub fn schema() -> SchemaRef {
        let field = |name, data_type| Field::new(name, data_type, true);
        Arc::new(Schema::new(vec![
            field("started_at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
            field("user_name", DataType::Utf8),
            field("client", DataType::Utf8),
            field("statement", DataType::Utf8),
            field("route", DataType::Utf8),
            field("milliseconds", DataType::Float64),
            field("rows", DataType::Int64),
            field("bytes", DataType::Int64),
            field("execution", DataType::Utf8),
            field("bytes_scanned", DataType::Int64),
            field("dollars", DataType::Float64),
            field("outcome", DataType::Utf8),
            field("error", DataType::Utf8),
        ]))
    }

    pub fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let records: Vec<Record> = {
            let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
            records.iter().cloned().collect()
        };
        let text = |get: &dyn Fn(&Record) -> Option<String>| -> ArrayRef {
            Arc::new(records.iter().map(get).collect::<StringArray>())
        };
        let count = |get: &dyn Fn(&Record) -> u64| -> ArrayRef {
            let values = records.iter().map(|r| i64::try_from(get(r)).ok());
            Arc::new(values.collect::<Int64Array>())
        };
        let started = records.iter().map(|r| Some(r.started.timestamp_micros()));
        let started = started.collect::<TimestampMicrosecondArray>().with_timezone("UTC");
        let bills = || records.iter().map(|r| r.bill.as_ref());
        let scanned = bills().map(|bill| i64::try_from(bill?.bytes_scanned).ok());
        let dollars = bills().map(|bill| Some(bill?.dollars));
        let milliseconds = records.iter().map(|r| Some(r.milliseconds)).collect::<Float64Array>();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(started),
            text(&|r| Some(r.user.clone())),
            text(&|r| Some(r.client.clone())),
            text(&|r| Some(r.statement.clone())),
            text(&|r| Some(r.route.to_string())),
            Arc::new(milliseconds),
            count(&|r| r.rows),
            count(&|r| r.bytes),
            text(&|r| r.bill.as_ref()?.execution.clone()),
            Arc::new(scanned.collect::<Int64Array>()),
            Arc::new(dollars.collect::<Float64Array>()),
            text(&|r| Some(r.outcome.clone())),
            text(&|r| r.error.clone()),
        ];
        RecordBatch::try_new(Self::schema(), columns)
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    pub user: &'a str,
    pub client: &'a str,
}

/// Writes one record when it is dropped, so that a query that ends in any way leaves its row.
pub struct Entry {
    log: Arc<QueryLog>,
    record: Record,
    start: Instant,
    stop: Stop,
}

impl Entry {
    pub fn new(log: Arc<QueryLog>, who: Who<'_>, statement: &str, stop: Stop) -> Self {
        let Who { user, client } = who;
        let record = Record {
            started: Utc::now(),
            user: user.to_string(),
            client: client.to_string(),
            statement: statement.chars().take(TEXT_CHARACTERS_MAX).collect(),
            route: "local",
            milliseconds: 0.0,
            rows: 0,
            bytes: 0,
            bill: None,
            // What holds when nothing else is said before the entry is dropped.
            outcome: ABANDONED.to_string(),
            error: None,
        };
        Self { log, record, start: Instant::now(), stop }
    }

    pub fn add(&mut self, rows: usize, bytes: usize) {
        self.record.rows += u64::try_from(rows).unwrap_or(u64::MAX);
        self.record.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
    }

    /// What another engine asks for it, whatever came of it.
    pub fn ran_elsewhere(&mut self, route: &'static str, bill: &Bill) {
        self.record.route = route;
        self.record.bill = Some(bill.clone());
    }

    pub fn finish(mut self, error: Option<&Error>) {
        self.record.outcome = error.map_or("ok".to_string(), |e| kind_name(e.kind()));
        self.record.error = error.map(|e| e.message().to_string());
        if let Some(error) = error.filter(|e| e.kind() == ErrorKind::Internal) {
            tracing::error!(statement = %self.record.statement, "query failed: {}", error.full());
        }
    }
}

fn kind_name(kind: ErrorKind) -> String {
    format!("{kind:?}").to_lowercase()
}

impl Drop for Entry {
    fn drop(&mut self) {
        // A front that drops the rows of a stopped query leaves nobody to report the error to.
        if let (ABANDONED, Some(reason)) = (self.record.outcome.as_str(), self.stop.reason()) {
            self.record.outcome = kind_name(reason.error().kind());
        }
        self.record.milliseconds = self.start.elapsed().as_secs_f64() * 1_000.0;
        self.log.push(self.record.clone());
    }
}
