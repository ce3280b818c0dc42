//! How plain values are read and written: text, numbers, dates, amounts, lists, maps.

use super::{Json, Reader, Shape};
use crate::api::quantity::Quantity;
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::base::time::SimTime;
use serde_json::{Number, Value};
use std::rc::Rc;

impl Json for Str {
    const SHAPE: Shape = Shape::Text;
    fn read(value: &Value, reader: &mut Reader) -> Self {
        match value {
            Value::String(text) => text.as_str().into(),
            other => {
                reader.mismatch(other, "string");
                "".into()
            }
        }
    }
    fn write(&self) -> Value {
        Value::String(self.to_string())
    }
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl Json for bool {
    const SHAPE: Shape = Shape::Bool;
    fn read(value: &Value, reader: &mut Reader) -> Self {
        value.as_bool().unwrap_or_else(|| {
            reader.mismatch(value, "bool");
            false
        })
    }
    fn write(&self) -> Value {
        Value::Bool(*self)
    }
    fn is_absent(&self) -> bool {
        !*self
    }
}

impl Json for i64 {
    const SHAPE: Shape = Shape::Int64;
    fn read(value: &Value, reader: &mut Reader) -> Self {
        value.as_i64().unwrap_or_else(|| {
            reader.mismatch(value, "int64");
            0
        })
    }
    fn write(&self) -> Value {
        Value::Number(Number::from(*self))
    }
    fn is_absent(&self) -> bool {
        *self == 0
    }
}

impl Json for i32 {
    const SHAPE: Shape = Shape::Int32;
    fn read(value: &Value, reader: &mut Reader) -> Self {
        value.as_i64().and_then(|n| i32::try_from(n).ok()).unwrap_or_else(|| {
            reader.mismatch(value, "int32");
            0
        })
    }
    fn write(&self) -> Value {
        Value::Number(Number::from(*self))
    }
    fn is_absent(&self) -> bool {
        *self == 0
    }
}

impl Json for Value {
    const SHAPE: Shape = Shape::Any;
    fn read(value: &Value, _: &mut Reader) -> Self {
        value.clone()
    }
    fn write(&self) -> Value {
        self.clone()
    }
    fn is_absent(&self) -> bool {
        self.is_null()
    }
}

impl<T: Json> Json for Option<T> {
    const SHAPE: Shape = T::SHAPE;
    fn read(value: &Value, reader: &mut Reader) -> Self {
        Some(T::read(value, reader))
    }
    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, Json::write)
    }
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Json> Json for Rc<T> {
    const SHAPE: Shape = T::SHAPE;
    fn read(value: &Value, reader: &mut Reader) -> Self {
        Rc::new(T::read(value, reader))
    }
    fn write(&self) -> Value {
        (**self).write()
    }
    fn is_absent(&self) -> bool {
        (**self).is_absent()
    }
}

impl<T: Json> Json for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);
    fn read(value: &Value, reader: &mut Reader) -> Self {
        let Value::Array(items) = value else {
            reader.mismatch(value, go_list(T::SHAPE));
            return Vec::new();
        };
        let read = |(at, item): (usize, &Value)| {
            reader.inside(format!("[{at}]"), |reader| read_item(item, reader))
        };
        items.iter().enumerate().map(read).collect()
    }
    fn write(&self) -> Value {
        Value::Array(self.iter().map(Json::write).collect())
    }
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// Reads an item of a list or map: null is the zero value, as in Go.
fn read_item<T: Json>(item: &Value, reader: &mut Reader) -> T {
    if item.is_null() { T::default() } else { T::read(item, reader) }
}

impl<T: Json> Json for SortedMap<Str, T> {
    const SHAPE: Shape = Shape::Dict(&T::SHAPE);
    fn read(value: &Value, reader: &mut Reader) -> Self {
        let Value::Object(map) = value else {
            reader.mismatch(value, "map[string]string");
            return SortedMap::new();
        };
        let mut out = SortedMap::new();
        for (key, item) in map {
            let item = reader.inside_key(key, |reader| read_item(item, reader));
            out.insert(key.as_str().into(), item);
        }
        out
    }
    fn write(&self) -> Value {
        Value::Object(self.iter().map(|(key, item)| (key.to_string(), item.write())).collect())
    }
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

/// A date in an API object, kept to the whole second.
impl Json for SimTime {
    const SHAPE: Shape = Shape::Time;
    fn read(value: &Value, reader: &mut Reader) -> Self {
        let Value::String(text) = value else {
            reader.mismatch(value, "string");
            return SimTime::ZERO;
        };
        SimTime::parse_rfc3339(text).unwrap_or_else(|| {
            reader.bad_value(format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\""));
            SimTime::ZERO
        })
    }
    fn write(&self) -> Value {
        Value::String(self.rfc3339())
    }
    fn is_absent(&self) -> bool {
        false
    }
}

/// A date kept to the microsecond, as Events and Leases have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MicroTime(pub SimTime);

impl Json for MicroTime {
    const SHAPE: Shape = Shape::Time;
    fn read(value: &Value, reader: &mut Reader) -> Self {
        MicroTime(SimTime::read(value, reader))
    }
    fn write(&self) -> Value {
        Value::String(self.0.rfc3339_micro())
    }
    fn is_absent(&self) -> bool {
        false
    }
}

impl Json for Quantity {
    const SHAPE: Shape = Shape::Quantity;
    fn read(value: &Value, reader: &mut Reader) -> Self {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            other => {
                reader.mismatch(other, "string");
                return Quantity::default();
            }
        };
        Quantity::parse(&text).unwrap_or_else(|| {
            reader.bad_value(Quantity::MALFORMED.to_string());
            Quantity::default()
        })
    }
    fn write(&self) -> Value {
        Value::String(self.to_string())
    }
    fn is_absent(&self) -> bool {
        false
    }
}

/// Go's name for a list of `of`, for the words of a type error.
fn go_list(of: Shape) -> &'static str {
    match of {
        Shape::Text => "[]string",
        Shape::Object(schema) => schema.list_name,
        _ => "[]interface {}",
    }
}
