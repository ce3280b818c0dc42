//! Amounts of CPU, memory and storage: `500m`, `4Gi`, `2`.
//!
//! Kept exactly in thousandths, with the text as it was written when that is canonical.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go

use crate::base::Str;
use std::fmt;

/// An amount; compares by value, prints canonically.
#[derive(Clone, Debug)]
pub struct Quantity {
    milli: i128,
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Decimal,
    Binary,
    Exponent,
}

const BINARY: [(&str, u32); 6] =
    [("Ei", 60), ("Pi", 50), ("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)];
const DECIMAL: [(&str, i128); 6] = [
    ("E", 1_000_000_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("T", 1_000_000_000_000),
    ("G", 1_000_000_000),
    ("M", 1_000_000),
    ("k", 1000),
];

impl Quantity {
    /// What Kubernetes says of a quantity it cannot read.
    pub const MALFORMED: &str = "quantities must match the regular expression \
        '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    /// So many whole units.
    pub fn units(n: i64) -> Quantity {
        Quantity { milli: i128::from(n) * 1000, format: Format::Decimal }
    }

    /// So many bytes; prints in powers of two.
    pub fn bytes(n: i64) -> Quantity {
        Quantity { milli: i128::from(n) * 1000, format: Format::Binary }
    }

    /// So many thousandths.
    pub fn milli(n: i64) -> Quantity {
        Quantity { milli: i128::from(n), format: Format::Decimal }
    }

    /// The amount in thousandths, rounded up, at most what an `i64` holds.
    pub fn as_milli(&self) -> i64 {
        i64::try_from(self.milli).unwrap_or(if self.milli < 0 { i64::MIN } else { i64::MAX })
    }

    /// The amount in whole units (bytes, CPUs), rounded up.
    pub fn as_units(&self) -> i64 {
        let units = self.milli.div_euclid(1000) + i128::from(self.milli.rem_euclid(1000) != 0);
        i64::try_from(units).unwrap_or(if units < 0 { i64::MIN } else { i64::MAX })
    }

    /// The sum of both; prints as this one.
    pub fn plus(&self, other: &Quantity) -> Quantity {
        let format = if self.milli == 0 { other.format } else { self.format };
        Quantity { milli: self.milli.saturating_add(other.milli), format }
    }

    /// The difference, in the notation of `self`.
    pub fn minus(&self, other: &Quantity) -> Quantity {
        Quantity { milli: self.milli.saturating_sub(other.milli), format: self.format }
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.milli < 0
    }

    /// Reads `text`; `None` if it is no quantity. Finer than a thousandth is rounded up.
    pub fn parse(text: &str) -> Option<Quantity> {
        let (negative, body) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let end = body.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(body.len());
        let (number, suffix) = body.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        if whole.len() > 24 || fraction.len() > 12 {
            return None;
        }
        let (factor_milli, divisor, format) = scale_of(suffix)?;
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let scaled = digits.checked_mul(factor_milli)?;
        let divisor = divisor * 10i128.pow(fraction.len() as u32);
        let milli = scaled.div_euclid(divisor) + i128::from(scaled.rem_euclid(divisor) != 0);
        Some(Quantity { milli: if negative { -milli } else { milli }, format })
    }
}

/// How many thousandths one of `suffix` is, as a fraction, and what it prints as.
fn scale_of(suffix: &str) -> Option<(i128, i128, Format)> {
    if let Some(&(_, bits)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        return Some((1000 << bits, 1, Format::Binary));
    }
    if let Some(&(_, factor)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((1000 * factor, 1, Format::Decimal));
    }
    match suffix {
        "" => return Some((1000, 1, Format::Decimal)),
        "m" => return Some((1, 1, Format::Decimal)),
        "u" => return Some((1, 1000, Format::Decimal)),
        "n" => return Some((1, 1_000_000, Format::Decimal)),
        _ => {}
    }
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    match exponent {
        0..=18 => Some((1000 * 10i128.pow(exponent as u32), 1, Format::Exponent)),
        -12..=-1 => Some((1000, 10i128.pow(-exponent as u32), Format::Exponent)),
        _ => None,
    }
}

impl Default for Quantity {
    fn default() -> Self {
        Quantity::units(0)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.milli == other.milli
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.milli.cmp(&other.milli)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, milli) = if self.milli < 0 { ("-", -self.milli) } else { ("", self.milli) };
        if milli % 1000 != 0 {
            return write!(f, "{sign}{milli}m");
        }
        let units = milli / 1000;
        if units == 0 {
            return f.write_str("0");
        }
        if self.format == Format::Binary {
            if let Some((name, bits)) = BINARY.iter().find(|(_, bits)| units % (1 << bits) == 0) {
                return write!(f, "{sign}{}{name}", units >> bits);
            }
            return write!(f, "{sign}{units}");
        }
        match DECIMAL.iter().find(|(_, factor)| units % factor == 0) {
            Some((name, factor)) if self.format == Format::Decimal => {
                write!(f, "{sign}{}{name}", units / factor)
            }
            Some((_, factor)) => {
                write!(f, "{sign}{}e{}", units / factor, factor.ilog10())
            }
            None => write!(f, "{sign}{units}"),
        }
    }
}

impl From<Quantity> for Str {
    fn from(quantity: Quantity) -> Str {
        quantity.to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_and_print() {
        let canon = |text: &str| Quantity::parse(text).map(|q| q.to_string());
        let same = ["1Gi", "500m", "4", "10k", "1536Mi", "0", "1e3"];
        for text in same {
            assert_eq!(canon(text).as_deref(), Some(text));
        }
        assert_eq!(canon("1024Mi").as_deref(), Some("1Gi"));
        assert_eq!(canon("0.5").as_deref(), Some("500m"));
        assert_eq!(canon("1.5Gi").as_deref(), Some("1536Mi"));
        assert_eq!(canon("1000").as_deref(), Some("1k"));
        for bad in ["", "Gi", "1Gx", "1.2.3", "--1", "1 Gi"] {
            assert_eq!(canon(bad), None, "{bad}");
        }
        assert_eq!(Quantity::parse("1Gi").expect("valid").as_units(), 1 << 30);
    }
}
