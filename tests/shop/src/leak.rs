//! A leak on demand, which upstream's services do not have: memory that is filled and never given back, until the kernel
//! kills the process. What watches memory is tested with a real kill so.

use std::time::Duration;

use crate::env::{Env, StartError};

/// The variable that asks for it: MiB per second.
const RATE: &str = "BOUTIQUE_LITE_LEAK_MIB_PER_SECOND";

/// Leaks as fast as the environment says, for as long as it is polled; waits for ever without the variable.
pub(crate) async fn leak(env: &Env) -> Result<std::convert::Infallible, StartError> {
    let Some(rate) = env.get(RATE) else { return std::future::pending().await };
    let rate: usize = rate.parse().map_err(|_| StartError::BadVariable {
        name: RATE,
        value: rate.to_owned(),
        problem: "a leak is a whole number of MiB per second".to_owned(),
    })?;
    let mut leaked = Vec::new();
    loop {
        // Filled, because the kernel counts pages that were written.
        leaked.push(vec![1_u8; rate << 20]);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_leaks_unless_asked_for() {
        let waited = tokio::time::timeout(Duration::from_millis(10), leak(&Env::default())).await;
        assert!(waited.is_err());
        assert!(leak(&Env::from([(RATE, "a little")])).await.is_err());
    }
}
