//! The indexes that PostgreSQL has on its own catalogs, for tools that list them. Nothing here is looked up
//! in one.

use std::sync::LazyLock;

use super::keys::Constraint;
use super::lake::{Column, Relation};
use super::types;

const INDEXES: &str = include_str!("data/indexes.tsv");

/// One index, as `data/indexes.tsv` has it.
#[derive(Debug)]
pub struct OwnIndex {
    pub oid: i64,
    name: &'static str,
    pub table: i64,
    pub is_unique: bool,
    pub is_primary: bool,
    /// Numbers of columns, from 1.
    pub columns: Vec<i64>,
    pub classes: Vec<i64>,
    pub collations: Vec<i64>,
    /// Zero for an index that no constraint stands for.
    constraint: i64,
}

static ALL: LazyLock<Vec<OwnIndex>> =
    LazyLock::new(|| types::data_lines(INDEXES).filter_map(|fields| parse(&fields)).collect());

pub fn all() -> &'static [OwnIndex] {
    &ALL
}

fn parse(fields: &[&'static str]) -> Option<OwnIndex> {
    let [oid, name, table, unique, primary, columns, classes, collations, constraint] = fields
    else {
        return None;
    };
    let numbers = |text: &str| text.split(' ').map(str::parse).collect::<Result<Vec<i64>, _>>();
    Some(OwnIndex {
        oid: oid.parse().ok()?,
        name,
        table: table.parse().ok()?,
        is_unique: *unique == "t",
        is_primary: *primary == "t",
        columns: numbers(columns).ok()?,
        classes: numbers(classes).ok()?,
        collations: numbers(collations).ok()?,
        constraint: constraint.parse().ok()?,
    })
}

impl OwnIndex {
    /// As pg_class lists it.
    pub fn relation(&self, table: &Relation) -> Relation {
        let of = |number: &i64| {
            let index = usize::try_from(number - 1).ok()?;
            table.columns.get(index).map(|c| Column { not_null: false, ..c.clone() })
        };
        Relation {
            oid: self.oid,
            name: self.name.to_string(),
            kind: "i",
            columns: self.columns.iter().filter_map(of).collect(),
            ..table.clone()
        }
    }

    pub fn constraint(&self) -> Option<Constraint> {
        (self.constraint != 0).then(|| Constraint {
            oid: self.constraint,
            name: self.name.to_string(),
            kind: if self.is_primary { "p" } else { "u" },
            relation_oid: self.table,
            columns: self.columns.clone(),
            index_oid: self.oid,
            reference: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::definitions;

    #[test]
    fn reads_the_whole_file_and_finds_the_tables() {
        let lines = super::INDEXES.lines().filter(|l| !l.starts_with('#')).count();
        assert_eq!(super::all().len(), lines);
        for index in super::all() {
            let table = definitions::all().iter().find(|d| d.oid == index.table);
            let columns = table.map_or(0, |table| table.columns.len());
            let known = |n: &i64| usize::try_from(*n).is_ok_and(|n| (1..=columns).contains(&n));
            assert!(index.columns.iter().all(known), "{}", index.name);
        }
    }
}
