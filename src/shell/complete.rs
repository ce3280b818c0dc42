//! What the cursor stands in: the words of the command that is being typed.
//!
//! Not here: what could be completed (kubectl's words, files: see `session`).

/// The words of the command that `before` ends in, the last one begun, and where in `before`
/// the last one starts. Quotes are taken off; what follows them counts as it stands.
pub fn words_at(before: &str) -> (Vec<String>, usize) {
    let (mut words, mut word, mut start) = (Vec::new(), String::new(), None::<usize>);
    let mut quote = None;
    for (at, c) in before.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                start.get_or_insert(at);
            }
            (None, ' ' | '\t') => {
                if start.take().is_some() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (None, '|' | ';' | '&' | '(' | '`' | '\n') => {
                words.clear();
                word.clear();
                start = None;
            }
            (_, c) => {
                start.get_or_insert(at);
                word.push(c);
            }
        }
    }
    words.push(word);
    // What stands before a command: keywords and assignments.
    let keyword =
        |word: &str| "do then else elif if while until ! { xargs".split(' ').any(|own| own == word);
    while words.len() > 1 && (keyword(&words[0]) || words[0].contains('=')) {
        words.remove(0);
    }
    (words, start.unwrap_or(before.len()))
}

/// The longest beginning that all of `words` have.
pub fn common(words: &[String]) -> &str {
    let Some(first) = words.first() else { return "" };
    let mut length = first.len();
    for other in words {
        let pairs = first.bytes().zip(other.bytes());
        length = length.min(pairs.take_while(|(a, b)| a == b).count());
    }
    while !first.is_char_boundary(length) {
        length -= 1;
    }
    &first[..length]
}

/// What a person means by pasting `text`: of a text copied from documentation the commands
/// alone, without the prompts before them and the output after them.
pub fn pasted(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\u{a0}', " ");
    let (mut commands, mut last) = (String::new(), None);
    for line in text.lines() {
        if let Some(command) = line.trim_start().strip_prefix("$ ") {
            commands.push_str(if last.is_some() { "\n" } else { "" });
            last = Some(commands.len());
            commands.push_str(command);
        } else if last.is_some_and(|last| goes_on(&commands[last..])) {
            commands.push('\n');
            commands.push_str(line.strip_prefix("> ").unwrap_or(line));
        }
    }
    if last.is_some() { commands } else { text.trim_matches('\n').to_string() }
}

/// Whether a command wants another line.
fn goes_on(command: &str) -> bool {
    command.ends_with('\\') || matches!(super::read(command), Err(super::Fault::Unfinished(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(before: &str) -> String {
        let (words, start) = words_at(before);
        format!("{} @{start}", words.join("|"))
    }

    #[test]
    fn the_command_is_found() {
        assert_eq!(at("kubectl get po"), "kubectl|get|po @12");
        assert_eq!(at("kubectl get "), "kubectl|get| @12");
        assert_eq!(at("ls | grep x; kubectl"), "kubectl @13");
        assert_eq!(at("for i in 1; do kubectl ge"), "kubectl|ge @23");
        assert_eq!(at("echo $(kubectl get pods -l 'app"), "kubectl|get|pods|-l|app @27");
        assert_eq!(at(""), " @0");
        let words = ["web-0", "web-1"].map(String::from);
        assert_eq!(common(&words), "web-");
        assert_eq!(common(&[]), "");
    }

    #[test]
    fn prompts_and_outputs_are_left_out() {
        assert_eq!(pasted("ls\nkubectl get pods\n"), "ls\nkubectl get pods");
        let page = "$ kubectl get pods\nNAME  READY\nweb-0 1/1\n$ kubectl scale sts web \\\n  \
                    --replicas=5\nstatefulset.apps/web scaled\n";
        assert_eq!(pasted(page), "kubectl get pods\nkubectl scale sts web \\\n  --replicas=5");
    }
}
