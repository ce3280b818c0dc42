//! Where the lines of the figure run: from a Pod's plate down the margin of its machine to the
//! drum, and the ribbon from an empty socket to the plate that took over.
//!
//! Across, a place is a share of the figure's width in hundredths of a percent plus a fixed number
//! of pixels; down, it is pixels from the top or the bottom of the row of machines. So the figure
//! stretches without measuring anything.
//!
//! Not here: any drawing.

use super::{Density, DrumKind, PodKind, Stage};

/// Pixels from the top of a machine to its first Pod.
const PODS_TOP: u32 = 53;
/// The whole width, in hundredths of a percent.
const WHOLE: u32 = 10_000;

/// How a wire is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireKind {
    /// In use.
    Solid,
    /// On its way: attaching.
    Waiting,
    /// Held by a machine on which nobody uses it: it ends in a plug.
    Plug,
}

/// The upper end of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// A plate, so many pixels below the top of the machine.
    Plate(u32),
    /// The lower edge of the machine.
    Edge,
}

/// A wire from a machine to a drum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// How it is drawn.
    pub kind: WireKind,
    /// Where it begins.
    pub join: Join,
    /// Left edge of the machine's column, hundredths of a percent.
    pub column: u32,
    /// Pixels from there to the wire.
    pub inset: u32,
    /// Left edge of the drum's place, hundredths of a percent.
    pub drum: u32,
    /// Drum and machine share a column: a soft bend will do.
    pub straight: bool,
    /// Pixels below the machines at which a wire that crosses runs.
    pub level: u32,
}

/// The ribbon of a replacement, socket to plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ribbon {
    /// Left edge of the old machine's column.
    pub from: u32,
    /// Left edge of the new machine's column.
    pub to: u32,
    /// Left edge of the column after that.
    pub next: u32,
    /// Pixels from the top to the lower edge of the old card's socket.
    pub socket: u32,
    /// Pixels from the top to the middle of the new plate.
    pub plate: u32,
    /// The old card lies on a sheet that has slid away.
    pub shifted: bool,
}

/// All lines of a figure.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Figure {
    /// Wires, in the order of the drums.
    pub wires: Vec<Wire>,
    /// The ribbon.
    pub ribbon: Option<Ribbon>,
}

/// Height of a card and the space to the next, in pixels.
fn pitch(density: Density) -> (u32, u32) {
    match density {
        Density::Card => (60, 6),
        _ => (46, 6),
    }
}

/// The middle of card `index`, from the top of its machine.
fn middle(density: Density, index: usize) -> u32 {
    let (card, gap) = pitch(density);
    let index = u32::try_from(index).unwrap_or(0);
    PODS_TOP + index * (card + gap) + card / 2
}

/// Works out the lines. Empty when the figure has more machines than stand in one row.
pub fn figure(stage: &Stage) -> Figure {
    let columns = u32::try_from(stage.nodes.len()).unwrap_or(0);
    if columns == 0 || columns > 4 {
        return Figure::default();
    }
    let column = |i: usize| WHOLE * u32::try_from(i).unwrap_or(0) / columns;
    let places = places(stage);
    let cards = stage.density <= Density::Tight;
    let mut used = vec![0u32; stage.nodes.len()];
    let mut wires = Vec::new();
    let mut crossing = 0;
    for (at, drum) in stage.drums.iter().enumerate() {
        if drum.kind == DrumKind::Free || drum.kind == DrumKind::Unbound {
            continue;
        }
        let Some(node) = drum.node.filter(|n| *n < stage.nodes.len()) else { continue };
        let machine = &stage.nodes[node];
        let card = drum.user.filter(|(n, _)| *n == node && machine.on && !machine.shifted);
        let seated = card.and_then(|(_, c)| machine.pods.shown.get(c).map(|p| (c, p.kind)));
        let place = WHOLE * u32::try_from(at).unwrap_or(0) / places;
        let lane = used[node];
        used[node] += 1;
        let (join, kind) = match seated {
            Some((c, PodKind::Seated)) if cards => (
                Join::Plate(middle(stage.density, c)),
                if drum.waiting { WireKind::Waiting } else { WireKind::Solid },
            ),
            Some(_) => (Join::Edge, WireKind::Solid),
            None => (Join::Edge, WireKind::Plug),
        };
        let straight = column(node) == place && lane == 0;
        crossing += u32::from(!straight);
        wires.push(Wire {
            kind,
            join,
            column: column(node),
            inset: match join {
                Join::Plate(_) => 7u32.saturating_sub(lane * 3).max(3),
                Join::Edge => 15 + lane * 10,
            },
            drum: place,
            straight,
            level: 5 + crossing.saturating_sub(1) % 4 * 3,
        });
    }
    let ribbon = stage.ribbon.filter(|(old, new)| cards && old.0 != new.0).map(|(old, new)| {
        let (card, gap) = pitch(stage.density);
        let row = u32::try_from(old.1).unwrap_or(0);
        Ribbon {
            from: column(old.0),
            to: column(new.0),
            next: column(new.0 + 1),
            socket: PODS_TOP + row * (card + gap) + card,
            plate: middle(stage.density, new.1),
            shifted: stage.nodes.get(old.0).is_some_and(|node| node.shifted),
        }
    });
    Figure { wires, ribbon }
}

/// How many places the shelf has: as many as columns, or as many as drums.
pub(super) fn places(stage: &Stage) -> u32 {
    u32::try_from(stage.drums.len().max(stage.nodes.len()).max(1)).unwrap_or(1)
}
