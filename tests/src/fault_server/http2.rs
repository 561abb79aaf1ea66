//! Behavior over HTTP/2 and TLS.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use h2::{Reason, server};
use http::{Response, StatusCode, header};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

use super::{
    behavior::{Behavior, Http2Behavior},
    state::{self, Purpose, State},
};

/// Creates a certificate for the loopback address; returns it in PEM with its configuration.
pub(super) fn self_signed() -> io::Result<(String, ServerConfig)> {
    let certified =
        rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(io::Error::other)?;
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .map_err(io::Error::other)?;
    Ok((certified.cert.pem(), config))
}

/// Creates an acceptor of HTTP/2 connections.
pub(super) fn acceptor(mut config: ServerConfig) -> TlsAcceptor {
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config).into()
}

/// Serves a connection until one side closes it.
pub(super) async fn serve(tls: &TlsAcceptor, stream: TcpStream, state: &State) -> io::Result<()> {
    let stream = tls.accept(stream).await?;
    if let Some((_, is_update)) = state.early() {
        state.count(is_update);
        return go_away_unprocessed(stream).await;
    }
    let mut connection = server::handshake(stream).await.map_err(io::Error::other)?;
    // Dropping one of these would reset its stream.
    let mut pending = Vec::new();
    while let Some(request) = connection.accept().await {
        let (request, mut respond) = request.map_err(io::Error::other)?;
        let behavior = match state.next(&request.map(|_| Bytes::new())) {
            (Behavior::Http2(behavior), _) => behavior,
            (_, Purpose::Challenge) => {
                let (_, challenge) = state::CHALLENGE;
                let head = Response::builder()
                    .status(StatusCode::UNAUTHORIZED)
                    .header(header::WWW_AUTHENTICATE, challenge);
                send(&mut respond, head, "{}".to_owned())?;
                continue;
            }
            (_, Purpose::Token) => {
                send(&mut respond, Response::builder(), state::TOKEN.to_owned())?;
                continue;
            }
            (_, Purpose::Update) => Http2Behavior::Respond,
        };
        match behavior {
            Http2Behavior::Respond => send(&mut respond, Response::builder(), state::api_key())?,
            Http2Behavior::ResetStream(reason) => respond.send_reset(Reason::from(reason)),
            Http2Behavior::ResetAfterHead(reason) => {
                let mut stream = respond
                    .send_response(Response::new(()), false)
                    .map_err(io::Error::other)?;
                tokio::spawn(async move {
                    // An immediate reset would discard the head.
                    sleep(Duration::from_millis(50)).await;
                    stream.send_reset(Reason::from(reason));
                });
            }
            Http2Behavior::RespondAndGoAway => {
                send(&mut respond, Response::builder(), state::api_key())?;
                connection.graceful_shutdown();
            }
            Http2Behavior::GoAwayProcessed | Http2Behavior::GoAwayUnprocessed => {
                connection.abrupt_shutdown(Reason::INTERNAL_ERROR);
                pending.push(respond);
            }
            Http2Behavior::Close => return Ok(()),
            Http2Behavior::Hang => pending.push(respond),
        }
    }
    Ok(())
}

fn send(
    respond: &mut server::SendResponse<Bytes>,
    head: http::response::Builder,
    body: String,
) -> io::Result<()> {
    let head = head.body(()).map_err(io::Error::other)?;
    respond
        .send_response(head, false)
        .and_then(|mut stream| stream.send_data(body.into(), true))
        .map_err(io::Error::other)
}

/// Waits for the head of a request, then sends a GOAWAY that counts no request as
/// processed. The h2 crate cannot send that, so this writes frames (RFC 9113, section 4.1).
async fn go_away_unprocessed(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    const PREFACE: usize = 24;
    const HEADERS: u8 = 1;
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const GO_AWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    stream.write_all(&SETTINGS).await?;
    stream.flush().await?;
    stream.read_exact(&mut [0; PREFACE]).await?;
    loop {
        let mut frame = [0; 9];
        stream.read_exact(&mut frame).await?;
        let [_, high, low, kind, ..] = frame;
        let mut payload = vec![0; usize::from(u16::from_be_bytes([high, low]))];
        stream.read_exact(&mut payload).await?;
        if kind == HEADERS {
            stream.write_all(&GO_AWAY).await?;
            return stream.shutdown().await;
        }
    }
}
