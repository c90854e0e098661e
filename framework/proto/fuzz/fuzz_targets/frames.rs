//! The frames of a client: no input panics, and the pieces in which it arrives change nothing.
//!
//! Input: one byte with the size of the pieces, then the bytes of the connection.

#![no_main]

use bytes::BytesMut;
use greenroom_proto::engineio::frame::{
    Decoder, Frame, FrameError, Limits, Opcode, append_binary, append_text, iter,
};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { max_message: 512, max_fragments: 6 };

fuzz_target!(|input: &[u8]| {
    let Some((size, stream)) = input.split_first() else { return };
    let (frames, result) = feed(stream.chunks(stream.len().max(1)));
    let in_pieces = feed(stream.chunks(usize::from(*size).max(1)));
    assert_eq!((&frames, &result), (&in_pieces.0, &in_pieces.1));
    if let Err(error) = result {
        assert!(error.offset < stream.len() as u64);
        assert!(matches!(error.close_code(), 1002 | 1007 | 1009));
    }
    for frame in &frames {
        send_back(frame);
    }
});

fn feed<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Frame>, Result<(), FrameError>) {
    let (mut decoder, mut frames) = (Decoder::new(LIMITS), Vec::new());
    for piece in pieces {
        if let Err(error) = decoder.feed(piece, &mut frames) {
            assert_eq!(decoder.feed(b"more", &mut frames), Err(error));
            return (frames, Err(error));
        }
    }
    (frames, Ok(()))
}

/// What a client sent keeps its limits, and comes apart again as the server would send it.
fn send_back(frame: &Frame) {
    let mut out = BytesMut::new();
    let sent = match frame {
        Frame::Text(text) => {
            append_text(&mut out, &[text.as_bytes()]);
            (Opcode::Text, &text.as_bytes()[..])
        }
        Frame::Binary(data) => {
            append_binary(&mut out, data);
            (Opcode::Binary, &data[..])
        }
        Frame::Ping(data) | Frame::Pong(data) => {
            assert!(data.len() <= 125);
            return;
        }
        Frame::Close(code) => {
            assert!(code.is_none_or(|code| (1000..5000).contains(&code)));
            return;
        }
    };
    assert!(sent.1.len() <= LIMITS.max_message);
    assert_eq!(iter(&out).collect::<Vec<_>>(), [sent]);
}
