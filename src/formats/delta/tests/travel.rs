//! Old versions by number and by time, and the history that names them.

use std::fs::File;
use std::time::{Duration, SystemTime};

use lakegate_base::{Error, ErrorKind};
use serde_json::json;

use super::hostile::{PROTOCOL, Table, metadata, plain};
use super::{place, source, stores};
use crate::delta::{history, open_as_of};
use crate::{AsOf, Revision, TableSnapshot};

fn info(operation: &str, time_ms: Option<i64>) -> String {
    let mut info = json!({"commitInfo": {
        "timestamp": 1, "operation": operation, "operationParameters": {"mode": "Append", "n": 7},
        "operationMetrics": {"numFiles": "1"}, "engineInfo": "Other/1.0",
    }});
    if let Some(time_ms) = time_ms {
        info["commitInfo"]["inCommitTimestamp"] = json!(time_ms);
    }
    info.to_string()
}

/// Versions 0 to 3, each with one file more.
fn four(head: [String; 2], times_ms: [Option<i64>; 4]) -> Table {
    let commits: Vec<Vec<String>> = (0..4)
        .map(|version| {
            let head = if version == 0 { head.to_vec() } else { vec![] };
            let file = plain(&format!("f{version}"));
            [vec![info(&format!("OP{version}"), times_ms[version])], head, vec![file]].concat()
        })
        .collect();
    Table::new(&commits.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn plain_head() -> [String; 2] {
    [PROTOCOL.to_string(), metadata(&[("n", "long")], &[])]
}

fn set_time_ms(table: &Table, version: usize, time_ms: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(time_ms);
    let file = File::options().write(true).open(table.commit(version)).expect("a commit");
    file.set_modified(time).expect("set");
}

async fn open(table: &Table, as_of: AsOf) -> Result<TableSnapshot, Error> {
    let location = place(&table.folder.path().join("t"));
    open_as_of(&stores(table.folder.path()), &source(&location), &as_of).await
}

async fn revisions(table: &Table) -> Vec<Revision> {
    let location = place(&table.folder.path().join("t"));
    history(&stores(table.folder.path()), &source(&location)).await.expect("a history")
}

/// Each time in milliseconds means this version; none: there was no table yet.
async fn check_times(table: &Table, expected: &[(i64, Option<&str>)]) {
    for (time_ms, version) in expected {
        // Any part of a millisecond later is the same version.
        for micros in [time_ms * 1000, time_ms * 1000 + 999] {
            let opened = open(table, AsOf::Timestamp(micros)).await;
            match version {
                Some(version) => {
                    assert_eq!(opened.expect("it was there").version, *version, "{micros}")
                }
                None => assert!(opened.expect_err("too old").is_not_found(), "{micros}"),
            }
        }
    }
}

#[tokio::test]
async fn a_version_is_asked_for_by_number() {
    let table = four(plain_head(), [None; 4]);
    for version in 0..4u8 {
        let snapshot = open(&table, AsOf::Version(version.into())).await.expect("it is there");
        assert_eq!(snapshot.version, version.to_string());
        assert_eq!(snapshot.files.len(), usize::from(version) + 1);
    }
    for version in [-1, 4, i64::MAX, i64::MIN] {
        let error = open(&table, AsOf::Version(version)).await.expect_err("no such version");
        assert!(error.is_not_found(), "{error}");
        assert_eq!(error.hint_text(), Some("Its versions go from 0 to 3."));
    }
    let error = open(&table, AsOf::Reference("main".into())).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("Delta has no branches or tags"), "{error}");
    assert!(open(&Table::new(&[]), AsOf::Version(0)).await.expect_err("no table").is_not_found());
}

#[tokio::test]
async fn file_times_count_and_always_rise() {
    let table = four(plain_head(), [None; 4]);
    // Version 2 was copied by a clock that went back: it counts as one millisecond after version 1.
    for (version, time_ms) in [(0, 1_000), (1, 5_000), (2, 2_000), (3, 9_000)] {
        set_time_ms(&table, version, time_ms);
    }
    let expected = [
        (999, None),
        (1_000, Some("0")),
        (4_999, Some("0")),
        (5_000, Some("1")),
        (5_001, Some("2")),
        (8_999, Some("2")),
        (9_000, Some("3")),
        (1_000_000_000, Some("3")),
        (-5, None),
    ];
    check_times(&table, &expected).await;
    let error = open(&table, AsOf::Timestamp(0)).await.expect_err("too old");
    assert!(error.to_string().contains("1970-01-01T00:00:00.000Z"), "{error}");
    let history = revisions(&table).await;
    let told: Vec<(i64, Option<i64>)> = history.iter().map(|r| (r.version, r.committed)).collect();
    let times = [(3, 9_000), (2, 5_001), (1, 5_000), (0, 1_000)];
    assert_eq!(told, times.map(|(version, ms)| (version, Some(ms * 1000))));
    // A revision's own time leads back to it.
    for revision in &history {
        let time = revision.committed.expect("just seen");
        let snapshot = open(&table, AsOf::Timestamp(time)).await.expect("it is there");
        assert_eq!(snapshot.version, revision.version.to_string());
    }
}

#[tokio::test]
async fn commits_that_tell_their_time_are_believed_from_then_on() {
    let protocol = json!({"protocol": {
        "minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["inCommitTimestamp"],
    }});
    let mut head = [protocol.to_string(), metadata(&[("n", "long")], &[])];
    let enabled = r#""configuration":{"delta.enableInCommitTimestamps":"true"}"#;
    head[1] = head[1].replace(r#""configuration":{}"#, enabled);
    let times = [Some(100), Some(200), Some(300), Some(400)];
    let always = four(head.clone(), times);
    (0..4).for_each(|version| set_time_ms(&always, version, 77));
    let expected =
        [(99, None), (100, Some("0")), (299, Some("1")), (300, Some("2")), (900, Some("3"))];
    check_times(&always, &expected).await;
    let committed: Vec<_> = revisions(&always).await.iter().map(|r| r.committed).collect();
    assert_eq!(committed, [400_000, 300_000, 200_000, 100_000].map(Some));

    let since = r#""true","delta.inCommitTimestampEnablementVersion":"2","delta.inCommitTimestampEnablementTimestamp":"300"}"#;
    head[1] = head[1].replace(r#""true"}"#, since);
    let later = four(head, [None, None, Some(300), Some(400)]);
    for (version, time_ms) in [(0, 10), (1, 20), (2, 7_000), (3, 8_000)] {
        set_time_ms(&later, version, time_ms);
    }
    let expected = [
        (9, None),
        (19, Some("0")),
        (299, Some("1")),
        (300, Some("2")),
        (399, Some("2")),
        (400, Some("3")),
    ];
    check_times(&later, &expected).await;
}

#[tokio::test]
async fn the_history_is_what_commits_say() {
    let table = four(plain_head(), [None; 4]);
    // As some writers do: what the commit says stands last, behind more than is read at once.
    let filler: Vec<String> = (0..2000).map(|n| plain(&format!("long/{n}"))).collect();
    let lines = [filler, vec![info("LATE", None)]].concat().join("\n");
    std::fs::write(table.commit(2), lines).expect("written");
    std::fs::write(table.commit(1), "{\"commitInfo\":").expect("written");
    let history = revisions(&table).await;
    let told: Vec<_> =
        history.iter().map(|r| (r.version, r.parent, r.operation.as_deref())).collect();
    let expected = [
        (3, Some(2), Some("OP3")),
        (2, Some(1), Some("LATE")),
        (1, Some(0), None),
        (0, None, Some("OP0")),
    ];
    assert_eq!(told, expected);
    let summary: Vec<_> =
        history[0].summary.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let expected = [("engineInfo", "Other/1.0"), ("mode", "Append"), ("n", "7"), ("numFiles", "1")];
    assert_eq!(summary, expected);
    assert!(history.iter().all(|r| r.is_current_ancestor && r.manifest_list.is_none()));
}
