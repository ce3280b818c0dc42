//! Which Pods of a Job are to come and which are to go.
//!
//! Upstream: manageJob, deleteActivePods and deleteJobPods in
//! pkg/controller/job/job_controller.go

use super::indexes::{FAILURE_COUNT, IGNORED_COUNT, INDEX};
use super::indexes::{failure_count, ignored_count, index_of};
use super::{FINALIZER, Sync, backoff, is_failed, policy};
use crate::api::core::container::{EnvVar, EnvVarSource, ObjectFieldSelector};
use crate::api::core::pod::{Pod, PodPhase, PodTemplateSpec};
use crate::api::kinds::{Kind, Object};
use crate::apiserver::Answer;
use crate::base::sorted::{self, SortedMap, SortedSet};
use crate::base::time::Span;
use crate::controller::pod_control;
use crate::trace::Because;
use std::rc::Rc;

/// How many Pods are created or deleted in one sync at most.
const BURST: usize = 500;

/// The variable that names a Pod's index.
const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";

impl Sync<'_, '_> {
    /// Creates or deletes Pods until as many are active as should be, and pauses after failures.
    pub(super) fn manage(&mut self) -> Answer<()> {
        if self.job.is_suspended() {
            self.wait(None, Because::Suspended, None);
            let all = self.for_removal(self.active.len());
            return self.delete(&all, true);
        }
        let parallelism = self.job.spec.parallelism.unwrap_or(1).max(0);
        let active = self.count_active();
        let wanted = match self.job.spec.completions {
            None if self.succeeded > 0 => active,
            None => parallelism,
            Some(completions) => (completions - self.succeeded).clamp(0, parallelism),
        };
        let surplus = self.for_removal(usize::try_from(active - wanted).unwrap_or(0));
        if !surplus.is_empty() {
            return self.delete(&surplus[..surplus.len().min(BURST)], true);
        }
        let leaving = if self.replaces_only_failed() { self.terminating } else { 0 };
        match usize::try_from(wanted - leaving - active) {
            Ok(missing) if missing > 0 => self.create(missing.min(BURST)),
            _ => Ok(()),
        }
    }

    fn create(&mut self, missing: usize) -> Answer<()> {
        let per_index = self.has_limit_per_index();
        if !per_index && let Some(until) = self.record.until(self.cx.now) {
            return self.pause(until);
        }
        let mut indexes: Vec<Option<i32>> = vec![None; missing];
        if let Some(end) = self.index_end() {
            let mut pending = self.pending(missing, end);
            if per_index {
                let now = self.cx.now;
                let until = |index: &i32| {
                    let failed = self.failed_at(*index)?;
                    let before = failure_count(failed) + ignored_count(failed);
                    let failures = before.unsigned_abs() + 1;
                    backoff::until(failures, backoff::finished(failed)).filter(|at| *at > now)
                };
                let soonest = pending.iter().filter_map(until).min();
                pending.retain(|index| until(index).is_none());
                if let (true, Some(until)) = (pending.is_empty(), soonest) {
                    return self.pause(until);
                }
            }
            indexes = pending.into_iter().map(Some).collect();
        }
        self.create_all(&indexes)
    }

    fn pause(&mut self, until: crate::base::time::SimTime) -> Answer<()> {
        self.wait(None, Because::FailureBackOff, Some(until));
        self.later(until.since(self.cx.now).max(Span::seconds(1)));
        Ok(())
    }

    /// The lowest indexes that are neither done, nor failed, nor taken.
    fn pending(&self, count: usize, end: i32) -> Vec<i32> {
        let mut taken = self.succeeded_indexes.clone();
        let strict = self.replaces_only_failed();
        let leaving = self.pods.iter().filter(|pod| strict && super::is_leaving(pod));
        let pods = self.active.iter().chain(leaving);
        pods.filter_map(|pod| index_of(pod, end)).for_each(|index| taken.add(index));
        if let Some(failed) = &self.failed_indexes {
            (0..end).filter(|index| failed.has(*index)).for_each(|index| taken.add(index));
        }
        taken.missing(count, end)
    }

    /// Creates Pods in batches of 1, 2, 4, …: after one in which something failed there is no
    /// next one.
    fn create_all(&mut self, indexes: &[Option<i32>]) -> Answer<()> {
        let owner = Object::Job(self.old.clone());
        let template = self.template();
        let (mut left, mut batch, mut result) = (indexes, 1, Ok(()));
        while !left.is_empty() && result.is_ok() {
            let (now, later) = left.split_at(batch.min(left.len()));
            for index in now {
                let mut pod = pod_control::from_template(Kind::Job, &self.job.meta, &template);
                if let Some(index) = index {
                    self.number(&mut pod, *index);
                }
                match pod_control::create(self.cx, &owner, pod) {
                    Ok(_) => self.created += 1,
                    Err(status) => {
                        let message = status.message.as_str().into();
                        self.wait(None, Because::PodRefused { message }, None);
                        result = result.and(Err(status));
                    }
                }
            }
            left = later;
            batch *= 2;
        }
        result
    }

    fn template(&self) -> PodTemplateSpec {
        let mut template = self.job.spec.template.clone();
        if template.meta.finalizers.iter().all(|finalizer| &**finalizer != FINALIZER) {
            template.meta.finalizers.push(FINALIZER.into());
        }
        if self.job.is_indexed() {
            let spec = Rc::make_mut(&mut template.spec);
            let field = ObjectFieldSelector {
                field_path: format!("metadata.labels['{INDEX}']").into(),
                ..ObjectFieldSelector::default()
            };
            let source = EnvVarSource { field_ref: Some(field), ..EnvVarSource::default() };
            let variable = EnvVar {
                name: INDEX_VARIABLE.into(),
                value_from: Some(source),
                ..EnvVar::default()
            };
            for list in [&mut spec.init_containers, &mut spec.containers] {
                for container in Rc::make_mut(list) {
                    if container.env.iter().all(|known| &*known.name != INDEX_VARIABLE) {
                        container.env.push(variable.clone());
                    }
                }
            }
        }
        template
    }

    /// Makes `pod` the one with this index.
    fn number(&self, pod: &mut Pod, index: i32) {
        pod.meta.annotations.set(INDEX, index.to_string());
        pod.meta.labels.set(INDEX, index.to_string());
        let job = &*self.job.meta.name;
        Rc::make_mut(&mut pod.spec).hostname = format!("{job}-{index}").into();
        let end = format!("-{index}-");
        let most = job.len().min(58 - end.len());
        pod.meta.generate_name = format!("{}{end}", job.get(..most).unwrap_or(job)).into();
        if self.has_limit_per_index() {
            let (mut counted, mut ignored) = (0, 0);
            if let Some(failed) = self.failed_at(index) {
                (counted, ignored) = (failure_count(failed), ignored_count(failed));
                *if policy::counts(&self.job, failed) { &mut counted } else { &mut ignored } += 1;
            }
            pod.meta.annotations.set(FAILURE_COUNT, counted.to_string());
            if ignored > 0 {
                pod.meta.annotations.set(IGNORED_COUNT, ignored.to_string());
            }
        }
    }

    /// The failed Pod whose failures the next one of its index is to remember: the last one, as
    /// long as no other runs.
    pub(super) fn failed_at(&self, index: i32) -> Option<&Rc<Pod>> {
        let end = self.index_end()?;
        let of_index = |pod: &&Rc<Pod>| index_of(pod, end) == Some(index);
        let done = self.succeeded_indexes.has(index)
            || self.failed_indexes.as_ref().is_some_and(|failed| failed.has(index));
        if done || self.active.iter().any(|pod| of_index(&pod)) {
            return None;
        }
        let failed = self.pods.iter().filter(|pod| super::is_tracked(pod) && of_index(pod));
        let failed = failed.filter(|pod| is_failed(&self.job, pod));
        failed.max_by_key(|pod| failure_count(pod) + ignored_count(pod))
    }

    /// Pods to be removed: those with an index that another has too, or that the Job does not
    /// have, and others until there are `least`, first those that have come least far.
    fn for_removal(&self, least: usize) -> Vec<Rc<Pod>> {
        let mut all = self.active.clone();
        sorted::sort_by(&mut all, |a, b| {
            let order = |pod: &Pod| {
                let phase = match pod.status.phase {
                    PodPhase::Pending => 0,
                    PodPhase::Running => 2,
                    _ => 1,
                };
                (pod.is_assigned(), phase, pod.is_ready())
            };
            let age = |pod: &Pod| pod.meta.creation_timestamp;
            order(a).cmp(&order(b)).then_with(|| age(b).cmp(&age(a)))
        });
        let Some(end) = self.index_end() else {
            all.truncate(least);
            return all;
        };
        let (mut remove, mut left) = (Vec::new(), SortedMap::new());
        for pod in &all {
            // The one that has come furthest stays.
            let before = match index_of(pod, end) {
                Some(index) => left.insert(index, pod.clone()),
                None => Some(pod.clone()),
            };
            remove.extend(before);
        }
        let names: SortedSet<_> = remove.iter().map(|pod| pod.meta.name.clone()).collect();
        let others = all.into_iter().filter(|pod| !names.contains(&pod.meta.name));
        let more = least.saturating_sub(remove.len());
        remove.extend(others.take(more));
        remove
    }

    /// Deletes Pods; those that need not be counted lose their finalizer first (`untrack`).
    pub(super) fn delete(&mut self, pods: &[Rc<Pod>], untrack: bool) -> Answer<()> {
        let owner = Object::Job(self.old.clone());
        let mut result = Ok(());
        for pod in pods {
            let untracked = if untrack { self.untrack(pod) } else { Ok(()) };
            match untracked.and_then(|()| pod_control::delete(self.cx, &owner, pod)) {
                Err(status) if !status.is_not_found() => result = result.and(Err(status)),
                _ => {
                    self.deleted += 1;
                    self.ready -= i32::from(pod.is_ready());
                }
            }
        }
        result
    }
}
