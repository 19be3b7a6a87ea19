//! CBOR (RFC 8949) of attestations: one item, and nothing after it.

use ciborium::Value;

/// Deepest nesting. An App Attest object has three levels.
const MAX_DEPTH: usize = 16;

/// Reads one item. Maps with the same key twice are refused: two readers could see two values.
pub fn read(bytes: &[u8]) -> Result<Value, String> {
    let mut rest = bytes;
    let value: Value = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH)
        .map_err(|error| format!("not CBOR: {error}"))?;
    if !rest.is_empty() {
        return Err(format!("{} bytes too many at the end", rest.len()));
    }
    unambiguous(&value)?;
    Ok(value)
}

fn unambiguous(value: &Value) -> Result<(), String> {
    match value {
        Value::Map(entries) => {
            for (at, (key, inner)) in entries.iter().enumerate() {
                if entries.iter().take(at).any(|(before, _)| before == key) {
                    return Err("a map has the same key twice".to_owned());
                }
                unambiguous(inner)?;
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(unambiguous),
        Value::Tag(_, inner) => unambiguous(inner),
        _ => Ok(()),
    }
}
