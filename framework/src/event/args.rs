//! The arguments of an event as serde types.
//!
//! An event has any number of arguments. In Rust they are one value: `()` is none, a tuple is
//! several, anything else is one. (To serde a fixed-size array is a tuple; a list that is one
//! argument is a `Vec` or a slice.)

use std::fmt;

use bytes::Bytes;
use greenroom_proto::socketio as proto;
use serde::de::DeserializeOwned;
use serde::ser::{Impossible, Serialize, Serializer};
use serde_json::value::RawValue;

use super::binary::{collecting, providing};

/// Arguments as they came, for handlers that pass them on: no number or string changes.
///
/// ```
/// # use greenroom::prelude::*;
/// # fn example(socket: Socket) {
/// socket.on("relay", |socket, args: Args| socket.broadcast().emit("relay", args));
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Args(proto::Args);

impl Args {
    pub(crate) fn new(args: proto::Args) -> Self {
        Self(args)
    }

    pub(crate) fn as_proto(&self) -> &proto::Args {
        &self.0
    }

    /// The JSON text of the array of arguments.
    #[must_use]
    pub fn json(&self) -> String {
        self.0.json()
    }

    /// The bytes that placeholders in the JSON refer to by number.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        self.0.attachments()
    }

    /// How many arguments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no argument.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One of the arguments, as it came.
    #[must_use]
    pub fn nth(&self, place: usize) -> Option<Self> {
        self.texts().get(place).map(|text| self.with_items(text.get()))
    }

    /// All arguments from this place on, as they came.
    #[must_use]
    pub fn skip(&self, count: usize) -> Self {
        let texts = self.texts();
        let rest: Vec<&str> = texts.iter().skip(count).map(|text| text.get()).collect();
        self.with_items(&rest.join(","))
    }

    /// Reads the arguments as a handler would.
    ///
    /// # Errors
    /// They do not have this form.
    pub fn parse<T: FromArgs>(&self) -> Result<T, serde_json::Error> {
        T::from_args(self.clone())
    }

    fn texts(&self) -> Vec<Box<RawValue>> {
        // The packet was checked when it came: what it holds is an array.
        serde_json::from_str(&self.json()).unwrap_or_default()
    }

    /// Placeholders keep their numbers, so all attachments come along.
    fn with_items(&self, items: &str) -> Self {
        Self(proto::Args::new(format!("[{items}]").into(), self.attachments().to_vec()))
    }
}

/// Arguments that a handler can take.
///
/// Every serde type is one: with one argument the value is that argument, with several it is a
/// tuple of them, with none it is `()` or an `Option`. [`Args`] takes what came as it is. What does
/// not fit is refused with the code `bad_payload`, and the handler is not called.
///
/// ```
/// # use greenroom::prelude::*;
/// #[derive(serde::Deserialize)]
/// struct Move { x: i32, y: i32 }
///
/// # fn example(socket: Socket) {
/// socket.on("move", |_, to: Move| Ok(to.x + to.y));          // emit("move", { x: 3, y: 4 })
/// socket.on("say", |_, (room, text): (String, String)| ());  // emit("say", "lobby", "hello")
/// socket.on("ready", |_, ()| Ok("go"));                      // emit("ready")
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler cannot take `{Self}`",
    note = "derive `serde::Deserialize` for it, and own it: `String` for text, a tuple for several arguments"
)]
pub trait FromArgs: Sized + 'static {
    /// Reads the arguments.
    ///
    /// # Errors
    /// They do not have this form.
    fn from_args(args: Args) -> Result<Self, serde_json::Error>;
}

impl FromArgs for Args {
    fn from_args(args: Args) -> Result<Self, serde_json::Error> {
        Ok(args)
    }
}

impl<T: DeserializeOwned + 'static> FromArgs for T {
    fn from_args(args: Args) -> Result<Self, serde_json::Error> {
        providing(args.attachments(), || decode_one_or_tuple(&args))
    }
}

/// The first argument typed, the others as they came.
///
/// ```
/// # use greenroom::prelude::*;
/// # fn example(io: Server) {
/// io.of("/").on("say", |socket: Socket, First(room, rest): First<String>| {
///     socket.to(room).emit("said", rest);
/// });
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct First<T>(pub T, pub Args);

impl<T: DeserializeOwned + 'static> FromArgs for First<T> {
    fn from_args(args: Args) -> Result<Self, serde_json::Error> {
        let first = args.nth(0).ok_or_else(|| serde::de::Error::invalid_length(0, &"an argument"))?;
        Ok(Self(first.parse()?, args.skip(1)))
    }
}

/// Arguments that can be emitted: every serde type, and [`Args`] as they came.
///
/// `()` is no argument, a tuple or an array is several, anything else is one; a list that is one
/// argument is a slice or a `Vec`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be emitted",
    note = "derive `serde::Serialize` for it, or emit a reference to a type that has it"
)]
pub trait IntoArgs {
    /// Writes the arguments.
    ///
    /// # Errors
    /// The value cannot be written as JSON.
    fn into_args(self) -> Result<EncodedArgs, serde_json::Error>;
}

impl<T: Serialize> IntoArgs for T {
    fn into_args(self) -> Result<EncodedArgs, serde_json::Error> {
        encode(&self)
    }
}

impl IntoArgs for Args {
    fn into_args(self) -> Result<EncodedArgs, serde_json::Error> {
        let (items, attachments) = self.0.into_parts();
        Ok(EncodedArgs { text: Text::Shared(items), brackets: false, attachments })
    }
}

fn decode_one_or_tuple<T: DeserializeOwned>(args: &Args) -> Result<T, serde_json::Error> {
    match args.len() {
        0 => serde_json::from_str("null").or_else(|_| serde_json::from_str("[]")),
        1 => {
            let one = serde_json::from_str(args.0.items());
            // A tuple whose other places are options: `(text, Option<Color>)` for `emit("say", text)`.
            one.or_else(|error| serde_json::from_str(&args.json()).map_err(|_| error))
        }
        _ => serde_json::from_str(&args.json()),
    }
}

/// Arguments as text and attachments, ready for a packet.
#[derive(Debug)]
pub struct EncodedArgs {
    text: Text,
    /// Whether the text is an array whose items are the arguments; else it is the only one.
    brackets: bool,
    pub(crate) attachments: Vec<Bytes>,
}

#[derive(Debug)]
enum Text {
    Written(String),
    Shared(greenroom_proto::Text),
}

impl EncodedArgs {
    pub(crate) fn items(&self) -> &str {
        let text: &str = match &self.text {
            Text::Written(text) => text,
            Text::Shared(text) => text,
        };
        if self.brackets { items(text) } else { text }
    }
}

/// Writes a value as arguments.
fn encode<T: Serialize + ?Sized>(value: &T) -> Result<EncodedArgs, serde_json::Error> {
    let arity = arity_of(value);
    if matches!(arity, Many::None) {
        return Ok(EncodedArgs {
            text: Text::Written(String::new()),
            brackets: false,
            attachments: Vec::new(),
        });
    }
    let (text, attachments) = collecting(|| serde_json::to_string(value));
    Ok(EncodedArgs { text: Text::Written(text?), brackets: matches!(arity, Many::Several), attachments })
}

/// To serde `()` and JSON's `null` are the same; only the first is no argument.
fn arity_of<T: Serialize + ?Sized>(value: &T) -> Many {
    match value.serialize(Arity).err().unwrap_or(Many::One) {
        Many::None if std::any::type_name::<T>().trim_start_matches('&') != "()" => Many::One,
        arity @ (Many::None | Many::One | Many::Several) => arity,
    }
}

/// The text between an array's brackets.
fn items(array: &str) -> &str {
    let array = array.trim();
    array.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(array)
}

/// Asks a value how many arguments it is: each method answers at once, through the error.
struct Arity;

#[derive(Debug)]
enum Many {
    None,
    One,
    Several,
}

impl fmt::Display for Many {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Many {}

impl serde::ser::Error for Many {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::One
    }
}

macro_rules! one_argument {
    ($($method:ident($($arg:ty),*) -> $ok:ty;)*) => {
        $(fn $method(self, $(_: $arg),*) -> Result<$ok, Many> { Err(Many::One) })*
    };
}

impl Serializer for Arity {
    type Ok = ();
    type Error = Many;
    type SerializeSeq = Impossible<(), Many>;
    type SerializeTuple = Impossible<(), Many>;
    type SerializeTupleStruct = Impossible<(), Many>;
    type SerializeTupleVariant = Impossible<(), Many>;
    type SerializeMap = Impossible<(), Many>;
    type SerializeStruct = Impossible<(), Many>;
    type SerializeStructVariant = Impossible<(), Many>;

    fn serialize_unit(self) -> Result<(), Many> {
        Err(Many::None)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Many> {
        Err(Many::Several)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Many> {
        Err(Many::One)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<(), Many> {
        Err(Many::One)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Many> {
        Err(Many::One)
    }

    one_argument! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_i128(i128) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_u128(u128) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct(&'static str, usize) -> Self::SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Binary;
    use super::*;

    fn written<T: Serialize + ?Sized>(value: &T) -> String {
        encode(value).unwrap().items().to_owned()
    }

    fn args(json: &'static str) -> Args {
        Args::new(proto::Args::new(json.into(), Vec::new()))
    }

    #[test]
    fn nothing_one_and_several_arguments_are_unit_value_and_tuple() {
        assert_eq!(written(&()), "");
        assert_eq!(written("a"), r#""a""#);
        assert_eq!(written(&vec![1, 2]), "[1,2]");
        assert_eq!(written(&(1, "a", json!({"b": [true]}))), r#"1,"a",{"b":[true]}"#);
        assert_eq!(written(&Option::<u8>::None), "null");
        assert_eq!((written(&serde_json::Value::Null).as_str(), written(&&()).as_str()), ("null", ""));
    }

    #[test]
    fn handlers_read_what_clients_write() {
        assert!(args("[]").parse::<()>().is_ok());
        assert_eq!(args(r#"["a"]"#).parse::<String>().unwrap(), "a");
        assert_eq!(args("[[1,2]]").parse::<Vec<u8>>().unwrap(), [1, 2]);
        assert_eq!(args(r#"[1,"a"]"#).parse::<(u8, String)>().unwrap(), (1, "a".to_owned()));
        assert_eq!(args("[]").parse::<Option<u8>>().unwrap(), None);
        assert!(args(r#"["a"]"#).parse::<u8>().is_err());
    }

    #[test]
    fn binary_stands_anywhere_and_comes_back() {
        let sent = encode(&(Binary::from(&b"x"[..]), vec![Binary::from(&b"y"[..])])).unwrap();
        let json = format!("[{}]", sent.items());
        assert_eq!(json, r#"[{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}]]"#);
        let came = Args::new(proto::Args::new(json.into(), sent.attachments));
        let (first, second): (Binary, Vec<Binary>) = came.parse().unwrap();
        assert_eq!((&first[..], &second[0][..]), (&b"x"[..], &b"y"[..]));
    }

    #[test]
    fn arguments_can_be_taken_apart_without_being_changed() {
        let came = args(r#"["room",1.0,{"big":18446744073709551616}]"#);
        let First(room, rest) = came.parse::<First<String>>().unwrap();
        assert_eq!((room.as_str(), rest.json().as_str()), ("room", r#"[1.0,{"big":18446744073709551616}]"#));
        assert_eq!(came.nth(1).unwrap().json(), "[1.0]");
        assert!(came.nth(3).is_none());
        assert!(args("[]").parse::<First<String>>().is_err());
    }

    #[test]
    fn binary_outside_of_an_event_is_an_error() {
        assert!(serde_json::to_string(&Binary::default()).is_err());
    }
}
