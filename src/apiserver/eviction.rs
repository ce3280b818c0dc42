//! The eviction subresource: a deletion that asks the budgets first.
//!
//! Not here: retries on conflicting writes, of which there are none.
//!
//! Upstream: pkg/registry/core/pod/storage/eviction.go

use super::deletion::DeleteOptions;
use super::status::{Cause, Status};
use super::{Answer, ApiServer};
use crate::api::core::pod::{Pod, PodPhase};
use crate::api::kinds::{Key, Kind, Object};
use crate::api::meta::{Condition, condition, set_condition};
use crate::api::policy::PodDisruptionBudget;
use crate::base::time::SimTime;
use std::rc::Rc;

/// So many Pods may be on a budget's list of granted evictions.
const MOST_DISRUPTED: usize = 2000;

impl ApiServer {
    /// Evicts a Pod: deletes it if its budget allows one disruption more. Refused with 429
    /// if it does not, with 500 if more than one budget covers the Pod.
    pub fn evict(&mut self, now: SimTime, key: &Key, options: &DeleteOptions) -> Answer<()> {
        let Some(pod) = self.store.get::<Pod>(key).cloned() else {
            return Err(Status::not_found(Kind::Pod, &key.name));
        };
        if can_ignore_budget(&pod) {
            return self.evict_now(now, key, &pod, options, false);
        }
        let budgets: Vec<Rc<PodDisruptionBudget>> = self
            .store
            .list_in::<PodDisruptionBudget>(&key.namespace)
            .filter(|budget| {
                let selector = budget.spec.selector.as_ref();
                selector.is_some_and(|selector| selector.matches(&pod.meta.labels))
            })
            .cloned()
            .collect();
        let [budget] = &budgets[..] else {
            if budgets.is_empty() {
                return self.evict_now(now, key, &pod, options, false);
            }
            return Err(Status::internal_error(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource \
                 does not support.",
            ));
        };
        if !pod.is_ready() {
            let allowed = match budget.spec.unhealthy_pod_eviction_policy.as_deref() {
                Some("AlwaysAllow") => true,
                _ => {
                    let status = &budget.status;
                    status.current_healthy >= status.desired_healthy && status.desired_healthy > 0
                }
            };
            if allowed {
                return self.evict_now(now, key, &pod, options, true);
            }
        }
        self.take_from(now, budget, key, options.dry_run)?;
        self.evict_now(now, key, &pod, options, false)
    }

    /// Takes one allowed disruption from `budget` and notes for which Pod.
    fn take_from(
        &mut self,
        now: SimTime,
        budget: &PodDisruptionBudget,
        key: &Key,
        dry_run: bool,
    ) -> Answer<()> {
        let status = &budget.status;
        let too_many = |message: &str, cause: String, wait: u64| {
            let cause = Cause { reason: "DisruptionBudget", message: cause, field: String::new() };
            let mut refusal = Status::too_many_requests(message, cause);
            refusal.retry_after = wait;
            Err(refusal)
        };
        let name = &budget.meta.name;
        let violate = "Cannot evict pod as it would violate the pod's disruption budget.";
        if status.observed_generation < budget.meta.generation {
            let cause =
                format!("The disruption budget {name} is still being processed by the server.");
            return too_many(violate, cause, 10);
        }
        if status.disruptions_allowed < 0 {
            let why = "pdb disruptions allowed is negative";
            return Err(Status::forbidden(Kind::PodDisruptionBudget, name, why));
        }
        if status.disrupted_pods.len() > MOST_DISRUPTED {
            let why = "DisruptedPods map too big - too many evictions not confirmed by PDB \
                       controller";
            return Err(Status::forbidden(Kind::PodDisruptionBudget, name, why));
        }
        if status.disruptions_allowed == 0 {
            let blocked = condition(&status.conditions, "DisruptionAllowed");
            let failed = blocked.filter(|c| &*c.reason == "SyncFailed" && &*c.status == "False");
            let cause = match failed {
                Some(failed) => format!(
                    "The disruption budget {name} does not allow evicting pods currently because \
                     it failed sync: {}",
                    failed.message
                ),
                None => format!(
                    "The disruption budget {name} needs {} healthy pods and has {} currently",
                    status.desired_healthy, status.current_healthy
                ),
            };
            return too_many(violate, cause, 0);
        }
        if dry_run {
            return Ok(());
        }
        let mut new = budget.clone();
        new.status.disruptions_allowed -= 1;
        if new.status.disruptions_allowed == 0 {
            let blocked = Condition {
                kind: "DisruptionAllowed".into(),
                status: "False".into(),
                reason: "InsufficientPods".into(),
                observed_generation: new.status.observed_generation,
                ..Condition::default()
            };
            set_condition(&mut new.status.conditions, blocked, now);
        }
        new.status.disrupted_pods.insert(key.name.clone(), now.whole_second());
        self.update_status(now, Object::PodDisruptionBudget(Rc::new(new))).map(drop)
    }

    /// Says in the Pod's status that it is evicted, and deletes it.
    fn evict_now(
        &mut self,
        now: SimTime,
        key: &Key,
        pod: &Rc<Pod>,
        options: &DeleteOptions,
        unchanged_only: bool,
    ) -> Answer<()> {
        if !options.dry_run && !pod.meta.is_terminating() {
            let mut new = (**pod).clone();
            let evicted = Condition {
                kind: "DisruptionTarget".into(),
                status: "True".into(),
                reason: "EvictionByEvictionAPI".into(),
                message: "Eviction API: evicting".into(),
                ..Condition::default()
            };
            set_condition(&mut new.status.conditions, evicted, now);
            self.update_status(now, Object::Pod(Rc::new(new)))?;
        }
        let mut options = options.clone();
        if unchanged_only && options.resource_version.is_some() {
            options.resource_version =
                self.store.get::<Pod>(key).map(|pod| pod.meta.resource_version);
        }
        self.delete(now, Kind::Pod, key, &options).map(drop)
    }
}

/// Pods whose going costs nobody anything: those that ended, do not run yet, or are going.
fn can_ignore_budget(pod: &Pod) -> bool {
    matches!(pod.status.phase, PodPhase::Succeeded | PodPhase::Failed | PodPhase::Pending)
        || pod.meta.is_terminating()
}
