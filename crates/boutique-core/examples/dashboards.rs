//! Writes the dashboards of a shop as files, for a Grafana of one's own and for validators:
//! `cargo run -p boutique-core --example dashboards -- NAMESPACE SHOP FOLDER`.

use std::error::Error;
use std::path::Path;

use boutique_core::contract::SetId;
use boutique_core::monitoring::{MonitoringSpec, dashboards};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [namespace, shop, folder] = arguments.as_slice() else {
        return Err("usage: dashboards NAMESPACE SHOP FOLDER".into());
    };
    let spec = MonitoringSpec::new("monitoring", shop, &SetId::stack(namespace, shop));
    for dashboard in dashboards::all(&spec) {
        let file = Path::new(folder).join(format!("{}.json", dashboard.name));
        std::fs::write(file, serde_json::to_vec_pretty(&dashboard.json())?)?;
    }
    Ok(())
}
