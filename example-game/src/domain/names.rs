//! What people may call themselves and their rooms, and what they may say.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Rule;

/// Someone who gave a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
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

/// The name of a room.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
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
