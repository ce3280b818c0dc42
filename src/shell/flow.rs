//! Words that lead a script elsewhere: loops and their ends, functions, `exit`, `read`.
//!
//! Upstream: POSIX, Shell Command Language, Special Built-In Utilities

use super::expand::Env;
use super::job::{Cx, Ends, Job, Process};
use super::script::Frame;
use super::syntax::{Block, What};

/// Functions that may stand in each other.
const CALLS_MAX: usize = 100;

impl Job {
    /// Does what `words` say if they lead elsewhere; whether they do.
    pub(super) fn flow(
        &mut self,
        process: &mut Process,
        words: &[String],
        ends: Ends,
        cx: &mut Cx<'_>,
    ) -> bool {
        let env = &mut process.env;
        let number = words.get(1).and_then(|word| word.parse::<i32>().ok());
        match &*words[0] {
            "exit" => {
                env.status = number.unwrap_or(env.status);
                process.frames.clear();
                self.leaves |= process.owner.is_none();
            }
            "return" => {
                env.status = number.unwrap_or(env.status);
                leave(process, &|frame| matches!(frame, Frame::Return(_)));
            }
            "shift" => {
                let most = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
                env.args = env.args.split_off(env.args.len().min(most));
                env.status = 0;
            }
            "break" | "continue" => {
                env.status = 0;
                let left = leave(process, &|frame| match frame {
                    Frame::Round(command, ..) => !matches!(command.what, What::List | What::If),
                    _ => false,
                });
                if let Some(Frame::Round(command, values, at)) = left
                    && words[0] == "continue"
                {
                    let at = if command.what == What::For { at } else { 0 };
                    process.frames.push(Frame::Round(command, values, at));
                }
            }
            "read" => {
                let mut names = Vec::new();
                for word in &words[1..] {
                    if !word.starts_with('-') {
                        names.push(word.clone());
                    }
                }
                if names.is_empty() {
                    names.push("REPLY".into());
                }
                process.redirected(Ends { input: ends.input, ..process.ends });
                process.frames.push(Frame::Read(names));
            }
            "clear" => {
                cx.screen.clear();
                env.status = 0;
            }
            name => {
                let Some(body) = env.functions.get(name).cloned() else { return false };
                if !call(process, body, &words[1..], ends) {
                    let text = format!(
                        "bash: {name}: maximum function nesting level exceeded ({CALLS_MAX})\n"
                    );
                    self.write(ends.errors, &text, cx);
                }
            }
        }
        true
    }
}

/// Calls a function; `false` if too many stand in each other.
fn call(process: &mut Process, body: Block, args: &[String], ends: Ends) -> bool {
    let Process { frames, env, .. } = process;
    let depth = frames.iter().filter(|frame| matches!(frame, Frame::Return(_))).count();
    if depth >= CALLS_MAX {
        frames.clear();
        env.status = 1;
        return false;
    }
    process.redirected(ends);
    let before = std::mem::replace(&mut process.env.args, args.to_vec());
    process.frames.push(Frame::Return(before));
    process.enter(&body);
    true
}

/// The next round of a loop, or the block of a condition that was just asked.
pub(super) fn go_round(process: &mut Process, command: Block, values: Vec<String>, at: usize) {
    let env = &mut process.env;
    let holds = env.status == 0;
    let (mut block, mut next) = (at, Some(at + 1));
    match command.what {
        What::For => {
            let Some(value) = values.get(at) else { return };
            env.set(&command.name, value.clone());
            block = 0;
        }
        What::If => {
            block = if holds { at + 1 } else { at + 2 };
            next = (!holds && block + 1 < command.blocks.len()).then_some(block);
        }
        // Its condition and what it repeats take turns.
        _ => {
            next = Some(1 - at);
            if at == 1 && holds == (command.what == What::Until) {
                block = command.blocks.len();
                next = None;
            }
        }
    }
    if next.is_none() {
        env.status = 0;
    }
    let block = command.blocks.get(block).cloned();
    if let Some(next) = next {
        process.frames.push(Frame::Round(command, values, next));
    }
    if let Some(block) = block {
        process.enter(&block);
    }
}

/// Drops what was to come up to a frame that `is` the one, which it gives back.
fn leave(process: &mut Process, is: &dyn Fn(&Frame) -> bool) -> Option<Frame> {
    while let Some(frame) = process.frames.pop() {
        let found = is(&frame);
        match frame {
            Frame::Restore(ends) => process.ends = ends,
            Frame::Return(args) if found => {
                process.env.args = args;
                return None;
            }
            frame if found => return Some(frame),
            _ => {}
        }
    }
    None
}

/// Splits a line over variables; the last one takes the rest.
pub(super) fn read_into(env: &mut Env, names: &[String], line: &str) {
    env.status = 0;
    let mut rest = line.trim();
    for (n, name) in names.iter().enumerate() {
        let end = rest.find(char::is_whitespace).filter(|_| n + 1 < names.len());
        let (value, after) = rest.split_at(end.unwrap_or(rest.len()));
        env.variables.insert(name.clone(), value.to_string());
        rest = after.trim_start();
    }
}
