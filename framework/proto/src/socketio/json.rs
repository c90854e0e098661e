//! Checks the JSON text of a payload and says what shape it has. No value is built.
//!
//! Keeps: one pass from left to right; each byte is looked at a bounded number of times; nesting is
//! counted, not recursed into.
//!
//! Spec: RFC 8259. Binary packets also: "Socket.IO protocol" › Packet encoding, the placeholders of
//! attachments.

mod nesting;
mod tokens;

use std::ops::Range;

use self::nesting::{Key, Nesting};
use self::tokens::Tokens;
use super::error::{DecodeError, DecodeErrorKind};

/// What the scan allows, and what it looks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Objects and arrays inside each other; at most [`MAX_NESTING`].
    pub(super) max_nesting: u32,
    /// Attachments that placeholders may name; none in a packet that is not binary, where a
    /// placeholder is an object like any other (reference behaviour).
    pub(super) attachments: Option<u32>,
    /// Offset of the JSON text in its packet, for errors.
    pub(super) offset: usize,
}

/// What a payload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) root: Value,
    /// Number of items, if the root is an array.
    pub(super) items: usize,
    /// The first of them, with its bytes.
    pub(super) first: Option<(Value, Range<usize>)>,
    /// Where the second of them begins; 0 if there is none.
    pub(super) second: usize,
    /// Where the last of them ends.
    pub(super) end: usize,
}

/// Kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Object,
    Array,
    String,
    Number,
    True,
    /// `false` or `null`.
    Other,
}

/// Most levels that can be asked for: the scanner keeps a bit for each.
pub(super) const MAX_NESTING: u32 = 128;

/// Checks that `text` is one JSON value within the rules.
pub(super) fn scan(text: &str, rules: Rules) -> Result<Shape, DecodeError> {
    let mut scanner = Scanner::new(text, rules);
    scanner.run()?;
    scanner.shape()
}

/// Number of items of an array; 0 for anything else.
pub(super) fn count_items(text: &str) -> usize {
    let rules = Rules { max_nesting: MAX_NESTING, attachments: None, offset: 0 };
    scan(text, rules).map_or(0, |shape| shape.items)
}

/// What is expected next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Value,
    FirstItem,
    FirstKey,
    Key,
    /// A comma, or the end of the innermost container.
    Next,
    End,
}

struct Scanner<'a> {
    tokens: Tokens<'a>,
    rules: Rules,
    nesting: Nesting,
    key: Key,
    root: Option<Value>,
    items: usize,
    first: Option<(Value, Range<usize>)>,
    second: usize,
    end: usize,
}

impl<'a> Scanner<'a> {
    const fn new(text: &'a str, rules: Rules) -> Self {
        Self {
            tokens: Tokens::new(text, rules.offset),
            rules,
            nesting: Nesting::new(),
            key: Key::Other,
            root: None,
            items: 0,
            first: None,
            second: 0,
            end: 0,
        }
    }

    fn run(&mut self) -> Result<(), DecodeError> {
        let mut step = Step::Value;
        loop {
            self.tokens.skip_whitespace();
            step = match step {
                Step::Value => self.value()?,
                Step::FirstItem => self.first_item()?,
                Step::FirstKey => self.first_key()?,
                Step::Key => self.key()?,
                Step::Next => self.next()?,
                Step::End => return Ok(()),
            };
        }
    }

    fn value(&mut self) -> Result<Step, DecodeError> {
        let start = self.tokens.at();
        let (kind, read) = match self.tokens.peek() {
            Some(b'{') => return self.open(Value::Object, Step::FirstKey),
            Some(b'[') => return self.open(Value::Array, Step::FirstItem),
            Some(b'"') => (Value::String, self.tokens.string()),
            Some(b'-' | b'0'..=b'9') => (Value::Number, self.tokens.number()),
            Some(b't') => (Value::True, self.tokens.literal("true")),
            Some(b'f') => (Value::Other, self.tokens.literal("false")),
            Some(b'n') => (Value::Other, self.tokens.literal("null")),
            Some(_) | None => return Err(self.tokens.error(DecodeErrorKind::Json)),
        };
        read?;
        self.note(kind, start);
        Ok(self.behind_value())
    }

    /// Writes down what the caller wants to know of a value.
    fn note(&mut self, kind: Value, start: usize) {
        match self.nesting.depth {
            0 => self.root = Some(kind),
            1 if self.root == Some(Value::Array) => {
                self.items = self.items.saturating_add(1);
                if self.items == 1 {
                    // The end of a container is not known yet, and not needed: it is no event name.
                    self.first = Some((kind, start..self.tokens.at()));
                } else if self.items == 2 {
                    self.second = start;
                }
            }
            _ => {}
        }
        match self.key {
            Key::Other => {}
            Key::Placeholder => self.nesting.set_placeholder(kind == Value::True),
            Key::Num => self.nesting.set_attached(kind == Value::Number && self.is_attachment(start)),
        }
        self.key = Key::Other;
    }

    fn is_attachment(&self, start: usize) -> bool {
        let num = self.tokens.since(start).parse::<u32>().ok();
        num.zip(self.rules.attachments).is_some_and(|(num, count)| num < count)
    }

    fn open(&mut self, kind: Value, inside: Step) -> Result<Step, DecodeError> {
        if self.nesting.depth >= self.rules.max_nesting.min(MAX_NESTING) {
            return Err(self.tokens.error(DecodeErrorKind::TooDeep));
        }
        self.note(kind, self.tokens.at());
        self.nesting.push(kind == Value::Object);
        self.go(inside)
    }

    fn first_item(&mut self) -> Result<Step, DecodeError> {
        if self.tokens.peek() == Some(b']') { self.next() } else { Ok(Step::Value) }
    }

    fn first_key(&mut self) -> Result<Step, DecodeError> {
        if self.tokens.peek() == Some(b'}') { self.next() } else { Ok(Step::Key) }
    }

    fn key(&mut self) -> Result<Step, DecodeError> {
        let start = self.tokens.at();
        if self.tokens.peek() != Some(b'"') {
            return Err(self.tokens.error(DecodeErrorKind::Json));
        }
        self.tokens.string()?;
        if self.rules.attachments.is_some() {
            self.key = Key::read(self.tokens.since(start));
        }
        self.tokens.skip_whitespace();
        self.tokens.expect(b':')?;
        Ok(Step::Value)
    }

    fn next(&mut self) -> Result<Step, DecodeError> {
        match (self.tokens.peek(), self.nesting.is_object()) {
            (Some(b','), true) => self.go(Step::Key),
            (Some(b','), false) => self.go(Step::Value),
            (Some(b'}'), true) => self.close(),
            (Some(b']'), false) => self.close(),
            (Some(_) | None, _) => Err(self.tokens.error(DecodeErrorKind::Json)),
        }
    }

    fn close(&mut self) -> Result<Step, DecodeError> {
        if self.nesting.is_unattached_placeholder() {
            return Err(self.tokens.error(DecodeErrorKind::Placeholder));
        }
        self.nesting.pop();
        self.tokens.advance(1);
        Ok(self.behind_value())
    }

    fn shape(self) -> Result<Shape, DecodeError> {
        match self.root {
            Some(root) if self.tokens.is_at_end() => {
                let Self { items, first, second, end, .. } = self;
                Ok(Shape { root, items, first, second, end })
            }
            Some(_) | None => Err(self.tokens.error(DecodeErrorKind::Json)),
        }
    }

    const fn behind_value(&mut self) -> Step {
        if self.nesting.depth == 1 {
            self.end = self.tokens.at();
        }
        if self.nesting.depth == 0 { Step::End } else { Step::Next }
    }

    fn go(&mut self, step: Step) -> Result<Step, DecodeError> {
        self.tokens.advance(1);
        Ok(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(attachments: Option<u32>) -> Rules {
        Rules { max_nesting: 127, attachments, offset: 0 }
    }

    fn fault(text: &str) -> Option<(DecodeErrorKind, usize)> {
        scan(text, rules(None)).err().map(|error| (error.kind, error.offset))
    }

    #[test]
    fn accepts_what_is_json_and_says_its_shape() {
        let table = [
            ("{}", Value::Object, 0),
            (r#" { "a" : [ 1 , { } ] , "b" : null } "#, Value::Object, 0),
            ("[]", Value::Array, 0),
            ("[[],[],{}]", Value::Array, 3),
            (r#""\u00e9\ud800\n\"é""#, Value::String, 0),
            ("-0.5e+10", Value::Number, 0),
            ("0", Value::Number, 0),
            ("1E9", Value::Number, 0),
            ("true", Value::True, 0),
            ("false", Value::Other, 0),
            ("null", Value::Other, 0),
        ];
        for (text, root, items) in table {
            let shape = scan(text, rules(None)).unwrap();
            assert_eq!((shape.root, shape.items), (root, items), "{text}");
        }
    }

    #[test]
    fn finds_the_first_item() {
        assert_eq!(scan(r#"[ "a b" , 1]"#, rules(None)).unwrap().first, Some((Value::String, 2..7)));
        assert_eq!(scan("[12.5]", rules(None)).unwrap().first, Some((Value::Number, 1..5)));
        assert_eq!(scan("[]", rules(None)).unwrap().first, None);
        assert_eq!(scan("[[1]]", rules(None)).unwrap().first.unwrap().0, Value::Array);
    }

    #[test]
    fn finds_where_the_items_behind_the_first_are() {
        let table = [
            (r#"["e" , [1, 2] , {"a":3} ] "#, Some(r#"[1, 2] , {"a":3}"#)),
            ("[[1,2],3]", Some("3")),
            ("[1]", None),
            ("[]", None),
        ];
        for (text, behind) in table {
            let shape = scan(text, rules(None)).unwrap();
            assert_eq!((shape.second > 0).then(|| &text[shape.second..shape.end]), behind, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_json_and_says_where() {
        let table = [
            ("", 0),
            (" ", 1),
            ("[", 1),
            ("]", 0),
            ("[1", 2),
            ("[1,", 3),
            ("[1,]", 3),
            ("[,]", 1),
            ("[1 2]", 3),
            ("[1}", 2),
            ("{]", 1),
            ("{1:2}", 1),
            (r#"{"a"}"#, 4),
            (r#"{"a":}"#, 5),
            (r#"{"a":1,}"#, 7),
            (r#"{"a":1"#, 6),
            ("\"", 1),
            ("\"\n\"", 1),
            (r#""\x""#, 2),
            (r#""\u12g4""#, 5),
            (r#""\u12"#, 5),
            ("01", 1),
            ("-", 1),
            ("+1", 0),
            (".5", 0),
            ("1.", 2),
            ("1e", 2),
            ("1e+", 3),
            ("truth", 3),
            ("nul", 3),
            ("NaN", 0),
            ("[] []", 3),
            ("'a'", 0),
            ("\u{feff}[]", 0),
        ];
        for (text, offset) in table {
            assert_eq!(fault(text), Some((DecodeErrorKind::Json, offset)), "{text}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nesting_ends_at_its_limit_and_serde_json_takes_what_passes() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert_eq!(fault(&nested(127)), None);
        assert!(serde_json::from_str::<serde_json::Value>(&nested(127)).is_ok());
        assert_eq!(fault(&nested(128)), Some((DecodeErrorKind::TooDeep, 127)));
        assert!(serde_json::from_str::<serde_json::Value>(&nested(128)).is_err());
        assert_eq!(fault(&nested(10_000)), Some((DecodeErrorKind::TooDeep, 127)));
        assert_eq!(fault(&r#"{"a":"#.repeat(10_000)), Some((DecodeErrorKind::TooDeep, 127 * 5)));
        let widest = Rules { max_nesting: u32::MAX, ..rules(None) };
        assert!(scan(&nested(128), widest).is_ok());
        assert_eq!(scan(&nested(129), widest).unwrap_err().kind, DecodeErrorKind::TooDeep);
    }

    #[test]
    fn a_placeholder_names_one_of_the_attachments() {
        let good = [
            r#"[{"_placeholder":true,"num":1}]"#,
            r#"[{"num":0,"_placeholder":true}]"#,
            r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#,
            r#"[{"a":{"_placeholder":true,"num":0},"num":"x"}]"#,
            r#"[{"_placeholder":true,"num":9,"num":0}]"#,
            r#"[{"_placeholder":true,"_placeholder":1}]"#,
            r#"[{"_placeholder":false,"num":9}]"#,
            r#"[{"num":{"_placeholder":true,"num":1}}]"#,
            r#"[{"_placeholder":[true],"num":[9]}]"#,
        ];
        for text in good {
            assert!(scan(text, rules(Some(2))).is_ok(), "{text}");
        }
        let bad = [
            r#"[{"_placeholder":true}]"#,
            r#"[{"_placeholder":true,"num":2}]"#,
            r#"[{"_placeholder":true,"num":-1}]"#,
            r#"[{"_placeholder":true,"num":0.5}]"#,
            r#"[{"_placeholder":true,"num":1e0}]"#,
            r#"[{"_placeholder":true,"num":"0"}]"#,
            r#"[{"_placeholder":true,"num":[0]}]"#,
            r#"[{"_placeholder":true,"num":0,"num":null}]"#,
            r#"[{"\u005fplaceholder":true,"n\u0075m":99999999999}]"#,
            r#"[{"_placeholder":true,"a":{"num":0}}]"#,
            r#"[{"a":{"b":[{"_placeholder":true,"num":"splice"}]}}]"#,
        ];
        for text in bad {
            assert_eq!(scan(text, rules(Some(2))).unwrap_err().kind, DecodeErrorKind::Placeholder, "{text}");
            assert!(scan(text, rules(None)).is_ok(), "{text}");
        }
    }

    #[test]
    fn every_byte_is_looked_at_a_bounded_number_of_times() {
        let deep = "[".repeat(127) + &"]".repeat(127);
        let table = [
            format!("[{}]", " ".repeat(9_000)),
            format!("[\"{}\"]", "a".repeat(9_000)),
            format!("[\"{}\"]", r"\u005c\n".repeat(1_000)),
            format!("[{}]", "7".repeat(9_000)),
            format!("[{}]", vec!["0"; 4_000].join(",")),
            format!("[{}]", vec![deep.as_str(); 40].join(" , ")),
            format!("[{}]", vec![r#"{"\u005fplaceholder":true,"num":0}"#; 300].join(",")),
            "[".repeat(9_000),
            format!("[{}", r#"{"a":"#.repeat(126)),
        ];
        for text in table {
            let mut scanner = Scanner::new(&text, rules(Some(1)));
            let _ = scanner.run();
            assert!(
                scanner.tokens.looks <= 8 * text.len() + 8,
                "{} looks at {} bytes",
                scanner.tokens.looks,
                text.len()
            );
        }
    }

    #[test]
    fn an_error_counts_from_the_start_of_the_packet() {
        let rules = Rules { offset: 100, ..rules(None) };
        assert_eq!(scan("[x", rules).unwrap_err().offset, 101);
    }
}
