//! Actions: prepared statements, transactions, cancelling, renewing, and the session itself.

use std::sync::Arc;

use arrow_flight::sql::{
    ActionBeginSavepointRequest, ActionBeginSavepointResult, ActionBeginTransactionResult,
    ActionCancelQueryRequest, ActionCancelQueryResult, ActionClosePreparedStatementRequest,
    ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult,
    ActionEndSavepointRequest, ActionEndTransactionRequest, Any, ProstMessageExt,
};
use arrow_flight::{
    Action, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightInfo,
    RenewFlightEndpointRequest,
};
use bytes::Bytes;
use lakegate_base::{Result as BaseResult, StatementKind};
use prost::Message;
use tonic::Status;

use crate::client::{Client, Stored};
use crate::error::malformed;
use crate::parameters;
use crate::query::encoded;
use crate::service::Service;
use crate::session_options::{self, CloseSessionResult, CloseStatus, SetSessionOptionsRequest};
use crate::transaction::{self, End};
use crate::wire::Form;

/// Every action, and what it is for.
pub(crate) const ACTIONS: [(&str, &str); 12] = [
    ("CreatePreparedStatement", "Plans a statement to run, with parameters or without."),
    ("ClosePreparedStatement", "Forgets a prepared statement."),
    ("BeginTransaction", "Begins the session's transaction."),
    ("EndTransaction", "Commits the transaction, or rolls it back."),
    ("BeginSavepoint", "Sets a savepoint in the transaction."),
    ("EndSavepoint", "Releases a savepoint, or rolls back to it."),
    ("CancelFlightInfo", "Ends the query of a FlightInfo, whether it runs or waits."),
    ("CancelQuery", "The same in the words of older clients."),
    ("RenewFlightEndpoint", "Gives a ticket that is about to expire a new term."),
    ("SetSessionOptions", "Changes settings of the session, as SET does."),
    ("GetSessionOptions", "All settings of the session."),
    ("CloseSession", "Ends the session: its queries, statements and token."),
];

/// Carries out an action; its result, if it has one.
pub(crate) async fn run(
    service: &Service,
    action: Action,
    client: &Arc<Client>,
) -> Result<std::option::IntoIter<Bytes>, Status> {
    let body = action.body;
    let result = match action.r#type.as_str() {
        "CreatePreparedStatement" => Some(prepare(unpack(&body)?, client).await?),
        "ClosePreparedStatement" => {
            let request: ActionClosePreparedStatementRequest = unpack(&body)?;
            client.forget(&request.prepared_statement_handle);
            None
        }
        "BeginTransaction" => {
            let transaction_id = transaction::begin(client).await?;
            Some(packed(&ActionBeginTransactionResult { transaction_id }))
        }
        "EndTransaction" => {
            let request: ActionEndTransactionRequest = unpack(&body)?;
            let end = End::of(request.action)?;
            transaction::end(client, &request.transaction_id, end).await?;
            None
        }
        "BeginSavepoint" => {
            let request: ActionBeginSavepointRequest = unpack(&body)?;
            let id = &request.transaction_id;
            let savepoint_id = transaction::savepoint(client, id, &request.name).await?;
            Some(packed(&ActionBeginSavepointResult { savepoint_id }))
        }
        "EndSavepoint" => {
            let request: ActionEndSavepointRequest = unpack(&body)?;
            let end = End::of(request.action)?;
            transaction::end_savepoint(client, &request.savepoint_id, end).await?;
            None
        }
        "CreatePreparedSubstraitPlan" => {
            return Err(Status::unimplemented("not supported: Substrait plans; send SQL"));
        }
        other => return session(service, other, &body, client).await,
    };
    Ok(result.into_iter())
}

/// Actions of Flight itself: their bodies are bare messages.
async fn session(
    service: &Service,
    action: &str,
    body: &Bytes,
    client: &Arc<Client>,
) -> Result<std::option::IntoIter<Bytes>, Status> {
    let result = match action {
        "CancelFlightInfo" => {
            let request: CancelFlightInfoRequest = decode(body)?;
            let status = cancel(service, request.info.as_ref(), client)?;
            CancelFlightInfoResult::new(status).encode_to_vec().into()
        }
        "CancelQuery" => {
            let request: ActionCancelQueryRequest = unpack(body)?;
            let info: FlightInfo = decode(&request.info)?;
            // The numbers of both results are the same.
            let result = cancel(service, Some(&info), client)? as i32;
            packed(&ActionCancelQueryResult { result })
        }
        "RenewFlightEndpoint" => renew(service, decode(body)?, client)?,
        "SetSessionOptions" => {
            let request: SetSessionOptionsRequest = decode(body)?;
            let result = session_options::set(request, client, &service.database).await;
            result.encode_to_vec().into()
        }
        "GetSessionOptions" => session_options::get(client).await?.encode_to_vec().into(),
        "CloseSession" => {
            service.registry.close(client);
            CloseSessionResult { status: CloseStatus::Closed as i32 }.encode_to_vec().into()
        }
        unknown => {
            return Err(Status::unimplemented(format!(
                "not supported: the action {unknown}; ListActions tells which there are"
            )));
        }
    };
    Ok(Some(result).into_iter())
}

async fn prepare(
    request: ActionCreatePreparedStatementRequest,
    client: &Client,
) -> Result<Bytes, Status> {
    transaction::check(client, request.transaction_id.as_deref())?;
    let stored = client.prepare(&request.query, &[]).await?;
    let (dataset_schema, parameter_schema) =
        schemas(&stored, client).map_err(|error| client.failed(&error))?;
    let prepared_statement_handle = client.store(stored)?;
    Ok(packed(&ActionCreatePreparedStatementResult {
        prepared_statement_handle,
        dataset_schema,
        parameter_schema,
    }))
}

/// Of the rows, which is empty for a statement that answers none, and of the parameters.
fn schemas(stored: &Stored, client: &Client) -> BaseResult<(Bytes, Bytes)> {
    let schema = stored.prepared.schema();
    let has_rows =
        matches!(stored.prepared.kind(), StatementKind::Rows) || !schema.fields().is_empty();
    let dataset = match has_rows {
        true => encoded(&Form::of(client.session.as_ref())?.schema(&schema))?,
        false => Bytes::new(),
    };
    Ok((dataset, encoded(&parameters::schema(stored.prepared.as_ref()))?))
}

/// Ends all queries of a FlightInfo.
fn cancel(
    service: &Service,
    info: Option<&FlightInfo>,
    client: &Client,
) -> Result<CancelStatus, Status> {
    let endpoints = info.map(|info| info.endpoint.as_slice()).unwrap_or_default();
    let mut status = CancelStatus::NotCancellable;
    for ticket in endpoints.iter().filter_map(|endpoint| endpoint.ticket.as_ref()) {
        let (owner, claim, query) = match service.redeem(ticket, client) {
            Ok(redeemed) => redeemed,
            Err(gone) if gone.code() == tonic::Code::NotFound => continue,
            Err(refused) => return Err(refused),
        };
        if query.cancel() {
            status = CancelStatus::Cancelled;
        }
        owner.drop_query(&claim.statement);
    }
    Ok(status)
}

fn renew(
    service: &Service,
    request: RenewFlightEndpointRequest,
    client: &Client,
) -> Result<Bytes, Status> {
    let ticket = request.endpoint.and_then(|endpoint| endpoint.ticket);
    let ticket = ticket.ok_or_else(|| Status::invalid_argument("the endpoint has no ticket"))?;
    let (owner, claim, _) = service.redeem(&ticket, client)?;
    Ok(service.endpoint(claim.statement, &owner).encode_to_vec().into())
}

/// Flight SQL's messages travel as `Any`.
fn unpack<M: ProstMessageExt>(body: &[u8]) -> Result<M, Status> {
    let any = Any::decode(body).map_err(|e| malformed("the action's body", e))?;
    let message = any.unpack().map_err(|e| malformed("the action's body", e))?;
    message.ok_or_else(|| malformed("the action's body", format!("it is a {}", any.type_url)))
}

fn decode<M: Message + Default>(body: &[u8]) -> Result<M, Status> {
    M::decode(body).map_err(|e| malformed("the action's body", e))
}

fn packed(message: &impl ProstMessageExt) -> Bytes {
    message.as_any().encode_to_vec().into()
}
