//! A cluster with one set, watched: what may not be, and what must be at the end.

use playground::api::apps::stateful_set::{StatefulSet, UpdateStrategyType};
use playground::api::core::pod::Pod;
use playground::api::core::volume::PersistentVolumeClaim;
use playground::api::kinds::{Key, Kind};
use playground::api::meta::Uid;
use playground::apiserver::DeleteOptions;
use playground::apiserver::patch::{Patch, PatchType};
use playground::apiserver::roster::revision_of;
use playground::base::time::Span;
use playground::cluster::input::{Cascade, Input};
use playground::cluster::invariants::Referee;
use playground::cluster::world::World;
use playground::config::Config;
use playground::explain;
use playground::trace::Because;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// After so many wakes a cluster that does not come to rest never does.
const WAKES: u64 = 20_000;
/// Longer than anything takes that is not waited for by people.
const LONG: Span = Span::minutes(15);

#[derive(Clone)]
pub struct Stand {
    world: World,
    referee: Referee,
    what: String,
    manifest: String,
    /// The revision up to which writes have been looked at.
    seen: u64,
    /// Whether claims may go: the policy says so or somebody has deleted one.
    pub claims_may_go: bool,
    wakes: u64,
}

fn key(name: &str) -> Key {
    Key::new("default", name)
}

impl Stand {
    pub fn new(spec: &Value, gate: bool) -> Stand {
        let mut config = Config::default();
        config.flags.max_unavailable_stateful_set = gate;
        let mut set = json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
            "spec": {
                "replicas": 4, "serviceName": "nginx",
                "selector": {"matchLabels": {"app": "nginx"}},
                "template": {
                    "metadata": {"labels": {"app": "nginx"}},
                    "spec": {"terminationGracePeriodSeconds": 10, "containers": [{
                        "name": "nginx", "image": "registry.k8s.io/nginx-slim:0.21",
                        "volumeMounts": [{"name": "www", "mountPath": "/data"}],
                    }]},
                },
                "volumeClaimTemplates": [{"metadata": {"name": "www"}, "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                }}],
            },
        });
        for (key, value) in spec.as_object().into_iter().flatten() {
            set["spec"][key] = value.clone();
        }
        let policy = &spec["persistentVolumeClaimRetentionPolicy"];
        let goes = |key: &str| policy[key] == "Delete";
        let mut stand = Stand {
            world: World::new(config),
            referee: Referee::default(),
            what: spec.to_string(),
            manifest: set.to_string(),
            seen: 0,
            claims_may_go: goes("whenDeleted") || goes("whenScaled"),
            wakes: 0,
        };
        stand.apply();
        stand.rest();
        stand
    }

    /// The same, for one scenario.
    pub fn named(&self, what: String) -> Stand {
        Stand { what, ..self.clone() }
    }

    /// Applies the set as it was given.
    pub fn apply(&mut self) {
        self.act(&Input::Apply { text: self.manifest.as_str().into() });
    }

    pub fn act(&mut self, input: &Input) {
        let outcome = self.world.input(input);
        assert!(!outcome.refused, "{}\n{input:?}: {:?}", self.what, outcome.lines);
        self.watch();
    }

    pub fn patch(&mut self, kind: Kind, name: &str, body: Value) {
        let patch = Patch::parse(PatchType::Merge, &body.to_string()).expect("it is JSON");
        let done = self.world.request(|server, now| server.patch(now, kind, &key(name), &patch));
        assert!(done.is_ok(), "{}\n{body}: {done:?}", self.what);
        self.watch();
    }

    pub fn edit(&mut self, spec: Value) {
        self.patch(Kind::StatefulSet, "web", json!({ "spec": spec }));
    }

    pub fn image(&mut self, image: &str) {
        let patch = json!({"spec": {"template": {"spec": {"containers":
            [{"name": "nginx", "image": image}]}}}});
        let patch = Patch::parse(PatchType::Strategic, &patch.to_string()).expect("it is JSON");
        let done = self
            .world
            .request(|server, now| server.patch(now, Kind::StatefulSet, &key("web"), &patch));
        assert!(done.is_ok(), "{}\n{done:?}", self.what);
        self.watch();
    }

    pub fn scale(&mut self, replicas: i32) {
        let (namespace, name) = ("default".into(), "web".into());
        self.act(&Input::Scale { namespace, name, replicas });
    }

    pub fn delete(&mut self, kind: Kind, name: &str, cascade: Cascade) {
        let (kind, namespace) = (kind.info().name.into(), "default".into());
        self.act(&Input::Delete { kind, namespace, name: name.into(), grace: None, cascade });
    }

    /// Evicts a Pod, if its budgets let it go.
    pub fn evict(&mut self, name: &str) {
        let options = DeleteOptions::default();
        let done = self.world.request(|server, now| server.evict(now, &key(name), &options));
        drop(done);
        self.watch();
    }

    /// Lets `millis` pass.
    pub fn pass(&mut self, millis: u64) {
        let until = self.world.now + Span::millis(millis);
        while self.world.next_due().is_some_and(|due| due <= until) {
            self.world.take_wake(until);
            self.watch();
        }
        self.world.run_until(until, 1);
    }

    /// Lets everything come to rest.
    pub fn rest(&mut self) {
        let until = self.world.now + LONG;
        let before = self.wakes;
        while self.world.next_due().is_some_and(|due| due <= until) {
            self.world.take_wake(until);
            self.watch();
            self.wakes += 1;
            assert!(self.wakes < before + WAKES, "{}\nno rest\n{}", self.what, self.describe());
        }
    }

    pub fn set(&self) -> Rc<StatefulSet> {
        self.world.store().get::<StatefulSet>(&key("web")).expect("it is there").clone()
    }

    pub fn pods(&self) -> BTreeMap<u32, Rc<Pod>> {
        let number = |pod: &Rc<Pod>| pod.meta.name.strip_prefix("web-")?.parse().ok();
        let pods = self.world.store().list::<Pod>();
        pods.filter_map(|pod| Some((number(pod)?, pod.clone()))).collect()
    }

    fn claims(&self) -> BTreeMap<String, Rc<PersistentVolumeClaim>> {
        let all = self.world.store().list::<PersistentVolumeClaim>();
        all.map(|claim| (claim.meta.name.to_string(), claim.clone())).collect()
    }

    fn watch(&mut self) {
        let found = self.referee.look(&self.world);
        assert!(found.is_empty(), "{}\n{found:?}\n{}", self.what, self.describe());
        let changes = self.world.server.log.after(self.seen);
        let gone = changes.filter(|it| it.kind == Kind::PersistentVolumeClaim && it.is_removed());
        let gone: Vec<String> = gone.map(|change| change.key.to_string()).collect();
        self.seen = self.world.store().revision();
        assert!(gone.is_empty() || self.claims_may_go, "{}\n{gone:?} went", self.what);
    }

    fn describe(&self) -> String {
        let mut out = format!("at {} ms\n", self.world.now.0);
        if let Some(set) = self.world.store().get::<StatefulSet>(&key("web")) {
            out.push_str(&format!("{:?}\n", set.status));
        }
        for pod in self.pods().values() {
            out.push_str(&format!(
                "{} {:?} ready={} terminating={} {} on {}\n",
                pod.meta.name,
                pod.status.phase,
                pod.is_ready(),
                pod.is_terminating(),
                revision_of(pod),
                pod.spec.node_name,
            ));
        }
        for wait in self.world.waits.iter() {
            out.push_str(&format!("{wait:?}\n"));
        }
        out
    }

    /// Everything is as wanted.
    pub fn judge(&mut self) {
        self.wake_forgotten();
        let (set, pods) = (self.set(), self.pods());
        let mut problems = Vec::new();
        let mut hold = |good: bool, what: String| {
            if !good {
                problems.push(what);
            }
        };
        let wanted = wanted(&set);
        let ordinals: Vec<u32> = pods.keys().copied().collect();
        hold(ordinals == wanted.clone().collect::<Vec<_>>(), format!("ordinals {ordinals:?}"));
        for pod in pods.values() {
            let well = pod.is_ready() && !pod.is_terminating();
            hold(well, format!("{} is not well", pod.meta.name));
            let owner = pod.meta.controller_of().map(|owner| owner.uid);
            hold(owner == Some(set.meta.uid), format!("{} has no owner", pod.meta.name));
        }
        let (at_update, rolls) = rolled_out(&set, &pods);
        hold(at_update || !rolls, "not all are at the update revision".into());
        let status = &set.status;
        let counts = [status.replicas, status.ready_replicas, status.available_replicas];
        hold(counts == [set.replicas(); 3], format!("counts {counts:?}"));
        hold(status.observed_generation == set.meta.generation, "generation".into());
        let updated = pods.values().filter(|p| *revision_of(p) == *status.update_revision);
        hold(status.updated_replicas == updated.count() as i32, "updatedReplicas".into());
        problems.extend(wrong_claims(&set, &pods, &self.claims()));
        assert!(problems.is_empty(), "{}\n{problems:?}\n{}", self.what, self.describe());
    }

    /// As in Kubernetes, a set forgets to come back when a claim that was to go with an earlier
    /// Pod is gone at last; any change wakes it.
    fn wake_forgotten(&mut self) {
        let forgotten = explain::most_blocked(&self.world).is_some_and(|unready| {
            unready.root().is_some_and(|root| root.because == Because::ClaimTerminating)
        });
        if forgotten {
            self.patch(
                Kind::StatefulSet,
                "web",
                json!({"metadata": {"annotations": {"nudged": "yes"}}}),
            );
            self.rest();
        }
    }
}

fn wanted(set: &StatefulSet) -> Range<u32> {
    let start = set.start_ordinal() as u32;
    start..start + set.replicas() as u32
}

/// Whether all Pods that are to be replaced have been, and whether that goes by itself.
fn rolled_out(set: &StatefulSet, pods: &BTreeMap<u32, Rc<Pod>>) -> (bool, bool) {
    let rolling = set.spec.update_strategy.rolling_update.as_ref();
    let partition = rolling.and_then(|r| r.partition).unwrap_or(0) as u32;
    let first = wanted(set).start + partition;
    let new = |pod: &Rc<Pod>| *revision_of(pod) == *set.status.update_revision;
    let all = pods.iter().filter(|(ordinal, _)| **ordinal >= first).all(|(_, pod)| new(pod));
    (all, set.spec.update_strategy.kind == UpdateStrategyType::RollingUpdate)
}

/// Each Pod has its claim, bound, with the owners that the policy wants; what is left over was
/// to be retained.
fn wrong_claims(
    set: &StatefulSet,
    pods: &BTreeMap<u32, Rc<Pod>>,
    claims: &BTreeMap<String, Rc<PersistentVolumeClaim>>,
) -> Vec<String> {
    let retention = set.spec.retention.clone().unwrap_or_default();
    let goes_with_set = retention.when_deleted.as_str() == "Delete";
    let goes_when_scaled = retention.when_scaled.as_str() == "Delete";
    let mut problems = Vec::new();
    for ordinal in pods.keys() {
        let name = format!("www-web-{ordinal}");
        let Some(claim) = claims.get(&name) else {
            problems.push(format!("{name} is missing"));
            continue;
        };
        let owners: Vec<Uid> = claim.meta.owner_references.iter().map(|o| o.uid).collect();
        let expected: Vec<Uid> = goes_with_set.then_some(set.meta.uid).into_iter().collect();
        if owners != expected || claim.meta.is_terminating() {
            problems.push(format!("{name} belongs to {owners:?}, not to {expected:?}"));
        }
    }
    let number = |name: &str| name.strip_prefix("www-web-").and_then(|n| n.parse::<u32>().ok());
    let left = claims.keys().find(|name| !number(name).is_some_and(|n| pods.contains_key(&n)));
    if let Some(left) = left.filter(|_| goes_when_scaled) {
        problems.push(format!("{left} is left over"));
    }
    problems
}
