//! The words of a JSON text: strings, numbers, literals, whitespace.

use super::super::error::{DecodeError, DecodeErrorKind};

/// Goes through a text from left to right, and never back.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// Offset of the text in its packet.
    offset: usize,
    #[cfg(test)]
    pub(super) looks: usize,
}

impl<'a> Tokens<'a> {
    pub(super) const fn new(text: &'a str, offset: usize) -> Self {
        Self {
            text,
            at: 0,
            offset,
            #[cfg(test)]
            looks: 0,
        }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// The text from `start` to where the scan is.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(super) const fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.offset.saturating_add(self.at))
    }

    pub(super) fn string(&mut self) -> Result<(), DecodeError> {
        self.advance(1);
        loop {
            self.skip_plain();
            match self.peek() {
                Some(b'"') => {
                    self.advance(1);
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(_) | None => return Err(self.error(DecodeErrorKind::Json)),
            }
        }
    }

    fn escape(&mut self) -> Result<(), DecodeError> {
        self.advance(1);
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.advance(1),
            Some(b'u') => {
                self.advance(1);
                for _ in 0..4 {
                    self.hex_digit()?;
                }
            }
            Some(_) | None => return Err(self.error(DecodeErrorKind::Json)),
        }
        Ok(())
    }

    fn hex_digit(&mut self) -> Result<(), DecodeError> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.error(DecodeErrorKind::Json));
        }
        self.advance(1);
        Ok(())
    }

    pub(super) fn number(&mut self) -> Result<(), DecodeError> {
        self.skip_if(b"-");
        if !self.skip_if(b"0") {
            self.digits()?;
        }
        if self.skip_if(b".") {
            self.digits()?;
        }
        if self.skip_if(b"eE") {
            self.skip_if(b"+-");
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), DecodeError> {
        let start = self.at;
        self.skip_while(|byte| byte.is_ascii_digit());
        if self.at == start { Err(self.error(DecodeErrorKind::Json)) } else { Ok(()) }
    }

    pub(super) fn literal(&mut self, word: &str) -> Result<(), DecodeError> {
        word.bytes().try_for_each(|byte| self.expect(byte))
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), DecodeError> {
        if self.skip_if(&[byte]) { Ok(()) } else { Err(self.error(DecodeErrorKind::Json)) }
    }

    fn skip_if(&mut self, any: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| any.contains(&byte));
        if found {
            self.advance(1);
        }
        found
    }

    pub(super) fn skip_whitespace(&mut self) {
        // Most clients write none.
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        }
    }

    /// Skips what stands in a string as it is, many bytes at a time.
    fn skip_plain(&mut self) {
        let bytes = self.text.as_bytes();
        let start = self.at;
        while let Some(chunk) = first_chunk::<16>(bytes, self.at)
            && all_plain(chunk)
        {
            self.advance(16);
        }
        while let Some(word) = first_chunk::<8>(bytes, self.at) {
            let plain = plain_bytes(u64::from_le_bytes(*word));
            self.advance(plain);
            if plain < 8 {
                break;
            }
        }
        while bytes.get(self.at).is_some_and(|byte| is_plain(*byte)) {
            self.advance(1);
        }
        self.look((self.at - start).saturating_add(16));
    }

    fn skip_while(&mut self, goes_on: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let run = rest.iter().position(|byte| !goes_on(*byte)).unwrap_or(rest.len());
        self.look(run.saturating_add(1));
        self.advance(run);
    }

    pub(super) fn peek(&mut self) -> Option<u8> {
        self.look(1);
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) const fn advance(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    /// Counts bytes looked at, so that a test can hold the count against the length of the text.
    #[cfg(test)]
    const fn look(&mut self, bytes: usize) {
        self.looks = self.looks.saturating_add(bytes);
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "counts in tests only")]
    const fn look(&self, _bytes: usize) {}
}

fn first_chunk<const LEN: usize>(bytes: &[u8], at: usize) -> Option<&[u8; LEN]> {
    bytes.get(at..)?.first_chunk()
}

/// Without a branch inside, so that it is a few vector instructions.
fn all_plain(chunk: &[u8; 16]) -> bool {
    chunk.iter().fold(true, |plain, byte| plain & is_plain(*byte))
}

/// How many bytes of a word, the lowest first, stand for themselves in a string before one does not.
///
/// Each difference has the highest bit of a byte set where that byte is zero, or below a space. A borrow
/// can set it in higher bytes too, but the lowest one is right.
const fn plain_bytes(word: u64) -> usize {
    const EACH: u64 = u64::MAX / 0xff;
    let quote = word ^ (EACH * b'"' as u64);
    let escape = word ^ (EACH * b'\\' as u64);
    let special = (quote.wrapping_sub(EACH) & !quote)
        | (escape.wrapping_sub(EACH) & !escape)
        | (word.wrapping_sub(EACH * b' ' as u64) & !word);
    (special & (EACH << 7)).trailing_zeros() as usize / 8
}

/// Whether a byte stands for itself in a string.
const fn is_plain(byte: u8) -> bool {
    (byte != b'"') & (byte != b'\\') & (byte >= 0x20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_its_first_quote_wherever_that_stands() {
        for len in 0..50 {
            for place in 0..len {
                let mut text = vec![b'x'; len];
                text[place] = b'"';
                let text = format!("\"{}\"", String::from_utf8(text).unwrap());
                let mut tokens = Tokens::new(&text, 0);
                tokens.string().unwrap();
                assert_eq!(tokens.at(), place + 2);
            }
        }
    }

    #[test]
    fn a_control_character_is_refused_wherever_it_stands() {
        for place in 0..50 {
            let text = format!("\"{}\x1f{}\"", "x".repeat(place), "y".repeat(50));
            let mut tokens = Tokens::new(&text, 0);
            assert!(tokens.string().is_err());
            assert_eq!(tokens.at(), place + 1);
        }
    }
}
