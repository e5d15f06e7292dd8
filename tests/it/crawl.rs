//! Crawls by the executable: what they find, plan and leave alone.

use crate::lake;
use crate::server::{rows, run};

#[test]
fn a_crawl_finds_every_format_once() {
    let directory = lake::directory_with_lake();
    let path = directory.path();
    let crawl = ["crawl", "files", "--database", "files"];
    let plan = run(path, &[&crawl[..], &["--plan"]].concat()).success();
    for table in ["files.orders", "files.items", "files.events"] {
        assert!(plan.contains(table), "{plan}");
    }
    let listed = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'files' \
                  ORDER BY 1";
    assert!(rows(path, listed).is_empty(), "a plan changes nothing");

    run(path, &crawl).success();
    assert_eq!(rows(path, listed), ["events", "items", "orders"]);
    let open = ["--set", "lake.roots=[files]"];
    for (sql, expected) in lake::ANSWERS {
        let arguments = [&["sql", "--format", "csv", "-c", sql][..], &open[..]].concat();
        let csv = run(path, &arguments).success();
        assert_eq!(csv.lines().skip(1).collect::<Vec<_>>(), expected, "{sql}");
    }
    let again = run(path, &crawl).success();
    assert!(again.contains("unchanged"), "a second crawl changes nothing: {again}");
}

#[test]
fn a_crawled_place_outside_the_roots_is_refused_with_the_setting_to_change() {
    let directory = lake::directory_with_lake();
    let path = directory.path();
    run(path, &["crawl", "files", "--database", "files"]).success();
    let ended = run(path, &["sql", "-c", "select * from files.items"]);
    ended.failure(1, &["hint: ", "roots"]);
}

#[test]
fn crawls_of_the_settings_run_by_name() {
    let directory = lake::directory_with_lake();
    let path = directory.path();
    let settings = "[crawl.shop]\nlocation = \"files\"\nprefix = \"raw_\"\n";
    lake::write_text(&path.join("lakegate.toml"), settings);
    run(path, &["crawl", "shop"]).success();
    assert_eq!(rows(path, "SELECT count(*) FROM shop.raw_items"), ["3"]);
    run(path, &["crawl", "shp"]).failure(1, &["shp", "shop"]);
}
