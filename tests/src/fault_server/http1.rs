//! Behavior over HTTP/1.1.

use std::{future, io};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use super::{
    behavior::{Action, Behavior, InjectionPoint},
    state::{Purpose, State},
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
        let Some(request) = read_request(&mut stream).await? else {
            return Ok(());
        };
        let behavior = state.next(purpose(&request));
        state.record(request);
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

fn purpose(request: &str) -> Purpose {
    let head = request.split("\r\n\r\n").next().unwrap_or_default();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let is_authorized = head.to_lowercase().contains("\r\nauthorization:");
    Purpose::of(path, is_authorized)
}

/// Reads a request with a body of known length; `None` at the end of the connection.
async fn read_request(stream: &mut TcpStream) -> io::Result<Option<String>> {
    const END: &str = "\r\n\r\n";
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(head) = text.find(END) {
            let length: usize = text[..head]
                .lines()
                .find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length:")?
                        .trim()
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if text.len() >= head + END.len() + length {
                return Ok(Some(text));
            }
        }
        match stream.read(&mut buffer).await? {
            0 => return Ok(None),
            read => text.push_str(&String::from_utf8_lossy(&buffer[..read])),
        }
    }
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
            Action::Hang => future::pending().await,
            Action::Close => return Ok(None),
            Action::Reset => return stream.set_zero_linger().map(|()| None),
        }
    }
    Ok(Some(stream))
}
