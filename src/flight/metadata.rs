//! What clients browse: Flight SQL's metadata commands as SQL (`metadata/*.sql`) over the engine's own
//! catalog, in the client's session. There is no second source of what exists.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow_flight::sql::{
    Command, CommandGetCrossReference, CommandGetPrimaryKeys, CommandGetTables,
};
use tonic::Status;

use crate::client::Client;
use crate::error::status;
use crate::parameters::Bound;
use crate::query::{Query, Shape};
use crate::{sql_info, xdbc};

/// A metadata command as a statement.
struct Inquiry {
    sql: &'static str,
    arguments: Vec<Option<String>>,
    schema: SchemaRef,
    answer: Shape,
}

/// The query of a metadata command; none for other commands.
pub(crate) async fn query(command: &Command, client: &Client) -> Result<Option<Query>, Status> {
    match command {
        Command::CommandGetSqlInfo(command) => {
            let batch = sql_info::answer(command, client).await?;
            return Ok(Some(Query::ready(batch)));
        }
        Command::CommandGetXdbcTypeInfo(command) => {
            return xdbc::answer(command).map(|batch| Some(Query::ready(batch)));
        }
        _ => {}
    }
    let Some(inquiry) = inquiry(command) else { return Ok(None) };
    let mut stored = client.prepare(inquiry.sql, &[]).await?;
    if !inquiry.arguments.is_empty() {
        let columns = inquiry.arguments.iter().enumerate().map(|(index, argument)| {
            let text: ArrayRef = Arc::new(StringArray::from(vec![argument.as_deref()]));
            (index.to_string(), text)
        });
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.map(|(name, column)| (name, column, true)),
        );
        let batch = batch.map_err(|e| status(&crate::error::arrow(e)))?;
        let bound = Bound::cast(&[batch], stored.prepared.parameters());
        stored.bound = bound.map_err(|error| status(&error))?;
    }
    Ok(Some(Query::shaped(stored, inquiry.schema, inquiry.answer)))
}

/// The schema of a metadata command's answer, without asking; none for other commands.
pub(crate) fn schema(command: &Command) -> Option<SchemaRef> {
    match command {
        Command::CommandGetSqlInfo(_) => Some(sql_info::schema()),
        Command::CommandGetXdbcTypeInfo(_) => Some(xdbc::schema()),
        other => inquiry(other).map(|inquiry| inquiry.schema),
    }
}

fn inquiry(command: &Command) -> Option<Inquiry> {
    let columns =
        |sql, arguments, schema| Inquiry { sql, arguments, schema, answer: Shape::Columns };
    Some(match command.clone() {
        Command::CommandGetCatalogs(_) => {
            let schema = texts(&[("catalog_name", false)]);
            columns(include_str!("metadata/catalogs.sql"), vec![], schema)
        }
        Command::CommandGetDbSchemas(command) => columns(
            include_str!("metadata/schemas.sql"),
            vec![command.catalog, command.db_schema_filter_pattern],
            texts(&[("catalog_name", true), ("db_schema_name", false)]),
        ),
        Command::CommandGetTableTypes(_) => {
            let schema = texts(&[("table_type", false)]);
            columns(include_str!("metadata/table_types.sql"), vec![], schema)
        }
        Command::CommandGetTables(command) => tables(command),
        Command::CommandGetPrimaryKeys(command) => primary_keys(command),
        Command::CommandGetExportedKeys(command) => foreign_keys(CommandGetCrossReference {
            pk_catalog: command.catalog,
            pk_db_schema: command.db_schema,
            pk_table: command.table,
            ..Default::default()
        }),
        Command::CommandGetImportedKeys(command) => foreign_keys(CommandGetCrossReference {
            fk_catalog: command.catalog,
            fk_db_schema: command.db_schema,
            fk_table: command.table,
            ..Default::default()
        }),
        Command::CommandGetCrossReference(command) => foreign_keys(command),
        _ => return None,
    })
}

fn tables(command: CommandGetTables) -> Inquiry {
    let types = command.table_types;
    let types = (!types.is_empty()).then(|| format!(",{},", types.join(",")));
    let arguments = vec![
        command.catalog,
        command.db_schema_filter_pattern,
        command.table_name_filter_pattern,
        types,
    ];
    let names = texts(&[
        ("catalog_name", true),
        ("db_schema_name", true),
        ("table_name", false),
        ("table_type", false),
    ]);
    if !command.include_schema {
        let sql =
            concat!(include_str!("metadata/relations.sql"), include_str!("metadata/tables.sql"));
        return Inquiry { sql, arguments, schema: names, answer: Shape::Columns };
    }
    let table_schema = Field::new("table_schema", DataType::Binary, false);
    let fields = names.fields().iter().cloned().chain([Arc::new(table_schema)]);
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let sql = concat!(include_str!("metadata/relations.sql"), include_str!("metadata/columns.sql"));
    Inquiry { sql, arguments, schema, answer: Shape::Tables }
}

fn primary_keys(command: CommandGetPrimaryKeys) -> Inquiry {
    let fields = vec![
        text("catalog_name", true),
        text("db_schema_name", true),
        text("table_name", false),
        text("column_name", false),
        text("key_name", true),
        Field::new("key_sequence", DataType::Int32, false),
    ];
    Inquiry {
        sql: include_str!("metadata/primary_keys.sql"),
        arguments: vec![command.catalog, command.db_schema, Some(command.table)],
        schema: Arc::new(Schema::new(fields)),
        answer: Shape::Columns,
    }
}

/// A side without a table is any table.
fn foreign_keys(command: CommandGetCrossReference) -> Inquiry {
    let table = |name: String| Some(name).filter(|name| !name.is_empty());
    let fields = vec![
        text("pk_catalog_name", true),
        text("pk_db_schema_name", true),
        text("pk_table_name", false),
        text("pk_column_name", false),
        text("fk_catalog_name", true),
        text("fk_db_schema_name", true),
        text("fk_table_name", false),
        text("fk_column_name", false),
        Field::new("key_sequence", DataType::Int32, false),
        text("fk_key_name", true),
        text("pk_key_name", true),
        Field::new("update_rule", DataType::UInt8, false),
        Field::new("delete_rule", DataType::UInt8, false),
    ];
    Inquiry {
        sql: include_str!("metadata/foreign_keys.sql"),
        arguments: vec![
            command.pk_catalog,
            command.pk_db_schema,
            table(command.pk_table),
            command.fk_catalog,
            command.fk_db_schema,
            table(command.fk_table),
        ],
        schema: Arc::new(Schema::new(fields)),
        answer: Shape::Columns,
    }
}

fn text(name: &str, nullable: bool) -> Field {
    Field::new(name, DataType::Utf8, nullable)
}

fn texts(fields: &[(&str, bool)]) -> SchemaRef {
    let fields = fields.iter().map(|(name, nullable)| text(name, *nullable));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use arrow_flight::sql::metadata::GetCatalogsBuilder;
    use arrow_flight::sql::{
        CommandGetCatalogs, CommandGetDbSchemas, CommandGetTableTypes, CommandStatementQuery,
    };

    use super::*;

    /// As Arrow's own builders have them, which follow the specification.
    #[test]
    fn the_schemas_are_those_of_the_specification() {
        let told = |command| schema(&command).expect("a metadata command");
        let command = CommandGetCatalogs {};
        let expected = GetCatalogsBuilder::new().schema();
        assert_eq!(told(Command::CommandGetCatalogs(command)), expected);
        let command = CommandGetDbSchemas::default();
        let expected = command.clone().into_builder().schema();
        assert_eq!(told(Command::CommandGetDbSchemas(command)), expected);
        let expected = CommandGetTableTypes {}.into_builder().schema();
        assert_eq!(told(Command::CommandGetTableTypes(CommandGetTableTypes {})), expected);
        for include_schema in [false, true] {
            let command = CommandGetTables { include_schema, ..Default::default() };
            let expected = command.clone().into_builder().schema();
            assert_eq!(told(Command::CommandGetTables(command)), expected);
        }
    }

    #[test]
    fn a_statement_is_no_metadata() {
        assert!(
            schema(&Command::CommandStatementQuery(CommandStatementQuery::default())).is_none()
        );
    }
}
