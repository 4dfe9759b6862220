//! CBOR (RFC 8949) to JSON and back, as far as the RPC v2 protocol of AWS needs it: CloudWatch's SDKs speak nothing else.
//! Pure. A time is a number on the JSON side; members whose names end in `Timestamp` are written as times.

use serde_json::{Map, Value, json};

/// The tag of a time in seconds since 1970.
const TIME: u8 = 0xc1;
const BREAK: u8 = 0xff;
/// Deeper than any request of AWS.
const DEEPEST: u8 = 32;

/// The JSON form of one item that is the whole of `bytes`.
pub fn decode(bytes: &[u8]) -> Option<Value> {
    let mut rest = Rest(bytes);
    let value = rest.item(DEEPEST)?;
    rest.0.is_empty().then_some(value)
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn unsigned(&mut self, bytes: usize) -> Option<u64> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The number in an item's head; none where the length is indefinite.
    fn argument(&mut self, low: u8) -> Option<Option<u64>> {
        match low {
            0..=23 => Some(Some(u64::from(low))),
            24 => self.unsigned(1).map(Some),
            25 => self.unsigned(2).map(Some),
            26 => self.unsigned(4).map(Some),
            27 => self.unsigned(8).map(Some),
            31 => Some(None),
            _ => None,
        }
    }

    fn item(&mut self, depth: u8) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        let [head] = *self.take(1)? else { return None };
        let (kind, low) = (head >> 5, head & 0x1f);
        if kind == 7 {
            return self.simple(low);
        }
        let argument = self.argument(low)?;
        match kind {
            0 => Some(json!(argument?)),
            1 => Some(json!(-1 - i64::try_from(argument?).ok()?)),
            2 | 3 => String::from_utf8(self.text(argument)?).ok().map(Value::String),
            4 => self.items(argument, depth).map(Value::Array),
            5 => {
                let flat = self.items(argument.map(|pairs| pairs.saturating_mul(2)), depth)?;
                let pairs = flat.chunks_exact(2).filter_map(|pair| match pair {
                    [Value::String(name), value] => Some((name.clone(), value.clone())),
                    _ => None,
                });
                Some(Value::Object(pairs.filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>()))
            }
            _ => self.item(depth),
        }
    }

    fn text(&mut self, length: Option<u64>) -> Option<Vec<u8>> {
        if let Some(length) = length {
            return self.take(usize::try_from(length).ok()?).map(<[u8]>::to_vec);
        }
        let mut text = Vec::new();
        loop {
            let [head] = *self.take(1)? else { return None };
            if head == BREAK {
                return Some(text);
            }
            let length = self.argument(head & 0x1f)??;
            text.extend(self.take(usize::try_from(length).ok()?)?);
        }
    }

    fn items(&mut self, count: Option<u64>, depth: u8) -> Option<Vec<Value>> {
        let mut items = Vec::new();
        match count {
            Some(count) => {
                for _ in 0..count {
                    items.push(self.item(depth)?);
                }
            }
            None => {
                while self.0.first()? != &BREAK {
                    items.push(self.item(depth)?);
                }
                self.take(1)?;
            }
        }
        Some(items)
    }

    fn simple(&mut self, low: u8) -> Option<Value> {
        match low {
            20 => Some(json!(false)),
            21 => Some(json!(true)),
            22 | 23 => Some(Value::Null),
            26 => Some(json!(f32::from_bits(u32::try_from(self.unsigned(4)?).ok()?))),
            27 => Some(json!(f64::from_bits(self.unsigned(8)?))),
            _ => None,
        }
    }
}

/// The CBOR form of a JSON value.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(truth) => out.push(if *truth { 0xf5 } else { 0xf4 }),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => head(0, number, out),
            (None, Some(number)) => head(1, number.unsigned_abs().saturating_sub(1), out),
            _ => double(number.as_f64().unwrap_or_default(), out),
        },
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            head(4, items.len() as u64, out);
            items.iter().for_each(|item| write(item, out));
        }
        Value::Object(fields) => {
            head(5, fields.len() as u64, out);
            for (name, value) in fields {
                write_text(name, out);
                match value.as_f64().filter(|_| name.ends_with("Timestamp")) {
                    Some(seconds) => {
                        out.push(TIME);
                        double(seconds, out);
                    }
                    None => write(value, out),
                }
            }
        }
    }
}

fn head(kind: u8, argument: u64, out: &mut Vec<u8>) {
    let bytes = argument.to_be_bytes();
    let (low, from) = match argument {
        0..=23 => return out.push(kind << 5 | bytes[7]),
        24..=0xff => (24, 7),
        0x100..=0xffff => (25, 6),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 0),
    };
    out.push(kind << 5 | low);
    out.extend(bytes.iter().skip(from));
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    head(3, text.len() as u64, out);
    out.extend(text.as_bytes());
}

fn double(number: f64, out: &mut Vec<u8>) {
    out.push(0xfb);
    out.extend(number.to_bits().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were() {
        let value = json!({"a": [1, 24, 300, 70000, 5_000_000_000_u64, -1, -300, 1.5, true, false], "text": "ä".repeat(300), "b": {"StateTimestamp": 1.25}});
        assert_eq!(decode(&encode(&value)), Some(value));
    }

    #[test]
    fn lengths_may_be_open_and_nulls_are_left_out() {
        // {_ "a": [_ 1, 2], "b": null, "c": (_ "x", "y"), "d": 1(1.0_32) }
        let bytes = [
            0xbf, 0x61, b'a', 0x9f, 1, 2, 0xff, 0x61, b'b', 0xf6, 0x61, b'c', 0x7f, 0x61, b'x', 0x61, b'y', 0xff, 0x61, b'd', 0xc1, 0xfa,
            0x3f, 0x80, 0, 0, 0xff,
        ];
        assert_eq!(decode(&bytes), Some(json!({"a": [1, 2], "c": "xy", "d": 1.0})));
        assert_eq!(decode(&bytes[..20]), None);
        assert_eq!(decode(&[0x9f; 100]), None);
    }
}
