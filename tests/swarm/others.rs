//! What may never be of Jobs and DaemonSets, looked up after every wake in what was written.
//!
//! Not here: StatefulSets, claims and budgets (`cluster::invariants` watches them), and what only
//! has to come in the end (`run`).

use playground::api::batch::{Job, JobStatus};
use playground::api::core::pod::Pod;
use playground::api::kinds::{Key, Kind};
use playground::apiserver::watch::Change;
use playground::cluster::world::World;

/// Watches a world from its start on.
#[derive(Default)]
pub struct Others {
    cursor: u64,
}

impl Others {
    /// What has become so since it was last asked, and may not be.
    pub fn look(&mut self, world: &World) -> Option<String> {
        let news = world.server.log.after(self.cursor);
        let found = news.filter_map(|change| match change.kind {
            Kind::Job => job(change),
            Kind::Pod => pod(world, change),
            _ => None,
        });
        let found = found.last();
        self.cursor = world.store().revision();
        found
    }
}

fn holds(status: &JobStatus, kind: &str) -> bool {
    status.conditions.iter().any(|it| &*it.kind == kind && &*it.status == "True")
}

/// Counts of a Job only grow, an end is for good and there is one, and no more succeed than asked.
fn job(change: &Change) -> Option<String> {
    let (old, new) = (change.old::<Job>(), change.new::<Job>()?);
    let (key, now) = (&change.key, &new.status);
    let ends = ["Complete", "Failed"];
    if ends.iter().all(|end| holds(now, end)) {
        return Some(format!("{key} is both complete and failed"));
    }
    let wanted = new.spec.completions;
    if wanted.is_some_and(|wanted| now.succeeded > wanted) {
        return Some(format!("{key}: {} succeeded of {wanted:?}", now.succeeded));
    }
    if holds(now, "Complete") && wanted.is_some_and(|wanted| now.succeeded < wanted) {
        return Some(format!("{key} is complete with {} of {wanted:?}", now.succeeded));
    }
    let old = &old.filter(|old| old.meta.uid == new.meta.uid)?.status;
    if now.succeeded < old.succeeded || now.failed < old.failed {
        return Some(format!("{key} has forgotten Pods it had counted"));
    }
    let undone = |end: &&&str| holds(old, end) && !holds(now, end);
    ends.iter().find(undone).map(|end| format!("{key} is {end} no more"))
}

/// A Job has no more Pods at once than it may, and no two live ones of an index; a DaemonSet has no
/// two on a node. Looked at when a Pod is made.
fn pod(world: &World, change: &Change) -> Option<String> {
    if change.old.is_some() {
        return None;
    }
    let new = change.new::<Pod>()?;
    let owner = new.meta.controller_of()?;
    let live = |pod: &&std::rc::Rc<Pod>| {
        let own = pod.meta.controller_of().is_some_and(|other| other.uid == owner.uid);
        own && !pod.is_terminating() && !pod.is_terminal()
    };
    let pods: Vec<_> =
        world.store().list_in::<Pod>(&new.meta.namespace).filter(|pod| live(pod)).collect();
    match &*owner.kind {
        "Job" => {
            let key = Key::new(new.meta.namespace.clone(), owner.name.clone());
            let job = world.store().get::<Job>(&key).filter(|job| job.meta.uid == owner.uid)?;
            let most = usize::try_from(job.spec.parallelism.unwrap_or(1)).unwrap_or(0);
            if pods.len() > most {
                return Some(format!("{key} has {} Pods at once, not {most}", pods.len()));
            }
            let label = "batch.kubernetes.io/job-completion-index";
            let index = new.meta.label(label)?;
            let same = |pod: &&&std::rc::Rc<Pod>| pod.meta.label(label) == Some(index);
            let twice = pods.iter().filter(same).count() > 1;
            twice.then(|| format!("{key} has two Pods of index {index}"))
        }
        "DaemonSet" => {
            let twice = |pod: &std::rc::Rc<Pod>| {
                pod.meta.uid != new.meta.uid && pod.spec.affinity == new.spec.affinity
            };
            let twice = pods.iter().any(|pod| twice(pod));
            twice.then(|| format!("{} is a second one on its node", change.key))
        }
        _ => None,
    }
}
