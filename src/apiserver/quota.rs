//! What ResourceQuotas do: they turn away what would be too much, and count what is there.
//!
//! Here the server itself keeps the counts, at every creation and removal in a namespace
//! that has quotas, when a Pod ends and when a claim grows; upstream a controller corrects them
//! a moment later.
//!
//! Not here: scopes, and counts of kinds that are not simulated.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go,
//! pkg/quota/v1/evaluator/core/persistent_volume_claims.go, pkg/quota/v1/install/update_filter.go

use super::status::Status;
use super::{Answer, ApiServer};
use crate::api::core::config::ResourceQuota;
use crate::api::core::container::Container;
use crate::api::core::pod::{Pod, ResourceList};
use crate::api::kinds::{Key, Kind, Object};
use crate::api::quantity::Quantity;
use crate::base::Str;
use std::rc::Rc;

impl ApiServer {
    /// Refuses `object` if a quota of its namespace has no room for it, or for what it takes more
    /// than `old`.
    pub(super) fn check_quota(&self, object: &Object, old: Option<&Object>) -> Answer<()> {
        let kind = object.kind();
        if self.store.count(Kind::ResourceQuota) == 0 || !kind.info().namespaced {
            return Ok(());
        }
        for quota in self.store.list_in::<ResourceQuota>(&object.meta().namespace) {
            let name = &object.meta().name;
            if let Object::Pod(pod) = object
                && let Some(what) = unspecified(quota, pod)
            {
                let why = format!("failed quota: {}: must specify {what}", quota.meta.name);
                return Err(Status::forbidden(kind, name, &why));
            }
            let mut parts: [Vec<String>; 3] = Default::default();
            for (what, hard) in &quota.spec.hard {
                let asked = amount(what, object);
                let asked = old.map_or(asked.clone(), |old| asked.minus(&amount(what, old)));
                let used = quota.status.used.get(what).cloned();
                let used = used.unwrap_or_else(|| self.used(&quota.meta.namespace, what));
                if asked.as_milli() > 0 && used.plus(&asked) > *hard {
                    parts[0].push(format!("{what}={asked}"));
                    parts[1].push(format!("{what}={used}"));
                    parts[2].push(format!("{what}={hard}"));
                }
            }
            if !parts[0].is_empty() {
                let [asked, used, hard] = parts.map(|part| part.join(","));
                let why = format!(
                    "exceeded quota: {}, requested: {asked}, used: {used}, limited: {hard}",
                    quota.meta.name
                );
                return Err(Status::forbidden(kind, name, &why));
            }
        }
        Ok(())
    }

    /// Counts anew if the change of an object may matter to quotas.
    pub(super) fn recount_quotas(&mut self, old: &Object, new: &Object) {
        let ends = |object: &Object| object.typed::<Pod>().is_some_and(|pod| pod.is_terminal());
        let takes = |object: &Object| amount("requests.storage", object);
        let kind = new.kind();
        if kind == Kind::ResourceQuota
            || kind == Kind::Pod && ends(old) != ends(new)
            || kind == Kind::PersistentVolumeClaim && takes(old) != takes(new)
        {
            self.count_quotas(&new.meta().namespace);
        }
    }

    /// Counts anew for the quotas of `namespace`.
    pub(super) fn count_quotas(&mut self, namespace: &Str) {
        if self.store.count(Kind::ResourceQuota) == 0 || namespace.is_empty() {
            return;
        }
        let quotas: Vec<Rc<ResourceQuota>> =
            self.store.list_in::<ResourceQuota>(namespace).cloned().collect();
        for quota in quotas {
            let used: ResourceList = quota
                .spec
                .hard
                .keys()
                .map(|what| (what.clone(), self.used(namespace, what)))
                .collect();
            if used == quota.status.used && quota.spec.hard == quota.status.hard {
                continue;
            }
            let mut new = (*quota).clone();
            new.status.hard = new.spec.hard.clone();
            new.status.used = used;
            let key = Key::of(&new.meta);
            self.commit(Kind::ResourceQuota, key, Some(Object::ResourceQuota(Rc::new(new))));
        }
    }

    /// How much of `what` there is in `namespace`.
    fn used(&self, namespace: &Str, what: &str) -> Quantity {
        let mut total = Quantity::units(0);
        for &kind in Kind::ALL.iter().filter(|kind| counts(what, **kind)) {
            let here = |object: &&Object| object.meta().namespace == *namespace;
            for object in self.store.list_objects(kind).filter(here) {
                let over = object.typed::<Pod>().is_some_and(|pod| pod.is_terminal());
                if !over || what.starts_with("count/") {
                    total = total.plus(&amount(what, object));
                }
            }
        }
        total
    }
}

/// Whether objects of `kind` use up `what`.
fn counts(what: &str, kind: Kind) -> bool {
    let info = kind.info();
    match what {
        "cpu" | "memory" | "ephemeral-storage" => kind == Kind::Pod,
        "requests.storage" => kind == Kind::PersistentVolumeClaim,
        _ if what.starts_with("requests.") || what.starts_with("limits.") => kind == Kind::Pod,
        _ => info.plural == what || what.strip_prefix("count/") == Some(&info.resource()),
    }
}

/// How much of `what` the object uses.
fn amount(what: &str, object: &Object) -> Quantity {
    if !counts(what, object.kind()) {
        return Quantity::units(0);
    }
    match object {
        Object::PersistentVolumeClaim(claim) if what == "requests.storage" => {
            // A growth that has been begun counts, even if less is wanted by now.
            let wish = claim.spec.resources.requests.get("storage");
            let begun = claim.status.allocated_resources.get("storage").filter(|_| wish.is_some());
            begun.max(wish).cloned().unwrap_or_default()
        }
        Object::Pod(pod) => match list_of(what) {
            None => Quantity::units(1),
            Some((of, name)) => {
                let amounts = |container: &Container| of(container).get(name).cloned();
                let mut sum = Quantity::units(0);
                for amount in pod.spec.containers.iter().filter_map(amounts) {
                    sum = sum.plus(&amount);
                }
                let most = pod.spec.init_containers.iter().filter_map(amounts).max();
                most.filter(|most| *most > sum).unwrap_or(sum)
            }
        },
        _ => Quantity::units(1),
    }
}

type ListOf = fn(&Container) -> &ResourceList;

/// The list of a container that `what` is about, and the name in it.
fn list_of(what: &str) -> Option<(ListOf, &str)> {
    let requests: ListOf = |container| &container.resources.requests;
    let limits: ListOf = |container| &container.resources.limits;
    if let Some(name) = what.strip_prefix("limits.") {
        return Some((limits, name));
    }
    match what.strip_prefix("requests.").unwrap_or(what) {
        name if matches!(what, "cpu" | "memory" | "ephemeral-storage") => Some((requests, name)),
        name if what.starts_with("requests.") => Some((requests, name)),
        _ => None,
    }
}

/// What a Pod must say because a quota counts it.
fn unspecified(quota: &ResourceQuota, pod: &Pod) -> Option<String> {
    let mut missing: Vec<String> = Vec::new();
    for what in quota.spec.hard.keys() {
        let Some((of, name)) = list_of(what) else {
            continue;
        };
        let lacks = pod.spec.containers.iter().filter(|c| !of(c).contains_key(name));
        let names: Vec<&str> = lacks.map(|container| &*container.name).collect();
        if !names.is_empty() {
            missing.push(format!("{what} for: {}", names.join(",")));
        }
    }
    if missing.is_empty() { None } else { Some(missing.join("; ")) }
}
