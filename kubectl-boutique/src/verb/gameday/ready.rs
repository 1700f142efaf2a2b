//! Gamedays that come with the program.

/// Name and file of each, the gentlest first.
pub(super) const READY: &[(&str, &str)] = &[
    ("first-hour", include_str!("../../../../examples/gamedays/first-hour.yaml")),
    ("green-but-broken", include_str!("../../../../examples/gamedays/green-but-broken.yaml")),
    ("slow-catalogue", include_str!("../../../../examples/gamedays/slow-catalogue.yaml")),
    ("bad-address", include_str!("../../../../examples/gamedays/bad-address.yaml")),
    ("three-nines", include_str!("../../../../examples/gamedays/three-nines.yaml")),
    ("three-nines-single", include_str!("../../../../examples/gamedays/three-nines-single.yaml")),
];

/// The file of one of them.
pub(super) fn ready(name: &str) -> Option<&'static str> {
    READY.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use boutique_core::gameday::{parse, plan};

    use super::*;

    #[test]
    fn every_gameday_that_comes_with_the_program_can_be_planned() {
        for (name, text) in READY {
            let gameday = parse(text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
            assert_eq!(gameday.name, *name);
            assert!(!plan(&gameday, None).unwrap().steps.is_empty());
            let teaching = gameday.teaching;
            assert!([teaching.see, teaching.why, teaching.change].iter().all(|text| text.len() > 80), "{name} teaches");
        }
    }

    #[test]
    fn every_example_comes_with_the_program() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/gamedays");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".yaml").to_owned())
            .collect();
        let mut names: Vec<String> = READY.iter().map(|(name, _)| (*name).to_owned()).collect();
        files.sort();
        names.sort();
        assert_eq!(files, names);
    }
}
