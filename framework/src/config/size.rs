//! Sizes as people write them. Takes: `64 KiB`, `1 MB` or a number of bytes. Emits: the largest unit in which
//! the size is a whole number, so that nothing is rounded.

use bytesize::ByteSize;
use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

const UNITS: [(usize, &str); 4] = [(1024 * 1024, "MiB"), (1_000_000, "MB"), (1024, "KiB"), (1_000, "kB")];

pub(super) fn serialize<S: Serializer>(bytes: &usize, serializer: S) -> Result<S::Ok, S::Error> {
    match UNITS.iter().find(|(unit, _)| *bytes > 0 && bytes.is_multiple_of(*unit)) {
        Some((unit, name)) => serializer.collect_str(&format_args!("{} {name}", bytes / unit)),
        None => bytes.serialize(serializer),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    usize::try_from(ByteSize::deserialize(deserializer)?.as_u64()).map_err(D::Error::custom)
}
