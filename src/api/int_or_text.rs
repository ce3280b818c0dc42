//! A number or a text: ports by name or number, amounts or percentages.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/util/intstr/intstr.go

use super::json::{Json, Reader, Shape};
use crate::base::Str;
use serde_json::Value;

/// A number or a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntOrText {
    /// A number.
    Int(i32),
    /// A text, such as a port's name or `25%`.
    Text(Str),
}

impl Default for IntOrText {
    fn default() -> Self {
        IntOrText::Int(0)
    }
}

impl IntOrText {
    /// The number, or the percentage of `total` rounded up or down; `None` if the text is
    /// no percentage.
    pub fn scaled(&self, total: i64, round_up: bool) -> Option<i64> {
        match self {
            IntOrText::Int(n) => Some(i64::from(*n)),
            IntOrText::Text(text) => {
                let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
                let hundredths = percent.checked_mul(total)?;
                Some(if round_up { (hundredths + 99).div_euclid(100) } else { hundredths / 100 })
            }
        }
    }
}

impl std::fmt::Display for IntOrText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            IntOrText::Int(n) => write!(f, "{n}"),
            IntOrText::Text(text) => f.write_str(text),
        }
    }
}

impl Json for IntOrText {
    const SHAPE: Shape = Shape::IntOrText;
    fn read(value: &Value, reader: &mut Reader) -> Self {
        match value {
            Value::String(text) => IntOrText::Text(text.as_str().into()),
            other => IntOrText::Int(i32::read(other, reader)),
        }
    }
    fn write(&self) -> Value {
        match self {
            IntOrText::Int(n) => n.write(),
            IntOrText::Text(text) => text.write(),
        }
    }
    fn is_absent(&self) -> bool {
        false
    }
}
