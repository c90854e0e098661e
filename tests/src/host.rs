//! stub
pub fn run(io: greenroom::Server, port: u16, mode: &str) -> Result<(), Box<dyn std::error::Error>> {
    let _ = (io, port, mode);
    todo!()
}
