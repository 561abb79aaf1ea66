//! The text format of faults, which [`Faults`] documents.

use std::{collections::BTreeMap, fmt::Display, str::FromStr, time::Duration};

use super::{
    fault::{Fault, FaultTarget, Reset},
    injector::Faults,
};

/// An error in the text of a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fault {fault:?}: {reason}")]
pub struct FaultSpecError {
    fault: String,
    reason: String,
}

impl FromStr for Faults {
    type Err = FaultSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut specs = text
            .split(';')
            .map(str::trim)
            .filter(|spec| !spec.is_empty());
        specs.try_fold(Self::new(), |faults, spec| {
            let fault = fault(spec).map_err(|reason| FaultSpecError {
                fault: spec.to_owned(),
                reason,
            })?;
            Ok(faults.with(fault))
        })
    }
}

fn fault(spec: &str) -> Result<Fault, String> {
    let (name, settings) = spec.split_once(':').unwrap_or((spec, ""));
    let name = name.trim();
    let mut settings = Settings::parse(settings)?;
    let at = settings.take("at");
    let mut fault = match name {
        "429" => Fault::rate_limited(),
        "405" => Fault::maintenance(),
        "stale" => Fault::stale(),
        "500" => Fault::unexpected(),
        "502" => Fault::gateway(502, false),
        "503" => Fault::gateway(503, false),
        "504" => Fault::gateway(504, false),
        "html502" => Fault::gateway(502, true),
        "html503" => Fault::gateway(503, true),
        "html504" => Fault::gateway(504, true),
        "badjson" => Fault::broken_json(),
        "otherkey" => Fault::other_key(),
        "olddesc" => Fault::old_desc(),
        "oldroles" => Fault::old_roles(),
        "ignored" => Fault::ignored(),
        "delay" => {
            let ms = settings.number("ms")?.ok_or("delay requires ms")?;
            Fault::delay(Duration::from_millis(ms))
        }
        "hang" => Fault::hang(),
        "reset" => Fault::reset(match at {
            None | Some("before") => Reset::Before,
            Some("after") => Reset::After,
            Some("during") => Reset::During,
            Some("idle") => Reset::Idle,
            Some(other) => return Err(not("at", other, "before, after, during or idle")),
        }),
        _ => return Err("unknown fault".to_owned()),
    };
    match at {
        _ if name == "reset" => {}
        None => {}
        Some("before") if !fault.after_update => {}
        Some("after") if fault.kind.supports_after_update() => fault = fault.after_update(),
        Some(other) => return Err(format!("{name} does not support at={other}")),
    }
    if let Some(on) = settings.take("on") {
        let target = match on {
            "calls" => FaultTarget::Calls,
            "tokens" => FaultTarget::Tokens,
            "all" => FaultTarget::All,
            other => return Err(not("on", other, "calls, tokens or all")),
        };
        if fault.kind.is_for_calls_only() && target != FaultTarget::Calls {
            return Err(format!("{name} does not support on={on}"));
        }
        fault = fault.on(target);
    }
    if let Some(seconds) = settings.number("retry_after")? {
        if !fault.kind.supports_retry_after() {
            return Err(format!("{name} does not support retry_after"));
        }
        fault = fault.retry_after(seconds);
    }
    match (settings.number("every")?, settings.number::<f64>("p")?) {
        (Some(_), Some(_)) => return Err("every and p are mutually exclusive".to_owned()),
        (Some(0), _) => return Err(not("every", "0", "1 or more")),
        (Some(every), None) => fault = fault.every(every),
        (None, Some(p)) if (0.0..=1.0).contains(&p) => fault = fault.chance(p),
        (None, Some(p)) => return Err(not("p", p, "between 0 and 1")),
        (None, None) => {}
    }
    if let Some(skip) = settings.number("skip")? {
        fault = fault.skip(skip);
    }
    if let Some(times) = settings.number("times")? {
        fault = fault.times(times);
    }
    settings.finish()?;
    Ok(fault)
}

fn not(name: &str, value: impl Display, expected: &str) -> String {
    format!("{name}={value} is not {expected}")
}

/// The settings of a fault that are not yet processed.
struct Settings<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Settings<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let mut settings = BTreeMap::new();
        for setting in text
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            let (name, value) = setting
                .split_once('=')
                .ok_or_else(|| format!("{setting:?} has no value"))?;
            if settings.insert(name.trim(), value.trim()).is_some() {
                return Err(format!("duplicate setting {}", name.trim()));
            }
        }
        Ok(Self(settings))
    }

    fn take(&mut self, name: &str) -> Option<&'a str> {
        self.0.remove(name)
    }

    fn number<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, String> {
        let value = self.take(name);
        value
            .map(|value| value.parse().map_err(|_| not(name, value, "a number")))
            .transpose()
    }

    fn finish(&self) -> Result<(), String> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("unknown setting {name:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_every_fault() {
        for (text, fault) in [
            ("429:retry_after=0", Fault::rate_limited().retry_after(0)),
            ("405", Fault::maintenance()),
            ("stale:p=1", Fault::stale().chance(1.0)),
            ("500:at=after", Fault::unexpected().after_update()),
            (
                "504:at=before,on=all",
                Fault::gateway(504, false).on(FaultTarget::All),
            ),
            (
                "html503:retry_after=2",
                Fault::gateway(503, true).retry_after(2),
            ),
            ("badjson:skip=3", Fault::broken_json().skip(3)),
            ("otherkey:every=2", Fault::other_key().every(2)),
            ("olddesc:on=calls", Fault::old_desc()),
            ("oldroles", Fault::old_roles()),
            ("ignored", Fault::ignored()),
            (
                "delay:ms=50,p=0.1",
                Fault::delay(Duration::from_millis(50)).chance(0.1),
            ),
            (
                "hang:at=after,times=1",
                Fault::hang().after_update().times(1),
            ),
            (
                "reset : at = idle , every = 3",
                Fault::reset(Reset::Idle).every(3),
            ),
            (
                "reset:on=tokens",
                Fault::reset(Reset::Before).on(FaultTarget::Tokens),
            ),
        ] {
            assert_eq!(text.parse(), Ok(Faults::new().with(fault)), "{text}");
        }
        assert_eq!(" ; ".parse(), Ok(Faults::new()));
    }

    #[test]
    fn errors_name_the_invalid_part() {
        for (text, reason) in [
            ("418", "unknown fault"),
            ("429:every=0", "every=0 is not 1 or more"),
            ("429:every=x", "every=x is not a number"),
            ("429:p=2", "p=2 is not between 0 and 1"),
            ("429:p=NaN", "p=NaN is not between 0 and 1"),
            ("429:p=0.5,every=2", "every and p are mutually exclusive"),
            ("429:at=after", "429 does not support at=after"),
            ("429:times=1,times=2", "duplicate setting times"),
            ("429:later=1", "unknown setting \"later\""),
            ("stale:on=all", "stale does not support on=all"),
            ("ignored:on=tokens", "ignored does not support on=tokens"),
            ("405:retry_after=1", "405 does not support retry_after"),
            ("badjson:at=before", "badjson does not support at=before"),
            ("delay", "delay requires ms"),
            (
                "reset:at=noon",
                "at=noon is not before, after, during or idle",
            ),
            ("hang:after", "\"after\" has no value"),
        ] {
            let error = text.parse::<Faults>().unwrap_err();
            assert_eq!(error.to_string(), format!("fault {text:?}: {reason}"));
        }
    }
}
