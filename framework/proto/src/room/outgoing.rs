//! From a variant of [`Room::Out`](super::Room::Out) to the name and arguments of an event.

use bytestring::ByteString;
use serde::ser::{
    Error as _, Impossible, Serialize, SerializeStructVariant, SerializeTupleVariant, Serializer,
};

use crate::socketio::is_reserved;

type Error = serde_json::Error;

/// Name and arguments (JSON without brackets) of an event.
pub(super) fn encode<T: Serialize>(event: &T) -> Result<(ByteString, ByteString), Error> {
    let (name, items) = event.serialize(Encoder)?;
    if is_reserved(name) || is_taken(name) {
        return Err(Error::custom(format!("`{name}` is a reserved event name")));
    }
    let items = ByteString::try_from(items).map_err(Error::custom)?;
    Ok((ByteString::from_static(name), items))
}

/// Whether clients get events of this name from the framework.
pub(super) fn is_taken(name: &str) -> bool {
    ["state", "patch", "joined", "dismissed", "error"].contains(&name)
}

struct Encoder;

type Encoded = (&'static str, Vec<u8>);

fn no_event() -> Error {
    Error::custom("an event is a variant of an enum, without #[serde(tag)] or #[serde(untagged)]")
}

/// Variants are events; everything else is none.
macro_rules! no_event {
    ($($method:ident($($arg:ty),*) -> $result:ty;)*) => {$(
        fn $method(self, $(_: $arg),*) -> Result<$result, Error> {
            Err(no_event())
        }
    )*};
}

impl Serializer for Encoder {
    type Ok = Encoded;
    type Error = Error;
    type SerializeSeq = Impossible<Encoded, Error>;
    type SerializeTuple = Impossible<Encoded, Error>;
    type SerializeTupleStruct = Impossible<Encoded, Error>;
    type SerializeTupleVariant = Items;
    type SerializeMap = Impossible<Encoded, Error>;
    type SerializeStruct = Impossible<Encoded, Error>;
    type SerializeStructVariant = Items;

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<Encoded, Error> {
        Ok((name, Vec::new()))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<Encoded, Error> {
        Ok((name, serde_json::to_vec(value)?))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Items, Error> {
        Ok(Items { name, text: Vec::new() })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Items, Error> {
        Ok(Items { name, text: b"{".to_vec() })
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Encoded, Error> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<Encoded, Error> {
        Err(no_event())
    }

    no_event! {
        serialize_bool(bool) -> Encoded;
        serialize_i8(i8) -> Encoded;
        serialize_i16(i16) -> Encoded;
        serialize_i32(i32) -> Encoded;
        serialize_i64(i64) -> Encoded;
        serialize_u8(u8) -> Encoded;
        serialize_u16(u16) -> Encoded;
        serialize_u32(u32) -> Encoded;
        serialize_u64(u64) -> Encoded;
        serialize_f32(f32) -> Encoded;
        serialize_f64(f64) -> Encoded;
        serialize_char(char) -> Encoded;
        serialize_str(&str) -> Encoded;
        serialize_bytes(&[u8]) -> Encoded;
        serialize_none() -> Encoded;
        serialize_unit() -> Encoded;
        serialize_unit_struct(&'static str) -> Encoded;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct(&'static str, usize) -> Self::SerializeStruct;
    }
}

/// The arguments of a tuple variant, or the fields of a struct variant.
struct Items {
    name: &'static str,
    text: Vec<u8>,
}

impl Items {
    fn separate(&mut self) {
        if !matches!(self.text.last(), None | Some(b'{')) {
            self.text.push(b',');
        }
    }
}

impl SerializeTupleVariant for Items {
    type Ok = Encoded;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.separate();
        serde_json::to_writer(&mut self.text, value)
    }

    fn end(self) -> Result<Encoded, Error> {
        Ok((self.name, self.text))
    }
}

impl SerializeStructVariant for Items {
    type Ok = Encoded;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.separate();
        serde_json::to_writer(&mut self.text, key)?;
        self.text.push(b':');
        serde_json::to_writer(&mut self.text, value)
    }

    fn end(mut self) -> Result<Encoded, Error> {
        self.text.push(b'}');
        Ok((self.name, self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Serialize)]
    #[serde(rename_all = "snake_case")]
    enum Out {
        Started,
        Rolled(u8),
        Moved(i32, f64),
        Said { by: &'static str, text: &'static str },
        Disconnect,
        Patch,
    }

    #[test]
    fn a_variant_is_an_event_and_its_fields_are_the_arguments() {
        let encoded = |event| encode(&event).map(|(name, items)| (name.to_string(), items.to_string()));
        let row = |name: &str, items: &str| (name.to_owned(), items.to_owned());
        assert_eq!(encoded(Out::Started).unwrap(), row("started", ""));
        assert_eq!(encoded(Out::Rolled(6)).unwrap(), row("rolled", "6"));
        assert_eq!(encoded(Out::Moved(-1, 0.5)).unwrap(), row("moved", "-1,0.5"));
        let said = encoded(Out::Said { by: "ann", text: "\"hi\"" }).unwrap();
        assert_eq!(said, row("said", r#"{"by":"ann","text":"\"hi\""}"#));
        assert!(encoded(Out::Disconnect).unwrap_err().to_string().contains("`disconnect`"));
        assert!(encoded(Out::Patch).unwrap_err().to_string().contains("`patch`"));
    }

    #[test]
    fn what_is_no_variant_is_no_event() {
        for error in [encode(&1).unwrap_err(), encode(&"started").unwrap_err(), encode(&[1]).unwrap_err()] {
            assert!(error.to_string().contains("a variant of an enum"), "{error}");
        }
    }
}
