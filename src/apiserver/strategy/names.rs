//! The rules for names: labels, subdomains, qualified names, ports, variables.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go

/// A rule: what is wrong with a name, nothing if it is fine.
pub type Rule = fn(&str) -> Vec<String>;

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric \
    characters or '-', and must start and end with an alphanumeric character (e.g. \
    'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case \
    alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character \
    (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NAME_PART: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must \
    start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', \
    regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric \
    characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
    'MyValue',  or 'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const ENV_NAME: &str = "a valid environment variable name must consist only of printable ASCII \
    characters other than '='";

/// The same of label keys and values, which are measured in other words.
fn too_many_bytes(text: &str, most: usize) -> Option<String> {
    (text.len() > most).then(|| format!("must be no more than {most} bytes"))
}

fn too_long(text: &str, most: usize) -> Option<String> {
    (text.len() > most).then(|| format!("must be no more than {most} characters"))
}

fn lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let inside = |&byte: &u8| lower_or_digit(byte) || byte == b'-';
    let ends = |byte: Option<&u8>| byte.is_some_and(|&byte| lower_or_digit(byte));
    ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(inside)
}

fn is_name_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    let inside = |&byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(inside)
}

/// `web-0`: at most 63 of a-z, 0-9 and dashes.
pub fn dns_label(text: &str) -> Vec<String> {
    let mut out: Vec<String> = too_long(text, 63).into_iter().collect();
    if !is_label(text) {
        out.push(LABEL.to_string());
    }
    out
}

/// `example.com`: labels joined by dots, at most 253 in all.
pub fn dns_subdomain(text: &str) -> Vec<String> {
    let mut out: Vec<String> = too_long(text, 253).into_iter().collect();
    if !text.split('.').all(is_label) {
        out.push(SUBDOMAIN.to_string());
    }
    out
}

/// A name that can be part of a path.
pub fn path_segment(text: &str) -> Vec<String> {
    if matches!(text, "." | "..") {
        return vec![format!("may not be '{text}'")];
    }
    let bad = ["/", "%"].into_iter().filter(|bad| text.contains(bad));
    bad.map(|bad| format!("may not contain '{bad}'")).collect()
}

/// `example.com/MyName`: an optional subdomain and a name.
pub fn qualified_name(text: &str) -> Vec<String> {
    let (prefix, name) = match text.split_once('/') {
        None => (None, text),
        Some((_, rest)) if rest.contains('/') => {
            return vec![format!(
                "a qualified name {NAME_PART} with an optional DNS subdomain prefix and '/' \
                 (e.g. 'example.com/MyName')"
            )];
        }
        Some((prefix, name)) => (Some(prefix), name),
    };
    let mut out = Vec::new();
    match prefix {
        Some("") => out.push("prefix part must be non-empty".to_string()),
        Some(prefix) => {
            out.extend(dns_subdomain(prefix).iter().map(|problem| format!("prefix part {problem}")))
        }
        None => {}
    }
    if name.is_empty() {
        out.push("name part must be non-empty".to_string());
    } else if let Some(problem) = too_many_bytes(name, 63) {
        out.push(format!("name part {problem}"));
    }
    if !is_name_part(name) {
        out.push(format!("name part {NAME_PART}"));
    }
    out
}

/// The value of a label: empty, or at most 63 characters.
pub fn label_value(text: &str) -> Vec<String> {
    let mut out: Vec<String> = too_many_bytes(text, 63).into_iter().collect();
    if !text.is_empty() && !is_name_part(text) {
        out.push(LABEL_VALUE.to_string());
    }
    out
}

/// The name of a port: at most 15 of a-z, 0-9 and single dashes, at least one letter.
pub fn port_name(text: &str) -> Vec<String> {
    let mut out: Vec<String> = too_long(text, 15).into_iter().collect();
    if !text.bytes().all(|byte| lower_or_digit(byte) || byte == b'-') {
        out.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into());
    }
    if !text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        out.push("must contain at least one letter (a-z)".into());
    }
    if text.contains("--") {
        out.push("must not contain consecutive hyphens".into());
    }
    if text.starts_with('-') || text.ends_with('-') {
        out.push("must not begin or end with a hyphen".into());
    }
    out
}

/// The name of a variable: printable ASCII without `=`.
pub fn env_name(text: &str) -> Vec<String> {
    let fine = text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=');
    if fine { Vec::new() } else { vec![ENV_NAME.to_string()] }
}

/// A key of a ConfigMap or Secret.
pub fn config_map_key(text: &str) -> Vec<String> {
    let mut out: Vec<String> = too_long(text, 253).into_iter().collect();
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if text.is_empty() || !text.bytes().all(fine) {
        out.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
             'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
             '[-._a-zA-Z0-9]+')"
                .into(),
        );
    }
    if text == "." || text == ".." {
        out.push(format!("must not be '{text}'"));
    } else if text.starts_with("..") {
        out.push("must not start with '..'".into());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_rules() {
        let fine: [(Rule, &str); 6] = [
            (dns_label, "web-0"),
            (dns_subdomain, "www-web-0.example"),
            (qualified_name, "topology.kubernetes.io/zone"),
            (label_value, ""),
            (port_name, "leader-election"),
            (env_name, "jvm.heap"),
        ];
        for (rule, name) in fine {
            assert_eq!(rule(name), Vec::<String>::new(), "{name}");
        }
        let bad: [(Rule, &str, usize); 8] = [
            (dns_label, "Web", 1),
            (dns_label, "", 1),
            (dns_subdomain, "a..b", 1),
            (qualified_name, "/a", 1),
            (qualified_name, "a/b/c", 1),
            (label_value, "a b", 1),
            (port_name, "80", 1),
            (config_map_key, "..a", 1),
        ];
        for (rule, name, count) in bad {
            assert_eq!(rule(name).len(), count, "{name}");
        }
    }
}
