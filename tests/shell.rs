//! The shell through a session: lines typed at a terminal and everything that came of them,
//! held against transcripts (tests/shell/*.txt; `UPDATE=1` writes them anew).
//!
//! A transcript's source is its lines that begin with `t=… $ ` and its directives, which begin
//! with `%`: `% settle`, `% advance 30s`, `% interrupt`, `% tab`, `% show 1`, `% apply`,
//! `% complete kubectl ge`, `% clear`.
//!
//! Not here: what kubectl prints (tests/kubectl), keys and looks (tests/browser).

use playground::base::time::{SimTime, Span};
use playground::session::save::Extent;
use playground::session::{Action, Session};
use std::path::{Path, PathBuf};

/// Pictures after which a line that waits is left alone.
const PATIENCE: u32 = 4_000;

/// How far a tab was told.
#[derive(Clone, Copy, Default)]
struct Told {
    tab: u32,
    entry: u32,
    lines: usize,
    ended: bool,
}

struct Run {
    session: Session,
    told: Vec<Told>,
    out: String,
    patience: u32,
}

impl Run {
    fn new() -> Run {
        let mut session = Session::default();
        session.apply(Action::Speed(60));
        Run { session, told: Vec::new(), out: String::new(), patience: PATIENCE }
    }

    /// Lets pictures pass until nothing goes on by itself.
    fn rest(&mut self, most: u32) {
        for _ in 0..most {
            if !self.session.is_busy() && !self.session.is_playing() {
                return;
            }
            self.session.apply(Action::Frame(16));
        }
    }

    fn types(&mut self, line: &str, most: u32) {
        let tab = self.session.terminal().tab();
        let begun = !tab.pending.is_empty() || tab.job.is_some();
        self.session.apply(Action::Type(line.into()));
        self.rest(most);
        let typed = format!("$ {}\n", line.replace('\n', "\n> "));
        if begun {
            self.out.push_str(&typed);
            self.tell_aside();
        } else if !self.tell() {
            // It is not whole yet, or was read by what runs.
            self.out.push_str(&typed);
        }
    }

    /// Writes down what the tab shown has new: what came of the last entry since it was told, and
    /// the entries after it. Whether there are any such entries.
    fn tell(&mut self) -> bool {
        let tab = self.session.terminal().tab();
        let told = self.told.iter().find(|told| told.tab == tab.number).copied();
        let told = told.unwrap_or(Told { tab: tab.number, ..Told::default() });
        if let Some(entry) = tab.entries.iter().find(|entry| entry.number == told.entry) {
            for line in entry.screen.lines.iter().skip(told.lines) {
                self.out.push_str(&format!("| {}\n", line.text));
            }
            if !told.ended && entry.code.is_some_and(|code| code != 0) {
                self.out.push_str(&format!("| (exit code {})\n", entry.code.unwrap_or(0)));
            }
        }
        self.out.push_str(&tab.text_after(told.entry));
        if let Some(last) = tab.entries.last() {
            let (lines, ended) = (last.screen.lines.len(), last.code.is_some());
            let open = last.screen.lines.last().is_some_and(|line| !line.ended);
            let lines = lines - usize::from(open && !ended);
            self.told.retain(|told| told.tab != tab.number);
            self.told.push(Told { tab: tab.number, entry: last.number, lines, ended });
        }
        tab.entries.iter().any(|entry| entry.number > told.entry)
    }

    /// Tells what was not typed just now: marked, so that it is not typed again.
    fn tell_aside(&mut self) {
        let before = self.out.len();
        self.tell();
        let told = self.out.split_off(before);
        for line in told.lines() {
            let line = line.strip_prefix("| ").unwrap_or(line);
            self.out.push_str(&format!("| {line}\n"));
        }
    }

    fn directive(&mut self, line: &str) {
        self.out.push_str(&format!("% {line}\n"));
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["settle"] => {
                self.session.apply(Action::Settle);
                self.rest(PATIENCE);
            }
            ["advance", seconds] => {
                let seconds = seconds.trim_end_matches('s').parse().expect("seconds");
                self.session.apply(Action::Forward(Span::seconds(seconds)));
                self.rest(PATIENCE);
            }
            ["play", pictures] => {
                self.session.apply(Action::Play);
                self.rest(pictures.parse().expect("a number"));
                self.session.apply(Action::Pause);
            }
            ["interrupt"] => {
                self.session.apply(Action::Interrupt);
                self.tell_aside();
            }
            ["patience", pictures] => self.patience = pictures.parse().expect("a number"),
            ["end"] => {
                self.session.apply(Action::EndTyping);
                self.rest(PATIENCE);
                self.tell_aside();
            }
            ["again"] => self.tell_aside(),
            ["clear"] => self.session.apply(Action::Clear),
            ["tab"] => self.session.apply(Action::OpenTab),
            ["show", n] => {
                let n: usize = n.parse().expect("a number");
                self.session.apply(Action::ShowTab(n - 1));
            }
            ["apply"] => self.session.apply(Action::Apply),
            ["write", from, to] => {
                let (from, to) = (from.replace('_', " "), to.replace('_', " "));
                let text = self.session.file().text.replace(&from, &to);
                self.session.apply(Action::Edit(text.as_str().into()));
            }
            ["complete", ..] => {
                let (at, found) = self.session.complete(&line["complete ".len()..]);
                let shown: Vec<&str> = found.iter().take(8).map(String::as_str).collect();
                self.out.push_str(&format!("| {at}: {} ({})\n", shown.join(" "), found.len()));
            }
            ["undo"] => self.session.apply(Action::Undo),
            ["back"] => self.session.apply(Action::Back),
            ["files"] => {
                for file in self.session.files() {
                    self.out.push_str(&format!("{}: {} bytes\n", file.name, file.text.len()));
                }
            }
            _ => panic!("no such directive: {line}"),
        }
    }
}

/// Plays a source: typed lines as they stand, `% ` directives, `# ` remarks.
fn play(source: &str) -> String {
    let mut run = Run::new();
    let mut lines = source.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("% ") {
            run.directive(rest);
        } else if line.starts_with("##") || line.is_empty() {
            run.out.push_str(line);
            run.out.push('\n');
        } else if let Some(rest) = line.strip_prefix("$ ") {
            let mut text = rest.to_string();
            while let Some(more) = lines.next_if(|line| line.starts_with("> ") || *line == ">") {
                text.push('\n');
                text.push_str(more.get(2..).unwrap_or(""));
            }
            let patience = run.patience;
            run.types(&text, patience);
        } else {
            panic!("neither typed nor a directive: {line}");
        }
    }
    run.out
}

/// The source of a golden: its typed lines and directives, without what came of them.
fn source_of(golden: &str) -> String {
    let mut source = String::new();
    let mut typing = false;
    let mut lines = golden.lines().peekable();
    while let Some(line) = lines.next() {
        let typed = line.strip_prefix("t=").and_then(|rest| rest.split_once(" $ "));
        let typed = typed.map(|(_, rest)| rest).or(line.strip_prefix("$ "));
        if let Some(rest) = typed {
            source.push_str(&format!("$ {rest}\n"));
            typing = true;
        } else if typing && (line.starts_with("> ") || line == ">") {
            source.push_str(&format!("{line}\n"));
        } else {
            typing = false;
            let part_ends =
                line.is_empty() && lines.peek().is_some_and(|line| line.starts_with("##"));
            if line.starts_with("% ") || line.starts_with("##") || part_ends {
                source.push_str(&format!("{line}\n"));
            }
        }
    }
    source
}

fn transcripts() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shell");
    let files = std::fs::read_dir(dir).expect("tests/shell exists");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    files
}

#[test]
fn transcripts_are_as_they_were() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut wrong = Vec::new();
    for path in transcripts().into_iter().filter(|path| path.to_string_lossy().contains(&only)) {
        let golden = std::fs::read_to_string(&path).expect("a text");
        let played = play(&source_of(&golden));
        if played != golden {
            if std::env::var("UPDATE").is_ok() {
                std::fs::write(&path, &played).expect("the file can be written");
                continue;
            }
            let name = path.file_name().map(|name| name.to_string_lossy().to_string());
            let differs = played.lines().zip(golden.lines()).find(|(a, b)| a != b);
            wrong.push(format!("{name:?}: {differs:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Lines that act on the cluster, now and after a while.
const DEEDS: &str = "sleep 7; poweroff node-b; sleep 90; poweron node-b\n\
    for i in 3 2; do kubectl scale statefulset web --replicas=$i; sleep 20; done\n\
    kubectl delete pod web-0; settle; poweroff node-a; advance 6m; why";

/// Plays `DEEDS` with pictures of so many milliseconds.
fn acted(picture: u64) -> Session {
    let mut session = Session::default();
    session.apply(Action::Speed(60));
    session.apply(Action::Type(DEEDS.into()));
    for _ in 0..40_000 {
        if !session.is_busy() && !session.is_playing() {
            return session;
        }
        session.apply(Action::Frame(picture));
    }
    panic!("it never ends:\n{}", session.terminal().tab().text());
}

fn finish(session: &mut Session) {
    while session.is_busy() {
        session.apply(Action::Frame(16));
    }
}

#[test]
fn the_rhythm_of_pictures_changes_nothing() {
    let (slow, quick) = (acted(40), acted(7));
    assert_eq!(slow.timeline().journal(), quick.timeline().journal());
    assert_eq!(slow.terminal().tab().text(), quick.terminal().tab().text());
    assert_eq!(slow.timeline().world().hash(), quick.timeline().world().hash());
}

#[test]
fn what_was_typed_plays_again_from_the_journal() {
    let session = acted(16);
    let hash = |session: &Session| session.timeline().world().hash();
    let load = || {
        let read = Session::load(&session.save(Extent::Moment));
        let mut loaded = read.expect("it can be read").session;
        finish(&mut loaded);
        loaded
    };
    assert_eq!(hash(&load()), hash(&session), "after a reload");
    for seconds in [5, 8, 60, 99, 130, 150, 400] {
        let (mut one, mut two) = (acted(16), load());
        for session in [&mut one, &mut two] {
            session.apply(Action::Seek(SimTime(seconds * 1000)));
            finish(session);
        }
        assert_eq!(hash(&one), hash(&two), "at {seconds} s");
    }
    assert!(session.timeline().journal().len() > 4, "{:?}", session.timeline().journal());
}

#[test]
fn one_undo_takes_back_what_one_line_did() {
    let mut session = acted(16);
    let before = session.timeline().world().hash();
    session.apply(Action::Type("add-machine node-d; add-machine node-e".into()));
    assert_eq!(session.undo_label().map(|label| &**label), Some("add-machine node-d"));
    session.apply(Action::Undo);
    assert_eq!(session.timeline().world().hash(), before);
}

#[test]
fn what_is_written_is_bounded() {
    let mut session = Session::default();
    session.apply(Action::Type("for i in $(seq 5000); do echo line $i; done".into()));
    finish(&mut session);
    let tab = session.terminal().tab();
    let screen = &tab.entries[0].screen;
    assert!(screen.lines.len() <= 1000, "{}", screen.lines.len());
    assert_eq!(screen.lines.len() + screen.dropped as usize, 5000);
    for _ in 0..3000 {
        session.apply(Action::Type("echo a".into()));
    }
    let tab = session.terminal().tab();
    let lines: usize = tab.entries.iter().map(|entry| entry.screen.lines.len() + 1).sum();
    assert!(lines <= 2000 && tab.dropped > 4000, "{lines} {}", tab.dropped);
}

/// Lines that nobody means.
fn odd_lines() -> Vec<String> {
    let many = |text: &str| text.repeat(20_000);
    let jq = |program: String| format!("echo '{{}}' | jq '{program}'");
    let awk = |program: String| format!("echo 1 | awk '{program}'");
    vec![
        many("("),
        many("$("),
        many("{ "),
        many("! "),
        many("if "),
        many("\"$("),
        many("f() "),
        many("x=("),
        many("time "),
        many("a && ") + "b",
        many("a;"),
        "true | ".repeat(200) + "true",
        format!("echo {}", many("{a,")),
        format!("echo {}", "{1..9999}".repeat(9)),
        format!("echo {}", "{a,b}".repeat(30)),
        format!("echo $(( {} 1 ))", many("(")),
        format!("echo $(( {} 1 ))", many("-")),
        format!("echo ${{{}", many("x:-${")),
        format!("echo ${{x/{}/b}}", many("[")),
        format!("[[ {} ]]", many("! ")),
        format!("test {} x", many("\\( ")),
        format!("case x in {}", many("(")),
        jq(many("(")),
        jq(many("[")),
        jq(many("-")),
        jq(many("{a:")),
        jq(many(".|") + "."),
        jq(many(".+") + "."),
        jq(many(".[0]")),
        format!("echo '{}' | jq .", many("[")),
        awk(format!("{{print {} 1}}", many("("))),
        awk(format!("{{print {} 1}}", many("!"))),
        awk(many("{")),
        awk(many("if(1)")),
        awk(format!("{{print {} 1}}", many("1+"))),
        awk(format!("{{print {} 1}}", many("1 "))),
        awk(format!("{{{} 1}}", many("a="))),
        awk(many("{print};")),
        format!("echo 1 | sed '{}'", many("{")),
        format!("echo 1 | sed 's/{}/x/'", many("\\(")),
        format!("echo aaa | grep -E '{}a{}'", many("("), many(")")),
        format!("echo {} | grep -E '(a*)*b'", "a".repeat(5_000)),
        format!("case {} in *a*a*a*a*a*a*a*b) ;; esac", "a".repeat(5_000)),
        format!("echo {} | grep 'a*b'", "a".repeat(100_000)),
        format!("echo {} | grep -E '(a|b)*c'", "ab".repeat(50_000)),
        format!("echo {} | sed 's/.*x/y/'", "a".repeat(100_000)),
        "f() { f \"$@\" \"$@\"; }; f a".into(),
        "a=(x); while true; do a=(\"${a[@]}\" \"${a[@]}\"); done".into(),
        "a=(x); while true; do a=(${a[@]} ${a[@]}); done".into(),
        format!(
            "x={}; echo ${{#x}} ${{x//a/aa}} ${{x//*b/c}} ${{x#*b}} ${{x%%b*}}",
            "a".repeat(100_000)
        ),
        "f() { f; }; f".into(),
        "f() { f | f; }; f".into(),
        "while true; do :; done".into(),
        "x=a; while true; do x=$x$x; done".into(),
        "printf %99999999999d 1; seq 1 999999999".into(),
        "sleep 99999999999999999999d".into(),
    ]
}

/// Each is answered or goes on piece by piece, and Ctrl+C ends it.
#[test]
fn no_line_takes_the_shell_down() {
    for line in odd_lines() {
        let mut run = Run::new();
        run.session.apply(Action::Type(line.as_str().into()));
        for _ in 0..10 {
            run.session.apply(Action::Frame(16));
        }
        let begun: String = line.chars().take(40).collect();
        run.session.apply(Action::Interrupt);
        let tab = run.session.terminal().tab();
        assert!(tab.job.is_none() && tab.pending.is_empty(), "{begun} … goes on");
        assert!(!tab.text().is_empty(), "{begun} … is passed over in silence");
    }
}
