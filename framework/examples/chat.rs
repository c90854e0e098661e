//! The Socket.IO chat. Run it with `cargo run -p greenroom --example chat`, open http://localhost:7000 twice.

use actix_web::{App, web};
use greenroom::Serve;
use greenroom::prelude::*;

const PAGE: &str = r#"<!doctype html>
<title>Chat</title>
<ul id="log"></ul>
<form id="form"><input id="text" autocomplete="off" autofocus><button>Send</button></form>
<script src="https://cdn.socket.io/4.8.1/socket.io.min.js"></script>
<script>
  const socket = io();
  const show = (line) => (log.appendChild(document.createElement("li")).textContent = line);
  socket.on("chat message", show);
  form.onsubmit = (event) => {
    event.preventDefault();
    socket.emit("chat message", text.value);
    text.value = "";
  };
</script>"#;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let io = Server::new();
    let everyone = io.clone();
    io.of("/").on("chat message", move |_, text: String| everyone.emit("chat message", text));

    let page = || App::new().route("/", web::get().to(async || web::Html::new(PAGE)));
    Serve::new(io).app(page).bind(("127.0.0.1", 7000))?.run().await
}
