//! What processes read and write: pipes, files, what is typed, the screen.

use super::job::{Cx, Job, Pipe, Sink, Source, Taken, put};
use super::words::file_name;
use crate::kubectl::running::Link;

/// Bytes that a file may have.
const FILE_MAX: usize = 1 << 20;

impl Job {
    /// A new pipe that holds `text`.
    pub(super) fn pipe(&mut self, text: String) -> usize {
        for at in 0..self.pipes.len() {
            let kept = self.pipes[at].as_ref().is_some_and(|pipe| pipe.kept);
            if !kept && !self.processes.iter().flatten().any(|process| process.touches(at)) {
                self.pipes[at] = None;
            }
        }
        put(&mut self.pipes, Pipe { text, at: 0, kept: true })
    }

    /// What is in a pipe, which is no more.
    pub(super) fn emptied(&mut self, pipe: usize) -> String {
        self.pipes[pipe].take().map_or(String::new(), |pipe| pipe.text)
    }

    /// The next line of an input.
    pub(super) fn take_line(&mut self, source: Source) -> Taken {
        let (pipe, open) = match source {
            Source::Nothing => return Taken::End,
            Source::Keys => (Some(&mut self.keys), !self.keys_closed),
            Source::Pipe(id) => {
                let open = self.has(&|process| process.fills(id));
                (self.pipes[id].as_mut(), open)
            }
        };
        let Some(pipe) = pipe else { return Taken::End };
        let rest = &pipe.text[pipe.at..];
        let (line, length) = match rest.find('\n') {
            Some(end) => (&rest[..end], end + 1),
            None if open => return Taken::Later,
            None if rest.is_empty() => return Taken::End,
            None => (rest, rest.len()),
        };
        let line = line.to_string();
        pipe.at += length;
        if pipe.at == pipe.text.len() {
            pipe.text.clear();
            pipe.at = 0;
        }
        Taken::Line(line)
    }

    /// Writes to a sink.
    pub(super) fn write(&mut self, sink: Sink, text: &str, cx: &mut Cx<'_>) {
        self.write_linked(sink, text, &[], cx);
    }

    /// Writes text that names objects to a sink.
    pub(super) fn write_linked(&mut self, sink: Sink, text: &str, links: &[Link], cx: &mut Cx<'_>) {
        match sink {
            Sink::Nothing => {}
            Sink::Screen(stream) => cx.screen.write(stream, text, links),
            Sink::Pipe(pipe) => {
                cx.screen.remember(text, links);
                if let Some(pipe) = &mut self.pipes[pipe] {
                    pipe.text.push_str(text);
                }
            }
            Sink::File(at) => {
                let (name, files) = (&self.files[at], cx.place.desk(false).files);
                let old = files.get(name).map_or("", |old| &**old);
                if old.len() + text.len() <= FILE_MAX {
                    let whole = [old, text].concat();
                    files.insert(name.clone(), whole.into());
                }
            }
        }
    }

    /// A sink for the file at `path`, which is emptied unless `append`. An error is bash's.
    pub(super) fn file_sink(
        &mut self,
        path: &str,
        append: bool,
        cx: &mut Cx<'_>,
    ) -> Result<Sink, String> {
        let name = file_name(path);
        if name == "/dev/null" {
            return Ok(Sink::Nothing);
        }
        if name.is_empty() || name.contains('/') {
            return Err(missing(path));
        }
        let files = cx.place.desk(false).files;
        if !append || files.get(name).is_none() {
            files.insert(name.into(), "".into());
        }
        let known = self.files.iter().position(|known| **known == *name);
        if known.is_none() {
            self.files.push(name.into());
        }
        Ok(Sink::File(known.unwrap_or(self.files.len() - 1)))
    }

    /// The texts of files, one after another. An error names the missing one.
    pub(super) fn file_text(paths: &[String], cx: &mut Cx<'_>) -> Result<String, String> {
        let (mut text, files) = (String::new(), cx.place.desk(false).files);
        for path in paths {
            if path == "/dev/null" {
                continue;
            }
            let Some(found) = files.get(file_name(path)) else { return Err(missing(path)) };
            text.push_str(found);
            if !text.ends_with('\n') && !text.is_empty() {
                text.push('\n');
            }
        }
        Ok(text)
    }
}

fn missing(path: &str) -> String {
    [path, ": No such file or directory"].concat()
}
