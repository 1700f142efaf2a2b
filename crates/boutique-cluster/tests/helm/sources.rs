//! Charts from repositories and registries.

use std::process::Command;

use boutique_cluster::helm::{ChartSource, Helm, HelmError, LoadedChart, Login, Reach};
use tempfile::TempDir;

use crate::{
    harness::{bounds, helm_with, program},
    registry::Registry,
};

fn mk_archive(folder: &TempDir) -> Vec<u8> {
    let chart = folder.path().join("web");
    std::fs::create_dir_all(chart.join("templates")).expect("the chart is packaged");
    std::fs::write(chart.join("Chart.yaml"), "apiVersion: v2\nname: web\nversion: 1.0.0\n")
        .expect("the chart is packaged");
    let packaged = Command::new(program())
        .arg("package")
        .arg(&chart)
        .arg("-d")
        .arg(folder.path())
        .output()
        .expect("the chart is packaged");
    assert!(packaged.status.success(), "{packaged:?}");
    std::fs::read(folder.path().join("web-1.0.0.tgz")).expect("the chart is packaged")
}

fn login(password: &str) -> Option<Login> {
    Some(Login { username: "ann".into(), password: password.into() })
}

async fn load(helm: &Helm, source: ChartSource, reach: Reach) -> Result<LoadedChart, Box<HelmError>> {
    helm.chart(&source, reach, &bounds()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_of_a_repository_is_loaded_once_and_credentials_are_shown_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let (registry, _) = Registry::start(mk_archive(&folder)).await;
    let helm = helm_with(&folder.path().join("cache")).await;
    let url = format!("http://{}/charts", registry.address);
    let source = |name: &str, version: Option<&str>, password: &str| {
        ChartSource::parse(name, Some(&url), version).unwrap().with_login(login(password))
    };
    let error = load(&helm, source("web", Some("1.0.0"), "hunter22"), Reach::CacheOnly).await.unwrap_err();
    assert!(error.is_out_of_reach(), "{error}");
    let error = load(&helm, source("web", Some("1.0.0"), "wrong-password"), Reach::Network).await.unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(said.contains("credentials") && !said.contains("wrong-password"), "{said}");
    assert!(!error.is_out_of_reach());

    let loaded = load(&helm, source("web", Some("1.0.0"), "hunter22"), Reach::Network).await.unwrap();
    assert_eq!(loaded.metadata().version, "1.0.0");
    let asked = registry.asked();
    let again = load(&helm, source("web", Some("1.0.0"), "hunter22"), Reach::CacheOnly).await.unwrap();
    assert_eq!((again.digest, registry.asked()), (loaded.digest, asked));
    // Without an exact version only the repository knows what is meant.
    assert!(load(&helm, source("web", None, "hunter22"), Reach::CacheOnly).await.unwrap_err().is_out_of_reach());
    assert_eq!(load(&helm, source("web", None, "hunter22"), Reach::Network).await.unwrap().metadata().version, "1.0.0");

    for (name, version, expected) in [("web", "9.9.9", "no version 9.9.9"), ("nope", "1.0.0", "does not have it")] {
        let error = load(&helm, source(name, Some(version), "hunter22"), Reach::Network).await.unwrap_err();
        assert!(error.to_string().contains(expected) && !error.is_out_of_reach(), "{error}");
    }
    let nobody = ChartSource::parse("web", Some("http://127.0.0.1:1/charts"), Some("1.0.0")).unwrap();
    let error = load(&helm, nobody, Reach::Network).await.unwrap_err();
    assert!(error.is_out_of_reach() && error.to_string().contains("127.0.0.1:1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_of_a_registry_is_loaded_by_tag_and_by_digest() {
    let folder = tempfile::tempdir().unwrap();
    let (registry, digest) = Registry::start(mk_archive(&folder)).await;
    let helm = helm_with(&folder.path().join("cache")).await;
    let source = |reference: &str, password: &str| {
        let source = ChartSource::parse(reference, None, None).unwrap().with_login(login(password));
        match source {
            ChartSource::Oci { reference, version, digest, login, .. } => {
                ChartSource::Oci { reference, version, digest, login, plain_http: true }
            }
            other => other,
        }
    };
    let place = format!("oci://{}/charts/web", registry.address);
    let by_tag = load(&helm, source(&format!("{place}:1.0.0"), "hunter22"), Reach::Network).await;
    let by_tag = by_tag.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(by_tag.metadata().name, "web");
    let by_digest = load(&helm, source(&format!("{place}@{digest}"), "hunter22"), Reach::Network).await;
    assert_eq!(by_digest.unwrap_or_else(|error| panic!("{error}")).digest, by_tag.digest);
    assert!(load(&helm, source(&format!("{place}@{digest}"), "hunter22"), Reach::CacheOnly).await.is_ok());
    let error = load(&helm, source(&format!("{place}:2.0.0"), "hunter22"), Reach::Network).await.unwrap_err();
    assert!(error.to_string().contains("the registry does not have it"), "{error}");
    let error = load(&helm, source(&format!("{place}:2.0.0"), "wrong-password"), Reach::Network).await.unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(said.contains("credentials") && !said.contains("wrong-password"), "{said}");
}
