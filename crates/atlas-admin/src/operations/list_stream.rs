//! All items of a list, page by page.

use std::{
    collections::HashSet,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    vec,
};

use futures_core::Stream;

use super::builder::BoxFuture;
use crate::{
    error::Error,
    model::{page::Page, response::Response},
};

/// The future of one page.
pub(super) type PageFuture<T> = BoxFuture<Result<Response<Page<T>>, Error>>;

/// A stream of all items of a list; see [`List::stream`](crate::List::stream).
///
/// It reads pages one after the other, each when the items before it have been taken, and holds
/// one page at a time. It yields no item twice, for which it remembers the id of each, in about
/// 100 bytes. It ends after the last page, after a page that has nothing new, and after an error.
///
/// The services list keys in the order of their public keys, and give out pages by their number.
/// So what happens to the list while it is read moves its pages: a new key may or may not be
/// among the items, and **if keys are deleted meanwhile, one that still exists may be missed**. A
/// list of up to 500 items fits on one page, which is read at once
/// ([`List::items_per_page`](crate::List::items_per_page)).
///
/// `next` works without any other crate; as a [`Stream`], it also has the methods of `StreamExt`
/// and `TryStreamExt` in the crate `futures`.
#[must_use = "streams do nothing unless polled"]
pub struct ListStream<T> {
    fetch: Box<dyn Fn(u32) -> PageFuture<T> + Send>,
    identity: fn(&T) -> String,
    items_per_page: u32,
    /// `None` after the last page.
    next_page: Option<u32>,
    fetching: Option<PageFuture<T>>,
    items: vec::IntoIter<T>,
    seen: HashSet<String>,
    pages_read: u32,
    requests_sent: u32,
}

impl<T> ListStream<T> {
    pub(super) fn new(
        fetch: impl Fn(u32) -> PageFuture<T> + Send + 'static,
        identity: fn(&T) -> String,
        first_page: u32,
        items_per_page: u32,
    ) -> Self {
        Self {
            fetch: Box::new(fetch),
            identity,
            items_per_page,
            next_page: Some(first_page),
            fetching: None,
            items: Vec::new().into_iter(),
            seen: HashSet::new(),
            pages_read: 0,
            requests_sent: 0,
        }
    }

    /// Returns the next item, or `None` after the last one. It can be cancelled: an item or a
    /// page that was not awaited is returned by the next call.
    ///
    /// # Errors
    ///
    /// Those of [`List::page`](crate::List::page). The stream ends after an error.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Returns the number of HTTP requests sent so far, for the pages that have arrived.
    #[must_use]
    pub fn requests_sent(&self) -> u32 {
        self.requests_sent
    }

    pub(super) fn pages_read(&self) -> u32 {
        self.pages_read
    }

    /// Takes the new items of a page, and decides whether another page follows.
    fn accept(&mut self, number: u32, response: Response<Page<T>>) {
        self.pages_read += 1;
        self.requests_sent += response.requests_sent();
        let mut page = response.into_inner();
        // Services link to the next page. Without any links, a full page says the same.
        let is_full = page.results.len() as u64 >= u64::from(self.items_per_page);
        let has_next = page.has_next() || (page.links.is_empty() && is_full);
        page.results
            .retain(|item| self.seen.insert((self.identity)(item)));
        // A service that sends the same page for each number must not be asked forever.
        let has_next = has_next && !page.results.is_empty();
        self.next_page = number.checked_add(1).filter(|_| has_next);
        self.items = page.results.into_iter();
    }
}

/// No part of it is pinned in place: futures are boxed.
impl<T> Unpin for ListStream<T> {}

impl<T> Stream for ListStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(item) = this.items.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            let Some(number) = this.next_page else {
                return Poll::Ready(None);
            };
            let fetching = this.fetching.get_or_insert_with(|| (this.fetch)(number));
            let result = ready!(fetching.as_mut().poll(context));
            this.fetching = None;
            match result {
                Ok(response) => this.accept(number, response),
                Err(error) => {
                    this.next_page = None;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

impl<T> fmt::Debug for ListStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListStream")
            .field("next_page", &self.next_page)
            .field("requests_sent", &self.requests_sent)
            .finish_non_exhaustive()
    }
}
