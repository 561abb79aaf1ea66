//! Synthetic organizations and keys.

use std::collections::HashSet;

use atlas_emulator::Emulator;
use reqwest::StatusCode;

use crate::client::{Caller, Request, V2};

#[tokio::test]
async fn synthetic_keys_authenticate_and_owners_update_the_others() {
    let emulator = Emulator::builder()
        .orgs(3)
        .keys_per_org(5)
        .rng_seed(7)
        .start()
        .await
        .unwrap();
    let keys: Vec<_> = emulator.synthetic_keys().collect();
    assert_eq!(keys.len(), 4 * 5);
    let orgs: HashSet<_> = keys.iter().map(|key| key.org_id()).collect();
    assert_eq!(orgs.len(), 4);
    assert!(
        keys[..5]
            .iter()
            .all(|key| key.org_id() == emulator.org_id())
    );
    for of_one in keys.chunks(5) {
        let owner = &of_one[0];
        assert!(owner.is_owner());
        let caller = Caller::new(&emulator, owner.public_key(), owner.private_key());
        for key in &of_one[1..] {
            assert!(!key.is_owner());
            let path = format!("{V2}/orgs/{}/apiKeys/{}", key.org_id(), key.api_key_id());
            let request = Request::patch(&path, r#"{"desc":"found","roles":["ORG_READ_ONLY"]}"#);
            let reply = caller.send(&request).await;
            assert_eq!(reply.status, StatusCode::OK);
            assert_eq!(reply.json()["publicKey"], key.public_key());
            let shown = reply.json()["privateKey"].as_str().unwrap().to_owned();
            assert!(key.private_key().ends_with(&shown[19..]));
            let groups = key.private_key().split('-').map(str::len);
            assert_eq!(
                groups.collect::<Vec<_>>(),
                [8, 4, 4, 4, 12],
                "it is no UUID"
            );
            let member = Caller::new(&emulator, key.public_key(), key.private_key());
            assert_eq!(member.send(&request).await.code(), "NOT_ORG_OWNER");
        }
    }
    emulator.reset().unwrap();
    let key = emulator.api_key(&keys[1].api_key_id()).unwrap();
    assert_eq!(key.org_roles, ["ORG_MEMBER"]);
}
