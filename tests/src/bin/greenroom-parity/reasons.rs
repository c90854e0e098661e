//! Why sockets of `/` have left, a line for each on stdout.

use greenroom::prelude::*;

#[expect(clippy::print_stdout, reason = "lines that a test reads")]
pub(crate) fn declare(io: &Server) {
    io.of("/").on_disconnect(|_, reason| println!("disconnect: {reason}"));
}
