//! From the name and arguments of an event to a variant of [`Room::In`](super::Room::In).

use std::fmt;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor};
use serde_json::value::RawValue;

use crate::reject::Reject;
use crate::socketio::Args;

type Error = serde_json::Error;

/// The variant of this name with these arguments. An unknown event, a wrong type and a missing field
/// are one kind of error: `bad_payload`.
pub(super) fn decode<'a, T: Deserialize<'a>>(name: &'a str, items: &'a str) -> Result<T, Reject> {
    T::deserialize(Incoming { name, items }).map_err(|error| Reject::bad_payload(&error))
}

/// The text of the arguments, without a number of the client's input at the end, and that number.
pub(super) fn split_number(args: &Args) -> (&str, Option<u64>) {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Number {
        #[serde(rename = "$n")]
        number: u64,
    }

    let items = args.items().trim_ascii();
    if !items.ends_with('}') || !items.contains("\"$n\"") {
        return (items, None);
    }
    // What the arguments hold may be what the quick look found.
    let Some(start) = last_item(items) else { return (items, None) };
    let (rest, last) = items.split_at_checked(start).unwrap_or((items, ""));
    match serde_json::from_str::<Number>(last) {
        Ok(Number { number }) => {
            let rest = rest.trim_ascii_end();
            (rest.strip_suffix(',').unwrap_or(rest).trim_ascii_end(), Some(number))
        }
        Err(_) => (items, None),
    }
}

/// Where the last of several JSON values begins; there is nothing behind it.
fn last_item(items: &str) -> Option<usize> {
    let array = ["[", items, "]"].concat();
    let values: Vec<&RawValue> = serde_json::from_str(&array).ok()?;
    items.len().checked_sub(values.last()?.get().len())
}

/// The names of an enum's variants; `None` if the type is not an enum whose variants are events.
pub(super) fn variants<T: de::DeserializeOwned>() -> Option<&'static [&'static str]> {
    let mut found = None;
    // The type has nothing to be made of: it only says what it would have liked.
    drop(T::deserialize(Probe { found: &mut found }));
    found
}

struct Incoming<'a> {
    name: &'a str,
    items: &'a str,
}

impl<'de> Deserializer<'de> for Incoming<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(de::Error::custom("an event is a variant of an enum"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Incoming<'de> {
    type Error = Error;
    type Variant = Arguments<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Arguments<'de>), Error> {
        let name: StrDeserializer<'_, Error> = self.name.into_deserializer();
        // serde's own words name every event there is, also those that are nobody's business.
        let unknown = |_| de::Error::custom(format_args!("there is no event `{}`", self.name));
        Ok((seed.deserialize(name).map_err(unknown)?, Arguments { items: self.items }))
    }
}

struct Arguments<'a> {
    items: &'a str,
}

impl<'de> Arguments<'de> {
    /// The only argument, or this if there is none.
    fn only<T>(
        self,
        none: &'static str,
        read: impl FnOnce(&mut serde_json::Deserializer<serde_json::de::StrRead<'de>>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let text = if self.items.is_empty() { none } else { self.items };
        let mut json = serde_json::Deserializer::from_str(text);
        let value = read(&mut json)?;
        json.end().map_err(|_| de::Error::custom("more arguments than one"))?;
        Ok(value)
    }
}

impl<'de> VariantAccess<'de> for Arguments<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.items {
            "" | "null" => Ok(()),
            _ => Err(de::Error::custom("this event takes no arguments")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        self.only("null", |json| seed.deserialize(json))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        // An owned text: a field that borrows from it cannot be, and `In` owns what it holds.
        let array = ["[", self.items, "]"].concat();
        let mut json = serde_json::Deserializer::from_str(&array);
        let items: Vec<serde_json::Value> = Deserialize::deserialize(&mut json)?;
        if items.len() > len {
            return Err(de::Error::invalid_length(items.len(), &Count(len)));
        }
        serde_json::Value::Array(items).deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        name: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.only("{}", |json| json.deserialize_struct("", name, visitor))
    }
}

struct Count(usize);

impl de::Expected for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} arguments", self.0)
    }
}

struct Probe<'a> {
    found: &'a mut Option<&'static [&'static str]>,
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("no enum"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        *self.found = Some(variants);
        Err(de::Error::custom("seen"))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum In {
        Roll,
        Ready(bool),
        Maybe(Option<u8>),
        Move(i32, f64),
        Say { text: String },
    }

    fn read(name: &str, items: &str) -> Result<In, String> {
        decode(name, items).map_err(|reject| {
            assert_eq!(reject.code(), "bad_payload");
            reject.message().to_owned()
        })
    }

    #[test]
    fn a_name_and_its_arguments_are_a_variant() {
        assert_eq!(read("roll", ""), Ok(In::Roll));
        assert_eq!(read("roll", "null"), Ok(In::Roll));
        assert_eq!(read("ready", "true"), Ok(In::Ready(true)));
        assert_eq!(read("maybe", ""), Ok(In::Maybe(None)));
        assert_eq!(read("maybe", "7"), Ok(In::Maybe(Some(7))));
        assert_eq!(read("move", "-3, 0.5"), Ok(In::Move(-3, 0.5)));
        assert_eq!(read("say", r#"{"text":"hi"}"#), Ok(In::Say { text: "hi".to_owned() }));
    }

    #[test]
    fn what_does_not_fit_is_one_kind_of_error() {
        let table = [
            ("jump", "", "there is no event `jump`"),
            ("roll", "1", "takes no arguments"),
            ("ready", "", "expected a boolean"),
            ("ready", "1", "expected a boolean"),
            ("ready", "true,true", "more arguments than one"),
            ("move", "1", "tuple variant"),
            ("move", "1,2,3", "2 arguments"),
            ("say", "", "missing field `text`"),
            ("say", r#"{"text":1}"#, "expected a string"),
        ];
        for (name, items, wanted) in table {
            let message = read(name, items).unwrap_err();
            assert!(message.contains(wanted), "{name}({items}): {message}");
        }
    }

    #[test]
    fn the_number_of_an_input_is_no_argument() {
        let table = [
            (r#"[{"$n":17}]"#, "", Some(17)),
            (r#"[1 , {"$n":17} ]"#, "1", Some(17)),
            (r#"[1,"a,b",{"a":{"$n":1}},{"$n":18}]"#, r#"1,"a,b",{"a":{"$n":1}}"#, Some(18)),
            (r#"[[1],{"$n":2}]"#, "[1]", Some(2)),
            (r#"[{"$n":1,"m":2}]"#, r#"{"$n":1,"m":2}"#, None),
            (r#"[{"a":{"$n":1}}]"#, r#"{"a":{"$n":1}}"#, None),
            (r#"[{"$n":-1}]"#, r#"{"$n":-1}"#, None),
            ("[]", "", None),
        ];
        for (json, items, number) in table {
            let args = Args::new(json.into(), Vec::new());
            assert_eq!(split_number(&args), (items, number), "{json}");
        }
    }

    #[test]
    fn an_enum_tells_its_variants() {
        assert_eq!(variants::<In>(), Some(&["roll", "ready", "maybe", "move", "say"][..]));
        assert_eq!(variants::<crate::room::Nothing>(), Some(&[][..]));
        assert_eq!(variants::<String>(), None);
        assert_eq!(variants::<serde_json::Value>(), None);
    }
}
