//! How the pages look and behave, from the environment.

use crate::env::Env;

/// The session that everybody shares when sessions are shared.
pub(super) const SHARED_SESSION: &str = "12345678-1234-1234-1234-123456789123";

/// What the frontend can be told to do differently.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Path that all routes are under, without a slash at its end; usually empty.
    pub(super) base_url: String,
    /// Where the pod says it runs, as it was given.
    pub(super) platform: Option<String>,
    pub(super) cymbal_branding: bool,
    pub(super) assistant: bool,
    pub(super) single_shared_session: bool,
    /// A sentence on all pages.
    pub(super) message: Option<String>,
    /// A CSS colour for the banner of the home page, which tells a canary from the rest.
    pub(super) banner_color: Option<String>,
    /// A service that knows how products are packed.
    pub(super) packaging_url: Option<String>,
}

impl Settings {
    pub(super) fn of(env: &Env) -> Self {
        let text = |name: &str| env.get(name).map(str::to_owned);
        Self {
            base_url: env.get("BASE_URL").unwrap_or_default().trim_end_matches('/').to_owned(),
            platform: text("ENV_PLATFORM"),
            cymbal_branding: env.is("CYMBAL_BRANDING", "true"),
            assistant: env.is("ENABLE_ASSISTANT", "true"),
            single_shared_session: env.is("ENABLE_SINGLE_SHARED_SESSION", "true"),
            message: env.get("FRONTEND_MESSAGE").map(|message| message.trim().to_owned()),
            banner_color: text("BANNER_COLOR"),
            packaging_url: text("PACKAGING_SERVICE_URL"),
        }
    }

    /// The shop's name.
    pub(super) fn brand(&self) -> &'static str {
        if self.cymbal_branding { "Cymbal Shops" } else { "Online Boutique" }
    }
}
