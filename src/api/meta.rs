//! What every object carries: names, versions, owners, finalizers.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go

use super::json::{Json, Reader, Shape};
use super::managed::Managed;
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::base::time::SimTime;
use crate::object;
use serde_json::Value;
use std::rc::Rc;

/// A uid. Zero means: none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(pub u128);

/// The base in which a text that is no uuid is a number.
const TEXT_BASE: u128 = 257;

/// As a uuid; what was a short text (at most eleven characters) as that text.
impl std::fmt::Display for Uid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (mut rest, mut text) = (self.0, Vec::new());
        while rest > 0 && rest >> 96 == 0 {
            text.push(u8::try_from(rest % TEXT_BASE).unwrap_or(0));
            rest /= TEXT_BASE;
        }
        if rest == 0 && !text.is_empty() && text.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
            text.reverse();
            return f.write_str(&String::from_utf8_lossy(&text));
        }
        let hex = format!("{:032x}", self.0);
        let part = |from: usize, to: usize| &hex[from..to];
        let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)];
        f.write_str(&parts.join("-"))
    }
}

impl Json for Uid {
    const SHAPE: Shape = Shape::Text;
    /// A text that is no uuid becomes a number of its own: uids are only ever compared.
    fn read(value: &Value, reader: &mut Reader) -> Self {
        let text = Str::read(value, reader);
        let hex: String = text.chars().filter(|&c| c != '-').collect();
        let uuid = u128::from_str_radix(&hex, 16).ok().filter(|_| text.len() == 36);
        Uid(uuid.unwrap_or_else(|| {
            let digit = |n: u128, byte: u8| n.wrapping_mul(TEXT_BASE).wrapping_add(byte.into());
            text.bytes().fold(0, digit)
        }))
    }
    fn write(&self) -> Value {
        Value::String(self.to_string())
    }
    fn is_absent(&self) -> bool {
        self.0 == 0
    }
}

/// A resourceVersion: the store's revision of the object's last write. Zero means: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceVersion(pub u64);

impl Json for ResourceVersion {
    const SHAPE: Shape = Shape::Text;
    fn read(value: &Value, reader: &mut Reader) -> Self {
        let text = Str::read(value, reader);
        ResourceVersion(text.parse().unwrap_or(0))
    }
    fn write(&self) -> Value {
        Value::String(self.0.to_string())
    }
    fn is_absent(&self) -> bool {
        self.0 == 0
    }
}

/// Labels, annotations, or a selector: text to text, shared until changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(pub Rc<SortedMap<Str, Str>>);

impl Labels {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Str> {
        self.0.get(key)
    }

    /// Sets `key`.
    pub fn set(&mut self, key: &str, value: impl Into<Str>) {
        Rc::make_mut(&mut self.0).insert(key.into(), value.into());
    }

    /// Removes `key`; says whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        self.0.contains_key(key) && Rc::make_mut(&mut self.0).remove(key).is_some()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All pairs, ordered by key.
    pub fn iter(&self) -> impl Iterator<Item = (&Str, &Str)> {
        self.0.iter()
    }
}

impl Json for Labels {
    const SHAPE: Shape = Shape::Dict(&Shape::Text);
    fn read(value: &Value, reader: &mut Reader) -> Self {
        Labels(Rc::new(SortedMap::read(value, reader)))
    }
    fn write(&self) -> Value {
        self.0.write()
    }
    fn is_absent(&self) -> bool {
        self.0.is_empty()
    }
}

object! {
    /// Who an object belongs to.
    pub struct OwnerReference {
        /// The owner's group and version.
        api_version: Str = "apiVersion" always;
        /// The owner's kind.
        kind: Str = "kind" always;
        /// The owner's name.
        name: Str = "name" always;
        /// The owner's uid: an owner of the same name but another uid is a stranger.
        uid: Uid = "uid" always;
        /// Whether the owner manages it; at most one does.
        controller: Option<bool> = "controller";
        /// Whether the owner's foreground deletion waits for it.
        block_owner_deletion: Option<bool> = "blockOwnerDeletion";
    }
}

object! {
    /// What every object carries.
    pub struct ObjectMeta {
        /// Unique among its kind in its namespace.
        name: Str = "name";
        /// A prefix from which the server makes a unique name.
        generate_name: Str = "generateName";
        /// Its namespace; empty for objects of the whole cluster.
        namespace: Str = "namespace";
        /// Its uid, unique in the history of the cluster.
        uid: Uid = "uid";
        /// The store's revision of its last write.
        resource_version: ResourceVersion = "resourceVersion";
        /// Counts changes of what is wanted.
        generation: i64 = "generation";
        /// When it was created, to the second.
        creation_timestamp: Option<SimTime> = "creationTimestamp";
        /// When its grace period ends, to the second; set while it is being deleted.
        deletion_timestamp: Option<SimTime> = "deletionTimestamp";
        /// Seconds of grace it was given.
        deletion_grace_period_seconds: Option<i64> = "deletionGracePeriodSeconds";
        /// Its labels.
        labels: Labels = "labels";
        /// Its annotations.
        annotations: Labels = "annotations";
        /// Whom it belongs to.
        owner_references: Vec<OwnerReference> = "ownerReferences";
        /// Who must agree before it may go.
        finalizers: Vec<Str> = "finalizers";
    }
    kept {
        "managedFields": Shape::Any;
        "selfLink": Shape::Text;
    }
    hidden {
        /// Who set which fields; printed as `managedFields` on request.
        managed: Managed;
    }
}

impl ObjectMeta {
    /// Whether it is being deleted.
    pub fn is_terminating(&self) -> bool {
        self.deletion_timestamp.is_some()
    }

    /// The reference to the owner that manages it.
    pub fn controller_of(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller == Some(true))
    }

    /// The label `key`.
    pub fn label(&self, key: &str) -> Option<&Str> {
        self.labels.get(key)
    }
}

object! {
    /// One thing that is or is not so about an object, and since when.
    pub struct Condition {
        /// What it is about, such as `Ready`.
        kind: Str = "type" always;
        /// `True`, `False` or `Unknown`.
        status: Str = "status" always;
        /// The generation it was observed at.
        observed_generation: i64 = "observedGeneration";
        /// When a Node last reported it.
        last_heartbeat_time: Option<SimTime> = "lastHeartbeatTime";
        /// When a Deployment last wrote it.
        last_update_time: Option<SimTime> = "lastUpdateTime";
        /// When its status last changed.
        last_transition_time: Option<SimTime> = "lastTransitionTime";
        /// Why, in one word.
        reason: Str = "reason";
        /// Why, in a sentence.
        message: Str = "message";
    }
    kept {
        "lastProbeTime": Shape::Time;
    }
}

/// Finds a condition in a list.
pub fn condition<'c>(conditions: &'c [Condition], kind: &str) -> Option<&'c Condition> {
    conditions.iter().find(|condition| &*condition.kind == kind)
}

/// Sets a condition. The transition time moves only when the status changes. Says whether
/// anything changed.
pub fn set_condition(conditions: &mut Vec<Condition>, mut new: Condition, now: SimTime) -> bool {
    let now = Some(now.whole_second());
    let Some(old) = conditions.iter_mut().find(|old| old.kind == new.kind) else {
        new.last_transition_time = new.last_transition_time.or(now);
        conditions.push(new);
        return true;
    };
    new.last_transition_time =
        if old.status == new.status { old.last_transition_time } else { now };
    let changed = *old != new;
    *old = new;
    changed
}

object! {
    /// Asks for labels.
    pub struct LabelSelector {
        /// Labels an object must have.
        match_labels: Labels = "matchLabels";
        /// Conditions its labels must meet.
        match_expressions: Vec<LabelSelectorRequirement> = "matchExpressions";
    }
}

object! {
    /// One condition on a label.
    pub struct LabelSelectorRequirement {
        /// The label.
        key: Str = "key" always;
        /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
        operator: Str = "operator" always;
        /// The values for `In` and `NotIn`.
        values: Vec<Str> = "values";
    }
}

impl LabelSelector {
    /// Whether `labels` meet it. An empty selector is met by all.
    pub fn matches(&self, labels: &Labels) -> bool {
        let has = |key: &str, value: &Str| labels.get(key) == Some(value);
        self.match_labels.iter().all(|(key, value)| has(key, value))
            && self.match_expressions.iter().all(|wanted| wanted.matches(labels))
    }

    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }
}

impl LabelSelectorRequirement {
    /// Whether `labels` meet it.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        let among = |value: &Str| self.values.contains(value);
        match &*self.operator {
            "In" => value.is_some_and(among),
            "NotIn" => !value.is_some_and(among),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}
