//! Why something waits: for whom, by which rule, since when, until when. Every place where a
//! component decides to wait says so here, as data; the page, the terminal and the tests
//! print the same sentence.

use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::base::Str;
use crate::base::map::Map;
use crate::base::time::{SimTime, Span};
use std::ops::Bound;
use std::rc::Rc;

/// Who says that something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The StatefulSet controller.
    StatefulSet,
    /// The ReplicaSet controller.
    ReplicaSet,
    /// The Deployment controller.
    Deployment,
    /// The DaemonSet controller.
    DaemonSet,
    /// The Job controller.
    Job,
    /// The CronJob controller.
    CronJob,
    /// The volume binder (persistentvolume-controller).
    VolumeBinder,
    /// The attach/detach controller.
    AttachDetach,
    /// The claim and volume protection controllers.
    Protection,
    /// The node lifecycle controller.
    NodeLifecycle,
    /// The taint eviction controller.
    TaintEviction,
    /// The pod garbage collector.
    PodGC,
    /// The disruption controller.
    Disruption,
    /// The garbage collector.
    GarbageCollector,
    /// The scheduler.
    Scheduler,
    /// A kubelet.
    Kubelet,
    /// A storage driver.
    Csi,
}

/// Something that is not yet as it should be, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    /// What waits.
    pub subject: ObjectRef,
    /// What it waits for, if that is an object: its own wait explains further.
    pub on: Option<ObjectRef>,
    /// The rule that makes it wait.
    pub because: Because,
    /// Since when.
    pub since: SimTime,
    /// When the wait ends by itself; `None` if only a change ends it.
    pub until: Option<SimTime>,
}

/// The rules that make something wait. Names in the variants are those of the objects at
/// hand; `Wait::on` says which object is waited for.
#[derive(Clone, Debug, PartialEq)]
pub enum Because {
    /// OrderedReady: a Pod is not created before the one below it is Ready.
    PredecessorNotReady,
    /// OrderedReady: the one below is Ready but not yet available (minReadySeconds).
    PredecessorNotAvailable {
        /// How long it must be Ready.
        min_ready: Span,
    },
    /// OrderedReady: a Pod is not created while one below it is Terminating.
    PredecessorTerminating,
    /// Every wanted Pod exists; this one is not Ready yet.
    PodNotReady,
    /// Every wanted Pod exists; this one is Ready but not yet available (minReadySeconds).
    PodNotAvailable {
        /// How long it must be Ready.
        min_ready: Span,
    },
    /// The Pod's own name is still held by its predecessor of the same name.
    IdentityHeld,
    /// Scale-down: a Pod is not deleted before the one above it is gone.
    SuccessorTerminating,
    /// Scale-down: a Pod is not deleted while one below it is not healthy.
    ScaleDownBlocked,
    /// Rolling update: the next Pod is not replaced before this one is available.
    RolloutWaits,
    /// Rolling update: ordinals below the partition keep the old revision.
    Partition {
        /// The lowest ordinal that is updated.
        partition: i32,
    },
    /// OnDelete: Pods keep the old revision until somebody deletes them.
    OnDelete,
    /// OrderedReady: a Pod of a broken revision is never replaced by itself.
    BrokenRevision,
    /// A claim of the Pod is being deleted.
    ClaimTerminating,
    /// The server refused, and the controller tries again later.
    Refused {
        /// The server's message.
        message: Str,
    },
    /// The server refused another Pod, and the controller tries again later.
    PodRefused {
        /// The server's message.
        message: Str,
    },
    /// Rolling update: old Pods stay until new ones are available.
    OldReplicasStay,
    /// Every wanted Pod is wanted of the new ReplicaSet; not all of them are available.
    ReplicasNotAvailable,
    /// Recreate: no new Pod comes before the last old one is gone.
    OldPodRemains,
    /// A paused Deployment keeps its old template.
    Paused,
    /// A Pod has failed, and its successor is made after a pause that doubles.
    FailureBackOff,
    /// A Job is not complete while one of its Pods has not ended.
    PodNotEnded,
    /// A Job is not over while one of its Pods is being deleted.
    PodTerminating,
    /// A suspended Job has no Pods until somebody lets it go on.
    Suspended,
    /// A CronJob makes its next Job at its next time.
    NextSchedule,
    /// A Job that is over is deleted some time after (ttlSecondsAfterFinished).
    TimeToLive,
    /// No node fits.
    Unschedulable {
        /// In kube-scheduler's words.
        message: Str,
    },
    /// The scheduler tries again after a pause.
    SchedulingBackoff,
    /// A claim has no volume yet.
    ClaimUnbound,
    /// A claim waits for the first Pod that uses it to be scheduled.
    WaitForFirstConsumer,
    /// A claim names a class that does not exist, or none and there is no default.
    NoStorageClass {
        /// The class; empty if none is named.
        class: Str,
    },
    /// The driver is making the volume.
    Provisioning {
        /// The driver.
        driver: Str,
    },
    /// The driver is making the volume larger.
    Resizing {
        /// The driver.
        driver: Str,
    },
    /// The driver is attaching the volume to the node.
    Attaching {
        /// The node.
        node: Str,
    },
    /// The kubelet waits until the volume is attached to its node.
    NotAttached {
        /// The node.
        node: Str,
    },
    /// The volume is attached to another node, which must let go first.
    MultiAttach {
        /// The node that has it.
        node: Str,
    },
    /// The kubelet of a living node still has the volume mounted or has not said otherwise.
    VolumeInUse {
        /// The node.
        node: Str,
    },
    /// A dead node cannot say that it let go: the volume is taken from it 6 minutes after
    /// nobody wants it there.
    ForceDetach {
        /// The node.
        node: Str,
    },
    /// The driver is detaching the volume.
    Detaching {
        /// The node.
        node: Str,
    },
    /// The disk system has no room for what is wanted; the driver tries again.
    NoRoom {
        /// The disk system: a machine, a zone, `network` or `shared`.
        system: Str,
    },
    /// The driver failed and tries again.
    DriverError {
        /// The driver's message.
        message: Str,
    },
    /// Volumes are being mounted.
    Mounting,
    /// An image is being pulled.
    ImagePull {
        /// The image.
        image: Str,
    },
    /// Pulling failed; the kubelet pauses before it tries again.
    ImagePullBackOff {
        /// The image.
        image: Str,
    },
    /// Containers are being started.
    Starting,
    /// An init container has not ended.
    InitContainer {
        /// The container.
        container: Str,
    },
    /// A container ended; the kubelet pauses before it starts it again.
    CrashLoopBackOff {
        /// The container.
        container: Str,
    },
    /// The startup probe has not passed.
    StartupProbe,
    /// The readiness probe has not passed.
    ReadinessProbe,
    /// A ConfigMap or Secret the Pod needs is missing.
    MissingConfig {
        /// What is missing, such as `configmap "zk-config" not found`.
        message: Str,
    },
    /// The Pod is stopping and has time for that.
    GracePeriod,
    /// The Pod is stopping, and its preStop hook runs first.
    PreStop,
    /// Its node is being shut down, and its kubelet ends the Pods first.
    ShuttingDown {
        /// The node.
        node: Str,
    },
    /// Its node is being shut down, and it is critical: it is ended after the other Pods.
    ShutdownTurn {
        /// The node.
        node: Str,
    },
    /// Only its kubelet can say that the Pod stopped, and the kubelet does not answer.
    KubeletSilent {
        /// The node.
        node: Str,
    },
    /// A finalizer holds the object.
    Finalizer {
        /// The finalizer.
        finalizer: Str,
    },
    /// A claim in use is not removed before its Pods are gone.
    ClaimInUse,
    /// The node has stopped answering, and the grace period has not passed.
    NodeGrace {
        /// The node.
        node: Str,
    },
    /// The node's taint for eviction waits its turn: so many nodes per minute in a zone.
    EvictionRate {
        /// The node.
        node: Str,
    },
    /// Too many nodes of the zone are dead: nobody is evicted.
    ZoneDisruption {
        /// The zone.
        zone: Str,
    },
    /// The Pod tolerates the node's taint for so long, then it is evicted.
    Toleration {
        /// The node.
        node: Str,
        /// How long.
        span: Span,
        /// Whether the taint is there because the node does not answer.
        silent: bool,
    },
    /// The pod garbage collector comes by every 20 s.
    PodGCTick {
        /// The node.
        node: Str,
    },
    /// The node is gone; the pod garbage collector makes sure for 40 s.
    NodeQuarantine {
        /// The node.
        node: Str,
    },
    /// The kubelet cannot unmount the Pod's volumes.
    Unmounting {
        /// The node.
        node: Str,
    },
    /// The kubelet is slow and has not come round to the Pod.
    KubeletLate {
        /// The node.
        node: Str,
    },
    /// Something is broken on purpose. Nobody in the cluster says so, for nobody there knows:
    /// explanations end with it.
    Fault {
        /// What is broken, in words.
        text: Str,
    },
}

/// Where a wait was said: by whom, when looking at which object.
type Said = (Source, Kind, Key);

/// All waits there are, by who said so and about which object, and by what waits.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    said: Map<Said, Rc<Vec<Wait>>>,
    by_subject: Map<(ObjectRef, Said), ()>,
}

impl Waits {
    /// Replaces what `source` said when it last looked at the object `kind` `key`. A wait that
    /// was there before, by the same rule and for the same object, keeps its `since`.
    pub fn replace(&mut self, source: Source, kind: Kind, key: &Key, mut new: Vec<Wait>) {
        let at = (source, kind, key.clone());
        let old = self.said.get(&at).cloned();
        if new.is_empty() && old.is_none() {
            return;
        }
        let old = old.unwrap_or_default();
        for wait in &mut new {
            if let Some(old) = old.iter().find(|old| old.is_same_as(wait)) {
                wait.since = old.since;
            }
        }
        if *old == new {
            return;
        }
        for wait in old.iter() {
            self.by_subject.remove_mut(&(wait.subject.clone(), at.clone()));
        }
        for wait in &new {
            self.by_subject.insert_mut((wait.subject.clone(), at.clone()), ());
        }
        if new.is_empty() {
            self.said.remove_mut(&at);
        } else {
            self.said.insert_mut(at, Rc::new(new));
        }
    }

    /// Forgets everything that sources from `first` to `last` said: they begin anew.
    pub fn forget(&mut self, first: Source, last: Source) {
        let theirs = |source: Source| first <= source && source <= last;
        self.said =
            self.said.iter().filter(|((source, ..), _)| !theirs(*source)).map(pair).collect();
        let kept = self.by_subject.iter().filter(|((_, (source, ..)), _)| !theirs(*source));
        self.by_subject = kept.map(pair).collect();
    }

    /// All waits, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = &Wait> {
        self.said.values().flat_map(|waits| waits.iter())
    }

    /// The waits of one object, in the order of their sources.
    pub fn of<'w>(&'w self, subject: &'w ObjectRef) -> impl Iterator<Item = &'w Wait> + 'w {
        let first = (Source::StatefulSet, Kind::ALL[0], Key::new("", ""));
        let range = (Bound::Included((subject.clone(), first)), Bound::Unbounded);
        let said = self.by_subject.range(range);
        said.take_while(move |((of, _), ())| of == subject)
            .filter_map(|((_, at), ())| self.said.get(at))
            .flat_map(|waits| waits.iter())
            .filter(move |wait| wait.subject == *subject)
    }

    /// What `source` said when it last looked at the object `kind` `key`.
    pub fn said_by(&self, source: Source, kind: Kind, key: &Key) -> &[Wait] {
        self.said.get(&(source, kind, key.clone())).map_or(&[], |waits| waits)
    }
}

fn pair<K: Clone, V: Clone>((key, value): (&K, &V)) -> (K, V) {
    (key.clone(), value.clone())
}

impl Wait {
    /// Whether `other` is the same wait as before, so that it began when this one did.
    fn is_same_as(&self, other: &Wait) -> bool {
        let rule = std::mem::discriminant(&self.because);
        self.subject == other.subject
            && self.on == other.on
            && rule == std::mem::discriminant(&other.because)
    }
}
