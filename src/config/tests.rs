use std::path::PathBuf;

use super::{ByteSize, Config, Overrides, Span, load};

/// Loads one file's text with settings on top; the error as `message | hint`.
fn read(text: &str, settings: &[(&str, &str)]) -> Result<Config, String> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("lakegate.toml");
    std::fs::write(&file, text).expect("write the config");
    let settings = settings.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
    load(&Overrides { file: Some(file), settings })
        .map_err(|e| format!("{} | {}", e.message(), e.hint_text().unwrap_or_default()))
}

fn refusal(text: &str) -> String {
    read(text, &[]).expect_err("refused")
}

#[test]
fn the_sample_holds_the_defaults() {
    let sample = include_str!("../../lakegate.sample.toml");
    assert_eq!(read(sample, &[]).expect("the sample parses"), Config::default());
}

/// Every line of the sample that is commented out must be a key that exists too.
#[test]
fn the_commented_keys_of_the_sample_exist() {
    let sample = include_str!("../../lakegate.sample.toml");
    let live: Vec<&str> =
        sample.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line)).collect();
    let config = read(&live.join("\n"), &[]).expect("its comments parse");
    assert_eq!(config.crawl["sales"].database.as_deref(), Some("sales"));
    assert!(config.limits.memory.is_some() && config.s3.endpoint.is_some());
}

#[test]
fn unknown_keys_are_named_with_the_file_and_the_nearest_key() {
    let error = refusal("[pg]\nlisten_on = \"x\"\n");
    assert!(error.contains("unknown key pg.listen_on in"), "{error}");
    assert!(
        error.contains("lakegate.toml") && error.contains("Did you mean pg.listen?"),
        "{error}"
    );
    let error = refusal("[limts]\nqueue = 1\n");
    assert!(error.contains("unknown key limts") && error.contains("mean limits?"), "{error}");
    let error = refusal("[pg]\nzzz = 1\n");
    assert!(error.contains("Known here: listen, auth"), "{error}");
}

#[test]
fn bad_values_are_explained_without_being_printed() {
    let error = refusal("[s3]\nsecret_access_key = [\"hunter2\"]\n");
    assert!(error.contains("s3.secret_access_key") && error.contains("a quoted text"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    let error = refusal("[s3]\nsecret_access_key = hunter2\n");
    assert!(error.contains("line 2") && !error.contains("hunter2"), "{error}");
    assert!(refusal("[limits]\nmemory = \"lots\"\n").contains("such as \"4GiB\""));
    assert!(refusal("[pg]\nauth = \"md5\"\n").contains("Use one of: trust, scram."));
    assert!(refusal("[pg]\nrequire_tls = true\n").contains("needs a certificate"));
    assert!(refusal("[limits]\nthreads = 0\n").contains("start at 1"));
    assert!(refusal("[crawl.sales]\nprefix = \"x\"\n").contains("needs a key location"));
    let error = load(&Overrides { file: Some(PathBuf::from("absent.toml")), ..Default::default() });
    assert!(error.expect_err("refused").message().contains("absent.toml"));
}

#[test]
fn flags_win_over_the_file() {
    let settings = [("pg.listen", "127.0.0.1:0"), ("limits.queue", "3"), ("lake.roots", "[a,b]")];
    let config = read("[pg]\nlisten = \"0.0.0.0:1\"\n", &settings).expect("valid");
    assert_eq!(config.pg.listen, "127.0.0.1:0");
    assert_eq!((config.limits.queue, config.lake.roots.len()), (3, 2));
}

#[test]
fn secrets_do_not_show() {
    let config = read("[s3]\naccess_key_id = \"AK\"\nsecret_access_key = \"hunter2\"\n", &[]);
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2") && shown.contains("(secret)"), "{shown}");
}

#[test]
fn units() {
    assert_eq!(ByteSize::parse("4GiB"), Some(ByteSize(4 << 30)));
    assert_eq!(ByteSize::parse("10 mb"), Some(ByteSize(10_000_000)));
    assert_eq!(ByteSize::parse("99999999999999TiB"), None);
    assert_eq!(ByteSize::parse("-1"), None);
    assert_eq!(Span::parse("2m"), Some(Span::seconds(120)));
    assert_eq!(Span::parse("7"), Some(Span::seconds(7)));
    assert_eq!(ByteSize(3 << 29).to_string(), "1.5 GiB");
}
