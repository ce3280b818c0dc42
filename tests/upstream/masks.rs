//! Texts of kubectl as they are compared: without ages, dates, uids, addresses, versions, random
//! suffixes and names of temporary files; blanks count once, since columns are as wide as what
//! was masked; rows of tables and Events in the order of the alphabet, Events once.

/// A command's standard output as it is compared.
pub fn mask(command: &str, text: &str) -> Vec<String> {
    let mut lines = mask_lines(text);
    let words: Vec<&str> = command.split(' ').collect();
    let verb = words.get(1).copied().unwrap_or("");
    if words.iter().any(|word| ["node", "nodes"].contains(word)) {
        lines.retain(|line| !is_machine(line));
    }
    if verb == "drain" {
        // What is sent at once is answered in any order.
        lines.sort();
    }
    let tree = words.iter().any(|word| {
        ["-oyaml", "-ojson"].contains(word)
            || ["yaml", "json", "jsonpath", "go-template"].iter().any(|how| word.starts_with(how))
    });
    match verb {
        "events" | "get"
            if !tree && !words.iter().any(|word| *word == "-w" || *word == "--watch") =>
        {
            tables(lines)
        }
        "describe" => described(lines),
        _ => lines,
    }
}

/// What stand-ins said of their machines otherwise.
fn is_machine(line: &str) -> bool {
    let line = line.trim_start();
    let begins = [
        "podCIDR",
        "PodCIDR",
        "- IP/24",
        "daemonEndpoints:",
        "kubeletEndpoint:",
        "Port: 0",
        "bootID:",
        "Boot ID:",
        "kernelVersion:",
        "kubeProxyVersion:",
        "machineID:",
        "systemUUID:",
        "Machine ID:",
        "System UUID:",
        "Kernel Version:",
        "spec:",
    ];
    begins.iter().any(|begin| line.starts_with(begin))
}

/// What kubelets tell and the stand-ins did not, and what was told before the recording began.
fn is_untold(row: &str) -> bool {
    ["Starting", "NodeReady", "RegisteredNode"]
        .iter()
        .any(|reason| row.contains(&format!("  Normal  {reason}  ")))
}

/// Sorts the rows of each table; those of Events stand once.
fn tables(lines: Vec<String>) -> Vec<String> {
    let mut out = Vec::new();
    for table in lines.split(|line| line.is_empty()) {
        if !out.is_empty() {
            out.push(String::new());
        }
        let Some((head, rows)) = table.split_first() else { continue };
        let mut rows = rows.to_vec();
        rows.sort();
        if head.starts_with("LAST SEEN") || head.starts_with("NAMESPACE  LAST SEEN") {
            rows.retain(|row| !is_untold(row));
            rows.dedup();
        }
        out.push(head.clone());
        out.append(&mut rows);
    }
    out
}

/// Sorts the items of a YAML list, as the rows of tables: names that are random order them.
pub fn items(lines: &[String]) -> Vec<String> {
    let is_list = lines.get(1).is_some_and(|line| line == "items:");
    let end = lines.iter().position(|line| line == "kind: List").filter(|_| is_list);
    let Some(end) = end else { return lines.to_vec() };
    let mut items: Vec<Vec<String>> = Vec::new();
    for line in &lines[2..end] {
        match items.last_mut().filter(|_| !line.starts_with("- ")) {
            Some(item) => item.push(line.clone()),
            None => items.push(vec![line.clone()]),
        }
    }
    items.sort();
    let (head, tail) = (&lines[..2], &lines[end..]);
    head.iter().cloned().chain(items.into_iter().flatten()).chain(tail.iter().cloned()).collect()
}

/// Sorts the objects that are described, and their Events.
fn described(lines: Vec<String>) -> Vec<String> {
    let mut objects: Vec<Vec<String>> = vec![Vec::new()];
    for line in lines {
        if line.starts_with("Name: ") && objects.last().is_some_and(|own| !own.is_empty()) {
            objects.push(Vec::new());
        }
        if let Some(last) = objects.last_mut() {
            last.push(line);
        }
    }
    for object in &mut objects {
        while object.last().is_some_and(String::is_empty) {
            object.pop();
        }
        let events = object.iter().position(|line| line == "Events:");
        if let Some(at) = events {
            let mut events: Vec<String> = object.drain((at + 3).min(object.len())..).collect();
            events.retain(|row| !is_untold(row));
            events.sort();
            events.dedup();
            object.append(&mut events);
        }
    }
    objects.sort();
    objects.into_iter().flatten().collect()
}

/// The lines of a text, each masked.
pub fn mask_lines(text: &str) -> Vec<String> {
    text.lines().map(mask_line).collect()
}

fn mask_line(line: &str) -> String {
    let mut out = String::new();
    let indent = line.len() - line.trim_start_matches(' ').len();
    out.push_str(&line[..indent]);
    let body = dates(&line[indent..]);
    let mut blanks = 0;
    for (at, word) in body.split(' ').enumerate() {
        if word.is_empty() {
            blanks += 1;
            continue;
        }
        if at > 0 {
            out.push_str(if blanks > 0 { "  " } else { " " });
        }
        blanks = 0;
        out.push_str(&mask_word(word));
    }
    let out = counts(&out).replace("6.1.0-oracle", "6.1.0");
    let out = out.replace("16443/TCP", "6443/TCP").replace("16444/TCP", "6443/TCP");
    let out = out.replace("targetPort: 16443", "targetPort: 6443");
    let out = out.replace("targetPort: 16444", "targetPort: 6443");
    let out = out.replace("IP:16444", "IP:6443").replace("IP:16443", "IP:6443");
    numbers(&out)
}

/// `Mon, 23 Nov 2026 04:31:34 +0000` and `2026-11-23 04:32:38.895521946 +0000` as dates.
fn dates(text: &str) -> String {
    let mut out = text.to_string();
    for day in ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] {
        while let Some(at) = out.find(&format!("{day}, ")) {
            let end = (at + 31).min(out.len());
            if !out.is_char_boundary(end) || !out[at..end].ends_with("+0000") {
                break;
            }
            out.replace_range(at..end, "DATE");
        }
    }
    if let Some(at) = out.find("\t20") {
        out.replace_range(at + 1.., "DATE");
    }
    out
}

/// `AGE (x3 over AGE)` as `AGE`.
fn counts(text: &str) -> String {
    let Some(at) = text.find(" (x") else { return text.to_string() };
    let tail = &text[at..];
    match tail.find(" over AGE)") {
        Some(end) if tail[3..end].chars().all(|c| c.is_ascii_digit()) => {
            format!("{}{}", &text[..at], &tail[end + 10..])
        }
        _ => text.to_string(),
    }
}

/// Versions and ports that are given by chance.
fn numbers(text: &str) -> String {
    let keys = ["resourceVersion: \"", "\"resourceVersion\":\"", "\"resourceVersion\": \""];
    let mut out = text.to_string();
    for key in keys {
        if let Some(at) = out.find(key) {
            let from = at + key.len();
            let end = out[from..].find('"').map_or(out.len(), |end| from + end);
            if end > from {
                out.replace_range(from..end, "RV");
            }
        }
    }
    if let Some(at) = out.find("Resource Version:  ") {
        out.replace_range(at + 19.., "RV");
    }
    if let Some(at) = out.find("nodePort: 3") {
        out.replace_range(at + 10.., "PORT");
    }
    out
}

fn mask_word(word: &str) -> String {
    let word = hexes(word);
    let word = addresses(&word);
    let plain = word.trim_matches(['"', ',', '(', ')']);
    if is_age(plain) {
        return word.replacen(plain, "AGE", 1);
    }
    if plain.len() >= 20 && plain.starts_with("20") && plain.ends_with('Z') && plain.contains('T') {
        return word.replacen(plain, "DATE", 1);
    }
    if let Some((port, rest)) = word.split_once('/')
        && ["TCP", "UDP"].iter().any(|protocol| rest.starts_with(protocol))
    {
        let own = port.rsplit(':').next().unwrap_or("");
        if own.len() == 5 && own.starts_with('3') {
            return word.replacen(own, "PORT", 1);
        }
    }
    let inner: Vec<String> = word.split_inclusive(['/', ',', '"', ':', '=']).map(suffix).collect();
    inner.concat()
}

/// An age: `3s`, `2m5s`, `4d`.
fn is_age(word: &str) -> bool {
    let mut digits = 0;
    let mut units = 0;
    for c in word.chars() {
        match c {
            '0'..='9' => digits += 1,
            's' | 'm' | 'h' | 'd' | 'y' if digits > 0 => {
                units += 1;
                digits = 0;
            }
            _ => return false,
        }
    }
    units > 0 && digits == 0
}

/// uids, long hashes and the numbers in names of temporary files.
fn hexes(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let run = rest.find(|c| !hex(c)).unwrap_or(rest.len());
        if is_uid(rest) {
            out.push_str("UID");
            rest = &rest[36..];
        } else if run >= 14 || run >= 6 && (out.ends_with("LIVE-") || out.ends_with("MERGED-")) {
            out.push_str("HEX");
            rest = &rest[run..];
        } else {
            let end = if run > 0 && !rest[run..].starts_with('-') { run } else { first.len_utf8() };
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        }
    }
    out
}

fn is_uid(text: &str) -> bool {
    let Some(text) = text.get(..36) else { return false };
    text.char_indices().all(|(at, c)| match at {
        8 | 13 | 18 | 23 => c == '-',
        _ => c.is_ascii_digit() || ('a'..='f').contains(&c),
    })
}

/// Addresses of four numbers.
fn addresses(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let tail = &rest[at..];
        let end = tail.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(tail.len());
        let number = &tail[..end];
        out.push_str(&rest[..at]);
        let is_address = number.split('.').count() == 4
            && number.split('.').all(|part| !part.is_empty() && part.len() <= 3);
        out.push_str(if is_address { "IP" } else { number });
        rest = &tail[end..];
    }
    out.push_str(rest);
    out
}

/// A random suffix of five letters: `web-abcde` without vowels.
fn suffix(part: &str) -> String {
    let end = part.trim_end_matches(['/', ',', '"', ':', '=']);
    let tail = &part[end.len()..];
    match end.rsplit_once('-') {
        Some((stem, random))
            if random.len() == 5
                && random.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c)) =>
        {
            format!("{stem}-RAND{tail}")
        }
        _ => part.to_string(),
    }
}
