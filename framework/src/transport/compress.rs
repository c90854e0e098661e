//! Compressed answers.
//!
//! Owns: a compressor for each thread, since making one costs as much as a small answer. Keeps: what does not
//! become smaller goes out as it was; a large answer keeps no worker from its other work.
//!
//! Spec: RFC 9110 › Content Codings.

use std::cell::RefCell;

use actix_http::ContentEncoding;
use actix_web::http::header::{self, AcceptEncoding, Encoding, Header as _, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};

/// How an answer is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    /// That of zlib (RFC 1950).
    Deflate,
}

impl Coding {
    /// What a client likes best of what there is.
    pub(super) fn wanted(req: &HttpRequest) -> Option<Self> {
        let wishes = AcceptEncoding::parse(req).ok()?;
        match wishes.negotiate([Encoding::gzip(), Encoding::deflate()].iter())? {
            Encoding::Known(ContentEncoding::Gzip) => Some(Self::Gzip),
            Encoding::Known(ContentEncoding::Deflate) => Some(Self::Deflate),
            Encoding::Known(_) | Encoding::Unknown(_) => None,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    fn compressor(self, level: u32) -> Compress {
        match self {
            Self::Gzip => Compress::new_gzip(Compression::new(level), WINDOW_BITS),
            Self::Deflate => Compress::new(Compression::new(level), true),
        }
    }

    /// Compresses what is compressed once and sent often; nothing if it becomes no smaller.
    pub(super) fn well(self, body: &[u8]) -> Option<Bytes> {
        shrink(&mut self.compressor(GOOD), body)
    }

    /// Compresses what is sent once.
    fn fast(self, body: &[u8]) -> Option<Bytes> {
        COMPRESSORS.with_borrow_mut(|compressors| {
            let compressor = match self {
                Self::Gzip => &mut compressors.0,
                Self::Deflate => &mut compressors.1,
            };
            shrink(compressor.get_or_insert_with(|| self.compressor(FAST)), body)
        })
    }
}

/// `plain`, which has this body, compressed if the client takes that.
pub(super) async fn respond(req: &HttpRequest, body: Bytes, plain: HttpResponse) -> HttpResponse {
    let Some(coding) = Coding::wanted(req) else { return plain };
    let small = if body.len() <= INLINE_BYTES {
        coding.fast(&body)
    } else {
        // Without a thread for it, it goes out as it is.
        web::block(move || shrink(&mut coding.compressor(FAST), &body)).await.ok().flatten()
    };
    let Some(small) = small else { return plain };
    let mut response = plain.set_body(small).map_into_boxed_body();
    let coding = HeaderValue::from_static(coding.as_str());
    response.headers_mut().insert(header::CONTENT_ENCODING, coding);
    response
}

fn shrink(compressor: &mut Compress, body: &[u8]) -> Option<Bytes> {
    compressor.reset();
    let mut small = Vec::with_capacity(body.len());
    match compressor.compress_vec(body, &mut small, FlushCompress::Finish) {
        Ok(Status::StreamEnd) => Some(small.into()),
        Ok(Status::Ok | Status::BufError) | Err(_) => None,
    }
}

thread_local! {
    static COMPRESSORS: RefCell<(Option<Compress>, Option<Compress>)> = const { RefCell::new((None, None)) };
}

/// The largest window there is.
const WINDOW_BITS: u8 = 15;
/// Half as small again would take six times as long.
const FAST: u32 = 1;
const GOOD: u32 = 6;
/// Some 400 µs of work; more leaves the worker.
const INLINE_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use flate2::{Decompress, FlushDecompress};

    use super::*;

    fn wanted(accept: Option<&str>) -> Option<Coding> {
        let request = TestRequest::get();
        let request = match accept {
            Some(accept) => request.insert_header((header::ACCEPT_ENCODING, accept)),
            None => request,
        };
        Coding::wanted(&request.to_http_request())
    }

    #[test]
    fn a_client_gets_what_it_likes_best_of_what_there_is() {
        let table = [
            (None, None),
            (Some(""), None),
            (Some("identity"), None),
            (Some("br"), None),
            (Some("*;q=0"), None),
            (Some("gzip;q=0"), None),
            (Some("gzip, deflate, br, zstd"), Some(Coding::Gzip)),
            (Some("gzip;q=0.5, deflate"), Some(Coding::Deflate)),
            (Some("deflate"), Some(Coding::Deflate)),
        ];
        for (accept, expected) in table {
            assert_eq!(wanted(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn what_is_compressed_comes_back_and_what_is_noise_stays_as_it_is() {
        let text = "42[\"moved\",{\"x\":1}]\u{1e}".repeat(100).into_bytes();
        for coding in [Coding::Gzip, Coding::Deflate] {
            for small in [coding.fast(&text), coding.fast(&text), coding.well(&text)] {
                let small = small.unwrap();
                assert!(small.len() < text.len() / 5, "{}", small.len());
                let mut inflate = match coding {
                    Coding::Gzip => Decompress::new_gzip(WINDOW_BITS),
                    Coding::Deflate => Decompress::new(true),
                };
                let mut back = Vec::with_capacity(text.len() + 1);
                inflate.decompress_vec(&small, &mut back, FlushDecompress::Finish).unwrap();
                assert_eq!(back, text);
            }
            let noise: Vec<u8> = (0..200).flat_map(|_| *uuid::Uuid::new_v4().as_bytes()).collect();
            assert_eq!(coding.fast(&noise), None);
            // A compressor that gave up half way begins anew.
            assert!(coding.fast(&text).is_some());
        }
    }
}
