//! What a Socket.IO client does on a session: join namespaces, read events with their attachments.
//!
//! Spec: Socket.IO protocol › Packet encoding. Nothing is hidden: the tests write the packets themselves.

use serde_json::Value;

use crate::failure::Failure;
use crate::packet::Packet;
use crate::session::Session;

/// Joins `namespace` without a payload, and returns the socket's id.
///
/// # Errors
/// If the answer is not a CONNECT, or no `auth` event follows it.
pub async fn join(session: &mut Session, namespace: &str) -> Result<String, Failure> {
    let prefix = prefix(namespace);
    session.send(format!("40{prefix}")).await?;
    let sid = connected(session, namespace).await?;
    expect(session, format!("42{prefix}[\"auth\",{{}}]")).await?;
    Ok(sid)
}

/// Reads the CONNECT that answers a CONNECT, and returns the socket's id.
///
/// # Errors
/// If something else comes, or its payload is more than the id.
pub async fn connected(session: &mut Session, namespace: &str) -> Result<String, Failure> {
    let text = session.next_text().await?;
    let unexpected = || Failure::Unexpected(format!("{text:?} instead of a CONNECT to {namespace}"));
    let payload = text.strip_prefix(&format!("40{}", prefix(namespace))).ok_or_else(unexpected)?;
    let payload: Value = serde_json::from_str(payload)?;
    match payload.as_object().map(|payload| (payload.len(), payload.get("sid"))) {
        Some((1, Some(Value::String(sid)))) if !sid.is_empty() => Ok(sid.clone()),
        _ => Err(unexpected()),
    }
}

/// Reads the next packet, which must be this one.
///
/// # Errors
/// If it is another.
pub async fn expect(session: &mut Session, packet: impl Into<Packet>) -> Result<(), Failure> {
    let (wanted, received) = (packet.into(), session.next().await?);
    if wanted == received {
        return Ok(());
    }
    Err(Failure::Unexpected(format!("{received:?} instead of {wanted:?}")))
}

/// The namespace as it stands in a packet: nothing for the main one, else with its comma.
#[must_use]
pub fn prefix(namespace: &str) -> String {
    if namespace == "/" { String::new() } else { format!("{namespace},") }
}

/// Reads a packet with attachments that begins with `head` and its count, and returns its payload with
/// each placeholder replaced by the bytes it stands for, as `{"bytes": […]}`.
///
/// # Errors
/// If the packet begins otherwise, or a placeholder stands for nothing.
pub async fn binary(session: &mut Session, head: &str, tail: &str) -> Result<Value, Failure> {
    let text = session.next_text().await?;
    let unexpected = || Failure::Unexpected(format!("{text:?} instead of {head}<count>-{tail}"));
    let (count, rest) =
        text.strip_prefix(head).and_then(|rest| rest.split_once('-')).ok_or_else(unexpected)?;
    let payload = rest.strip_prefix(tail).ok_or_else(unexpected)?;
    let mut attachments = Vec::new();
    for _ in 0..count.parse::<usize>().map_err(|_| unexpected())? {
        match session.next().await? {
            Packet::Binary(bytes) => attachments.push(bytes),
            Packet::Text(text) => {
                return Err(Failure::Unexpected(format!("{text:?} instead of an attachment")));
            }
        }
    }
    let mut payload = serde_json::from_str(payload)?;
    resolve(&mut payload, &attachments)?;
    Ok(payload)
}

fn resolve(value: &mut Value, attachments: &[Vec<u8>]) -> Result<(), Failure> {
    if value.get("_placeholder") == Some(&Value::Bool(true)) {
        let number = value.get("num").and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
        let bytes = number.and_then(|number| attachments.get(number));
        let bytes = bytes.ok_or_else(|| Failure::Unexpected(format!("placeholder {value} for nothing")))?;
        *value = serde_json::json!({ "bytes": bytes });
        return Ok(());
    }
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| resolve(item, attachments)),
        Value::Object(fields) => fields.values_mut().try_for_each(|field| resolve(field, attachments)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}
