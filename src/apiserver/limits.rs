//! What LimitRanges do: defaults for containers that say nothing, bounds for all.
//!
//! Upstream: plugin/pkg/admission/limitranger/admission.go

use super::status::Status;
use super::{Answer, ApiServer};
use crate::api::core::config::{LimitRange, LimitRangeItem};
use crate::api::core::container::Container;
use crate::api::core::pod::{Pod, ResourceList};
use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::kinds::Kind;
use crate::api::quantity::Quantity;
use crate::base::Str;
use std::rc::Rc;

impl ApiServer {
    fn limits(&self, namespace: &Str, kind: &str) -> Vec<LimitRangeItem> {
        if self.store.count(Kind::LimitRange) == 0 {
            return Vec::new();
        }
        let ranges = self.store.list_in::<LimitRange>(namespace);
        ranges
            .flat_map(|range| &range.spec.limits)
            .filter(|item| &*item.kind == kind)
            .cloned()
            .collect()
    }

    /// Gives containers the requests and limits they do not name.
    pub(super) fn default_limits(&self, pod: &mut Pod) {
        let items = self.limits(&pod.meta.namespace, "Container");
        if items.is_empty() {
            return;
        }
        let mut said: Vec<String> = Vec::new();
        let mut fill = |container: &mut Container, kind: &str| {
            let mut add = |list: &mut ResourceList, from: &ResourceList, what: &str| {
                let mut missing: Vec<Str> = Vec::new();
                for (name, amount) in from {
                    if !list.contains_key(name) {
                        list.insert(name.clone(), amount.clone());
                        missing.push(name.clone());
                    }
                }
                if !missing.is_empty() {
                    said.push(format!(
                        "{} {what} for {kind} {}",
                        missing.join(", "),
                        container.name
                    ));
                }
            };
            for item in &items {
                add(&mut container.resources.requests, &item.default_request, "request");
                add(&mut container.resources.limits, &item.default, "limit");
            }
        };
        let spec = Rc::make_mut(&mut pod.spec);
        Rc::make_mut(&mut spec.containers).iter_mut().for_each(|c| fill(c, "container"));
        if !spec.init_containers.is_empty() {
            let list = Rc::make_mut(&mut spec.init_containers);
            list.iter_mut().for_each(|c| fill(c, "init container"));
        }
        if !said.is_empty() {
            let text = format!("LimitRanger plugin set: {}", said.join("; "));
            pod.meta.annotations.set("kubernetes.io/limit-ranger", text);
        }
    }

    /// Refuses Pods outside the bounds of their namespace.
    pub(super) fn check_pod_limits(&self, pod: &Pod) -> Answer<()> {
        let mut wrong = Vec::new();
        let all = || pod.spec.containers.iter().chain(pod.spec.init_containers.iter());
        for item in self.limits(&pod.meta.namespace, "Container") {
            for container in all() {
                let resources = &container.resources;
                bounds(&item, &resources.requests, Some(&resources.limits), &mut wrong);
            }
        }
        for item in self.limits(&pod.meta.namespace, "Pod") {
            let sum = |of: fn(&Container) -> &ResourceList| {
                let mut total = ResourceList::new();
                for container in pod.spec.containers.iter() {
                    for (name, amount) in of(container) {
                        let old = total.get(name).cloned().unwrap_or_default();
                        total.insert(name.clone(), old.plus(amount));
                    }
                }
                total
            };
            let requests = sum(|container| &container.resources.requests);
            let limits = sum(|container| &container.resources.limits);
            bounds(&item, &requests, Some(&limits), &mut wrong);
        }
        refuse(Kind::Pod, &pod.meta.name, wrong)
    }

    /// Refuses claims outside the bounds of their namespace.
    pub(super) fn check_claim_limits(&self, claim: &PersistentVolumeClaim) -> Answer<()> {
        let mut wrong = Vec::new();
        for item in self.limits(&claim.meta.namespace, "PersistentVolumeClaim") {
            bounds(&item, &claim.spec.resources.requests, None, &mut wrong);
        }
        refuse(Kind::PersistentVolumeClaim, &claim.meta.name, wrong)
    }
}

fn refuse(kind: Kind, name: &str, mut wrong: Vec<String>) -> Answer<()> {
    match wrong.len() {
        0 => Ok(()),
        1 => Err(Status::forbidden(kind, name, &wrong.remove(0))),
        _ => Err(Status::forbidden(kind, name, &format!("[{}]", wrong.join(", ")))),
    }
}

/// What `item` finds wrong with how much more is allowed than asked for.
fn ratio(
    item: &LimitRangeItem,
    name: &str,
    most: &Quantity,
    [request, limit]: [Option<&Quantity>; 2],
) -> Option<String> {
    let start = format!("{name} max limit to request ratio per {} is {most}, but", item.kind);
    let milli = |amount: &Quantity| i128::from(amount.as_milli());
    let amount = |amount: Option<&Quantity>| amount.map_or(0, milli);
    let (request, limit) = (amount(request), amount(limit));
    if request == 0 || limit == 0 {
        let word = if request == 0 { "request" } else { "limit" };
        return Some(format!("{start} no {word} is specified or {word} is 0"));
    }
    // Six digits, as Go prints a ratio.
    let millionths = (limit * 2_000_000 / request + 1) / 2;
    (millionths > milli(most) * 1000).then(|| {
        let (whole, rest) = (millionths / 1_000_000, millionths % 1_000_000);
        format!("{start} provided ratio is {whole}.{rest:06}")
    })
}

/// What `item` finds wrong. Claims have no limits: there both bounds hold for the request.
fn bounds(
    item: &LimitRangeItem,
    requests: &ResourceList,
    limits: Option<&ResourceList>,
    wrong: &mut Vec<String>,
) {
    for (end, bound, first, second) in [
        ("minimum", &item.min, Some(requests), limits),
        ("maximum", &item.max, limits.or(Some(requests)), limits.map(|_| requests)),
    ] {
        for (name, bound) in bound {
            let is_limit = end == "maximum" && limits.is_some();
            let words = if is_limit { ["limit", "request"] } else { ["request", "limit"] };
            let start = format!("{end} {name} usage per {} is {bound}", item.kind);
            let amounts = [first, second].map(|list| list.and_then(|list| list.get(name)));
            if amounts[0].is_none() {
                wrong.push(format!("{start}.  No {} is specified", words[0]));
                continue;
            }
            for (amount, word) in amounts.into_iter().zip(words) {
                let outside = |amount: &&Quantity| match end {
                    "minimum" => *amount < bound,
                    _ => *amount > bound,
                };
                if let Some(amount) = amount.filter(outside) {
                    wrong.push(format!("{start}, but {word} is {amount}"));
                    break;
                }
            }
        }
    }
    let Some(limits) = limits else {
        return;
    };
    for (name, most) in &item.max_limit_request_ratio {
        wrong.extend(ratio(item, name, most, [requests.get(name), limits.get(name)]));
    }
}
