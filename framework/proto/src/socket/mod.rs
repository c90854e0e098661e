//! One connection of a session to a namespace: the rules a socket actor follows.
//!
//! | part | rule |
//! |---|---|
//! | [`lane`] | what one emitter sends reaches any one recipient in program order |

pub mod lane;
