//! From a format to the table shape that AWS Glue, Athena, Spark and Trino write for it, so that other
//! engines on the same catalog read the same data. The inverse is `source`.

use arrow::datatypes::Schema;
use lakegate_base::{Location, Result, TableName};
use lakegate_formats::files::avro_schema;
use lakegate_formats::{CsvOptions, TableFormat, TableSource};

use crate::model::{EXTERNAL_TABLE, Parameters, SerdeInfo, StorageDescriptor, Table, VIRTUAL_VIEW};
use crate::source::location_text;
use crate::types::columns;

/// The Java classes of one format.
struct Classes {
    input: &'static str,
    output: &'static str,
    serde: &'static str,
}

const PARQUET: Classes = Classes {
    input: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    output: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    serde: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
};
const ORC: Classes = Classes {
    input: "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
    output: "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
    serde: "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
};
const AVRO: Classes = Classes {
    input: "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
    output: "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
    serde: "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
};
const SYMLINK_INPUT: &str = "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat";
const LAZY_TEXT: Classes = Classes {
    input: "org.apache.hadoop.mapred.TextInputFormat",
    output: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    serde: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
};
const JSON: Classes = Classes { serde: "org.openx.data.jsonserde.JsonSerDe", ..LAZY_TEXT };
const DELTA: Classes = Classes {
    input: "org.apache.hadoop.mapred.SequenceFileInputFormat",
    output: "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
    serde: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
};

/// A table of any format. `schema` has its columns: all of them for Delta and Iceberg; for file tables
/// those without the partition keys, which come from the source.
pub fn table(name: &TableName, source: &TableSource, schema: &Schema) -> Result<Table> {
    let parameters = table_parameters(source);
    let storage_descriptor = StorageDescriptor {
        columns: columns(schema.fields())?,
        location: Some(location_text(&source.location)),
        parameters: if has_serde(source) { parameters.clone() } else { Parameters::new() },
        ..storage(source, schema)
    };
    Table {
        database_name: name.database.clone(),
        name: name.table.clone(),
        storage_descriptor,
        partition_keys: columns(&source.partition_keys)?,
        table_type: Some(EXTERNAL_TABLE.to_string()),
        parameters,
        ..Table::default()
    }
    .checked()
}

/// A view with Lakegate's own SQL, kept as it was written.
pub fn view(name: &TableName, sql: &str, schema: &Schema) -> Result<Table> {
    Table {
        database_name: name.database.clone(),
        name: name.table.clone(),
        storage_descriptor: StorageDescriptor {
            columns: columns(schema.fields())?,
            location: Some(String::new()),
            input_format: Some(String::new()),
            output_format: Some(String::new()),
            ..StorageDescriptor::default()
        },
        view_original_text: Some(sql.to_string()),
        view_expanded_text: Some("/* Lakegate View */".to_string()),
        table_type: Some(VIRTUAL_VIEW.to_string()),
        parameters: parameters([("comment", "Lakegate View"), ("lakegate_view", "true")]),
        ..Table::default()
    }
    .checked()
}

fn has_serde(source: &TableSource) -> bool {
    !matches!(source.format, TableFormat::Delta | TableFormat::Iceberg)
}

fn storage(source: &TableSource, schema: &Schema) -> StorageDescriptor {
    let (classes, serde_parameters) = match source.format.of_files() {
        // Iceberg names no classes: its readers go by `table_type`.
        TableFormat::Iceberg => return StorageDescriptor::default(),
        TableFormat::Delta => (DELTA, delta_serde(&source.location)),
        TableFormat::Parquet => (PARQUET, parameters([("serialization.format", "1")])),
        TableFormat::Orc => (ORC, parameters([("serialization.format", "1")])),
        TableFormat::Avro => (AVRO, avro_serde(schema)),
        TableFormat::Csv(options) => (LAZY_TEXT, csv_serde(options)),
        TableFormat::Json => (JSON, parameters([("paths", json_paths(schema).as_str())])),
        TableFormat::Text => (LAZY_TEXT, parameters([("serialization.format", "1")])),
        TableFormat::Linked(_) => return StorageDescriptor::default(),
    };
    let classes = match source.format {
        TableFormat::Linked(_) => {
            Classes { input: SYMLINK_INPUT, output: LAZY_TEXT.output, ..classes }
        }
        _ => classes,
    };
    StorageDescriptor {
        input_format: Some(classes.input.to_string()),
        output_format: Some(classes.output.to_string()),
        serde_info: SerdeInfo {
            name: None,
            serialization_library: Some(classes.serde.to_string()),
            parameters: serde_parameters,
        },
        number_of_buckets: -1,
        ..StorageDescriptor::default()
    }
}

/// Glue repeats a file table's parameters on its storage descriptor.
fn table_parameters(source: &TableSource) -> Parameters {
    let mut all = parameters([("EXTERNAL", "TRUE")]);
    match source.format.of_files() {
        TableFormat::Delta => all.extend(parameters([
            ("classification", "delta"),
            ("table_type", "delta"),
            ("spark.sql.sources.provider", "delta"),
            ("spark.sql.partitionProvider", "catalog"),
        ])),
        TableFormat::Iceberg => {
            all.extend(parameters([("table_type", "ICEBERG")]));
            let metadata = source.metadata_location.as_ref().map(location_text);
            all.extend(metadata.map(|text| ("metadata_location".to_string(), text)));
        }
        TableFormat::Csv(options) => {
            let quoted = if options.quote == 0 { "false" } else { "true" };
            all.extend(parameters([
                ("classification", "csv"),
                ("typeOfData", "file"),
                ("delimiter", character(options.delimiter).as_str()),
                ("columnsOrdered", "true"),
                ("areColumnsQuoted", quoted),
            ]));
            if options.header {
                all.extend(parameters([("skip.header.line.count", "1")]));
            }
        }
        TableFormat::Parquet
        | TableFormat::Orc
        | TableFormat::Avro
        | TableFormat::Json
        | TableFormat::Text
        | TableFormat::Linked(_) => {
            let name = source.format.name();
            all.extend(parameters([("classification", name), ("typeOfData", "file")]));
        }
    }
    all
}

fn delta_serde(location: &Location) -> Parameters {
    parameters([("path", location_text(location).as_str()), ("serialization.format", "1")])
}

/// Hive and Athena read Avro by the schema they find here.
fn avro_serde(schema: &Schema) -> Parameters {
    let mut all = parameters([("serialization.format", "1")]);
    all.extend(avro_schema(schema).map(|text| ("avro.schema.literal".to_string(), text)));
    all
}

/// `quoteChar` is ours beside the lazy SerDe: other readers ignore it, `source` reads quoted fields by it.
fn csv_serde(options: &CsvOptions) -> Parameters {
    let mut all = parameters([("field.delim", character(options.delimiter).as_str())]);
    if options.quote != 0 {
        all.insert("quoteChar".to_string(), character(options.quote));
    }
    if let Some(escape) = options.escape {
        all.insert("escape.delim".to_string(), character(escape));
    }
    all
}

/// The top-level members, as Glue lists them.
fn json_paths(schema: &Schema) -> String {
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    names.join(",")
}

fn character(byte: u8) -> String {
    char::from(byte).to_string()
}

fn parameters<const N: usize>(pairs: [(&str, &str); N]) -> Parameters {
    pairs.into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::datatypes::{DataType, Field};

    use super::*;
    use crate::source::source;
    use crate::types::arrow_schema;

    fn written(format: TableFormat) -> (TableSource, Table) {
        let location = Location::parse("s3://lake/sales/Orders 100%").expect("valid");
        let metadata = location.join("metadata/v1.metadata.json").expect("valid");
        let schema = Schema::new(vec![
            Field::new("orderId", DataType::Int64, false),
            Field::new("size", DataType::UInt16, true),
        ]);
        let file_table = !matches!(format, TableFormat::Delta | TableFormat::Iceberg);
        let key = Arc::new(Field::new("day", DataType::Date32, true));
        let source = TableSource {
            location,
            metadata_location: (format == TableFormat::Iceberg).then_some(metadata),
            format,
            schema: None,
            partition_keys: if file_table { vec![key] } else { Vec::new() },
        };
        let table = table(&TableName::new("Sales", "Orders"), &source, &schema).expect("shapes");
        (source, table)
    }

    #[test]
    fn every_format_comes_back_from_its_shape() {
        let csv = CsvOptions { header: true, delimiter: b';', quote: b'"', escape: Some(b'\\') };
        let plain = CsvOptions { header: false, delimiter: 1, quote: 0, escape: None };
        for format in [
            TableFormat::Delta,
            TableFormat::Iceberg,
            TableFormat::Parquet,
            TableFormat::Csv(csv),
            TableFormat::Csv(plain),
            TableFormat::Json,
            TableFormat::Orc,
            TableFormat::Avro,
            TableFormat::Linked(Box::new(TableFormat::Parquet)),
        ] {
            let (wrote, table) = written(format);
            let read = source(&table).expect("opens");
            assert_eq!(read.format, wrote.format);
            assert_eq!(read.location, wrote.location);
            assert_eq!(read.metadata_location, wrote.metadata_location);
            assert_eq!(read.partition_keys, wrote.partition_keys);
            let schema = arrow_schema(&table).expect("typed");
            assert_eq!(schema.field(1).data_type(), &DataType::UInt16);
            if let Some(columns) = read.schema {
                assert_eq!(columns.field(0).name(), "orderId");
            }
        }
    }

    #[test]
    fn classes_are_those_that_glue_writes() {
        let (_, avro) = written(TableFormat::Avro);
        let serde = &avro.storage_descriptor.serde_info;
        let literal = serde.parameters.get("avro.schema.literal").expect("a schema");
        assert!(literal.contains("orderId"), "{literal}");
        assert_eq!(avro.parameters.get("classification").map(String::as_str), Some("avro"));
        let (_, mut links) = written(TableFormat::Linked(Box::new(TableFormat::Parquet)));
        assert_eq!(links.storage_descriptor.input_format.as_deref(), Some(SYMLINK_INPUT));
        assert_eq!(links.parameters.get("classification").map(String::as_str), Some("parquet"));
        let delta = ("spark.sql.sources.provider".to_string(), "delta".to_string());
        links.parameters.extend([delta]);
        let read = source(&links).expect("opens").format;
        assert_eq!(read, TableFormat::Linked(Box::new(TableFormat::Parquet)));
    }

    #[test]
    fn what_is_not_read_is_named() {
        let (_, mut table) = written(TableFormat::Parquet);
        let refused = |table: &Table| source(table).expect_err("refused").to_string();
        let grok = "com.amazonaws.glue.serde.GrokSerDe".to_string();
        table.storage_descriptor.serde_info.serialization_library = Some(grok);
        assert!(refused(&table).contains("the SerDe GrokSerDe"));
        let schema = Schema::new(vec![Field::new("n", DataType::Int64, true)]);
        let view = view(&TableName::new("a", "b"), "select 1 as n", &schema).expect("shapes");
        assert_eq!(view.view_sql(), Some("select 1 as n"));
        assert!(refused(&view).contains("opening a view"));
    }
}
