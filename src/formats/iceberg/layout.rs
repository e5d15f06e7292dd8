//! What of a manifest's entries is wanted, and where it goes: the columns and partition specs of one version
//! of a table.

use std::collections::{BTreeMap, HashMap};

use lakegate_base::{Error, Result};
use sha2::{Digest as _, Sha256};

use super::avro::Fields;
use super::metadata::Metadata;
use super::paths::Paths;
use super::schema::{Column, Primitive, Type};
use super::transform::Transform;

/// Two layouts with the same digest read a manifest to the same part.
pub type Digest = [u8; 32];

pub struct Layout {
    /// Top-level primitive columns: position in the schema, field id, type.
    pub columns: Vec<(usize, i32, Primitive)>,
    /// By field id, the position in `columns`.
    pub by_id: HashMap<i32, usize>,
    specs: BTreeMap<i32, Spec>,
    /// Columns that are an identity partition in some spec, as positions in `columns`.
    pub identities: Vec<usize>,
    pub paths: Paths,
    pub digest: Digest,
}

#[derive(Clone, Debug)]
pub struct Spec {
    pub fields: Vec<SpecField>,
}

#[derive(Clone, Debug)]
pub struct SpecField {
    pub id: i32,
    pub name: String,
    pub transform: Transform,
    /// The position in `columns`: nested and dropped columns have none.
    pub source: Option<usize>,
    /// The source's type, dropped or not.
    pub source_kind: Option<Primitive>,
}

impl Spec {
    /// Deletes of such a spec may concern the whole table.
    pub fn is_unpartitioned(&self) -> bool {
        self.fields.iter().all(SpecField::is_void)
    }

    /// The field that carries a column's own value. Writers keep nested columns in the file.
    pub fn identity(&self, column: usize) -> Option<&SpecField> {
        self.fields.iter().find(|f| f.transform == Transform::Identity && f.source == Some(column))
    }
}

impl SpecField {
    pub fn is_void(&self) -> bool {
        self.transform == Transform::Void
    }

    /// The field's value in a tuple; none where the tuple has no such field.
    pub fn value<'f, 'v>(
        &self,
        partition: Option<&'f Fields<'v>>,
    ) -> Option<&'f super::avro::Value<'v>> {
        let partition = partition?;
        partition.values.get(partition.record.position(self.id, &self.name)?)
    }
}

impl Layout {
    pub fn new(metadata: &Metadata, schema: &[Column], paths: Paths) -> Self {
        let mut columns = Vec::new();
        for (position, column) in schema.iter().enumerate() {
            if let Type::Primitive(kind) = column.kind {
                columns.push((position, column.id, kind));
            }
        }
        let by_id: HashMap<_, _> =
            columns.iter().enumerate().map(|(at, (_, id, _))| (*id, at)).collect();
        let mut specs = BTreeMap::new();
        for (spec_id, fields) in &metadata.specs {
            let fields = fields.iter().map(|field| {
                let source = field.source();
                SpecField {
                    id: field.field_id.unwrap_or_default(),
                    name: field.name.clone().unwrap_or_default(),
                    transform: Transform::parse(&field.transform),
                    source: source.and_then(|source| by_id.get(&source).copied()),
                    source_kind: source.and_then(|source| metadata.kinds.get(&source).copied()),
                }
            });
            specs.insert(*spec_id, Spec { fields: fields.collect() });
        }
        let fields = specs.values().flat_map(|spec| &spec.fields);
        let identities = fields.filter(|field| field.transform == Transform::Identity);
        let mut identities: Vec<usize> = identities.filter_map(|field| field.source).collect();
        identities.sort_unstable();
        identities.dedup();
        let digest = Sha256::digest(format!("{columns:?} {specs:?} {paths:?}")).into();
        Self { columns, by_id, specs, identities, paths, digest }
    }

    pub fn spec(&self, id: i32) -> Result<&Spec> {
        let missing = || Error::corrupt(format!("the table has no partition spec {id}"));
        self.specs.get(&id).ok_or_else(missing)
    }
}
