//! One stripe: which streams its wanted columns need, and the columns made of them.

use std::collections::{BTreeSet, HashMap};

use arrow::datatypes::DataType;
use bytes::Bytes;
use lakegate_base::Result;
use object_store::ObjectStore;

use super::super::rows::DataObject;
use super::column::{Column, Values, entries};
use super::packed::{Packed, Packing};
use super::runs::{Bits, ByteRuns, IntRuns, Sign, Version};
use super::schema::{self, Node};
use super::tail::{Encoding, Stripe, StripeFooter};
use super::time::Clock;
use super::{Decoded, footer_damage};

/// Packed streams of the wanted columns of one stripe.
const STRIPE_BYTES_MAX: u64 = 1 << 30;
const DICTIONARY_ENTRIES_MAX: u64 = 1 << 26;

const PRESENT: u64 = 0;
const DATA: u64 = 1;
const LENGTH: u64 = 2;
const DICTIONARY_DATA: u64 = 3;
const SECONDARY: u64 = 5;

/// The columns of a stripe, ready to be read.
pub(super) async fn open(
    object: &DataObject,
    packing: Packing,
    stripe: &Stripe,
    root: &Node,
) -> Result<Column> {
    let footer = footer(object, packing, stripe).await?;
    let streams = streams(object, stripe, &footer, root).await?;
    let clock = Clock::of(&footer.zone);
    let clock = clock.ok_or_else(|| {
        object.unsupported(format!("ORC written in the zone \"{}\"", footer.zone))
    })?;
    let mut maker = Maker { packing, streams, encodings: footer.encodings, clock };
    object.decode(|| maker.column(root).map_err(|what| footer_damage(object, what)))
}

async fn footer(object: &DataObject, packing: Packing, stripe: &Stripe) -> Result<StripeFooter> {
    let start = stripe.offset.saturating_add(stripe.index_bytes).saturating_add(stripe.data_bytes);
    let end = start.saturating_add(stripe.footer_bytes);
    if end > object.size {
        return Err(object.damaged("a stripe reaches beyond its end"));
    }
    let bytes = object.read(start..end).await?;
    let parsed = object.decode(|| Ok(StripeFooter::parse(bytes, packing)))?;
    parsed.map_err(|what| footer_damage(object, what))
}

type Streams = HashMap<(usize, u64), Bytes>;

fn ids(node: &Node, into: &mut BTreeSet<usize>) {
    into.insert(node.id);
    node.children.iter().for_each(|child| ids(child, into));
}

async fn streams(
    object: &DataObject,
    stripe: &Stripe,
    footer: &StripeFooter,
    root: &Node,
) -> Result<Streams> {
    let mut wanted = BTreeSet::new();
    ids(root, &mut wanted);
    let end = stripe.offset.saturating_add(stripe.index_bytes).saturating_add(stripe.data_bytes);
    let (mut at, mut total) = (stripe.offset, 0_u64);
    let (mut keys, mut ranges) = (Vec::new(), Vec::new());
    for stream in &footer.streams {
        let next = at.checked_add(stream.bytes).filter(|next| *next <= end);
        let next = next.ok_or_else(|| object.damaged("a stream reaches beyond its stripe"))?;
        let column = usize::try_from(stream.column).unwrap_or(usize::MAX);
        let needed = matches!(stream.kind, PRESENT | DATA | LENGTH | DICTIONARY_DATA | SECONDARY);
        if needed && wanted.contains(&column) && stream.bytes > 0 {
            keys.push((column, stream.kind));
            ranges.push(at..next);
            total = total.saturating_add(stream.bytes);
        }
        at = next;
    }
    if total > STRIPE_BYTES_MAX {
        return Err(object.unsupported(format!("an ORC stripe of {total} bytes")));
    }
    let read = object.store.get_ranges(&object.path(), &ranges).await;
    let read = read.map_err(|e| lakegate_store::error(e, &object.location))?;
    Ok(keys.into_iter().zip(read).collect())
}

struct Maker {
    packing: Packing,
    streams: Streams,
    encodings: Vec<Encoding>,
    clock: Clock,
}

impl Maker {
    /// A stream that holds nothing is left out by writers.
    fn stream(&mut self, node: &Node, kind: u64) -> Packed {
        let bytes = self.streams.remove(&(node.id, kind)).unwrap_or_default();
        Packed::new(bytes, self.packing)
    }

    fn integers(&mut self, node: &Node, kind: u64, sign: Sign) -> Decoded<IntRuns> {
        let version = match self.encoding(node)?.kind {
            0 | 1 => Version::One,
            _ => Version::Two,
        };
        Ok(IntRuns::new(self.stream(node, kind), version, sign))
    }

    fn encoding(&self, node: &Node) -> Decoded<Encoding> {
        let found = self.encodings.get(node.id).copied().ok_or("a column has no encoding")?;
        if found.kind > 3 { Err("a column has an unknown encoding") } else { Ok(found) }
    }

    fn column(&mut self, node: &Node) -> Decoded<Column> {
        let present = self.streams.contains_key(&(node.id, PRESENT));
        let present = present.then(|| Bits::new(self.stream(node, PRESENT)));
        let values = match node.kind {
            schema::BOOLEAN => Values::Boolean(Bits::new(self.stream(node, DATA))),
            schema::BYTE => Values::Byte(ByteRuns::new(self.stream(node, DATA))),
            schema::SHORT..=schema::LONG | schema::DATE => {
                Values::Integer(self.integers(node, DATA, Sign::Signed)?)
            }
            schema::FLOAT | schema::DOUBLE => Values::Float(self.stream(node, DATA)),
            schema::STRING | schema::VARCHAR | schema::CHAR | schema::BINARY => self.text(node)?,
            schema::TIMESTAMP | schema::INSTANT => Values::Timestamp {
                seconds: self.integers(node, DATA, Sign::Signed)?,
                nanos: self.integers(node, SECONDARY, Sign::Unsigned)?,
                clock: if node.kind == schema::INSTANT { Clock::UTC } else { self.clock },
            },
            schema::DECIMAL => self.decimal(node)?,
            schema::LIST | schema::MAP => self.repeated(node)?,
            schema::STRUCT => {
                let children = node.children.iter().map(|child| self.column(child));
                Values::Struct(children.collect::<Decoded<Vec<Column>>>()?)
            }
            _ => return Err("a column of several types cannot be read"),
        };
        Ok(Column { data_type: node.data_type.clone(), present, values })
    }

    fn repeated(&mut self, node: &Node) -> Decoded<Values> {
        let lengths = self.integers(node, LENGTH, Sign::Unsigned)?;
        match &node.children[..] {
            [item] => Ok(Values::List { lengths, item: Box::new(self.column(item)?) }),
            [key, value] => Ok(Values::Map {
                lengths,
                key: Box::new(self.column(key)?),
                value: Box::new(self.column(value)?),
            }),
            _ => Err("a list or map has the wrong number of parts"),
        }
    }

    fn decimal(&mut self, node: &Node) -> Decoded<Values> {
        let has = |kind| self.streams.contains_key(&(node.id, kind));
        if has(DATA) && !has(SECONDARY) {
            return Err("it has decimals of ORC's unfinished second version, not supported");
        }
        let scales = self.integers(node, SECONDARY, Sign::Signed)?;
        Ok(Values::Decimal { scales, data: self.stream(node, DATA) })
    }

    fn text(&mut self, node: &Node) -> Decoded<Values> {
        let encoding = self.encoding(node)?;
        let mut lengths = self.integers(node, LENGTH, Sign::Unsigned)?;
        let in_dictionary = matches!(encoding.kind, 1 | 3) && node.data_type == DataType::Utf8;
        if !in_dictionary {
            return Ok(Values::Direct { lengths, data: self.stream(node, DATA) });
        }
        let size = Some(encoding.dictionary_size).filter(|size| *size <= DICTIONARY_ENTRIES_MAX);
        let size = size.and_then(|size| usize::try_from(size).ok());
        let lengths = lengths.take(size.ok_or("a dictionary has too many entries")?)?;
        let mut data = self.stream(node, DICTIONARY_DATA);
        let entries = entries(&lengths, &mut data, &node.data_type)?;
        let indices = self.integers(node, DATA, Sign::Unsigned)?;
        Ok(Values::Dictionary { indices, entries })
    }
}
