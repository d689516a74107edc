//! Lists of tags and repositories.

use std::ffi::{CString, c_char};
use std::ptr;

use super::client::reggie_client;
use super::convert::Out;
use super::error_handle::{ErrorOut, reggie_error};
use super::options::{self, reggie_options};
use super::repository::{self, reggie_repository};
use super::slot::Slot;
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::names::Names;

/// A list of names (tags or repositories), fetched page by page.
///
/// Created by reggie_tags_open() and reggie_catalog_open(); freed by
/// reggie_names_free(). Not safe for concurrent use.
pub struct reggie_names {
    list: Slot<List>,
}

struct List {
    core: Names,
    /// The name that was returned last.
    name: CString,
}

impl reggie_names {
    fn new(core: Names) -> reggie_names {
        let name = CString::default();
        reggie_names {
            list: Slot::new(List { core, name }),
        }
    }
}

/// Lists the tags of a repository that follow `after`, or all if NULL.
///
/// They include the referrers tags of a registry without the referrers API;
/// reggie_copy() adds what they list to the list of the destination.
///
/// Nothing is sent before reggie_names_next(). The list does not need the
/// repository afterwards.
///
/// On REGGIE_OK, the caller must free `names` with reggie_names_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_INVALID_UTF8.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_tags_open(
    repository: Option<&reggie_repository>,
    after: *const c_char,
    options: Option<&reggie_options>,
    names: *mut *mut reggie_names,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let names = unsafe { Out::handle(names, "names") }?;
        let repository = repository::required(repository)?;
        // SAFETY: the caller's string, or NULL.
        let after = unsafe { convert::optional_text(after, "after") }?;
        let core = Names::tags(repository, after, &options::of(options));
        names.give(reggie_names::new(core));
        Ok(())
    })
}

/// Lists the repositories of a registry that follow `after`, or all if NULL.
///
/// Many registries do not provide this list, or not to everyone. Otherwise like
/// reggie_tags_open().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_catalog_open(
    client: Option<&reggie_client>,
    after: *const c_char,
    options: Option<&reggie_options>,
    names: *mut *mut reggie_names,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let names = unsafe { Out::handle(names, "names") }?;
        let client = convert::required(client, "client")?;
        // SAFETY: the caller's string, or NULL.
        let after = unsafe { convert::optional_text(after, "after") }?;
        let core = Names::catalog(client.shared(), after, &options::of(options));
        names.give(reggie_names::new(core));
        Ok(())
    })
}

/// Gets the next name, and requests the next page when necessary.
///
/// Strings that are not valid tags or names are left out. A name that equals
/// the previous one is not returned again. On REGGIE_OK, `name` is borrowed;
/// valid until the next call or until the list is freed. It is NULL at the end
/// of the list. May be called again after a transient failure.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_NOT_FOUND,
/// REGGIE_LIST_ENDLESS, REGGIE_NEXT_PAGE_REFUSED, REGGIE_INVALID_JSON,
/// REGGIE_UNSUPPORTED, or any status returned by reggie_manifest_pull().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_names_next(
    names: *mut reggie_names,
    name: *mut *const c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let name = unsafe { Out::new(name, ptr::null(), "name") }?;
        // SAFETY: the caller's handle, or NULL.
        let names = unsafe { convert::handle(names, "names") }?;
        names.list.lend("names", |list| {
            let next = list.core.next()?.map(convert::c_string);
            if let Some(next) = next {
                list.name = next;
                name.set(list.name.as_ptr());
            }
            Ok(())
        })
    })
}

/// Returns how many invalid tags or names were left out so far.
///
/// Returns 0 if `names` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_names_left_out(names: Option<&reggie_names>) -> usize {
    guard::value(0, || {
        let left_out = names.and_then(|names| names.list.look(|list| list.core.left_out()));
        left_out.unwrap_or(0)
    })
}

/// Frees a list. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_names_free(names: Option<Box<reggie_names>>) {
    guard::value((), || drop(names));
}
