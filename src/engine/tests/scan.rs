use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};

use super::Lake;

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
        .expect("a batch")
}

fn ints(values: &[i32]) -> ArrayRef {
    Arc::new(Int32Array::from(values.to_vec()))
}

fn longs(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

#[tokio::test]
async fn files_of_one_table_may_differ() {
    let lake = Lake::new();
    let old = batch(vec![("id", ints(&[1, 2])), ("name", texts(&["a", "b"]))]);
    let new = batch(vec![
        ("extra", texts(&["x", "y"])),
        ("name", texts(&["c", "d"])),
        ("id", longs(&[3, 5_000_000_000])),
    ]);
    lake.table("t", &[old, new]).await;
    let rows = lake.query("SELECT id, name, extra FROM t ORDER BY id").await;
    let rows: Vec<Vec<&str>> =
        rows.lines().map(|row| row.split('|').map(str::trim).collect()).collect();
    assert_eq!(rows[0], ["1", "a", ""]);
    assert_eq!(rows[3], ["5000000000", "d", "y"]);
    assert_eq!(lake.query("SELECT count(*) FROM t WHERE id > 2 AND extra = 'y'").await, "1");
    assert_eq!(lake.query("SELECT count(*) FROM t WHERE extra IS NULL").await, "2");
}

#[tokio::test]
async fn partitions_come_from_folders() {
    let lake = Lake::new();
    for (day, id) in [("2024-01-01", 1), ("2024-01-02", 2), ("__HIVE_DEFAULT_PARTITION__", 3)] {
        let folder = lake.path("p").join(format!("day={day}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        super::write(&folder.join("f.parquet"), &batch(vec![("id", ints(&[id]))]));
    }
    lake.attach("p").await.expect("a table");
    assert_eq!(lake.query("SELECT id FROM p WHERE day = DATE '2024-01-02'").await, "2");
    assert_eq!(lake.query("SELECT id FROM p WHERE day IS NULL").await, "3");
    assert_eq!(lake.query("SELECT max(day) FROM p").await, "2024-01-02");
}

#[tokio::test]
async fn text_csv_and_json_keep_every_row() {
    let lake = Lake::new();
    let file = |table: &str, name: &str, content: &str| {
        std::fs::create_dir_all(lake.path(table)).expect("a folder");
        std::fs::write(lake.path(table).join(name), content).expect("written");
    };
    file("lines", "a.txt", "one\n\n\"two, three\r\nlast");
    file("rows", "a.csv", "id,note\n1,\"a\nb\"\n2,\n3,\"x\"\"y\"\n");
    file("objects", "a.json", "{\"a\":1,\"b\":{\"c\":\"x\"}}\n{\"a\":2}\n");
    for table in ["lines", "rows", "objects"] {
        lake.attach(table).await.expect("a table");
    }
    assert_eq!(lake.query("SELECT count(*), max(length(line)) FROM lines").await, "4 | 11");
    assert_eq!(
        lake.query("SELECT count(*), sum(id), max(length(note)) FROM rows").await,
        "3 | 6 | 3"
    );
    assert_eq!(lake.query("SELECT sum(a) FROM objects WHERE b['c'] = 'x'").await, "1");
}

#[tokio::test]
async fn a_damaged_file_is_an_error_with_its_name() {
    let lake = Lake::new();
    lake.table("t", &[batch(vec![("id", ints(&[1]))])]).await;
    std::fs::write(lake.path("t").join("part-1.parquet"), b"PAR1 this is no footer PAR1")
        .expect("written");
    let answer = lake.query("SELECT sum(id) FROM t").await;
    assert!(answer.starts_with("Corrupt"), "{answer}");
}

fn file(lake: &Lake, path: &str, content: &[u8]) {
    let place = lake.path(path);
    std::fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
    std::fs::write(place, content).expect("written");
}

#[tokio::test]
async fn csv_columns_are_found_by_the_header() {
    let lake = Lake::new();
    file(&lake, "c/a.csv", b"id,name,amount\n1,ann,1.5\n2,bob,2.5\n");
    file(&lake, "c/b.csv", b"NAME,extra,id\ncid,x,3\n\"d\n,\",y,4\n");
    file(&lake, "c/c.csv", b"id\n5");
    lake.attach("c").await.expect("a table");
    assert_eq!(
        lake.query("SELECT id, name, amount, extra FROM c ORDER BY id LIMIT 3").await,
        "1 | ann | 1.5 | \n2 | bob | 2.5 | \n3 | cid |  | x"
    );
    assert_eq!(lake.query("SELECT count(*), count(amount), max(id) FROM c").await, "5 | 2 | 5");
    assert_eq!(lake.query("SELECT length(name) FROM c WHERE extra = 'y'").await, "3");
    file(&lake, "c/d.csv", b"id,name,amount\n6,eva,much\n");
    let error = lake.query("SELECT sum(amount) FROM c").await;
    assert!(error.starts_with("Corrupt") && error.contains("c/d.csv"), "{error}");
    assert!(error.contains("'much'"), "{error}");
    // Columns that nobody asks for do not matter.
    assert_eq!(lake.query("SELECT sum(id) FROM c").await, "21");
}

#[tokio::test]
async fn a_key_in_folders_wins_over_the_column_in_files() {
    let lake = Lake::new();
    file(&lake, "k/day=2024-01-01/a.csv", b"day,id\nwrong,1\n");
    file(&lake, "k/day=2024-01-02/a.csv", b"id,day\n2,wrong\n");
    file(&lake, "j/day=2024-01-01/code=007/a.json", b"{\"day\":1,\"id\":1}\n");
    file(&lake, "j/day=2024-01-02/code=a%20b/a.json", b"{\"id\":2}\n");
    for table in ["k", "j"] {
        lake.attach(table).await.expect("a table");
        let sql = format!("SELECT id FROM {table} WHERE day = DATE '2024-01-02'");
        assert_eq!(lake.query(&sql).await, "2", "{table}");
    }
    assert_eq!(lake.query("SELECT code FROM j ORDER BY id").await, "007\na b");
}

#[tokio::test]
async fn json_of_one_table_may_differ() {
    let lake = Lake::new();
    file(
        &lake,
        "o/a.json",
        b"{\"id\":1,\"v\":1,\"o\":{\"a\":1,\"l\":[{\"x\":1}]}}\n{\"id\":2,\"v\":true}\n",
    );
    file(
        &lake,
        "o/b.json",
        "\u{feff}{\"v\":\"text\",\"o\":{\"b\":\"new\",\"a\":2.5,\"l\":[{\"y\":\"z\"}]},\"id\":3}"
            .as_bytes(),
    );
    lake.attach("o").await.expect("a table");
    assert_eq!(lake.query("SELECT v FROM o ORDER BY id").await, "1\ntrue\ntext");
    assert_eq!(
        lake.query("SELECT o['a'], o['b'], o['l'][1]['y'] FROM o ORDER BY id").await,
        "1.0 |  | \n |  | \n2.5 | new | z"
    );
    file(&lake, "o/c.json", b"{\"id\":\"four\"}\n");
    let error = lake.query("SELECT sum(id) FROM o").await;
    assert!(error.starts_with("Corrupt") && error.contains("o/c.json"), "{error}");
    assert!(error.contains("'id'"), "{error}");
    file(&lake, "o/c.json", b"{\"id\":4}\n{\"id\":");
    let error = lake.query("SELECT count(*) FROM o").await;
    assert!(error.starts_with("Corrupt") && error.contains("o/c.json"), "{error}");
}

#[tokio::test]
async fn parquet_structs_lists_and_maps_of_one_table_may_differ() {
    use datafusion::arrow::array::{Array, ListArray, MapArray, StructArray};
    use datafusion::arrow::buffer::OffsetBuffer;
    use datafusion::arrow::datatypes::{DataType, Field, Fields};

    let structure = |columns: Vec<(&str, ArrayRef)>| -> ArrayRef {
        let fields = columns.iter().map(|(n, a)| Field::new(*n, a.data_type().clone(), true));
        let fields = fields.collect::<Fields>();
        let arrays = columns.into_iter().map(|(_, a)| a).collect();
        Arc::new(StructArray::new(fields, arrays, None))
    };
    let list = |items: ArrayRef| -> ArrayRef {
        let field = Field::new_list_field(items.data_type().clone(), true);
        let offsets = OffsetBuffer::from_lengths([items.len()]);
        Arc::new(ListArray::new(Arc::new(field), offsets, items, None))
    };
    let map = |values: ArrayRef| -> ArrayRef {
        let pair = Fields::from(vec![
            Field::new("key", DataType::Utf8, false),
            Field::new("value", values.data_type().clone(), true),
        ]);
        let offsets = OffsetBuffer::from_lengths([values.len()]);
        let entries = StructArray::new(pair.clone(), vec![texts(&["k"]), values], None);
        let field = Field::new("key_value", DataType::Struct(pair), false);
        Arc::new(MapArray::new(Arc::new(field), offsets, entries, None, false))
    };
    let old = batch(vec![
        ("id", ints(&[1])),
        ("s", structure(vec![("a", ints(&[1])), ("b", texts(&["x"]))])),
        ("l", list(structure(vec![("n", ints(&[7])), ("gone", ints(&[1]))]))),
        ("m", map(ints(&[5]))),
    ]);
    let new = batch(vec![
        ("m", map(longs(&[6_000_000_000]))),
        ("l", list(structure(vec![("more", texts(&["new"])), ("n", longs(&[8_000_000_000]))]))),
        ("s", structure(vec![("c", texts(&["z"])), ("a", longs(&[2_000_000_000_000]))])),
        ("id", longs(&[2])),
    ]);
    let lake = Lake::new();
    lake.table("t", &[old, new]).await;
    assert_eq!(
        lake.query("SELECT s['a'], s['b'], s['c'] FROM t ORDER BY id").await,
        "1 | x | \n2000000000000 |  | z"
    );
    assert_eq!(
        lake.query("SELECT l[1]['n'], l[1]['more'], m['k'] FROM t ORDER BY id").await,
        "7 |  | 5\n8000000000 | new | 6000000000"
    );
    assert_eq!(lake.query("SELECT id FROM t WHERE s['a'] > 1000").await, "2");
}
