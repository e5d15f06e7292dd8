//! What this server says of itself: every entry of Flight SQL's SqlInfo, each as it is. Reserved words come
//! from the engine.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_flight::sql::metadata::SqlInfoDataBuilder;
use arrow_flight::sql::{
    CommandGetSqlInfo, SqlInfo as Info, SqlNullOrdering, SqlOuterJoinsSupportLevel,
    SqlSupportedCaseSensitivity, SqlSupportedGroupBy, SqlSupportedResultSetConcurrency,
    SqlSupportedResultSetType, SqlSupportedSubqueries, SqlSupportedTransaction, SqlSupportedUnions,
    SqlSupportsConvert, SqlTransactionIsolationLevel, SupportedSqlGrammar,
};
use tonic::Status;

use crate::client::Client;

const KEYWORDS: &str = "SELECT word::text FROM pg_catalog.pg_get_keywords() WHERE catcode <> 'U'";

const NUMERIC_FUNCTIONS: &str = "abs acos asin atan atan2 ceil ceiling cos cot degrees div exp floor ln \
    log log10 mod pi power radians random round sign sin sqrt tan trunc";
const STRING_FUNCTIONS: &str = "ascii btrim char_length chr concat initcap left length lower lpad ltrim \
    octet_length position repeat replace reverse right rpad rtrim split_part strpos substring translate \
    trim upper";
const SYSTEM_FUNCTIONS: &str =
    "coalesce current_database current_schema current_user nullif version";
const DATETIME_FUNCTIONS: &str = "age current_date current_timestamp date_part date_trunc extract now \
    to_char to_date to_timestamp";

/// What an entry may hold.
enum Value {
    Text(&'static str),
    Flag(bool),
    /// A number that stands for something, or bits.
    Code(i32),
    Words(Vec<String>),
    Map(BTreeMap<i32, Vec<i32>>),
}

pub(crate) async fn answer(
    command: &CommandGetSqlInfo,
    client: &Client,
) -> Result<RecordBatch, Status> {
    let mut builder = SqlInfoDataBuilder::new();
    let keywords =
        client.list(KEYWORDS).await?.into_iter().filter_map(|mut row| row.swap_remove(0));
    builder.append(Info::SqlKeywords, keywords.collect::<Vec<String>>());
    server(&mut builder, client);
    language(&mut builder);
    support(&mut builder);
    reach(&mut builder);
    limits(&mut builder, client);
    transactions(&mut builder);
    Ok(builder.build()?.record_batch(command.info.iter().copied())?)
}

pub(crate) fn schema() -> SchemaRef {
    SqlInfoDataBuilder::schema().clone().into()
}

fn server(builder: &mut SqlInfoDataBuilder, client: &Client) {
    let idle_ms = i32::try_from(client.limits.session_idle.as_millis()).unwrap_or(i32::MAX);
    let entries: [(Info, Value); 13] = [
        (Info::FlightSqlServerName, Value::Text("Lakegate")),
        (Info::FlightSqlServerVersion, Value::Text(env!("CARGO_PKG_VERSION"))),
        (Info::FlightSqlServerArrowVersion, Value::Text(arrow::ARROW_VERSION)),
        (Info::FlightSqlServerReadOnly, Value::Flag(true)),
        (Info::FlightSqlServerSql, Value::Flag(true)),
        (Info::FlightSqlServerSubstrait, Value::Flag(false)),
        (Info::FlightSqlServerSubstraitMinVersion, Value::Text("")),
        (Info::FlightSqlServerSubstraitMaxVersion, Value::Text("")),
        (Info::FlightSqlServerTransaction, Value::Code(SqlSupportedTransaction::Savepoint as i32)),
        (Info::FlightSqlServerCancel, Value::Flag(true)),
        (Info::FlightSqlServerBulkIngestion, Value::Flag(false)),
        (Info::FlightSqlServerStatementTimeout, Value::Code(idle_ms)),
        (Info::FlightSqlServerTransactionTimeout, Value::Code(idle_ms)),
    ];
    append(builder, entries);
    builder.append(Info::FlightSqlServerIngestTransactionsSupported, false);
}

fn language(builder: &mut SqlInfoDataBuilder) {
    let words = |text: &str| Value::Words(text.split(' ').map(String::from).collect());
    let entries: [(Info, Value); 17] = [
        (Info::SqlDdlCatalog, Value::Flag(false)),
        (Info::SqlDdlSchema, Value::Flag(false)),
        (Info::SqlDdlTable, Value::Flag(false)),
        (
            Info::SqlIdentifierCase,
            Value::Code(SqlSupportedCaseSensitivity::SqlCaseSensitivityLowercase as i32),
        ),
        (Info::SqlIdentifierQuoteChar, Value::Text("\"")),
        (
            Info::SqlQuotedIdentifierCase,
            Value::Code(SqlSupportedCaseSensitivity::SqlCaseSensitivityCaseInsensitive as i32),
        ),
        (Info::SqlAllTablesAreSelectable, Value::Flag(true)),
        (Info::SqlNullOrdering, Value::Code(SqlNullOrdering::SqlNullsSortedHigh as i32)),
        (Info::SqlNumericFunctions, words(NUMERIC_FUNCTIONS)),
        (Info::SqlStringFunctions, words(STRING_FUNCTIONS)),
        (Info::SqlSystemFunctions, words(SYSTEM_FUNCTIONS)),
        (Info::SqlDatetimeFunctions, words(DATETIME_FUNCTIONS)),
        (Info::SqlSearchStringEscape, Value::Text("\\")),
        (Info::SqlExtraNameCharacters, Value::Text("$")),
        (Info::SqlSchemaTerm, Value::Text("schema")),
        (Info::SqlProcedureTerm, Value::Text("")),
        (Info::SqlCatalogTerm, Value::Text("database")),
    ];
    append(builder, entries);
}

/// What expressions and clauses may be.
fn support(builder: &mut SqlInfoDataBuilder) {
    let entries = [
        (Info::SqlSupportsColumnAliasing, Value::Flag(true)),
        (Info::SqlNullPlusNullIsNull, Value::Flag(true)),
        (Info::SqlSupportsConvert, Value::Map(conversions())),
        (Info::SqlSupportsTableCorrelationNames, Value::Flag(true)),
        (Info::SqlSupportsDifferentTableCorrelationNames, Value::Flag(false)),
        (Info::SqlSupportsExpressionsInOrderBy, Value::Flag(true)),
        (Info::SqlSupportsOrderByUnrelated, Value::Flag(true)),
        (
            Info::SqlSupportedGroupBy,
            bits(&[
                SqlSupportedGroupBy::SqlGroupByUnrelated as u32,
                SqlSupportedGroupBy::SqlGroupByBeyondSelect as u32,
            ]),
        ),
        (Info::SqlSupportsLikeEscapeClause, Value::Flag(true)),
        (Info::SqlSupportsNonNullableColumns, Value::Flag(true)),
        (
            Info::SqlSupportedGrammar,
            bits(&[
                SupportedSqlGrammar::SqlMinimumGrammar as u32,
                SupportedSqlGrammar::SqlCoreGrammar as u32,
                SupportedSqlGrammar::SqlExtendedGrammar as u32,
            ]),
        ),
        // Statements that write are missing from every level.
        (Info::SqlAnsi92SupportedLevel, bits(&[])),
        (Info::SqlSupportsIntegrityEnhancementFacility, Value::Flag(false)),
        (
            Info::SqlOuterJoinsSupportLevel,
            bits(&[
                SqlOuterJoinsSupportLevel::SqlLimitedOuterJoins as u32,
                SqlOuterJoinsSupportLevel::SqlFullOuterJoins as u32,
            ]),
        ),
    ];
    append(builder, entries);
}

/// How far statements and their results go.
fn reach(builder: &mut SqlInfoDataBuilder) {
    let entries = [
        (Info::SqlCatalogAtStart, Value::Flag(true)),
        (Info::SqlSchemasSupportedActions, bits(&[])),
        (Info::SqlCatalogsSupportedActions, bits(&[])),
        (Info::SqlSupportedPositionedCommands, bits(&[])),
        (Info::SqlSelectForUpdateSupported, Value::Flag(false)),
        (Info::SqlStoredProceduresSupported, Value::Flag(false)),
        (
            Info::SqlSupportedSubqueries,
            bits(&[
                SqlSupportedSubqueries::SqlSubqueriesInComparisons as u32,
                SqlSupportedSubqueries::SqlSubqueriesInExists as u32,
                SqlSupportedSubqueries::SqlSubqueriesInIns as u32,
                SqlSupportedSubqueries::SqlSubqueriesInQuantifieds as u32,
            ]),
        ),
        (Info::SqlCorrelatedSubqueriesSupported, Value::Flag(true)),
        (
            Info::SqlSupportedUnions,
            bits(&[SqlSupportedUnions::SqlUnion as u32, SqlSupportedUnions::SqlUnionAll as u32]),
        ),
        (
            Info::SqlSupportedResultSetTypes,
            bits(&[SqlSupportedResultSetType::SqlResultSetTypeForwardOnly as u32]),
        ),
        (
            Info::SqlSupportedConcurrenciesForResultSetForwardOnly,
            bits(&[SqlSupportedResultSetConcurrency::SqlResultSetConcurrencyReadOnly as u32]),
        ),
        (Info::SqlBatchUpdatesSupported, Value::Flag(false)),
        (Info::SqlNamedParametersSupported, Value::Flag(false)),
        (Info::SqlLocatorsUpdateCopy, Value::Flag(false)),
        (Info::SqlStoredFunctionsUsingCallSyntaxSupported, Value::Flag(false)),
    ];
    append(builder, entries);
    for info in [
        Info::SqlSupportedConcurrenciesForResultSetUnspecified,
        Info::SqlSupportedConcurrenciesForResultSetScrollSensitive,
        Info::SqlSupportedConcurrenciesForResultSetScrollInsensitive,
    ] {
        append(builder, [(info, bits(&[]))]);
    }
}

/// Zero stands for a limit that is unknown, or that there is none.
fn limits(builder: &mut SqlInfoDataBuilder, client: &Client) {
    let bytes = i64::try_from(client.limits.message_bytes).unwrap_or(i64::MAX);
    let sessions = i64::try_from(client.limits.max_sessions).unwrap_or(i64::MAX);
    let statements = i64::try_from(client.limits.statements).unwrap_or(i64::MAX);
    builder.append(Info::SqlMaxStatementLength, bytes);
    builder.append(Info::SqlMaxConnections, sessions);
    builder.append(Info::SqlMaxStatements, statements);
    builder.append(Info::SqlMaxColumnsInIndex, 32_i64);
    builder.append(Info::SqlMaxRowSizeIncludesBlobs, true);
    for info in [
        Info::SqlMaxBinaryLiteralLength,
        Info::SqlMaxCharLiteralLength,
        Info::SqlMaxColumnNameLength,
        Info::SqlMaxColumnsInGroupBy,
        Info::SqlMaxColumnsInOrderBy,
        Info::SqlMaxColumnsInSelect,
        Info::SqlMaxColumnsInTable,
        Info::SqlMaxCursorNameLength,
        Info::SqlMaxIndexLength,
        Info::SqlDbSchemaNameLength,
        Info::SqlMaxProcedureNameLength,
        Info::SqlMaxCatalogNameLength,
        Info::SqlMaxRowSize,
        Info::SqlMaxTableNameLength,
        Info::SqlMaxTablesInSelect,
        Info::SqlMaxUsernameLength,
    ] {
        builder.append(info, 0_i64);
    }
}

fn transactions(builder: &mut SqlInfoDataBuilder) {
    let default = SqlTransactionIsolationLevel::SqlTransactionReadCommitted;
    // An int32 by the specification; the JDBC driver insists on the int64 of other numbers.
    builder.append(Info::SqlDefaultTransactionIsolation, i64::from(default as i32));
    let entries: [(Info, Value); 5] = [
        (Info::SqlTransactionsSupported, Value::Flag(true)),
        (Info::SqlSupportedTransactionsIsolationLevels, bits(&[default as u32])),
        (Info::SqlDataDefinitionCausesTransactionCommit, Value::Flag(false)),
        (Info::SqlDataDefinitionsInTransactionsIgnored, Value::Flag(false)),
        (Info::SqlSavepointsSupported, Value::Flag(true)),
    ];
    append(builder, entries);
}

/// `CAST` goes from text to anything and back, and between numbers.
fn conversions() -> BTreeMap<i32, Vec<i32>> {
    use SqlSupportsConvert as To;
    let numbers = [
        To::SqlConvertBigint,
        To::SqlConvertDecimal,
        To::SqlConvertFloat,
        To::SqlConvertInteger,
        To::SqlConvertNumeric,
        To::SqlConvertReal,
        To::SqlConvertSmallint,
    ];
    let others = [To::SqlConvertBit, To::SqlConvertDate, To::SqlConvertTimestamp];
    let text = To::SqlConvertVarchar;
    let all = numbers.iter().chain(&others).map(|to| *to as i32);
    let mut map = BTreeMap::from([(text as i32, all.chain([text as i32]).collect::<Vec<_>>())]);
    for from in numbers {
        let targets = numbers.iter().map(|to| *to as i32);
        map.insert(from as i32, targets.chain([text as i32]).collect());
    }
    for from in others {
        map.insert(from as i32, vec![from as i32, text as i32]);
    }
    map
}

fn append(builder: &mut SqlInfoDataBuilder, entries: impl IntoIterator<Item = (Info, Value)>) {
    for (info, value) in entries {
        match value {
            Value::Text(text) => builder.append(info, text),
            Value::Flag(flag) => builder.append(info, flag),
            Value::Code(code) => builder.append(info, code),
            Value::Words(words) => builder.append(info, words),
            Value::Map(map) => builder.append(info, map),
        }
    }
}

/// A bit for each of these numbers.
fn bits(places: &[u32]) -> Value {
    let mask = places.iter().fold(0, |mask, place| mask | 1_i32.checked_shl(*place).unwrap_or(0));
    Value::Code(mask)
}
