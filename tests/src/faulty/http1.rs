//! Acts over HTTP/1.1.

use std::{future, io};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use super::{Act, Moment, Part, Purpose, State, reset};
use crate::read_request;

/// Serves a connection until one side has enough of it.
pub(super) async fn serve(mut stream: TcpStream, state: &State) -> io::Result<()> {
    loop {
        if let Some((Act::Http1(moment, parts), is_update)) = state.early() {
            stream.peek(&mut [0]).await?;
            state.count(is_update);
            if moment == Moment::HalfRead {
                stream.read_exact(&mut [0; 16]).await?;
            }
            return match perform(stream, parts).await? {
                Some(stream) => reset(stream),
                None => Ok(()),
            };
        }
        let Some(request) = read_request(&mut stream).await? else {
            return Ok(());
        };
        let act = state.next(purpose(&request));
        let Act::Http1(_, parts) = act else {
            return Err(io::Error::other("an act of HTTP/2"));
        };
        match perform(stream, parts).await? {
            Some(kept) => stream = kept,
            None => return Ok(()),
        }
    }
}

fn purpose(request: &str) -> Purpose {
    let head = request.split("\r\n\r\n").next().unwrap_or_default();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let is_signed = head.to_lowercase().contains("\r\nauthorization:");
    Purpose::of(path, is_signed)
}

/// Gives the connection back if it lives.
async fn perform(mut stream: TcpStream, parts: Vec<Part>) -> io::Result<Option<TcpStream>> {
    for part in parts {
        match part {
            Part::Send(bytes) => stream.write_all(&bytes).await?,
            Part::SendNow(make) => stream.write_all(make().as_bytes()).await?,
            Part::Drip(bytes, pause) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await?;
                    sleep(pause).await;
                }
            }
            Part::Repeat(bytes, pause) => loop {
                stream.write_all(&bytes).await?;
                if !pause.is_zero() {
                    sleep(pause).await;
                }
            },
            Part::Wait => future::pending().await,
            Part::Close => return Ok(None),
            Part::Reset => return reset(stream).map(|()| None),
        }
    }
    Ok(Some(stream))
}
