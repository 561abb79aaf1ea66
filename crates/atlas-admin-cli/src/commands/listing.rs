//! Lists.

use atlas_admin::{Error, List};

use crate::client::Call;

/// The most that services put on a page: an organization on Atlas has no more keys, so that its
/// list is read at once, and does not move meanwhile.
pub(super) const ITEMS_PER_PAGE: u32 = 500;

/// Returns the list with settings to read all of it.
pub(super) fn whole<T: Send + 'static>(list: List<T>) -> List<T> {
    list.page_num(1).items_per_page(ITEMS_PER_PAGE)
}

/// Returns the call that reads a whole list.
pub(super) fn call<T: Send + 'static>(list: List<T>) -> Result<Call<Vec<T>>, Error> {
    let list = whole(list);
    Call::new(list.to_request(), list.all())
}
