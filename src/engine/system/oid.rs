//! Object identifiers that are the same in every session, process and replica: a hash of what names the
//! object, above the range Postgres keeps for its own.

use std::collections::BTreeSet;

/// The first OID that a user's object may have.
pub const FIRST: i64 = 16_384;

/// What identifies an object: kind, database, schema, name.
pub type Key = [String; 4];

/// One OID per key, in the order of the keys given. A collision moves the greater key to the next free
/// number, so the answer depends on the set of keys alone.
pub fn assign(keys: &[Key]) -> Vec<i64> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| keys[*a].cmp(&keys[*b]));
    let mut taken = BTreeSet::new();
    let mut oids = vec![0; keys.len()];
    for index in order {
        let mut oid = hash(&keys[index]);
        while !taken.insert(oid) {
            oid = if oid >= i64::from(i32::MAX) { FIRST } else { oid + 1 };
        }
        oids[index] = oid;
    }
    oids
}

/// FNV-1a, folded into FIRST..=i32::MAX: clients that read an OID as a signed number stay right.
fn hash(key: &Key) -> i64 {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    for part in key {
        for byte in part.bytes().chain([0]) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    let span = u64::from(u32::MAX >> 1) - FIRST.unsigned_abs() + 1;
    FIRST + i64::try_from((state ^ (state >> 29)) % span).expect("a remainder below 2^31")
}

#[cfg(test)]
mod tests {
    use super::{FIRST, assign};

    fn key(name: &str) -> [String; 4] {
        ["relation", "lake", "sales", name].map(str::to_string)
    }

    #[test]
    fn does_not_depend_on_order_or_neighbours() {
        let both = assign(&[key("orders"), key("customers")]);
        let turned = assign(&[key("customers"), key("orders")]);
        assert_eq!(both, [turned[1], turned[0]]);
        assert_eq!(assign(&[key("orders")])[0], both[0]);
        assert!(both.iter().all(|oid| *oid >= FIRST && i32::try_from(*oid).is_ok()));
    }

    #[test]
    fn collisions_get_different_numbers() {
        let oids = assign(&[key("orders"), key("orders")]);
        assert_eq!(oids[1], oids[0] + 1);
    }
}
