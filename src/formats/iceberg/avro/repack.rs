//! Test help: the same container without compression, so that damage reaches the decoder of records
//! instead of ending in the decompressor.

use lakegate_base::Location;

use super::Container;
use super::value::Cursor;

pub fn unpacked(location: &Location, bytes: &[u8]) -> Vec<u8> {
    let container = Container::open(location, bytes, &[]).expect("an intact file");
    let mut out = b"Obj\x01".to_vec();
    long(&mut out, container.metadata.len());
    for (key, value) in &container.metadata {
        let value = if *key == "avro.codec" { b"null" } else { *value };
        for part in [key.as_bytes(), value] {
            long(&mut out, part.len());
            out.extend_from_slice(part);
        }
    }
    out.push(0);
    out.extend_from_slice(container.sync);
    let mut cursor = Cursor::new(container.blocks, 0);
    while cursor.remaining() > 0 {
        let count = cursor.long().and_then(|count| usize::try_from(count).ok()).expect("intact");
        let block = container.codec.unpack(cursor.bytes().expect("intact")).expect("intact");
        long(&mut out, count);
        long(&mut out, block.len());
        out.extend_from_slice(&block);
        out.extend_from_slice(cursor.take(16).expect("intact"));
    }
    out
}

fn long(out: &mut Vec<u8>, value: usize) {
    let mut rest = value << 1;
    while rest > 0x7f {
        out.push(u8::try_from(rest & 0x7f).expect("seven bits") | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).expect("seven bits"));
}
