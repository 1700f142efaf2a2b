//! What all resources share that are sets of objects in the cluster: one apply under way, and what it answers when it does
//! not come to its end.

use std::fmt::Display;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use boutique_cluster::apply::PlannedDrift;
use boutique_cluster::applyset::{Applied, ApplyError, Cause, DestroyError, Destroyed, SetReading};
use boutique_cluster::bounds::{Bounds, Interrupted};
use boutique_cluster::connect::Cluster;
use boutique_cluster::event::Event;
use boutique_core::contract::SetId;
use boutique_core::object::Kind;
use boutique_core::revision::Revision;
use tfplugin_rs::{
    Answer, Context, Diagnostic, Diagnostics, Failure, List, Operation, Outcome, Reason, Resource, Value,
};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::connection::{Connection, NoCluster, not_checked, sentence};

/// Version of the provider, for the records in the cluster.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How to do without the cluster.
pub(crate) const SKIP: &str =
    " To plan without the cluster, use -refresh=false, or set offline = true in the provider block.";

/// Key of the private state: places that refresh found changed. The plan shows them, so apply may take them back.
pub(crate) const DRIFT: &str = "drift";

/// Time kept back from the practitioner's timeout, to find out why it passed.
const TO_EXPLAIN: Duration = Duration::from_secs(3);

/// A resource that is a set of objects in the cluster.
pub(crate) trait Managed: Resource<Data = Connection> {
    /// What it is called in sentences.
    const THING: &'static str;
    /// What is lost when it is replaced, as the end of a sentence.
    const LOSS: &'static str;

    /// The attribute `pending`.
    fn pending(model: &mut Self::Model) -> &mut Value<List<String>>;

    /// The attribute `revision`.
    fn revision(model: &mut Self::Model) -> &mut Value<u64>;

    /// Sets computed attributes that are not known yet to null: nobody will tell them any more.
    fn close(model: &mut Self::Model);

    /// Whether an apply that did not come to its end has left anything.
    fn left_something(partial: &Applied) -> bool {
        !partial.changes.is_empty()
    }

    /// What became of an apply that failed, in a few words.
    fn summary(cause: &Cause) -> String {
        summary(cause, Self::THING)
    }
}

/// How long an operation may take where nothing is configured.
pub(crate) fn default_timeout(operation: Operation) -> Duration {
    let minutes = match operation {
        Operation::Create | Operation::Update => 10,
        Operation::Delete => 5,
        Operation::Plan | Operation::Read | Operation::Import => 2,
        Operation::Open | Operation::Renew | Operation::Close => 1,
    };
    Duration::from_secs(minutes * 60)
}

/// One apply under way.
pub(crate) struct Run<'a, R: Managed> {
    pub(crate) ctx: &'a Context<R>,
    pub(crate) cluster: &'a Cluster,
    pub(crate) bounds: Bounds,
    pub(crate) plan: R::Model,
    /// None while the resource is created.
    pub(crate) prior: Option<R::Model>,
    /// Whether the state says already that something exists.
    noted: AtomicBool,
}

impl<'a, R: Managed> Run<'a, R> {
    /// Begins an apply.
    pub(crate) async fn begin(
        ctx: &'a Context<R>,
        plan: R::Model,
        prior: Option<R::Model>,
    ) -> Result<Self, Diagnostic> {
        let cluster = ctx.data().cluster().await.map_err(|reason| reason.error(&format!("apply the {}", R::THING)))?;
        let deadline = ctx.deadline().checked_sub(TO_EXPLAIN).unwrap_or_else(|| ctx.deadline());
        let bounds = Bounds { cancel: ctx.cancellation_token(), deadline: deadline.into() };
        Ok(Self { ctx, cluster, bounds, plan, prior, noted: AtomicBool::new(false) })
    }

    /// Does the work, logs what happens, and notes as soon as something exists that it does.
    pub(crate) async fn follow<T>(&self, event_rx: &mut UnboundedReceiver<Event>, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                Some(event) = event_rx.recv() => self.note(&event),
                done = &mut work => return done,
            }
        }
    }

    fn note(&self, event: &Event) {
        match event {
            Event::Warning(_) => tracing::warn!("{event}"),
            _ => tracing::info!("{event}"),
        }
        let exists = match event {
            Event::Applied(_) => true,
            Event::Begun => R::left_something(&Applied { began: true, ..Applied::default() }),
            _ => false,
        };
        // Once: it would say the same each time, and making it of the whole model takes as long as a write.
        if exists && !self.noted.swap(true, Ordering::Relaxed) {
            self.ctx.checkpoint(&self.half_written());
        }
    }

    /// Saves that everything is written, and what is left to do.
    pub(crate) fn keep(&self, applied: &Applied, pending: &[String]) {
        self.ctx.checkpoint(&self.state(applied, pending));
    }

    /// The state once everything is written.
    pub(crate) fn state(&self, applied: &Applied, pending: &[String]) -> R::Model {
        let mut state = self.plan.clone();
        *R::revision(&mut state) = applied.revision.into();
        *R::pending(&mut state) = sentences(pending);
        state
    }

    /// The state while only a part is written: what was planned for a new resource, what was there for one that changes,
    /// so that the next plan shows the change again.
    pub(crate) fn half_written(&self) -> R::Model {
        let mut state = self.prior.clone().unwrap_or_else(|| self.plan.clone());
        *R::pending(&mut state) =
            sentences(&["the last apply did not come to its end; the next apply completes it".to_owned()]);
        R::close(&mut state);
        state
    }

    /// The planned state of an apply that was stopped while it wrote; it must be what was planned, because nothing failed.
    fn half_planned(&self) -> R::Model {
        let mut state = self.plan.clone();
        *R::pending(&mut state) =
            sentences(&["the last apply was interrupted; the next apply completes it".to_owned()]);
        *R::revision(&mut state) = match &self.prior {
            Some(prior) => *R::revision(&mut prior.clone()),
            None => Value::Null,
        };
        R::close(&mut state);
        state
    }

    /// Whether somebody stopped the operation, rather than its time being over.
    pub(crate) fn was_stopped(&self) -> bool {
        matches!(self.ctx.reason(), Some(Reason::Stop | Reason::HostGone))
    }

    /// The answer when not everything was written.
    pub(crate) fn not_applied(&self, error: &ApplyError) -> Outcome<R::Model> {
        let left_something = R::left_something(&error.partial);
        if matches!(error.cause, Cause::Interrupted(_)) && self.was_stopped() {
            return if !left_something && self.prior.is_none() {
                Err(self.ctx.interrupted().into())
            } else {
                interrupted::<R>(self.half_planned())
            };
        }
        let mut detail = sentence(&error.to_string());
        if let Cause::Api(api) = &error.cause
            && api.is_unreachable()
        {
            detail.push_str(" Nothing is lost: the next apply goes on from what is there.");
        }
        let diagnostic = Diagnostic::error(R::summary(&error.cause), detail);
        match &self.prior {
            None if !left_something => Err(diagnostic.into()),
            None => Err(Failure::with_state(self.half_written(), tainted::<R>(diagnostic))),
            Some(_) => Err(Failure::with_state(self.half_written(), diagnostic)),
        }
    }

    /// The answer when everything is written and what was to follow ended without success.
    pub(crate) fn not_done(&self, state: R::Model, diagnostic: Diagnostic) -> Outcome<R::Model> {
        let diagnostic = if self.prior.is_none() { tainted::<R>(diagnostic) } else { go_on::<R>(diagnostic) };
        Err(Failure::with_state(state, diagnostic))
    }
}

/// A success for Terraform, so that nothing is tainted, and unfinished for everybody else.
pub(crate) fn interrupted<R: Managed>(mut state: R::Model) -> Outcome<R::Model> {
    let left = R::pending(&mut state).known().map_or(0, Vec::len);
    Ok(Answer::from(state).warn(
        "The apply was interrupted",
        format!(
            "What exists is in the state; {left} things are left to do, and the attribute pending names them. Run terraform \
             apply again to go on."
        ),
    ))
}

pub(crate) fn summary(cause: &Cause, thing: &str) -> String {
    match cause {
        Cause::NamespaceTerminating(_) => "The namespace is being deleted".to_owned(),
        Cause::OtherStack { .. } => "The namespace holds another stack".to_owned(),
        Cause::Foreign(_) => "Objects of the same names belong to others".to_owned(),
        Cause::Conflicts(_) => format!("Others own fields of the {thing}"),
        Cause::Rights { .. } => "The credentials do not suffice".to_owned(),
        Cause::Lease(_) | Cause::LeaseLost(_) => "Another apply is under way".to_owned(),
        Cause::Contract(_) => format!("A newer release wrote this {thing}'s records"),
        Cause::Interrupted(_) => format!("The {thing} was not applied in time"),
        _ => format!("The {thing} was not applied"),
    }
}

/// Says how to keep a new resource that Terraform now wants to replace.
fn tainted<R: Managed>(mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.detail.push_str(&format!(
        "\n\nWhat exists is in the state, but Terraform marks a resource whose creation failed as tainted and would replace \
         it{}. To go on with it instead, mend the cause and run:\n  terraform untaint {}.NAME\n  terraform apply",
        R::LOSS,
        R::TYPE
    ));
    diagnostic
}

fn go_on<R: Managed>(mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.detail.push_str(&format!(
        "\n\nThe change is written; the {} is as it says above. Mend the cause and run terraform apply again, which goes on \
         from here.",
        R::THING
    ));
    diagnostic
}

/// The cluster of a refresh, or what to answer without one.
pub(crate) enum Refresh<'a> {
    /// Ask it.
    From(&'a Cluster),
    /// Answer the state as it is, with this warning.
    Keep(Option<Diagnostic>),
}

/// Whether a refresh can ask the cluster.
///
/// # Errors
/// When there should be a cluster and there is none.
pub(crate) async fn refresh<R: Managed>(ctx: &Context<R>) -> Result<Refresh<'_>, Diagnostic> {
    match ctx.data().cluster().await {
        Ok(cluster) => Ok(Refresh::From(cluster)),
        Err(reason @ NoCluster::Broken(_)) => {
            let mut error = reason.error(&format!("refresh the {}", R::THING));
            error.detail.push_str(SKIP);
            Err(error)
        }
        // An error here would make it impossible to plan the cluster that everything lives in.
        Err(reason) => Ok(Refresh::Keep(reason.not_checked())),
    }
}

/// The cluster of a destroy.
///
/// # Errors
/// When there is none, with the way out for a cluster that is gone for good.
pub(crate) async fn cluster_to_destroy<R: Managed>(ctx: &Context<R>) -> Result<&Cluster, Diagnostic> {
    ctx.data().cluster().await.map_err(|reason| {
        let mut error = reason.error(&format!("destroy the {}", R::THING));
        error.detail.push_str(&format!(
            " If the cluster is gone for good, and the {} with it, remove it from the state: terraform state rm {}.NAME",
            R::THING,
            R::TYPE
        ));
        error
    })
}

/// The bounds of an operation that needs no time to explain itself.
pub(crate) fn bounds<R: Managed>(ctx: &Context<R>) -> Bounds {
    Bounds { cancel: ctx.cancellation_token(), deadline: ctx.deadline().into() }
}

/// What a reading of the cluster comes to within the operation's time, or why it was not read.
pub(crate) async fn in_time<R: Managed, T, E: Display>(
    ctx: &Context<R>,
    id: &SetId,
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    let by = match bounds(ctx).run(asked).await {
        Ok(Ok(reading)) => return Ok(reading),
        Ok(Err(error)) => return Err(error.to_string()),
        // Work is told to end when its time is over, too.
        Err(_) if ctx.reason() == Some(Reason::Deadline) => Interrupted::Deadline,
        Err(by) => by,
    };
    Err(format!("the {} was not read: {by}", id.described()))
}

/// Takes the settings that the newest revision records where the state does not know them yet. Answers a warning when they
/// cannot be read: somebody with a newer provider applied.
pub(crate) fn take_newest<R: Managed>(
    state: &mut R::Model,
    set: &SetReading,
    recorded: impl FnOnce() -> Result<Option<R::Model>, Diagnostic>,
) -> Option<Diagnostic> {
    let newest = set.revision.as_ref().map(|revision| revision.number)?;
    if R::revision(state).known() == Some(&newest) {
        return None;
    }
    match recorded() {
        Ok(Some(recorded)) => *state = recorded,
        Ok(None) => {}
        Err(warning) => return Some(warning),
    }
    None
}

/// The answer of a refresh.
pub(crate) fn refreshed<M>(state: M, warning: Option<Diagnostic>) -> Outcome<M, Option<M>> {
    Ok(match warning {
        Some(warning) => Answer::with(Some(state), warning),
        None => Some(state).into(),
    })
}

/// The answer of a destroy.
pub(crate) fn destroyed<R: Managed>(
    mut state: R::Model,
    outcome: Result<Destroyed, Box<DestroyError>>,
) -> Outcome<R::Model, ()> {
    match outcome {
        Ok(destroyed) if destroyed.kept.is_empty() => Ok(().into()),
        Ok(destroyed) => {
            let mut diagnostics = Diagnostics::none();
            let kept: Vec<String> = destroyed.kept.iter().map(|kept| sentence(kept)).collect();
            diagnostics.push(Diagnostic::warning("Something was kept", kept.join("\n")));
            Ok(Answer::with((), diagnostics))
        }
        Err(error) => {
            let thing = R::THING;
            let summary = match &error.cause {
                Cause::Interrupted(_) => "The destroy was interrupted".to_owned(),
                Cause::Staying(_) => "Some objects do not go".to_owned(),
                _ => format!("The {thing} was not destroyed"),
            };
            let left = format!("the destroy did not come to its end; destroy again, or apply to restore the {thing}");
            *R::pending(&mut state) = sentences(&[left]);
            let detail =
                format!("{} What is left stays in the state; destroy again to go on.", sentence(&error.to_string()));
            Err(Failure::with_state(state, Diagnostic::error(summary, detail)))
        }
    }
}

/// The answer with what the API server warned of.
pub(crate) fn with_warnings<M>(answer: Answer<M>, applied: &Applied) -> Answer<M> {
    warn_once(answer, "The API server warns", &applied.warnings)
}

/// The answer with one warning for all these texts: of several with one summary, terraform shows the first only.
pub(crate) fn warn_once<M>(answer: Answer<M>, summary: &str, texts: &[String]) -> Answer<M> {
    if texts.is_empty() {
        return answer;
    }
    let sentences: Vec<String> = texts.iter().map(|text| sentence(text)).collect();
    answer.warn(summary, sentences.join("\n\n"))
}

/// The answer, with a warning if what was applied could not be read back.
pub(crate) fn with_unread<R: Managed>(answer: Answer<R::Model>, unread: Option<String>) -> Answer<R::Model> {
    let Some(why) = unread else { return answer };
    answer.warn(
        format!("The {} was not read back", R::THING),
        format!("It is applied. Whether somebody changed it meanwhile is not known: {}", sentence(&why)),
    )
}

/// A warning: somebody with a newer provider applied, and what they said cannot be read here.
pub(crate) fn unreadable<R: Managed>(id: &SetId, revision: &Revision, said: &str) -> Diagnostic {
    Diagnostic::warning(
        "The newest revision cannot be read",
        format!(
            "Revision {} of {id} was written by {} with settings that this provider does not know ({said}). Use the \
             release that wrote it, or a newer one; an apply with this one sets the {} back to this configuration.",
            revision.number,
            revision.created_by,
            R::THING
        ),
    )
}

/// An import of something whose settings nobody recorded.
pub(crate) fn no_revision<R: Managed>(id: &SetId) -> Diagnostic {
    Diagnostic::error(
        format!("The {} has no revision", R::THING),
        format!(
            "The first apply of {id} never came to its end, so its settings are not recorded. Apply a {} with this name \
             and namespace: it goes on from what is there.",
            R::TYPE
        ),
    )
}

/// Remembers what the next plan shows as drift.
pub(crate) fn remember_drift<R: Managed>(ctx: &Context<R>, reading: &SetReading) -> Result<(), Diagnostic> {
    let planned: Vec<PlannedDrift> = reading
        .drift
        .iter()
        .map(|drift| PlannedDrift { object: drift.object.clone(), path: drift.path.to_string() })
        .collect();
    if planned.is_empty() {
        ctx.private().remove(DRIFT);
        return Ok(());
    }
    ctx.private().set(DRIFT, planned).map_err(|error| Diagnostic::caused_by("The drift cannot be remembered", &error))
}

/// Sets a value that is unknown to null.
pub(crate) fn close<T>(value: &mut Value<T>) {
    if value.is_unknown() {
        *value = Value::Null;
    }
}

/// Longest look at the cluster while something new is planned. It only serves warnings.
const LOOK: Duration = Duration::from_secs(5);

/// What a look at a namespace found.
pub(crate) enum Looked {
    /// It is there, or may not be looked at.
    Fine,
    /// It is not there.
    Missing,
    /// A warning.
    Warning(Diagnostic),
}

/// Looks at the namespace of something new. What stands in the way is a warning: it may be gone when apply comes.
pub(crate) async fn look_at_namespace<R: Managed>(ctx: &Context<R>, namespace: &str) -> Looked {
    let cluster = match ctx.data().cluster().await {
        Ok(cluster) => cluster,
        Err(reason) => return reason.not_checked().map_or(Looked::Fine, Looked::Warning),
    };
    let looked = tokio::time::timeout(LOOK, cluster.get(Kind::NAMESPACE, None, namespace)).await;
    ctx.data().remember_namespace(namespace, !matches!(looked, Ok(Ok(None))));
    match looked {
        Err(_) => {
            let why = format!("{} did not answer within {} s.", cluster.server(), LOOK.as_secs());
            Looked::Warning(not_checked(&why))
        }
        Ok(Err(error)) if error.missing_verb().is_some() => Looked::Fine,
        Ok(Err(error)) => Looked::Warning(not_checked(&sentence(&error.to_string()))),
        Ok(Ok(Some(found))) if found["status"]["phase"] == "Terminating" => Looked::Warning(
            Diagnostic::warning(
                "The namespace is being deleted",
                format!(
                    "The namespace {namespace} is terminating and takes nothing new. Wait until it is gone (kubectl wait \
                     --for=delete namespace/{namespace}) before you apply."
                ),
            )
            .at("namespace"),
        ),
        Ok(Ok(Some(_))) => Looked::Fine,
        Ok(Ok(None)) => Looked::Missing,
    }
}

/// The attribute `pending`.
pub(crate) fn sentences(pending: &[String]) -> Value<List<String>> {
    pending.iter().cloned().map(Value::Known).collect::<Vec<_>>().into()
}
