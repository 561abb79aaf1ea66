//! Query parameters: their validation against the documents, and the page that they select.

use url::form_urlencoded;

use crate::http::error::ApiError;

/// A query parameter and its valid values.
#[derive(Clone, Debug)]
pub(crate) struct QueryParameter {
    pub(crate) name: String,
    pub(crate) kind: QueryKind,
}

/// The valid values of a query parameter.
#[derive(Clone, Debug)]
pub(crate) enum QueryKind {
    Boolean,
    /// An integer within the given bounds.
    Integer {
        minimum: Option<i128>,
        maximum: Option<i128>,
        default: Option<u64>,
    },
    Text,
}

/// The part of a list that a request selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paging {
    /// Counted from 1.
    pub(crate) page: usize,
    pub(crate) items: usize,
    /// Whether to count the whole list; `None` if the operation has no such parameter.
    pub(crate) count: Option<bool>,
}

impl Paging {
    /// Reads the parameters of a valid query, or their defaults in the document.
    pub(crate) fn read(query: &str, declared: &[QueryParameter]) -> Self {
        let integer = |name: &str, otherwise| {
            let default = declared.iter().find_map(|parameter| match parameter.kind {
                QueryKind::Integer { default, .. } if parameter.name == name => default,
                _ => None,
            });
            let given = value(query, name).and_then(|value| value.parse::<i128>().ok());
            let number = given.or(default.map(i128::from)).unwrap_or(otherwise);
            usize::try_from(number).unwrap_or(usize::MAX)
        };
        let has_count = declared.iter().any(|known| known.name == "includeCount");
        let count = value(query, "includeCount").is_none_or(|value| value != "false");
        Self {
            page: integer("pageNum", 1),
            items: integer("itemsPerPage", 100),
            count: has_count.then_some(count),
        }
    }

    /// Returns the number of items before the page.
    pub(crate) fn offset(self) -> usize {
        self.page.saturating_sub(1).saturating_mul(self.items)
    }
}

/// Returns the value of a parameter; of a repeated one, the first.
pub(crate) fn value(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Returns whether the query sets `name` to true.
pub(crate) fn flag(query: &str, name: &str) -> bool {
    !query.is_empty()
        && form_urlencoded::parse(query.as_bytes())
            .any(|(key, value)| key == name && value == "true")
}

/// Validates the declared parameters. Undeclared parameters are ignored, which is an assumption.
pub(crate) fn check(query: &str, declared: &[QueryParameter]) -> Result<(), ApiError> {
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some(parameter) = declared.iter().find(|declared| declared.name == name) else {
            continue;
        };
        let accepted = match parameter.kind {
            QueryKind::Boolean => matches!(&*value, "true" | "false"),
            QueryKind::Integer {
                minimum, maximum, ..
            } => value.parse().is_ok_and(|number: i128| {
                minimum.is_none_or(|least| number >= least)
                    && maximum.is_none_or(|most| number <= most)
            }),
            QueryKind::Text => true,
        };
        if !accepted {
            return Err(ApiError::query_parameter(&name, &value));
        }
    }
    Ok(())
}
