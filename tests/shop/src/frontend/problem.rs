//! What a visitor sees when a page cannot be made.

use super::{Shop, page, visit::Visit};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

/// A page that failed: its status, and what the visitor and the log are told. Rendered when the handler has answered.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    pub(super) text: String,
}

/// What a handler answers.
pub(super) type Outcome = Result<Response, Problem>;

impl Problem {
    /// A form that was not filled in as it should be.
    pub(super) fn of_form(text: String) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, text }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Names the step of a page that failed. Upstream answers 500 to all of these, to an unknown product as well.
pub(super) trait Step<T> {
    /// `step: error`, as a problem.
    fn step(self, step: impl std::fmt::Display) -> Result<T, Problem>;
}

impl<T> Step<T> for Result<T, String> {
    fn step(self, step: impl std::fmt::Display) -> Result<T, Problem> {
        self.map_err(|error| Problem { status: StatusCode::INTERNAL_SERVER_ERROR, text: format!("{step}: {error}") })
    }
}

/// The error page.
pub(super) fn page(shop: &Shop, visit: &Visit, problem: &Problem) -> Response {
    let html = page::problem(shop, visit, problem.status, &problem.text);
    (problem.status, html).into_response()
}
