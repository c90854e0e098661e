//! Text that is a part of a larger one.
//!
//! Owns: a share of the whole text, and where the part is. Keeps: the part begins and ends between two
//! characters; narrowing it neither copies nor counts a reference.

use std::fmt;
use std::ops::{Deref, Range};

use bytestring::ByteString;

/// A part of a text that came over the wire: a message, or what a packet says.
///
/// One packet after the other is taken out of what one read brought. A slice of a [`ByteString`] counts a
/// reference, and so does dropping it; a `Text` that is narrowed is still the same reference. A text of
/// 4 GiB or more, which no limit of ours lets in, is empty here.
///
/// ```
/// use greenroom_proto::Text;
///
/// let text = Text::from("4hello");
/// assert_eq!(text.narrow(1..6), "hello");
/// ```
#[derive(Clone, Default)]
pub struct Text {
    whole: ByteString,
    start: u32,
    end: u32,
}

impl Text {
    /// Takes a part of this part. What is beyond its end is left out; a part that begins or ends inside of a
    /// character is empty.
    #[must_use]
    pub fn narrow(mut self, part: Range<usize>) -> Self {
        let place = |at| self.start.saturating_add(u32::try_from(at).unwrap_or(u32::MAX)).min(self.end);
        (self.start, self.end) = (place(part.start), place(part.end));
        self
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.whole.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Shares a part of this text, given as the part itself.
    ///
    /// # Panics
    /// `part` is no part of this text.
    #[must_use]
    pub fn share(&self, part: &str) -> ByteString {
        self.whole.slice_ref(part)
    }
}

impl From<ByteString> for Text {
    fn from(whole: ByteString) -> Self {
        let end = u32::try_from(whole.len()).unwrap_or_default();
        Self { whole, start: 0, end }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        ByteString::from(text).into()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        ByteString::from(text).into()
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_part_counts_from_where_that_begins() {
        let whole = Text::from("a€bcd");
        let part = whole.clone().narrow(4..7);
        assert_eq!((part.as_str(), part.clone().narrow(1..3).as_str()), ("bcd", "cd"));
        assert_eq!(part.as_ptr(), whole.as_ptr().wrapping_add(4));
    }

    #[test]
    fn what_is_no_part_is_left_out() {
        for part in [2..4, 1..3, 8..9, 3..3] {
            assert_eq!(Text::from("a€bcd").narrow(part), "");
        }
        assert_eq!(Text::from("abcd").narrow(1..3).narrow(0..usize::MAX), "bc");
        assert_eq!(Text::from("abcd").narrow(1..3).narrow(3..4), "");
    }

    #[test]
    fn texts_are_equal_by_what_they_say() {
        assert_eq!(Text::from("xay").narrow(1..2), Text::from("a"));
        assert_eq!(Text::from("ab").share("").len(), 0);
    }
}
