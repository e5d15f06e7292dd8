//! The rows of a statement that succeeded, as text: by pages of the API, or from the CSV file that Athena
//! wrote.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use aws_sdk_athena::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_athena::types::{ColumnInfo, QueryExecution, StatementType};
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use lakegate_base::{Error, ErrorKind, Location, Result, Subject};
use lakegate_store::Stores;

use crate::cells::{Cells, Column, Shape};
use crate::client::{Client, PAGE_ROWS_MAX};
use crate::csv::CsvReader;
use crate::types::Type;
use crate::{Limits, Results};

const PART_BYTES: u64 = 4 << 20;
const PARTS_AHEAD: usize = 2;

pub(crate) type Batches = BoxStream<'static, Result<RecordBatch>>;

pub(crate) struct Answers {
    pub(crate) client: Arc<Client>,
    pub(crate) stores: Arc<Stores>,
    pub(crate) results: Results,
    pub(crate) limits: Limits,
}

impl Answers {
    /// One page is asked for in any case, as it tells the columns. With `Auto` it may be all there is.
    pub(crate) async fn rows(
        &self,
        execution: &QueryExecution,
        planned: Option<Shape>,
    ) -> Result<(SchemaRef, Batches)> {
        let id = id(execution)?;
        let file = self.file(execution)?;
        let rows = if self.results == Results::Csv { 1 } else { PAGE_ROWS_MAX };
        let page = self.client.page(&id, None, rows).await?;
        let shape = match planned {
            Some(planned) => {
                check_columns(&page, &planned)?;
                planned
            }
            None => flat_shape(&page)?,
        };
        let schema = shape.schema.clone();
        let batches = match file {
            Some(file) if self.results == Results::Csv || page.next_token.is_some() => {
                self.csv(file, names(&page), shape).await?
            }
            _ => self.pages(id, page, shape, has_header(execution)),
        };
        Ok((schema, batches))
    }

    /// The CSV, where there is one that may be read.
    fn file(&self, execution: &QueryExecution) -> Result<Option<Location>> {
        let configured = execution.result_configuration();
        let place = configured.and_then(|configured| configured.output_location());
        let place =
            place.filter(|place| place.ends_with(".csv")).map(Location::parse).transpose()?;
        match (self.results, place) {
            (Results::Auto, Some(place)) => Ok(self.stores.allows(&place).then_some(place)),
            (Results::Csv, Some(place)) => Ok(Some(place)),
            (Results::Csv, None) => {
                Err(Error::unsupported("athena.results = \"csv\" where Athena writes no file")
                    .about(Subject::Setting)
                    .hint("The workgroup manages its results: set athena.results = \"auto\"."))
            }
            _ => Ok(None),
        }
    }

    fn pages(
        &self,
        id: String,
        first: GetQueryResultsOutput,
        shape: Shape,
        has_header: bool,
    ) -> Batches {
        let pages = Pages {
            client: self.client.clone(),
            cells: Cells::new(&shape, usize::MAX, usize::MAX),
            id,
            has_header,
        };
        let next = Next::Page(Box::new(first));
        stream::try_unfold((pages, next), |(mut pages, next)| async move {
            let page = match next {
                Next::End => return Ok(None),
                Next::Page(page) => page,
                Next::Token(token) => {
                    Box::new(pages.client.page(&pages.id, Some(&token), PAGE_ROWS_MAX).await?)
                }
            };
            let next = page.next_token.clone().map_or(Next::End, Next::Token);
            let batch = pages.read(&page)?;
            Ok(Some((batch, (pages, next))))
        })
        .boxed()
    }

    async fn csv(&self, file: Location, names: Vec<String>, shape: Shape) -> Result<Batches> {
        let size = self.stores.head(&file).await.map_err(missing)?.size;
        let bytes = parts(self.stores.clone(), file, size);
        let reading = Reading {
            bytes,
            rest: Bytes::new(),
            reader: CsvReader::new(names),
            cells: Cells::new(&shape, self.limits.batch_rows, self.limits.batch_bytes),
            is_done: false,
        };
        let batches = stream::try_unfold(reading, |mut reading| async move {
            let batch = reading.next().await?;
            Ok(batch.map(|batch| (batch, reading)))
        });
        Ok(batches.boxed())
    }
}

/// The object's bytes, a few parts ahead of who reads them. Not as one request: its bytes would be taken in
/// as fast as they come, however slow the reader.
fn parts(stores: Arc<Stores>, file: Location, size: u64) -> BoxStream<'static, Result<Bytes>> {
    let starts = (0..size.div_ceil(PART_BYTES)).map(|part| part * PART_BYTES);
    let requests = starts.map(move |start| {
        let (stores, file) = (stores.clone(), file.clone());
        async move {
            let end = size.min(start + PART_BYTES);
            let bytes = stores.read_range(&file, start..end).await?;
            match bytes.len() as u64 == end - start {
                true => Ok(bytes),
                false => Err(Error::corrupt(format!("{file} became shorter as it was read"))
                    .hint("Run the statement again.")),
            }
        }
    });
    stream::iter(requests).buffered(PARTS_AHEAD).boxed()
}

fn id(execution: &QueryExecution) -> Result<String> {
    let id = execution.query_execution_id().map(ToString::to_string);
    id.ok_or_else(|| Error::unavailable("Athena gave no usable answer").hint("Try again."))
}

fn missing(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => error
            .context("Athena's result file")
            .hint("Do not expire objects below athena.output sooner than after a day."),
        _ => error,
    }
}

/// Queries have their columns' names as their first row, on the first page; other statements do not.
fn has_header(execution: &QueryExecution) -> bool {
    execution.statement_type() == Some(&StatementType::Dml)
}

fn infos(page: &GetQueryResultsOutput) -> &[ColumnInfo] {
    let metadata = page.result_set().and_then(|set| set.result_set_metadata());
    metadata.map_or(&[], |metadata| metadata.column_info())
}

fn names(page: &GetQueryResultsOutput) -> Vec<String> {
    infos(page).iter().map(|info| info.name().to_string()).collect()
}

/// The columns as results name them: enough where nothing is nested. Of moments they do not tell the digits.
fn flat_shape(page: &GetQueryResultsOutput) -> Result<Shape> {
    let column = |info: &ColumnInfo| {
        let of = match info.r#type() {
            "decimal" => format!("decimal({},{})", info.precision(), info.scale()),
            moment @ ("time" | "timestamp") => format!("{moment}(6)"),
            "timestamp with time zone" => "timestamp(6) with time zone".to_string(),
            other => other.to_string(),
        };
        Column::new(info.name(), &of)
    };
    Ok(Shape::new(infos(page).iter().map(column).collect::<Result<Vec<_>>>()?))
}

/// What the plan announced is what came.
fn check_columns(page: &GetQueryResultsOutput, shape: &Shape) -> Result<()> {
    let infos = infos(page);
    let agrees = |(info, column): (&ColumnInfo, &Column)| {
        let is_exact = match column.of {
            Type::Decimal(digits, scale) => {
                (info.precision(), info.scale()) == (i32::from(digits), i32::from(scale))
            }
            _ => true,
        };
        is_exact && column.of.agrees(info.r#type()) && column.name.eq_ignore_ascii_case(info.name())
    };
    if infos.len() == shape.columns.len() && infos.iter().zip(shape.columns.iter()).all(agrees) {
        return Ok(());
    }
    let message = "the columns of Athena's answer are not those that its plan announced";
    Err(Error::new(ErrorKind::Conflict, message)
        .hint("A table may have changed meanwhile: run the statement again."))
}

struct Pages {
    client: Arc<Client>,
    id: String,
    cells: Cells,
    /// Of the page to come.
    has_header: bool,
}

enum Next {
    Page(Box<GetQueryResultsOutput>),
    Token(String),
    End,
}

impl Pages {
    fn read(&mut self, page: &GetQueryResultsOutput) -> Result<RecordBatch> {
        let mut rows = page.result_set().map_or(&[][..], |set| set.rows()).iter();
        if std::mem::take(&mut self.has_header) {
            let header = rows.next().map(|row| row.data().iter().map(|v| v.var_char_value()));
            let names = infos(page).iter().map(|info| Some(info.name()));
            if !header.is_some_and(|header| header.eq(names)) {
                return Err(Error::corrupt("Athena's first row does not name the columns")
                    .hint("Run the statement again; if it stays, set athena.results = \"csv\"."));
            }
        }
        for row in rows {
            for value in row.data() {
                self.cells.push(value.var_char_value())?;
            }
            self.cells.end_row()?;
        }
        self.cells.take()
    }
}

struct Reading {
    bytes: BoxStream<'static, Result<Bytes>>,
    /// What came and is not read yet.
    rest: Bytes,
    reader: CsvReader,
    cells: Cells,
    is_done: bool,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        while !self.is_done && !self.cells.are_full() {
            if self.rest.is_empty() {
                match self.bytes.try_next().await? {
                    Some(bytes) => self.rest = bytes,
                    None => {
                        self.reader.finish(&mut self.cells)?;
                        self.is_done = true;
                    }
                }
            }
            let read = self.reader.read(&self.rest, &mut self.cells)?;
            drop(self.rest.split_to(read));
        }
        if self.cells.are_empty() { Ok(None) } else { self.cells.take().map(Some) }
    }
}
