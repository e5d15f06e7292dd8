//! Flight SQL by arrow-flight's own client: log in, browse, prepare, bind, read, cancel, close.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Int64Type};
use arrow_flight::error::FlightError;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::sql::{
    CommandGetDbSchemas, CommandGetExportedKeys, CommandGetPrimaryKeys, CommandGetTables,
    CommandGetXdbcTypeInfo, SqlInfo,
};
use arrow_flight::{CancelFlightInfoRequest, CancelStatus, FlightClient, FlightInfo};
use futures::TryStreamExt;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

use crate::lake;
use crate::server::{Gateway, run};

type Client = FlightSqlServiceClient<Channel>;

const ENDLESS: &str = "SELECT x FROM generate_series(1, 1000000000000) a(x)";

/// Serves the lake's three tables, crawled into the database `files`.
fn gateway(directory: &Path, more: &[&str]) -> Gateway {
    run(directory, &["crawl", "files", "--database", "files"]).success();
    let fronts = ["serve", "--listen", "127.0.0.1:0", "--set", "flight.listen=127.0.0.1:0"];
    let arguments = [&fronts[..], &["--set", "lake.roots=[files]"], more].concat();
    Gateway::start(directory, &arguments)
}

/// Where the Flight SQL front listens: said before the address of Postgres'.
fn address(gateway: &Gateway) -> SocketAddr {
    gateway.flight.expect("announced")
}

async fn connected(gateway: &Gateway) -> Client {
    let endpoint = Endpoint::from_shared(format!("http://{}", address(gateway))).expect("a URL");
    FlightSqlServiceClient::new(endpoint.connect().await.expect("connected"))
}

async fn logged_in(gateway: &Gateway, user: &str) -> Client {
    let mut client = connected(gateway).await;
    client.handshake(user, "").await.expect("anyone may");
    assert!(client.token().is_some(), "a handshake gives a token");
    client
}

/// All rows of all endpoints.
async fn rows(client: &mut Client, info: FlightInfo) -> RecordBatch {
    let schema = Arc::new(info.clone().try_decode_schema().expect("a schema"));
    let mut batches = Vec::new();
    for endpoint in info.endpoint {
        let ticket = endpoint.ticket.expect("a ticket");
        let stream = client.do_get(ticket).await.expect("redeemed");
        batches.extend(stream.try_collect::<Vec<_>>().await.expect("rows"));
    }
    for batch in &batches {
        assert_eq!(batch.schema(), schema, "the rows are of the schema that was told");
    }
    arrow::compute::concat_batches(&schema, &batches).expect("one schema")
}

async fn answer(client: &mut Client, query: &str) -> RecordBatch {
    let info = client.execute(query.into(), None).await.expect("planned");
    rows(client, info).await
}

/// A column of texts.
fn texts(batch: &RecordBatch, column: &str) -> Vec<String> {
    let column = batch.column_by_name(column).expect("the column");
    column.as_string::<i32>().iter().map(|text| text.unwrap_or("NULL").to_string()).collect()
}

fn numbers(batch: &RecordBatch) -> Vec<i64> {
    batch.column(0).as_primitive::<Int64Type>().values().to_vec()
}

/// The status that a server refused with.
fn refusal<T>(result: Result<T, FlightError>) -> Status {
    match result.err().expect("refused") {
        FlightError::Tonic(status) => *status,
        other => panic!("no status: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_log_in_or_are_anonymous() {
    let directory = lake::directory_with_lake();
    let gateway = gateway(directory.path(), &[]);
    let mut ana = logged_in(&gateway, "ana").await;
    assert_eq!(texts(&answer(&mut ana, "SELECT current_user AS u").await, "u"), ["ana"]);
    let mut stranger = connected(&gateway).await;
    assert_eq!(texts(&answer(&mut stranger, "SELECT current_user AS u").await, "u"), ["anonymous"]);
    ana.set_token("unknown".into());
    let refused = refusal(ana.execute("SELECT 1".into(), None).await);
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(refused.message().contains("log in again"), "{refused}");
    drop((ana, stranger));
    gateway.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalog_is_browsed() {
    let directory = lake::directory_with_lake();
    let gateway = gateway(directory.path(), &[]);
    let mut ana = logged_in(&gateway, "ana").await;

    let info = ana.get_catalogs().await.expect("catalogs");
    assert_eq!(texts(&rows(&mut ana, info).await, "catalog_name"), ["lake"]);
    let pattern = |text: &str| Some(text.to_string());
    let command = CommandGetDbSchemas { catalog: None, db_schema_filter_pattern: pattern("fil%") };
    let info = ana.get_db_schemas(command).await.expect("schemas");
    assert_eq!(texts(&rows(&mut ana, info).await, "db_schema_name"), ["files"]);
    let info = ana.get_table_types().await.expect("types of tables");
    assert!(texts(&rows(&mut ana, info).await, "table_type").contains(&"TABLE".into()));

    let command = CommandGetTables {
        db_schema_filter_pattern: pattern("files"),
        include_schema: true,
        ..Default::default()
    };
    let info = ana.get_tables(command).await.expect("tables");
    let tables = rows(&mut ana, info).await;
    assert_eq!(texts(&tables, "table_name"), ["events", "items", "orders"]);
    let schemas = tables.column_by_name("table_schema").expect("schemas").as_binary::<i32>();
    let items = arrow_flight::IpcMessage(bytes::Bytes::copy_from_slice(schemas.value(1)));
    let items = arrow::datatypes::Schema::try_from(items).expect("a schema");
    let names: Vec<&String> = items.fields().iter().map(|field| field.name()).collect();
    assert_eq!(names, ["id", "title", "price"]);

    let (catalog, db_schema) = (pattern("lake"), pattern("files"));
    let table = || "items".to_string();
    let command = CommandGetPrimaryKeys { catalog, db_schema, table: table() };
    let info = ana.get_primary_keys(command).await.expect("keys");
    assert_eq!(rows(&mut ana, info).await.num_rows(), 0, "nothing declares keys here");
    let command = CommandGetExportedKeys { table: table(), ..Default::default() };
    let info = ana.get_exported_keys(command).await.expect("keys");
    assert_eq!(rows(&mut ana, info).await.num_columns(), 13);
    let info = ana.get_sql_info(vec![SqlInfo::FlightSqlServerName]).await.expect("info");
    assert_eq!(rows(&mut ana, info).await.num_rows(), 1);
    let info = ana.get_xdbc_type_info(CommandGetXdbcTypeInfo { data_type: None }).await;
    let types = rows(&mut ana, info.expect("types")).await;
    assert!(texts(&types, "type_name").iter().any(|name| name.contains("int")), "{types:?}");
    drop(ana);
    gateway.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_prepared_bound_and_closed() {
    let directory = lake::directory_with_lake();
    let gateway = gateway(directory.path(), &[]);
    let mut ana = logged_in(&gateway, "ana").await;
    let query = "SELECT id, $2 AS word FROM files.items WHERE id >= $1::int8 ORDER BY id";
    let mut prepared = ana.prepare(query.into(), None).await.expect("prepared");
    let types = |schema: &arrow::datatypes::Schema| -> Vec<DataType> {
        schema.fields().iter().map(|field| field.data_type().clone()).collect()
    };
    assert_eq!(types(prepared.dataset_schema().expect("told")), [DataType::Int64, DataType::Utf8]);
    let told = types(prepared.parameter_schema().expect("told"));
    assert_eq!(told, [DataType::Int64, DataType::Utf8]);

    for (from, expected) in [(2, vec![2, 3]), (3, vec![3]), (4, vec![])] {
        prepared.set_parameters(parameters(&[from], &["é"])).expect("a batch");
        let info = prepared.execute().await.expect("planned");
        let found = rows(&mut ana, info).await;
        assert_eq!(numbers(&found), expected);
        assert!(texts(&found, "word").iter().all(|word| word == "é"));
    }
    // A batch of parameters runs the statement for each of its rows.
    prepared.set_parameters(parameters(&[3, 2], &["a", "b"])).expect("a batch");
    let info = prepared.execute().await.expect("planned");
    let found = rows(&mut ana, info).await;
    assert_eq!((numbers(&found), texts(&found, "word").concat()), (vec![3, 2, 3], "abb".into()));

    let few: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let few = RecordBatch::try_from_iter([("$1", few)]).expect("a batch");
    prepared.set_parameters(few).expect("a batch");
    let refused = refusal(prepared.execute().await);
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("2 parameters, and 1 are bound"), "{refused}");
    drop((prepared, ana));
    gateway.stop();
}

fn parameters(numbers: &[i64], words: &[&str]) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(Int64Array::from(numbers.to_vec()));
    let words: ArrayRef = Arc::new(StringArray::from(words.to_vec()));
    RecordBatch::try_from_iter([("$1", numbers), ("$2", words)]).expect("a batch")
}

/// The client sends no token when it closes: the server finds the session of the connection, which has no
/// such statement, and forgetting what is not there is no error.
#[tokio::test(flavor = "multi_thread")]
async fn a_closed_statement_is_gone() {
    let directory = lake::directory_with_lake();
    let gateway = gateway(directory.path(), &[]);
    let mut ana = connected(&gateway).await;
    let prepared = ana.prepare("SELECT 1 AS one".into(), None).await.expect("prepared");
    let mut twin = prepared.clone();
    let info = twin.execute().await.expect("planned");
    assert_eq!(rows(&mut ana, info).await.num_rows(), 1);
    prepared.close().await.expect("closed");
    let refused = refusal(twin.execute().await);
    assert_eq!(refused.code(), Code::NotFound);
    assert!(refused.message().contains("does not exist in this session"), "{refused}");
    drop((twin, ana));
    gateway.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_and_transactions() {
    let directory = lake::directory_with_lake();
    let gateway = gateway(directory.path(), &[]);
    let mut ana = logged_in(&gateway, "ana").await;
    let changed = ana.execute_update("SET application_name TO 'probe'".into(), None).await;
    assert_eq!(changed.expect("set"), 0);
    let mut prepared = ana.prepare("SET TimeZone TO 'Asia/Tokyo'".into(), None).await.expect("it");
    assert_eq!(prepared.execute_update().await.expect("set"), 0);
    let shown = answer(&mut ana, "SHOW TimeZone").await;
    assert_eq!(shown.column(0).as_string::<i32>().value(0), "Asia/Tokyo");
    let refused = refusal(ana.execute_update("SELECT 1".into(), None).await);
    assert!(refused.message().contains("run it as a query"), "{refused}");

    let begun = ana.begin_transaction().await.expect("begun");
    let info = ana.execute("SELECT 7::int8".into(), Some(begun.clone())).await.expect("planned");
    assert_eq!(numbers(&rows(&mut ana, info).await), [7]);
    let end = arrow_flight::sql::EndTransaction::Rollback;
    ana.end_transaction(begun.clone(), end).await.expect("ended");
    let refused = refusal(ana.execute("SELECT 1".into(), Some(begun)).await);
    assert_eq!(refused.code(), Code::NotFound);
    drop((prepared, ana));
    gateway.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_statuses_and_a_session_lives_on() {
    let directory = lake::directory_with_lake();
    let gateway = gateway(directory.path(), &[]);
    let mut ana = logged_in(&gateway, "ana").await;
    for (query, code, word) in [
        ("SELEC 1", Code::InvalidArgument, "SELEC"),
        ("SELECT * FROM nowhere", Code::NotFound, "nowhere"),
        ("SELECT 1; SELECT 2", Code::InvalidArgument, "one at a time"),
        ("DECLARE c CURSOR FOR SELECT 1", Code::Unimplemented, "not supported"),
    ] {
        let refused = refusal(ana.execute(query.into(), None).await);
        assert_eq!(refused.code(), code, "{refused}");
        assert!(refused.message().contains(word), "{refused}");
    }
    assert_eq!(numbers(&answer(&mut ana, "SELECT 1::int8").await), [1]);
    drop(ana);
    gateway.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_query_is_cancelled() {
    let directory = lake::directory_with_lake();
    let gateway = gateway(directory.path(), &[]);
    let mut ana = logged_in(&gateway, "ana").await;
    let info = ana.execute(ENDLESS.into(), None).await.expect("planned");
    let ticket = info.endpoint[0].ticket.clone().expect("a ticket");
    let mut stream = ana.do_get(ticket).await.expect("redeemed");
    assert!(stream.try_next().await.expect("rows").is_some());

    let mut plain = FlightClient::new_from_inner(ana.inner().clone());
    let token = ana.token().expect("logged in").clone();
    plain.add_header("authorization", &format!("Bearer {token}")).expect("a header");
    let told = plain.cancel_flight_info(CancelFlightInfoRequest::new(info)).await.expect("told");
    assert_eq!(told.status(), CancelStatus::Cancelled);
    let ended = loop {
        match stream.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a cancelled query has no end"),
            Err(error) => break refusal::<()>(Err(error)),
        }
    };
    assert_eq!(ended.code(), Code::Cancelled, "{ended}");
    assert_eq!(numbers(&answer(&mut ana, "SELECT 1::int8").await), [1]);
    drop((plain, stream, ana));
    gateway.stop();
}
