//! How objects are read from JSON trees and written back, and what every field of them is
//! worth here. `object!` declares a struct and, in the same table, the fields that are kept
//! without effect: they survive in `rest`, are printed back and take part in template hashes.
//!
//! Why not serde's derive: with kept fields and Kubernetes' own words for every mistake it
//! would take three times the download, and the field table would have to be written twice.
//!
//! Upstream: sigs.k8s.io/json (strict decoding) and the words of Go's encoding/json.

mod declare;
mod values;

pub use values::MicroTime;

use serde_json::{Map as JsonMap, Value};
use std::rc::Rc;

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Text.
    Text,
    /// A whole number of 32 bits.
    Int32,
    /// A whole number of 64 bits.
    Int64,
    /// True or false.
    Bool,
    /// Text or a whole number, such as a port's name or number.
    IntOrText,
    /// An amount such as `500m` or `4Gi`; a number or text.
    Quantity,
    /// A date.
    Time,
    /// Anything: a part of the tree nobody here looks into.
    Any,
    /// A list.
    List(&'static Shape),
    /// Names to values.
    Dict(&'static Shape),
    /// An object with known fields.
    Object(&'static Schema),
}

/// What the simulator does with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It has the effect it has in Kubernetes.
    Simulated,
    /// It is accepted, printed back, part of a template's hash, and has no effect.
    Kept,
}

/// One field of an object.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in JSON.
    pub key: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// What it does here.
    pub support: Support,
    /// Whether it is printed even when it is empty or zero.
    pub always: bool,
}

/// The fields of one type, under the name it has upstream.
#[derive(Debug)]
pub struct Schema {
    /// The type's name upstream, such as `StatefulSetSpec`.
    pub name: &'static str,
    /// The same as a list: `[]StatefulSetSpec`.
    pub list_name: &'static str,
    /// Its fields: simulated ones first, in the order of the struct.
    pub fields: &'static [Field],
    /// What each simulated field means, in a sentence or two, a line each. Behind a function, since
    /// what nobody reads at the start need not be there at the start.
    pub docs: fn() -> &'static str,
}

impl Schema {
    /// The field called `key`.
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// What the field called `key` means; empty for one that is kept without effect.
    pub fn doc(&self, key: &str) -> &'static str {
        let at = self.fields.iter().position(|field| field.key == key);
        at.and_then(|at| (self.docs)().lines().nth(at)).map_or("", str::trim)
    }
}

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No such field; the path from the object's root, such as `spec.replica`.
    Unknown(String),
    /// A value of the wrong type.
    Type {
        /// The path from the object's root.
        path: String,
        /// The path as Go names it: without places in lists and keys of maps.
        field: String,
        /// What is there: `string`, `number`, `bool`, `array`, `object`.
        got: String,
        /// The upstream struct that owns the field.
        owner: &'static str,
        /// Go's name for what belongs there: `int32`, `string`, …
        want: &'static str,
    },
    /// A value of the right type that cannot be read, such as a quantity `1Gx`.
    Value {
        /// The path from the object's root.
        path: String,
        /// What is wrong with it.
        message: String,
    },
}

impl Problem {
    /// What is wrong, in the words of Kubernetes' decoder.
    pub fn message(&self) -> String {
        match self {
            Problem::Unknown(path) => format!("unknown field {path:?}"),
            Problem::Type { field, got, owner, want, .. } => {
                let package = |name: &str| match name.starts_with(char::is_uppercase) {
                    true => format!("v1.{name}"),
                    false => name.to_string(),
                };
                let want = match want.strip_prefix("[]") {
                    Some(item) => format!("[]{}", package(item)),
                    None => package(want),
                };
                format!(
                    "json: cannot unmarshal {got} into Go struct field {owner}.{field} of \
                         type {want}"
                )
            }
            Problem::Value { message, .. } => message.clone(),
        }
    }

    /// Where it is, from the object's root.
    pub fn path(&self) -> &str {
        match self {
            Problem::Unknown(path) | Problem::Type { path, .. } | Problem::Value { path, .. } => {
                path
            }
        }
    }
}

/// What the decoder says of a document with these problems; `None` if there are none. As in
/// Go, the first value that cannot be read hides all unknown fields.
pub fn decode_message(kind: &str, version: &str, problems: &[Problem]) -> Option<String> {
    let hard = problems.iter().find(|problem| !matches!(problem, Problem::Unknown(_)));
    let what = match (hard, problems) {
        (_, []) => return None,
        (Some(hard), _) => hard.message(),
        (None, unknown) => {
            let list: Vec<String> = unknown.iter().map(Problem::message).collect();
            format!("strict decoding error: {}", list.join(", "))
        }
    };
    Some(format!("{kind} in version {version:?} cannot be handled as a {kind}: {what}"))
}

/// Marks a step of a path that is the key of a map, not a field.
const KEY: char = '\u{1}';

/// Collects problems while a tree is read. Reading never stops: what cannot be read is left
/// at its default, and a caller that finds problems throws the object away.
#[derive(Debug, Default)]
pub struct Reader {
    path: Vec<String>,
    owner: &'static str,
    /// All problems, in document order.
    pub problems: Vec<Problem>,
}

impl Reader {
    /// The path of the value being read, such as `spec.template.spec.containers[0].image`.
    pub fn path(&self) -> String {
        let mut out = String::new();
        for part in &self.path {
            if !out.is_empty() && !part.starts_with('[') {
                out.push('.');
            }
            out.push_str(part.strip_prefix(KEY).unwrap_or(part));
        }
        out
    }

    /// The same as Go names it: without places in lists and keys of maps.
    fn field_name(&self) -> String {
        let parts = self.path.iter().filter(|part| !part.starts_with(['[', KEY]));
        parts.map(String::as_str).collect::<Vec<&str>>().join(".")
    }

    /// Runs `read` on the value of `key` in a map.
    pub fn inside_key<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.inside(format!("{KEY}{key}"), read)
    }

    /// Reads an object's fields into `slots`, one for each simulated field of `schema` in its
    /// order; null and absence leave a slot as it is. Gives the fields kept without effect.
    pub fn fill(
        &mut self,
        value: &Value,
        schema: &'static Schema,
        slots: &mut [&mut dyn Slot],
    ) -> Rest {
        let Some(map) = self.object(value, schema.name) else {
            return Rest::default();
        };
        for (field, slot) in schema.fields.iter().zip(slots) {
            match map.get(field.key) {
                None | Some(Value::Null) => {}
                Some(value) => {
                    self.inside(field.key.to_string(), |reader| slot.fill(value, reader));
                }
            }
        }
        self.rest(map, schema)
    }

    /// Notes that `value` is not the `want` that belongs here.
    pub fn mismatch(&mut self, value: &Value, want: &'static str) {
        let got = match value {
            Value::Null => "null".to_string(),
            Value::Bool(_) => "bool".to_string(),
            // As Go does: a number that does not fit is shown, any other only named.
            Value::Number(n) if want.starts_with("int") => format!("number {n}"),
            Value::Number(_) => "number".to_string(),
            Value::String(_) => "string".to_string(),
            Value::Array(_) => "array".to_string(),
            Value::Object(_) => "object".to_string(),
        };
        let (path, field, owner) = (self.path(), self.field_name(), self.owner);
        self.problems.push(Problem::Type { path, field, got, owner, want });
    }

    /// Notes that a value of the right type cannot be read.
    pub fn bad_value(&mut self, message: String) {
        let path = self.path();
        self.problems.push(Problem::Value { path, message });
    }

    /// The fields of `map` that `schema` keeps without effect; unknown ones are problems.
    pub fn rest(&mut self, map: &JsonMap<String, Value>, schema: &'static Schema) -> Rest {
        let mut kept = JsonMap::new();
        for (key, value) in map {
            // What the whole document is, is not a field of it.
            if self.path.is_empty() && (key == "apiVersion" || key == "kind") {
                continue;
            }
            match schema.field(key) {
                None => {
                    let path = self.inside(key.clone(), |reader| reader.path());
                    self.problems.push(Problem::Unknown(path));
                }
                Some(field) if field.support == Support::Kept && !value.is_null() => {
                    self.inside(key.clone(), |reader| reader.check(value, field.shape));
                    kept.insert(key.clone(), value.clone());
                }
                Some(_) => {}
            }
        }
        Rest(if kept.is_empty() { None } else { Some(Rc::new(kept)) })
    }

    /// Runs `read` one step deeper in the tree.
    pub fn inside<T>(&mut self, step: String, read: impl FnOnce(&mut Self) -> T) -> T {
        let owner = self.owner;
        self.path.push(step);
        let value = read(self);
        self.path.pop();
        self.owner = owner;
        value
    }

    /// Starts an object of the upstream type `owner`.
    pub fn object<'v>(
        &mut self,
        value: &'v Value,
        owner: &'static str,
    ) -> Option<&'v JsonMap<String, Value>> {
        let Value::Object(map) = value else {
            self.mismatch(value, owner);
            return None;
        };
        self.owner = owner;
        Some(map)
    }

    /// Checks a kept value against its shape without building anything.
    pub fn check(&mut self, value: &Value, shape: Shape) {
        match (shape, value) {
            (Shape::Any, _) | (_, Value::Null) => {}
            (Shape::Text | Shape::IntOrText | Shape::Quantity | Shape::Time, Value::String(_))
            | (Shape::Bool, Value::Bool(_))
            | (Shape::IntOrText | Shape::Quantity, Value::Number(_)) => {}
            (Shape::Int32, value) => drop(i32::read(value, self)),
            (Shape::Int64, value) => drop(i64::read(value, self)),
            (Shape::List(of), Value::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    self.inside(format!("[{at}]"), |reader| reader.check(item, *of));
                }
            }
            (Shape::Dict(of), Value::Object(map)) => {
                for (key, item) in map {
                    self.inside_key(key, |reader| reader.check(item, *of));
                }
            }
            (Shape::Object(schema), Value::Object(map)) => {
                self.owner = schema.name;
                for (key, item) in map {
                    self.inside(key.clone(), |reader| match schema.field(key) {
                        Some(field) => reader.check(item, field.shape),
                        None => {
                            let path = reader.path();
                            reader.problems.push(Problem::Unknown(path));
                        }
                    });
                }
            }
            (Shape::Text | Shape::Time | Shape::Quantity | Shape::IntOrText, value) => {
                self.mismatch(value, "string");
            }
            (Shape::Bool, value) => self.mismatch(value, "bool"),
            (Shape::List(_), value) => self.mismatch(value, "[]interface {}"),
            (Shape::Dict(_), value) => self.mismatch(value, "map[string]string"),
            (Shape::Object(schema), value) => self.mismatch(value, schema.name),
        }
    }
}

/// The fields of one object that are kept without effect.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rest(pub Option<Rc<JsonMap<String, Value>>>);

impl Rest {
    /// The kept field `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.as_ref()?.get(key)
    }

    /// Sets the kept field `key`.
    pub fn set(&mut self, key: &str, value: Value) {
        let map = self.0.get_or_insert_with(Rc::default);
        Rc::make_mut(map).insert(key.to_string(), value);
    }

    /// Sets the kept field `key` unless it is there: a default.
    pub fn set_default(&mut self, key: &str, value: Value) {
        if self.get(key).is_none() {
            self.set(key, value);
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The kept field `key` if it is an object, to change.
    pub fn object_mut(&mut self, key: &str) -> Option<&mut JsonMap<String, Value>> {
        self.get(key)?.as_object()?;
        Rc::make_mut(self.0.as_mut()?).get_mut(key)?.as_object_mut()
    }

    /// Removes the kept field `key`.
    pub fn remove(&mut self, key: &str) {
        if self.get(key).is_some()
            && let Some(map) = &mut self.0
        {
            Rc::make_mut(map).remove(key);
            if map.is_empty() {
                self.0 = None;
            }
        }
    }

    /// Removes those of `keys` that are false: they print only when true.
    pub fn drop_false(&mut self, keys: &[&str]) {
        for key in keys {
            if self.get(key) == Some(&Value::Bool(false)) {
                self.remove(key);
            }
        }
    }

    /// Puts all kept fields into `map`.
    pub fn write_into(&self, map: &mut JsonMap<String, Value>) {
        for (key, value) in self.0.iter().flat_map(|kept| kept.iter()) {
            map.insert(key.clone(), value.clone());
        }
    }
}

/// A value that can be read from JSON and written back.
pub trait Json: Sized + Default {
    /// What it looks like.
    const SHAPE: Shape;
    /// Reads it, noting problems in `reader`.
    fn read(value: &Value, reader: &mut Reader) -> Self;
    /// Writes it.
    fn write(&self) -> Value;
    /// Whether a field that holds it is left out when printed (Go's `omitempty`).
    fn is_absent(&self) -> bool;
}

/// A field of an object, whatever its type. All objects are read and written by one routine
/// over such slots: one for each type would be a tenth of the download.
pub trait Slot {
    /// Reads the field.
    fn fill(&mut self, value: &Value, reader: &mut Reader);
    /// Writes the field; `None` if it is absent and not wanted `always`.
    fn show(&self, always: bool) -> Option<Value>;
}

impl<T: Json> Slot for T {
    fn fill(&mut self, value: &Value, reader: &mut Reader) {
        *self = T::read(value, reader);
    }
    fn show(&self, always: bool) -> Option<Value> {
        (always || !self.is_absent()).then(|| self.write())
    }
}

/// Writes an object: its fields, which are those of `schema` in its order, and what is kept.
pub fn show(schema: &Schema, slots: &[&dyn Slot], rest: &Rest) -> Value {
    let mut map = JsonMap::new();
    for (field, slot) in schema.fields.iter().zip(slots) {
        if let Some(value) = slot.show(field.always) {
            map.insert(field.key.to_string(), value);
        }
    }
    rest.write_into(&mut map);
    Value::Object(map)
}
