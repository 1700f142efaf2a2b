//! Online Boutique as data and pure functions: catalogue, rendering, status, drift, findings, predictions.
