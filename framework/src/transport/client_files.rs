//! The client's own bundles, out of a folder of the npm package.
//!
//! Owns: the files, read once, and what they are when compressed. Keeps: nothing outside of the list below is
//! ever served, whatever the path says.
//!
//! Spec: `socket.io/lib/index.ts`, `serve`.

use std::fmt;
use std::fs;
use std::hash::BuildHasher as _;
use std::path::Path;
use std::sync::OnceLock;

use actix_http::Method;
use actix_web::http::header::{self, ETag, EntityTag, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use foldhash::fast::FixedState;

use super::compress::Coding;

/// The bundles of a server, none of them if it serves none.
#[derive(Default)]
pub(crate) struct ClientFiles(Vec<ClientFile>);

struct ClientFile {
    name: &'static str,
    content: Bytes,
    tag: EntityTag,
    gzip: OnceLock<Option<Bytes>>,
}

impl ClientFiles {
    /// Reads what there is of a folder such as `node_modules/socket.io-client/dist`.
    pub(crate) fn load(folder: &Path) -> Self {
        let read = |name: &&'static str| match fs::read(folder.join(name)) {
            Ok(content) => Some(ClientFile::new(name, content.into())),
            Err(error) => {
                tracing::debug!(%error, name, "a bundle of the client is not served");
                None
            }
        };
        let files: Vec<ClientFile> = NAMES.iter().filter_map(read).collect();
        if files.is_empty() {
            tracing::error!(folder = %folder.display(), "`serve_client` has no bundle of the client in it");
        }
        Self(files)
    }

    /// The answer to a request for a bundle, `path` being the part below the endpoint. Nothing if it asks for
    /// something else.
    pub(crate) fn answer(&self, path: &str, req: &HttpRequest) -> Option<HttpResponse> {
        if self.0.is_empty() || !matches!(*req.method(), Method::GET | Method::HEAD) {
            return None;
        }
        let name = path.strip_prefix('/').filter(|name| NAMES.contains(name))?;
        let file = self.0.iter().find(|file| file.name == name);
        Some(file.map_or_else(|| HttpResponse::NotFound().finish(), |file| file.answer(req)))
    }
}

impl ClientFile {
    fn new(name: &'static str, content: Bytes) -> Self {
        // Weak: it is the same for every encoding. The same on every node, too.
        let tag = EntityTag::new_weak(format!("{:016x}", FixedState::default().hash_one(&content)));
        Self { name, content, tag, gzip: OnceLock::new() }
    }

    fn answer(&self, req: &HttpRequest) -> HttpResponse {
        if self.is_known(req) {
            return self.head(HttpResponse::NotModified()).finish();
        }
        let mut response = self.head(HttpResponse::Ok());
        let kind = if self.name.ends_with(".map") { "application/json" } else { "application/javascript" };
        response.content_type(format!("{kind}; charset=utf-8"));
        let gzip = || self.gzip.get_or_init(|| Coding::Gzip.well(&self.content)).clone();
        match Coding::wanted(req).filter(|coding| *coding == Coding::Gzip).and_then(|_| gzip()) {
            Some(small) => {
                response.insert_header((header::CONTENT_ENCODING, Coding::Gzip.as_str())).body(small)
            }
            None => response.body(self.content.clone()),
        }
    }

    fn head(&self, mut response: HttpResponseBuilder) -> HttpResponseBuilder {
        response
            .insert_header(ETag(self.tag.clone()))
            .insert_header((header::CACHE_CONTROL, "public, max-age=0"))
            .insert_header((header::VARY, "Accept-Encoding"));
        response
    }

    fn is_known(&self, req: &HttpRequest) -> bool {
        match IfNoneMatch::parse(req) {
            Ok(IfNoneMatch::Any) => req.headers().contains_key(header::IF_NONE_MATCH),
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&self.tag)),
            Err(_) => false,
        }
    }
}

impl fmt::Debug for ClientFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|file| file.name)).finish()
    }
}

/// What the package has.
const NAMES: [&str; 8] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
];
