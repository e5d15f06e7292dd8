//! Avro files. `arrow-avro` turns values into Arrow arrays; what stands around them is read here, because
//! it takes a file that ends inside a block for a complete one, does not look at the markers between
//! blocks, unpacks blocks without a limit, and never returns from a block with more values than rows.

mod header;
mod schema;

use std::io::Cursor;
use std::sync::Arc;

use ::arrow_avro::codec::Tz;
use ::arrow_avro::reader::{Reader, ReaderBuilder};
use ::arrow_avro::schema::AvroSchema;
use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray,
    make_array,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use bytes::{Buf, BytesMut};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use lakegate_base::{Error, Result};
use object_store::{GetOptions, GetRange, ObjectStore};

use super::rows::{BATCH_ROWS, Batches, DataObject, RowFile};
use crate::avro_codec::BLOCK_BYTES_MAX;
use header::{Failure, Header, SYNC_BYTES};
pub(super) use header::{read_long, write_long};
use schema::Unfit;

/// Read at once: most headers fit, which saves a request.
const HEADER_GUESS_BYTES: u64 = 64 << 10;
const HEADER_BYTES_MAX: u64 = 16 << 20;
/// Blocks are decoded together up to here, so that small ones give batches of a good size.
const GROUP_BYTES: usize = 4 << 20;
const ENDLESS_ROWS: usize = 1 << 40;

type Source = Reader<Cursor<Vec<u8>>>;

struct AvroFile {
    object: DataObject,
    header: Header,
    schema: SchemaRef,
}

/// Reads a file's header.
pub async fn open_avro(object: DataObject) -> Result<Box<dyn RowFile>> {
    let mut header = read_header(&object).await?;
    let unfit = |unfit| match unfit {
        Unfit::Damaged(what) => object.damaged(what),
        Unfit::Unsupported(what) => object.unsupported(what),
    };
    header.schema = schema::checked(&header.schema).map_err(unfit)?;
    let empty = header::plain(&header.schema, &header.sync);
    let schema = object.decode(|| Ok(build(&object, empty, None, 1)?.schema()))?;
    let schema = Arc::new(Schema::new(schema.fields().clone()));
    Ok(Box::new(AvroFile { object, header, schema }))
}

/// The Avro schema of a table's columns, for catalogs that keep one beside the columns; none where Avro
/// has no such type.
pub fn avro_schema(schema: &Schema) -> Option<String> {
    AvroSchema::try_from(schema).ok().map(|schema| schema.json_string)
}

async fn read_header(object: &DataObject) -> Result<Header> {
    let mut wanted = HEADER_GUESS_BYTES;
    loop {
        let bytes = object.read(0..wanted.min(object.size)).await?;
        match Header::parse(&bytes) {
            Ok(header) => return Ok(header),
            Err(Failure::Short) if wanted < object.size && wanted < HEADER_BYTES_MAX => {
                wanted *= 16
            }
            Err(Failure::Short) => return Err(object.damaged("its header is cut short")),
            Err(Failure::Damaged(what)) => return Err(object.damaged(what)),
            Err(Failure::Unsupported(what)) => return Err(object.unsupported(what)),
        }
    }
}

/// A library's reader of these bytes, of some columns or all.
fn build(
    object: &DataObject,
    bytes: Vec<u8>,
    columns: Option<&[usize]>,
    rows: usize,
) -> Result<Source> {
    let mut builder = ReaderBuilder::new().with_batch_size(rows).with_tz(Tz::Utc);
    if let Some(columns) = columns {
        builder = builder.with_projection(columns.to_vec());
    }
    builder.build(Cursor::new(bytes)).map_err(|e| object.damaged(format!("its schema: {e}")))
}

impl RowFile for AvroFile {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn rows(&self) -> Option<u64> {
        None
    }

    fn read(self: Box<Self>, columns: Vec<usize>) -> Batches {
        let (object, header, schema) = (self.object, self.header, self.schema);
        stream::once(async move {
            let start = GetRange::Offset(header.bytes);
            let options = GetOptions { range: Some(start), ..GetOptions::default() };
            let bytes = if header.bytes >= object.size {
                stream::empty().boxed()
            } else {
                let found = object.store.get_opts(&object.path(), options).await;
                found.map_err(|e| lakegate_store::error(e, &object.location))?.into_stream()
            };
            let blocks = Blocks { object, header, bytes, rest: BytesMut::new() };
            Ok(Rows::new(blocks, columns, schema).batches())
        })
        .try_flatten()
        .boxed()
    }
}

/// The blocks of a file, in order.
struct Blocks {
    object: DataObject,
    header: Header,
    bytes: BoxStream<'static, object_store::Result<bytes::Bytes>>,
    rest: BytesMut,
}

/// The values of some blocks, unpacked.
#[derive(Default)]
struct Group {
    values: Vec<u8>,
    rows: usize,
}

impl Blocks {
    /// True when at least so many bytes are there.
    async fn fill(&mut self, length: usize) -> Result<bool> {
        while self.rest.len() < length {
            match self.bytes.try_next().await {
                Ok(Some(bytes)) => self.rest.extend_from_slice(&bytes),
                Ok(None) => return Ok(false),
                Err(e) => return Err(lakegate_store::error(e, &self.object.location)),
            }
        }
        Ok(true)
    }

    async fn number(&mut self) -> Result<usize> {
        self.fill(10).await?;
        let damaged = |what: &str| self.object.damaged(what);
        match read_long(&self.rest) {
            Some(Ok((value, used))) => {
                let value = usize::try_from(value);
                let value = value.map_err(|_| damaged("a block has a negative length"))?;
                self.rest.advance(used);
                Ok(value)
            }
            Some(Err(())) => Err(damaged("a block has an overlong number")),
            None => Err(damaged("it ends inside a block")),
        }
    }

    /// None at the end of the file.
    async fn next(&mut self) -> Result<Option<Group>> {
        let mut group = Group::default();
        while group.values.len() < GROUP_BYTES && group.rows < BATCH_ROWS {
            if !self.fill(1).await? {
                break;
            }
            self.block(&mut group).await?;
        }
        Ok((group.rows > 0).then_some(group))
    }

    async fn block(&mut self, group: &mut Group) -> Result<()> {
        let rows = self.number().await?;
        let length = self.number().await?;
        if length > BLOCK_BYTES_MAX {
            return Err(self.object.unsupported(format!("an Avro block of {length} bytes")));
        }
        if !self.fill(length + SYNC_BYTES).await? {
            return Err(self.object.damaged("it ends inside a block"));
        }
        let packed = self.rest.split_to(length);
        if self.rest.split_to(SYNC_BYTES) != self.header.sync[..] {
            return Err(self.object.damaged("a block does not end with the file's marker"));
        }
        let unpacked = self.header.codec.unpack(&packed);
        let unpacked = unpacked.map_err(|what| self.object.damaged(what))?;
        // A row takes at least a byte, or a few bytes could claim any number of them.
        if rows > unpacked.len() || (rows == 0 && !unpacked.is_empty()) {
            return Err(self.object.damaged("a block does not have the rows it claims"));
        }
        group.rows += rows;
        group.values.extend_from_slice(&unpacked);
        Ok(())
    }
}

/// Batches from groups of blocks.
struct Rows {
    blocks: Blocks,
    columns: Vec<usize>,
    schema: SchemaRef,
    /// Decoded, but not given yet.
    rest: Option<RecordBatch>,
}

impl Rows {
    fn new(blocks: Blocks, columns: Vec<usize>, schema: SchemaRef) -> Self {
        Self { blocks, columns, schema, rest: None }
    }

    fn batches(self) -> Batches {
        stream::try_unfold(self, |mut rows| async move {
            Ok(rows.next().await?.map(|batch| (batch, rows)))
        })
        .boxed()
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let batch = match self.rest.take() {
            Some(batch) => batch,
            None => match self.blocks.next().await? {
                None => return Ok(None),
                Some(group) if self.columns.is_empty() => return counted(group.rows).map(Some),
                Some(group) => self.blocks.object.decode(|| self.decode(&group))?,
            },
        };
        let rows = batch.num_rows();
        if rows > BATCH_ROWS {
            self.rest = Some(batch.slice(BATCH_ROWS, rows - BATCH_ROWS));
        }
        Ok(Some(batch.slice(0, rows.min(BATCH_ROWS))))
    }

    /// All rows of a group: one batch, and nothing behind it.
    fn decode(&self, group: &Group) -> Result<RecordBatch> {
        let object = &self.blocks.object;
        let mut source = self.source(group)?;
        let mut next = || {
            let next = source.next().transpose();
            next.map_err(|e| object.damaged(format!("a value cannot be read: {e}")))
        };
        let batch = next()?.filter(|batch| batch.num_rows() == group.rows);
        let wrong = || object.damaged("a block does not have the rows it claims");
        let batch = batch.ok_or_else(wrong)?;
        match next()? {
            None => self.pick(&batch),
            Some(_) => Err(wrong()),
        }
    }

    fn source(&self, group: &Group) -> Result<Source> {
        let header = &self.blocks.header;
        let mut bytes = header::plain(&header.schema, &header.sync);
        // The library loops for ever over values behind the last row a block claims: this one claims more
        // than there are, and the batch's size says when to stop.
        write_long(&mut bytes, ENDLESS_ROWS);
        write_long(&mut bytes, group.values.len());
        bytes.extend_from_slice(&group.values);
        bytes.extend_from_slice(&header.sync);
        let object = &self.blocks.object;
        // The library drops unwanted fields from the schema, and then misses the types they define.
        let mut sorted = self.columns.clone();
        sorted.sort_unstable();
        match build(object, bytes.clone(), Some(&sorted), group.rows) {
            Ok(source) => Ok(source),
            Err(_) => build(object, bytes, None, group.rows),
        }
    }

    /// The wanted columns in the wanted order, found by their names, which are unique in a record.
    fn pick(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let object = &self.blocks.object;
        let find = |at: &usize| batch.schema().index_of(self.schema.field(*at).name());
        let places = self.columns.iter().map(find).collect::<Result<Vec<usize>, _>>();
        let picked = places.and_then(|places| batch.project(&places)).and_then(|picked| {
            let columns = picked.columns().iter().map(|column| masked(column, None));
            let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
            RecordBatch::try_new(picked.schema(), columns)
        });
        picked.map_err(|e| object.damaged(e))
    }
}

/// What stands below a NULL is NULL, too: the library leaves zeros there, and who asks for a field of a
/// struct does not look at the struct.
fn masked(array: &ArrayRef, parent: Option<&NullBuffer>) -> Result<ArrayRef, ArrowError> {
    let nulls = NullBuffer::union(array.nulls(), parent);
    Ok(match array.data_type() {
        DataType::Struct(fields) if !fields.is_empty() => {
            let columns = array.as_struct().columns().iter();
            let columns = columns.map(|column| masked(column, nulls.as_ref()));
            let columns = columns.collect::<Result<Vec<ArrayRef>, _>>()?;
            Arc::new(StructArray::try_new(fields.clone(), columns, nulls)?)
        }
        DataType::List(item) => {
            let list = array.as_list::<i32>();
            let items = masked(list.values(), None)?;
            Arc::new(ListArray::try_new(item.clone(), list.offsets().clone(), items, nulls)?)
        }
        DataType::Map(entries, sorted) => {
            let map = array.as_map();
            let pairs: ArrayRef = Arc::new(map.entries().clone());
            let pairs = masked(&pairs, None)?.as_struct().clone();
            let offsets = map.offsets().clone();
            Arc::new(MapArray::try_new(entries.clone(), offsets, pairs, nulls, *sorted)?)
        }
        DataType::Null | DataType::Union(..) => array.clone(),
        _ if parent.is_none() => array.clone(),
        _ => make_array(array.to_data().into_builder().nulls(nulls).build()?),
    })
}

/// Rows of which no column is wanted.
pub(super) fn counted(rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options)
        .map_err(|e| Error::internal("a batch without columns").source(e))
}
