//! What breaks costs only what it must, and leaves nothing behind.
//!
//! The server runs on one thread without a network where that shows the fault: in a schedule that a
//! seed decides, on a clock that the test moves. What only real threads or sockets show runs on them.






mod panics;
mod stage;
