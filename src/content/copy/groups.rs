//! The order in which the manifests of a copy are pushed.

use super::node::Node;
use crate::error::{Error, Kind};

/// The numbers of all manifests, in groups: each needs only earlier groups.
pub(super) fn of(nodes: &[Node]) -> Result<Vec<Vec<usize>>, Error> {
    let mut needed_by = vec![Vec::new(); nodes.len()];
    let mut missing: Vec<usize> = Vec::new();
    for (number, node) in nodes.iter().enumerate() {
        missing.push(node.needs.len());
        for need in &node.needs {
            needed_by[*need].push(number);
        }
    }
    let is_free = |number: &usize| missing[*number] == 0;
    let mut group: Vec<usize> = (0..nodes.len()).filter(is_free).collect();
    let mut groups = Vec::new();
    while !group.is_empty() {
        let mut next = Vec::new();
        for done in &group {
            for number in &needed_by[*done] {
                missing[*number] -= 1;
                if missing[*number] == 0 {
                    next.push(*number);
                }
            }
        }
        groups.push(std::mem::replace(&mut group, next));
    }
    match missing.iter().position(|missing| *missing > 0) {
        None => Ok(groups),
        Some(number) => {
            let digest = nodes[number].descriptor.digest().as_str();
            let message = format!("manifest {digest}: circular references");
            Err(Error::new(Kind::InvalidManifest, message).with_digest(digest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::examine::Role;
    use super::*;
    use crate::body::digest::Digest;
    use crate::content::descriptor::Descriptor;

    /// Manifests that need others.
    fn nodes(needs: &[&[usize]]) -> Vec<Node> {
        let node = |(number, needs): (usize, &&[usize])| {
            let digest = format!("sha256:{number:064}");
            let digest = Digest::parse(&digest).expect("a digest");
            let descriptor = Descriptor::of(digest, None, String::new());
            let mut node = Node::new(descriptor, Role::Entry, 0);
            node.needs = needs.to_vec();
            node
        };
        needs.iter().enumerate().map(node).collect()
    }

    #[test]
    fn each_group_needs_only_earlier_ones() {
        let groups = of(&nodes(&[&[1, 2], &[2], &[], &[0]]));
        assert_eq!(groups.expect("an order"), [[2], [1], [0], [3]]);
        let groups = of(&nodes(&[&[1, 2], &[], &[]]));
        assert_eq!(groups.expect("an order"), [vec![1, 2], vec![0]]);
    }

    #[test]
    fn manifests_that_need_each_other_are_an_error() {
        for (needs, number) in [
            (&[&[0][..]][..], 0),
            (&[&[], &[2], &[1]], 1),
            (&[&[], &[0], &[0, 3], &[2]], 2),
        ] {
            let error = of(&nodes(needs)).expect_err("no order");
            assert_eq!(error.kind(), Kind::InvalidManifest);
            assert_eq!(
                error.digest(),
                Some(format!("sha256:{number:064}").as_str())
            );
        }
    }
}
