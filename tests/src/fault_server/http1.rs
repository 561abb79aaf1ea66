//! Behavior over HTTP/1.1.

use std::{future, io};

use bytes::Bytes;
use http::{Request, header};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use super::{
    behavior::{Action, Behavior, InjectionPoint},
    state::State,
};

/// Serves a connection until one side closes it.
pub(super) async fn serve(mut stream: TcpStream, state: &State) -> io::Result<()> {
    loop {
        if let Some((Behavior::Http1(point, actions), is_update)) = state.early() {
            stream.peek(&mut [0]).await?;
            state.count(is_update);
            if point == InjectionPoint::DuringRequest {
                stream.read_exact(&mut [0; 16]).await?;
            }
            return match perform(stream, actions).await? {
                // The request is unread, so another one cannot follow.
                Some(stream) => stream.set_zero_linger(),
                None => Ok(()),
            };
        }
        let Some(bytes) = read_request(&mut stream).await? else {
            return Ok(());
        };
        let request = parse(&bytes)?;
        state.record(&bytes);
        let (behavior, _) = state.next(&request);
        let Behavior::Http1(_, actions) = behavior else {
            return Err(io::Error::other(
                "HTTP/2 behavior on an HTTP/1.1 connection",
            ));
        };
        match perform(stream, actions).await? {
            Some(open) => stream = open,
            None => return Ok(()),
        }
    }
}

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Reads a request with a body of known length; `None` at the end of the connection.
async fn read_request(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    loop {
        if let Some(head) = head_length(&bytes) {
            let headers = parse(&bytes)?.into_parts().0.headers;
            let length = headers.get(header::CONTENT_LENGTH);
            let length: usize = length
                .and_then(|value| value.to_str().ok()?.parse().ok())
                .unwrap_or(0);
            if bytes.len() >= head + length {
                return Ok(Some(bytes));
            }
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}

fn head_length(bytes: &[u8]) -> Option<usize> {
    let end = bytes
        .windows(END_OF_HEAD.len())
        .position(|window| window == END_OF_HEAD)?;
    Some(end + END_OF_HEAD.len())
}

fn parse(bytes: &[u8]) -> io::Result<Request<Bytes>> {
    let (head, body) = bytes.split_at(head_length(bytes).unwrap_or(bytes.len()));
    let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let mut first = lines.next().unwrap_or_default().split(|&byte| byte == b' ');
    let mut request = Request::builder()
        .method(first.next().unwrap_or_default())
        .uri(first.next().unwrap_or_default());
    for line in lines.filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        request = request.header(name, value.get(1..).unwrap_or_default().trim_ascii());
    }
    let body = Bytes::copy_from_slice(body);
    request.body(body).map_err(io::Error::other)
}

/// Performs actions, and returns the connection if it is still open.
async fn perform(mut stream: TcpStream, actions: Vec<Action>) -> io::Result<Option<TcpStream>> {
    for action in actions {
        match action {
            Action::Send(bytes) => stream.write_all(&bytes).await?,
            Action::SendGenerated(generate) => stream.write_all(generate().as_bytes()).await?,
            Action::Drip(bytes, interval) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await?;
                    sleep(interval).await;
                }
            }
            Action::Repeat(bytes, interval) => loop {
                stream.write_all(&bytes).await?;
                if !interval.is_zero() {
                    sleep(interval).await;
                }
            },
            Action::Pause(time) => sleep(time).await,
            Action::Hang => future::pending().await,
            Action::Close => return Ok(None),
            Action::Reset => return stream.set_zero_linger().map(|()| None),
        }
    }
    Ok(Some(stream))
}
