//! From an accepted socket to an open session: TLS or not, the start-up packet, the login.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use lakegate_base::{Principal, Session, SessionOptions};
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::startup::{
    Authentication, BackendKeyData, NegotiateProtocolVersion, ParameterStatus, SecretKey, Startup,
};
use pgwire::messages::{DecodeContext, Message, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::auth;
use crate::cancel::Key;
use crate::error::{Report, Result, clean};
use crate::frame::Reader;
use crate::link::{Gone, Link, Stream};
use crate::server::Shared;

const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;
const PACKET_BYTES: usize = 10_000;
/// The newest protocol spoken: 3.2, whose cancel keys are long.
const MINOR_NEWEST: u16 = 2;
const VERSION_NEWEST: i32 = 3 << 16 | 2;
/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// The protocol's name in ALPN, required of clients that start with TLS directly.
pub(crate) const ALPN: &[u8] = b"postgresql";

/// What a socket turned out to want.
pub(crate) enum Opening {
    Session(Box<dyn Stream>, Packet),
    Cancel {
        pid: i32,
        secret: Vec<u8>,
    },
    /// Refused: say why, then close.
    Refused(Box<dyn Stream>, Report),
}

/// The start-up packet.
#[derive(Debug)]
pub(crate) struct Packet {
    minor: u16,
    parameters: BTreeMap<String, String>,
    encrypted: bool,
}

/// A client that is logged in.
pub(crate) struct Client {
    pub session: Arc<dyn Session>,
    /// Makes the session open to cancel requests as long as this lives.
    _key: Key,
    pub user: String,
    /// The settings it was told, to tell it again when they change.
    pub reported: Vec<(&'static str, String)>,
}

/// The settings a client is told, and what they are when the engine does not know them.
const REPORTED: [(&str, &str); 13] = [
    ("server_version", "15.18"),
    ("server_encoding", "UTF8"),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, MDY"),
    ("TimeZone", "UTC"),
    ("integer_datetimes", "on"),
    ("standard_conforming_strings", "on"),
    ("in_hot_standby", "off"),
    ("default_transaction_read_only", "off"),
    ("application_name", ""),
    ("IntervalStyle", "postgres"),
    ("is_superuser", "off"),
    ("session_authorization", ""),
];

/// Reads until the client says what it wants. Nothing is read ahead, so that no byte sent in the
/// clear can pass for one sent encrypted (CVE-2021-23214).
pub(crate) async fn negotiate(mut tcp: TcpStream, shared: &Shared) -> Result<Opening, Gone> {
    let mut first = [0];
    if tcp.peek(&mut first).await.map_err(|_| Gone)? == 0 {
        return Err(Gone);
    }
    if first[0] == HANDSHAKE {
        return encrypted(tcp, shared, Alpn::Required).await;
    }
    // Each kind of encryption may be asked for once.
    for _ in 0..3 {
        let packet = read_packet(&mut tcp).await?;
        match Reader(&packet[4..]).u32().map_err(|_| Gone)? {
            TLS if packet.len() == 8 && shared.tls.is_some() => {
                tcp.write_all(b"S").await.map_err(|_| Gone)?;
                return encrypted(tcp, shared, Alpn::Optional).await;
            }
            TLS | GSS if packet.len() == 8 => tcp.write_all(b"N").await.map_err(|_| Gone)?,
            _ => return Ok(open(Box::new(tcp), packet, Encrypted::No)),
        }
    }
    Err(Gone)
}

#[derive(PartialEq, Eq)]
enum Alpn {
    Required,
    Optional,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encrypted {
    Yes,
    No,
}

async fn encrypted(tcp: TcpStream, shared: &Shared, alpn: Alpn) -> Result<Opening, Gone> {
    let tls = shared.tls.as_ref().ok_or(Gone)?;
    let mut stream =
        TlsAcceptor::from(Arc::clone(&tls.config)).accept(tcp).await.map_err(|error| {
            tracing::debug!(%error, "TLS handshake failed");
            Gone
        })?;
    if alpn == Alpn::Required && stream.get_ref().1.alpn_protocol() != Some(ALPN) {
        return Err(Gone);
    }
    let packet = read_packet(&mut stream).await?;
    Ok(open(Box::new(stream), packet, Encrypted::Yes))
}

/// A packet without type: its length, then the rest.
async fn read_packet(stream: &mut (impl AsyncRead + Unpin)) -> Result<BytesMut, Gone> {
    let length = stream.read_u32().await.map_err(|_| Gone)?;
    let length = usize::try_from(length).map_err(|_| Gone)?;
    if !(8..=PACKET_BYTES).contains(&length) {
        tracing::info!(length, "invalid length of startup packet");
        return Err(Gone);
    }
    let mut packet = BytesMut::zeroed(length);
    stream.read_exact(&mut packet[4..]).await.map_err(|_| Gone)?;
    let length = u32::try_from(length).map_err(|_| Gone)?;
    packet[..4].copy_from_slice(&length.to_be_bytes());
    Ok(packet)
}

fn open(stream: Box<dyn Stream>, packet: BytesMut, encrypted: Encrypted) -> Opening {
    let code = (&packet[4..8]).get_u32();
    if code == CANCEL {
        return cancel(stream, packet);
    }
    match startup(packet) {
        Ok(startup) => {
            let packet = Packet {
                minor: startup.protocol_number_minor,
                parameters: startup.parameters,
                encrypted: encrypted == Encrypted::Yes,
            };
            Opening::Session(stream, packet)
        }
        Err(report) => Opening::Refused(stream, report),
    }
}

fn cancel(stream: Box<dyn Stream>, mut packet: BytesMut) -> Opening {
    let context = DecodeContext::new(ProtocolVersion::PROTOCOL3_2);
    // Four bytes each: length, code, process id; then a key of 4 to 256 bytes.
    if !(16..=268).contains(&packet.len()) {
        return Opening::Refused(stream, Report::protocol("invalid length of cancel request"));
    }
    match CancelRequest::decode(&mut packet, &context) {
        Ok(Some(request)) => {
            Opening::Cancel { pid: request.pid, secret: request.secret_key.to_bytes().to_vec() }
        }
        _ => Opening::Refused(stream, Report::protocol("invalid cancel request")),
    }
}

/// Checks the packet, then lets pgwire decode it.
fn startup(mut packet: BytesMut) -> Result<Startup> {
    let mut reader = Reader(&packet[4..]);
    let (major, minor) = (reader.u16()?, reader.u16()?);
    if major != 3 {
        let message = format!(
            "unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.{MINOR_NEWEST}"
        );
        return Err(Report::new("0A000", message));
    }
    let layout =
        || Report::protocol("invalid startup packet layout: expected terminator as last byte");
    while !reader.text().map_err(|_| layout())?.is_empty() {
        reader.text().map_err(|_| layout())?;
    }
    reader.finish().map_err(|_| layout())?;
    let decoded = Startup::decode(&mut packet, &DecodeContext::new(ProtocolVersion::PROTOCOL3_2));
    decoded.ok().flatten().ok_or_else(layout)
}

impl Packet {
    fn user(&self) -> Result<&str> {
        self.parameters.get("user").map(String::as_str).filter(|user| !user.is_empty()).ok_or_else(
            || Report::new("28000", "no PostgreSQL user name specified in startup packet"),
        )
    }

    /// What the session must know. Protocol options (`_pq_.…`) are not among its settings.
    fn session_options(&self, address: SocketAddr) -> Result<SessionOptions> {
        let user = self.user()?.to_string();
        let mut settings = Vec::new();
        for (name, value) in &self.parameters {
            match name.as_str() {
                "user" | "database" => {}
                "options" => settings.extend(command_line(value)?),
                "replication" if matches!(value.as_str(), "false" | "off" | "no" | "0") => {}
                "replication" => {
                    return Err(Report::new("0A000", "not supported: replication connections"));
                }
                name if name.starts_with("_pq_.") => {}
                name => settings.push((name.to_string(), value.clone())),
            }
        }
        let database = self.parameters.get("database").filter(|name| !name.is_empty());
        Ok(SessionOptions {
            database: database.unwrap_or(&user).clone(),
            principal: Principal { name: user },
            settings,
            client: address.to_string(),
        })
    }

    fn unknown_options(&self) -> Vec<String> {
        self.parameters.keys().filter(|name| name.starts_with("_pq_.")).cloned().collect()
    }
}

/// `-c name=value` and `--name=value`, with backslash before a space that belongs to a value.
fn command_line(text: &str) -> Result<Vec<(String, String)>> {
    let mut words = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, words.last_mut()) {
            ('\\', Some(word)) => word.extend(characters.next()),
            (' ' | '\t' | '\n' | '\r', _) => words.push(String::new()),
            (other, Some(word)) => word.push(other),
            (_, None) => {}
        }
    }
    let invalid = |word: &str| {
        Report::new("42601", format!("invalid command-line argument for server process: {word}"))
    };
    let mut settings = Vec::new();
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let setting = match word.as_str() {
            "-c" => words.next().ok_or_else(|| invalid(&word))?,
            other => other
                .strip_prefix("--")
                .or_else(|| other.strip_prefix("-c"))
                .ok_or_else(|| invalid(&word))?
                .to_string(),
        };
        let (name, value) = setting.split_once('=').ok_or_else(|| invalid(&setting))?;
        settings.push((name.replace('-', "_"), value.to_string()));
    }
    Ok(settings)
}

/// Authenticates, opens the session and greets the client, up to but without ReadyForQuery.
pub(crate) async fn login(
    link: &mut Link,
    packet: &Packet,
    address: SocketAddr,
    shared: &Shared,
) -> Result<Result<Client>, Gone> {
    let options = match packet.session_options(address) {
        Ok(options) => options,
        Err(report) => return Ok(Err(report)),
    };
    if shared.options.require_tls && !packet.encrypted {
        let message = "this server accepts encrypted connections only";
        return Ok(Err(Report::new("28000", message).hint("Connect with sslmode=require.")));
    }
    let unknown = packet.unknown_options();
    if packet.minor > MINOR_NEWEST || !unknown.is_empty() {
        let offer = NegotiateProtocolVersion::new(VERSION_NEWEST, unknown);
        if let Err(report) = link.output.message(&offer) {
            return Ok(Err(report));
        }
    }
    let user = options.principal.name.clone();
    if let Some(users) = &shared.users {
        let tls = shared.tls.as_ref().filter(|_| packet.encrypted);
        let certificate = tls.map(|tls| tls.certificate.as_slice());
        if let Err(report) = auth::scram(link, users, &user, certificate).await? {
            return Ok(Err(report));
        }
    }
    let session = match link.watch(shared.engine.open(options)).await? {
        Ok(session) => session,
        Err(error) => return Ok(Err(error.into())),
    };
    Ok(greet(link, packet, session, user, shared))
}

fn greet(
    link: &mut Link,
    packet: &Packet,
    session: Arc<dyn Session>,
    user: String,
    shared: &Shared,
) -> Result<Client> {
    link.output.message(&Authentication::Ok)?;
    let mut reported = Vec::new();
    for (name, fallback) in REPORTED {
        let fallback = if name == "session_authorization" { &user } else { fallback };
        let value = session.show(name).unwrap_or_else(|_| fallback.to_string());
        link.output.message(&ParameterStatus::new(name.to_string(), clean(&value)))?;
        reported.push((name, value));
    }
    let secret_bytes = if packet.minor >= 2 { 32 } else { 4 };
    let key = shared.registry.add(Arc::clone(&session), secret_bytes);
    let secret = SecretKey::Bytes(key.secret.clone().into());
    link.output.message(&BackendKeyData::new(key.pid, secret))?;
    Ok(Client { session, _key: key, user, reported })
}
