use super::show::show;
use super::{Complaint, conforms};
use crate::schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, Nesting};
use crate::{Dynamic, Path};

/// Everything in a plan of a create or update that Terraform would refuse as "invalid plan".
pub(crate) fn check_plan(block: &Block, config: &Dynamic, prior: &Dynamic, planned: &Dynamic) -> Vec<Complaint> {
    if let Err((path, text)) = conforms(planned, &block.ty(), &Path::root()) {
        return vec![Complaint { path, text }];
    }
    let mut check = Check { root: block, complaints: Vec::new() };
    check.block(block, [config, prior, planned], &Path::root());
    check.complaints
}

struct Check<'a> {
    root: &'a Block,
    complaints: Vec<Complaint>,
}

/// Configuration, prior state and plan at one place.
type Three<'a> = [&'a Dynamic; 3];

fn members<'a>([config, prior, planned]: Three<'a>, name: &str) -> Three<'a> {
    [config.get(name), prior.get(name), planned.get(name)]
}

fn same(a: &Dynamic, b: &Dynamic) -> bool {
    a.without_refinements() == b.without_refinements()
}

impl Check<'_> {
    fn complain(&mut self, path: &Path, text: String) {
        self.complaints.push(Complaint { path: path.clone(), text });
    }

    fn block(&mut self, block: &Block, three: Three<'_>, path: &Path) {
        let [config, _, planned] = three;
        if planned.is_null() != config.is_null() {
            let (planned, wanted) = if planned.is_null() { ("null", "something") } else { ("something", "null") };
            return self
                .complain(path, format!("{path} is planned to be {planned}, but the configuration has {wanted}."));
        }
        if planned.is_null() || config.is_unknown() {
            return;
        }
        if planned.is_unknown() {
            return self.complain(path, format!("{path} is planned unknown, but the configuration knows it."));
        }
        for attribute in &block.attributes {
            self.attribute(attribute, members(three, &attribute.name), &path.then(&attribute.name));
        }
        for nested in &block.blocks {
            self.nested_block(nested, members(three, &nested.name), &path.then(&nested.name));
        }
    }

    fn nested_block(&mut self, nested: &NestedBlock, three: Three<'_>, path: &Path) {
        let [config, prior, planned] = three;
        if config.is_unknown() {
            return;
        }
        if planned.is_unknown() {
            return self
                .complain(path, format!("The blocks {path} are planned unknown, but the configuration knows them."));
        }
        match nested.nesting {
            BlockNesting::Single | BlockNesting::Group => self.block(&nested.block, three, path),
            _ if planned.is_null() => {
                self.complain(path, format!("The blocks {path} are planned null; none are written as empty."));
            }
            BlockNesting::List => {
                let (Dynamic::List(configs), Dynamic::List(plans)) = (config, planned) else { return };
                if configs.len() != plans.len() {
                    let text = format!("{path} has {} blocks, but {} are planned.", configs.len(), plans.len());
                    return self.complain(path, text);
                }
                for (i, (config, planned)) in configs.iter().zip(plans).enumerate() {
                    self.block(&nested.block, [config, element(prior, i), planned], &path.index(i));
                }
            }
            BlockNesting::Map => {
                if self.keys(config, planned, path) {
                    let Dynamic::Map(plans) = planned else { return };
                    for key in plans.keys() {
                        self.block(&nested.block, members(three, key), &path.key(key));
                    }
                }
            }
            BlockNesting::Set => {
                let Dynamic::Set(plans) = planned else { return };
                if plans.iter().any(Dynamic::is_unknown) {
                    self.complain(path, format!("A block of the set {path} is planned unknown as a whole."));
                }
            }
        }
    }

    fn keys(&mut self, config: &Dynamic, planned: &Dynamic, path: &Path) -> bool {
        let (Dynamic::Map(configs), Dynamic::Map(plans)) = (config, planned) else { return false };
        let same = configs.keys().eq(plans.keys());
        if !same {
            let names = |map: &std::collections::BTreeMap<String, Dynamic>| {
                map.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
            };
            let text = format!("{path} has the keys [{}], but [{}] are planned.", names(configs), names(plans));
            self.complain(path, text);
        }
        same
    }

    fn attribute(&mut self, attribute: &Attribute, three: Three<'_>, path: &Path) {
        let [config, prior, planned] = three;
        if attribute.write_only {
            if !planned.is_null() {
                self.complain(path, format!("{path} is write-only, but the plan holds a value of it."));
            }
            return;
        }
        if same(planned, config)
            || (same(planned, prior) && !prior.is_null() && !config.is_null())
            || attribute.is_read_only()
            || (attribute.computed && config.is_null())
        {
            return;
        }
        if config.is_null() {
            let value = show(self.root, path, planned);
            let text = format!("{path} is not configured and not computed, but the plan says {value}.");
            return self.complain(path, text);
        }
        match &attribute.kind {
            AttributeKind::Nested { nesting, attributes } if !config.is_unknown() => {
                self.nested(*nesting, attributes, three, path);
            }
            _ => {
                let (config, planned) = (show(self.root, path, config), show(self.root, path, planned));
                self.complain(path, format!("{path} is configured as {config}, but the plan says {planned}."));
            }
        }
    }

    fn nested(&mut self, nesting: Nesting, attributes: &[Attribute], three: Three<'_>, path: &Path) {
        let [config, prior, planned] = three;
        if planned.is_null() || planned.is_unknown() {
            let planned = planned.describe();
            return self.complain(path, format!("{path} is configured, but planned {planned}."));
        }
        match nesting {
            Nesting::Single => self.object(attributes, three, path),
            Nesting::Map => {
                if self.keys(config, planned, path) {
                    let Dynamic::Map(plans) = planned else { return };
                    for key in plans.keys() {
                        self.object(attributes, members(three, key), &path.key(key));
                    }
                }
            }
            Nesting::List => {
                let (Dynamic::List(configs), Dynamic::List(plans)) = (config, planned) else { return };
                if configs.len() != plans.len() {
                    let text = format!("{path} has {} elements, but {} are planned.", configs.len(), plans.len());
                    return self.complain(path, text);
                }
                for (i, (config, planned)) in configs.iter().zip(plans).enumerate() {
                    self.object(attributes, [config, element(prior, i), planned], &path.index(i));
                }
            }
            Nesting::Set => {
                let (Dynamic::Set(configs), Dynamic::Set(plans)) = (config, planned) else { return };
                // Elements that are equal once they are known may merge, so a plan may have fewer, not more.
                if configs.len() < plans.len() {
                    let text = format!("{path} has {} elements, but {} are planned.", configs.len(), plans.len());
                    self.complain(path, text);
                }
            }
        }
    }

    fn object(&mut self, attributes: &[Attribute], three: Three<'_>, path: &Path) {
        let [config, _, planned] = three;
        if same(config, planned) {
            return;
        }
        if !matches!((config, planned), (Dynamic::Map(_), Dynamic::Map(_))) {
            let (config, planned) = (config.describe(), planned.describe());
            return self.complain(path, format!("{path} is {config} in the configuration, but {planned} in the plan."));
        }
        for attribute in attributes {
            self.attribute(attribute, members(three, &attribute.name), &path.then(&attribute.name));
        }
    }
}

fn element(value: &Dynamic, index: usize) -> &Dynamic {
    match value {
        Dynamic::List(elements) => elements.get(index).unwrap_or(&Dynamic::Null),
        _ => &Dynamic::Null,
    }
}
