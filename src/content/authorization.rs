//! Authorization that is passed on to another program.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use zeroize::Zeroizing;

use super::operation::Operation;
use super::options::Options;
use super::repository::Repository;
use super::task::Task;
use crate::error::{Error, Kind};

/// A known token that expires sooner is replaced.
const MIN_LEFT: Duration = Duration::from_secs(60);

/// A value for the Authorization header.
pub struct Authorization {
    /// Empty if the registry requires none.
    pub value: Zeroizing<String>,
    /// Until when it is valid, in seconds of Unix time, if that is known.
    pub expires: Option<i64>,
}

/// Authorization for a repository.
pub fn get(
    repository: &Repository,
    is_push: bool,
    options: &Options,
) -> Result<Authorization, Error> {
    let operation = Operation::new(repository, options);
    let found = Task::of(&operation).and_then(|task| get_in(&task, is_push));
    found.map_err(|error| operation.completed(error))
}

/// Authorization for the repository of a call.
pub(super) fn get_in(task: &Task, is_push: bool) -> Result<Authorization, Error> {
    let (client, name) = (task.client(), task.repository.name());
    let actions = if is_push { "pull,push" } else { "pull" };
    let mut value = client.authorization(&task.call, name, actions)?;
    if let Some(known) = &value
        && client.time_left(known).is_some_and(|left| left < MIN_LEFT)
    {
        client.forget_authorization(known);
        value = client.authorization(&task.call, name, actions)?;
    }
    match value {
        Some(value) => Ok(Authorization {
            expires: client.time_left(&value).and_then(unix_time_after),
            value,
        }),
        None if client.requires_authorization() => {
            let message = format!("repository {name}: the registry requires credentials");
            Err(Error::new(Kind::Unauthorized, message))
        }
        None => Ok(Authorization {
            value: Zeroizing::default(),
            expires: None,
        }),
    }
}

fn unix_time_after(left: Duration) -> Option<i64> {
    let end = SystemTime::now().checked_add(left)?;
    let seconds = end.duration_since(UNIX_EPOCH).ok()?.as_secs();
    i64::try_from(seconds).ok()
}
