//! What a seed stands for: a cluster, manifests, and what is done to them when.

use playground::base::prng::Prng;
use playground::base::time::Span;
use playground::cluster::input::{Cascade, Input};
use playground::config::{Config, MachineConfig};
use serde::{Deserialize, Serialize};

/// Something done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Deed {
    /// As the page does it.
    Input(Input),
    /// A command line; one that goes on is tried again.
    Kubectl(String),
}

/// Something done, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds from the start.
    pub at: u64,
    /// What.
    pub deed: Deed,
}

/// What a seed stands for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// The cluster.
    pub config: Config,
    /// Applied at the start.
    pub manifests: String,
    /// What is done, in order.
    pub deeds: Vec<Entry>,
}

/// A journal as text, a deed a line.
pub fn write(deeds: &[Entry]) -> String {
    let line = |entry: &Entry| serde_json::to_string(entry).expect("a deed is plain data");
    deeds.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What `write` wrote.
pub fn read(text: &str) -> Result<Vec<Entry>, String> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str(line).map_err(|error| error.to_string())).collect()
}

impl Plan {
    /// The plan of `seed`.
    pub fn new(seed: u64) -> Plan {
        let chance = Prng::new(seed).fork("swarm");
        let config = config(&mut chance.fork("cluster"), seed);
        let sets = sets(&mut chance.fork("manifests"));
        let mut manifests =
            sets.iter().map(|set| set.text(false)).collect::<Vec<_>>().join("---\n");
        manifests.push_str(&others(&mut chance.fork("others")));
        let nodes = config.machines.iter().map(|machine| machine.name.to_string()).collect();
        let mut deeds =
            Deeds { chance: chance.fork("deeds"), nodes, sets, faults: Vec::new(), added: 0 };
        let count = 3 + deeds.chance.below(16);
        let mut at = 0;
        let deeds = (0..count).map(|_| {
            at += deeds.pause();
            Entry { at, deed: deeds.any() }
        });
        Plan { seed, manifests, deeds: deeds.collect(), config }
    }
}

fn config(chance: &mut Prng, seed: u64) -> Config {
    let count = 2 + chance.below(4);
    let zones = 1 + chance.below(3);
    let machine = |n: u64| MachineConfig {
        name: format!("node-{n}").into(),
        zone: format!("zone-{}", n % zones).into(),
        cpu: "4".into(),
        memory: "8Gi".into(),
        pods: 110,
        volumes: None,
    };
    let mut config =
        Config { seed, machines: (1..=count).map(machine).collect(), ..Config::default() };
    if chance.below(2) == 0 {
        let flags = &mut config.flags;
        flags.node_monitor_grace_period = Span::seconds(8);
        flags.node_monitor_period = Span::seconds(1);
        flags.default_toleration_seconds = 5;
        config.timing.lease_renewal = Span::seconds(2);
        config.timing.node_status = Span::seconds(2);
    }
    config
}

/// A StatefulSet to be.
#[derive(Clone, Debug)]
struct Set {
    name: &'static str,
    replicas: u64,
    policy: &'static str,
    strategy: &'static str,
    class: Option<&'static str>,
    min_ready: u64,
    retention: Option<(&'static str, &'static str)>,
    budget: Option<Budget>,
}

/// A PodDisruptionBudget to be.
#[derive(Clone, Copy, Debug)]
struct Budget {
    field: &'static str,
    amount: &'static str,
    policy: &'static str,
}

fn pick<T: Copy>(chance: &mut Prng, all: &[T]) -> T {
    all[chance.below(all.len() as u64) as usize]
}

fn sets(chance: &mut Prng) -> Vec<Set> {
    let count = 1 + chance.below(2) as usize;
    let classes = [None, Some("standard"), Some("zonal"), Some("local"), Some("shared")];
    let set = |name: &'static str| Set {
        name,
        replicas: 1 + chance.below(4),
        policy: pick(chance, &["OrderedReady", "OrderedReady", "Parallel"]),
        strategy: pick(chance, &["RollingUpdate", "RollingUpdate", "OnDelete"]),
        class: pick(chance, &classes),
        min_ready: pick(chance, &[0, 0, 3]),
        retention: match chance.below(4) {
            0 => Some((pick(chance, &["Retain", "Delete"]), pick(chance, &["Retain", "Delete"]))),
            _ => None,
        },
        budget: (chance.below(4) > 0).then(|| Budget {
            field: pick(chance, &["maxUnavailable", "minAvailable"]),
            amount: pick(chance, &["1", "1", "2", "0", "50%", "100%"]),
            policy: pick(chance, &["IfHealthyBudget", "AlwaysAllow"]),
        }),
    };
    ["web", "db"].into_iter().take(count).map(set).collect()
}

impl Set {
    /// Its manifests, with the first image or the second.
    fn text(&self, second: bool) -> String {
        let name = self.name;
        let image = if second { "nginx:2" } else { "nginx:1" };
        let mut text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  \
             clusterIP: None\n  \
             selector: {{app: {name}}}\n  ports: [{{port: 80, name: http}}]\n---\n\
             apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec:\n  \
             serviceName: {name}\n  replicas: {}\n  podManagementPolicy: {}\n  \
             updateStrategy: {{type: {}}}\n  minReadySeconds: {}\n",
            self.replicas, self.policy, self.strategy, self.min_ready
        );
        if let Some((deleted, scaled)) = self.retention {
            text.push_str(&format!(
                "  persistentVolumeClaimRetentionPolicy: {{whenDeleted: {deleted}, whenScaled: \
                 {scaled}}}\n"
            ));
        }
        text.push_str(&format!(
            "  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: \
             {{app: {name}}}}}\n    spec:\n      containers:\n      - name: main\n        image: \
             {image}\n"
        ));
        if let Some(class) = self.class {
            let mode = if class == "shared" { "ReadWriteMany" } else { "ReadWriteOnce" };
            text.push_str(&format!(
                "        volumeMounts: [{{name: data, mountPath: /data}}]\n  \
                 volumeClaimTemplates:\n  - metadata: {{name: data}}\n    spec:\n      \
                 accessModes: [{mode}]\n      storageClassName: {class}\n      resources: \
                 {{requests: {{storage: 1Gi}}}}\n"
            ));
        }
        if let Some(Budget { field, amount, policy }) = self.budget {
            text.push_str(&format!(
                "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: \
                 {name}}}\nspec: {{{field}: {amount}, unhealthyPodEvictionPolicy: {policy}, \
                 selector: {{matchLabels: {{app: {name}}}}}}}\n"
            ));
        }
        text
    }
}

/// Workloads that are not StatefulSets, if there are some.
fn others(chance: &mut Prng) -> String {
    let mut text = String::new();
    if chance.below(3) == 0 {
        let (replicas, surge) = (1 + chance.below(3), pick(chance, &["0", "1", "50%"]));
        text.push_str(&format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: site}}\nspec:\n  \
             replicas: {replicas}\n  strategy: {{rollingUpdate: {{maxSurge: {surge}, \
             maxUnavailable: 1}}}}\n  selector: {{matchLabels: {{app: site}}}}\n  template:\n    \
             metadata: {{labels: {{app: site}}}}\n    spec: {{containers: [{{name: main, image: \
             \"nginx:1\"}}]}}\n"
        ));
    }
    if chance.below(4) == 0 {
        text.push_str(
            "---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec:\n  \
             selector: {matchLabels: {app: agent}}\n  template:\n    metadata: {labels: {app: \
             agent}}\n    spec: {containers: [{name: main, image: \"nginx:1\"}]}\n",
        );
    }
    if chance.below(4) == 0 {
        let replicas = 1 + chance.below(3);
        text.push_str(&format!(
            "---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {{name: copies}}\nspec:\n  \
             replicas: {replicas}\n  selector: {{matchLabels: {{app: copies}}}}\n  template:\n    \
             metadata: {{labels: {{app: copies}}}}\n    spec: {{containers: [{{name: main, image: \
             \"nginx:1\"}}]}}\n"
        ));
    }
    if chance.below(2) == 0 {
        text.push_str(&job(chance));
    }
    text
}

/// A Job: few or many Pods, that end soon or late, well or not.
fn job(chance: &mut Prng) -> String {
    let indexed = chance.below(2) == 0;
    let completions = 1 + chance.below(4);
    let mut text = format!(
        "---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: task}}\nspec:\n  completionMode: \
         {}\n  completions: {completions}\n  parallelism: {}\n  backoffLimit: {}\n",
        if indexed { "Indexed" } else { "NonIndexed" },
        1 + chance.below(3),
        pick(chance, &[0, 2, 6]),
    );
    for extra in ["podReplacementPolicy: Failed", "activeDeadlineSeconds: 240"] {
        if chance.below(4) == 0 {
            text.push_str(&format!("  {extra}\n"));
        }
    }
    let image = pick(chance, &["task:1", "task:1", "exit1:1"]);
    // All its tries end before the plan does.
    let command = pick(
        chance,
        &[
            "",
            ", command: [sleep, \"5\"]",
            ", command: [sleep, \"200\"]",
            ", command: [sh, -c, \"sleep 40; exit 1\"]",
        ],
    );
    text.push_str(&format!(
        "  template:\n    metadata: {{labels: {{app: task}}}}\n    spec:\n      \
         restartPolicy: {}\n      containers: [{{name: main, image: \"{image}\"{command}}}]\n",
        pick(chance, &["Never", "OnFailure"]),
    ));
    text
}

struct Deeds {
    chance: Prng,
    nodes: Vec<String>,
    sets: Vec<Set>,
    /// Kind and target of each fault that was put there.
    faults: Vec<(String, String)>,
    /// Machines that were added.
    added: u32,
}

impl Deeds {
    /// How long until the next deed: at once, some moments, or long enough for timers to end.
    fn pause(&mut self) -> u64 {
        let most = pick(&mut self.chance, &[1, 50, 3_000, 3_000, 30_000, 30_000, 120_000, 420_000]);
        self.chance.below(most + 1)
    }

    fn node(&mut self) -> String {
        let at = self.chance.below(self.nodes.len() as u64) as usize;
        self.nodes[at].clone()
    }

    fn set(&mut self) -> Set {
        let at = self.chance.below(self.sets.len() as u64) as usize;
        self.sets[at].clone()
    }

    fn flip(&mut self) -> bool {
        self.chance.below(2) == 0
    }

    fn delete(&mut self, kind: &str, name: String, grace: Option<i64>) -> Input {
        let namespace = if kind == "Node" { "" } else { "default" }.to_string();
        let cascade = match (kind, self.chance.below(4)) {
            ("StatefulSet", 0) => Cascade::Orphan,
            ("StatefulSet", 1) => Cascade::Foreground,
            _ => Cascade::Background,
        };
        Input::Delete { kind: kind.to_string(), namespace, name, grace, cascade }
    }

    fn taint(&mut self, key: &str, effect: &str) -> Input {
        let (node, on) = (self.node(), self.chance.below(3) > 0);
        Input::Taint { node, key: key.into(), value: "yes".into(), effect: effect.into(), on }
    }

    /// Something breaks, or is mended.
    fn fault(&mut self) -> Input {
        if !self.faults.is_empty() && self.chance.below(3) == 0 {
            let at = self.chance.below(self.faults.len() as u64) as usize;
            let (kind, target) = self.faults.swap_remove(at);
            return Input::operate(format!("mend {kind} {target}"));
        }
        let components = ["kube-controller-manager", "kube-scheduler", "kubelet", "csi-driver"];
        let work = pick(&mut self.chance, &["attach", "detach", "provision"]).to_string();
        let image = pick(&mut self.chance, &["nginx:1", "nginx:2"]).to_string();
        let set = self.set().name;
        let pods = match self.chance.below(6) {
            0..=1 => format!("statefulset/{set}"),
            2..=3 => format!("pod/{set}-{}", self.chance.below(4)),
            4 => "job/task".to_string(),
            _ => "daemonset/agent".to_string(),
        };
        let system = match self.chance.below(4) {
            0 => pick(&mut self.chance, &["network", "shared"]).to_string(),
            1 => format!("zone-{}", self.chance.below(3)),
            _ => self.node(),
        };
        let room = pick(&mut self.chance, &[" 0", " 1Gi", " 2500Mi"]);
        let (kind, target, delays) = match self.chance.below(13) {
            11..=12 => ("disk-room", system + room, false),
            10 => ("shutdown", self.node(), false),
            9 => ("device-stuck", self.node(), false),
            8 => ("unmount-stuck", self.node(), false),
            0 => ("lag", pick(&mut self.chance, &components).to_string(), true),
            1 => ("slow-kubelet", self.node(), true),
            2 => ("image-fails", image, false),
            3 => ("image-slow", image, true),
            4 => ("never-ready", pods, false),
            5 => ("crash-loop", pods, false),
            6 => ("disk-fails", work, false),
            _ => ("disk-slow", work, true),
        };
        let span = match delays {
            true => pick(&mut self.chance, &[" 500ms", " 3s", " 20s", " 2m"]),
            false => "",
        };
        let about = target.split(' ').next().unwrap_or("").to_string();
        self.faults.push((kind.to_string(), about));
        Input::operate(format!("fault {kind} {target}{span}"))
    }

    /// Something is done to what is no StatefulSet.
    fn other(&mut self) -> Deed {
        let replicas = self.chance.below(4);
        let halt = self.flip();
        Deed::Kubectl(match self.chance.below(9) {
            7..=8 => {
                let driver = pick(&mut self.chance, &["local", "local", "block"]);
                let says = self.chance.below(3) > 0;
                let patch = format!("{{\"spec\":{{\"storageCapacity\":{says}}}}}");
                format!("kubectl patch csidriver {driver}.example.com -p {patch}")
            }
            0 => format!("kubectl scale deployment site --replicas={replicas}"),
            1 => format!("kubectl scale replicaset copies --replicas={replicas}"),
            2 => "kubectl rollout restart deployment site".to_string(),
            3 => "kubectl rollout restart daemonset agent".to_string(),
            4 => format!("kubectl patch job task -p {{\"spec\":{{\"suspend\":{halt}}}}}"),
            5 => {
                let app = pick(&mut self.chance, &["site", "copies", "agent", "task"]);
                let force = if self.flip() { " --force" } else { "" };
                format!("kubectl delete pods -l app={app} --wait=false{force}")
            }
            _ => "kubectl delete job task --wait=false".to_string(),
        })
    }

    /// A machine comes or goes.
    fn machine(&mut self) -> Input {
        if self.flip() {
            return Input::operate(format!("remove-machine {}", self.node()));
        }
        self.added += 1;
        let name = format!("node-new-{}", self.added);
        self.nodes.push(name.clone());
        Input::operate(format!("add-machine {name}"))
    }

    fn any(&mut self) -> Deed {
        let input = match self.chance.below(60) {
            40..=49 => self.fault(),
            52..=55 => return self.other(),
            56..=59 => Input::operate(format!("shutdown {}", self.node())),
            50 => self.machine(),
            0..=6 => Input::power(&self.node(), self.flip()),
            7..=13 => Input::network(&self.node(), self.flip()),
            14..=17 => {
                let pod = format!("{}-{}", self.set().name, self.chance.below(4));
                self.delete("Pod", pod, None)
            }
            18..=21 => {
                let pod = format!("{}-{}", self.set().name, self.chance.below(4));
                self.delete("Pod", pod, Some(0))
            }
            22 => {
                let node = self.node();
                self.delete("Node", node, None)
            }
            23..=24 => self.taint("node.kubernetes.io/out-of-service", "NoExecute"),
            25 => self.taint("dedicated", "NoExecute"),
            26 => self.taint("dedicated", "NoSchedule"),
            27..=28 => Input::Cordon { node: self.node(), on: self.flip() },
            29..=31 => Input::Scale {
                namespace: "default".into(),
                name: self.set().name.into(),
                replicas: self.chance.below(5) as i32,
            },
            32 => Input::Apply { text: self.set().text(true).into() },
            33 => Input::Apply { text: self.set().text(false).into() },
            34 => Input::component("kube-scheduler", self.flip()),
            35..=36 => Input::component("kube-controller-manager", self.flip()),
            37 => {
                let claim = format!("data-{}-{}", self.set().name, self.chance.below(4));
                self.delete("PersistentVolumeClaim", claim, None)
            }
            38 if self.flip() => {
                let set = self.set().name.to_string();
                self.delete("StatefulSet", set, None)
            }
            _ => return Deed::Kubectl(format!("kubectl drain {}", self.node())),
        };
        Deed::Input(input)
    }
}
