//! Differences between two texts, as `diff -u` prints them.
//!
//! Not here: shifting a change that could stand in several places, as diff does.

/// Lines of context around a change.
const AROUND: usize = 3;

/// The changed pieces with their heads, from `@@` on.
pub fn unified(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let edits = edits(&old, &new);
    let mut out = String::new();
    let mut at = 0;
    let (mut a, mut b) = (0, 0);
    while at < edits.len() {
        if edits[at].0 == ' ' {
            (at, a, b) = (at + 1, a + 1, b + 1);
            continue;
        }
        let from = at.saturating_sub(AROUND);
        let before = at - from;
        // The piece goes on while the next change is near.
        let mut end = at;
        let mut same = 0;
        for (n, (sign, _)) in edits.iter().enumerate().skip(at) {
            if *sign == ' ' {
                same += 1;
                if same > 2 * AROUND {
                    break;
                }
            } else {
                same = 0;
                end = n + 1;
            }
        }
        let to = (end + AROUND).min(edits.len());
        let piece = &edits[from..to];
        let count = |skip: char| piece.iter().filter(|(sign, _)| *sign != skip).count();
        let (left, right) = (count('+'), count('-'));
        let start = |line: usize, count: usize| match count {
            0 => "0,0".to_string(),
            1 => format!("{}", line - before + 1),
            _ => format!("{},{count}", line - before + 1),
        };
        out.push_str(&format!("@@ -{} +{} @@\n", start(a, left), start(b, right)));
        for (sign, line) in piece {
            out.push_str(&format!("{sign}{line}\n"));
        }
        for (sign, _) in &edits[at..to] {
            a += usize::from(*sign != '+');
            b += usize::from(*sign != '-');
        }
        at = to;
    }
    out
}

/// Each line with a blank, `-` or `+` before it: the fewest changes.
fn edits<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<(char, &'t str)> {
    let wide = new.len() + 1;
    let mut best = vec![0u32; (old.len() + 1) * wide];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            best[i * wide + j] = match old[i] == new[j] {
                true => best[(i + 1) * wide + j + 1] + 1,
                false => best[(i + 1) * wide + j].max(best[i * wide + j + 1]),
            };
        }
    }
    let (mut i, mut j, mut out) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            out.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || i < old.len() && best[(i + 1) * wide + j] >= best[i * wide + j + 1]
        {
            out.push(('-', old[i]));
            i += 1;
        } else {
            out.push(('+', new[j]));
            j += 1;
        }
    }
    out
}
