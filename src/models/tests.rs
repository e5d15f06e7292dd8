//! What a model may be, what is refused and where, and the order models are built in.

use std::fs;
use std::path::Path;

use lakegate_base::TableName;

use crate::{Materialized, Model, load, order, parse, select};

const HEADER: &str = "-- description: One row per thing.\n";

fn model(name: &str, text: &str) -> Result<Model, String> {
    let name = TableName::parse(name, "none").expect("a name");
    parse(name, Path::new("m.sql"), text).map_err(|e| {
        assert!(e.hint_text().is_some(), "no next step: {e}");
        e.to_string()
    })
}

fn with_reference(name: &str, references: &[&str]) -> Model {
    let from: Vec<_> = references.iter().map(|r| format!("(select count(*) from {r})")).collect();
    let columns = if from.is_empty() { "1".to_string() } else { from.join(", ") };
    model(name, &format!("{HEADER}select {columns}")).expect("a model")
}

fn names(models: &[Model]) -> String {
    models.iter().map(|m| m.name.to_string()).collect::<Vec<_>>().join(" ")
}

fn references(sql: &str) -> Result<String, String> {
    let found = model("a.b", &format!("{HEADER}{sql}"))?.references;
    Ok(found.iter().map(|n| n.to_string()).collect::<Vec<_>>().join(" "))
}

#[test]
fn reads_a_header_and_cuts_the_statement_out() {
    let text = "-- description: One row per\n--   customer.\n--\n-- materialized: delta\n\
        -- manifest: yes\n-- column Idade: years: whole\n-- method: cosine\n\
        -- primary_key: id\n-- foreign_keys: a -> b.c (d); e -> b.f\n\n\
        with é as (select 'é;' as x) -- why\nselect x from é;\n-- the end\n";
    let model = model("silver.customers", text).expect("a model");
    assert_eq!(model.description, "One row per customer.");
    assert_eq!(model.materialized, Materialized::Delta);
    assert!(model.symlink_manifest);
    assert_eq!(model.columns.get("idade").map(String::as_str), Some("years: whole"));
    assert_eq!(model.method.as_deref(), Some("cosine"));
    assert_eq!(model.primary_key.as_deref(), Some("id"));
    assert_eq!(model.foreign_keys.as_deref(), Some("a -> b.c (d); e -> b.f"));
    assert_eq!(model.sql, "with é as (select 'é;' as x) -- why\nselect x from é");
    assert_eq!(model.sql_line, 11);
}

#[test]
fn refuses_a_bad_header_by_line() {
    let refused = |text: &str| model("a.b", text).expect_err(text);
    assert_eq!(
        refused(&format!("{HEADER}-- materialised: delta\nselect 1")),
        "m.sql:2: unknown header key \"materialised\""
    );
    assert!(refused("select 1").starts_with("m.sql:1: the description must state the grain"));
    assert!(refused("-- description: Customers.\nselect 1").contains("grain"));
    assert!(refused(&format!("{HEADER}-- manifest: yes\nselect 1")).starts_with("m.sql:2: a view"));
    assert!(refused(&format!("{HEADER}-- materialized: table\nselect 1")).contains("m.sql:2: "));
    assert!(refused(&format!("{HEADER}-- column x:\nselect 1")).contains("no value"));
    assert!(
        refused(&format!("{HEADER}{HEADER}select 1")).starts_with("m.sql:2: \"description\" is")
    );
    assert!(refused(&format!("{HEADER}-- some words\nselect 1")).starts_with("m.sql:2: "));
}

#[test]
fn finds_tables_and_not_ctes() {
    let found = |sql: &str| references(sql).expect(sql);
    assert_eq!(
        found("with a as (select * from S.T), b as (select * from a) select * from b"),
        "s.t"
    );
    assert_eq!(
        found("select * from s.t where x in (select x from s.u union select y from s.v)"),
        "s.t s.u s.v"
    );
    assert_eq!(found("with t as (select 1) select * from t join s.t on true"), "s.t");
    assert_eq!(found("select * from s.t, unnest(t.xs) as u(x), generate_series(1, 3)"), "s.t");
    assert_eq!(found("select (select max(x) from \"S\".\"T\") from (select 1) as q"), "s.t");
}

#[test]
fn refuses_other_statements_by_line() {
    let refused = |sql: &str| references(sql).expect_err(sql);
    assert!(refused("select 1\nfrom t").starts_with("m.sql:3: table \"t\" names no database"));
    assert!(refused("select 1\nfrom lake.s.t").starts_with("m.sql:3: \"lake.s.t\" is not"));
    // A CTE is visible in its own query only.
    assert!(
        refused("select * from (with t as (select 1) select * from t) q,\nt")
            .starts_with("m.sql:3")
    );
    assert!(refused("select 1;\nselect 2").contains("one SELECT"));
    assert!(refused("delete from s.t").contains("one SELECT"));
    assert!(
        refused("with d as (delete from s.t returning x) select * from d").contains("only reads")
    );
    assert!(refused("select 1 into s.t").contains("m.sql:2"));
    assert!(refused("select 1\n  frm s.t x y").starts_with("m.sql:3: "));
    assert!(refused("select 'open").starts_with("m.sql:2: "));
    assert!(refused("").contains("no statement"));
}

#[test]
fn long_chains_end_in_an_answer() {
    let terms = |n: usize| references(&format!("select 1{}", " + 1".repeat(n)));
    assert!(terms(9_000).is_ok());
    assert!(terms(11_000).expect_err("too long").contains("more than 20000"));
}

#[test]
fn orders_by_reference_then_by_name() {
    let models = vec![
        with_reference("gold.x", &["silver.b", "silver.a"]),
        with_reference("silver.b", &["landing.b"]),
        with_reference("silver.a", &["silver.b"]),
        with_reference("alpha.last", &["gold.x"]),
        with_reference("beta.free", &[]),
    ];
    let ordered = order(models).expect("no cycle");
    assert_eq!(names(&ordered), "beta.free silver.b silver.a gold.x alpha.last");
}

#[test]
fn prints_a_cycle() {
    let models = vec![
        with_reference("a.start", &["b.one"]),
        with_reference("b.one", &["b.two"]),
        with_reference("b.two", &["b.one"]),
    ];
    let error = order(models).expect_err("a cycle").to_string();
    assert!(error.ends_with("b.one → b.two → b.one"), "{error}");
    let own = order(vec![with_reference("a.me", &["a.me"])]).expect_err("a cycle").to_string();
    assert!(own.ends_with("a.me → a.me"), "{own}");
}

#[test]
fn selects_by_table_database_and_upstream() {
    let models = order(vec![
        with_reference("bronze.c", &["landing.c"]),
        with_reference("silver.c", &["bronze.c"]),
        with_reference("gold.c", &["silver.c"]),
        with_reference("gold.d", &[]),
    ])
    .expect("no cycle");
    let chosen = |args: &[&str]| {
        let args: Vec<String> = args.iter().map(|a| a.to_string()).collect();
        select(&models, &args)
            .map(|m| names(&m))
            .map_err(|e| e.hint_text().unwrap_or("").to_string())
    };
    assert_eq!(chosen(&[]).expect("all"), "bronze.c gold.d silver.c gold.c");
    assert_eq!(chosen(&["GOLD"]).expect("a database"), "gold.d gold.c");
    assert_eq!(chosen(&["+gold.c"]).expect("upstream"), "bronze.c silver.c gold.c");
    assert_eq!(chosen(&["silver.c", "gold.d"]).expect("two"), "gold.d silver.c");
    assert_eq!(chosen(&["d"]).expect_err("unknown"), "Did you mean gold.d?");
}

#[test]
fn loads_a_folder() {
    let dir = tempfile::tempdir().expect("a directory");
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    let failure = || load(dir.path()).expect_err("refused").to_string();
    write("silver/customers.sql", &format!("{HEADER}select 1 as x"));
    write("silver/_draft.sql", "nothing yet");
    write("silver/README.md", "words");
    write("bronze/customers.sql", &format!("{HEADER}select 2 as x;"));
    let models = load(dir.path()).expect("two models");
    assert_eq!(names(&models), "bronze.customers silver.customers");

    write("loose.sql", "select 1");
    assert!(failure().contains("loose.sql: a model needs a database"));
    fs::remove_file(dir.path().join("loose.sql")).expect("removed");
    write("silver/Über.sql", "select 1");
    assert!(failure().contains("not a model's file name"));
    fs::remove_file(dir.path().join("silver/Über.sql")).expect("removed");
    write("silver/long.sql", &"-".repeat((1 << 20) + 1));
    assert!(failure().contains("longer than"));
    assert!(load(&dir.path().join("absent")).is_err());
}

#[test]
fn loads_and_orders_the_models_of_this_project() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sql");
    let models = order(load(&dir).expect("every model is well formed")).expect("no cycle");
    let place = |name: &str| models.iter().position(|m| m.name.to_string() == name).expect(name);
    assert!(place("bronze.customers") < place("silver.customers"));
    assert!(place("silver.customers") < place("gold.customers_credit_music"));
    assert!(place("recommend.ranked_items") < place("recommend.recommendations"));
    assert!(models.iter().filter(|m| m.symlink_manifest).count() >= 3);
    // Whatever is read and is no model must be landed by the demo.
    let landed = ["landing.credit_score", "landing.customers", "landing.music", "landing.visits"];
    for reference in models.iter().flat_map(|m| &m.references) {
        let name = reference.to_string();
        let known = landed.contains(&name.as_str()) || models.iter().any(|m| m.name == *reference);
        assert!(known, "{name} is neither landed nor built");
    }
}
