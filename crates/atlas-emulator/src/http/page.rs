//! A page of a list.

use serde::Serialize;

use crate::{http::link::Link, spec::query::Paging};

/// A page, with its members in alphabetical order.
#[derive(Serialize)]
pub(crate) struct Page<T> {
    links: Vec<Link>,
    pub(crate) results: Vec<T>,
    /// The HTTP status, in an envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(rename = "totalCount", skip_serializing_if = "Option::is_none")]
    total_count: Option<usize>,
}

impl<T> Page<T> {
    /// Creates a page of a list of `total` items at `url`.
    pub(crate) fn new(url: &str, paging: Paging, total: usize, results: Vec<T>) -> Self {
        let link = |page: usize, rel| Link {
            href: href(url, Paging { page, ..paging }),
            rel,
        };
        let mut links = vec![link(paging.page, "self")];
        if paging.page > 1 {
            links.push(link(paging.page - 1, "previous"));
        }
        if paging.offset().saturating_add(paging.items) < total {
            links.push(link(paging.page + 1, "next"));
        }
        Self {
            links,
            results,
            status: None,
            total_count: paging.count.unwrap_or(true).then_some(total),
        }
    }
}

fn href(url: &str, paging: Paging) -> String {
    let Paging { page, items, count } = paging;
    let count = count.map_or_else(String::new, |count| format!("includeCount={count}&"));
    format!("{url}?{count}pageNum={page}&itemsPerPage={items}")
}
