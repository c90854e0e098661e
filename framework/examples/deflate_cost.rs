//! What deflating costs: time, memory, and what is left of messages as games send them.
//!
//! `cargo run --release -p greenroom --example deflate_cost`
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "measures and prints")]

use std::time::Instant;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    println!("{:>9} {:>6} {:>6} {:>9}", "bytes", "level", "left", "µs");
    for bytes in [100, 300, 1_024, 4_096, 16_384, 65_536, 1_000_000] {
        for level in [1, 6] {
            measure(&message(bytes), level)?;
        }
    }
    let text = message(1_024);
    println!("kept to send: {} KB", kept_kilobytes(|| Ok(deflated(&text)?.0))?);
    println!("kept to receive: {} KB", kept_kilobytes(|| inflated(&deflated(&text)?.1))?);
    Ok(())
}

/// What one of many states takes.
fn kept_kilobytes<T>(make: impl Fn() -> Outcome<T>) -> Outcome<usize> {
    let before = resident_kilobytes()?;
    let states = (0..STATES).map(|_| make()).collect::<Outcome<Vec<_>>>()?;
    Ok(resident_kilobytes()?.saturating_sub(before) / states.len())
}

/// Compresses a message again and again, nothing being kept between two.
fn measure(text: &str, level: u32) -> Outcome<()> {
    let mut deflate = Compress::new_gzip(Compression::new(level), 15);
    let mut out = Vec::with_capacity(2 * text.len() + 100);
    let rounds = (BYTES_IN_ALL / text.len()).clamp(20, 20_000);
    let began = Instant::now();
    for _ in 0..rounds {
        out.clear();
        deflate.reset();
        deflate.compress_vec(text.as_bytes(), &mut out, FlushCompress::Finish)?;
    }
    let micros = began.elapsed().as_secs_f64() * 1e6 / rounds as f64;
    println!("{:>9} {level:>6} {:>5}% {micros:>9.1}", text.len(), 100 * out.len() / text.len());
    Ok(())
}

fn deflated(text: &str) -> Outcome<(Compress, Vec<u8>)> {
    let (mut deflate, mut out) = (Compress::new(Compression::new(6), false), Vec::with_capacity(4_096));
    deflate.compress_vec(text.as_bytes(), &mut out, FlushCompress::Sync)?;
    Ok((deflate, out))
}

fn inflated(bytes: &[u8]) -> Outcome<Decompress> {
    let (mut inflate, mut out) = (Decompress::new(false), Vec::with_capacity(4_096));
    inflate.decompress_vec(bytes, &mut out, FlushDecompress::Sync)?;
    Ok(inflate)
}

/// Packets of a game, as an answer to a poll has them.
fn message(bytes: usize) -> String {
    let (mut text, mut seed) = (String::new(), 7_u64);
    while text.len() < bytes {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (x, y, who, turn) = (seed >> 40 & 0xfff, seed >> 28 & 0xfff, seed >> 20 & 0x3f, seed >> 56);
        text +=
            &format!("42[\"moved\",{{\"player\":\"p-{who}\",\"x\":{x},\"y\":{y},\"turn\":{turn}}}]\u{1e}");
    }
    text.truncate(bytes);
    text
}

fn resident_kilobytes() -> Outcome<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    Ok(line.split_whitespace().nth(1).unwrap_or_default().parse()?)
}

const BYTES_IN_ALL: usize = 20_000_000;
const STATES: usize = 1_000;
