//! Many ranges of one remote object in few requests: those close together are read as one, what is large is
//! read in parts side by side.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, Result};
use tokio::sync::Semaphore;

/// Ranges no further apart are one request: a request to S3 takes as long as reading about this much.
const GAP_BYTES_MAX: u64 = 1 << 20;
/// One connection gives a fraction of what the store can.
const PART_BYTES_MAX: u64 = 8 << 20;
/// Of one call, so that no single one takes all of a store's requests.
const REQUESTS_MAX: usize = 16;

/// The bytes of each range, in the order asked. `slots` bounds the requests of a whole store.
pub(crate) async fn read(
    store: &dyn ObjectStore,
    slots: &Semaphore,
    path: &Path,
    ranges: &[Range<u64>],
) -> Result<Vec<Bytes>> {
    let parts = parts(ranges);
    let requests = parts.iter().cloned().map(|part| async move {
        let _slot = slots.acquire().await;
        let bytes = store.get_range(path, part.clone()).await?;
        match bytes.len() as u64 == part.end - part.start {
            true => Ok(bytes),
            false => Err(shorter(path)),
        }
    });
    let bytes: Vec<Bytes> = stream::iter(requests).buffered(REQUESTS_MAX).try_collect().await?;
    let cut = ranges.iter().map(|range| cut(range, &parts, &bytes));
    cut.collect::<Option<_>>().ok_or_else(|| shorter(path))
}

fn shorter(path: &Path) -> object_store::Error {
    let source = format!("\"{path}\" is shorter than its metadata says").into();
    object_store::Error::Generic { store: "S3", source }
}

/// What is requested for the ranges, sorted.
fn parts(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut sorted: Vec<_> = ranges.iter().filter(|range| !range.is_empty()).cloned().collect();
    sorted.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(GAP_BYTES_MAX) => {
                last.end = last.end.max(range.end);
            }
            _ => merged.push(range),
        }
    }
    merged.into_iter().flat_map(split).collect()
}

/// Equal parts of a range, none larger than the most.
fn split(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let count = (range.end - range.start).div_ceil(PART_BYTES_MAX);
    let size = (range.end - range.start).div_ceil(count);
    (0..count).map(move |part| {
        let start = range.start + part * size;
        start..(start + size).min(range.end)
    })
}

/// One range out of the parts read; copied only when it lies in several.
fn cut(range: &Range<u64>, parts: &[Range<u64>], bytes: &[Bytes]) -> Option<Bytes> {
    let mut whole = BytesMut::new();
    let mut at = range.start;
    let mut part = parts.partition_point(|part| part.end <= at);
    while at < range.end {
        let (held, bytes) = (parts.get(part)?, bytes.get(part)?);
        let from = usize::try_from(at.checked_sub(held.start)?).ok()?;
        let to = usize::try_from(range.end.min(held.end) - held.start).ok()?;
        let piece = bytes.get(from..to)?;
        if range.end <= held.end && whole.is_empty() {
            return Some(bytes.slice_ref(piece));
        }
        whole.extend_from_slice(piece);
        at = held.end;
        part += 1;
    }
    Some(whole.freeze())
}

#[cfg(test)]
mod tests {
    use object_store::PutPayload;
    use object_store::memory::InMemory;

    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn near_ranges_are_one_request_and_large_ones_several() {
        assert_eq!(parts(&[2 * MIB..3 * MIB, 0..MIB, 5..5]), vec![0..3 * MIB]);
        assert_eq!(parts(&[0..MIB, 2 * MIB + 1..3 * MIB]), vec![0..MIB, 2 * MIB + 1..3 * MIB]);
        let large = 0..9 * MIB;
        assert_eq!(
            parts(std::slice::from_ref(&large)),
            vec![0..4 * MIB + MIB / 2, 4 * MIB + MIB / 2..9 * MIB]
        );
        assert_eq!(parts(&[]), Vec::<Range<u64>>::new());
    }

    #[tokio::test]
    async fn every_range_gets_its_own_bytes() {
        let (store, path, slots) = (InMemory::new(), Path::from("object"), Semaphore::new(4));
        let index = |at: u64| usize::try_from(at).expect("it fits");
        let content: Vec<u8> = (0..20 * MIB).map(|i| (i / 7 % 251).to_le_bytes()[0]).collect();
        let payload = PutPayload::from(content.clone());
        store.put(&path, payload).await.expect("it is written");
        let ranges = [
            5..9,
            0..20 * MIB,
            7 * MIB..13 * MIB,
            3..3,
            20 * MIB - 1..20 * MIB,
            5 * MIB..5 * MIB + 4,
        ];
        let read = read(&store, &slots, &path, &ranges).await.expect("it is read");
        for (range, bytes) in ranges.iter().zip(read) {
            let expected = &content[index(range.start)..index(range.end)];
            assert!(bytes == expected, "{range:?}");
        }
        let beyond = 19 * MIB..21 * MIB;
        let beyond = super::read(&store, &slots, &path, std::slice::from_ref(&beyond)).await;
        assert!(beyond.expect_err("too short").to_string().contains("shorter"));
    }
}
