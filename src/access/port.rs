//! The port of a front, and who may come to it.

use std::net::SocketAddr;

use lakegate_base::{Error, Result};
use tokio::net::TcpListener;

use crate::options::Auth;
use crate::users::Users;

/// Takes the port of the front of that name, and tells the one that was chosen for port 0. Must run inside a
/// Tokio runtime.
pub fn listen(front: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let open = || {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let chosen = listener.local_addr()?;
        Ok((listener, chosen))
    };
    open().map_err(|error| cannot_listen(front, address, error))
}

fn cannot_listen(front: &str, address: SocketAddr, error: std::io::Error) -> Error {
    let why = match error.kind() {
        std::io::ErrorKind::AddrInUse => "the port is in use".to_string(),
        std::io::ErrorKind::PermissionDenied => "no permission for this port".to_string(),
        _ => error.to_string(),
    };
    Error::unavailable(format!("the {front} front cannot listen on {address}: {why}"))
        .hint("Stop the other server, or choose another port.")
        .source(error)
}

/// Everyone who may log in there; none means that anyone is who they say, which only loopback allows.
pub fn users(front: &str, address: SocketAddr, auth: &Auth) -> Result<Option<Users>> {
    match auth {
        Auth::Scram(users) => Users::new(users).map(Some),
        Auth::TrustLoopback if address.ip().is_loopback() => Ok(None),
        Auth::TrustLoopback => {
            let message = format!("{address} is not a loopback address: logins are needed");
            let hint = format!("Configure users for the {front} front, or listen on 127.0.0.1.");
            Err(Error::invalid(message).hint(hint))
        }
    }
}
