//! The rows of pg_catalog that are the same in every lake: types, functions, languages.

use arrow::array::RecordBatch;
use datafusion::error::Result;

use super::columns::Columns;
use super::definitions::Definition;
use super::types::{self, PgType};
use super::{LakeView, OWNER_OID, Relation, RowType};

const KEYWORDS: &str = include_str!("data/keywords.tsv");
const FUNCTIONS: &str = include_str!("data/functions.tsv");
const DESCRIPTIONS: &str = include_str!("data/descriptions.tsv");

/// Names a function in a regproc column; zero for none.
const NO_FUNCTION: i64 = 0;

/// One row of pg_proc, as `data/functions.tsv` has it.
#[derive(Debug)]
pub struct PgFunction {
    pub oid: i64,
    pub name: &'static str,
    pub kind: &'static str,
    pub returns_set: bool,
    pub volatility: &'static str,
    pub strict: bool,
    pub result: i64,
    pub arguments: Vec<i64>,
}

static ALL: std::sync::LazyLock<Vec<PgFunction>> =
    std::sync::LazyLock::new(|| types::data_lines(FUNCTIONS).filter_map(|f| parse(&f)).collect());

pub fn functions() -> &'static [PgFunction] {
    &ALL
}

fn parse(fields: &[&'static str]) -> Option<PgFunction> {
    let [oid, name, kind, set, volatility, strict, result, arguments] = fields else { return None };
    Some(PgFunction {
        oid: oid.parse().ok()?,
        name,
        kind,
        returns_set: *set == "t",
        volatility,
        strict: *strict == "t",
        result: result.parse().ok()?,
        arguments: arguments.split_whitespace().filter_map(|a| a.parse().ok()).collect(),
    })
}

/// What is said of an object of PostgreSQL's own.
#[derive(Debug)]
pub struct Description {
    /// The OID of the catalog that the object is a row of.
    pub catalog: i64,
    pub object: i64,
    pub text: &'static str,
}

static DESCRIBED: std::sync::LazyLock<Vec<Description>> = std::sync::LazyLock::new(|| {
    let described = |fields: Vec<&'static str>| {
        let [catalog, object, text] = fields[..] else { return None };
        Some(Description { catalog: catalog.parse().ok()?, object: object.parse().ok()?, text })
    };
    types::data_lines(DESCRIPTIONS).filter_map(described).collect()
});

pub fn descriptions() -> &'static [Description] {
    &DESCRIBED
}

/// By name; overloads share it, then the first one answers.
pub fn function_named(name: &str) -> Option<&'static PgFunction> {
    functions().iter().find(|f| f.name == name)
}

pub fn function(oid: i64) -> Option<&'static PgFunction> {
    functions().iter().find(|f| f.oid == oid)
}

/// One row of pg_type: a type of Postgres' own, the rows of a relation, or arrays of those.
enum TypeRow<'a> {
    BuiltIn(&'a PgType),
    Rows(&'a Relation, RowType),
    RowArrays(&'a Relation, RowType),
}

impl TypeRow<'_> {
    fn built_in<T>(&self, value: impl Fn(&PgType) -> T, otherwise: T) -> T {
        match self {
            Self::BuiltIn(t) => value(t),
            Self::Rows(..) | Self::RowArrays(..) => otherwise,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::BuiltIn(t) => t.name.to_string(),
            Self::Rows(relation, _) => relation.name.clone(),
            Self::RowArrays(relation, _) => format!("_{}", relation.name),
        }
    }

    fn oid(&self) -> i64 {
        match self {
            Self::BuiltIn(t) => t.oid,
            Self::Rows(_, row) => row.oid,
            Self::RowArrays(_, row) => row.array_oid,
        }
    }

    fn category(&self) -> &'static str {
        match self {
            Self::BuiltIn(t) => t.category,
            Self::Rows(..) => "C",
            Self::RowArrays(..) => "A",
        }
    }

    /// The functions that `data/types.tsv` has in this place.
    fn function(&self, place: usize) -> i64 {
        const ROWS: [&str; 7] =
            ["-", "record_in", "record_out", "record_recv", "record_send", "-", "-"];
        const ARRAYS: [&str; 7] = [
            "array_subscript_handler",
            "array_in",
            "array_out",
            "array_recv",
            "array_send",
            "-",
            "-",
        ];
        let name = match self {
            Self::BuiltIn(t) => t.functions[place],
            Self::Rows(..) => ROWS[place],
            Self::RowArrays(..) => ARRAYS[place],
        };
        function_named(name).map_or(NO_FUNCTION, |f| f.oid)
    }
}

impl TypeRow<'_> {
    /// How PostgreSQL counts values of this type. The two vectors are no true arrays to it.
    fn analyze(&self) -> i64 {
        let name = match self {
            Self::RowArrays(..) => "array_typanalyze",
            Self::Rows(..) => "-",
            Self::BuiltIn(t) => match (t.kind, t.name) {
                (_, "int2vector" | "oidvector") => "-",
                (_, "tsvector") => "ts_typanalyze",
                ("r", _) => "range_typanalyze",
                ("m", _) => "multirange_typanalyze",
                _ if t.functions[0] == "array_subscript_handler" => "array_typanalyze",
                _ => "-",
            },
        };
        function_named(name).map_or(NO_FUNCTION, |f| f.oid)
    }
}

pub fn pg_type(lake: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let mut rows: Vec<TypeRow<'_>> = types::all().iter().map(TypeRow::BuiltIn).collect();
    for relation in &lake.relations {
        if let Some(row) = relation.row_type {
            rows.extend([TypeRow::Rows(relation, row), TypeRow::RowArrays(relation, row)]);
        }
    }
    let schema = |t: &TypeRow<'_>| match t {
        TypeRow::BuiltIn(_) => 11,
        TypeRow::Rows(relation, _) | TypeRow::RowArrays(relation, _) => relation.schema_oid,
    };
    Columns::of(&rows)
        .number("oid", TypeRow::oid)
        .text("typname", TypeRow::name)
        .number("typnamespace", schema)
        .number("typowner", |_| OWNER_OID)
        .number("typlen", |t| t.built_in(|t| t.length, -1))
        .flag("typbyval", |t| t.built_in(|t| t.by_value, false))
        .text("typtype", |t| match t {
            TypeRow::BuiltIn(t) => t.kind,
            TypeRow::Rows(..) => "c",
            TypeRow::RowArrays(..) => "b",
        })
        .text("typcategory", TypeRow::category)
        .flag("typispreferred", |t| t.built_in(|t| t.preferred, false))
        .flag("typisdefined", |_| true)
        .text("typdelim", |t| t.built_in(|t| t.delimiter, ","))
        .number("typrelid", |t| match t {
            TypeRow::Rows(relation, _) => relation.oid,
            _ => 0,
        })
        .number("typsubscript", |t| t.function(0))
        .number("typelem", |t| match t {
            TypeRow::RowArrays(_, row) => row.oid,
            other => other.built_in(|t| t.element, 0),
        })
        .number("typarray", |t| match t {
            TypeRow::Rows(_, row) => row.array_oid,
            other => other.built_in(|t| t.array, 0),
        })
        .number("typinput", |t| t.function(1))
        .number("typoutput", |t| t.function(2))
        .number("typreceive", |t| t.function(3))
        .number("typsend", |t| t.function(4))
        .number("typmodin", |t| t.function(5))
        .number("typmodout", |t| t.function(6))
        .number("typanalyze", TypeRow::analyze)
        .text("typalign", |t| t.built_in(|t| t.align, "d"))
        .text("typstorage", |t| t.built_in(|t| t.storage, "x"))
        .number("typtypmod", |_| -1)
        .number("typcollation", |t| t.built_in(|t| t.collation, 0))
        .finish(definition)
}

pub fn pg_proc(_: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    Columns::of(functions())
        .number("oid", |f| f.oid)
        .text("proname", |f| f.name)
        .number("pronamespace", |_| 11)
        .number("proowner", |_| OWNER_OID)
        .number("prolang", |_| 12)
        .float("procost", |_| 1.0)
        .text("prokind", |f| f.kind)
        .flag("proisstrict", |f| f.strict)
        .flag("proretset", |f| f.returns_set)
        .text("provolatile", |f| f.volatility)
        .text("proparallel", |_| "s")
        .number("pronargs", |f| i64::try_from(f.arguments.len()).unwrap_or(i64::MAX))
        .number("prorettype", |f| f.result)
        .numbers("proargtypes", |f| f.arguments.clone())
        .text("prosrc", |f| f.name)
        .finish(definition)
}

/// OID, name, kind and the function that answers for it.
const ACCESS_METHODS: [(i64, &str, &str, &str); 7] = [
    (2, "heap", "t", "heap_tableam_handler"),
    (403, "btree", "i", "bthandler"),
    (405, "hash", "i", "hashhandler"),
    (783, "gist", "i", "gisthandler"),
    (2742, "gin", "i", "ginhandler"),
    (3580, "brin", "i", "brinhandler"),
    (4000, "spgist", "i", "spghandler"),
];

pub fn pg_am(_: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    Columns::of(&ACCESS_METHODS)
        .number("oid", |a| a.0)
        .text("amname", |a| a.1)
        .text("amtype", |a| a.2)
        .number("amhandler", |a| function_named(a.3).map_or(NO_FUNCTION, |f| f.oid))
        .finish(definition)
}

/// OID, name, provider, encoding and the name the C library has for it.
const COLLATIONS: [(i64, &str, &str, i64, Option<&str>); 5] = [
    (100, "default", "d", -1, None),
    (950, "C", "c", -1, Some("C")),
    (951, "POSIX", "c", -1, Some("POSIX")),
    (12_340, "ucs_basic", "c", 6, Some("C")),
    (12_341, "C.utf8", "c", 6, Some("C.utf8")),
];

pub fn collation_named(name: &str) -> Option<i64> {
    COLLATIONS.iter().find(|c| c.1 == name).map(|c| c.0)
}

pub fn collation(oid: i64) -> Option<&'static str> {
    COLLATIONS.iter().find(|c| c.0 == oid).map(|c| c.1)
}

pub fn pg_collation(_: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    Columns::of(&COLLATIONS)
        .number("oid", |c| c.0)
        .text("collname", |c| c.1)
        .number("collnamespace", |_| 11)
        .number("collowner", |_| OWNER_OID)
        .text("collprovider", |c| c.2)
        .flag("collisdeterministic", |_| true)
        .number("collencoding", |c| c.3)
        .maybe_text("collcollate", |c| c.4)
        .maybe_text("collctype", |c| c.4)
        .finish(definition)
}

/// Type, its subtype, its multirange, and the collation and operator class of the subtype.
const RANGES: [(i64, i64, i64, i64, i64); 6] = [
    (3904, 23, 4451, 0, 1978),
    (3906, 1700, 4532, 0, 3125),
    (3908, 1114, 4533, 0, 3128),
    (3910, 1184, 4534, 0, 3127),
    (3912, 1082, 4535, 0, 3122),
    (3926, 20, 4536, 0, 3124),
];

pub fn pg_range(_: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    Columns::of(&RANGES)
        .number("rngtypid", |r| r.0)
        .number("rngsubtype", |r| r.1)
        .number("rngmultitypid", |r| r.2)
        .number("rngcollation", |r| r.3)
        .number("rngsubopc", |r| r.4)
        .finish(definition)
}

/// OID, name, trusted and the function that validates what is written in it.
const LANGUAGES: [(i64, &str, bool, i64); 3] =
    [(12, "internal", false, 2246), (13, "c", false, 2247), (14, "sql", true, 2248)];

pub fn pg_language(_: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    Columns::of(&LANGUAGES)
        .number("oid", |l| l.0)
        .text("lanname", |l| l.1)
        .number("lanowner", |_| OWNER_OID)
        .flag("lanpltrusted", |l| l.2)
        .number("lanvalidator", |l| l.3)
        .finish(definition)
}

pub fn pg_tablespace(_: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    Columns::of(&[(1663, "pg_default"), (1664, "pg_global")])
        .number("oid", |s| s.0)
        .text("spcname", |s| s.1)
        .number("spcowner", |_| OWNER_OID)
        .finish(definition)
}

/// In the order of the alphabet, as PostgreSQL lists them.
pub fn keywords(_: &LakeView, definition: &Definition) -> Result<RecordBatch> {
    let of = |fields: Vec<&'static str>| {
        let [category, bare, what, label, words] = fields[..] else { return vec![] };
        words.split(' ').map(|word| (word, category, bare == "t", what, label)).collect::<Vec<_>>()
    };
    let mut words: Vec<_> = types::data_lines(KEYWORDS).flat_map(of).collect();
    words.sort_unstable();
    Columns::of(&words)
        .text("word", |w| w.0)
        .text("catcode", |w| w.1)
        .flag("barelabel", |w| w.2)
        .text("catdesc", |w| w.3)
        .text("baredesc", |w| w.4)
        .finish(definition)
}
