//! The lake as Postgres would know it: schemas, relations and columns with their OIDs. Immutable, built
//! once per catalog version and shared by all sessions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;

use super::definitions::{self, INFORMATION_SCHEMA, PG_CATALOG};
use super::keys::{self, Constraint, ForeignKey, Keys, Reference};
use super::types::{self, TypeRef};
use super::{indexes, oid};

/// The user that owns everything: nobody may alter it by SQL.
pub const OWNER: &str = "lakegate";
/// The OID Postgres gives the first superuser.
pub const OWNER_OID: i64 = 10;
/// The role that is whoever owns the database, and owns the schema every database has.
pub const DATABASE_OWNER: &str = "pg_database_owner";
pub const DATABASE_OWNER_OID: i64 = 6171;
const PUBLIC: &str = "public";
pub const PUBLIC_OID: i64 = 2200;

/// What to show: the narrow input of this module.
#[derive(Clone, Debug, Default)]
pub struct LakeDescription {
    pub database: String,
    pub schemas: Vec<SchemaDescription>,
    pub relations: Vec<RelationDescription>,
}

#[derive(Clone, Debug, Default)]
pub struct SchemaDescription {
    pub name: String,
    pub comment: Option<String>,
}

#[derive(Clone, Debug)]
pub struct RelationDescription {
    pub schema: String,
    pub name: String,
    pub kind: RelationKind,
    pub comment: Option<String>,
    pub columns: Vec<ColumnDescription>,
    pub rows: Option<u64>,
    pub bytes: Option<u64>,
    pub keys: Keys,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelationKind {
    Table,
    /// With its text.
    View(String),
}

#[derive(Clone, Debug)]
pub struct ColumnDescription {
    pub name: String,
    pub data_type: DataType,
    /// Where the Arrow type does not tell the Postgres type: its name.
    pub pg_type: Option<String>,
    pub nullable: bool,
    pub comment: Option<String>,
}

/// See the module.
pub struct LakeView {
    pub database: String,
    pub database_oid: i64,
    /// The system's own and the lake's.
    pub schemas: Vec<Schema>,
    /// The lake's, the indexes of its keys, then the system's own.
    pub relations: Vec<Relation>,
    pub constraints: Vec<Constraint>,
    relation_by_oid: HashMap<i64, usize>,
    relation_by_name: HashMap<(String, String), usize>,
    /// System relations already built over this view.
    pub(super) built: Mutex<HashMap<&'static str, Arc<dyn TableProvider>>>,
}

#[derive(Clone, Debug)]
pub struct Schema {
    pub oid: i64,
    pub name: String,
    pub comment: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Relation {
    pub oid: i64,
    pub schema_oid: i64,
    pub schema: String,
    pub name: String,
    /// `r`, `v` or `i`, as pg_class.relkind.
    pub kind: &'static str,
    pub comment: Option<String>,
    pub columns: Vec<Column>,
    pub rows: Option<u64>,
    pub bytes: Option<u64>,
    pub view_sql: Option<String>,
    /// The type of its rows, where pg_type has one.
    pub row_type: Option<RowType>,
}

/// The OIDs of a type and of its arrays.
#[derive(Clone, Copy, Debug)]
pub struct RowType {
    pub oid: i64,
    pub array_oid: i64,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub type_ref: TypeRef,
    pub not_null: bool,
    pub comment: Option<String>,
}

impl LakeView {
    pub fn new(description: LakeDescription) -> Self {
        let database = description.database;
        let key = |kind: &str, schema: &str, name: &str| {
            [kind, &database, schema, name].map(str::to_string)
        };
        let mut keys = vec![key("database", "", "")];
        keys.extend(description.schemas.iter().map(|s| key("schema", "", &s.name)));
        keys.extend(description.relations.iter().map(|r| key("relation", &r.schema, &r.name)));
        // Numbered after all others, so that a key that is declared moves no OID.
        let first_index = keys.len();
        for relation in &description.relations {
            if !relation.keys.primary.is_empty() {
                let name = keys::primary_name(&relation.name);
                keys.extend(["index", "constraint"].map(|kind| key(kind, &relation.schema, &name)));
            }
            let foreign = relation.keys.foreign.iter();
            let names = foreign.map(|foreign| keys::foreign_name(&relation.name, foreign));
            keys.extend(names.map(|name| key("constraint", &relation.schema, &name)));
        }
        let first_type = keys.len();
        for relation in &description.relations {
            let names = [relation.name.clone(), format!("_{}", relation.name)];
            keys.extend(names.map(|name| key("type", &relation.schema, &name)));
        }
        let oids = oid::assign(&keys);
        let row_types = oids[first_type..].chunks_exact(2);
        let row_types = row_types.map(|pair| RowType { oid: pair[0], array_oid: pair[1] });
        let (schema_oids, relation_oids) = oids[1..first_index].split_at(description.schemas.len());
        let declared: Vec<(String, String, Keys)> = description
            .relations
            .iter()
            .map(|r| (r.schema.clone(), r.name.clone(), r.keys.clone()))
            .collect();

        let mut schemas = system_schemas();
        for (schema, oid) in description.schemas.into_iter().zip(schema_oids) {
            schemas.push(lake_schema(schema, *oid));
        }
        let schema_oid: HashMap<String, i64> =
            schemas.iter().map(|s| (s.name.clone(), s.oid)).collect();
        let of_lake =
            description.relations.into_iter().zip(relation_oids).zip(row_types).filter_map(
                |((r, oid), row_type)| {
                    // A relation of a schema nobody described cannot be named, so it is not shown.
                    let schema_oid = *schema_oid.get(&r.schema)?;
                    Some(relation(r, *oid, schema_oid, row_type))
                },
            );
        let mut relations: Vec<Relation> = of_lake.collect();
        // Functions that answer rows (kind `f`) are read like relations, but pg_class does not list them.
        relations.extend(definitions::all().iter().filter(|d| d.kind != "f").map(system_relation));
        let mut view = Self {
            database,
            database_oid: oids[0],
            schemas,
            relations: Vec::new(),
            constraints: Vec::new(),
            relation_by_oid: HashMap::new(),
            relation_by_name: HashMap::new(),
            built: Mutex::default(),
        };
        relations.into_iter().for_each(|relation| view.add(relation));
        view.declare(&declared, oids[first_index..first_type].iter().copied());
        view.add_own_indexes();
        view
    }

    fn add_own_indexes(&mut self) {
        for index in indexes::all() {
            if let Some(table) = self.relation(index.table) {
                let relation = index.relation(table);
                self.add(relation);
                self.constraints.extend(index.constraint());
            }
        }
    }

    fn add(&mut self, relation: Relation) {
        let index = self.relations.len();
        self.relation_by_oid.insert(relation.oid, index);
        self.relation_by_name.insert((relation.schema.clone(), relation.name.clone()), index);
        self.relations.push(relation);
    }

    /// Constraints and indexes of declared keys, primary ones first: foreign ones refer to them. A key that
    /// names what is not there is left out.
    fn declare(&mut self, declared: &[(String, String, Keys)], oids: impl Iterator<Item = i64>) {
        let mut oids = oids;
        let mut foreign = Vec::new();
        let mut next = || oids.next().unwrap_or_default();
        for (schema, name, keys) in declared {
            let own = self.relation_named(schema, name).cloned();
            if !keys.primary.is_empty() {
                let (index_oid, oid) = (next(), next());
                let columns = own.as_ref().and_then(|own| keys::numbers(own, &keys.primary));
                if let (Some(own), Some(columns)) = (&own, columns) {
                    self.add_primary(own, columns, index_oid, oid);
                } else {
                    tracing::warn!(
                        schema,
                        table = name,
                        "the declared primary key names no column"
                    );
                }
            }
            foreign.extend(keys.foreign.iter().map(|key| (own.clone(), key, next())));
        }
        for (own, key, oid) in foreign {
            let Some(own) = own else { continue };
            match self.foreign(&own, key, oid) {
                Some(constraint) => self.constraints.push(constraint),
                None => {
                    let (schema, table) = (&own.schema, &own.name);
                    tracing::warn!(schema, table, ?key, "a declared foreign key names no column");
                }
            }
        }
    }

    fn add_primary(&mut self, own: &Relation, columns: Vec<i64>, index_oid: i64, oid: i64) {
        let name = keys::primary_name(&own.name);
        let of = |number: &i64| {
            let index = usize::try_from(number - 1).ok()?;
            own.columns.get(index).map(|c| Column { comment: None, not_null: false, ..c.clone() })
        };
        self.add(Relation {
            oid: index_oid,
            name: name.clone(),
            kind: "i",
            comment: None,
            columns: columns.iter().filter_map(of).collect(),
            bytes: None,
            view_sql: None,
            row_type: None,
            ..own.clone()
        });
        if let Some(index) = self.relation_by_oid.get(&own.oid) {
            for number in &columns {
                let column = usize::try_from(number - 1).ok();
                let columns = &mut self.relations[*index].columns;
                if let Some(column) = column.and_then(|column| columns.get_mut(column)) {
                    column.not_null = true;
                }
            }
        }
        let relation_oid = own.oid;
        let reference = None;
        self.constraints.push(Constraint {
            oid,
            name,
            kind: "p",
            relation_oid,
            columns,
            index_oid,
            reference,
        });
    }

    fn foreign(&self, own: &Relation, key: &ForeignKey, oid: i64) -> Option<Constraint> {
        let columns = keys::numbers(own, &key.columns)?;
        let other = self.relation_named(&key.table.0, &key.table.1)?;
        let primary =
            self.constraints.iter().find(|c| c.relation_oid == other.oid && c.reference.is_none());
        let referenced = match key.referenced.is_empty() {
            true => primary.map(|primary| primary.columns.clone())?,
            false => keys::numbers(other, &key.referenced)?,
        };
        if referenced.len() != columns.len() {
            return None;
        }
        // All columns of the key, in whatever order they are named.
        let sorted = |columns: &[i64]| {
            let mut columns = columns.to_vec();
            columns.sort_unstable();
            columns
        };
        let unique = primary.filter(|primary| sorted(&primary.columns) == sorted(&referenced));
        Some(Constraint {
            oid,
            name: keys::foreign_name(&own.name, key),
            kind: "f",
            relation_oid: own.oid,
            columns,
            index_oid: unique.map_or(0, |unique| unique.index_oid),
            reference: Some(Reference { relation_oid: other.oid, columns: referenced }),
        })
    }

    /// Tables and views: what can be read.
    pub fn readable(&self) -> impl Iterator<Item = &Relation> {
        self.relations.iter().filter(|relation| relation.kind != "i")
    }

    pub fn constraint(&self, oid: i64) -> Option<&Constraint> {
        self.constraints.iter().find(|constraint| constraint.oid == oid)
    }

    /// True for the tables at both ends of a foreign key.
    pub fn has_foreign_key(&self, oid: i64) -> bool {
        let ends = |c: &Constraint| match &c.reference {
            Some(reference) => reference.relation_oid == oid || c.relation_oid == oid,
            None => false,
        };
        self.constraints.iter().any(ends)
    }

    /// All tables of PostgreSQL's own with an index have one that stands for a constraint.
    pub fn has_index(&self, oid: i64) -> bool {
        self.constraints.iter().any(|c| c.relation_oid == oid && c.reference.is_none())
    }

    pub fn relation(&self, oid: i64) -> Option<&Relation> {
        self.relation_by_oid.get(&oid).map(|i| &self.relations[*i])
    }

    pub fn relation_named(&self, schema: &str, name: &str) -> Option<&Relation> {
        let key = (schema.to_string(), name.to_string());
        self.relation_by_name.get(&key).map(|i| &self.relations[*i])
    }

    pub fn schema(&self, oid: i64) -> Option<&Schema> {
        self.schemas.iter().find(|s| s.oid == oid)
    }

    pub fn schema_named(&self, name: &str) -> Option<&Schema> {
        self.schemas.iter().find(|s| s.name == name)
    }

    /// The relation a name without a schema means: pg_catalog first, then the search path.
    pub fn resolve(&self, name: &str, search_path: &[String]) -> Option<&Relation> {
        let path = std::iter::once(PG_CATALOG).chain(search_path.iter().map(String::as_str));
        path.into_iter().find_map(|schema| self.relation_named(schema, name))
    }

    /// True when the name alone finds this relation.
    pub fn is_visible(&self, relation: &Relation, search_path: &[String]) -> bool {
        self.resolve(&relation.name, search_path).is_some_and(|found| found.oid == relation.oid)
    }
}

impl std::fmt::Debug for LakeView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LakeView({}, {} relations)", self.database, self.relations.len())
    }
}

impl Relation {
    pub fn is_system(&self) -> bool {
        self.oid < oid::FIRST
    }

    pub fn is_view(&self) -> bool {
        self.kind == "v"
    }

    pub fn is_table(&self) -> bool {
        self.kind == "r"
    }
}

fn system_schemas() -> Vec<Schema> {
    let of = |oid, name: &str, comment: Option<&str>| Schema {
        oid,
        name: name.to_string(),
        comment: comment.map(str::to_string),
    };
    vec![
        of(11, PG_CATALOG, Some("system catalog schema")),
        of(99, "pg_toast", Some("reserved schema for TOAST tables")),
        of(13_207, INFORMATION_SCHEMA, None),
    ]
}

/// `public` is the same in every database.
fn lake_schema(schema: SchemaDescription, oid: i64) -> Schema {
    let SchemaDescription { name, comment } = schema;
    if name != PUBLIC {
        return Schema { oid, name, comment };
    }
    let comment = comment.or_else(|| Some("standard public schema".to_string()));
    Schema { oid: PUBLIC_OID, name, comment }
}

fn relation(r: RelationDescription, oid: i64, schema_oid: i64, row_type: RowType) -> Relation {
    let columns = r.columns.into_iter().map(|c| Column {
        type_ref: types::of_column(c.pg_type.as_deref(), &c.data_type),
        name: c.name,
        not_null: !c.nullable,
        comment: c.comment,
    });
    let (kind, view_sql) = match r.kind {
        RelationKind::Table => ("r", None),
        RelationKind::View(sql) => ("v", Some(sql)),
    };
    Relation {
        oid,
        schema_oid,
        schema: r.schema,
        name: r.name,
        kind,
        comment: r.comment,
        columns: columns.collect(),
        rows: r.rows,
        bytes: r.bytes,
        view_sql,
        row_type: Some(row_type),
    }
}

fn system_relation(definition: &definitions::Definition) -> Relation {
    let columns = definition.columns.iter().map(|c| Column {
        name: c.name.to_string(),
        type_ref: TypeRef { oid: types::by_name(c.type_name).map_or(25, |t| t.oid), modifier: -1 },
        not_null: c.not_null,
        comment: None,
    });
    Relation {
        oid: definition.oid,
        schema_oid: if definition.schema == PG_CATALOG { 11 } else { 13_207 },
        schema: definition.schema.to_string(),
        name: definition.name.to_string(),
        kind: definition.kind,
        comment: None,
        columns: columns.collect(),
        rows: None,
        bytes: None,
        view_sql: None,
        row_type: None,
    }
}
