//! Acknowledgements both ways. Run it with `cargo run -p greenroom --example acks`, then type the lines below.
//!
//! In Node, where `socket.io-client` is installed:
//!
//! ```js
//! const socket = require("socket.io-client")("http://localhost:7000");
//! socket.on("color?", (options, callback) => callback(options[0]));
//! await socket.emitWithAck("add", 1, 2);          // 3
//! await socket.emitWithAck("divide", 1, 0);       // { error: { code: "zero", … } }
//! await socket.emitWithAck("choose");             // "red", by way of the question above
//! socket.off("color?");
//! await socket.emitWithAck("choose");             // { error: { code: "late", … } }, two seconds later
//! ```

use std::time::Duration;

use greenroom::prelude::*;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    let root = io.of("/");

    // The server acknowledges: what a handler returns is the answer.
    root.on("add", |_, (a, b): (f64, f64)| Ok(a + b));
    root.on("divide", |_, (a, b): (f64, f64)| {
        if b == 0.0 {
            return Err(Reject::new("zero", "nothing can be divided by zero"));
        }
        Ok(a / b)
    });

    // The client acknowledges: a handler that waits is asynchronous. Other events are handled meanwhile.
    root.on_async("choose", |socket, ()| async move {
        // An array is several arguments; a list that is one argument is a slice or a `Vec`.
        let question = socket.emit_with_ack("color?", vec!["red", "blue"]).timeout(Duration::from_secs(2));
        match question.answer::<String>().await {
            Ok(color) => Ok(color),
            Err(AckError::Timeout) => Err(Reject::new("late", "you did not answer in time")),
            Err(error) => Err(error.into()),
        }
    });

    greenroom::serve(io, ("127.0.0.1", 7000)).await
}
