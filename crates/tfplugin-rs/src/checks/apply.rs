use super::show::show;
use super::{Complaint, conforms};
use crate::schema::Block;
use crate::{Dynamic, Path, Type};

/// Everything in the new state of a create or update that Terraform would refuse as inconsistent with the plan.
pub(crate) fn check_applied(block: &Block, planned: &Dynamic, actual: &Dynamic) -> Vec<Complaint> {
    if let Err((path, text)) = conforms(actual, &block.ty(), &Path::root()) {
        return vec![Complaint { path, text }];
    }
    let mut complaints = Vec::new();
    compare(block, &block.ty(), [planned, actual], &Path::root(), &mut complaints);
    complaints
}

fn compare(block: &Block, ty: &Type, [planned, actual]: [&Dynamic; 2], path: &Path, complaints: &mut Vec<Complaint>) {
    let mut complain = |text: String| complaints.push(Complaint { path: path.clone(), text });
    let changed = |complain: &mut dyn FnMut(String)| {
        let (planned, actual) = (show(block, path, planned), show(block, path, actual));
        complain(format!("{path} was planned as {planned}, but is {actual} after apply."));
    };
    match (planned, actual) {
        (_, Dynamic::Unknown(_)) => complain(format!("{path} is still unknown after apply.")),
        (Dynamic::Unknown(refinement), actual) => {
            let promised = refinement.as_ref().is_some_and(|refinement| refinement.not_null);
            if promised && actual.is_null() {
                complain(format!("{path} was promised not to be null, but is null after apply."));
            }
            unknowns(actual, path, complaints);
        }
        (Dynamic::Any(planned), Dynamic::Any(actual)) if planned.ty == actual.ty => {
            compare(block, &planned.ty, [&planned.value, &actual.value], path, complaints);
        }
        (Dynamic::List(planned), Dynamic::List(actual)) if planned.len() == actual.len() => {
            for (i, (planned, actual)) in planned.iter().zip(actual).enumerate() {
                let ty = match ty {
                    Type::Tuple(types) => types.get(i).unwrap_or(&Type::Dynamic),
                    other => element(other),
                };
                compare(block, ty, [planned, actual], &path.index(i), complaints);
            }
        }
        (Dynamic::Map(plans), Dynamic::Map(actuals)) => {
            for (key, planned) in plans {
                let (ty, path) = match ty {
                    Type::Object(types) => (types.get(key).unwrap_or(&Type::Dynamic), path.then(key)),
                    other => (element(other), path.key(key)),
                };
                match actuals.get(key) {
                    Some(actual) => compare(block, ty, [planned, actual], &path, complaints),
                    None => complaints.push(Complaint {
                        path: path.clone(),
                        text: "It was planned, but is missing after apply.".to_owned(),
                    }),
                }
            }
            for key in actuals.keys().filter(|key| !plans.contains_key(*key)) {
                let text = format!("{path} has {key:?} after apply, which was not planned.");
                complaints.push(Complaint { path: path.clone(), text });
            }
        }
        // The common case first: comparing each with each takes long in big sets.
        (Dynamic::Set(plans), Dynamic::Set(actuals))
            if plans == actuals && actuals.iter().all(Dynamic::is_wholly_known) => {}
        (Dynamic::Set(plans), Dynamic::Set(actuals)) => {
            let grown = actuals.len() > plans.len();
            let lost =
                plans.iter().any(|planned| !actuals.iter().any(|actual| fits(block, element(ty), planned, actual)));
            let foreign =
                actuals.iter().any(|actual| !plans.iter().any(|planned| fits(block, element(ty), planned, actual)));
            if grown || lost || foreign {
                complain(format!("The elements of {path} after apply are not those that were planned."));
            }
        }
        (planned, actual) if planned == actual => {}
        _ => changed(&mut complain),
    }
}

/// The type of the elements of a collection.
fn element(ty: &Type) -> &Type {
    match ty {
        Type::List(element) | Type::Set(element) | Type::Map(element) => element,
        _ => &Type::Dynamic,
    }
}

fn fits(block: &Block, ty: &Type, planned: &Dynamic, actual: &Dynamic) -> bool {
    let mut complaints = Vec::new();
    compare(block, ty, [planned, actual], &Path::root(), &mut complaints);
    complaints.is_empty()
}

fn unknowns(value: &Dynamic, path: &Path, complaints: &mut Vec<Complaint>) {
    match value {
        Dynamic::Unknown(_) => {
            complaints.push(Complaint { path: path.clone(), text: format!("{path} is still unknown after apply.") });
        }
        Dynamic::List(elements) => {
            elements.iter().enumerate().for_each(|(i, value)| unknowns(value, &path.index(i), complaints));
        }
        Dynamic::Set(elements) => elements.iter().for_each(|value| unknowns(value, path, complaints)),
        Dynamic::Map(members) => {
            members.iter().for_each(|(key, value)| unknowns(value, &path.then(key), complaints));
        }
        Dynamic::Any(any) => unknowns(&any.value, path, complaints),
        Dynamic::Null | Dynamic::Bool(_) | Dynamic::Number(_) | Dynamic::String(_) => {}
    }
}
