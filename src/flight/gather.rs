//! Small batches become larger ones on their way: each costs a message, whatever is in it. Operators may give
//! a handful of rows at a time (a cross join does), and thousands of messages take longer than their rows.

use std::time::Duration;

use arrow::array::{Array, RecordBatch};
use arrow::compute::concat_batches;
use futures::{Stream, StreamExt};
use lakegate_base::Result;
use tokio::time::{Instant, timeout_at};

/// As many rows or bytes are worth a message.
const ENOUGH_ROWS: usize = 4_096;
const ENOUGH_BYTES: usize = 1 << 20;
/// How long the first rows wait for more.
const MOMENT: Duration = Duration::from_millis(5);

/// See the module.
#[derive(Default)]
pub(crate) struct Gather {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    due: Option<Instant>,
}

/// What a stream does next.
pub(crate) enum Next {
    Batch(Result<RecordBatch>),
    /// Nothing for a while: what is gathered should not wait any longer.
    Pause,
    End,
}

impl Gather {
    pub async fn next<S>(&self, stream: &mut S) -> Next
    where
        S: Stream<Item = Result<RecordBatch>> + Unpin,
    {
        let next = match self.due {
            None => stream.next().await,
            Some(due) => match timeout_at(due, stream.next()).await {
                Ok(next) => next,
                Err(_) => return Next::Pause,
            },
        };
        next.map_or(Next::End, Next::Batch)
    }

    /// What is ready to be sent with this batch: nothing while there are few rows.
    pub fn add(&mut self, batch: RecordBatch) -> Vec<RecordBatch> {
        self.due.get_or_insert_with(|| Instant::now() + MOMENT);
        self.rows += batch.num_rows();
        self.bytes += bytes(&batch);
        self.batches.push(batch);
        match self.rows >= ENOUGH_ROWS || self.bytes >= ENOUGH_BYTES {
            true => self.take(),
            false => Vec::new(),
        }
    }

    /// All that was gathered: one batch, or as they came where they cannot be put together (dictionaries
    /// with more values than their keys can count).
    pub fn take(&mut self) -> Vec<RecordBatch> {
        let Self { batches, .. } = std::mem::take(self);
        let [first, _, ..] = batches.as_slice() else { return batches };
        concat_batches(&first.schema(), &batches).map_or_else(|_| batches.clone(), |all| vec![all])
    }
}

/// Of its rows alone: arrays may be parts of larger ones.
fn bytes(batch: &RecordBatch) -> usize {
    let sizes = batch.columns().iter().map(|column| column.to_data().get_slice_memory_size());
    sizes.map(|size| size.unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array};
    use arrow::datatypes::Int64Type;
    use futures::stream;

    use super::*;

    fn batch(values: impl IntoIterator<Item = i64>) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(values));
        RecordBatch::try_from_iter([("a", column)]).expect("a batch")
    }

    #[test]
    fn few_rows_wait_for_more() {
        let mut gather = Gather::default();
        assert!(gather.add(batch(0..3)).is_empty() && gather.add(batch(3..5)).is_empty());
        let together = gather.take();
        assert_eq!(together.len(), 1);
        let values = together[0].column(0).as_primitive::<Int64Type>().values().to_vec();
        assert_eq!(values, [0, 1, 2, 3, 4]);
        assert!(gather.take().is_empty(), "taken once");
    }

    #[test]
    fn many_rows_or_bytes_do_not_wait() {
        let mut gather = Gather::default();
        assert_eq!(gather.add(batch(0..8_192))[0].num_rows(), 8_192);
        let long: ArrayRef = Arc::new(arrow::array::StringArray::from(vec!["x".repeat(2 << 20)]));
        let long = RecordBatch::try_from_iter([("a", long)]).expect("a batch");
        assert_eq!(gather.add(long).len(), 1);
        let total: usize = (0..1_000).map(|_| gather.add(batch(0..10)).len()).sum();
        assert_eq!(total, 2, "10,000 rows by tens are two messages and a rest");
    }

    #[tokio::test]
    async fn a_pause_is_told_only_while_rows_wait() {
        let mut gather = Gather::default();
        let mut one = stream::iter([Ok(batch(0..1))]).chain(stream::pending());
        let first = match gather.next(&mut one).await {
            Next::Batch(first) => first.ok(),
            Next::Pause | Next::End => None,
        };
        assert!(gather.add(first.expect("a batch")).is_empty());
        assert!(matches!(gather.next(&mut one).await, Next::Pause));
        assert_eq!(gather.take().len(), 1);
        assert!(matches!(gather.next(&mut stream::empty()).await, Next::End));
    }
}
