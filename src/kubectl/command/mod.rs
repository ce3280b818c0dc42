//! kubectl's commands that write, each in the words it prints.
//!
//! Not here yet: the commands that only read (see `print` for their tables), and waiting: a
//! command that would wait does its work and returns.

mod change;
mod cluster;
mod rollout;
mod target;

use super::args::Args;
use crate::apiserver::ApiServer;
use crate::apiserver::managed::KUBECTL;
use crate::apiserver::status::Status;
use crate::base::sorted::SortedMap;
use crate::base::time::{SimTime, Span};

/// What a command answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code.
    pub code: i64,
    /// If the command goes on: after how long it tries again.
    pub again: Option<Span>,
}

/// What a command works with.
pub struct Shell<'a> {
    /// Now.
    pub now: SimTime,
    /// The hub.
    pub server: &'a mut ApiServer,
    /// The files there are, by name.
    pub files: &'a SortedMap<String, String>,
    /// What was said so far.
    pub reply: Reply,
}

/// Why a command failed: the text for standard error.
pub type Failure = String;

/// Runs one command line that begins with `kubectl`. Commands that only read answer nothing.
pub fn run(
    server: &mut ApiServer,
    now: SimTime,
    files: &SortedMap<String, String>,
    line: &str,
) -> Reply {
    let result = match shlex::split(line) {
        Some(words) => Args::parse(&words[1.min(words.len())..]),
        None => Err("error: a quote is not closed".to_string()),
    };
    // A dry run happens to a copy.
    let is_dry = result.as_ref().is_ok_and(|args| args.get("dry-run") == Some("server"));
    let mut copy = server.clone();
    let server = if is_dry { &mut copy } else { server };
    let verb = result.as_ref().ok().and_then(|args| args.words.first()).map_or("", |verb| verb);
    let before = std::mem::replace(&mut server.manager, manager(verb).into());
    let mut shell = Shell { now, server, files, reply: Reply::default() };
    let done = result.and_then(|args| shell.dispatch(&args));
    shell.server.manager = before;
    if let Err(failure) = done {
        shell.reply.stderr.push_str(&failure);
        shell.reply.stderr.push('\n');
        shell.reply.code = 1;
    }
    shell.reply
}

/// The field manager of the writes of a command.
fn manager(verb: &str) -> String {
    match verb {
        "scale" | "cordon" | "uncordon" | "drain" | "delete" | "apply" => KUBECTL.to_string(),
        other => format!("kubectl-{other}"),
    }
}

/// The same command for each of the objects it means, one by one, as kubectl sends its
/// requests; a command about one object, and one that cannot be read, as it is.
pub fn each(
    server: &mut ApiServer,
    now: SimTime,
    files: &SortedMap<String, String>,
    line: &str,
) -> Vec<String> {
    let alone = vec![line.to_string()];
    let Some(words) = shlex::split(line) else {
        return alone;
    };
    let Ok(args) = Args::parse(&words[1.min(words.len())..]) else {
        return alone;
    };
    match args.words.first().map_or("", String::as_str) {
        "delete" => {}
        verb @ ("cordon" | "uncordon") if args.words.len() > 2 => {
            let nodes = args.words.iter().skip(1);
            return nodes.map(|node| format!("kubectl {verb} {node}")).collect();
        }
        _ => return alone,
    }
    let shell = Shell { now, server, files, reply: Reply::default() };
    match shell.deleted_targets(&args) {
        Ok(targets) if targets.len() > 1 => {
            targets.iter().map(|target| cluster::delete_line(target, &args)).collect()
        }
        _ => alone,
    }
}

impl Shell<'_> {
    fn dispatch(&mut self, args: &Args) -> Result<(), Failure> {
        let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
        match words.first().copied().unwrap_or("") {
            "delete" => self.delete(args),
            "scale" => self.scale(args),
            "label" => self.label(args, false),
            "annotate" => self.label(args, true),
            "taint" => self.taint(args),
            "cordon" => self.cordon(args, true),
            "uncordon" => self.cordon(args, false),
            "drain" => self.drain(args),
            "patch" => self.patch(args),
            "set" => self.set(args),
            "apply" => self.apply(args),
            "create" => self.create(args),
            "replace" => self.replace(args),
            "rollout" => self.rollout(args),
            _ => Ok(()),
        }
    }

    fn say(&mut self, line: impl std::fmt::Display) {
        self.reply.stdout.push_str(&format!("{line}\n"));
    }

    fn warn(&mut self, line: impl std::fmt::Display) {
        self.reply.stderr.push_str(&format!("{line}\n"));
    }

    /// The text of the file that `-f` names.
    fn file(&self, args: &Args) -> Result<String, Failure> {
        let name = args.get("filename").ok_or("error: must specify one of -f and -k")?;
        self.files.get(name).cloned().ok_or(format!("error: the path {name:?} does not exist"))
    }
}

/// A refusal as kubectl prints it.
fn refusal(status: Status) -> Failure {
    status.to_string()
}
