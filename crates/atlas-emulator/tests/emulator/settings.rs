//! The shared command-line options.

use atlas_emulator::cli::Settings;
use clap::Parser;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    emulator: Settings,
}

/// Returns the statuses of requests with random faults.
async fn statuses(rng_seed: &str) -> Vec<u16> {
    let faults = "503:p=0.5,on=all";
    let arguments = ["test", "--faults", faults, "--rng-seed", rng_seed];
    let running = Arguments::parse_from(arguments).emulator.start().await;
    let running = running.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..64 {
        let response = reqwest::get(running.emulator().base_url()).await.unwrap();
        statuses.push(response.status().as_u16());
    }
    running.stop().await;
    statuses
}

#[tokio::test]
async fn the_seed_determines_random_faults() {
    let first = statuses("7").await;
    assert_eq!(first, statuses("7").await);
    assert_ne!(first, statuses("8").await);
    assert!(first.contains(&503) && first.contains(&404));
}

#[tokio::test]
async fn invalid_settings_are_invalid_input() {
    for wrong in [
        ["--today", "tomorrow"],
        ["--seed", "/does/not/exist"],
        ["--listen", "0.0.0.0:0"],
    ] {
        let arguments = ["test"].into_iter().chain(wrong);
        let started = Arguments::parse_from(arguments).emulator.start().await;
        let kind = started.unwrap_err().kind();
        assert_eq!(kind, std::io::ErrorKind::InvalidInput, "{wrong:?}");
    }
}
