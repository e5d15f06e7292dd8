//! The columns of an answer, and its rows on their way from text to Arrow, a batch at a time.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::datatypes::{Field, Schema, SchemaRef};
use lakegate_base::{Error, Result, Subject};

use crate::types::Type;
use crate::values;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) of: Type,
}

/// All columns of an answer, in Athena's words and Arrow's.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) columns: Arc<[Column]>,
    pub(crate) schema: SchemaRef,
}

impl Column {
    pub(crate) fn new(name: &str, of: &str) -> Result<Self> {
        let of = Type::parse(of).map_err(|e| e.context(format!("column \"{name}\"")))?;
        Ok(Self { name: name.to_string(), of })
    }
}

impl Shape {
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        let fields = columns.iter().map(|c| Field::new(&c.name, c.of.arrow(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        Self { columns: columns.into(), schema }
    }

    /// A batch that may have no columns.
    pub(crate) fn batch(&self, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|e| Error::internal("Athena's rows do not fit their columns").source(e))
    }
}

/// Values as text, until there are enough of them for a batch.
pub(crate) struct Cells {
    shape: Shape,
    builders: Vec<StringBuilder>,
    /// The column that the next value belongs to.
    next: usize,
    rows: usize,
    bytes: usize,
    rows_before: usize,
    rows_max: usize,
    bytes_max: usize,
}

impl Cells {
    pub(crate) fn new(shape: &Shape, rows_max: usize, bytes_max: usize) -> Self {
        let builders = shape.columns.iter().map(|_| StringBuilder::new()).collect();
        Self {
            shape: shape.clone(),
            builders,
            next: 0,
            rows: 0,
            bytes: 0,
            rows_before: 0,
            rows_max,
            bytes_max,
        }
    }

    pub(crate) fn push(&mut self, value: Option<&str>) -> Result<()> {
        let row = self.row();
        let Some(builder) = self.builders.get_mut(self.next) else { return Err(uneven(row)) };
        builder.append_option(value);
        self.bytes += value.map_or(0, str::len);
        self.next += 1;
        Ok(())
    }

    pub(crate) fn end_row(&mut self) -> Result<()> {
        if self.next != self.builders.len() {
            return Err(uneven(self.row()));
        }
        self.next = 0;
        self.rows += 1;
        Ok(())
    }

    /// Counted from 1: the row that is being filled.
    pub(crate) fn row(&self) -> usize {
        self.rows_before + self.rows + 1
    }

    pub(crate) fn are_full(&self) -> bool {
        self.rows >= self.rows_max || self.bytes >= self.bytes_max
    }

    pub(crate) fn are_empty(&self) -> bool {
        self.rows == 0
    }

    /// The rows so far.
    pub(crate) fn take(&mut self) -> Result<RecordBatch> {
        let mut arrays = Vec::with_capacity(self.builders.len());
        for (builder, column) in self.builders.iter_mut().zip(self.shape.columns.iter()) {
            let texts = builder.finish();
            let nulls = texts.null_count();
            let array = values::decode(&column.of, texts).map_err(|wrong| {
                let row = self.rows_before + wrong.row + 1;
                let message = format!("column \"{}\", row {row}: {wrong}", column.name);
                Error::corrupt(message).about(Subject::Value).hint(wrong.hint())
            })?;
            debug_assert!(column.of == Type::Unknown || array.null_count() == nulls);
            arrays.push(array);
        }
        let batch = self.shape.batch(arrays, self.rows)?;
        self.rows_before += self.rows;
        (self.rows, self.bytes) = (0, 0);
        Ok(batch)
    }
}

fn uneven(row: usize) -> Error {
    Error::corrupt(format!("Athena's row {row} has not as many values as there are columns"))
        .hint("Run the statement again.")
}
