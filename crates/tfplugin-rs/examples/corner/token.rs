use std::fs;
use std::time::{Duration, SystemTime};

use tfplugin_rs::{Answer, Diagnostic, Diagnostics, Ephemeral, EphemeralContext, Model, Opened, Secret, Value};

use crate::Data;

/// A secret that exists for one run. What happens to it is written down in a file.
#[derive(Clone, Debug, Model)]
pub(crate) struct Token {
    /// Name of the file, and what the secret begins with.
    #[attr(required)]
    name: Value<String>,
    /// What it is told to do: `fail`, `unknown`, `panic`, or `renew`, which asks for a renewal at once.
    #[attr(optional)]
    mood: Value<String>,
    /// The secret.
    #[attr(computed, sensitive)]
    secret: Value<Secret>,
}

pub(crate) struct Tokens;

impl Tokens {
    fn note(ctx: &EphemeralContext<Self>, name: &str, what: &str) -> Result<(), Diagnostics> {
        let directory = ctx.data().directory.require("directory")?;
        let path = std::path::Path::new(directory).join(format!("{name}.log"));
        let log = fs::read_to_string(&path).unwrap_or_default();
        Ok(fs::write(path, format!("{log}{what}\n"))?)
    }

    fn name(ctx: &EphemeralContext<Self>) -> Result<String, Diagnostic> {
        ctx.private().get("name").ok_or_else(|| Diagnostic::error("Forgotten", "The token's name is not there."))
    }
}

impl Ephemeral for Tokens {
    type Model = Token;
    type Data = Data;
    const TYPE: &'static str = "corner_token";

    fn validate(&self, token: &Token) -> Diagnostics {
        if token.name.as_str() == Some("") {
            return Diagnostic::error("Nameless", "A token has a name.").at("name").into();
        }
        Diagnostics::none()
    }

    async fn open(&self, ctx: &EphemeralContext<Self>, mut token: Token) -> Result<Answer<Opened<Token>>, Diagnostics> {
        let name = token.name.require("name")?.clone();
        ctx.private().set("name", &name)?;
        Self::note(ctx, &name, "open")?;
        let opened = match token.mood.as_str() {
            Some("fail") => return Err(Diagnostic::error("Not today", "The token does not open.").at("mood").into()),
            #[expect(clippy::panic, reason = "the framework must survive it")]
            Some("panic") => panic!("the token broke"),
            Some("unknown") => {
                token.secret = Value::Unknown;
                Opened::lasting(token)
            }
            mood => {
                token.secret = Secret::new(format!("{name}-hunter2")).into();
                match mood {
                    Some("renew") => Opened::until(token, SystemTime::now() + Duration::from_millis(10)),
                    _ => Opened::lasting(token),
                }
            }
        };
        Ok(Answer::from(opened).warn("A token", "It was opened."))
    }

    async fn renew(&self, ctx: &EphemeralContext<Self>) -> Result<Answer<Option<SystemTime>>, Diagnostics> {
        Self::note(ctx, &Self::name(ctx)?, "renew")?;
        Ok(None.into())
    }

    async fn close(&self, ctx: &EphemeralContext<Self>) -> Result<Answer<()>, Diagnostics> {
        Self::note(ctx, &Self::name(ctx)?, "close")?;
        Ok(().into())
    }
}
