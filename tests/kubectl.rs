//! kubectl's own languages, by tables of cases under `tests/kubectl/`: JSONPath
//! (`jsonpath.txt`), Go templates (`templates.txt`), and whole sessions (`session_*.txt`).
//! `UPDATE=1 cargo test --test kubectl` writes the answers anew.
//!
//! A case is a line, its answer is indented below. In a session `$ kubectl …` goes on with
//! simulated time until it has ended, `advance 5s` and `settle` let time pass, `use PATH`
//! opens a file of the project, `&` begins a command in another terminal and `^C` ends it.
//! Lines of standard error begin with `!`, of the simulator with `~`.

#[path = "kubectl/hub.rs"]
mod hub;

use hub::{Wire, words as words_of};
use playground::base::time::{SimTime, Span};
use playground::cluster::world::World;
use playground::config::Config;
use playground::kubectl::jsonpath::JsonPath;
use playground::kubectl::running::{self, Context, Files, Progress, Running, Settings, Stream};
use playground::kubectl::template::Template;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Longer than any command of a session waits.
const LONG: Span = Span::minutes(10);

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kubectl")
}

/// Answers each case of a table and holds the answers to what is written down.
fn table(name: &str, answer: impl Fn(&str) -> String) {
    let file = home().join(name);
    let before = std::fs::read_to_string(&file).expect("the table is there");
    let mut now = String::new();
    let mut cases = 0;
    for line in before.lines().filter(|line| !line.starts_with("    ")) {
        now.push_str(&format!("{line}\n"));
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        cases += 1;
        for line in answer(line).split_inclusive('\n') {
            now.push_str(&format!("    {}\n", line.replace('\n', "⏎").replace('\t', "→")));
        }
    }
    assert!(cases > 5, "there are cases");
    is_golden(&file, &before, &now);
}

fn is_golden(file: &Path, before: &str, now: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, now).expect("the file can be written");
        return;
    }
    let differs = before.lines().zip(now.lines()).find(|(before, now)| before != now);
    if let Some((before, now)) = differs {
        panic!("{}:\n  before: {before}\n  now:    {now}", file.display());
    }
    assert_eq!(before.lines().count(), now.lines().count(), "{}", file.display());
}

/// What the cases are about: the object of the documentation of JSONPath, with a little more.
fn example() -> Value {
    json!({
        "kind": "List",
        "items": [
            {
                "kind": "None",
                "metadata": {
                    "name": "127.0.0.1",
                    "labels": {"kubernetes.io/hostname": "127.0.0.1"},
                },
                "status": {
                    "capacity": {"cpu": "4"},
                    "addresses": [{"type": "LegacyHostIP", "address": "127.0.0.1"}],
                },
            },
            {
                "kind": "None",
                "metadata": {"name": "127.0.0.2"},
                "status": {
                    "capacity": {"cpu": "8"},
                    "addresses": [
                        {"type": "LegacyHostIP", "address": "127.0.0.2"},
                        {"type": "another", "address": "127.0.0.3"},
                    ],
                },
            },
        ],
        "users": [
            {"name": "myself", "user": {}},
            {"name": "e2e", "user": {"username": "admin", "password": "secret"}},
        ],
        "count": 1234567, "ready": true, "nothing": null, "html": "<a&b>",
    })
}

#[test]
fn jsonpath() {
    table("jsonpath.txt", |case| {
        let path = JsonPath::parse(case).and_then(|path| path.print(&example(), false));
        path.unwrap_or_else(|why| format!("error: {why}"))
    });
}

#[test]
fn templates() {
    table("templates.txt", |case| match Template::parse(case) {
        Err(why) => format!("error: {why}"),
        Ok(template) => {
            let (mut out, done) = template.print(&example(), false);
            if let Err(why) = done {
                out.push_str(&format!("\nerror: {why}"));
            }
            out
        }
    });
}

/// A cluster, its files, and a person at the keyboard.
struct Desk {
    world: World,
    files: Files,
    settings: Settings,
    /// A command in another terminal, and what it printed.
    other: Option<(Running, String)>,
    out: String,
}

impl Desk {
    fn new() -> Desk {
        let mut world = World::new(Config::default());
        while !world.run_until(world.now + Span::seconds(6), 100_000) {}
        let (files, settings) = (Files::new(), Settings::default());
        Desk { world, files, settings, other: None, out: String::new() }
    }

    fn pass(&mut self, span: Span) {
        let until = self.world.now + span;
        while self.wake(until) {}
        self.world.run_until(until, 1);
    }

    /// Takes the next wake; the other terminal sees what it wrote.
    fn wake(&mut self, until: SimTime) -> bool {
        let taken = self.world.take_wake(until);
        self.look();
        taken
    }

    /// Lets the command in the other terminal go on.
    fn look(&mut self) {
        let Some((running, out)) = &mut self.other else { return };
        let poll = running.poll(&mut Context {
            hub: &mut Wire(&mut self.world),
            files: &self.files,
            settings: &mut self.settings,
            pace: Span::ZERO,
        });
        out.extend(poll.chunks.iter().map(|chunk| chunk.text.as_str()));
    }

    fn settle(&mut self) {
        for _ in 0..100_000 {
            let Some(due) = self.world.next_due() else { return };
            self.wake(due);
        }
    }

    /// Runs a command to its end, time passing while it waits.
    fn kubectl(&mut self, line: &str) {
        let mut running = running::start(&words_of(line), String::new());
        let begun = self.world.now;
        loop {
            let revision = self.world.store().revision();
            let poll = running.poll(&mut Context {
                hub: &mut Wire(&mut self.world),
                files: &self.files,
                settings: &mut self.settings,
                pace: Span::ZERO,
            });
            self.look();
            for chunk in &poll.chunks {
                let mark = match chunk.stream {
                    Stream::Out => "  ",
                    Stream::Err => "! ",
                    Stream::Simulator => "~ ",
                };
                for line in chunk.text.lines() {
                    self.out.push_str(format!("{mark}{line}").trim_end());
                    self.out.push('\n');
                }
            }
            let until = match poll.progress {
                Progress::Done(code) => {
                    if self.world.now > begun {
                        let took = self.world.now.since(begun).human();
                        self.out.push_str(&format!("  [after {took}]\n"));
                    }
                    if code != 0 {
                        self.out.push_str(&format!("  [code {code}]\n"));
                    }
                    return;
                }
                Progress::Edits(draft) => {
                    self.out.push_str(&format!("  [edits {}]\n", draft.name));
                    return;
                }
                Progress::Waits { until } => until,
            };
            let limit = until.unwrap_or(begun + LONG).min(begun + LONG);
            while self.world.store().revision() <= revision && self.wake(limit) {}
            if self.world.store().revision() <= revision {
                self.world.run_until(limit, 1);
            }
            if self.world.now >= begun + LONG {
                self.out.push_str("  [ended by Ctrl+C]\n");
                return;
            }
        }
    }

    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["$", ..] => self.kubectl(&line[2..]),
            ["advance", span] => {
                let seconds = span.trim_end_matches('s').parse().expect("so many seconds");
                self.pass(Span::seconds(seconds));
            }
            ["settle"] => self.settle(),
            ["&", ..] => {
                self.other =
                    Some((running::start(&words_of(&line[2..]), String::new()), String::new()));
                self.look();
            }
            ["^C"] => {
                let (_, out) = self.other.take().expect("another terminal is at work");
                out.lines().for_each(|line| self.out.push_str(&format!("  {line}\n")));
            }
            _ => panic!("not a command: {line}"),
        }
    }
}

/// Plays a session anew.
fn play(text: &str) -> String {
    let mut desk = Desk::new();
    let is_answer = |line: &&str| line.is_empty() || line.starts_with([' ', '!', '~']);
    for line in text.lines().filter(|line| !is_answer(line)) {
        let apart = line.starts_with('#') && !desk.out.is_empty();
        desk.out.push_str(&format!("{}{line}\n", if apart { "\n" } else { "" }));
        if let Some(name) = line.strip_prefix("use ") {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            let text = std::fs::read_to_string(path).expect("the file is there");
            let name = name.rsplit('/').next().unwrap_or(name);
            desk.files.insert(name.into(), text.as_str().into());
        } else if let Some(pair) = line.strip_prefix("alias ") {
            let (name, of) = pair.split_once(" = ").expect("a name and a file");
            let text = desk.files.get(of).expect("the file is there").clone();
            desk.files.insert(name.into(), text);
        } else if !line.starts_with('#') {
            desk.line(line);
        }
    }
    desk.out
}

#[test]
fn sessions() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(home())
        .expect("the folder is there")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
            name.starts_with("session_") && name.ends_with(".txt")
        })
        .collect();
    files.sort();
    assert!(files.len() > 2, "there are sessions");
    for file in files {
        let before = std::fs::read_to_string(&file).expect("a session is readable text");
        is_golden(&file, &before, &play(&before));
    }
}
