//! Text as kubectl lays it out: padded columns, plurals, joins.
//!
//! Not here: alignment to the right, which kubectl does not use.

/// Lays rows out in columns, each as wide as its widest cell plus three spaces; the last
/// column is not padded. Width is counted in characters.
///
/// Upstream: staging/src/k8s.io/cli-runtime/pkg/printers/tabwriter.go
pub fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut widths = vec![0; count];
    for row in rows {
        for (cell, width) in row.iter().zip(&mut widths) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            out.push_str(cell);
            if at + 1 < row.len() {
                let pad = widths[at] + 3 - cell.chars().count();
                out.extend(std::iter::repeat_n(' ', pad));
            }
        }
        out.push('\n');
    }
    out
}

/// Marks around a piece of text that names something: `LINK`, a number, `LINK_TEXT`, the piece,
/// `LINK_END`. Layout takes no notice of them.
pub const LINK: char = '\u{e000}';
/// Between a link's number and its text.
pub const LINK_TEXT: char = '\u{e001}';
/// After a link's text.
pub const LINK_END: char = '\u{e002}';

/// How many columns `cell` takes: its characters without marks of links, wide ones twice.
fn width(cell: &str) -> usize {
    let mut hidden = false;
    let mut count = 0;
    for c in cell.chars() {
        match c {
            LINK => hidden = true,
            LINK_TEXT => hidden = false,
            LINK_END => {}
            _ if hidden => {}
            _ => count += 1 + usize::from(is_wide(c)),
        }
    }
    count
}

/// Whether a character takes two columns, as those of East Asia and pictures do.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
}

/// How cells are laid out whose ends are tabs.
#[derive(Clone, Debug, Default)]
pub struct Tabs {
    /// The least width of a column.
    pub least: usize,
    /// Spaces after the widest cell.
    pub padding: usize,
    /// Widths a table had before: what follows is not narrower. Grows with each layout.
    pub remembered: Option<Vec<usize>>,
}

/// What `describe` uses.
pub const DESCRIBE: Tabs = Tabs { least: 0, padding: 2, remembered: None };
/// What tables use.
pub const TABLE: Tabs = Tabs { least: 6, padding: 3, remembered: None };

impl Tabs {
    /// Lays `text` out. A column is made of cells above each other; a line that has no cell
    /// there (the last piece of a line is none) ends it.
    ///
    /// Upstream: Go's text/tabwriter
    pub fn layout(&mut self, text: &str) -> String {
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        let mut out = String::with_capacity(text.len() * 2);
        self.block(&lines, &mut Vec::new(), &mut out);
        if !text.ends_with('\n') {
            out.pop();
        }
        out
    }

    fn block(&mut self, lines: &[Vec<&str>], widths: &mut Vec<usize>, out: &mut String) {
        let column = widths.len();
        let mut rest = lines;
        while let Some(from) = rest.iter().position(|line| column + 1 < line.len()) {
            print(&rest[..from], widths, out);
            rest = &rest[from..];
            let many = rest.iter().take_while(|line| column + 1 < line.len()).count();
            let widest = rest[..many].iter().map(|line| width(line[column])).max().unwrap_or(0);
            let mut wide = self.least.max(widest + self.padding);
            if let Some(remembered) = &mut self.remembered {
                remembered.resize(remembered.len().max(column + 1), 0);
                remembered[column] = remembered[column].max(wide);
                wide = remembered[column];
            }
            widths.push(wide);
            self.block(&rest[..many], widths, out);
            widths.pop();
            rest = &rest[many..];
        }
        print(rest, widths, out);
    }
}

fn print(lines: &[Vec<&str>], widths: &[usize], out: &mut String) {
    for line in lines {
        for (at, cell) in line.iter().enumerate() {
            out.push_str(cell);
            if let Some(wide) = widths.get(at) {
                out.extend(std::iter::repeat_n(' ', wide.saturating_sub(width(cell))));
            }
        }
        out.push('\n');
    }
}

/// Bytes in base64, with padding.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let sextet = (bits >> (18 - 6 * at) & 63) as usize;
            out.push(if at <= chunk.len() { char::from(ALPHABET[sextet]) } else { '=' });
        }
    }
    out
}

/// The text that base64 stands for; `None` if it is none.
pub fn from_base64(text: &str) -> Option<String> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0u32, 0);
    for byte in text.bytes().filter(|&byte| byte != b'=') {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}

/// `1 pod`, `2 pods`.
pub fn plural(n: u64, noun: &str) -> String {
    if n == 1 { format!("{n} {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_are_go_s() {
        let text = "Name:\tweb\nContainers:\n  nginx:\n    Image:\tx\n    A:\t\nb:\tc\td\n";
        let out =
            "Name:  web\nContainers:\n  nginx:\n    Image:  x\n    A:      \nb:          c  d\n";
        assert_eq!(DESCRIBE.clone().layout(text), out);
    }

    #[test]
    fn columns_are_kubectl_s() {
        let row = |cells: &[&str]| cells.iter().map(|c| c.to_string()).collect();
        let text = columns(&[row(&["NAME", "READY"]), row(&["web-0", "1/1"])]);
        assert_eq!(text, "NAME    READY\nweb-0   1/1\n");
    }
}
