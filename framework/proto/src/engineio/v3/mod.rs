//! Engine.IO protocol 3 on the wire, as `socket.io-client` 1 and 2 speak it.
//!
//! Takes: what [`engineio`](super) takes, of such a client; packets that are encoded for revision 4. Emits:
//! packets, and the same packets encoded for revision 3. Keeps: a packet without binary data is the
//! same bytes in both revisions, so it is neither copied nor encoded again.
//!
//! Spec: "Engine.IO protocol", revision 3 › Encoding. Where the text is silent the rules are those of
//! the reference, `engine.io/lib/parser-v3`.
//!
//! | | revision 3 | revision 4 |
//! |---|---|---|
//! | binary message over WebSocket | a byte 4, then the data | the data |
//! | the same as text | `b4` and base64 | `b` and base64 |
//! | payload | a length before each packet | a character between them |
//! | payload with binary data | bytes, or text where the client says `b64=1` | text |

mod packet;
mod payload;

use bytes::{Bytes, BytesMut};

pub use self::packet::{decode_binary, decode_text};
pub use self::payload::{Writer, decode_bytes, decode_payload, is_binary, packet_payload};
use super::frame::{self, Opcode};

/// Turns a packet that is encoded for revision 4 into one for revision 3.
///
/// `base64` for a client that takes no binary data. What has none comes back as it is.
///
/// ```
/// use bytes::Bytes;
/// use greenroom_proto::engineio::{Packet, v3};
///
/// let text = Packet::decode_text("4hello".into())?.encode();
/// assert_eq!(v3::reframe(text.clone(), false), text);
/// let binary = Packet::decode_binary(Bytes::from_static(b"\x01")).encode();
/// assert_eq!(v3::reframe(binary.clone(), false), &b"\x82\x02\x04\x01"[..]);
/// assert_eq!(v3::reframe(binary, true), &b"\x81\x06b4AQ=="[..]);
/// # Ok::<(), greenroom_proto::engineio::DecodeError>(())
/// ```
#[must_use]
pub fn reframe(framed: Bytes, base64: bool) -> Bytes {
    if !frame::iter(&framed).any(|(opcode, _)| opcode == Opcode::Binary) {
        return framed;
    }
    let mut out = BytesMut::with_capacity(framed.len().saturating_add(FEW));
    for (opcode, data) in frame::iter(&framed) {
        match opcode {
            Opcode::Binary if base64 => {
                frame::append_text(&mut out, &[b"b4", packet::to_base64(data).as_bytes()]);
            }
            Opcode::Binary => frame::append_parts(&mut out, Opcode::Binary, &[&[MESSAGE], data]),
            Opcode::Continuation | Opcode::Text | Opcode::Close | Opcode::Ping | Opcode::Pong => {
                frame::append_parts(&mut out, opcode, &[data]);
            }
        }
    }
    out.freeze()
}

/// The type of a message, as a byte before binary data.
const MESSAGE: u8 = 4;
/// What the type bytes of a packet's attachments usually take.
const FEW: usize = 16;
