//! What a session may be called.

/// Whether a program's id can stand in a query string and in a cookie as it is.
pub(super) fn is_good(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (1..=MAX_BYTES).contains(&name.len()) && name.bytes().all(is_plain)
}

/// Several times what 128 random bits take; every request of the session brings it along.
const MAX_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_needs_no_quoting_and_is_short() {
        for good in ["a", "node-7.x_~Z9", &"x".repeat(128)] {
            assert!(is_good(good), "{good}");
        }
        for bad in ["", "a b", "a;b", "a&b", "a\r\nb", "é", "a/b", &"x".repeat(129)] {
            assert!(!is_good(bad), "{bad}");
        }
    }
}
