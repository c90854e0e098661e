//! Futures of user code, whose panics end here.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a panic left behind.
pub(crate) type Panicked = Box<dyn Any + Send>;

/// A future of user code. Neither a panic of it nor one of what it drops goes any further.
pub(crate) struct Guarded<T>(Option<Pin<Box<dyn Future<Output = T>>>>);

impl<T> Guarded<T> {
    pub(crate) fn new(code: impl Future<Output = T> + 'static) -> Self {
        Self(Some(Box::pin(code)))
    }

    fn end(&mut self) -> Result<(), Panicked> {
        let code = self.0.take();
        catch_unwind(AssertUnwindSafe(move || drop(code)))
    }
}

impl<T> Future for Guarded<T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(code) = self.0.as_mut() else { return Poll::Pending };
        let result = match catch_unwind(AssertUnwindSafe(|| code.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => Ok(result),
            Err(panicked) => Err(panicked),
        };
        Poll::Ready(self.end().and(result))
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        if self.end().is_err() {
            tracing::error!("what asynchronous work held panicked when it was dropped");
        }
    }
}

/// What a panic said.
pub(crate) fn panic_text(panicked: &(dyn Any + Send)) -> &str {
    let text = panicked.downcast_ref::<&str>().copied();
    text.or_else(|| panicked.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct PanicsWhenDropped;

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    #[actix_rt::test]
    async fn a_panic_is_a_result() {
        let result = Guarded::new(async { panic!("no") }).await;
        assert_eq!(
            result.map_err(|panicked| panic_text(&*panicked).to_owned()),
            Err::<(), _>("no".to_owned())
        );
        assert_eq!(Guarded::new(async { 7 }).await.ok(), Some(7));
    }

    #[actix_rt::test]
    async fn a_panic_of_what_is_dropped_goes_no_further() {
        let held = PanicsWhenDropped;
        drop(Guarded::new(async move {
            let _held = held;
            std::future::pending::<()>().await;
        }));
    }
}
