//! What statements cost: Athena bills the bytes they read, in whole megabytes and at least ten of them.
//! Megabytes and terabytes are decimal here: with AWS's own, whichever it means, nothing gets dearer.

const MEGABYTE: u64 = 1_000_000;
const MEGABYTES_MIN: u64 = 10;
const MEGABYTES_PER_TERABYTE: f64 = 1e6;

/// What a statement costs that reads so many bytes and comes to an end.
#[expect(clippy::cast_precision_loss, reason = "megabytes are far below 2^52")]
pub(crate) fn dollars(bytes: u64, per_terabyte: f64) -> f64 {
    let megabytes = bytes.div_ceil(MEGABYTE).max(MEGABYTES_MIN);
    megabytes as f64 * per_terabyte / MEGABYTES_PER_TERABYTE
}

/// `at most 1.2 GB, about $0.0060`.
pub(crate) fn text(bytes: Option<u64>, per_terabyte: f64) -> String {
    match bytes {
        Some(count) => {
            let cost = amount(dollars(count, per_terabyte));
            format!("at most {}, about {cost}", size(count))
        }
        None => "an unknown number of bytes".to_string(),
    }
}

/// Two digits that say something, and never fewer than two decimals.
pub(crate) fn amount(dollars: f64) -> String {
    let mut decimals = 2;
    let mut scaled = dollars * 10.0;
    while dollars > 0.0 && scaled < 0.9999 && decimals < 8 {
        scaled *= 10.0;
        decimals += 1;
    }
    format!("${dollars:.decimals$}")
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
pub(crate) fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB"];
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in units {
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_billed_in_whole_megabytes_and_at_least_ten() {
        assert_eq!(dollars(0, 5.0), dollars(10_000_000, 5.0));
        assert!((dollars(10_000_001, 5.0) - 0.000_055).abs() < 1e-12);
        assert!((dollars(1_000_000_000_000, 5.0) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn people_read_sizes_and_dollars() {
        assert_eq!(text(Some(1_200_000_000), 5.0), "at most 1.2 GB, about $0.0060");
        assert_eq!(text(Some(0), 5.0), "at most 0 B, about $0.000050");
        assert_eq!(text(Some(3_000_000_000_000), 5.0), "at most 3.0 TB, about $15.00");
        assert_eq!(text(None, 5.0), "an unknown number of bytes");
        assert_eq!(amount(0.1), "$0.10");
    }
}
