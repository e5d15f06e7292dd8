//! Who gets in: trust, SCRAM, TLS.

use std::io::Write;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, NoTls};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::raw::{Raw, code, packet, startup};
use super::{Running, options, start};
use crate::{Auth, PgOptions, Secret, Server, TlsFiles, User};

/// The password `pencil`, as Postgres 15 stored it.
const VERIFIER: &str = concat!(
    "SCRAM-SHA-256$4096:S7Xnb81YTQiOSwmakaAVFw==$",
    "hbP7gwl55hRAtIE/8SM1TK/LyjnDlDq3M4pGtTZyezk=:",
    "vRiotBP/xcuFGxZfGLB74ECneQAidzf3E/5TEFCK6EI="
);

pub(crate) fn scram() -> PgOptions {
    let user = |name: &str, secret| User { name: name.to_string(), secret };
    let users = vec![
        user("ann", Secret::Password("s3cret".into())),
        user("bob", Secret::Verifier(VERIFIER.into())),
    ];
    PgOptions { auth: Auth::Scram(users), ..options() }
}

async fn log_in(running: &Running, user: &str, password: &str) -> Option<SqlState> {
    let mut config = Config::new();
    config.host("127.0.0.1").port(running.address.port()).dbname("lake");
    config.user(user).password(password);
    match config.connect(NoTls).await {
        Ok(_) => None,
        Err(error) => Some(error.code().cloned().expect("refused by the server")),
    }
}

#[tokio::test]
async fn scram_admits_the_right_password_only() {
    let running = start(scram());
    assert_eq!(log_in(&running, "ann", "s3cret").await, None);
    assert_eq!(log_in(&running, "bob", "pencil").await, None);
    for (user, password) in [("ann", "pencil"), ("ann", ""), ("bob", "s3cret"), ("eve", "s3cret")] {
        let refused = log_in(&running, user, password).await;
        assert_eq!(refused, Some(SqlState::INVALID_PASSWORD), "{user}");
    }
    assert_eq!(running.fake.counts.sessions.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[tokio::test]
async fn before_login_only_passwords_are_heard() {
    let running = start(scram());
    for bytes in
        [b"Q\0\0\0\x0brows 1\0".as_slice(), b"p\0\x10\0\0", b"p\0\0\0\x04", b"p\0\0\0\x08SCRM"]
    {
        let mut raw = Raw::connect(running.address).await;
        raw.send(&startup()).await;
        assert_eq!(raw.read().await.expect("asked for a password").0, b'R');
        raw.send(bytes).await;
        assert_eq!(code(&raw.until(b'Z').await).as_deref(), Some("08P01"), "{bytes:?}");
    }
}

#[tokio::test]
async fn a_stranger_looks_like_a_user_with_another_password() {
    let running = start(scram());
    let mut challenges = Vec::new();
    for user in ["ann", "eve", "eve"] {
        let mut raw = Raw::connect(running.address).await;
        raw.send(&packet(196_608, format!("user\0{user}\0database\0lake\0\0").as_bytes())).await;
        raw.read().await.expect("asked for a password");
        let first = b"SCRAM-SHA-256\0\0\0\0\x0fn,,n=,r=abcdefg";
        raw.send(&super::raw::frame(b'p', first)).await;
        let (kind, body) = raw.read().await.expect("challenged");
        assert_eq!(kind, b'R');
        let challenge = String::from_utf8(body[4..].to_vec()).expect("text");
        let parts: Vec<String> = challenge.split(',').map(str::to_string).collect();
        challenges.push((parts[0].len(), parts[1].clone(), parts[2].clone()));
    }
    assert_eq!(challenges[1], challenges[2], "a stranger's salt does not change");
    assert_eq!(challenges[0].1.len(), challenges[1].1.len());
    assert_eq!(challenges[0].2, challenges[1].2, "the same iterations");
}

#[tokio::test]
async fn unsafe_or_impossible_ports_are_refused_with_the_next_step() {
    let refused = |options: PgOptions| {
        let error = Server::bind(options, Arc::new(super::fake::Fake::default())).err();
        let error = error.expect("refused");
        assert!(error.hint_text().is_some() && !error.message().contains('\n'));
        error.message().to_string()
    };
    let everywhere = PgOptions { listen: ([0, 0, 0, 0], 0).into(), ..options() };
    assert!(refused(everywhere).contains("not a loopback address"));
    let running = start(options());
    let taken = PgOptions { listen: running.address, ..options() };
    let message = refused(taken);
    assert!(
        message.contains("the port is in use") && message.contains(&running.address.to_string())
    );
    assert!(refused(PgOptions { require_tls: true, ..options() }).contains("no certificate"));
    let missing = TlsFiles { certificate: "/nowhere.pem".into(), key: "/nowhere.key".into() };
    assert!(refused(PgOptions { tls: Some(missing), ..options() }).contains("/nowhere.pem"));
}

/// A server with a self-signed certificate, which is returned, too.
pub(crate) fn with_tls(base: PgOptions) -> (Running, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).expect("made");
    let save = |text: String| {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        file
    };
    let (certificate, key) = (save(made.cert.pem()), save(made.signing_key.serialize_pem()));
    let files = TlsFiles { certificate: certificate.path().into(), key: key.path().into() };
    let running = start(PgOptions { tls: Some(files), require_tls: true, ..base });
    let pem = made.cert.pem();
    (running, CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate"))
}

async fn handshake(
    stream: TcpStream,
    certificate: CertificateDer<'static>,
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.expect("a handshake")
}

async fn query_over(stream: TlsStream<TcpStream>) -> usize {
    let mut config = Config::new();
    config.user("ann").password("s3cret").dbname("lake");
    config.ssl_mode(tokio_postgres::config::SslMode::Disable);
    let (client, connection) = config.connect_raw(stream, NoTls).await.expect("logs in");
    tokio::spawn(connection);
    client.query("rows 5000", &[]).await.expect("runs").len()
}

#[tokio::test]
async fn tls_serves_asked_for_and_direct_connections() {
    let (running, certificate) = with_tls(scram());
    let mut asked = TcpStream::connect(running.address).await.expect("connects");
    asked.write_all(&packet(80_877_103, b"")).await.expect("sent");
    assert_eq!(asked.read_u8().await.expect("answered"), b'S');
    assert_eq!(query_over(handshake(asked, certificate.clone()).await).await, 5_000);
    let direct = TcpStream::connect(running.address).await.expect("connects");
    assert_eq!(query_over(handshake(direct, certificate).await).await, 5_000);
    // In the clear nobody gets in, not even to try a password.
    assert_eq!(
        log_in(&running, "ann", "s3cret").await,
        Some(SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
    );
}

#[tokio::test]
async fn bytes_before_the_handshake_are_no_session() {
    let (running, _) = with_tls(options());
    let mut raw = Raw::connect(running.address).await;
    raw.send(&[packet(80_877_103, b""), startup()].concat()).await;
    assert_eq!(raw.stream.read_u8().await.expect("answered"), b'S');
    let mut rest = Vec::new();
    drop(raw.stream.read_to_end(&mut rest).await);
    assert_ne!(rest.first(), Some(&b'R'), "injected plaintext is not served");
    assert_eq!(running.fake.counts.sessions.load(std::sync::atomic::Ordering::SeqCst), 0);
    let mut without = Raw::connect(start(options()).address).await;
    without.send(&packet(80_877_104, b"")).await;
    assert_eq!(without.stream.read_u8().await.expect("answered"), b'N');
}
