//! Avro files, written by `arrow-avro`, packed and damaged here.

use std::io::Write;
use std::sync::Arc;

use ::arrow_avro::writer::AvroWriter;
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use lakegate_base::{ErrorKind, Result};

use super::{Folder, show};
use crate::files::{DataObject, open_avro};

const ROWS: usize = 20_000;
const IDS: std::ops::Range<i64> = 0..20_000;

fn batch() -> RecordBatch {
    let ids = Int64Array::from_iter(IDS.map(|i| (i % 7 != 0).then_some(i)));
    let names = StringArray::from_iter_values((0..ROWS).map(|i| format!("name {i}")));
    let columns: [(&str, ArrayRef); 2] = [("Id", Arc::new(ids)), ("name", Arc::new(names))];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(n, a)| (n, a, true))).expect("a batch")
}

/// A file of one block for each thousand rows.
fn avro() -> Vec<u8> {
    let batch = batch();
    let mut bytes = Vec::new();
    let mut writer = AvroWriter::new(&mut bytes, batch.schema().as_ref().clone()).expect("opens");
    for start in (0..ROWS).step_by(1000) {
        writer.write(&batch.slice(start, 1000)).expect("written");
    }
    writer.finish().expect("finished");
    bytes
}

fn long(rest: &mut &[u8]) -> usize {
    let (value, used) =
        crate::files::avro::read_long(rest).expect("whole").expect("a valid number");
    *rest = &rest[used..];
    usize::try_from(value).expect("no negative number")
}

fn put(out: &mut Vec<u8>, value: usize) {
    crate::files::avro::write_long(out, value);
}

/// The file with its blocks packed by another codec.
fn packed(plain: &[u8], codec: &str, pack: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut rest = &plain[4..];
    let entries = long(&mut rest);
    let mut out = b"Obj\x01".to_vec();
    let mut kept = Vec::new();
    for _ in 0..entries {
        let (key, value);
        (key, rest) = {
            let n = long(&mut rest);
            rest.split_at(n)
        };
        (value, rest) = {
            let n = long(&mut rest);
            rest.split_at(n)
        };
        if key != b"avro.codec" {
            kept.push((key, value));
        }
    }
    kept.push((b"avro.codec", codec.as_bytes()));
    put(&mut out, kept.len());
    for part in kept.iter().flat_map(|(key, value)| [key, value]) {
        put(&mut out, part.len());
        out.extend_from_slice(part);
    }
    assert_eq!(long(&mut rest), 0);
    out.push(0);
    let sync;
    (sync, rest) = rest.split_at(16);
    out.extend_from_slice(sync);
    while !rest.is_empty() {
        let rows = long(&mut rest);
        let length = long(&mut rest);
        let block = pack(&rest[..length]);
        put(&mut out, rows);
        put(&mut out, block.len());
        out.extend_from_slice(&block);
        out.extend_from_slice(sync);
        rest = &rest[length + 16..];
    }
    out
}

fn deflate(block: &[u8]) -> Vec<u8> {
    let mut encoder =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(block).expect("packed");
    encoder.finish().expect("packed")
}

fn snappy(block: &[u8]) -> Vec<u8> {
    let mut packed = snap::raw::Encoder::new().compress_vec(block).expect("packed");
    let mut crc = flate2::Crc::new();
    crc.update(block);
    packed.extend_from_slice(&crc.sum().to_be_bytes());
    packed
}

async fn read(folder: &Folder, name: &str, columns: &[usize]) -> Result<Vec<RecordBatch>> {
    let location = folder.place(name);
    let size = folder.stores.head(&location).await?.size;
    let store = folder.stores.store(&location).await?;
    let file = open_avro(DataObject { store, location, size }).await?;
    file.read(columns.to_vec()).try_collect().await
}

#[tokio::test]
async fn every_codec_gives_every_row() {
    let plain = avro();
    let zstd = |block: &[u8]| zstd::encode_all(block, 1).expect("packed");
    let folder = Folder::new(&[
        ("null.avro", &plain),
        ("deflate.avro", &packed(&plain, "deflate", deflate)),
        ("snappy.avro", &packed(&plain, "snappy", snappy)),
        ("zstandard.avro", &packed(&plain, "zstandard", zstd)),
        ("bzip2.avro", &packed(&plain, "bzip2", <[u8]>::to_vec)),
    ]);
    let expected: i64 = IDS.filter(|i| i % 7 != 0).sum();
    for name in ["null.avro", "deflate.avro", "snappy.avro", "zstandard.avro"] {
        let batches = read(&folder, name, &[1, 0]).await.expect(name);
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let ids = batches.iter().flat_map(|b| b.column(1).as_primitive::<Int64Type>().iter());
        assert_eq!((rows, ids.flatten().sum::<i64>()), (ROWS, expected), "{name}");
        assert_eq!(batches[0].column(0).as_string::<i32>().value(5), "name 5");
        assert!(batches.iter().all(|b| b.num_rows() <= 8192));
        let counted = read(&folder, name, &[]).await.expect(name);
        assert_eq!(counted.iter().map(RecordBatch::num_rows).sum::<usize>(), ROWS);
    }
    let file = folder.infer("snappy.avro").await.expect("inferred");
    assert_eq!((show(&file.schema).as_str(), file.rows), ("Id Int64, name Utf8", None));
    let error = read(&folder, "bzip2.avro", &[0]).await.expect_err("refused");
    assert!(error.message().starts_with("not supported: Avro files packed with codec \"bzip2\""));
}

/// Every cut, and a flip of every byte of the header and around the first block, is an error with the file's
/// name, or gives whole rows.
#[tokio::test]
async fn damage_is_named_and_loses_no_rows() {
    let plain = avro();
    let packed = packed(&plain, "snappy", snappy);
    let folder = Folder::new(&[]);
    for length in [0, 3, 4, 20, 200, packed.len() / 2, packed.len() - 17, packed.len() - 1] {
        folder.put("x.avro", &packed[..length]);
        let error = match read(&folder, "x.avro", &[0, 1]).await {
            Ok(batches) => unreachable!("{} batches of {length} bytes", batches.len()),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{length}: {error}");
        assert!(error.message().contains("x.avro"), "{error}");
    }
    let mut flipped = packed.clone();
    for at in (0..600).chain(packed.len() - 40..packed.len()) {
        flipped[at] ^= 0x41;
        folder.put("x.avro", &flipped);
        match read(&folder, "x.avro", &[0, 1]).await {
            Ok(batches) => {
                let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
                assert_eq!(rows, ROWS, "flipped at {at}");
            }
            Err(error) => assert!(error.message().contains("x.avro"), "{at}: {error}"),
        }
        flipped[at] ^= 0x41;
    }
}

#[tokio::test]
async fn hostile_schemas_are_refused_before_they_unfold() {
    let header = |schema: &str| {
        let mut out = b"Obj\x01".to_vec();
        put(&mut out, 1);
        for part in ["avro.schema", schema] {
            put(&mut out, part.len());
            out.extend_from_slice(part.as_bytes());
        }
        out.push(0);
        out.extend([7; 16]);
        out
    };
    let record = |fields: &str| {
        format!(r#"{{"type":"record","name":"r","namespace":"n","fields":[{fields}]}}"#)
    };
    let mut growing = r#"{"name":"a0","type":"long"}"#.to_string();
    for level in 1..40 {
        let inner = match level {
            1 => r#""long""#.to_string(),
            _ => format!(r#""t{}""#, level - 1),
        };
        growing += &format!(
            r#",{{"name":"a{level}","type":{{"type":"record","name":"t{level}","fields":[
                {{"name":"x","type":{inner}}},{{"name":"y","type":{inner}}}]}}}}"#
        );
    }
    for (schema, part) in [
        (record(r#"{"name":"next","type":["null","n.r"]}"#), "which contains itself"),
        (record(&growing), "Avro schemas of over 100000 types"),
        (record(r#"{"name":"a","type":{"type":"array","items":"null"}}"#), "of empty items"),
        (record(r#"{"name":"f","type":{"type":"fixed","name":"x","size":99999}}"#), "fixed bytes"),
        (record(r#"{"name":"m","type":"missing"}"#), "does not define the type missing"),
        (r#""long""#.to_string(), "whose rows are no records"),
        (record(r#"{"name":"u","type":["long","string"]}"#), "a column of several types (\"u\")"),
    ] {
        let folder = Folder::new(&[("x.avro", &header(&schema))]);
        let error = folder.infer("x.avro").await.expect_err(part);
        assert!(error.message().contains(part), "{error}");
        assert!(error.message().contains("x.avro"), "{error}");
    }
}
