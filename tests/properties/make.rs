//! Makes objects, patches and requests by chance: most of them nearly right, since what is
//! plainly wrong is refused at the door.

use playground::api::json::{Schema, Shape};
use playground::api::kinds::Kind;
use playground::base::prng::Prng;
use serde_json::{Map, Value, json};

/// Words that mean something somewhere, and a few that do nowhere.
const WORDS: &[&str] = &[
    "",
    "a",
    "web",
    "web-0",
    "default",
    "node-1",
    "nginx:1",
    "app",
    "Always",
    "Never",
    "OnFailure",
    "RollingUpdate",
    "OnDelete",
    "Recreate",
    "OrderedReady",
    "Parallel",
    "ClusterIP",
    "NodePort",
    "ExternalName",
    "None",
    "ReadWriteOnce",
    "ReadWriteMany",
    "TCP",
    "In",
    "NotIn",
    "Exists",
    "Gt",
    "DoesNotExist",
    "Retain",
    "Delete",
    "True",
    "False",
    "Unknown",
    "Pod",
    "StatefulSet",
    "apps/v1",
    "1Gi",
    "-1Gi",
    "100m",
    "1e3",
    "1.5",
    "100%",
    "150%",
    "kubernetes.io/os",
    "a/b/c",
    "UPPER",
    "a b",
    "É",
    "\u{0}",
    "..",
    "x_y",
    "2026-01-01T00:00:00Z",
    "10.96.0.7",
    "4294967296",
    "NoExecute",
    "NoSchedule",
    "orphan",
    "foregroundDeletion",
    "Orphan",
    "Foreground",
    "Background",
    "Indexed",
    "kubernetes.io/metadata.name",
    "metadata.name",
    "standard",
    "Immediate",
    "v1",
    "Filesystem",
];

/// So many of the numbers fit everywhere.
const SMALL: usize = 9;

/// Numbers at the edges.
const NUMBERS: &[i64] = &[
    0,
    1,
    -1,
    2,
    3,
    80,
    30_080,
    65_536,
    2_147_483_647,
    2_147_483_648,
    -2_147_483_649,
    i64::MAX,
    i64::MIN,
];

/// Chance, and what is made of it.
pub struct Maker(pub Prng);

impl Maker {
    /// Once in `n`.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.0.below(n) == 0
    }

    /// One of them.
    pub fn pick<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.0.below(list.len() as u64) as usize]
    }

    fn word(&mut self) -> String {
        match self.0.below(40) {
            0 => "x".repeat(300),
            _ => self.pick(WORDS).to_string(),
        }
    }

    /// Anything.
    pub fn junk(&mut self, depth: u32) -> Value {
        match self.0.below(if depth == 0 { 6 } else { 9 }) {
            0 => Value::Null,
            1 => json!(self.once_in(2)),
            2 => json!(self.pick(NUMBERS)),
            3 => json!(1.5),
            4 => json!(u64::MAX),
            5 => json!(self.word()),
            6 => json!([]),
            7 => (0..self.0.below(3)).map(|_| self.junk(depth - 1)).collect(),
            _ => (0..self.0.below(3)).map(|_| (self.word(), self.junk(depth - 1))).collect(),
        }
    }

    /// A value of `shape`, most often.
    pub fn value(&mut self, shape: Shape, depth: u32) -> Value {
        if self.once_in(200) {
            return self.junk(2);
        }
        match shape {
            Shape::Text => json!(self.word()),
            Shape::Int32 | Shape::Int64 => match self.once_in(30) {
                true => json!(self.pick(NUMBERS)),
                false => json!(self.pick(&NUMBERS[..SMALL])),
            },
            Shape::Bool => json!(self.once_in(2)),
            Shape::IntOrText | Shape::Quantity => match self.once_in(2) {
                true => json!(self.word()),
                false => json!(self.pick(NUMBERS)),
            },
            Shape::Time => json!("2026-01-01T00:00:00Z"),
            Shape::Any => self.junk(2),
            Shape::List(item) => {
                (0..self.0.below(3)).map(|_| self.value(*item, depth.saturating_sub(1))).collect()
            }
            Shape::Dict(item) => (0..self.0.below(3))
                .map(|_| (self.word(), self.value(*item, depth.saturating_sub(1))))
                .collect(),
            Shape::Object(schema) => self.object(schema, depth),
        }
    }

    fn object(&mut self, schema: &'static Schema, depth: u32) -> Value {
        let mut map = Map::new();
        for field in schema.fields {
            let rare = 2 + schema.fields.len() as u64 / 3;
            if depth > 0 && self.once_in(rare) {
                map.insert(field.key.to_string(), self.value(field.shape, depth - 1));
            }
        }
        Value::Object(map)
    }

    /// Lays values by chance over a tree.
    pub fn vary(&mut self, tree: &mut Value, kind: Kind) {
        let more = self.object(kind.info().schema(), 7);
        overlay(tree, more);
    }

    /// Spoils a tree in one place.
    pub fn spoil(&mut self, tree: &mut Value) {
        let deeper = !self.once_in(4);
        match tree {
            Value::Object(map) if deeper && !map.is_empty() => {
                let keys: Vec<String> = map.keys().cloned().collect();
                let key = self.pick(&keys).clone();
                match self.0.below(12) {
                    0 => drop(map.remove(&key)),
                    1 => {
                        let value = map.remove(&key).unwrap_or_default();
                        map.insert(key.to_uppercase(), value);
                    }
                    2 => drop(map.insert(self.word(), json!(1))),
                    _ => self.spoil(&mut map[&key]),
                }
            }
            Value::Array(items) if deeper && !items.is_empty() => {
                let at = self.0.below(items.len() as u64) as usize;
                match self.0.below(8) {
                    0 => drop(items.remove(at)),
                    1 => items.push(items[at].clone()),
                    _ => self.spoil(&mut items[at]),
                }
            }
            other => {
                *other = match self.0.below(4) {
                    0 => json!([other.clone()]),
                    1 => json!({"a": other.clone()}),
                    _ => self.junk(2),
                }
            }
        }
    }

    /// The way to a place in a tree, as JSON patches write it.
    pub fn pointer(&mut self, tree: &Value) -> String {
        let mut at = tree;
        let mut out = String::new();
        while !self.once_in(6) {
            let (step, next) = match at {
                Value::Object(map) if !map.is_empty() => {
                    let keys: Vec<&String> = map.keys().collect();
                    let key = *self.pick(&keys);
                    (key.replace('~', "~0").replace('/', "~1"), &map[key])
                }
                Value::Array(items) if !items.is_empty() => {
                    let place = self.0.below(items.len() as u64) as usize;
                    (place.to_string(), &items[place])
                }
                _ => break,
            };
            out = format!("{out}/{step}");
            at = next;
        }
        if self.once_in(5) {
            let ends = ["/-", "/99", "/-1", "/nope", "/~2", "x", "/"];
            out.push_str(self.pick::<&str>(&ends));
        }
        out
    }

    /// A JSON patch for `tree`.
    pub fn json_patch(&mut self, tree: &Value) -> Value {
        let mut operations = Vec::new();
        for _ in 0..self.0.below(3) + 1 {
            let op = *self.pick(&["add", "remove", "replace", "move", "copy", "test", "frob"]);
            let (path, from) = (self.pointer(tree), self.pointer(tree));
            let mut operation = json!({"op": op, "path": path, "from": from});
            operation["value"] = match self.once_in(3) {
                true => self.junk(2),
                false => tree.pointer(&from).cloned().unwrap_or_default(),
            };
            if self.once_in(20) {
                self.spoil(&mut operation);
            }
            operations.push(operation);
        }
        Value::Array(operations)
    }

    /// A merge patch, perhaps with directives of the strategic one.
    pub fn merge_patch(&mut self, kind: Kind, tree: &Value) -> Value {
        let mut patch = match self.once_in(2) {
            true => self.value(Shape::Object(kind.info().schema()), 5),
            false => {
                let mut part = tree.clone();
                self.spoil(&mut part);
                let keep = *self.pick(&["spec", "metadata", "status", "data"]);
                json!({ keep: part[keep] })
            }
        };
        if self.once_in(4) {
            let directives = [
                ("$patch", json!("delete")),
                ("$patch", json!("replace")),
                ("$patch", json!(["merge"])),
                ("$retainKeys", json!(["name", 3])),
                ("$deleteFromPrimitiveList/finalizers", json!(["a", {}])),
                ("$setElementOrder/containers", json!([{"name": "x"}])),
            ];
            let (key, value) = self.pick(&directives).clone();
            self.plant(&mut patch, key, value);
        }
        patch
    }

    fn plant(&mut self, tree: &mut Value, key: &str, value: Value) {
        match tree {
            Value::Object(map) => {
                let keys: Vec<String> = map.keys().cloned().collect();
                match keys.is_empty() || self.once_in(3) {
                    true => drop(map.insert(key.to_string(), value)),
                    false => {
                        let deeper = self.pick(&keys).clone();
                        self.plant(&mut map[&deeper], key, value);
                    }
                }
            }
            Value::Array(items) => match items.first_mut() {
                Some(first) => self.plant(first, key, value),
                None => items.push(json!({ key: value })),
            },
            _ => {}
        }
    }
}

fn overlay(tree: &mut Value, more: Value) {
    match (tree, more) {
        (Value::Object(map), Value::Object(more)) => {
            for (key, value) in more {
                overlay(map.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(items), Value::Array(more)) => {
            for (item, more) in items.iter_mut().zip(more) {
                overlay(item, more);
            }
        }
        (tree, more) => *tree = more,
    }
}

/// A small object of `kind` that the server takes.
pub fn sample(kind: Kind) -> Value {
    let template = json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{
            "name": "nginx", "image": "nginx:1", "ports": [{"containerPort": 80}],
            "env": [{"name": "A", "value": "b"}], "resources": {"requests": {"cpu": "100m"}},
        }], "terminationGracePeriodSeconds": 5},
    });
    let selector = json!({"matchLabels": {"app": "web"}});
    let claim = json!({
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
    });
    let workload = json!({"selector": selector, "template": template});
    let mut job = json!({"template": template});
    job["template"]["spec"]["restartPolicy"] = json!("Never");
    let mut tree = match kind {
        Kind::Pod => json!({"spec": template["spec"]}),
        Kind::Service => json!({"spec": {"ports": [{"port": 80}], "selector": {"app": "web"}}}),
        Kind::EndpointSlice => {
            json!({"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}]})
        }
        Kind::ConfigMap => json!({"data": {"a": "b"}}),
        Kind::Secret => json!({"data": {"a": "Yg=="}}),
        Kind::ResourceQuota => json!({"spec": {"hard": {"pods": "5"}}}),
        Kind::LimitRange => {
            json!({"spec": {"limits": [{"type": "Container", "default": {"cpu": "1"}}]}})
        }
        Kind::PersistentVolumeClaim => json!({"spec": claim}),
        Kind::PersistentVolume => json!({"spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
            "csi": {"driver": "x.example.com", "volumeHandle": "v"},
        }}),
        Kind::StorageClass => json!({"provisioner": "x.example.com"}),
        Kind::VolumeAttachment => json!({"spec": {
            "attacher": "x.example.com", "nodeName": "node-1",
            "source": {"persistentVolumeName": "v"},
        }}),
        Kind::CSIStorageCapacity => json!({"storageClassName": "standard", "capacity": "1Gi"}),
        Kind::CSINode => json!({"spec": {"drivers": []}}),
        Kind::StatefulSet => {
            let mut spec = workload.clone();
            spec["serviceName"] = json!("nginx");
            spec["volumeClaimTemplates"] = json!([{"metadata": {"name": "www"}, "spec": claim}]);
            json!({"spec": spec})
        }
        Kind::Deployment | Kind::ReplicaSet | Kind::DaemonSet => json!({"spec": workload}),
        Kind::Job => json!({"spec": job}),
        Kind::CronJob => {
            json!({"spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": job}}})
        }
        Kind::ControllerRevision => json!({"revision": 1, "data": {"spec": {}}}),
        Kind::PodDisruptionBudget => json!({"spec": {"minAvailable": 1, "selector": selector}}),
        Kind::PriorityClass => json!({"value": 7}),
        Kind::Event => json!({"involvedObject": {"kind": "Pod", "name": "web-0"}}),
        _ => json!({}),
    };
    tree["apiVersion"] = json!(kind.info().api_version());
    tree["kind"] = json!(kind.info().name);
    tree["metadata"] = json!({"name": "web", "labels": {"app": "web"}});
    tree
}
