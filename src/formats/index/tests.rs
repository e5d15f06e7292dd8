//! What an index says, told file by file; and that chunks say of their files together what holds of each.

use std::collections::BTreeMap;

use arrow::array::{AsArray, Datum, Int64Array, Scalar};
use arrow::compute::kernels::cmp;
use arrow::datatypes::Int64Type;
use arrow::util::display::array_value_to_string;

use super::*;
use crate::TableSnapshot;

/// All a snapshot says of its files, by path.
pub fn told(snapshot: &TableSnapshot) -> BTreeMap<String, String> {
    let index = &snapshot.files;
    let column = |c: usize| snapshot.schema.field(c).name();
    let shown = |array: &ArrayRef, file: usize| match array.is_null(file) {
        true => "NULL".to_string(),
        false => array_value_to_string(array, file).expect("a printable type"),
    };
    let mut files = BTreeMap::new();
    for (start, chunk) in index.chunks() {
        let arrays = [chunk.sizes.len(), chunk.rows.len(), chunk.modified.len()];
        assert_eq!(arrays, [chunk.len(); 3]);
        for file in 0..chunk.len() {
            let mut facts = vec![
                format!("{} bytes", chunk.sizes.value(file)),
                format!("{:?} rows", chunk.rows.iter().nth(file)),
                format!("{:?}", chunk.modified.iter().nth(file)),
                format!("{:?}", snapshot.deletes.get(&(start + file))),
            ];
            for known in [&index.partitions, &index.constants].into_iter().flatten() {
                let Some(values) = chunk.partition(*known) else { continue };
                assert_eq!(values.data_type(), snapshot.schema.field(*known).data_type());
                facts.push(format!("{}={}", column(*known), shown(values, file)));
            }
            for bounds in &chunk.bounds {
                let nulls = bounds.nulls.iter().nth(file).flatten();
                let (min, max) = (shown(&bounds.min, file), shown(&bounds.max, file));
                if (min.as_str(), max.as_str(), nulls) != ("NULL", "NULL", None) {
                    facts.push(format!("{}: {min}..{max}, {nulls:?}", column(bounds.column)));
                }
            }
            let before = files.insert(chunk.paths.value(file).to_string(), facts.join("; "));
            assert!(before.is_none(), "each file once");
        }
    }
    assert_eq!(files.len(), index.len());
    assert!(snapshot.deletes.keys().all(|file| *file < index.len()));
    (0..snapshot.schema.fields().len()).for_each(|column| check_summary(index, column));
    files
}

/// No file of a chunk has values outside those of the whole chunk.
fn check_summary(index: &FileIndex, column: usize) {
    let Some(of_chunks) = index.known_of_chunks(column) else { return };
    for (at, (_, chunk)) in index.chunks().enumerate() {
        let holds = |side: &ArrayRef, own: &ArrayRef, compare: Compare| {
            let holds = compare(own, &Scalar::new(side.slice(at, 1))).expect("one type");
            assert!(side.is_null(at) || holds.false_count() == 0, "column {column}");
        };
        if let Some(known) = index.known(chunk, column) {
            holds(&of_chunks.min, &known.min, |a, b| cmp::gt_eq(a, b));
            holds(&of_chunks.max, &known.max, |a, b| cmp::lt_eq(a, b));
        } else {
            assert!(of_chunks.min.is_null(at) && of_chunks.max.is_null(at));
            assert!(of_chunks.nulls.is_null(at));
        }
    }
}

type Compare = fn(&dyn Datum, &dyn Datum) -> Result<BooleanArray, ArrowError>;

fn chunk(paths: &[&str], partition: Option<i64>) -> Arc<FileChunk> {
    let numbers = || UInt64Array::from_value(1, paths.len());
    let values = partition.map(|value| PartitionColumn {
        column: 0,
        values: Arc::new(Int64Array::from_value(value, paths.len())),
    });
    Arc::new(FileChunk {
        paths: StringArray::from(paths.to_vec()),
        sizes: numbers(),
        rows: numbers(),
        modified: TimestampMicrosecondArray::new_null(paths.len()),
        partitions: values.into_iter().collect(),
        ..FileChunk::empty()
    })
}

#[test]
fn small_chunks_are_merged_when_they_are_many() {
    let names: Vec<String> = (0..CHUNKS_SPARE + 2).map(|n| n.to_string()).collect();
    let one = |name: &String| chunk(&[name], None);
    let mut few: Vec<_> = names.iter().take(CHUNKS_SPARE).map(one).collect();
    few.push(chunk(&[], None));
    let index = FileIndex::new(few, vec![], vec![]).expect("of the same types");
    assert_eq!((index.chunks().count(), index.len()), (CHUNKS_SPARE, CHUNKS_SPARE));

    // Those in the middle carry another column: what they say of it must not become another's.
    let carries = |(at, name): (usize, &String)| chunk(&[name], (at == 5).then_some(7));
    let many = names.iter().enumerate().map(carries).collect();
    let index = FileIndex::new(many, vec![], vec![0]).expect("of the same types");
    let chunks: Vec<_> = index.chunks().map(|(start, chunk)| (start, chunk.len())).collect();
    assert_eq!(chunks, [(0, 5), (5, 1), (6, CHUNKS_SPARE - 4)]);
    let paths = index.joined().paths;
    assert!(paths.iter().flatten().eq(names.iter().map(String::as_str)), "numbers stay");
    let carried = index.chunks().map(|(_, chunk)| chunk.partition(0).is_some());
    assert_eq!(carried.collect::<Vec<_>>(), [false, true, false]);

    let some = [0, 4, 5, CHUNKS_SPARE];
    let by_chunk: Vec<_> = index.by_chunk(&some).map(|(start, _, own)| (start, own)).collect();
    assert_eq!(by_chunk, [(0, &some[..2]), (5, &some[2..3]), (6, &some[3..])]);
    assert_eq!(index.by_chunk(&some[3..]).count(), 1);
}

#[test]
fn what_one_file_does_not_say_is_unknown_of_all() {
    let rows = UInt64Array::from(vec![5, 5]);
    let least = |min: [Option<i64>; 2], nulls: [Option<u64>; 2]| {
        let min: ArrayRef = Arc::new(Int64Array::from_iter(min));
        let (max, nulls) = (Arc::clone(&min), UInt64Array::from_iter(nulls));
        let all = ColumnBounds { column: 0, min, max, nulls, exact: false }.of_all(&rows);
        let value = |array: &ArrayRef| array.as_primitive::<Int64Type>().iter().next().flatten();
        (value(&all.min), value(&all.max), all.nulls.iter().next().flatten())
    };
    let zero = Some(0);
    assert_eq!(least([Some(7), Some(3)], [zero, zero]), (Some(3), Some(7), zero));
    assert_eq!(least([Some(7), None], [zero, zero]), (None, None, zero));
    assert_eq!(least([Some(7), None], [zero, None]), (None, None, None));
    // A file of NULLs alone has no least value.
    assert_eq!(least([Some(7), None], [zero, Some(5)]), (Some(7), Some(7), Some(5)));
    assert_eq!(least([None, None], [Some(5), Some(5)]), (None, None, Some(10)));
    // Ten NULLs in ten rows would mean that there are no values at all.
    assert_eq!(least([Some(7), Some(3)], [zero, Some(10)]), (Some(3), Some(7), None));
}
