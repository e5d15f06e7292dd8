//! Damage to metadata and delete files: errors, never panics, never a long time.

use super::*;

#[test]
fn survives_damaged_metadata() {
    let Some(folder) = folder() else { return };
    for name in ["partition_time", "hive_partitioned_table", "iceberg__lineitem_iceberg_gz_no_hint"]
    {
        let cases = cases(&folder);
        let case = cases.iter().find(|case| case.name.starts_with(name)).expect("a case");
        let source = source(&folder, case);
        let location = source.metadata_location.as_ref().expect("of every case");
        let intact = std::fs::read(folder.join(&case.metadata)).expect("readable");
        let metadata = metadata::parse(&intact, location).expect("intact");
        damage(&intact, |bytes| drop(metadata::parse(bytes, location)));

        let paths = Paths::new(&source.location, &metadata.location);
        let version = metadata.version(&AsOf::Latest).expect("a version");
        let layout = Layout::new(&metadata, &version.columns, paths);
        let snapshot = version.snapshot.expect("a snapshot");
        let list = layout.paths.resolve(snapshot.manifest_list.as_ref().expect("a list"));
        let list = list.expect("a location");
        let read = |location: &Location| {
            std::fs::read(location.local_path().expect("local")).expect("readable")
        };
        let intact = read(&list);
        let manifests = manifest::read_list(&list, &intact).expect("intact");
        for bytes in [&intact, &repack::unpacked(&list, &intact)] {
            assert_eq!(manifest::read_list(&list, bytes).expect("intact"), manifests);
            damage(bytes, |bytes| drop(manifest::read_list(&list, bytes)));
        }
        let manifest = manifests.first().expect("a manifest");
        let location = layout.paths.resolve(&manifest.path).expect("a location");
        let intact = read(&location);
        for bytes in [&intact, &repack::unpacked(&location, &intact)] {
            let join = |part: Part| Index::new(&layout, &[Arc::new(part)]);
            let part = Part::read(&layout, manifest, &location, bytes).expect("intact");
            assert!(!join(part).expect("intact").files.is_empty());
            damage(bytes, |damaged| match Part::read(&layout, manifest, &location, damaged) {
                Ok(part) => {
                    assert_eq!(
                        damaged.len(),
                        bytes.len(),
                        "a cut manifest was taken for a whole one"
                    );
                    let _ = join(part);
                }
                Err(error) => assert!(error.message().contains(".avro"), "{error}"),
            });
        }
    }
}

/// About 600 cuts and 1,200 flipped bits, spread over the bytes. Panics pass through; each takes under 2 s.
pub fn damage(intact: &[u8], read: impl Fn(&[u8])) {
    let timed = |bytes: &[u8]| {
        let start = Instant::now();
        read(bytes);
        assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
    };
    let step = |count: usize| (intact.len() / count).max(1);
    (0..intact.len()).step_by(step(600)).for_each(|end| timed(&intact[..end]));
    let mut bytes = intact.to_vec();
    for at in (0..intact.len()).step_by(step(400)) {
        for bit in [0, 6, 7] {
            bytes[at] ^= 1 << bit;
            timed(&bytes);
            bytes[at] ^= 1 << bit;
        }
    }
}
