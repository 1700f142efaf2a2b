use crate::{Dynamic, Path, Type};

/// Whether a value has a type, and where it has not.
///
/// # Errors
/// With the place and a sentence about it.
pub(crate) fn conforms(value: &Dynamic, ty: &Type, path: &Path) -> Result<(), (Path, String)> {
    let misfit = || Err((path.clone(), format!("{path} is {}, but should be {ty}", value.describe())));
    match (value, ty) {
        (Dynamic::Null | Dynamic::Unknown(_), _)
        | (Dynamic::Bool(_), Type::Bool)
        | (Dynamic::Number(_), Type::Number)
        | (Dynamic::String(_), Type::String) => Ok(()),
        (Dynamic::Any(any), Type::Dynamic) => conforms(&any.value, &any.ty, path),
        (Dynamic::List(elements), Type::List(element)) => {
            elements.iter().enumerate().try_for_each(|(i, value)| conforms(value, element, &path.index(i)))
        }
        (Dynamic::Set(elements), Type::Set(element)) => {
            elements.iter().try_for_each(|value| conforms(value, element, path))
        }
        (Dynamic::Map(elements), Type::Map(element)) => {
            elements.iter().try_for_each(|(key, value)| conforms(value, element, &path.key(key)))
        }
        (Dynamic::List(elements), Type::Tuple(types)) if elements.len() == types.len() => {
            elements.iter().zip(types).enumerate().try_for_each(|(i, (value, ty))| conforms(value, ty, &path.index(i)))
        }
        (Dynamic::Map(members), Type::Object(types)) => {
            if let Some(extra) = members.keys().find(|name| !types.contains_key(*name)) {
                return Err((path.clone(), format!("{path} has a member {extra:?} that its type lacks")));
            }
            types.iter().try_for_each(|(name, ty)| match members.get(name) {
                Some(value) => conforms(value, ty, &path.then(name)),
                None => Err((path.clone(), format!("{path} lacks the member {name:?}"))),
            })
        }
        _ => misfit(),
    }
}
