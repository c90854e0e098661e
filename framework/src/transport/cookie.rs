//! The cookie with a session's id.

use actix_http::header::HeaderValue;

use crate::config::SessionCookie;

/// The value of `Set-Cookie`; none if the configured name, path or domain has characters that no header has.
pub(crate) fn header(cookie: &SessionCookie, sid: &str) -> Option<HeaderValue> {
    let mut text = format!("{}={sid}", cookie.name);
    if let Some(age) = cookie.max_age {
        text.push_str(&format!("; Max-Age={}", age.as_secs()));
    }
    for (name, value) in [("Domain", &cookie.domain), ("Path", &cookie.path)] {
        if let Some(value) = value {
            text.extend(["; ", name, "=", value]);
        }
    }
    for (name, is_set) in [("HttpOnly", cookie.http_only), ("Secure", cookie.secure)] {
        if is_set {
            text.extend(["; ", name]);
        }
    }
    text.extend(["; SameSite=", cookie.same_site.as_str()]);
    let value = HeaderValue::from_str(&text);
    value.map_err(|error| tracing::error!(%error, "`cookie` cannot be sent as it is configured")).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::SameSite;

    #[test]
    fn it_is_written_as_socket_io_writes_it() {
        let plain = SessionCookie::default();
        assert_eq!(header(&plain, "abc").unwrap(), "io=abc; Path=/; HttpOnly; SameSite=Lax");
        let full = SessionCookie {
            name: "sticky".to_owned(),
            path: None,
            domain: Some("game.example".to_owned()),
            max_age: Some(Duration::from_secs(60)),
            http_only: false,
            secure: true,
            same_site: SameSite::None,
        };
        let expected = "sticky=abc; Max-Age=60; Domain=game.example; Secure; SameSite=None";
        assert_eq!(header(&full, "abc").unwrap(), expected);
        assert_eq!(header(&SessionCookie { name: "a\r\nb".to_owned(), ..plain }, "abc"), None);
    }
}
