//! What a scalar without quotes means: Kubernetes reads YAML 1.1, where `yes`, `on` and `y`
//! are truths and `0755` is a number in base 8.
//!
//! Upstream: resolve.go of go-yaml 2

use serde_json::{Number, Value};

/// What `text`, written without quotes, means.
pub fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            return Value::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_string()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    let plain: String = text.chars().filter(|&c| c != '_').collect();
    let (negative, digits) = match plain.as_bytes().first() {
        Some(b'-') => (true, &plain[1..]),
        Some(b'+') => (false, &plain[1..]),
        _ => (false, &*plain),
    };
    let based = |prefixes: [&str; 2], base: u32| {
        let digits = prefixes.iter().find_map(|prefix| digits.strip_prefix(prefix))?;
        i128::from_str_radix(digits, base).ok().filter(|_| !digits.starts_with(['+', '-']))
    };
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let value = based(["0x", "0X"], 16)
        .or_else(|| based(["0b", "0B"], 2))
        .or_else(|| based(["0o", "0O"], 8))
        .or_else(|| {
            let old = all_digits && digits.len() > 1 && digits.starts_with('0');
            if old { i128::from_str_radix(digits, 8).ok() } else { None }
        })
        .or_else(|| if all_digits { digits.parse().ok() } else { None });
    if let Some(value) = value {
        let value = if negative { -value } else { value };
        return match (i64::try_from(value), u64::try_from(value)) {
            (Ok(small), _) => Some(small.into()),
            (_, Ok(large)) => Some(large.into()),
            // Too large for a whole number: Go makes a fraction of it.
            _ => format!("{value}.0").parse().ok(),
        };
    }
    fraction(negative, digits)
}

/// A number with a point or an exponent.
fn fraction(negative: bool, digits: &str) -> Option<Number> {
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits, None),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits_only = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && part.is_empty() || !digits_only(whole) || !digits_only(part) {
        return None;
    }
    let mut json = String::from(if negative { "-" } else { "" });
    // JSON wants a digit before the point, and none of the leading zeros YAML allows.
    let trimmed = whole.trim_start_matches('0');
    json.push_str(if trimmed.is_empty() { "0" } else { trimmed });
    json.push('.');
    json.push_str(if part.is_empty() { "0" } else { part });
    if let Some(exponent) = exponent {
        let size = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if size.is_empty() || !digits_only(size) || size.len() > 3 {
            return None;
        }
        json.push('e');
        json.push_str(exponent);
    }
    json.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_mean_what_yaml_1_1_says() {
        let cases = [
            ("yes", json!(true)),
            ("off", json!(false)),
            ("~", json!(null)),
            ("0755", json!(493)),
            ("0o17", json!(15)),
            ("1_000", json!(1000)),
            ("0x1F", json!(31)),
            ("-3", json!(-3)),
            ("18446744073709551615", json!(18446744073709551615u64)),
            ("500m", json!("500m")),
            ("1:30", json!("1:30")),
            ("2026-01-01", json!("2026-01-01")),
            ("1.2.3", json!("1.2.3")),
            ("-", json!("-")),
            ("089", json!(89)),
            ("YES!", json!("YES!")),
        ];
        for (text, value) in cases {
            assert_eq!(resolve(text), value, "{text}");
        }
        assert_eq!(resolve("1.50").to_string(), "1.5");
        assert_eq!(resolve(".5e1").to_string(), "5.0");
    }
}
