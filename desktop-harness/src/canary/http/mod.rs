//! HTTP/1.1 as far as a canary needs it, read by hand: a parser that mends requests would hide what happened to them.

mod clear;
mod head;
mod io;
mod response;
mod routes;

pub use clear::serve;
pub use head::Head;
pub use io::{read_head, reply};
pub use response::Response;
pub use routes::{Channel, respond};
