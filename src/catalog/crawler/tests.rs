use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use lakegate_base::{ErrorKind, Location, TableName};
use lakegate_formats::{CsvOptions, TableFormat, TableSource};
use lakegate_store::{S3Options, StoreOptions, Stores};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;
use tempfile::TempDir;

use super::diff::{Known, diff};
use super::seen::{Broken, Seen, SeenPartition, SeenTable};
use super::{CrawlPlan, CrawlTarget, OnChange, OnDelete, Sign, Silent, plan};
use crate::model::Table;
use crate::{Catalog, CatalogOptions, Change, Database, arrow_schema, shapes, source};

struct Lake {
    folder: TempDir,
    stores: Stores,
    catalog: Catalog,
}

impl Lake {
    fn new() -> Self {
        let folder = TempDir::new().expect("folder");
        let root = Location::local(folder.path()).expect("valid");
        let options = StoreOptions {
            roots: vec![root],
            s3: S3Options::default(),
            retry_timeout: std::time::Duration::from_secs(5),
        };
        let catalog = Catalog::open(CatalogOptions { path: None }).expect("opens");
        Self { folder, stores: Stores::new(options), catalog }
    }

    fn place(&self, path: &str) -> Location {
        Location::local(&self.folder.path().join(path)).expect("valid")
    }

    fn write(&self, path: &str, content: &str) {
        let file = self.folder.path().join(path);
        fs::create_dir_all(file.parent().expect("has one")).expect("creates");
        fs::write(file, content).expect("writes");
    }

    fn parquet(&self, path: &str, columns: &[&str], rows: usize) {
        let fields: Vec<Field> = columns
            .iter()
            .map(|c| Field::new(*c, DataType::Int64, true))
            .chain([Field::new("Name", DataType::Utf8, true)])
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let numbers = || Arc::new(Int64Array::from_iter_values(0..rows as i64)) as _;
        let names = Arc::new(StringArray::from_iter_values((0..rows).map(|i| i.to_string()))) as _;
        let arrays = columns.iter().map(|_| numbers()).chain([names]).collect();
        let batch = RecordBatch::try_new(schema.clone(), arrays).expect("fits");
        self.write(path, "");
        let file = fs::File::create(self.folder.path().join(path)).expect("creates");
        let mut writer = ArrowWriter::try_new(file, schema, None).expect("opens");
        writer.write(&batch).expect("writes");
        writer.close().expect("closes");
    }

    /// A Delta table without rows.
    fn delta(&self, path: &str, version: u64, columns: &[&str]) {
        let fields: Vec<String> = columns
            .iter()
            .map(|c| {
                format!(
                    r#"{{\"name\":\"{c}\",\"type\":\"long\",\"nullable\":true,\"metadata\":{{}}}}"#
                )
            })
            .collect();
        let schema = format!(r#"{{\"type\":\"struct\",\"fields\":[{}]}}"#, fields.join(","));
        let protocol = r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#;
        let metadata = format!(
            r#"{{"metaData":{{"id":"t","format":{{"provider":"parquet","options":{{}}}},"schemaString":"{schema}","partitionColumns":[],"configuration":{{}},"createdTime":1}}}}"#
        );
        let log = format!("{path}/_delta_log/{version:020}.json");
        self.write(&log, &format!("{protocol}\n{metadata}\n"));
    }

    /// An Iceberg table without snapshots.
    fn iceberg(&self, path: &str, version: u32) {
        let location = self.place(path);
        let schema = r#"{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"id","required":false,"type":"long"},{"id":2,"name":"at","required":false,"type":"timestamptz"}]}"#;
        let metadata = format!(
            r#"{{"format-version":2,"table-uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1","location":"{location}","last-sequence-number":0,"last-updated-ms":1,"last-column-id":2,"current-schema-id":0,"schemas":[{schema}],"default-spec-id":0,"partition-specs":[{{"spec-id":0,"fields":[]}}],"last-partition-id":999,"default-sort-order-id":0,"sort-orders":[{{"order-id":0,"fields":[]}}],"properties":{{}},"current-snapshot-id":-1,"snapshots":[]}}"#
        );
        self.write(&format!("{path}/metadata/v{version}.metadata.json"), &metadata);
    }

    fn target(&self, path: &str) -> CrawlTarget {
        CrawlTarget::new("test", self.place(path), "bronze")
    }

    async fn plan(&self, target: &CrawlTarget) -> CrawlPlan {
        plan(&self.catalog, &self.stores, target, &Silent).await.expect("crawls")
    }

    async fn crawl(&self, path: &str) -> CrawlPlan {
        let target = self.target(path);
        self.plan(&target).await.apply(&self.catalog).await.expect("applies");
        self.plan(&target).await
    }

    async fn table(&self, name: &str) -> Table {
        let snapshot = self.catalog.snapshot().await.expect("reads");
        let names: Vec<String> = snapshot.tables("bronze").map(|t| t.name.clone()).collect();
        let found = snapshot.table(&TableName::new("bronze", name));
        assert!(found.is_some(), "no {name} among {names:?}");
        Table::clone(found.expect("checked"))
    }
}

fn lines(plan: &CrawlPlan) -> Vec<String> {
    plan.to_string().lines().map(str::to_string).collect()
}

fn column_names(table: &Table) -> Vec<&str> {
    table.columns().map(|c| c.name.as_str()).collect()
}

fn one_of_each(lake: &Lake) {
    lake.delta("landing/crm/customers", 0, &["id", "Score"]);
    lake.iceberg("landing/crm/visits", 1);
    lake.parquet("landing/items/day=2024-01-01/a.parquet", &["Price"], 3);
    lake.parquet("landing/items/day=2024-01-02/b.parquet", &["Price"], 4);
    lake.write("landing/orders/2024/01/x.csv", "id;amount\n1;2.5\n2;3.5\n");
    lake.write("landing/orders/2024/02/x.csv", "id;amount\n3;4.5\n4;5.5\n");
    lake.write("landing/orders/_SUCCESS", "x");
    lake.write("landing/clicks/1.json", "{\"userId\":1,\"tags\":[\"a\"]}\n");
    lake.write("landing/clicks/_README.txt", "about clicks");
    lake.write("landing/mixed/people.csv", "id,name\n1,ann\n");
    lake.write("landing/mixed/cities.csv", "city,mayor,size\nZug,bob,3\n");
}

#[tokio::test]
async fn finds_each_format_and_reads_nothing_twice() {
    let lake = Lake::new();
    one_of_each(&lake);
    let first = lake.plan(&lake.target("landing")).await;
    assert_eq!(
        lines(&first),
        [
            "+ database bronze",
            "+ table bronze.clicks (json, 2 columns)",
            "+ table bronze.customers (delta, 2 columns)",
            "+ table bronze.visits (iceberg, 2 columns)",
            "+ table bronze.items (parquet, 3 columns)",
            "+ 2 partitions of bronze.items",
            "+ table bronze.cities_csv (csv, 3 columns)",
            "+ table bronze.people_csv (csv, 2 columns)",
            "+ table bronze.orders (csv, 4 columns)",
            "+ 2 partitions of bronze.orders",
        ]
    );
    assert!(first.reads > 0);
    let second = lake.crawl("landing").await;
    assert_eq!((lines(&second), second.reads), (vec![], 0));

    let orders = lake.table("orders").await;
    assert_eq!(column_names(&orders), ["id", "amount", "partition_0", "partition_1"]);
    let options = CsvOptions { delimiter: b';', ..CsvOptions::default() };
    assert_eq!(source(&orders).expect("opens").format, TableFormat::Csv(options));
    let items = lake.table("items").await;
    assert_eq!(items.parameters["recordCount"], "7");
    assert_eq!(column_names(&items), ["price", "name", "day"]);
    let customers = lake.table("customers").await;
    assert_eq!(customers.parameters["table_type"], "delta");
    let visits = lake.table("visits").await;
    let metadata = source(&visits).expect("opens").metadata_location;
    assert_eq!(metadata, Some(lake.place("landing/crm/visits/metadata/v1.metadata.json")));
    let at = arrow_schema(&visits).expect("typed").field(1).data_type().to_string();
    assert_eq!(at, "Timestamp(µs, \"UTC\")");
    assert_eq!(lake.table("clicks").await.parameters["UPDATED_BY_CRAWLER"], "test");
}

#[tokio::test]
async fn what_changed_is_read_again_and_nothing_else() {
    let lake = Lake::new();
    one_of_each(&lake);
    lake.crawl("landing").await;
    lake.delta("landing/crm/customers", 1, &["id", "Score", "age"]);
    lake.parquet("landing/items/day=2024-01-03/c.parquet", &["Price", "Tax"], 1);
    let target = lake.target("landing");
    let plan = lake.plan(&target).await;
    assert_eq!(plan.reads, 2);
    assert_eq!(
        lines(&plan),
        [
            "~ table bronze.customers (columns +age, data)",
            "~ table bronze.items (columns +tax, data)",
            "+ 1 partitions of bronze.items",
        ]
    );
    plan.apply(&lake.catalog).await.expect("applies");
    fs::remove_dir_all(lake.folder.path().join("landing/items/day=2024-01-01")).expect("removed");
    fs::remove_dir_all(lake.folder.path().join("landing/clicks")).expect("removed");
    let logged =
        CrawlTarget { on_change: OnChange::Log, on_delete: OnDelete::Log, ..target.clone() };
    let plan = lake.plan(&logged).await;
    assert!(plan.is_empty() && plan.count(Sign::Noted) == 3, "{plan}");
    let plan = lake.plan(&target).await;
    assert_eq!(plan.count(Sign::Removed), 1, "{plan}");
    assert!(plan.to_string().contains("~ table bronze.clicks (deprecated"), "{plan}");
    plan.apply(&lake.catalog).await.expect("applies");
    lake.write("landing/clicks/1.json", "{\"userId\":1,\"tags\":[\"a\"]}\n");
    let plan = lake.plan(&target).await;
    assert_eq!(lines(&plan), ["~ table bronze.clicks (no longer deprecated)"]);
    fs::remove_dir_all(lake.folder.path().join("landing/clicks")).expect("removed");
    let deleting = CrawlTarget { on_delete: OnDelete::Delete, ..target };
    lake.plan(&deleting).await.apply(&lake.catalog).await.expect("applies");
    let snapshot = lake.catalog.snapshot().await.expect("reads");
    assert!(snapshot.table(&TableName::new("bronze", "clicks")).is_none());
}

#[tokio::test]
async fn a_broken_folder_stops_nobody_and_keeps_its_table() {
    let lake = Lake::new();
    one_of_each(&lake);
    lake.crawl("landing").await;
    let before = [lake.table("customers").await, lake.table("items").await];
    lake.write("landing/crm/customers/_delta_log/00000000000000000001.json", "{\"half\":");
    lake.write("landing/items/day=2024-01-02/b.parquet", "PAR1 this is no parquet file PAR1");
    lake.write("landing/new/1.json", "{\"a\":1}\n");
    let target = CrawlTarget { on_delete: OnDelete::Delete, ..lake.target("landing") };
    let plan = lake.plan(&target).await;
    let broken: Vec<&str> = plan.broken.iter().map(|b| b.location.name()).collect();
    assert_eq!(broken, ["customers", "day=2024-01-02"]);
    assert_eq!(lines(&plan)[0], "+ table bronze.new (json, 1 columns)");
    assert_eq!(plan.lines.len(), 1, "{plan}");
    plan.apply(&lake.catalog).await.expect("applies");
    assert_eq!([lake.table("customers").await, lake.table("items").await], before);
}

#[tokio::test]
async fn a_table_registered_by_others_is_the_same_table() {
    let lake = Lake::new();
    lake.delta("warehouse/silver/orders", 0, &["id", "amount"]);
    let location = lake.place("warehouse/silver/orders");
    let table_source = TableSource {
        location,
        format: TableFormat::Delta,
        schema: None,
        partition_keys: Vec::new(),
        metadata_location: None,
    };
    let snapshot = lakegate_formats::open(&lake.stores, &table_source).await.expect("opens");
    let table = shapes::table(&TableName::new("silver", "orders"), &table_source, &snapshot.schema)
        .expect("shapes")
        .with_description("One row per order.")
        .with_comments([("amount", "in francs")]);
    let changes = vec![Change::PutDatabase(Database::named("silver")), Change::put_table(table)];
    lake.catalog.apply(changes).await.expect("applies");
    let again = lake.crawl("warehouse").await;
    assert!(lines(&again).is_empty(), "{again}");
    let before = lake.catalog.snapshot().await.expect("reads");
    assert_eq!(before.all_tables().count(), 1);
    lake.delta("warehouse/silver/orders", 1, &["id", "amount", "vat"]);
    let plan = lake.plan(&lake.target("warehouse")).await;
    assert_eq!(lines(&plan), ["~ table silver.orders (columns +vat)"]);
    plan.apply(&lake.catalog).await.expect("applies");
    let snapshot = lake.catalog.snapshot().await.expect("reads");
    let orders = snapshot.table(&TableName::new("silver", "orders")).expect("there");
    let columns = &orders.storage_descriptor.columns;
    assert_eq!(columns[1].comment.as_deref(), Some("in francs"));
    assert_eq!(orders.description.as_deref(), Some("One row per order."));
}

#[tokio::test]
async fn siblings_merge_when_alike_and_names_stay_apart() {
    let lake = Lake::new();
    let person = "{\"id\":1,\"name\":\"x\",\"city\":\"y\"}\n";
    lake.write("l/shop/people/eu/1.json", person);
    lake.write("l/shop/people/us/1.json", person);
    lake.write("l/shop/visits/1.json", "{\"at\":\"2024\",\"who\":1}\n");
    lake.write("l/crm/visits/1.json", "{\"page\":\"p\"}\n");
    lake.write("l/crm/other/1.csv", "a,b\n1,2\n");
    lake.write("l/skipped/1.csv", "a,b\n1,2\n");
    let mut target = lake.target("l");
    target.exclusions = vec!["skipped/**".into()];
    target.table_prefix = "Raw-".into();
    let plan = lake.plan(&target).await;
    plan.apply(&lake.catalog).await.expect("applies");
    let people = lake.table("raw_people").await;
    assert_eq!(column_names(&people), ["id", "name", "city", "partition_0"]);
    let partitions = lake.catalog.partitions(&people.table_name()).await.expect("reads");
    let values: Vec<&str> = partitions.iter().map(|p| p.values[0].as_str()).collect();
    assert_eq!(values, ["eu", "us"]);
    let snapshot = lake.catalog.snapshot().await.expect("reads");
    let visits: Vec<usize> = snapshot
        .tables("bronze")
        .filter(|t| t.name.starts_with("raw_visits"))
        .map(|t| t.name.len())
        .collect();
    assert_eq!(visits, ["raw_visits".len(), "raw_visits_12345678".len()]);
    assert_eq!(snapshot.tables("bronze").count(), 4);

    let leveled = CrawlTarget { name: "leveled".into(), table_level: Some(3), ..lake.target("l") };
    let other = Catalog::open(CatalogOptions { path: None }).expect("opens");
    let plan = super::plan(&other, &lake.stores, &leveled, &Silent).await.expect("crawls");
    assert!(plan.to_string().contains("table bronze.people (json, 4 columns)"), "{plan}");
}

#[tokio::test]
async fn files_that_readers_would_take_for_rows_are_reported() {
    let lake = Lake::new();
    lake.write("l/a/1.csv", "a,b\n1,2\n");
    lake.write("l/a/README.txt", "not a row");
    lake.write("l/b/1.csv", "a,b\n1,2\n");
    lake.write("l/b/2.csv", "a,b\n1,2\n");
    lake.write("l/c/day=1/1.csv", "a,b\n1,2\n");
    lake.write("l/c/day=2/1.csv", "a,b\n1,2\n");
    lake.write("l/d/1.csv", "a,b\n1,2\n");
    lake.write("l/d/below/1.csv", "a,b\n1,2\n");
    let mut target = lake.target("l");
    target.exclusions = vec!["b/2.csv".into(), "c/day=2/*".into()];
    let plan = lake.plan(&target).await;
    let broken: Vec<&str> = plan.broken.iter().map(|b| b.location.name()).collect();
    assert_eq!(broken, ["a", "b", "c"]);
    assert_eq!(
        lines(&plan)[1..3],
        ["+ table bronze.1_csv (csv, 2 columns)", "+ table bronze.below (csv, 2 columns)"]
    );
}

#[tokio::test]
async fn bad_values_do_not_split_a_table() {
    let lake = Lake::new();
    for day in 0..40 {
        let (date, count) = if day == 20 { ("31/02", "many") } else { ("2026-01-01", "3") };
        lake.write(&format!("l/visits/{day}.csv"), &format!("id,day,n\n{day},{date},{count}\n"));
    }
    let again = lake.crawl("l").await;
    assert!(lines(&again).is_empty() && again.broken.is_empty(), "{again}");
    let visits = lake.table("visits").await;
    let types: Vec<_> = visits.columns().filter_map(|c| c.hive_type.as_deref()).collect();
    assert_eq!(types, ["bigint", "string", "string"]);
}

#[tokio::test]
async fn limits_and_wrong_places_write_nothing() {
    let lake = Lake::new();
    one_of_each(&lake);
    let crawl = |target: CrawlTarget| {
        let lake = &lake;
        async move {
            let planned = plan(&lake.catalog, &lake.stores, &target, &Silent).await;
            planned.map_err(|e| e.kind())
        }
    };
    let mut target = lake.target("landing");
    target.limits.objects_max = 5;
    assert_eq!(crawl(target).await.err(), Some(ErrorKind::Exhausted));
    assert!(crawl(lake.target("nowhere")).await.expect("crawls").is_empty());
    let mut target = lake.target("landing");
    target.location = Location::local(Path::new("/etc")).expect("valid");
    assert!(crawl(target).await.is_err());
    assert_eq!(lake.catalog.snapshot().await.expect("reads").all_tables().count(), 0);
    lake.crawl("landing").await;
    fs::remove_dir_all(lake.folder.path().join("landing")).expect("removed");
    assert_eq!(crawl(lake.target("landing")).await.err(), Some(ErrorKind::NotFound));
}

fn seen_table(at: usize, columns: usize, partitions: &[u8], partial: bool) -> SeenTable {
    let location = Location::parse(&format!("s3://lake/t/{at}")).expect("valid");
    let fields: Vec<Field> =
        (0..=columns).map(|i| Field::new(format!("C{i}"), DataType::UInt32, true)).collect();
    let schema: SchemaRef = Schema::new(fields).into();
    let values: std::collections::BTreeSet<&u8> = partitions.iter().collect();
    let partition = |value: &&u8| SeenPartition {
        values: vec![value.to_string()],
        location: location.join(&format!("p={value}")).expect("valid"),
    };
    SeenTable {
        keys: if values.is_empty() { vec![] } else { vec!["p".into()] },
        partitions: values.iter().map(partition).collect(),
        format: if at.is_multiple_of(2) { TableFormat::Parquet } else { TableFormat::Json },
        statistics: [("sizeKey".to_string(), columns.to_string())].into(),
        metadata_location: None,
        location,
        schema,
        partial,
    }
}

type Shape = BTreeMap<usize, (usize, Vec<u8>, bool)>;

fn shapes_seen(shapes: &Shape, broken: Option<usize>) -> Seen {
    let tables = shapes.iter().filter(|(at, _)| Some(**at) != broken).map(
        |(at, (columns, partitions, partial))| seen_table(*at, *columns, partitions, *partial),
    );
    let broken = broken.map(|at| Broken {
        location: Location::parse(&format!("s3://lake/t/{at}")).expect("valid"),
        error: lakegate_base::Error::corrupt("damaged"),
    });
    Seen { tables: tables.collect(), broken: broken.into_iter().collect() }
}

async fn planned(catalog: &Catalog, seen: &Seen, target: &CrawlTarget) -> CrawlPlan {
    let snapshot = catalog.snapshot().await.expect("reads");
    let mut known = Known::new(&snapshot);
    known.partitions = super::partitions(catalog, &known, seen).await.expect("reads");
    diff(&known, seen, target)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn an_applied_plan_leaves_nothing_to_do(
        steps in prop::collection::vec(
            (
                prop::collection::btree_map(
                    0_usize..6,
                    (0_usize..3, prop::collection::vec(0_u8..4, 0..3), any::<bool>()),
                    0..6,
                ),
                prop::option::of(0_usize..6),
            ),
            1..4,
        ),
        delete in 0_usize..2,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("builds");
        runtime.block_on(async {
            let catalog = Catalog::open(CatalogOptions { path: None }).expect("opens");
            let root = Location::parse("s3://lake/t").expect("valid");
            let mut target = CrawlTarget::new("c", root, "d");
            target.on_delete = [OnDelete::Deprecate, OnDelete::Delete][delete];
            for (shapes, broken) in &steps {
                let seen = shapes_seen(shapes, *broken);
                planned(&catalog, &seen, &target).await.apply(&catalog).await.expect("applies");
                let again = planned(&catalog, &seen, &target).await;
                assert!(again.is_empty(), "{again}");
            }
        });
    }
}
