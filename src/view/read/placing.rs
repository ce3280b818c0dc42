//! Why a Pod is on its node, or on none: what the scheduler found of each node it looked at.
//!
//! Not here: deciding (see `scheduler`).

use super::Eye;
use crate::api::kinds::Key;
use crate::scheduler::decision::{Decision, Points, Row, Verdict};
use crate::view::{Candidate, Placing, Text, Word, clock, node_subject};

/// Nodes that are listed.
const ROWS_MAX: usize = 12;

/// The latest decision on the Pod at `key`.
pub(super) fn placing(eye: &Eye<'_>, key: &Key) -> Option<Placing> {
    let decision = eye.world.decision(key)?;
    let rows = &decision.rows;
    Some(Placing {
        title: match &decision.chosen {
            Some(node) => eye.fill(Word::WhyNode, &[("node", node)]),
            None => eye.say(Word::WhyNoNode),
        },
        how: how(eye, decision),
        rows: rows.iter().take(ROWS_MAX).map(|row| candidate(decision, row, eye)).collect(),
        more: u32::try_from(rows.len().saturating_sub(ROWS_MAX)).unwrap_or(0),
    })
}

fn how(eye: &Eye<'_>, decision: &Decision) -> Text {
    let points = |row: &Row| match row.verdict {
        Verdict::Fits { total, .. } => Some(total),
        Verdict::Filtered { .. } => None,
    };
    let fits: Vec<i64> = decision.rows.iter().filter_map(points).collect();
    let best = fits.iter().max();
    let equals = fits.iter().filter(|total| Some(*total) == best).count();
    let (word, count) = match (&decision.chosen, fits.len()) {
        (None, _) => (Word::PlacedNowhere, 0),
        (Some(_), 0 | 1) => (Word::PlacedAlone, 1),
        (Some(_), all) if equals == 1 => (Word::PlacedBest, all),
        (Some(_), _) => (Word::PlacedLot, equals),
    };
    eye.fill(word, &[("time", &clock(decision.at.0)), ("count", &count.to_string())])
}

fn candidate(decision: &Decision, row: &Row, eye: &Eye<'_>) -> Candidate {
    let (found, total) = match &row.verdict {
        Verdict::Filtered { plugin, reason } => {
            (vec![(plugin.name().into(), reason.clone())], "".into())
        }
        Verdict::Fits { total, .. } => {
            let points = row.scores().into_iter().filter(|points| points.score != 0);
            let said = |Points { score, weight, .. }: &Points| match weight {
                1 => score.to_string(),
                _ => format!("{score} × {weight}"),
            };
            let found: Vec<(Text, Text)> =
                points.map(|points| (points.plugin.name().into(), said(&points).into())).collect();
            let alone = row.scores().is_empty();
            (found, if alone { eye.say(Word::Fits) } else { total.to_string().into() })
        }
    };
    Candidate {
        node: node_subject(&row.node),
        taken: decision.chosen.as_ref() == Some(&row.node),
        found,
        total,
    }
}
