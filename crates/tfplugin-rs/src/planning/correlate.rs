use crate::Dynamic;

/// Whether a planned element of a set can have come from a configured one: it says the same wherever configuration says
/// anything.
pub(super) fn came_from(plan: &Dynamic, config: &Dynamic) -> bool {
    match (plan, config) {
        (_, Dynamic::Null) | (Dynamic::Unknown(_), Dynamic::Unknown(_)) => true,
        (Dynamic::Map(plan), Dynamic::Map(config)) => {
            plan.len() == config.len()
                && config.iter().all(|(key, config)| plan.get(key).is_some_and(|plan| came_from(plan, config)))
        }
        (Dynamic::List(plan), Dynamic::List(config)) => {
            plan.len() == config.len() && plan.iter().zip(config).all(|(plan, config)| came_from(plan, config))
        }
        (plan, config) => plan == config,
    }
}
