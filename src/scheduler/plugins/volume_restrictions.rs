//! A ReadWriteOncePod claim serves one Pod at a time.
//!
//! Not here: disks named in the Pod itself (GCE, AWS, RBD, iSCSI).
//!
//! Upstream: pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go

use super::{Plugin, Refusal, Rejection, Sources, State};
use crate::api::core::pod::Pod;
use crate::api::kinds::Key;
use crate::scheduler::nodes::PodInfo;

/// The placed Pods that use a ReadWriteOncePod claim of `pod`. Refused if a claim is missing.
pub fn users(pod: &Pod, from: &Sources<'_>) -> Result<Vec<Key>, Box<Refusal>> {
    let mut users = Vec::new();
    for name in pod.claim_names() {
        let key = Key::new(pod.meta.namespace.clone(), name.clone());
        let Some(claim) = from.volumes.claim(from.store, &key) else {
            let reason = format!("persistentvolumeclaim {:?} not found", &**name);
            let rejection = Rejection::unresolvable(Plugin::VolumeRestrictions, reason);
            return Err(Box::new(Refusal { rejection, claim: Some(key) }));
        };
        if claim.spec.access_modes.iter().any(|mode| &**mode == "ReadWriteOncePod") {
            let others = from.store.pods_using(&key).map(|other| Key::of(&other.meta));
            users.extend(others.filter(|other| from.nodes.pod(other).is_some()));
        }
    }
    Ok(users)
}

/// Whether no other Pod uses such a claim.
pub fn filter(state: &State) -> Result<(), Rejection> {
    if state.exclusive_users.is_empty() {
        return Ok(());
    }
    let reason = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access \
                  mode already in-use by another pod";
    Err(Rejection::new(Plugin::VolumeRestrictions, reason))
}

/// The same as if `other` were (or were not) placed.
pub fn count(state: &mut State, other: &PodInfo, present: bool) {
    let pod = &state.info.pod;
    let shares = pod.meta.namespace == other.pod.meta.namespace
        && other.pod.claim_names().any(|name| pod.claim_names().any(|mine| mine == name));
    let key = Key::of(&other.pod.meta);
    if !present {
        state.exclusive_users.retain(|user| *user != key);
    } else if shares && !state.exclusive_users.is_empty() {
        state.exclusive_users.push(key);
    }
}
