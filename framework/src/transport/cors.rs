//! Use from pages of another origin.
//!
//! Keeps: no header at all unless configured, so that browsers refuse; the same rule for WebSocket, which
//! browsers do not refuse by themselves.
//!
//! Spec: Fetch standard › CORS protocol; RFC 6454 › Origin.

use std::fmt;
use std::sync::Arc;

use actix_http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::config::Cors;

/// Which origins may use the server.
#[derive(Clone)]
pub(crate) struct Origins {
    cors: Option<Cors>,
    /// The program's own, besides.
    rule: Option<OriginRule>,
}

/// Whether an origin may use the server.
pub(crate) type OriginRule = Arc<dyn Fn(&str) -> bool + Send + Sync>;

impl Origins {
    pub(crate) fn new(cors: Option<Cors>, rule: Option<OriginRule>) -> Self {
        if let Some(cors) = &cors
            && cors.credentials
            && cors.origins.iter().any(|origin| origin == ANY)
        {
            tracing::warn!(
                "`cors`: `credentials` do not go with `*`; they are not allowed for other origins"
            );
        }
        Self { cors, rule }
    }

    /// Whether cross-origin use is configured at all.
    pub(crate) fn is_enabled(&self) -> bool {
        self.cors.is_some() || self.rule.is_some()
    }

    /// Whether a WebSocket may come from here: no browser, the same host, or an allowed origin.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let same = origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host);
        same || self.allowed(origin).is_some()
    }

    /// Adds the headers of an answer.
    pub(crate) fn decorate(&self, request: &HeaderMap, response: &mut HeaderMap) {
        let origin = request.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let Some(allowed) = origin.and_then(|origin| self.allowed(origin)) else { return };
        let Ok(value) = HeaderValue::from_str(allowed) else { return };
        response.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        if allowed != ANY {
            response.append(header::VARY, HeaderValue::from_static("Origin"));
            if self.cors.as_ref().is_some_and(|cors| cors.credentials) {
                response.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
        }
    }

    /// Adds the headers of an answer to a preflight.
    pub(crate) fn decorate_preflight(&self, request: &HeaderMap, response: &mut HeaderMap) {
        self.decorate(request, response);
        if !response.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            return;
        }
        let constants: [(HeaderName, &'static str); 2] =
            [(header::ACCESS_CONTROL_ALLOW_METHODS, "GET,POST"), (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE)];
        for (name, value) in constants {
            response.insert(name, HeaderValue::from_static(value));
        }
        if let Some(wanted) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            response.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
    }

    /// What to answer to this origin.
    fn allowed<'a>(&self, origin: &'a str) -> Option<&'a str> {
        let listed =
            |wanted| self.cors.as_ref().is_some_and(|cors| cors.origins.iter().any(|one| one == wanted));
        if listed(origin) || self.rule.as_ref().is_some_and(|rule| rule(origin)) {
            return Some(origin);
        }
        listed(ANY).then_some(ANY)
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origins").field("cors", &self.cors).finish_non_exhaustive()
    }
}

const ANY: &str = "*";
/// Seconds for which a browser need not ask again. Two hours: the most that Chromium keeps.
const MAX_AGE: &str = "7200";

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(origins: &[&str], credentials: bool) -> Origins {
        let origins = origins.iter().map(ToString::to_string).collect();
        Origins::new(Some(Cors { origins, credentials }), None)
    }

    fn from_origin(origin: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        headers.insert(header::HOST, HeaderValue::from_static("game.example:7000"));
        headers
    }

    fn answer(origins: &Origins, origin: &'static str) -> Option<String> {
        let mut response = HeaderMap::new();
        origins.decorate(&from_origin(origin), &mut response);
        response.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn without_a_configuration_there_is_no_header() {
        assert_eq!(answer(&Origins::new(None, None), "https://evil.example"), None);
    }

    #[test]
    fn a_listed_origin_is_named_and_another_is_not() {
        let origins = origins(&["https://game.example"], true);
        assert_eq!(answer(&origins, "https://game.example").as_deref(), Some("https://game.example"));
        assert_eq!(answer(&origins, "https://evil.example"), None);
        let mut response = HeaderMap::new();
        origins.decorate(&from_origin("https://game.example"), &mut response);
        assert_eq!(response.get(header::ACCESS_CONTROL_ALLOW_CREDENTIALS).unwrap(), "true");
        assert_eq!(response.get(header::VARY).unwrap(), "Origin");
    }

    #[test]
    fn a_rule_of_the_program_counts_besides_the_list() {
        let rule: OriginRule = Arc::new(|origin| origin.ends_with(".game.example"));
        for cors in [None, Some(Cors { origins: vec!["https://a.example".to_owned()], credentials: true })] {
            let has_list = cors.is_some();
            let origins = Origins::new(cors, Some(rule.clone()));
            assert!(origins.is_enabled());
            assert_eq!(
                answer(&origins, "https://eu.game.example").as_deref(),
                Some("https://eu.game.example")
            );
            assert_eq!(answer(&origins, "https://evil.example"), None);
            assert_eq!(answer(&origins, "https://a.example").is_some(), has_list);
            let mut response = HeaderMap::new();
            origins.decorate(&from_origin("https://eu.game.example"), &mut response);
            let with_credentials = response.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
            assert_eq!(with_credentials, has_list, "credentials are for the configuration to allow");
        }
    }

    #[test]
    fn any_origin_never_gets_credentials() {
        let origins = origins(&["*"], true);
        let mut response = HeaderMap::new();
        origins.decorate(&from_origin("https://other.example"), &mut response);
        assert_eq!(response.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), "*");
        assert!(!response.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }

    #[test]
    fn a_preflight_allows_the_headers_that_were_asked_for() {
        let mut request = from_origin("https://game.example");
        request.insert(header::ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue::from_static("x-token"));
        let mut response = HeaderMap::new();
        origins(&["https://game.example"], false).decorate_preflight(&request, &mut response);
        assert_eq!(response.get(header::ACCESS_CONTROL_ALLOW_HEADERS).unwrap(), "x-token");
        assert_eq!(response.get(header::ACCESS_CONTROL_ALLOW_METHODS).unwrap(), "GET,POST");
    }

    #[test]
    fn a_websocket_comes_from_the_same_host_from_an_allowed_origin_or_from_no_page() {
        let closed = Origins::new(None, None);
        assert!(closed.admits(&HeaderMap::new()));
        assert!(closed.admits(&from_origin("http://game.example:7000")));
        for stranger in
            ["http://game.example", "https://evil.example", "null", "http://game.example:7000.evil"]
        {
            assert!(!closed.admits(&from_origin(stranger)), "{stranger}");
        }
        assert!(origins(&["https://evil.example"], false).admits(&from_origin("https://evil.example")));
        assert!(origins(&["*"], false).admits(&from_origin("null")));
    }
}
