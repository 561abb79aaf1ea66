//! The chart: requests for each update, and throughput, side by side.

use anyhow::{Context, Result};
use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{
    report::Row,
    scenario::{MANY_TASKS, NETWORK_MS},
};

const WIDTH: u32 = 1000;
const LINE: i32 = 36;
const MARGIN: i32 = 20;
const GAP: i32 = 10;
const BAR: i32 = LINE - GAP;
/// What stands above the bars.
const HEAD: i32 = 90;
/// The columns: names, then two fields of bars with room for a number each.
const NAMES: i32 = 210;
const BARS: i32 = 300;
const NUMBER: i32 = 70;

/// What a bar shows of a row.
type Value = fn(&Row) -> f64;

const INK: RGBColor = RGBColor(0x22, 0x2b, 0x36);
const OURS: RGBColor = RGBColor(0x0b, 0x7a, 0x4b);
const OTHERS: RGBColor = RGBColor(0x9a, 0xa7, 0xb5);

/// The scenario that is like a service on the network, as SVG.
pub(crate) fn draw(rows: &[Row]) -> Result<String> {
    let rows: Vec<&Row> = rows
        .iter()
        .filter(|row| row.is_of(NETWORK_MS, MANY_TASKS))
        .collect();
    let mut svg = String::new();
    let height = u32::try_from(line(rows.len())? + MARGIN)?;
    let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
    area.fill(&WHITE)?;
    let title =
        format!("Updates of API keys: a server that takes {NETWORK_MS} ms, {MANY_TASKS} at once");
    write(&area, &title, (MARGIN, MARGIN), 20, HPos::Left)?;

    let panels: [(&str, Value); 2] = [
        (
            "requests per update (fewer is better)",
            Row::requests_per_update,
        ),
        ("throughput, 1 is raw reqwest (more is better)", |row| {
            row.throughput_vs_floor
        }),
    ];
    for (index, row) in rows.iter().enumerate() {
        let middle = line(index)? + BAR / 2;
        let name = format!("{}, {}", row.client, row.auth);
        write(
            &area,
            &name,
            (MARGIN + NAMES - GAP, middle),
            15,
            HPos::Right,
        )?;
    }
    for (column, (title, value)) in (0..).zip(panels) {
        let left = MARGIN + NAMES + column * (BARS + NUMBER + GAP);
        write(&area, title, (left, HEAD - 2 * GAP), 15, HPos::Left)?;
        let most = rows.iter().map(|row| value(row)).fold(1.0, f64::max);
        for (index, row) in rows.iter().enumerate() {
            let top = line(index)?;
            #[expect(clippy::cast_possible_truncation, reason = "a part of BARS")]
            let length = (value(row) / most * f64::from(BARS)).round() as i32;
            let bottom = top + BAR;
            let colour = if row.client == "atlas-admin" {
                OURS
            } else {
                OTHERS
            };
            let bar = Rectangle::new([(left, top), (left + length, bottom)], colour.filled());
            area.draw(&bar)?;
            let number = format!("{:.2}", value(row));
            let middle = top + BAR / 2;
            write(
                &area,
                &number,
                (left + length + GAP, middle),
                15,
                HPos::Left,
            )?;
        }
    }
    area.present()?;
    drop(area);
    Ok(svg)
}

fn line(index: usize) -> Result<i32> {
    let index = i32::try_from(index).context("as many clients as fit a page")?;
    Ok(HEAD + index * LINE)
}

fn write(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    text: &str,
    at: (i32, i32),
    size: i32,
    side: HPos,
) -> Result<()> {
    let style = TextStyle::from(("sans-serif", size).into_font())
        .color(&INK)
        .pos(Pos::new(side, VPos::Center));
    area.draw(&Text::new(text.to_owned(), at, style))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::report::tests::rows, *};

    #[test]
    fn every_client_has_two_bars_with_their_numbers() {
        let svg = draw(&rows()).unwrap();
        // The first rectangle is the background.
        assert_eq!(svg.matches("<rect").count(), 1 + 2 * 3, "{svg}");
        for text in [
            "reqwest, bearer",
            "atlas-admin, digest",
            "1.02",
            "0.98",
            "2.00",
            "0.50",
        ] {
            assert!(svg.contains(text), "no {text} in {svg}");
        }
    }
}
