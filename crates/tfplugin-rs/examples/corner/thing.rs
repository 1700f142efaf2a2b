use std::fs;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::time::Duration;

use tfplugin_rs::{
    Answer, Change, Context, Create, Diagnostic, Diagnostics, Failure, Operation, Outcome, Path, Plan, Resource,
    Update, Upgrade, Value,
};

use crate::Data;
use crate::model::{Place, Thing};
use crate::store::{file, load, save};

pub(crate) struct Things;

impl Resource for Things {
    type Model = Thing;
    type Data = Data;
    const TYPE: &'static str = "corner_thing";
    const VERSION: i64 = 1;

    fn validate(&self, thing: &Thing) -> Diagnostics {
        let mut diagnostics = Diagnostics::none();
        for (name, part) in thing.parts.known().into_iter().flatten() {
            let weight = part.known().and_then(|part| part.weight.known());
            if weight.is_some_and(|weight| *weight < 0) {
                let path = Path::attribute("parts").key(name).then("weight");
                diagnostics.push(Diagnostic::error("Weightless", "A part weighs something.").at(path));
            }
        }
        diagnostics
    }

    fn timeout(&self, operation: Operation, thing: &Thing) -> Duration {
        thing.timeouts.of(operation, Duration::from_secs(60))
    }

    async fn modify_plan(
        &self,
        ctx: &Context<Self>,
        change: &Change<Thing>,
        plan: &mut Plan<Thing>,
    ) -> Result<(), Diagnostics> {
        tracing::debug!(replaces = change.prior.is_some(), "planning a thing");
        if ctx.data().directory.is_unknown() {
            plan.warn(Diagnostic::warning("Planned blindly", "The directory is not known yet."));
        }
        let versions = change.prior.as_ref().map(|prior| &prior.password_wo_version);
        if versions.is_some_and(|version| *version == change.config.password_wo_version) {
            plan.password_length = change.prior.as_ref().map_or(Value::Unknown, |prior| prior.password_length);
        }
        Ok(())
    }

    async fn plan_delete(&self, _: &Context<Self>, thing: &Thing) -> Result<Diagnostics, Diagnostics> {
        if thing.labels.known().is_some_and(|labels| labels.contains_key("protected")) {
            return Err(Diagnostic::error("Protected", "Remove the label \"protected\" first.").into());
        }
        Ok(Diagnostics::none())
    }

    async fn create(&self, ctx: &Context<Self>, Create { plan, config, .. }: Create<Thing>) -> Outcome<Thing> {
        let path = file(ctx.data(), &plan.name)?;
        let mischief = plan.mischief.as_str().map(str::to_owned);
        if mischief.as_deref() == Some("panic") {
            panic!("a mischievous panic");
        }
        let name = plan.name.require("name")?.clone();
        let mut thing = decided(plan, &config, 1);
        thing.id = format!("thing/{name}").into();
        save(&path, &thing)?;
        ctx.checkpoint(&thing);
        ctx.private().set("uid", format!("uid of {name}"))?;
        match mischief.as_deref() {
            Some("panic_late") => panic!("a panic after the thing was made"),
            Some("fail") => {
                Err(Diagnostic::error("It did not work out", "The thing exists, but not as it should.").into())
            }
            Some("slow") => {
                // Whoever waits at the other end knows now that the thing exists, and later that this process ended.
                static HELD: OnceLock<UnixStream> = OnceLock::new();
                let _ = HELD.set(UnixStream::connect(path.with_extension("sock"))?);
                let reason = ctx.cancelled().await;
                fs::write(path.with_extension("reason"), reason.to_string())?;
                Err(Failure::with_state(thing, Diagnostic::error(format!("Stopped: {reason}"), "The thing exists.")))
            }
            Some("stuck" | "late") => {
                if mischief.as_deref() == Some("stuck") {
                    UnixStream::connect(path.with_extension("sock"))?;
                }
                std::future::pending().await
            }
            Some("wrong") => {
                thing.replicas = Value::Known(77);
                Ok(thing.into())
            }
            Some("forget") => {
                thing.generation = Value::Unknown;
                Ok(thing.into())
            }
            _ => Ok(Answer::from(thing).warn("Made", "A thing was made.")),
        }
    }

    async fn read(&self, ctx: &Context<Self>, thing: Thing) -> Outcome<Thing, Option<Thing>> {
        let found = load(&file(ctx.data(), &thing.name)?)?;
        Ok(found.map(|found| Thing { timeouts: thing.timeouts, ..found }).into())
    }

    async fn update(&self, ctx: &Context<Self>, Update { prior, plan, config, .. }: Update<Thing>) -> Outcome<Thing> {
        let generation = prior.generation.known().copied().unwrap_or_default();
        let thing = decided(plan, &config, generation + 1);
        save(&file(ctx.data(), &thing.name)?, &thing)?;
        Ok(thing.into())
    }

    async fn delete(&self, ctx: &Context<Self>, thing: Thing) -> Outcome<Thing, ()> {
        let path = file(ctx.data(), &thing.name)?;
        fs::remove_file(&path)?;
        fs::write(path.with_extension("deleted"), ctx.private().get::<String>("uid").unwrap_or_default())?;
        Ok(().into())
    }

    async fn import(&self, ctx: &Context<Self>, id: &str) -> Outcome<Thing> {
        let name = id.strip_prefix("thing/").ok_or_else(|| {
            Diagnostic::error("Not the id of a thing", format!("{id:?} does not begin with \"thing/\"."))
        })?;
        let found = load(&file(ctx.data(), &name.into())?)?;
        let thing = found.ok_or_else(|| Diagnostic::error("No such thing", format!("There is no thing {name:?}.")))?;
        ctx.private().set("uid", "imported")?;
        Ok(Thing { timeouts: Value::Null, ..thing }.into())
    }

    fn upgrade(&self, Upgrade { version, mut state, .. }: Upgrade) -> Result<serde_json::Value, Diagnostics> {
        if version != 0 {
            return Err(Diagnostic::error("Unknown version", format!("There is no version {version}.")).into());
        }
        // Version 0 called the replicas "count_of".
        if let Some(state) = state.as_object_mut() {
            let replicas = state.remove("count_of").unwrap_or_default();
            state.insert("replicas".to_owned(), replicas);
        }
        Ok(state)
    }
}

/// Answers everything that the plan leaves open.
fn decided(mut thing: Thing, config: &Thing, generation: i64) -> Thing {
    thing.generation = Value::Known(generation);
    thing.place.decide(Place { shelf: "top".into(), row: Value::Known(generation) });
    let password = config.password_wo.known();
    thing.password_length.decide(password.map(|password| password.expose().len() as u64));
    let parts = match &mut thing.parts {
        Value::Known(parts) => parts.iter_mut().map(|(name, part)| (name.clone(), part)).collect(),
        Value::Null | Value::Unknown => Vec::new(),
    };
    let steps = match &mut thing.steps {
        Value::Known(steps) => steps.iter_mut().enumerate().map(|(i, part)| (i.to_string(), part)).collect(),
        Value::Null | Value::Unknown => Vec::new(),
    };
    for (name, part) in parts.into_iter().chain(steps) {
        if let Value::Known(part) = part {
            part.serial.decide(format!("serial of {name}, {generation}"));
        }
    }
    thing
}
