//! Flight's calls. Every call finds its session first; statements become queries with a ticket; DoGet
//! redeems it.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::{Any, Command};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightEndpoint, FlightInfo,
    HandshakeRequest, HandshakeResponse, PollInfo, PutResult, SchemaAsIpc, SchemaResult, Ticket,
};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use prost::Message;
use prost_types::Timestamp;
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status, Streaming};

use crate::client::{Client, Stored};
use crate::error::{arrow, malformed, status};
use crate::login::Credentials;
use crate::query::Query;
use crate::registry::Registry;
use crate::socket::Peer;
use crate::ticket::{Claim, Signer};
use crate::wire::Form;
use crate::{actions, metadata, put, transaction};

/// See the module.
pub(crate) struct Service {
    pub registry: Arc<Registry>,
    pub signer: Signer,
    pub database: String,
}

type Answers<T> = BoxStream<'static, Result<T, Status>>;

impl Service {
    pub async fn client<T>(&self, request: &Request<T>) -> Result<Arc<Client>, Status> {
        self.registry.client(request.metadata(), peer(request)?).await
    }

    /// What a descriptor asks for, ready to run.
    async fn plan(&self, descriptor: &FlightDescriptor, client: &Client) -> Result<Query, Status> {
        let command = command(&descriptor.cmd)?;
        if let Some(query) = metadata::query(&command, client).await? {
            return Ok(query);
        }
        let stored = stored(command, client).await?;
        let form = Form::of(client.session.as_ref());
        let query = form.and_then(|form| Query::of(stored, &form));
        query.map_err(|error| client.failed(&error))
    }

    async fn info(
        &self,
        descriptor: FlightDescriptor,
        client: &Client,
    ) -> Result<FlightInfo, Status> {
        let query = self.plan(&descriptor, client).await?;
        let schema = Arc::clone(&query.schema);
        let endpoint = self.endpoint(client.expect(query), client);
        let info = FlightInfo::new().try_with_schema(&schema).map_err(|e| status(&arrow(e)))?;
        // Nobody knows how many rows there will be, and they come in the query's order.
        let info = info.with_total_records(-1).with_total_bytes(-1).with_ordered(true);
        Ok(info.with_endpoint(endpoint).with_descriptor(descriptor))
    }

    /// A ticket for a query of this client.
    pub fn endpoint(&self, statement: Bytes, client: &Client) -> FlightEndpoint {
        let expires_s = self.signer.expiry();
        let claim = Claim {
            principal: client.principal.name.clone(),
            session: client.id().clone(),
            expires_s,
            statement,
        };
        let seconds = i64::try_from(expires_s).unwrap_or(i64::MAX);
        FlightEndpoint::new()
            .with_ticket(Ticket::new(self.signer.sign(&claim)))
            .with_expiration_time(Timestamp { seconds, nanos: 0 })
    }

    /// The session and the query that a ticket stands for.
    pub fn redeem(
        &self,
        ticket: &Ticket,
        caller: &Client,
    ) -> Result<(Arc<Client>, Claim, Arc<Query>), Status> {
        let claim = self.signer.open(&ticket.ticket, &caller.principal)?;
        let owner = self.registry.by_id(&claim.session).ok_or_else(|| {
            Status::not_found("the session of this ticket has ended: log in and ask again")
        })?;
        owner.touch();
        let query = owner.query(&claim.statement)?;
        Ok((owner, claim, query))
    }

    async fn schema(
        &self,
        descriptor: &FlightDescriptor,
        client: &Client,
    ) -> Result<SchemaRef, Status> {
        let command = command(&descriptor.cmd)?;
        if let Some(schema) = metadata::schema(&command) {
            return Ok(schema);
        }
        let stored = stored(command, client).await?;
        let form = Form::of(client.session.as_ref()).map_err(|error| status(&error))?;
        Ok(form.schema(&stored.prepared.schema()))
    }
}

/// The connection a call came on.
pub(crate) fn peer<T>(request: &Request<T>) -> Result<&Peer, Status> {
    let peer = request.extensions().get::<Peer>();
    peer.ok_or_else(|| Status::internal("a call without a connection"))
}

/// The command in a descriptor.
pub(crate) fn command(bytes: &[u8]) -> Result<Command, Status> {
    if bytes.is_empty() {
        return Err(Status::invalid_argument(
            "the descriptor has no command: this server speaks Flight SQL, and has no paths",
        ));
    }
    let any = Any::decode(bytes).map_err(|e| malformed("the command", e))?;
    Command::try_from(any).map_err(|e| malformed("the command", e))
}

/// The statement that a command names or brings along.
async fn stored(command: Command, client: &Client) -> Result<Stored, Status> {
    match command {
        Command::CommandStatementQuery(command) => {
            transaction::check(client, command.transaction_id.as_deref())?;
            client.prepare(&command.query, &[]).await
        }
        Command::CommandPreparedStatementQuery(command) => {
            client.stored(&command.prepared_statement_handle)
        }
        Command::CommandStatementSubstraitPlan(_) => {
            Err(Status::unimplemented("not supported: Substrait plans; send SQL"))
        }
        other => Err(Status::unimplemented(format!(
            "not supported: {} here; ask for a statement or for metadata",
            other.type_url().rsplit('.').next().unwrap_or_default()
        ))),
    }
}

#[tonic::async_trait]
impl FlightService for Service {
    type HandshakeStream = Answers<HandshakeResponse>;
    type ListFlightsStream = Answers<FlightInfo>;
    type DoGetStream = Answers<FlightData>;
    type DoPutStream = Answers<PutResult>;
    type DoActionStream = Answers<arrow_flight::Result>;
    type ListActionsStream = Answers<ActionType>;
    type DoExchangeStream = Answers<FlightData>;

    async fn handshake(
        &self,
        mut request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        let peer = peer(&request)?.clone();
        let mut credentials = Credentials::of(request.metadata())?;
        if matches!(credentials, Credentials::Nothing)
            && let Some(first) = request.get_mut().message().await?
        {
            credentials = Credentials::of_payload(&first.payload)?;
        }
        let token = self.registry.handshake(credentials, &peer).await?;
        let header = MetadataValue::try_from(format!("Bearer {token}"))
            .map_err(|e| malformed("the token", e))?;
        let reply = HandshakeResponse { protocol_version: 0, payload: token.into() };
        let mut response = Response::new(stream::iter([Ok(reply)]).boxed());
        response.metadata_mut().insert("authorization", header);
        Ok(response)
    }

    async fn list_flights(
        &self,
        _request: Request<Criteria>,
    ) -> Result<Response<Self::ListFlightsStream>, Status> {
        Err(Status::unimplemented("not supported: ListFlights; use Flight SQL's GetTables"))
    }

    async fn get_flight_info(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let client = self.client(&request).await?;
        self.info(request.into_inner(), &client).await.map(Response::new)
    }

    /// Complete at the first poll: the query starts when its ticket is redeemed.
    async fn poll_flight_info(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<PollInfo>, Status> {
        let info = self.get_flight_info(request).await?.into_inner();
        let poll = PollInfo::new().with_info(info).try_with_progress(1.0);
        poll.map(Response::new).map_err(|e| status(&arrow(e)))
    }

    async fn get_schema(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<SchemaResult>, Status> {
        let client = self.client(&request).await?;
        let schema = self.schema(request.get_ref(), &client).await?;
        let options = IpcWriteOptions::default();
        let result = SchemaAsIpc::new(&schema, &options).try_into();
        result.map(Response::new).map_err(|e| status(&arrow(e)))
    }

    async fn do_get(
        &self,
        request: Request<Ticket>,
    ) -> Result<Response<Self::DoGetStream>, Status> {
        let caller = self.client(&request).await?;
        let (owner, _, query) = self.redeem(request.get_ref(), &caller)?;
        query.start(&owner).await.map(Response::new)
    }

    async fn do_put(
        &self,
        request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoPutStream>, Status> {
        let client = self.client(&request).await?;
        let result = put::put(request.into_inner(), &client).await?;
        Ok(Response::new(stream::iter([Ok(PutResult { app_metadata: result })]).boxed()))
    }

    async fn do_action(
        &self,
        request: Request<Action>,
    ) -> Result<Response<Self::DoActionStream>, Status> {
        let client = self.client(&request).await?;
        let result = actions::run(self, request.into_inner(), &client).await?;
        let results = result.map(|body| Ok(arrow_flight::Result { body }));
        Ok(Response::new(stream::iter(results).boxed()))
    }

    async fn list_actions(
        &self,
        _request: Request<Empty>,
    ) -> Result<Response<Self::ListActionsStream>, Status> {
        let kinds = actions::ACTIONS.iter().map(|(name, description)| {
            Ok(ActionType { r#type: name.to_string(), description: description.to_string() })
        });
        Ok(Response::new(stream::iter(kinds).boxed()))
    }

    async fn do_exchange(
        &self,
        _request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        Err(Status::unimplemented("not supported: DoExchange; use DoGet and DoPut"))
    }
}
