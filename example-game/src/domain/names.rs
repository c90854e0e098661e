//! What people may call themselves and their rooms, and what they may say.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A rule that an input broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    BadName,
    BadRoom,
    Empty,
    TooLong,
}

impl Rule {
    /// What the page looks at.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::BadName => "bad_name",
            Self::BadRoom => "bad_room",
            Self::Empty => "empty",
            Self::TooLong => "too_long",
        }
    }

    /// What the page may show.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::BadName => "A name has 1 to 24 characters, and none of them is a control character.",
            Self::BadRoom => "A room is named by 1 to 32 of a-z, 0-9 and -.",
            Self::Empty => "There is nothing to say in an empty message.",
            Self::TooLong => "A message has at most 2,000 characters.",
        }
    }
}

/// Someone who gave a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Person {
    /// Names a new person.
    pub(crate) fn new(id: String, name: &str) -> Result<Self, Rule> {
        let name = name.trim();
        let visible = name.chars().all(|letter| !letter.is_control());
        if !visible || !(1..=24).contains(&name.chars().count()) {
            return Err(Rule::BadName);
        }
        Ok(Self { id, name: name.to_owned() })
    }
}

/// The name of a chat room.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct RoomId(String);

impl RoomId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RoomId {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=32).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name))
        } else {
            Err(Rule::BadRoom.message())
        }
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something said: neither empty nor endless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn new(text: &str) -> Result<Self, Rule> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Rule::Empty);
        }
        if text.chars().count() > 2_000 {
            return Err(Rule::TooLong);
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_visible() {
        assert_eq!(Person::new("1".into(), "  Ada ").unwrap().name, "Ada");
        for bad in ["", "   ", "a\u{7}b", &"x".repeat(25)] {
            assert_eq!(Person::new("1".into(), bad), Err(Rule::BadName), "{bad:?}");
        }
        assert!(Person::new("1".into(), &"é".repeat(24)).is_ok());
    }

    #[test]
    fn rooms_are_named_by_few_letters() {
        for good in ["lounge", "table-7", "a"] {
            assert!(RoomId::try_from(good.to_owned()).is_ok(), "{good:?}");
        }
        for bad in ["", "Lounge", "a b", "ä", &"x".repeat(33)] {
            assert!(RoomId::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn messages_say_something_and_end() {
        assert_eq!(Text::new(" hi ").unwrap(), Text("hi".into()));
        assert_eq!(Text::new(" \n"), Err(Rule::Empty));
        assert_eq!(Text::new(&"x".repeat(2_001)), Err(Rule::TooLong));
    }
}
