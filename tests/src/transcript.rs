//! What one test sent and received, line by line; a failing test prints it.
//!
//! Owns: the lines of the current thread. A test runs on one thread, so they are its own.

use std::cell::RefCell;

const WIDTH: usize = 160;

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Adds a line; `mark` is `>` for what the client sent, `<` for what it received.
pub fn note(mark: char, text: &str) {
    let mut line = format!("{mark} ");
    line.extend(text.chars().take(WIDTH).map(|c| if c == '\u{1e}' { '␞' } else { c }));
    if text.chars().nth(WIDTH).is_some() {
        line.push('…');
    }
    LINES.with_borrow_mut(|lines| lines.push(line));
}

/// Adds a line for bytes, which are shown by number and in hexadecimal.
pub fn note_bytes(mark: char, bytes: &[u8]) {
    let shown: String = bytes.iter().take(16).map(|byte| format!(" {byte:02x}")).collect();
    note(mark, &format!("<{} bytes{shown}>", bytes.len()));
}

/// Takes the lines of this thread.
#[must_use]
pub fn take() -> Vec<String> {
    LINES.take()
}
