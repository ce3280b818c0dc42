//! Plays a plan: every wake is watched, then the faults end, and what was wanted must come.

use super::hub::Wire;
use super::others::Others;
use super::plan::{Deed, Entry, Plan};
use playground::api::apps::daemon_set::DaemonSet;
use playground::api::apps::deployment::Deployment;
use playground::api::apps::deployment::ReplicaSet;
use playground::api::batch::Job;
use playground::api::core::node::Node;
use playground::api::core::pod::Pod;
use playground::api::kinds::{Key, Kind, ObjectRef};
use playground::api::storage::CSINode;
use playground::base::time::{SimTime, Span};
use playground::cluster::input::{Cascade, Input};
use playground::cluster::invariants::{Finding, Referee};
use playground::cluster::world::World;
use playground::explain;
use playground::kubectl::running::{self, Context, Files, Progress, Running, Settings};
use playground::trace::Because;

/// So long after the last fault has ended everything must be as wanted. It holds the longest
/// pauses there are, one after the other: 5 minutes of an attacher or a crashed container, 6 of
/// a volume on a node that was lost, 2 until an attachment is given up.
const BOUND: Span = Span::minutes(20);
/// More wakes than any plan needs: past that it never comes to rest.
const WAKES: u64 = 400_000;

/// What came of a plan.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The roots of what sets wait for at the end.
    pub waiting: Vec<String>,
    /// The state at the end.
    pub state: String,
}

/// What may not be.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Of which kind: a shorter journal must fail in the same way.
    pub kind: String,
    /// What and when.
    pub text: String,
}

struct Runner {
    world: World,
    referee: Referee,
    others: Others,
    /// Commands under way, and when they go on by themselves.
    jobs: Vec<(Option<SimTime>, Running)>,
    /// Whether a machine was taken away, and with it perhaps the only disk of a claim.
    lost: bool,
    wakes: u64,
    tracing: bool,
    traced: u64,
}

/// Plays `plan` to its end.
pub fn run(plan: &Plan) -> Result<Outcome, Failure> {
    let mut runner = Runner {
        world: World::new(plan.config.clone()),
        referee: Referee::default(),
        others: Others::default(),
        jobs: Vec::new(),
        lost: false,
        wakes: 0,
        tracing: std::env::var("TRACE").is_ok(),
        traced: 0,
    };
    let applied = runner.world.input(&Input::Apply { text: plan.manifests.as_str().into() });
    if !applied.lines.iter().all(|line| line.ends_with(" created")) {
        return Err(runner.failure("manifests", applied.lines.join("; ")));
    }
    for Entry { at, deed } in &plan.deeds {
        runner.to(SimTime(*at))?;
        runner.act(deed)?;
    }
    runner.to(runner.world.now + Span::seconds(1))?;
    runner.end_faults()?;
    runner.to(runner.world.now + BOUND)?;
    runner.judge()
}

impl Runner {
    fn to(&mut self, until: SimTime) -> Result<(), Failure> {
        while let Some(at) = self.jobs.iter().filter_map(|(at, _)| *at).min()
            && at <= until
        {
            self.wakes_to(at)?;
            self.poll();
            self.watch()?;
        }
        self.wakes_to(until)
    }

    /// Lets the commands go on that are under way.
    fn poll(&mut self) {
        let mut settings = Settings::default();
        let files = Files::new();
        for (_, mut job) in std::mem::take(&mut self.jobs) {
            let mut hub = Wire(&mut self.world);
            let settings = &mut settings;
            let pace = Span::ZERO;
            let mut cx = Context { hub: &mut hub, files: &files, settings, pace };
            if let Progress::Waits { until } = job.poll(&mut cx).progress {
                self.jobs.push((until, job));
            }
        }
    }

    fn wakes_to(&mut self, until: SimTime) -> Result<(), Failure> {
        while self.world.next_due().is_some_and(|due| due <= until) {
            let revision = self.world.store().revision();
            self.world.take_wake(until);
            self.wakes += 1;
            if self.world.store().revision() != revision {
                self.poll();
            }
            self.watch()?;
            if self.wakes > WAKES {
                return Err(self.failure("restless", format!("more than {WAKES} wakes")));
            }
        }
        self.world.run_until(until, 1);
        Ok(())
    }

    fn act(&mut self, deed: &Deed) -> Result<(), Failure> {
        match deed {
            Deed::Input(input) => {
                let done = self.world.input(input);
                let line = input.command();
                self.lost |= line.starts_with("remove-machine") && !done.refused;
            }
            Deed::Kubectl(line) => {
                let mut words: Vec<&str> = line.split(' ').skip(1).collect();
                if words[0] == "drain" {
                    words.extend(["--force", "--ignore-daemonsets", "--delete-emptydir-data"]);
                }
                let words: Vec<String> = words.into_iter().map(String::from).collect();
                self.jobs.push((None, running::start(&words, String::new())));
                self.poll();
            }
        }
        self.watch()
    }

    /// `TRACE=1` prints every write, with what the object has become.
    fn trace(&self) {
        for change in self.world.server.log.after(self.traced) {
            let object = change.new.as_ref().map(|object| object.to_value().to_string());
            let (now, kind) = (self.world.now.0, change.kind.info().name);
            println!("{now} {kind} {} {}", change.key, object.unwrap_or("gone".into()));
        }
    }

    fn watch(&mut self) -> Result<(), Failure> {
        if self.tracing {
            self.trace();
            self.traced = self.world.store().revision();
        }
        if let Some(text) = self.others.look(&self.world) {
            return Err(self.failure("other", text));
        }
        let found = self.referee.look(&self.world);
        let own =
            |finding: &Finding| matches!(finding, Finding::TwoProcesses { cause: Some(_), .. });
        match found.iter().find(|finding| !own(finding)) {
            None => Ok(()),
            Some(finding) => {
                let text = format!("{finding:?}");
                let kind = text.split([' ', '{']).next().unwrap_or("").to_string();
                Err(self.failure(&kind, text))
            }
        }
    }

    fn failure(&self, kind: &str, text: String) -> Failure {
        let seconds = self.world.now.0 as f64 / 1000.0;
        Failure { kind: kind.to_string(), text: format!("at {seconds} s: {text}") }
    }

    /// Everything that was broken is mended: faults, nodes without a machine, cordons, taints.
    fn end_faults(&mut self) -> Result<(), Failure> {
        self.jobs.clear();
        self.act(&Deed::Input(Input::operate("mend all")))?;
        // A Node that registers again before everything of the old one is collected loses its
        // CSINode until its kubelet starts anew, as in real life. What lagged comes in minutes.
        self.to(self.world.now + Span::minutes(5))?;
        let machines: Vec<String> =
            self.world.infra.machines.keys().map(|name| name.to_string()).collect();
        for node in &machines {
            let key = Key::global(node.as_str());
            let whole = self.world.store().get::<CSINode>(&key).is_some();
            let known = self.world.store().get::<Node>(&key).filter(|_| whole).cloned();
            let Some(known) = known else {
                // Only a kubelet that starts anew registers its Node and its drivers again.
                self.act(&Deed::Input(Input::power(node, false)))?;
                self.act(&Deed::Input(Input::power(node, true)))?;
                continue;
            };
            let mut inputs = vec![Input::Cordon { node: node.clone(), on: false }];
            let own = |key: &str| key == "dedicated" || key.ends_with("out-of-service");
            inputs.extend(known.spec.taints.iter().filter(|taint| own(&taint.key)).map(|taint| {
                Input::Taint {
                    node: node.clone(),
                    key: taint.key.to_string(),
                    value: taint.value.to_string(),
                    effect: taint.effect.to_string(),
                    on: false,
                }
            }));
            for input in inputs {
                self.act(&Deed::Input(input))?;
            }
        }
        let nodes = self.world.store().list::<Node>().map(|node| node.meta.name.to_string());
        let gone: Vec<String> = nodes.filter(|node| !machines.contains(node)).collect();
        self.lost = !gone.is_empty() || self.lost;
        for name in gone {
            let (kind, namespace, cascade) = ("Node".into(), "".into(), Cascade::default());
            let delete = Input::Delete { kind, namespace, name, grace: None, cascade };
            self.act(&Deed::Input(delete))?;
        }
        Ok(())
    }

    /// All is as wanted, or somebody says what is waited for.
    fn judge(&self) -> Result<Outcome, Failure> {
        let mut waiting = Vec::new();
        if let Some(unready) = explain::most_blocked(&self.world) {
            let Some(root) = unready.root() else {
                return Err(self.failure("stall", format!("{} waits, unsaid", unready.set)));
            };
            // Only the learner's own wish may keep a set waiting when nothing is broken. And
            // upstream's controller is not told when a claim it found going has gone, so a set
            // whose claims go with its Pods can stay as it is until it or a Pod changes.
            let own = match root.because {
                Because::OnDelete | Because::ClaimTerminating => true,
                // Nor are ended Pods that are to go deleted before a lower one is Ready: never.
                Because::ScaleDownBlocked => root.on.as_ref().is_some_and(|on| {
                    self.world.store().get::<Pod>(&on.key).is_some_and(|pod| pod.is_terminal())
                }),
                // A disk that is gone does not come back.
                Because::Unschedulable { .. } | Because::BrokenRevision => self.lost,
                _ => false,
            };
            if !own {
                let chain: Vec<String> = unready.chain.iter().map(|w| format!("{w:?}")).collect();
                return Err(self.failure("late", format!("{}: {}", unready.set, chain.join("; "))));
            }
            waiting.push(format!("{:?}", root.because));
        }
        self.judge_others()?;
        for pod in self.world.store().list::<Pod>() {
            let subject = ObjectRef::new(Kind::Pod, Key::of(&pod.meta));
            let open = pod.is_terminating() || !(pod.is_ready() || pod.is_terminal());
            if open && explain::of_object(&self.world, &subject).is_empty() {
                let how = if pod.is_terminating() { "Terminating" } else { "not Ready" };
                return Err(self.failure("pod", format!("{subject} is {how}, unsaid")));
            }
        }
        Ok(Outcome { waiting, state: format!("{:?}", self.world.hash()) })
    }

    /// Deployments, ReplicaSets and DaemonSets have all Pods, and Jobs have ended.
    fn judge_others(&self) -> Result<(), Failure> {
        let store = self.world.store();
        let sites = store.list::<Deployment>().map(|site| {
            (&site.meta.name, site.status.ready_replicas, site.spec.replicas.unwrap_or(1))
        });
        let agents = store.list::<DaemonSet>().map(|agent| {
            let status = &agent.status;
            (&agent.meta.name, status.number_ready, status.desired_number_scheduled)
        });
        let is_over = |job: &Job| {
            let all = &job.status.conditions;
            all.iter()
                .any(|it| ["Complete", "Failed"].contains(&&*it.kind) && &*it.status == "True")
        };
        // What its author has halted goes on when he says so.
        let halted = |job: &Job| job.spec.suspend == Some(true);
        let jobs = store
            .list::<Job>()
            .map(|job| (&job.meta.name, i32::from(is_over(job) || halted(job)), 1));
        let copies = store.list::<ReplicaSet>().map(|copies| {
            (&copies.meta.name, copies.status.ready_replicas, copies.spec.replicas.unwrap_or(1))
        });
        let mut all = sites.chain(agents).chain(jobs).chain(copies);
        match all.find(|(_, has, wants)| has != wants) {
            Some((name, has, wants)) => {
                Err(self.failure("other", format!("{name}: {has}/{wants}")))
            }
            None => Ok(()),
        }
    }
}
