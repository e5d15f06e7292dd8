//! Hostile bytes: no panic, no lost server, no byte read past a message.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::raw::{Raw, code, frame, kinds, packet, startup};
use super::{options, start};
use crate::Limits;
use crate::frame::{Phase, take};

const TYPES: [u8; 14] = *b"QPBDECHSXFdcfp";

#[test]
fn random_frames_never_panic_and_never_reach_past_themselves() {
    let mut random = StdRng::seed_from_u64(1);
    let limits = Limits::default();
    let (mut good, mut bad) = (0, 0);
    for round in 0..400_000 {
        let kind = TYPES[round % TYPES.len()];
        let phase = if kind == b'p' { Phase::Login } else { Phase::Session };
        let mut body = vec![0; random.random_range(0..40)];
        random.fill(body.as_mut_slice());
        // Half of them mostly zeros, which many more fields accept.
        if round % 2 == 0 {
            body.iter_mut().for_each(|byte| *byte = if *byte < 200 { 0 } else { *byte });
        }
        let tail = frame(b'Q', b"untouched\0");
        let mut input = BytesMut::from([frame(kind, &body), tail.clone()].concat().as_slice());
        let taken = take(&mut input, phase, &limits).expect("the framing is right");
        let taken = taken.expect("the frame is whole");
        assert_eq!(input, tail, "what follows the frame stays");
        let decoded = match phase {
            Phase::Session => taken.decode().map(drop),
            Phase::Login => taken.sasl_initial().map(drop),
        };
        if decoded.is_ok() { good += 1 } else { bad += 1 }
    }
    assert!(good > 20_000 && bad > 20_000, "both kinds are met: {good} good, {bad} bad");
}

/// Bodies too short for their type, or with counts and lengths that lie.
fn short_frames() -> Vec<Vec<u8>> {
    let bodies: [(u8, &[u8]); 27] = [
        (b'B', b""),
        (b'B', b"\0"),
        (b'B', b"\0\0"),
        (b'B', b"\0\0\0"),
        (b'B', b"\0\0\0\x01"),
        (b'B', b"\0\0\0\0\0\x01"),
        (b'B', b"\0\0\0\0\0\x01\0\0\0\x09"),
        (b'B', b"\0\0\0\0\0\x01\xff\xff\xff\xf9\0\0"),
        (b'B', b"\0\0\0\0\0\x01\x7f\xff\xff\xff\0\0"),
        (b'B', b"\0\0\0\0\0\0\0\x05"),
        (b'B', b"\0\0\0\0\0\0\0\0junk"),
        (b'B', b"\0\0\xff\xff"),
        (b'P', b""),
        (b'P', b"\0"),
        (b'P', b"\0rows 1"),
        (b'P', b"\0rows 1\0"),
        (b'P', b"\0rows 1\0\0\x02\0\0\0\x17"),
        (b'P', b"\0rows 1\0\xff\xff"),
        (b'D', b""),
        (b'D', b"S"),
        (b'D', b"X\0"),
        (b'C', b""),
        (b'C', b"Pname"),
        (b'E', b""),
        (b'E', b"\0\0\0"),
        (b'H', b"x"),
        (b'Q', b"rows 1"),
    ];
    bodies.iter().map(|(kind, body)| frame(*kind, body)).collect()
}

#[tokio::test]
async fn short_frames_are_protocol_violations_that_lose_nothing() {
    let running = start(options());
    let (mut raw, _) = Raw::session(running.address).await;
    for bytes in short_frames() {
        raw.send(&bytes).await;
        // A bad Query is over at once, the others wait for Sync.
        if bytes[0] != b'Q' {
            raw.send(&[frame(b'Q', b"rows 9\0"), frame(b'S', b"")].concat()).await;
        }
        let messages = raw.until(b'Z').await;
        assert_eq!(kinds(&messages), "EZ", "{bytes:?}");
        assert_eq!(code(&messages).as_deref(), Some("08P01"), "{bytes:?}");
    }
    raw.send(&frame(b'Q', b"rows 1\0")).await;
    assert_eq!(kinds(&raw.until(b'Z').await), "TDCZ", "the same connection goes on");
    raw.send(&frame(b'Q', b"rows \xff\0")).await;
    assert_eq!(code(&raw.until(b'Z').await).as_deref(), Some("22021"));
}

#[tokio::test]
async fn broken_framing_ends_the_connection() {
    let running = start(options());
    let broken: [&[u8]; 6] = [
        b"Q\0\0\0\0",
        b"Q\0\0\0\x03",
        b"Q\x7f\xff\xff\xff",
        b"D\0\0\xff\xff",
        b"p\0\0\0\x05\0",
        b"\xff\0\0\0\x04",
    ];
    for bytes in broken {
        let (mut raw, _) = Raw::session(running.address).await;
        raw.send(bytes).await;
        let messages = raw.until(b'Z').await;
        assert_eq!(code(&messages).as_deref(), Some("08P01"), "{bytes:?}");
        assert_eq!(raw.read().await, None, "closed");
    }
}

/// What a driver sends from its first byte to its last.
fn recorded() -> Vec<u8> {
    [
        startup(),
        frame(b'Q', b"begin; rows 3\0"),
        frame(b'P', b"s\0echo\0\0\x01\0\0\0\x14"),
        frame(b'B', b"p\0s\0\0\x01\0\x01\0\x01\0\0\0\x08\0\0\0\0\0\0\0\x2a\0\x01\0\x01"),
        frame(b'D', b"Ss\0"),
        frame(b'D', b"Pp\0"),
        frame(b'E', b"p\0\0\0\0\x02"),
        frame(b'C', b"Pp\0"),
        frame(b'H', b""),
        frame(b'S', b""),
        frame(b'Q', b"rollback\0"),
        frame(b'X', b""),
    ]
    .concat()
}

async fn replay(address: std::net::SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.expect("the server is alive");
    let mut answer = Vec::new();
    let all = async {
        // The server may close first.
        drop(stream.write_all(bytes).await);
        drop(stream.shutdown().await);
        drop(stream.read_to_end(&mut answer).await);
    };
    let ended = tokio::time::timeout(Duration::from_secs(10), all).await;
    ended.unwrap_or_else(|_| panic!("no end after {bytes:?}"));
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_one_byte_mutation_of_a_session_is_survived() {
    let running = start(options());
    let good = recorded();
    let answer = replay(running.address, &good).await;
    assert!(
        answer.windows(9).any(|part| part == b"ROLLBACK\0"),
        "the recording is a whole session"
    );
    let tasks = Arc::new(tokio::sync::Semaphore::new(32));
    let mut replays = tokio::task::JoinSet::new();
    for position in 0..good.len() {
        for change in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
            let mut bytes = good.clone();
            bytes[position] ^= change;
            let turn = Arc::clone(&tasks).acquire_owned().await.expect("open");
            let address = running.address;
            replays.spawn(async move {
                replay(address, &bytes).await;
                drop(turn);
            });
        }
    }
    while let Some(result) = replays.join_next().await {
        result.expect("no replay hangs");
    }
    let client = running.client().await;
    assert_eq!(client.query("rows 2", &[]).await.expect("the server is alive").len(), 2);
}

#[tokio::test]
async fn start_up_packets_are_checked() {
    let running = start(options());
    let refused: [(&[u8], &str); 4] = [
        (&packet(131_072, b"user\0ann\0\0"), "0A000"),
        (&packet(196_608, b"user\0ann\0"), "08P01"),
        (&packet(196_608, b"user\0ann\0\0x"), "08P01"),
        (&packet(196_608, b"database\0lake\0\0"), "28000"),
    ];
    for (bytes, expected) in refused {
        let mut raw = Raw::connect(running.address).await;
        raw.send(bytes).await;
        assert_eq!(code(&raw.until(b'Z').await).as_deref(), Some(expected), "{bytes:?}");
    }
    for bytes in
        [b"\0\0\0\x04\0\0\0\0".as_slice(), b"\xff\xff\xff\xff\0\x03\0\0", b"GET / HTTP/1.1\r\n"]
    {
        let mut raw = Raw::connect(running.address).await;
        raw.send(bytes).await;
        assert_eq!(raw.read().await, None, "closed unheard: {bytes:?}");
    }
    // A newer minor version is negotiated down, its cancel key is long.
    let mut raw = Raw::connect(running.address).await;
    raw.send(&packet(0x0003_000f, b"user\0ann\0database\0lake\0_pq_.new\0on\0\0")).await;
    let messages = raw.until(b'Z').await;
    assert!(kinds(&messages).starts_with("vR"), "{}", kinds(&messages));
    assert_eq!(messages[0].1, b"\0\x03\0\x02\0\0\0\x01_pq_.new\0");
    let key = messages.iter().find(|(kind, _)| *kind == b'K').expect("a key");
    assert_eq!(key.1.len(), 4 + 32);
}
