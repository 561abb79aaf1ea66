//! Pins a version of Atlas v2, sees that it will end, and what happens once it has.
//!
//! Run it with `cargo run -p examples --example versions`. It starts a local server for each day
//! and prints:
//!
//! ```text
//! on 2026-08-10
//!   2023-10-01: served by 2023-01-01
//!   it ends on 2027-07-01
//!   2025-03-12: served by 2024-08-05
//! on 2027-07-01
//!   2023-10-01: VERSION_GONE
//!   2025-03-12: served by 2024-08-05
//! ```

use std::error::Error;

use atlas_admin::{ApiVersion, Client, Credentials, ErrorKind, RequestOptions};
use atlas_emulator::{Emulator, ResourceVersion};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    for today in ["2026-08-10", "2027-07-01"] {
        println!("on {today}");
        let old = ResourceVersion::new("2023-01-01");
        let emulator = Emulator::builder()
            .version(old.deprecated("2024-08-05").sunset("2027-07-01"))
            .version(ResourceVersion::new("2024-08-05"))
            .today(today)
            .start()
            .await?;
        let pair = Credentials::digest(emulator.public_key(), emulator.private_key());
        let atlas = Client::builder()
            .base_url(emulator.base_url())
            .credentials(pair)
            .build()?;
        let key = atlas.org(emulator.org_id()).api_key(emulator.api_key_id());

        // Served by the newest version that is not newer than the date.
        let pin = RequestOptions::new().api_version(ApiVersion::V2023_10_01);
        match key.get().options(pin).await {
            Ok(key) => {
                println!("  2023-10-01: {}", served(key.served_version()));
                if let Some(end) = key.deprecation().and_then(|it| it.sunset_at) {
                    println!("  it ends on {}", end.date_naive());
                }
            }
            Err(error) if error.kind() == ErrorKind::Version => {
                let code = error.code().map(|code| code.to_string());
                println!("  2023-10-01: {}", code.unwrap_or_default());
            }
            Err(error) => return Err(error.into()),
        }

        // Without a pin, the client asks for the newest version that it knows.
        let key = key.get().await?;
        println!("  {}: {}", ApiVersion::LATEST, served(key.served_version()));
    }
    Ok(())
}

fn served(version: Option<ApiVersion>) -> String {
    version.map_or_else(String::new, |version| format!("served by {version}"))
}
