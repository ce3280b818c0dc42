//! Words that lead a script elsewhere: loops and their ends, functions, `exit`, `read`.
//!
//! Upstream: POSIX, Shell Command Language, Special Built-In Utilities

use super::expand::Env;
use super::job::{Cx, Job, Process, Task};
use super::script::{Ends, Frame};
use super::syntax::{Command, What};
use std::rc::Rc;

/// Functions that may stand in each other.
const CALLS_MAX: usize = 100;

impl Job {
    /// Does what `words` say if they lead elsewhere; whether they do.
    pub(super) fn flow(
        &mut self,
        process: &mut Process,
        words: &[String],
        ends: &Ends,
        cx: &mut Cx<'_>,
    ) -> bool {
        let Task::Script(frames, env) = &mut process.task else { return false };
        match &*words[0] {
            "exit" => {
                let code = words.get(1).and_then(|code| code.parse().ok());
                env.status = code.unwrap_or(env.status);
                frames.clear();
                self.leaves |= process.owner.is_none();
                return true;
            }
            "return" => {
                if let Some(code) = words.get(1).and_then(|code| code.parse().ok()) {
                    env.status = code;
                }
                leave_function(process);
                return true;
            }
            "shift" => {
                let most = words.get(1).and_then(|n| n.parse().ok()).unwrap_or(1);
                env.args.drain(..env.args.len().min(most));
                env.status = 0;
                return true;
            }
            "break" | "continue" => {
                let stays = words[0] == "continue";
                leave_loop(process, stays);
                return true;
            }
            "read" => {
                let names = words.iter().skip(1).filter(|word| !word.starts_with('-'));
                let names: Vec<String> = names.cloned().collect();
                if ends.0 != process.input {
                    let own = (process.input, process.output.clone(), process.errors.clone());
                    frames.push(Frame::Restore(own.0, own.1, own.2));
                    process.input = ends.0;
                }
                frames.push(Frame::Read(names));
                return true;
            }
            "clear" => {
                cx.screen.clear();
                env.status = 0;
                return true;
            }
            _ => {}
        }
        if let Some(body) = env.functions.get(&words[0]).cloned() {
            if !Job::call(process, body, &words[1..], ends.clone()) {
                let name = &words[0];
                let text = format!(
                    "bash: {name}: maximum function nesting level exceeded ({CALLS_MAX})\n"
                );
                self.write(&ends.2, &text, &[], cx);
            }
            return true;
        }
        false
    }

    /// Calls a function.
    fn call(process: &mut Process, body: Rc<Command>, args: &[String], ends: Ends) -> bool {
        let before = (process.input, process.output.clone(), process.errors.clone());
        let Task::Script(frames, env) = &mut process.task else { return false };
        let depth = frames.iter().filter(|frame| matches!(frame, Frame::Return(_))).count();
        if depth >= CALLS_MAX {
            frames.clear();
            env.status = 1;
            return false;
        }
        if before != ends {
            frames.push(Frame::Restore(before.0, before.1, before.2));
            (process.input, process.output, process.errors) = ends;
        }
        let outer = std::mem::replace(&mut env.args, args.to_vec());
        frames.push(Frame::Return(outer));
        frames.push(Frame::Run(body, Vec::new()));
        true
    }
}

/// The next round of a loop, or the arm of a condition.
pub(super) fn go_round(frame: Frame, frames: &mut Vec<Frame>, env: &mut Env) {
    match frame {
        Frame::For(command, values, at) => {
            if let (Some(value), What::For(name, _, body)) = (values.get(at), &command.what) {
                env.variables.insert(name.clone(), value.clone());
                frames.push(Frame::For(command.clone(), values.clone(), at + 1));
                frames.push(Frame::Block(body.clone(), 0));
            }
        }
        Frame::While(command, asked) => {
            let What::While(until, test, body) = &command.what else { return };
            let (test, body) = (test.clone(), body.clone());
            if asked && (env.status == 0) == *until {
                env.status = 0;
                return;
            }
            frames.push(Frame::While(command.clone(), !asked));
            frames.push(Frame::Block(if asked { body } else { test }, 0));
        }
        Frame::If(command, arm) => {
            let What::If(arms, other) = &command.what else { return };
            if env.status == 0 {
                frames.push(Frame::Block(arms[arm].1.clone(), 0));
            } else if let Some((test, _)) = arms.get(arm + 1) {
                let test = test.clone();
                frames.push(Frame::If(command.clone(), arm + 1));
                frames.push(Frame::Block(test, 0));
            } else {
                env.status = 0;
                frames.extend(other.clone().map(|block| Frame::Block(block, 0)));
            }
        }
        _ => {}
    }
}

/// `return`: back behind the call.
fn leave_function(process: &mut Process) {
    let Task::Script(frames, env) = &mut process.task else { return };
    while let Some(frame) = frames.pop() {
        match frame {
            Frame::Restore(input, output, errors) => {
                (process.input, process.output, process.errors) = (input, output, errors);
            }
            Frame::Return(args) => {
                env.args = args;
                return;
            }
            _ => {}
        }
    }
}

/// `break` and `continue`.
fn leave_loop(process: &mut Process, stays: bool) {
    let Task::Script(frames, env) = &mut process.task else { return };
    env.status = 0;
    while let Some(frame) = frames.pop() {
        match frame {
            Frame::Restore(input, output, errors) => {
                (process.input, process.output, process.errors) = (input, output, errors);
            }
            Frame::While(command, _) if stays => {
                frames.push(Frame::While(command, false));
                return;
            }
            frame @ Frame::For(..) if stays => {
                frames.push(frame);
                return;
            }
            Frame::While(..) | Frame::For(..) => return,
            _ => {}
        }
    }
}

/// Splits a line over variables; the last one takes the rest.
pub(super) fn read_into(env: &mut Env, names: &[String], line: &str) {
    env.status = 0;
    let reply = ["REPLY".to_string()];
    let names = if names.is_empty() { &reply[..] } else { names };
    let mut rest = line.trim();
    for (n, name) in names.iter().enumerate() {
        let end = rest.find(char::is_whitespace).filter(|_| n + 1 < names.len());
        let (value, after) = rest.split_at(end.unwrap_or(rest.len()));
        env.variables.insert(name.clone(), value.to_string());
        rest = after.trim_start();
    }
}
