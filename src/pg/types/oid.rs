//! Postgres's built-in types: the only ones ever sent, so that no client has to look one up.

/// A type as pg_type has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PgType {
    pub name: &'static str,
    pub oid: u32,
    /// Bytes of a value; -1 when they vary, -2 for NUL-terminated.
    pub len: i16,
    /// The oid of its array type.
    pub array: u32,
}

/// A type, or an array of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub base: &'static PgType,
    pub is_array: bool,
}

impl Kind {
    pub fn oid(self) -> u32 {
        if self.is_array { self.base.array } else { self.base.oid }
    }

    pub fn len(self) -> i16 {
        if self.is_array { -1 } else { self.base.len }
    }

    /// As the catalog has it: `text`, `_text`.
    pub fn catalog_name(self) -> String {
        format!("{}{}", if self.is_array { "_" } else { "" }, self.base.name)
    }

    /// `text`, `text[]`.
    pub fn name(self) -> String {
        format!("{}{}", self.base.name, if self.is_array { "[]" } else { "" })
    }

    pub const fn scalar(base: &'static PgType) -> Self {
        Self { base, is_array: false }
    }

    pub const fn array(base: &'static PgType) -> Self {
        Self { base, is_array: true }
    }

    pub fn of_oid(oid: u32) -> Option<Self> {
        let base = TYPES.iter().find(|base| oid != 0 && (base.oid == oid || base.array == oid))?;
        Some(Self { base, is_array: base.oid != oid })
    }

    /// By name; `_text` and `text[]` are arrays.
    pub fn of_name(name: &str) -> Option<Self> {
        let element = name.strip_suffix("[]").or_else(|| name.strip_prefix('_'));
        let base = |name: &str| TYPES.iter().copied().find(|base| base.name == name);
        match base(name) {
            Some(base) => Some(Self::scalar(base)),
            None => element.and_then(base).map(Self::array),
        }
    }
}

const fn ty(name: &'static str, oid: u32, len: i16, array: u32) -> PgType {
    PgType { name, oid, len, array }
}

pub(crate) static BOOL: PgType = ty("bool", 16, 1, 1000);
pub(crate) static BYTEA: PgType = ty("bytea", 17, -1, 1001);
pub(crate) static CHAR: PgType = ty("char", 18, 1, 1002);
pub(crate) static INT8: PgType = ty("int8", 20, 8, 1016);
pub(crate) static INT2: PgType = ty("int2", 21, 2, 1005);
pub(crate) static INT2VECTOR: PgType = ty("int2vector", 22, -1, 1006);
pub(crate) static INT4: PgType = ty("int4", 23, 4, 1007);
pub(crate) static TEXT: PgType = ty("text", 25, -1, 1009);
pub(crate) static OID: PgType = ty("oid", 26, 4, 1028);
pub(crate) static OIDVECTOR: PgType = ty("oidvector", 30, -1, 1013);
pub(crate) static FLOAT4: PgType = ty("float4", 700, 4, 1021);
pub(crate) static FLOAT8: PgType = ty("float8", 701, 8, 1022);
pub(crate) static DATE: PgType = ty("date", 1082, 4, 1182);
pub(crate) static TIME: PgType = ty("time", 1083, 8, 1183);
pub(crate) static TIMESTAMP: PgType = ty("timestamp", 1114, 8, 1115);
pub(crate) static TIMESTAMPTZ: PgType = ty("timestamptz", 1184, 8, 1185);
pub(crate) static INTERVAL: PgType = ty("interval", 1186, 16, 1187);
pub(crate) static NUMERIC: PgType = ty("numeric", 1700, -1, 1231);
pub(crate) static UUID: PgType = ty("uuid", 2950, 16, 2951);
pub(crate) static JSON: PgType = ty("json", 114, -1, 199);
pub(crate) static JSONB: PgType = ty("jsonb", 3802, -1, 3807);

/// Types a column can be marked with by `pg.type`, or a parameter declared with.
static TYPES: [&PgType; 56] = [
    &BOOL,
    &BYTEA,
    &CHAR,
    &INT8,
    &INT2,
    &INT2VECTOR,
    &INT4,
    &TEXT,
    &OID,
    &OIDVECTOR,
    &FLOAT4,
    &FLOAT8,
    &DATE,
    &TIME,
    &TIMESTAMP,
    &TIMESTAMPTZ,
    &INTERVAL,
    &NUMERIC,
    &UUID,
    &JSON,
    &JSONB,
    &ty("name", 19, 64, 1003),
    &ty("regproc", 24, 4, 1008),
    &ty("tid", 27, 6, 1010),
    &ty("xid", 28, 4, 1011),
    &ty("cid", 29, 4, 1012),
    &ty("xml", 142, -1, 143),
    &ty("pg_node_tree", 194, -1, 0),
    &ty("cidr", 650, -1, 651),
    &ty("unknown", 705, -2, 0),
    &ty("money", 790, 8, 791),
    &ty("macaddr", 829, 6, 1040),
    &ty("inet", 869, -1, 1041),
    &ty("aclitem", 1033, 12, 1034),
    &ty("bpchar", 1042, -1, 1014),
    &ty("varchar", 1043, -1, 1015),
    &ty("timetz", 1266, 12, 1270),
    &ty("bit", 1560, -1, 1561),
    &ty("varbit", 1562, -1, 1563),
    &ty("refcursor", 1790, -1, 2201),
    &ty("regprocedure", 2202, 4, 2207),
    &ty("regoper", 2203, 4, 2208),
    &ty("regoperator", 2204, 4, 2209),
    &ty("regclass", 2205, 4, 2210),
    &ty("regtype", 2206, 4, 2211),
    &ty("cstring", 2275, -2, 1263),
    &ty("anyarray", 2277, -1, 0),
    &ty("void", 2278, 4, 0),
    &ty("pg_lsn", 3220, 8, 3221),
    &ty("tsvector", 3614, -1, 3643),
    &ty("regconfig", 3734, 4, 3735),
    &ty("regdictionary", 3769, 4, 3770),
    &ty("regnamespace", 4089, 4, 4090),
    &ty("regrole", 4096, 4, 4097),
    &ty("regcollation", 4191, 4, 4192),
    &ty("xid8", 5069, 8, 271),
];

/// Types whose values are four-byte object numbers.
pub(crate) fn is_object_number(base: &PgType) -> bool {
    matches!(base.name, "oid" | "xid" | "cid") || base.name.starts_with("reg")
}

/// Types whose values are characters, in text and in binary alike.
pub(crate) fn is_characters(base: &PgType) -> bool {
    matches!(
        base.name,
        "text"
            | "varchar"
            | "bpchar"
            | "name"
            | "unknown"
            | "cstring"
            | "json"
            | "xml"
            | "refcursor"
            | "pg_node_tree"
    )
}

#[cfg(test)]
mod tests {
    use super::{Kind, TYPES};

    #[test]
    fn every_type_is_found_by_name_and_oid() {
        for base in TYPES {
            assert_eq!(Kind::of_name(base.name), Some(Kind::scalar(base)));
            assert_eq!(Kind::of_oid(base.oid), Some(Kind::scalar(base)));
            if base.array != 0 {
                assert_eq!(Kind::of_oid(base.array), Some(Kind::array(base)));
                assert_eq!(Kind::of_name(&format!("{}[]", base.name)), Some(Kind::array(base)));
            }
        }
        assert_eq!(Kind::of_oid(0), None);
    }
}
