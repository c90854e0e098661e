//! The user's `App`, without its type.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_http::body::{BoxBody, MessageBody};
use actix_http::{Request, Response};
use actix_service::ServiceFactory;
use actix_web::App;
use actix_web::dev::{AppConfig, ServiceRequest, ServiceResponse};
use tokio::sync::OnceCell;

use crate::transport::gate::Gate;
use crate::transport::routes;

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;
/// Makes an `App` for one worker.
pub(super) type MakeApp = Arc<dyn Fn() -> Boxed<Result<OneApp, ()>> + Send + Sync>;
type OneApp = Rc<dyn Fn(Request) -> Boxed<Response<BoxBody>>>;

/// The `App`s of one worker: the engine's routes, and the user's.
#[derive(Clone)]
pub(super) struct Apps {
    pub(super) gate: Arc<Gate>,
    pub(super) secure: bool,
    make: MakeApp,
    made: Rc<OnceCell<(OneApp, OneApp)>>,
}

impl Apps {
    pub(super) fn new(gate: Arc<Gate>, secure: bool, make: MakeApp) -> Self {
        Self { gate, secure, make, made: Rc::default() }
    }

    /// Starts both, once per worker.
    pub(super) async fn start(self) -> Result<Self, ()> {
        let (gate, secure) = (self.gate.clone(), self.secure);
        let make = async {
            let engine = erase(move || App::new().service(routes::scope(gate.clone(), Some(secure))));
            Ok((engine().await?, (self.make)().await?))
        };
        self.made.get_or_try_init(|| make).await?;
        Ok(self)
    }

    /// Answers a request.
    pub(super) async fn call(&self, req: Request) -> Response<BoxBody> {
        let Some((engine, user)) = self.made.get() else {
            return Response::internal_server_error().map_into_boxed_body();
        };
        if self.gate.covers(req.path()) { engine(req).await } else { user(req).await }
    }
}

impl fmt::Debug for Apps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Apps").field("gate", &self.gate).finish_non_exhaustive()
    }
}

/// An [`App`] whose responses have any body: what [`Serve::app`](super::Serve::app) takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no `App` that can be served",
    note = "the factory has to return an `App`, with `wrap`s that keep its error"
)]
pub trait AnyApp: sealed::Make {}

impl<A: sealed::Make> AnyApp for A {}

mod sealed {
    use actix_service::{IntoServiceFactory as _, Service};

    use super::{
        App, AppConfig, BoxBody, Boxed, MessageBody, OneApp, Rc, Request, Response, ServiceFactory,
        ServiceRequest, ServiceResponse, answer,
    };

    /// Starts an `App`, and hides its type.
    #[expect(unnameable_types, reason = "sealed: an `App` is all that can be served")]
    pub trait Make {
        fn make(self) -> Boxed<Result<OneApp, ()>>;
    }

    impl<T, B> Make for App<T>
    where
        T: ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse<B>,
                Error = actix_web::Error,
                InitError = (),
            > + 'static,
        B: MessageBody + 'static,
    {
        fn make(self) -> Boxed<Result<OneApp, ()>> {
            let service = self.into_factory().new_service(AppConfig::default());
            Box::pin(async move {
                let service = Rc::new(service.await?);
                Ok(Rc::new(move |req| respond(service.clone(), req)) as OneApp)
            })
        }
    }

    fn respond<S, B>(service: Rc<S>, req: Request) -> Boxed<Response<BoxBody>>
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
        B: MessageBody + 'static,
    {
        Box::pin(async move { answer(service.call(req).await) })
    }
}

/// Hides what a factory of `App`s makes.
pub(super) fn erase<A: AnyApp>(factory: impl Fn() -> A + Send + Sync + 'static) -> MakeApp {
    Arc::new(move || factory().make())
}

fn answer<B: MessageBody + 'static>(
    result: Result<ServiceResponse<B>, actix_web::Error>,
) -> Response<BoxBody> {
    match result {
        Ok(response) => Response::from(response.map_into_boxed_body()),
        Err(error) => Response::from(error.error_response()),
    }
}
