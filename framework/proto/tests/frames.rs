//! Frames of a client: the rules of RFC 6455, and that the pieces in which bytes arrive change nothing.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says by panicking that it failed")]

mod client;

use bytes::BytesMut;
use greenroom_proto::engineio::frame::{
    Decoder, Frame, FrameError, FrameErrorKind, Limits, Opcode, append_binary, append_text, iter,
};
use proptest::prelude::*;
use proptest::sample::Index;

use client::{BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT, fragments, frame};

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const LIMITS: Limits = Limits { max_message: 1_000, max_fragments: 8 };

type Outcome = (Vec<Frame>, Result<(), FrameError>);

fn feed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let (mut decoder, mut out) = (Decoder::new(LIMITS), Vec::new());
    for piece in pieces {
        if let Err(error) = decoder.feed(piece, &mut out) {
            return (out, Err(error));
        }
    }
    (out, Ok(()))
}

/// Feeds the bytes in one piece, and holds that against one byte at a time.
fn decode(bytes: &[u8]) -> Outcome {
    let whole = feed([bytes]);
    assert_eq!(feed(bytes.chunks(1)), whole);
    whole
}

fn refused(bytes: &[u8]) -> (FrameErrorKind, u64, u16) {
    let (_, result) = decode(bytes);
    let error = result.unwrap_err();
    (error.kind, error.offset, error.close_code())
}

fn masked(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    frame(first_byte, MASK, payload)
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    assert_eq!(decode(&masked(TEXT, b"Hello")), (vec![Frame::Text("Hello".into())], Ok(())));
    let fragmented = fragments(TEXT, MASK, b"Hello", &[3]).concat();
    assert_eq!(decode(&fragmented), (vec![Frame::Text("Hello".into())], Ok(())));
    assert_eq!(decode(&masked(PING, b"Hello")), (vec![Frame::Ping("Hello".into())], Ok(())));
}

#[test]
fn control_frames_may_come_between_fragments() {
    let bytes = [
        masked(TEXT & !FIN, b"He"),
        masked(PING, b"?"),
        masked(PONG, b""),
        masked(CONTINUATION | FIN, b"llo"),
    ];
    let frames = vec![Frame::Ping("?".into()), Frame::Pong("".into()), Frame::Text("Hello".into())];
    assert_eq!(decode(&bytes.concat()), (frames, Ok(())));
}

#[test]
fn a_character_may_be_split_between_fragments() {
    let bytes = fragments(TEXT, MASK, "a€".as_bytes(), &[2, 3]).concat();
    assert_eq!(decode(&bytes), (vec![Frame::Text("a€".into())], Ok(())));
}

#[test]
fn text_that_is_not_utf_8_closes_with_1007() {
    assert_eq!(refused(&masked(TEXT, b"\xc3\x28")), (FrameErrorKind::Utf8, 0, 1007));
    assert_eq!(
        refused(&fragments(TEXT, MASK, b"ab\xe2\x82", &[2]).concat()),
        (FrameErrorKind::Utf8, 8, 1007)
    );
}

#[test]
fn fragments_follow_their_order() {
    assert_eq!(refused(&masked(CONTINUATION | FIN, b"")), (FrameErrorKind::NothingToContinue, 0, 1002));
    for first_byte in [CONTINUATION, CONTINUATION | FIN] {
        assert_eq!(refused(&masked(first_byte, &[0; 2_000])), (FrameErrorKind::NothingToContinue, 0, 1002));
    }
    let two_starts = [masked(TEXT & !FIN, b"a"), masked(BINARY, b"b")].concat();
    assert_eq!(refused(&two_starts), (FrameErrorKind::MessageNotFinished, 7, 1002));
}

#[test]
fn a_message_is_bounded_in_bytes_as_soon_as_it_is_announced() {
    assert_eq!(decode(&masked(BINARY, &[7; 1_000])), (vec![Frame::Binary(vec![7; 1_000].into())], Ok(())));
    let header_only = &masked(BINARY, &[7; 1_001])[..8];
    assert_eq!(refused(header_only), (FrameErrorKind::MessageTooBig, 0, 1009));
    let in_fragments = fragments(BINARY, MASK, &[7; 1_001], &[999, 1_000]).concat();
    assert_eq!(refused(&in_fragments), (FrameErrorKind::MessageTooBig, 999 + 8 + 7, 1009));
    let largest = [&[BINARY, 0xff, 0x7f][..], &[0xff; 7], &MASK].concat();
    assert_eq!(refused(&largest), (FrameErrorKind::MessageTooBig, 0, 1009));
}

#[test]
fn a_message_is_bounded_in_fragments() {
    let seven_ends = [0; 7];
    assert_eq!(
        decode(&fragments(TEXT, MASK, b"", &seven_ends).concat()),
        (vec![Frame::Text("".into())], Ok(()))
    );
    let eight_ends = [0; 8];
    assert_eq!(
        refused(&fragments(TEXT, MASK, b"", &eight_ends).concat()),
        (FrameErrorKind::TooManyFragments, 48, 1009)
    );
}

#[test]
fn a_close_frame_says_why_and_ends_the_stream() {
    let table: [(&[u8], Option<u16>); 4] =
        [(b"", None), (b"\x03\xe8", Some(1000)), (b"\x03\xf6bye", Some(1014)), (b"\x0f\xa0", Some(4000))];
    for (payload, code) in table {
        let bytes = [masked(CLOSE, payload), vec![0xff; 20]].concat();
        assert_eq!(decode(&bytes), (vec![Frame::Close(code)], Ok(())));
    }
}

#[test]
fn a_close_frame_keeps_its_form() {
    assert_eq!(refused(&masked(CLOSE, b"\x03")), (FrameErrorKind::ShortClose, 0, 1002));
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 2999, 5000, u16::MAX] {
        assert_eq!(
            refused(&masked(CLOSE, &code.to_be_bytes())),
            (FrameErrorKind::CloseCode, 0, 1002),
            "{code}"
        );
    }
    assert_eq!(refused(&masked(CLOSE, b"\x03\xe8\xff")), (FrameErrorKind::Utf8, 0, 1007));
}

#[test]
fn what_came_before_an_error_is_kept_and_the_error_stays() {
    let (mut decoder, mut out) = (Decoder::new(LIMITS), Vec::new());
    let bytes = [masked(TEXT, b"a"), vec![0xff; 4]].concat();
    let error = FrameError { kind: FrameErrorKind::ReservedBit, offset: 7 };
    assert_eq!(decoder.feed(&bytes, &mut out), Err(error));
    assert_eq!(decoder.feed(&masked(TEXT, b"b"), &mut out), Err(error));
    assert_eq!(out, [Frame::Text("a".into())]);
    assert_eq!(error.to_string(), "reserved bit set at byte 7");
}

/// Cuts the bytes at the places.
fn pieces<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut start = 0;
    ends.into_iter().map(|end| &bytes[std::mem::replace(&mut start, end)..end]).collect()
}

fn data_frame() -> impl Strategy<Value = (Frame, Vec<Vec<u8>>)> {
    let text = (".{0,200}", prop::collection::vec(0..200_usize, 0..6), any::<[u8; 4]>()).prop_map(
        |(text, ends, mask)| {
            let frames = fragments(TEXT, mask, text.as_bytes(), &ends);
            (Frame::Text(text.into()), frames)
        },
    );
    let data = prop::collection::vec(any::<u8>(), 0..900);
    let binary =
        (data, prop::collection::vec(0..900_usize, 0..6), any::<[u8; 4]>()).prop_map(|(data, ends, mask)| {
            let frames = fragments(BINARY, mask, &data, &ends);
            (Frame::Binary(data.into()), frames)
        });
    prop_oneof![text, binary]
}

fn control_frame() -> impl Strategy<Value = (Frame, Vec<u8>)> {
    (any::<bool>(), prop::collection::vec(any::<u8>(), 0..126), any::<[u8; 4]>()).prop_map(
        |(is_ping, data, mask)| {
            let bytes = frame(if is_ping { PING } else { PONG }, mask, &data);
            (if is_ping { Frame::Ping(data.into()) } else { Frame::Pong(data.into()) }, bytes)
        },
    )
}

/// Messages in fragments with control frames anywhere between them, and what is to come of them.
fn stream() -> impl Strategy<Value = (Vec<Frame>, Vec<u8>)> {
    let message = (data_frame(), prop::collection::vec((control_frame(), any::<Index>()), 0..3));
    prop::collection::vec(message, 0..8).prop_map(|messages| {
        let (mut expected, mut bytes) = (Vec::new(), Vec::new());
        for ((message, fragments), controls) in messages {
            for (at, fragment) in fragments.iter().enumerate() {
                for ((control, framed), _) in
                    controls.iter().filter(|(_, place)| place.index(fragments.len()) == at)
                {
                    expected.push(control.clone());
                    bytes.extend(framed);
                }
                bytes.extend(fragment);
            }
            expected.push(message);
        }
        (expected, bytes)
    })
}

proptest! {
    #[test]
    fn what_a_client_encodes_is_what_comes_out_in_pieces_of_any_size(
        (expected, bytes) in stream(),
        cuts in prop::collection::vec(any::<Index>(), 0..40),
    ) {
        prop_assert_eq!(feed([&bytes[..]]), (expected.clone(), Ok(())));
        prop_assert_eq!(feed(pieces(&bytes, &cuts)), (expected, Ok(())));
    }

    #[test]
    fn a_damaged_stream_ends_the_same_way_in_pieces_of_any_size(
        (_, mut bytes) in stream(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4),
        cuts in prop::collection::vec(any::<Index>(), 0..40),
    ) {
        for (place, byte) in damage {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        prop_assert_eq!(feed(pieces(&bytes, &cuts)), feed([&bytes[..]]));
    }

    #[test]
    fn arbitrary_bytes_end_the_same_way_in_pieces_of_any_size(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        cuts in prop::collection::vec(any::<Index>(), 0..40),
    ) {
        prop_assert_eq!(feed(pieces(&bytes, &cuts)), feed([&bytes[..]]));
    }

    #[test]
    fn server_frames_come_apart_as_they_were_put_together(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..5),
    ) {
        let mut framed = BytesMut::new();
        for part in &parts {
            append_binary(&mut framed, part);
            append_text(&mut framed, &[part, b"-", part]);
        }
        let mut expected = Vec::new();
        for part in &parts {
            expected.push((Opcode::Binary, part.clone()));
            expected.push((Opcode::Text, [&part[..], b"-", part].concat()));
        }
        let frames: Vec<_> = iter(&framed).map(|(opcode, data)| (opcode, data.to_vec())).collect();
        prop_assert_eq!(frames, expected);
    }
}
