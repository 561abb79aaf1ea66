//! The chart: throughput and requests for each update, side by side, as SVG.

use std::fmt::Write as _;

use super::{
    report::Row,
    scenario::{MANY_TASKS, NETWORK_MS},
};

const NAMES: f64 = 200.0;
const BAR: f64 = 200.0;
const PANEL: f64 = 290.0;
const WIDTH: f64 = NAMES + 2.0 * PANEL;
const TOP: f64 = 70.0;
const LINE: f64 = 28.0;

/// Readers may have a light or a dark page, which the system's setting need not match. So the
/// chart has a background of its own.
const STYLE: &str = "
text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.note { fill: #59636e }
.card { fill: #ffffff; stroke: #d1d9e0 }
.bar { fill: #a8b3bf }
.ours .bar { fill: #1a7f5a }
.ours text { font-weight: 600 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .note { fill: #9198a1 }
  .card { fill: #0d1117; stroke: #3d444d }
  .bar { fill: #545d68 }
  .ours .bar { fill: #3fb984 }
}
";

/// Draws the scenario that stands for a service on the network.
pub(crate) fn draw(rows: &[Row]) -> String {
    let rows: Vec<&Row> = rows
        .iter()
        .filter(|row| row.is_from(NETWORK_MS, MANY_TASKS))
        .collect();
    let value: [fn(&Row) -> f64; 2] = [|row| row.throughput_vs_baseline, Row::requests_per_update];
    let heads = [
        ("Throughput", "relative to reqwest; more is better"),
        ("Requests per update", "fewer is better"),
    ];
    let height = rows.iter().fold(TOP + 8.0, |height, _| height + LINE);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
         <title>API key updates: {MANY_TASKS} at a time, server latency {NETWORK_MS} ms</title>\n\
         <style>{STYLE}</style>\n\
         <rect class=\"card\" x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"6\"/>\n\
         <text class=\"note\" x=\"16\" y=\"30\">{MANY_TASKS} updates at a time,</text>\n\
         <text class=\"note\" x=\"16\" y=\"48\">server latency {NETWORK_MS} ms</text>\n",
        WIDTH - 1.0,
        height - 1.0,
    );
    let mut x = NAMES;
    for (title, note) in heads {
        let _ = writeln!(
            svg,
            "<text class=\"title\" x=\"{x}\" y=\"30\">{title}</text>\n\
             <text class=\"note\" x=\"{x}\" y=\"48\">{note}</text>"
        );
        x += PANEL;
    }
    let longest = value.map(|value| rows.iter().map(|row| value(row)).fold(1.0, f64::max));
    let mut y = TOP;
    for row in rows {
        let class = match row.client {
            "atlas-admin" => " class=\"ours\"",
            _ => "",
        };
        let base = y + 15.0;
        let _ = writeln!(
            svg,
            "<g{class}>\n<text x=\"16\" y=\"{base}\">{}, {}</text>",
            row.client, row.auth
        );
        for (x, (value, longest)) in [NAMES, NAMES + PANEL].iter().zip(value.iter().zip(longest)) {
            let length = value(row) / longest * BAR;
            let _ = writeln!(
                svg,
                "<rect class=\"bar\" x=\"{x}\" y=\"{y}\" width=\"{length:.1}\" height=\"20\" \
                 rx=\"3\"/>\n\
                 <text x=\"{:.1}\" y=\"{base}\">{:.2}</text>",
                x + length + 8.0,
                value(row)
            );
        }
        svg += "</g>\n";
        y += LINE;
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::{super::report::tests::rows, *};

    #[test]
    fn every_client_has_two_bars_with_their_numbers() {
        let svg = draw(&rows());
        // One rectangle is the background.
        assert_eq!(svg.matches("<rect").count(), 1 + 2 * 3, "{svg}");
        assert_eq!(svg.matches("<g class=\"ours\">").count(), 1, "{svg}");
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
