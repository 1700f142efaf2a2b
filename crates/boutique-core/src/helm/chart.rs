//! A chart's files: what it is, which CRDs it brings, and a digest of its content.

use std::{collections::BTreeMap, io::Read as _};

use flate2::read::GzDecoder;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{manifest::documents, values::merge};

/// No chart unpacks to more; what does is no chart.
const MAX_UNPACKED: u64 = 256 << 20;

/// What a chart says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ChartMetadata {
    /// Name.
    #[serde(default)]
    pub name: String,
    /// Version of the chart.
    #[serde(default)]
    pub version: String,
    /// Version of what it installs.
    #[serde(default, rename = "appVersion", deserialize_with = "text")]
    pub app_version: Option<String>,
    #[serde(default)]
    dependencies: Option<Vec<Dependency>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Dependency {
    #[serde(default)]
    name: String,
    #[serde(default)]
    alias: Option<String>,
    #[serde(default)]
    condition: Option<String>,
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// People write `appVersion: 1.10` without quotes.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    })
}

/// Files that are no chart.
#[derive(Debug, thiserror::Error)]
pub enum BadChart {
    /// There is no `Chart.yaml`.
    #[error("there is no Chart.yaml in it: is it a chart's folder or archive?")]
    NoChartYaml,
    /// A file cannot be read.
    #[error("{file} cannot be read: {said}")]
    File {
        /// The file.
        file: String,
        /// What the reader said.
        said: String,
    },
    /// It is no gzipped tar.
    #[error("it is no archive of a chart: {0}")]
    Archive(#[source] std::io::Error),
}

/// A chart's files by their path within the chart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChartFiles(pub BTreeMap<String, Vec<u8>>);

/// Whether a file of a chart's folder is none of the chart's: version control, and what editors leave.
pub fn is_ignored(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    path.split('/').any(|part| matches!(part, ".git" | ".hg" | ".svn")) || last.ends_with('~') || last == ".DS_Store"
}

impl ChartFiles {
    /// The files of a gzipped tar as `helm package` makes it: all of them below one folder.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_archive(archive: &[u8]) -> Result<Self, BadChart> {
        let mut tar = tar::Archive::new(GzDecoder::new(archive).take(MAX_UNPACKED));
        let mut files = BTreeMap::new();
        for entry in tar.entries().map_err(BadChart::Archive)? {
            let mut entry = entry.map_err(BadChart::Archive)?;
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let path = entry.path().map_err(BadChart::Archive)?.to_string_lossy().replace('\\', "/");
            let Some((_, path)) = path.trim_start_matches("./").split_once('/') else { continue };
            let path = path.to_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).map_err(BadChart::Archive)?;
            files.insert(path, content);
        }
        Ok(Self(files))
    }

    /// Digest of the content: it changes when a file does, and with nothing else.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (path, content) in &self.0 {
            for part in [path.as_bytes(), content.as_slice()] {
                hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                hash.update(part);
            }
        }
        let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{hex}")
    }

    fn yaml(&self, file: &str) -> Result<Option<Value>, BadChart> {
        let Some(content) = self.0.get(file) else { return Ok(None) };
        let bad = |said: String| BadChart::File { file: file.to_owned(), said };
        let text = std::str::from_utf8(content).map_err(|error| bad(error.to_string()))?;
        serde_yaml_ng::from_str(text).map(Some).map_err(|error| bad(error.to_string()))
    }

    /// The charts below `charts`, whether folders or archives, by folder or file name.
    fn subcharts(&self) -> Result<Vec<Self>, BadChart> {
        let mut folders: BTreeMap<&str, Self> = BTreeMap::new();
        let mut charts = Vec::new();
        for (path, content) in &self.0 {
            let Some(rest) = path.strip_prefix("charts/") else { continue };
            match rest.split_once('/') {
                Some((folder, file)) => {
                    folders.entry(folder).or_default().0.insert(file.to_owned(), content.clone());
                }
                None if rest.ends_with(".tgz") => {
                    let archive = Self::from_archive(content);
                    charts
                        .push(archive.map_err(|error| BadChart::File { file: path.clone(), said: error.to_string() })?);
                }
                None => {}
            }
        }
        charts.extend(folders.into_values().filter(|files| files.0.contains_key("Chart.yaml")));
        Ok(charts)
    }
}

/// A chart.
#[derive(Debug, Clone)]
pub struct Chart {
    /// What it says of itself.
    pub metadata: ChartMetadata,
    files: ChartFiles,
}

impl Chart {
    /// The chart that these files are.
    ///
    /// # Errors
    /// When they are none.
    pub fn read(files: ChartFiles) -> Result<Self, BadChart> {
        let yaml = files.yaml("Chart.yaml")?.ok_or(BadChart::NoChartYaml)?;
        let metadata = serde_json::from_value(yaml)
            .map_err(|error| BadChart::File { file: "Chart.yaml".into(), said: error.to_string() })?;
        Ok(Self { metadata, files })
    }

    /// Its files.
    pub fn files(&self) -> &ChartFiles {
        &self.files
    }

    /// URLs that the schemas of the chart and of its parts refer to: without internet, Helm fails on them.
    pub fn remote_schemas(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (path, content) in &self.files.0 {
            if path.ends_with("values.schema.json")
                && let Ok(schema) = serde_json::from_slice::<Value>(content)
            {
                remote(&schema, &mut found);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The CRDs in the `crds` folders of the chart and of the parts that these values enable, as Helm would install them.
    ///
    /// # Errors
    /// When a file of the chart cannot be read.
    pub fn crds(&self, values: &Value) -> Result<Vec<Value>, BadChart> {
        let mut found = Vec::new();
        let tags = merge(&self.files.yaml("values.yaml")?.unwrap_or_default(), values)["tags"].clone();
        self.collect(values, &tags, &mut found)?;
        Ok(found)
    }

    fn collect(&self, over: &Value, tags: &Value, found: &mut Vec<Value>) -> Result<(), BadChart> {
        for (path, content) in &self.files.0 {
            if path.starts_with("crds/") && [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end)) {
                let bad = |said: String| BadChart::File { file: path.clone(), said };
                let text = std::str::from_utf8(content).map_err(|error| bad(error.to_string()))?;
                let objects = documents(text).map_err(|error| bad(error.to_string()))?;
                found.extend(objects.into_iter().filter(|object| object["kind"] == "CustomResourceDefinition"));
            }
        }
        let values = merge(&self.files.yaml("values.yaml")?.unwrap_or_default(), over);
        for files in self.files.subcharts()? {
            let part = Self::read(files)?;
            let dependencies = self.metadata.dependencies.iter().flatten();
            let uses: Vec<&Dependency> =
                dependencies.filter(|dependency| dependency.name == part.metadata.name).collect();
            // A part that no dependency names is always on.
            let (on, name) = match uses.iter().find(|dependency| dependency.is_enabled(&values, tags)) {
                Some(dependency) => (true, dependency.alias.as_ref().unwrap_or(&dependency.name)),
                None => (uses.is_empty(), &part.metadata.name),
            };
            if on {
                part.collect(&values[name.as_str()], tags, found)?;
            }
        }
        Ok(())
    }
}

impl Dependency {
    /// Helm's rule: the first path of the condition that holds a boolean decides, else the tags, else it is on.
    fn is_enabled(&self, values: &Value, tags: &Value) -> bool {
        let paths = self.condition.as_deref().unwrap_or_default().split(',').map(str::trim);
        let found = paths
            .filter(|path| !path.is_empty())
            .find_map(|path| path.split('.').try_fold(values, |at, key| at.get(key)).and_then(Value::as_bool));
        found.unwrap_or_else(|| {
            let tagged: Vec<bool> =
                self.tags.iter().flatten().filter_map(|tag| tags.get(tag).and_then(Value::as_bool)).collect();
            tagged.is_empty() || tagged.contains(&true)
        })
    }
}

fn remote(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(reference) = map.get("$ref").and_then(Value::as_str)
                && (reference.starts_with("http://") || reference.starts_with("https://"))
            {
                let file = reference.split('#').next().unwrap_or_default();
                found.push(file.to_owned());
            }
            map.values().for_each(|value| remote(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| remote(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};
    use serde_json::json;

    use super::*;

    fn mk_files(files: &[(&str, &str)]) -> ChartFiles {
        ChartFiles(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect())
    }

    fn mk_archive(folder: &str, files: &ChartFiles) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, content) in &files.0 {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, format!("{folder}/{path}"), content.as_slice()).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    fn crd(name: &str) -> String {
        format!("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: {name}}}\n")
    }

    fn mk_chart() -> ChartFiles {
        let part = mk_files(&[("Chart.yaml", "name: packed\nversion: 1.0.0"), ("crds/c.yaml", &crd("c"))]);
        let mut files = mk_files(&[
            (
                "Chart.yaml",
                "name: web\nversion: 1.2.3\nappVersion: 1.10\ndependencies:\n\
                 - {name: inner, condition: inner.enabled}\n- {name: packed, alias: box, tags: [extra]}\n",
            ),
            ("values.yaml", "inner: {enabled: true}\ntags: {extra: false}\n"),
            ("crds/a.yaml", &format!("{}---\n{}", crd("a"), crd("a2"))),
            ("crds/README.md", "no CRD"),
            ("templates/x.yaml", "{{ broken"),
            ("charts/inner/Chart.yaml", "name: inner\nversion: 0.1.0"),
            ("charts/inner/crds/b.yaml", &crd("b")),
        ]);
        files.0.insert("charts/packed-1.0.0.tgz".into(), mk_archive("packed", &part));
        files
    }

    fn names(chart: &Chart, values: &Value) -> Vec<String> {
        let crds = chart.crds(values).unwrap();
        crds.iter().map(|crd| crd["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_chart_is_the_same_from_a_folder_and_from_an_archive() {
        let files = mk_chart();
        let unpacked = ChartFiles::from_archive(&mk_archive("web", &files)).unwrap();
        assert_eq!(unpacked, files);
        assert_eq!(unpacked.digest(), files.digest());
        let chart = Chart::read(files).unwrap();
        assert_eq!((chart.metadata.name.as_str(), chart.metadata.version.as_str()), ("web", "1.2.3"));
        assert_eq!(chart.metadata.app_version.as_deref(), Some("1.1"), "YAML reads 1.10 as a number, as Helm does");
    }

    #[test]
    fn crds_come_from_the_chart_and_from_the_parts_that_values_enable() {
        let chart = Chart::read(mk_chart()).unwrap();
        assert_eq!(names(&chart, &Value::Null), ["a", "a2", "b"]);
        assert_eq!(names(&chart, &json!({"inner": {"enabled": false}})), ["a", "a2"]);
        let mut all = names(&chart, &json!({"tags": {"extra": true}}));
        all.sort_unstable();
        assert_eq!(all, ["a", "a2", "b", "c"]);
    }

    #[test]
    fn a_digest_changes_with_any_file_and_its_name() {
        let files = mk_chart();
        let mut other = files.clone();
        other.0.insert("values.yaml".into(), b"inner: {enabled: false}".to_vec());
        assert_ne!(files.digest(), other.digest());
        let (a, b) = (mk_files(&[("ab", "c")]), mk_files(&[("a", "bc")]));
        assert_ne!(a.digest(), b.digest());
        assert!(is_ignored(".git/HEAD") && is_ignored("values.yaml~") && !is_ignored("templates/.github.yaml"));
    }

    #[test]
    fn what_is_no_chart_says_so() {
        assert!(Chart::read(mk_files(&[("README.md", "")])).unwrap_err().to_string().contains("Chart.yaml"));
        let error = Chart::read(mk_files(&[("Chart.yaml", "a: [")])).unwrap_err().to_string();
        assert!(error.starts_with("Chart.yaml cannot be read"), "{error}");
        assert!(ChartFiles::from_archive(b"<html>").is_err());
    }

    #[test]
    fn schemas_on_other_machines_are_found() {
        let schema = json!({"properties": {"a": {"$ref": "https://example.com/k8s/_definitions.json#/definitions/x"},
            "b": {"items": [{"$ref": "#/local"}]}}});
        let files = mk_files(&[("Chart.yaml", "name: a"), ("values.schema.json", &schema.to_string())]);
        assert_eq!(Chart::read(files).unwrap().remote_schemas(), ["https://example.com/k8s/_definitions.json"]);
    }
}
