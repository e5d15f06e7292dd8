//! DoPut: parameters to bind, and statements that answer a count instead of rows.

use std::panic::AssertUnwindSafe;

use arrow::array::RecordBatch;
use arrow_flight::FlightData;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::sql::{Command, DoPutPreparedStatementResult, DoPutUpdateResult};
use bytes::Bytes;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use lakegate_base::StatementKind;
use prost::Message;
use tonic::{Status, Streaming};

use crate::client::{Client, Stored};
use crate::error::malformed;
use crate::parameters::Bound;
use crate::service::command;
use crate::transaction;

/// Reads what the client sends; what to tell it.
pub(crate) async fn put(
    mut messages: Streaming<FlightData>,
    client: &Client,
) -> Result<Bytes, Status> {
    let first = messages.message().await?.ok_or_else(|| {
        Status::invalid_argument("nothing was sent: the first message holds the command")
    })?;
    let descriptor = first.flight_descriptor.as_ref().ok_or_else(|| {
        Status::invalid_argument("the first message has no descriptor, which holds the command")
    })?;
    match command(&descriptor.cmd)? {
        Command::CommandStatementUpdate(command) => {
            transaction::check(client, command.transaction_id.as_deref())?;
            let stored = client.prepare(&command.query, &[]).await?;
            update(&stored, client).await
        }
        Command::CommandPreparedStatementUpdate(command) => {
            let handle = command.prepared_statement_handle;
            bind(first, messages, &handle, client).await?;
            update(&client.stored(&handle)?, client).await
        }
        Command::CommandPreparedStatementQuery(command) => {
            let handle = command.prepared_statement_handle;
            bind(first, messages, &handle, client).await?;
            let result = DoPutPreparedStatementResult { prepared_statement_handle: Some(handle) };
            Ok(result.encode_to_vec().into())
        }
        Command::CommandStatementIngest(_) => Err(Status::unimplemented(
            "not supported: bulk ingest; tables of the lake are written by the tools that own them",
        )),
        Command::CommandStatementSubstraitPlan(_) => {
            Err(Status::unimplemented("not supported: Substrait plans; send SQL"))
        }
        other => Err(Status::unimplemented(format!(
            "not supported: {} by DoPut",
            other.type_url().rsplit('.').next().unwrap_or_default()
        ))),
    }
}

/// Binds the rows that follow, if any do.
async fn bind(
    first: FlightData,
    messages: Streaming<FlightData>,
    handle: &Bytes,
    client: &Client,
) -> Result<(), Status> {
    let stored = client.stored(handle)?;
    if first.data_header.is_empty() {
        return client.bind(handle, Bound::default());
    }
    let messages = stream::iter([Ok(first)]).chain(messages).map_err(FlightError::from);
    let mut batches = FlightRecordBatchStream::new_from_flight_data(messages);
    let (mut kept, mut rows, mut bytes) = (Vec::<RecordBatch>::new(), 0, 0);
    // Arrow's decoder trusts what it reads: bytes that make no sense may panic in it.
    while let Some(batch) = AssertUnwindSafe(batches.next())
        .catch_unwind()
        .await
        .map_err(|_| malformed("the parameters", "they are no Arrow IPC messages"))?
    {
        let batch = batch.map_err(|error| match error {
            FlightError::Tonic(status) => *status,
            other => malformed("the parameters", other),
        })?;
        rows += batch.num_rows();
        bytes += batch.get_array_memory_size();
        if rows > client.limits.bound_rows {
            return Err(Status::resource_exhausted(format!(
                "more than {} rows of parameters: bind fewer at once",
                client.limits.bound_rows
            )));
        }
        client.check_bytes(bytes)?;
        kept.push(batch);
    }
    // A schema of no columns alone binds nothing.
    let nothing = kept.is_empty() && stored.prepared.parameters().is_empty();
    let bound = match nothing {
        true => Bound::default(),
        false => Bound::cast(&kept, stored.prepared.parameters())
            .map_err(|error| client.failed(&error))?,
    };
    client.bind(handle, bound)
}

/// Runs a statement that answers no rows, once for each row of parameters.
async fn update(stored: &Stored, client: &Client) -> Result<Bytes, Status> {
    if matches!(stored.prepared.kind(), StatementKind::Rows) {
        return Err(Status::invalid_argument(
            "the statement answers rows: run it as a query, not as an update",
        ));
    }
    let check = stored.bound.check(stored.prepared.parameters());
    check.map_err(|error| client.failed(&error))?;
    for index in 0..stored.bound.rows() {
        let answer = client.execute(stored.prepared.as_ref(), &stored.bound.row(index)).await?;
        let Some(mut rows) = answer.rows else { continue };
        while let Some(batch) = rows.stream.next().await {
            batch.map_err(|error| client.failed(&error))?;
        }
    }
    // Nothing that can be run this way changes rows.
    Ok(DoPutUpdateResult { record_count: 0 }.encode_to_vec().into())
}
