//! A run in relation to the baseline runs just before and after it.

use super::job::Sample;

/// Ratios to the baseline. Higher throughput is better, and so is lower time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ratios {
    pub(crate) throughput: f64,
    pub(crate) p50: f64,
}

impl Ratios {
    /// Divides by the mean of the two baseline runs, which made as many updates. What slows the
    /// machine down for a while affects all three runs.
    pub(crate) fn new(before: Sample, sample: Sample, after: Sample) -> Self {
        let of = |value: fn(Sample) -> f64| value(sample) / ((value(before) + value(after)) / 2.0);
        Self {
            throughput: 1.0 / of(|sample| sample.seconds),
            p50: of(|sample| sample.p50),
        }
    }

    /// Returns the median of each ratio, or `None` without rounds.
    pub(crate) fn median(rounds: &[Self]) -> Option<Self> {
        let of = |value: fn(&Self) -> f64| median(rounds.iter().map(value));
        Some(Self {
            throughput: of(|ratios| ratios.throughput)?,
            p50: of(|ratios| ratios.p50)?,
        })
    }
}

/// Returns the middle value, or the mean of the two middle ones.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(*upper);
    }
    Some((values[middle - 1] + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(seconds: f64, p50: f64) -> Sample {
        Sample {
            seconds,
            p50,
            cpu_seconds: 0.0,
            failures: 0,
        }
    }

    #[test]
    fn a_run_is_compared_with_both_baseline_runs() {
        let ratios = Ratios::new(sample(1.0, 10.0), sample(4.0, 60.0), sample(3.0, 30.0));
        assert_eq!(
            ratios,
            Ratios {
                throughput: 0.5,
                p50: 3.0,
            }
        );
    }

    #[test]
    fn each_ratio_has_its_own_median() {
        let of = |throughput, p50| Ratios { throughput, p50 };
        let rounds = [of(0.9, 1.3), of(0.1, 1.1), of(1.0, 1.2)];
        assert_eq!(Ratios::median(&rounds), Some(of(0.9, 1.2)));
        assert_eq!(Ratios::median(&[]), None);
    }

    #[test]
    fn the_median_of_an_even_number_of_values_is_the_mean_of_two() {
        assert_eq!(median([4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median([7.0]), Some(7.0));
        assert_eq!(median([]), None);
    }
}
