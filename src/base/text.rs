//! Text as kubectl lays it out: padded columns, plurals, joins.

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

/// `1 pod`, `2 pods`.
pub fn plural(n: u64, noun: &str) -> String {
    if n == 1 { format!("{n} {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_kubectl_s() {
        let row = |cells: &[&str]| cells.iter().map(|c| c.to_string()).collect();
        let text = columns(&[row(&["NAME", "READY"]), row(&["web-0", "1/1"])]);
        assert_eq!(text, "NAME    READY\nweb-0   1/1\n");
    }
}
