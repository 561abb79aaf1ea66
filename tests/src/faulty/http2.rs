//! Acts over HTTP/2, in TLS.

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

use super::{Act, Http2, Purpose, State, act};

/// A certificate for the loopback address, made for one service.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) certificate: String,
    acceptor: TlsAcceptor,
}

impl Tls {
    pub(super) fn new() -> io::Result<Self> {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])
            .map_err(io::Error::other)?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self {
            certificate: made.cert.pem(),
            acceptor: Arc::new(config).into(),
        })
    }
}

/// Serves a connection until one side has enough of it.
pub(super) async fn serve(tls: &Tls, stream: TcpStream, state: &State) -> io::Result<()> {
    let stream = tls.acceptor.accept(stream).await?;
    if let Some((_, is_update)) = state.early() {
        state.count(is_update);
        return go_away_without(stream).await;
    }
    let mut connection = server::handshake(stream).await.map_err(io::Error::other)?;
    // An answer that is dropped is one that is reset.
    let mut unanswered = Vec::new();
    while let Some(request) = connection.accept().await {
        let (request, mut respond) = request.map_err(io::Error::other)?;
        let is_signed = request.headers().contains_key(header::AUTHORIZATION);
        let purpose = Purpose::of(request.uri().path(), is_signed);
        let act = match (state.next(purpose), purpose) {
            (Act::Http2(act), _) => act,
            // The handshakes are served as over HTTP/1.1.
            (_, Purpose::Challenge) => {
                let (_, challenge) = act::CHALLENGE;
                let head = Response::builder()
                    .status(StatusCode::UNAUTHORIZED)
                    .header(header::WWW_AUTHENTICATE, challenge);
                send(&mut respond, head, "{}".to_owned())?;
                continue;
            }
            (_, Purpose::Token) => {
                send(&mut respond, Response::builder(), act::TOKEN.to_owned())?;
                continue;
            }
            (_, Purpose::Update) => Http2::Serve,
        };
        match act {
            Http2::Serve => send(&mut respond, Response::builder(), act::api_key())?,
            Http2::ResetStream(reason) => respond.send_reset(Reason::from(reason)),
            Http2::ResetAnswer(reason) => {
                let head = Response::new(());
                let mut answer = respond
                    .send_response(head, false)
                    .map_err(io::Error::other)?;
                tokio::spawn(async move {
                    // A head that is still here would not go out at all.
                    sleep(Duration::from_millis(50)).await;
                    answer.send_reset(Reason::from(reason));
                });
            }
            Http2::ServeAndGoAway => {
                send(&mut respond, Response::builder(), act::api_key())?;
                connection.graceful_shutdown();
            }
            Http2::GoAwayWith | Http2::GoAwayWithout => {
                connection.abrupt_shutdown(Reason::INTERNAL_ERROR);
                unanswered.push(respond);
            }
            Http2::Cut => return Ok(()),
            Http2::Wait => unanswered.push(respond),
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
        .and_then(|mut answer| answer.send_data(body.into(), true))
        .map_err(io::Error::other)
}

/// Waits for the head of a request, and says that no request has been taken. That is
/// more than the library can say, so it is said in frames (RFC 9113, section 4.1).
async fn go_away_without(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
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
