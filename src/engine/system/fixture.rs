//! A small lake and session for tests.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use lakegate_base::{Error, Result};

use super::keys::Keys;
use super::{
    ColumnDescription, LakeDescription, LakeView, RelationDescription, RelationKind,
    SchemaDescription, SessionFacts, Setting,
};

#[derive(Debug)]
pub struct TestFacts {
    pub lake: Arc<LakeView>,
}

impl TestFacts {
    pub fn shared() -> Arc<dyn SessionFacts> {
        Arc::new(Self { lake: Arc::new(LakeView::new(lake())) })
    }
}

impl SessionFacts for TestFacts {
    fn user(&self) -> String {
        "ada".to_string()
    }
    fn database(&self) -> String {
        "lake".to_string()
    }
    fn search_path(&self) -> Vec<String> {
        vec!["sales".to_string(), "gold".to_string()]
    }
    fn settings(&self) -> Vec<Setting> {
        let of = |name: &str, value: &str| Setting {
            name: name.to_string(),
            value: value.to_string(),
            default: value.to_string(),
            description: "a setting".to_string(),
        };
        vec![
            of("max_index_keys", "32"),
            of("jit", "off"),
            of("default_table_access_method", "heap"),
            of("search_path", "sales, gold"),
            of("standard_conforming_strings", "on"),
        ]
    }
    fn setting(&self, name: &str) -> Option<String> {
        self.settings().into_iter().find(|s| s.name == name).map(|s| s.value)
    }
    fn set(&self, name: &str, value: &str) -> Result<String> {
        self.setting(name)
            .map(|_| value.to_string())
            .ok_or_else(|| Error::invalid("unknown setting"))
    }
    fn backend_pid(&self) -> i32 {
        4711
    }
    fn lake(&self) -> Arc<LakeView> {
        Arc::clone(&self.lake)
    }
}

pub fn lake() -> LakeDescription {
    let schema = |name: &str| SchemaDescription { name: name.to_string(), comment: None };
    LakeDescription {
        database: "lake".to_string(),
        schemas: vec![schema("sales"), schema("gold"), schema("public")],
        relations: vec![
            relation("sales", "orders", &orders()),
            relation(
                "sales",
                "customers",
                &[("id", DataType::Int64), ("name", DataType::Utf8View)],
            ),
            relation("public", "events", &[("id", DataType::Int32), ("payload", DataType::Utf8)]),
            RelationDescription {
                kind: RelationKind::View("SELECT day FROM sales.orders".to_string()),
                ..relation("gold", "daily", &[("day", DataType::Date32), ("total", amount())])
            },
        ],
    }
}

fn amount() -> DataType {
    DataType::Decimal128(12, 2)
}

pub fn orders() -> Vec<(&'static str, DataType)> {
    vec![
        ("id", DataType::Int64),
        ("customer_id", DataType::Int64),
        ("status", DataType::Utf8),
        ("amount", amount()),
        ("placed_at", DataType::Timestamp(TimeUnit::Microsecond, None)),
        ("day", DataType::Date32),
        ("tags", DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)))),
        ("note", DataType::Utf8),
    ]
}

fn relation(schema: &str, name: &str, columns: &[(&str, DataType)]) -> RelationDescription {
    let column = |(name, data_type): &(&str, DataType)| ColumnDescription {
        name: (*name).to_string(),
        data_type: data_type.clone(),
        pg_type: None,
        nullable: *name != "id",
        comment: (*name == "status").then(|| "state".to_string()),
    };
    RelationDescription {
        schema: schema.to_string(),
        name: name.to_string(),
        kind: RelationKind::Table,
        comment: Some(format!("one row per {name}")),
        columns: columns.iter().map(column).collect(),
        rows: Some(3),
        bytes: Some(1024),
        keys: Keys::default(),
    }
}
