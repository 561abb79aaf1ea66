//! Lists: read a page, or all items.

use std::sync::Arc;

use std::fmt;

use atlas_admin_raw::types;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use super::{
    builder::{BoxFuture, Call, ValidRequest},
    list_stream::{ListStream, PageFuture},
    validate::Body,
    verify,
};
use crate::{
    client::Client,
    error::Error,
    model::{
        access_list::AccessListEntry,
        api_key::{ApiKey, Link},
        options::RequestOptions,
        page::Page,
        parse_error::ParseError,
        response::Response,
        target::CallTarget,
    },
};

const ORG_API_KEYS: &str = "list_org_api_keys";
const PROJECT_API_KEYS: &str = "list_project_api_keys";
const ACCESS_LIST: &str = "list_access_list_entries";

/// The number of items on a page of a stream: what services choose by default.
const ITEMS_PER_PAGE: u32 = 100;
/// The most items that a page can have.
const MAX_ITEMS_PER_PAGE: u32 = 500;

/// Reads a list: one [page](Self::page) of it, a [stream](Self::stream) of its items, or
/// [all](Self::all) of them; see [`OrgApiKeys::list`](crate::OrgApiKeys::list),
/// [`ProjectApiKeys::list`](crate::ProjectApiKeys::list) and
/// [`AccessList::list`](crate::AccessList::list).
///
/// `GET /orgs/{orgId}/apiKeys`, `/groups/{groupId}/apiKeys` or
/// `/orgs/{orgId}/apiKeys/{apiUserId}/accessList` on all three services. It changes nothing, so a
/// failed call is retried freely.
///
/// ```no_run
/// # async fn list(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
/// let keys = atlas.org("32b6e34b3d91647abb20e7b8").api_keys();
/// let page = keys.list().items_per_page(20).page().await?;
/// println!("{} of {:?} keys", page.results.len(), page.total_count);
///
/// let mut all = keys.list().stream();
/// while let Some(key) = all.next().await {
///     println!("{}", key?.id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is sent before the builder, page(), all() or the stream is awaited"]
pub struct List<T> {
    call: Call,
    page_num: Option<u32>,
    items_per_page: Option<u32>,
    include_count: Option<bool>,
    source: Source<T>,
}

/// How a list of these items is read.
#[derive(Clone)]
struct Source<T> {
    preview: fn(&Call) -> Result<http::Request<Bytes>, Error>,
    fetch: fn(Call) -> PageFuture<T>,
    /// What tells an item from the others.
    identity: fn(&T) -> String,
}

impl List<ApiKey> {
    #[inline]
    pub(crate) fn org_api_keys(client: &Client, org_id: &Arc<str>) -> Self {
        Self::api_keys(client, CallTarget::org(ORG_API_KEYS, org_id))
    }

    #[inline]
    pub(crate) fn project_api_keys(client: &Client, project_id: &Arc<str>) -> Self {
        Self::api_keys(client, CallTarget::project(PROJECT_API_KEYS, project_id))
    }

    fn api_keys(client: &Client, target: CallTarget) -> Self {
        let source = Source {
            preview: |call| call.preview(&api_keys_request(call)?),
            fetch: |call| {
                Box::pin(async move {
                    let request = api_keys_request(&call)?;
                    let read = |_: &_, page: types::ApiKeyPage| {
                        let items = page.results.into_iter().map(ApiKey::from_raw);
                        read_page(items, page.total_count, page.links)
                    };
                    call.send(&request, read).await
                })
            },
            identity: |key| key.id.to_string(),
        };
        Self::new(Call::new(client, target), source)
    }

    /// Returns the keys with this description that were created at `since` or later.
    pub(crate) async fn find_created(
        self,
        desc: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<ApiKey>, Error> {
        let earliest = since - CLOCK_SLACK;
        let mut keys = self.items_per_page(MAX_ITEMS_PER_PAGE).all().await?;
        keys.retain(|key| key.desc.as_deref() == Some(desc) && key.created_at() >= earliest);
        Ok(keys)
    }

    /// Returns the key with this id, if it is on the list, and how many requests were sent.
    ///
    /// A list moves while its pages are read, so that a key may be missed; a list of several
    /// pages without the key is read twice.
    pub(super) async fn find(self, id: &str) -> Result<(Option<ApiKey>, u32), Error> {
        let list = self.items_per_page(MAX_ITEMS_PER_PAGE);
        let mut requests_sent = 0;
        for _ in 0..2 {
            let mut keys = list.clone().stream();
            while let Some(key) = keys.next().await {
                let key = key?;
                if key.id == *id {
                    return Ok((Some(key), requests_sent + keys.requests_sent()));
                }
            }
            requests_sent += keys.requests_sent();
            if keys.pages_read() <= 1 {
                break;
            }
        }
        Ok((None, requests_sent))
    }
}

/// What the service's clock and a caller's may differ by.
const CLOCK_SLACK: TimeDelta = TimeDelta::seconds(1);

impl List<AccessListEntry> {
    #[inline]
    pub(crate) fn access_list(client: &Client, org_id: &Arc<str>, api_key_id: &Arc<str>) -> Self {
        let target = CallTarget::org(ACCESS_LIST, org_id).api_key(api_key_id.clone());
        let source = Source {
            preview: |call| call.preview(&access_list_request(call)?),
            fetch: |call| {
                Box::pin(async move {
                    let request = access_list_request(&call)?;
                    call.send(&request, |_, page| access_list_page(page)).await
                })
            },
            identity: |entry| entry.network.to_string(),
        };
        Self::new(Call::new(client, target), source)
    }
}

impl<T: Send + 'static> List<T> {
    fn new(call: Call, source: Source<T>) -> Self {
        Self {
            call,
            page_num: None,
            items_per_page: None,
            include_count: None,
            source,
        }
    }

    /// Sets the page to read, from 1, or the first page of a stream.
    pub fn page_num(mut self, page: u32) -> Self {
        self.page_num = Some(page);
        self
    }

    /// Sets the number of items on a page, 1 to 500; 100 by default. Streams read pages of this
    /// size, too.
    pub fn items_per_page(mut self, items: u32) -> Self {
        self.items_per_page = Some(items);
        self
    }

    /// Sets whether a page says how long the whole list is ([`Page::total_count`]); by default
    /// it does. Ops Manager always says it, and does not accept this.
    pub fn include_count(mut self, count: bool) -> Self {
        self.include_count = Some(count);
        self
    }

    /// Sets the options of each request. What the methods above set takes precedence over them.
    pub fn options(mut self, options: RequestOptions) -> Self {
        self.call.options = options;
        self
    }

    /// Returns the request that [`page`](Self::page) would send, without credentials.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input), as for [`page`](Self::page).
    #[inline]
    pub fn to_request(&self) -> Result<http::Request<Bytes>, Error> {
        (self.source.preview)(&self.configured_call())
    }

    /// Sends the request of one page and returns it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent: an invalid id, a
    /// page or a number of items out of range, or an option that the service does not accept.
    /// After that, any [`ErrorKind`](crate::ErrorKind).
    pub async fn page(self) -> Result<Response<Page<T>>, Error> {
        (self.source.fetch)(self.configured_call()).await
    }

    /// The same as [`page`](Self::page).
    ///
    /// # Errors
    ///
    /// As for [`page`](Self::page).
    pub async fn send(self) -> Result<Response<Page<T>>, Error> {
        self.page().await
    }

    /// Returns all items as a stream, which reads pages one after the other, as they are needed;
    /// see [`ListStream`] for what it promises.
    pub fn stream(self) -> ListStream<T> {
        let mut call = self.configured_call();
        let items_per_page = *call.options.items_per_page.get_or_insert(ITEMS_PER_PAGE);
        let first = call.options.page_num.unwrap_or(1);
        let Source {
            fetch, identity, ..
        } = self.source;
        let fetch_page = move |page| {
            let mut call = call.clone();
            call.options.page_num = Some(page);
            fetch(call)
        };
        ListStream::new(fetch_page, identity, first, items_per_page)
    }

    /// Reads all items. They are those of [`stream`](Self::stream), in memory at once.
    ///
    /// # Errors
    ///
    /// As for [`page`](Self::page), from any page.
    pub async fn all(self) -> Result<Vec<T>, Error> {
        let mut stream = self.stream();
        let mut items = Vec::new();
        while let Some(item) = stream.next().await {
            items.push(item?);
        }
        Ok(items)
    }

    /// Returns the call with the settings of the list in its options.
    fn configured_call(&self) -> Call {
        let mut call = self.call.clone();
        let options = &mut call.options;
        options.page_num = self.page_num.or(options.page_num);
        options.items_per_page = self.items_per_page.or(options.items_per_page);
        options.include_count = self.include_count.or(options.include_count);
        call
    }
}

impl<T: Send + 'static> IntoFuture for List<T> {
    type Output = Result<Response<Page<T>>, Error>;
    type IntoFuture = BoxFuture<Self::Output>;

    /// Calls [`page`](Self::page).
    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.page())
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List")
            .field("call", &self.call)
            .field("page_num", &self.page_num)
            .field("items_per_page", &self.items_per_page)
            .field("include_count", &self.include_count)
            .finish_non_exhaustive()
    }
}

#[inline]
fn api_keys_request(call: &Call) -> Result<ValidRequest<types::ApiKeyPage>, Error> {
    let options = &call.options;
    call.request(Body::None, |client| {
        let list = match call.target.operation {
            ORG_API_KEYS => atlas_admin_raw::Client::list_org_api_keys,
            _ => atlas_admin_raw::Client::list_project_api_keys,
        };
        list(
            client,
            call.scope_id(),
            options.envelope,
            options.include_count,
            options.items_per_page.map(i64::from),
            options.page_num.map(i64::from),
            options.pretty,
        )
    })
}

#[inline]
fn access_list_request(call: &Call) -> Result<ValidRequest<types::AccessListPage>, Error> {
    let options = &call.options;
    call.request(Body::None, |client| {
        client.list_access_list_entries(
            call.scope_id(),
            call.api_key_id(),
            options.envelope,
            options.include_count,
            options.items_per_page.map(i64::from),
            options.page_num.map(i64::from),
            options.pretty,
        )
    })
}

/// Reads a page of an access list.
pub(super) fn access_list_page(
    page: types::AccessListPage,
) -> Result<Page<AccessListEntry>, Error> {
    let items = page.results.into_iter().map(AccessListEntry::from_raw);
    read_page(items, page.total_count, page.links)
}

fn read_page<T>(
    items: impl Iterator<Item = Result<T, ParseError>>,
    total_count: Option<i32>,
    links: Option<Vec<types::Link>>,
) -> Result<Page<T>, Error> {
    let results = items.collect::<Result<_, _>>().map_err(verify::invalid)?;
    let mut page = Page::new(results);
    page.total_count = total_count.and_then(|count| u32::try_from(count).ok());
    page.links = links
        .unwrap_or_default()
        .into_iter()
        .map(Link::from_raw)
        .collect();
    Ok(page)
}
