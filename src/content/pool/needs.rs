//! The connections of jobs, where their number is limited.

use std::collections::HashMap;

use crate::content::repository::Repository;

/// The connections that a job may have at once, for each host with a limit.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs(Vec<Need>);

#[derive(Clone, Debug)]
struct Need {
    host: String,
    max: usize,
    count: usize,
}

impl Needs {
    /// One connection for each of the repositories.
    pub(super) fn of(repositories: &[&Repository]) -> Needs {
        let mut needs: Vec<Need> = Vec::new();
        for client in repositories.iter().filter_map(|place| place.client()) {
            let Some(max) = client.max_connections() else {
                continue;
            };
            let host = client.host();
            match needs.iter_mut().find(|need| need.host == host) {
                Some(need) => (need.count, need.max) = (need.count + 1, need.max.min(max)),
                None => needs.push(Need {
                    host,
                    max,
                    count: 1,
                }),
            }
        }
        Needs(needs)
    }
}

/// The connections of running jobs, by host.
#[derive(Clone, Debug, Default)]
pub(super) struct InUse(HashMap<String, usize>);

impl InUse {
    /// Whether a job can begin. One that needs more than is allowed runs without others.
    pub(super) fn has_room(&self, needs: &Needs) -> bool {
        needs.0.iter().all(|need| {
            let used = self.0.get(&need.host).copied().unwrap_or(0);
            used == 0 || used + need.count <= need.max
        })
    }

    pub(super) fn take(&mut self, needs: &Needs) {
        for need in &needs.0 {
            *self.0.entry(need.host.clone()).or_default() += need.count;
        }
    }

    pub(super) fn give_back(&mut self, needs: &Needs) {
        for need in &needs.0 {
            if let Some(used) = self.0.get_mut(&need.host) {
                *used = used.saturating_sub(need.count);
            }
        }
    }
}
