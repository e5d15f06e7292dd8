//! An engine of canned answers. Its statements are words, not SQL:
//!
//! `rows N [WIDTH]` streams N rows in batches of 100 · `types` gives one row of every type ·
//! `echo` gives back its parameter, of the type declared · `slow` never answers · `panic` panics ·
//! `fail` fails · `break N` fails after N batches · BEGIN, COMMIT, ROLLBACK, SET, SHOW, DISCARD ALL as
//! in SQL · `declare NAME QUERY`, `scroll NAME QUERY`, `hold NAME QUERY`, `fetch NAME N | all`,
//! `back NAME N`, `move NAME N`, `close NAME | all`, `copy text | csv | binary QUERY`,
//! `deallocate NAME | all`.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use lakegate_base::{
    Answer, BoxFuture, Copy, CopyForm, Csv, Declare, Direction, Engine, Error, ErrorKind, Fetch,
    ForceQuote, FrontStatement, Parameter, Prepared, Result, Rows, Scroll, Session, SessionOptions,
    Statement, StatementKind, Stop, Subject, Transaction,
};

pub(crate) const BATCH_ROWS: i64 = 100;

/// The engine, and what its sessions did.
#[derive(Default)]
pub(crate) struct Fake {
    pub counts: Arc<Counts>,
    /// What `types` answers.
    pub table: Mutex<Option<RecordBatch>>,
}

#[derive(Default)]
pub(crate) struct Counts {
    pub sessions: AtomicUsize,
    pub batches: AtomicUsize,
    /// Streams that are alive.
    pub running: AtomicUsize,
}

struct FakeSession {
    number: i32,
    counts: Arc<Counts>,
    table: Option<RecordBatch>,
    state: Mutex<State>,
}

struct State {
    settings: HashMap<String, String>,
    transaction: Transaction,
    stop: Stop,
}

struct FakePrepared {
    kind: StatementKind,
    text: String,
    schema: SchemaRef,
    parameters: Vec<DataType>,
}

/// Counts a stream as running until it is dropped.
struct Alive(Arc<Counts>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Engine for Fake {
    async fn open(&self, options: SessionOptions) -> Result<Arc<dyn Session>> {
        if options.database != "lake" {
            return Err(Error::not_found(Subject::Database, options.database));
        }
        let before = self.counts.sessions.fetch_add(1, Ordering::SeqCst);
        let number = i32::try_from(before + 1).expect("few sessions");
        let mut settings: HashMap<String, String> =
            [("timezone", "UTC"), ("statement_timeout", "0")].map(own).into();
        for (name, value) in options.settings {
            settings.insert(name.to_lowercase(), value);
        }
        let state = State { settings, transaction: Transaction::Idle, stop: Stop::default() };
        let table = self.table.lock().expect("not poisoned").clone();
        let counts = self.counts.clone();
        Ok(Arc::new(FakeSession { number, counts, table, state: Mutex::new(state) }))
    }
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_string(), value.to_string())
}

fn kind(text: &str) -> StatementKind {
    let word = text.split_whitespace().next().unwrap_or_default().to_lowercase();
    match word.as_str() {
        "begin" | "start" => StatementKind::Begin,
        "commit" => StatementKind::Commit,
        "rollback" => StatementKind::Rollback,
        "set" | "discard" => StatementKind::Command,
        "declare" | "scroll" | "hold" | "fetch" | "back" | "move" | "close" | "copy"
        | "deallocate" => StatementKind::Front(Arc::new(front(text))),
        _ => StatementKind::Rows,
    }
}

fn front(text: &str) -> FrontStatement {
    let words: Vec<&str> = text.split_whitespace().collect();
    let verb = words[0].to_lowercase();
    let named = |name: &str| (!name.eq_ignore_ascii_case("all")).then(|| name.to_string());
    let query = || {
        let text = words[2..].join(" ");
        Statement { kind: kind(&text), text, tree: Arc::new(()) }
    };
    let (name, count) = (words[1], words.get(2).and_then(|word| word.parse().ok()));
    match verb.as_str() {
        "declare" | "scroll" | "hold" => FrontStatement::Declare(Declare {
            name: name.to_string(),
            query: query(),
            scroll: if verb == "scroll" { Scroll::Scroll } else { Scroll::NoScroll },
            is_held: verb == "hold",
            is_binary: false,
        }),
        "fetch" | "back" | "move" => FrontStatement::Fetch(Fetch {
            cursor: name.to_string(),
            direction: match verb.as_str() {
                "back" => Direction::Backward(count),
                _ => Direction::Forward(count),
            },
            is_move: verb == "move",
        }),
        "close" => FrontStatement::Close(named(name)),
        "deallocate" => FrontStatement::Deallocate(named(name)),
        _ => FrontStatement::Copy(Copy {
            query: query(),
            form: match name {
                "binary" => CopyForm::Binary,
                "csv" => CopyForm::Csv(Csv {
                    delimiter: b',',
                    null: String::new(),
                    header: true,
                    quote: b'"',
                    escape: b'"',
                    force_quote: ForceQuote::Columns(vec!["text".to_string()]),
                }),
                _ => CopyForm::Text { delimiter: b'\t', null: "\\N".to_string(), header: false },
            },
        }),
    }
}

#[async_trait]
impl Session for FakeSession {
    fn parse(&self, text: &str) -> Result<Vec<Statement>> {
        let texts = text.split(';').map(str::trim).filter(|text| !text.is_empty());
        Ok(texts
            .map(|text| Statement { kind: kind(text), text: text.to_string(), tree: Arc::new(()) })
            .collect())
    }

    async fn prepare(
        &self,
        statement: &Statement,
        declared: &[Option<FieldRef>],
    ) -> Result<Arc<dyn Prepared>> {
        let text = statement.text.to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut parameters = Vec::new();
        let fields = match words.as_slice() {
            ["types"] => self.table.as_ref().expect("a table is set").schema().fields().clone(),
            ["echo", ..] => {
                let declared = declared.first().cloned().flatten();
                let inferred = match words.get(1) {
                    Some(&"int8") => DataType::Int64,
                    Some(&"numeric") => DataType::Decimal128(10, 2),
                    _ => DataType::Utf8,
                };
                let data_type = declared.map_or(inferred, |field| field.data_type().clone());
                parameters.push(data_type.clone());
                vec![Field::new("value", data_type, true)].into()
            }
            ["rows", ..] | ["break", ..] | ["slow"] => vec![
                Field::new("number", DataType::Int64, false),
                Field::new("text", DataType::Utf8, true),
            ]
            .into(),
            ["show", name] => vec![Field::new(*name, DataType::Utf8, true)].into(),
            ["fail"] => {
                let error =
                    Error::not_found(Subject::Table, "nowhere").at(7).hint("Look elsewhere.");
                return Err(error);
            }
            ["panic"] => panic!("asked to"),
            _ if matches!(statement.kind, StatementKind::Rows) => {
                return Err(Error::syntax(format!("syntax error at or near \"{text}\"")));
            }
            _ => Vec::<Field>::new().into(),
        };
        Ok(Arc::new(FakePrepared {
            kind: statement.kind.clone(),
            text: statement.text.clone(),
            schema: Arc::new(Schema::new(fields)),
            parameters,
        }))
    }

    async fn execute(&self, prepared: &dyn Prepared, parameters: &[Parameter]) -> Result<Answer> {
        let prepared = prepared.as_any().downcast_ref::<FakePrepared>().expect("my own");
        let text = prepared.text.clone();
        let words: Vec<&str> = text.split_whitespace().collect();
        let answer = |tag: &str| Answer { tag: tag.into(), rows: None, notices: Vec::new() };
        let number = |at: usize, default: i64| -> i64 {
            words.get(at).map_or(default, |word| word.parse().expect("a number"))
        };
        let first = words.first().map(|word| word.to_lowercase()).unwrap_or_default();
        match first.as_str() {
            "begin" | "start" => {
                self.state.lock().expect("not poisoned").transaction = Transaction::Open;
                Ok(answer("BEGIN"))
            }
            "commit" | "rollback" => {
                let mut state = self.state.lock().expect("not poisoned");
                let failed = state.transaction == Transaction::Failed;
                state.transaction = Transaction::Idle;
                Ok(answer(if failed || first == "rollback" { "ROLLBACK" } else { "COMMIT" }))
            }
            "set" => {
                let mut state = self.state.lock().expect("not poisoned");
                state.settings.insert(words[1].to_lowercase(), words[3..].join(" "));
                Ok(Answer { notices: vec!["noted".into()], ..answer("SET") })
            }
            "discard" => Ok(answer("DISCARD ALL")),
            "show" => {
                let value: ArrayRef = Arc::new(StringArray::from(vec![self.show(words[1])?]));
                self.batch("SHOW", prepared, vec![value])
            }
            "types" => {
                let columns = self.table.as_ref().expect("a table is set").columns().to_vec();
                self.batch("SELECT", prepared, columns)
            }
            "echo" => {
                let given = parameters[0].data_type();
                assert_eq!(given, &prepared.parameters[0], "parameters have the prepared types");
                self.batch("SELECT", prepared, parameters.to_vec())
            }
            "slow" => {
                let stop = self.fresh_stop();
                Err(stop.stopped().await)
            }
            "rows" => self.numbers(prepared, number(1, 0), number(2, 4), i64::MAX),
            "break" => self.numbers(prepared, i64::MAX, 4, number(1, 0)),
            _ => Err(Error::internal("no such statement")),
        }
    }

    fn resume(&self, rows: &Stop) {
        let mut state = self.state.lock().expect("not poisoned");
        if !state.stop.is(rows) {
            let millis: u64 = state.settings["statement_timeout"].parse().expect("a number");
            rows.restart((millis > 0).then(|| Duration::from_millis(millis)));
            state.stop = rows.clone();
        }
    }

    fn rest(&self) {
        let mut state = self.state.lock().expect("not poisoned");
        std::mem::take(&mut state.stop).restart(None);
    }

    fn cancel(&self) {
        self.state.lock().expect("not poisoned").stop.cancel();
    }

    fn terminated(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn number(&self) -> i32 {
        self.number
    }

    fn savepoints(&self) -> usize {
        0
    }

    fn begin_implicit(&self) {}

    fn end_implicit(&self) {}

    fn show(&self, name: &str) -> Result<String> {
        let state = self.state.lock().expect("not poisoned");
        let value = state.settings.get(&name.to_lowercase()).cloned();
        value.ok_or_else(|| Error::not_found(Subject::Setting, name))
    }

    fn transaction(&self) -> Transaction {
        self.state.lock().expect("not poisoned").transaction
    }

    fn fail(&self) {
        let mut state = self.state.lock().expect("not poisoned");
        if state.transaction == Transaction::Open {
            state.transaction = Transaction::Failed;
        }
    }
}

impl FakeSession {
    fn fresh_stop(&self) -> Stop {
        let mut state = self.state.lock().expect("not poisoned");
        let millis: u64 = state.settings["statement_timeout"].parse().expect("a number");
        state.stop = Stop::after((millis > 0).then(|| Duration::from_millis(millis)));
        state.stop.clone()
    }

    fn batch(&self, tag: &str, prepared: &FakePrepared, columns: Vec<ArrayRef>) -> Result<Answer> {
        let schema = prepared.schema.clone();
        let batch = RecordBatch::try_new(schema.clone(), columns).expect("fits its schema");
        let stream = Box::pin(stream::iter([Ok(batch)]));
        let rows = Rows { schema, stream, stop: self.fresh_stop() };
        Ok(Answer { tag: tag.into(), rows: Some(rows), notices: Vec::new() })
    }

    /// Streams `count` numbers beside texts of `width` bytes; fails after `broken_after` batches.
    fn numbers(
        &self,
        prepared: &FakePrepared,
        count: i64,
        width: i64,
        broken_after: i64,
    ) -> Result<Answer> {
        let (schema, counts) = (prepared.schema.clone(), self.counts.clone());
        counts.running.fetch_add(1, Ordering::SeqCst);
        let alive = Alive(counts.clone());
        let text = "x".repeat(usize::try_from(width).expect("positive"));
        let batches = stream::unfold(0, {
            let schema = schema.clone();
            move |start| {
                let _alive = &alive;
                let next = (start < count).then(|| {
                    counts.batches.fetch_add(1, Ordering::SeqCst);
                    if start / BATCH_ROWS >= broken_after {
                        let broken = Error::new(ErrorKind::InvalidInput, "division by zero");
                        return (Err(broken.about(Subject::DivisionByZero)), count);
                    }
                    let end = count.min(start + BATCH_ROWS);
                    let numbers: Int64Array = (start..end).collect::<Vec<_>>().into();
                    let texts = StringArray::from(vec![text.as_str(); numbers.len()]);
                    let columns: Vec<ArrayRef> = vec![Arc::new(numbers), Arc::new(texts)];
                    let batch = RecordBatch::try_new(schema.clone(), columns);
                    (Ok(batch.expect("fits its schema")), end)
                });
                std::future::ready(next)
            }
        });
        let rows = Rows { schema, stream: batches.boxed(), stop: self.fresh_stop() };
        Ok(Answer { tag: "SELECT".into(), rows: Some(rows), notices: Vec::new() })
    }
}

impl Prepared for FakePrepared {
    fn kind(&self) -> StatementKind {
        self.kind.clone()
    }

    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn parameters(&self) -> &[DataType] {
        &self.parameters
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
