//! Where the boxes of the order are, and how the lines between them run. Boxes stand in columns and rows of one grid. A line to the
//! next column curves through the space between the two; a line that passes columns runs through the space between two rows.
//! So no line crosses a box.

use std::collections::BTreeSet;

/// Size of a box.
pub(super) const WIDTH: usize = 200;
pub(super) const HEIGHT: usize = 40;

/// Space between two columns.
const ACROSS: usize = 40;

/// Least space between two rows, and between two lines in it.
const DOWN: usize = 10;
const LANE: usize = 4;

/// Space above the first row.
const TOP: usize = 32;

/// How far a line bends away from a box of its own column or before it.
const BEND: usize = 26;

/// Column and row of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub(super) column: usize,
    pub(super) row: usize,
}

/// A point of the picture.
type Point = (usize, usize);

/// A part of a line, from the end of the part before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PathPiece {
    /// Two control points and the end of a cubic curve.
    Curve([Point; 3]),
    /// The end.
    Straight(Point),
}

/// A line.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) start: Point,
    pub(super) pieces: Vec<PathPiece>,
    /// Where its count is written.
    pub(super) label: Point,
}

/// The positions of boxes, and the space for the lines between rows.
pub(super) struct OrderDiagram {
    slots: Vec<Slot>,
    /// Boxes with a line that passes columns: below the row of each is a lane for it.
    passing: BTreeSet<(usize, usize)>,
    /// Space before the first column.
    left: usize,
    /// From a row to the next one.
    pitch: usize,
}

impl OrderDiagram {
    /// Finds the space that these lines need; each leads from one box to another.
    pub(super) fn new(slots: &[Slot], lines: impl Iterator<Item = (usize, usize)>) -> Self {
        let (mut passing, mut left) = (BTreeSet::new(), 1);
        for (from, to) in lines {
            let (from, to) = (slots[from], slots[to]);
            if from.column != to.column && from.column + 1 != to.column {
                passing.insert((from.row, from.column));
            }
            if to.column == 0 && from.column > 0 {
                left = BEND + DOWN;
            }
        }
        let lanes = |row: usize| passing.iter().filter(|(other, _)| *other == row).count();
        let most = passing.iter().map(|(row, _)| lanes(*row)).max().unwrap_or(0);
        Self { slots: slots.to_vec(), passing, left, pitch: HEIGHT + DOWN + LANE * most }
    }

    /// The upper left corner of each box.
    pub(super) fn corners(&self) -> impl Iterator<Item = Point> {
        self.slots.iter().map(|slot| self.corner(*slot))
    }

    fn corner(&self, slot: Slot) -> Point {
        (self.left + slot.column * (WIDTH + ACROSS), TOP + slot.row * self.pitch)
    }

    /// Width and height of the picture.
    pub(super) fn size(&self) -> (usize, usize) {
        let right = self.corners().map(|(x, _)| x + WIDTH).max().unwrap_or(0);
        let bottom = self.corners().map(|(_, y)| y + self.pitch).max().unwrap_or(0);
        // Lines bend to the right of the last column only where its own boxes wait for each other.
        (right + BEND, bottom)
    }

    /// The line from one box to another.
    pub(super) fn route(&self, (from, to): (usize, usize)) -> Route {
        let (source, target) = (self.slots[from], self.slots[to]);
        let ((x, y), (end_x, end_y)) = (self.corner(source), self.corner(target));
        let (start, y) = ((x + WIDTH, y + HEIGHT / 2), y + HEIGHT / 2);
        let (right, end_y) = (start.0, end_y + HEIGHT / 2);
        if source.column == target.column {
            let bend = [(right + BEND, y), (right + BEND, end_y), (right, end_y)];
            let label = (right + BEND - 2, usize::midpoint(y, end_y) + 4);
            return Route { start, pieces: vec![PathPiece::Curve(bend)], label };
        }
        if source.column + 1 == target.column {
            let curve = [(right + ACROSS / 2, y), (end_x - ACROSS / 2, end_y), (end_x, end_y)];
            let label = (usize::midpoint(right, end_x), usize::midpoint(y, end_y).saturating_sub(4));
            return Route { start, pieces: vec![PathPiece::Curve(curve)], label };
        }
        let lane = self.lane_of(source);
        let forward = source.column < target.column;
        // To the right of its box the line gets into its lane, and leaves it before the box that waits.
        let (enter, leave) = if forward { (right + ACROSS, end_x - ACROSS) } else { (right, end_x) };
        let first = [(right + BEND, y), (right + if forward { ACROSS - BEND } else { BEND }, lane), (enter, lane)];
        let last = [(end_x - if forward { ACROSS - BEND } else { BEND }, lane), (end_x - BEND, end_y), (end_x, end_y)];
        let label = (end_x - ACROSS / 2, usize::midpoint(lane, end_y).saturating_sub(4));
        let pieces = vec![PathPiece::Curve(first), PathPiece::Straight((leave, lane)), PathPiece::Curve(last)];
        Route { start, pieces, label }
    }

    /// The height of a line that leaves a box and passes columns: below its row, a lane for each column.
    fn lane_of(&self, slot: Slot) -> usize {
        let before = self.passing.range((slot.row, 0)..(slot.row, slot.column)).count();
        TOP + slot.row * self.pitch + HEIGHT + DOWN / 2 + 1 + before * LANE
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(points: [Point; 4], along: f64) -> (f64, f64) {
        let back = 1.0 - along;
        let weights = [back.powi(3), 3.0 * back * back * along, 3.0 * back * along * along, along.powi(3)];
        let sum = |of: fn(&Point) -> usize| weights.iter().zip(&points).map(|(weight, point)| weight * of(point) as f64).sum();
        (sum(|point| point.0), sum(|point| point.1))
    }

    /// Points along a line, close to each other.
    fn points(route: &Route) -> Vec<(f64, f64)> {
        let (mut from, mut all) = (route.start, Vec::new());
        for piece in &route.pieces {
            let [a, b, end] = match piece {
                PathPiece::Curve(points) => *points,
                PathPiece::Straight(end) => [from, *end, *end],
            };
            all.extend((0..=100).map(|part| at([from, a, b, end], f64::from(part) / 100.0)));
            from = end;
        }
        all
    }

    proptest! {
        #[test]
        fn no_line_crosses_a_box(
            rows in prop::collection::vec(1_usize..12, 1..7),
            wanted in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..40),
        ) {
            let slots: Vec<Slot> = rows
                .iter()
                .enumerate()
                .flat_map(|(column, rows)| (0..*rows).map(move |row| Slot { column, row }))
                .collect();
            let lines: Vec<(usize, usize)> = wanted
                .iter()
                .map(|(from, to)| (from.index(slots.len()), to.index(slots.len())))
                .filter(|(from, to)| from != to)
                .collect();
            let picture = OrderDiagram::new(&slots, lines.iter().copied());
            let (width, height) = picture.size();
            for line in lines {
                let route = picture.route(line);
                for (x, y) in points(&route) {
                    prop_assert!(x >= 0.0 && y >= 0.0 && x <= width as f64 && y <= height as f64, "{x} {y} is outside");
                    for (left, top) in picture.corners() {
                        let (left, top) = (left as f64, top as f64);
                        // The edge of its own boxes is where it begins and ends.
                        let inside = x > left + 0.01 && x < left + WIDTH as f64 - 0.01 && y > top && y < top + HEIGHT as f64;
                        prop_assert!(!inside, "{line:?} crosses the box at {left} {top}");
                    }
                }
            }
        }

        /// Lines that leave different boxes and pass columns never run on top of each other.
        #[test]
        fn each_box_has_its_own_lane(rows in 1_usize..9, columns in 3_usize..7) {
            let slots: Vec<Slot> =
                (0..columns).flat_map(|column| (0..rows).map(move |row| Slot { column, row })).collect();
            let last = slots.len() - 1;
            let lines: Vec<(usize, usize)> = (0..last).map(|from| (from, last)).collect();
            let picture = OrderDiagram::new(&slots, lines.iter().copied());
            let passing = || slots.iter().filter(|slot| slot.column + 2 < columns);
            let lanes: BTreeSet<usize> = passing().map(|slot| picture.lane_of(*slot)).collect();
            prop_assert_eq!(lanes.len(), passing().count());
        }
    }
}
