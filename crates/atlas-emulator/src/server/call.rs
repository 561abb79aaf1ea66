//! A permitted call, as the handler of its operation sees it.

use std::{collections::HashMap, net::IpAddr};

use axum::response::Response;
use serde_json::Value;

use crate::{
    auth::digest::DigestAuthenticator,
    config::behavior::Behavior,
    faults::fault::Mismatch,
    http::error::ApiError,
    http::key_view::KeyView,
    http::page::Page,
    http::response::ResponseBuilder,
    spec::body_rules::BodyRules,
    spec::operation::Operation,
    spec::query::Paging,
    spec::role::Update,
    state::object_id::ObjectId,
    state::permission::Scope,
    state::store::{ApiKey, State},
    state::user::Principal,
};

/// A call, with the state locked.
pub(crate) struct Call<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) behavior: &'a Behavior,
    pub(crate) digest: &'a DigestAuthenticator,
    pub(crate) state: &'a mut State,
    pub(crate) response: &'a ResponseBuilder<'a>,
    /// The service's base URL.
    pub(crate) root: String,
    /// The URL of the request, without its query.
    pub(crate) url: String,
    pub(crate) query: &'a str,
    pub(crate) path: &'a HashMap<String, String>,
    pub(crate) caller: Principal,
    /// The address of the caller.
    pub(crate) peer: Option<IpAddr>,
    pub(crate) scope: Scope,
    /// The body and its rules; `None` for an operation without a body.
    pub(crate) body: Result<Option<(Value, &'a BodyRules)>, ApiError>,
    /// The key in the path, or the one that the handler has created.
    pub(crate) key: Option<ObjectId>,
    /// How the response differs from the result, with the key before the call.
    pub(crate) mismatch: Option<(Mismatch, Option<ApiKey>)>,
}

impl Call<'_> {
    /// Returns the id in the path of a key that exists in the organization.
    pub(crate) fn key_id(&self) -> Result<ObjectId, ApiError> {
        let id = self.key.ok_or_else(ApiError::unexpected)?;
        match self.state.key(id) {
            Some(key) if key.org == self.scope.org => Ok(id),
            Some(_) if self.scope.project.is_some() && self.names_keys_of_other_orgs() => {
                Err(ApiError::key_of_other_org(id))
            }
            _ => Err(ApiError::key_not_found(id)),
        }
    }

    fn names_keys_of_other_orgs(&self) -> bool {
        self.behavior.assumptions.other_orgs_keys_named
    }

    /// Returns the key in the path.
    pub(crate) fn key(&self) -> Result<&ApiKey, ApiError> {
        let id = self.key_id()?;
        self.state
            .key(id)
            .ok_or_else(|| ApiError::key_not_found(id))
    }

    /// Returns the project in the path.
    pub(crate) fn project(&self) -> Result<ObjectId, ApiError> {
        self.scope.project.ok_or_else(ApiError::unexpected)
    }

    /// Returns a path parameter.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// Returns the valid body and its rules.
    pub(crate) fn body(&self) -> Result<(&Value, &BodyRules), ApiError> {
        match &self.body {
            Ok(Some((body, rules))) => Ok((body, rules)),
            Ok(None) => Err(ApiError::unexpected()),
            Err(error) => Err(error.clone()),
        }
    }

    /// Returns the description and roles in the body.
    pub(crate) fn update(&self) -> Result<Update, ApiError> {
        let (body, rules) = self.body()?;
        Ok(rules.update(body))
    }

    /// Responds with a key. The private key is shown if it is given.
    pub(crate) fn respond_with_key(
        &self,
        id: ObjectId,
        private_key: Option<&str>,
    ) -> Result<Response, ApiError> {
        let key = self
            .state
            .key(id)
            .ok_or_else(|| ApiError::key_not_found(id))?;
        Ok(match &self.mismatch {
            None => self.response.success(&self.view(id, key, private_key)),
            Some((mismatch, before)) => {
                let (id, key) = mismatch.apply(id, before.as_ref(), key);
                self.response.success(&self.view(id, &key, private_key))
            }
        })
    }

    /// Returns the representation of a key.
    pub(crate) fn view<'k>(
        &self,
        id: ObjectId,
        key: &'k ApiKey,
        private_key: Option<&str>,
    ) -> KeyView<'k> {
        let shuffled = self.behavior.assumptions.shuffled_roles;
        KeyView::new(id, key, private_key, &self.root, shuffled)
    }

    /// Returns the page that the query selects.
    pub(crate) fn paging(&self) -> Paging {
        Paging::read(self.query, &self.operation.query)
    }

    /// Creates a page of a list of `total` items. `results` are the items of that page.
    pub(crate) fn page<T>(&self, total: usize, results: Vec<T>) -> Page<T> {
        Page::new(&self.url, self.paging(), total, results)
    }

    /// Creates a page of a list that is wholly in memory.
    pub(crate) fn page_of<T>(&self, all: impl ExactSizeIterator<Item = T>) -> Page<T> {
        let (paging, total) = (self.paging(), all.len());
        let results = all.skip(paging.offset()).take(paging.items).collect();
        self.page(total, results)
    }
}
