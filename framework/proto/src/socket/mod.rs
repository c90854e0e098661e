//! One connection of a session to a namespace: the rules a socket actor follows.
//!
//! | part | rule |
//! |---|---|
//! | [`lane`] | what one emitter sends reaches any one recipient in program order |
//! | [`acks`] | which acknowledgements the client still owes, and until when |
//! | [`token`] | when its client is warned that its token expires, and when it has |
//! | [`reason`] | why a socket was disconnected, in the words of Socket.IO |

pub mod acks;
pub mod lane;
pub mod reason;
pub mod token;
