//! Rotations of API keys, step by step.

use atlas_admin::{
    Client, ClientBuilder, Credentials, RetryPolicy, Rotation, secrecy::ExposeSecret,
};
use atlas_emulator::{Emulator, Fault, Faults, KeyState, Reset, SeedKey};

const ORG: &str = "32b6e34b3d91647abb20e7b8";
const PROJECTS: [&str; 2] = ["5356823b3794de37132bb7b9", "5980cfc90b6d97029d82e3f8"];
const KEY: &str = "6a793f752c88faeba59bba50";

async fn service() -> Emulator {
    let key = SeedKey::new("ci", "ci-secret").id(KEY).desc("ci deploys");
    let key = key
        .org_roles(["ORG_READ_ONLY", "ORG_BILLING_ADMIN"])
        .project_roles(PROJECTS[0], ["GROUP_OWNER", "GROUP_READ_ONLY"])
        .project_roles(PROJECTS[1], ["GROUP_READ_ONLY"])
        .access_list(["203.0.113.0/24", "127.0.0.1"]);
    let emulator = Emulator::builder().org_id(ORG);
    let emulator = emulator.project_id(PROJECTS[0]).project(PROJECTS[1], ORG);
    emulator
        .access_list(["127.0.0.0/8"])
        .key(key)
        .start()
        .await
        .unwrap()
}

fn builder(emulator: &Emulator) -> ClientBuilder {
    Client::builder()
        .base_url(emulator.base_url())
        .retry(RetryPolicy::none())
}

fn client(emulator: &Emulator) -> Client {
    let credentials = Credentials::digest(emulator.public_key(), emulator.private_key());
    builder(emulator).credentials(credentials).build().unwrap()
}

/// Returns what a key may do, and from where.
fn access(key: &KeyState) -> impl PartialEq + std::fmt::Debug + use<> {
    let sorted = |mut names: Vec<String>| {
        names.sort_unstable();
        names
    };
    let projects = key.project_roles.clone().into_iter();
    let projects: Vec<_> = projects.map(|(id, roles)| (id, sorted(roles))).collect();
    let (org, entries) = (
        sorted(key.org_roles.clone()),
        sorted(key.access_list.clone()),
    );
    (org, projects, entries)
}

fn ids(emulator: &Emulator) -> Vec<String> {
    let keys = emulator.api_keys(ORG).into_iter();
    let mut ids: Vec<_> = keys.map(|key| key.id).collect();
    ids.sort_unstable();
    ids
}

async fn deliver(rotation: &Rotation) {
    // Each step may be repeated.
    for _ in 0..2 {
        rotation.copy_access().await.unwrap();
        rotation.sign_in().await.unwrap();
    }
}

#[tokio::test]
async fn the_successor_has_the_same_access_and_the_old_key_is_gone() {
    let emulator = service().await;
    let atlas = client(&emulator);
    let before = emulator.api_key(KEY).unwrap();
    let rotate = atlas.org(ORG).api_key(KEY).rotate();
    let marker = rotate.marker().to_owned();
    let rotation = rotate.await.unwrap();
    let id = rotation.created.id.to_string();
    let secret = rotation.created.private_key().expose_secret();
    assert!(!format!("{rotation:?}").contains(secret));
    let marked = emulator.api_key(&id).unwrap().desc;
    assert_eq!(marked, format!("ci deploys {marker}"));
    deliver(&rotation).await;
    assert_eq!(emulator.api_key(KEY), Some(before.clone()));

    rotation.finish().await.unwrap();
    let after = emulator.api_key(&id).unwrap();
    assert_eq!(after.desc, "ci deploys");
    assert_eq!(access(&after), access(&before));
    assert_ne!(after.public_key, before.public_key);
    assert_eq!(ids(&emulator).len(), 3);
    assert_eq!(emulator.api_key(KEY), None);
    rotation.finish().await.unwrap();
    assert_eq!(emulator.api_key(&id), Some(after));
    let undo = atlas.org(ORG).api_key(KEY).rotate().undo().await;
    assert!(undo.unwrap_err().is_not_found());
}

#[tokio::test]
async fn the_key_that_signs_in_is_deleted_by_its_successor() {
    let emulator = service().await;
    let atlas = client(&emulator);
    let caller = emulator.calling_api_key_id().to_owned();
    let rotation = atlas.org(ORG).api_key(&caller).rotate().await.unwrap();
    deliver(&rotation).await;
    rotation.finish().await.unwrap();
    assert_eq!(emulator.api_key(&caller), None);
    // The old key could not sign in any more.
    rotation.finish().await.unwrap();

    let as_new = atlas
        .with_credentials(rotation.created.credentials())
        .unwrap();
    assert_eq!(
        as_new.org(ORG).api_keys().list().all().await.unwrap().len(),
        3
    );
    let error = atlas.org(ORG).api_key(KEY).get().await.unwrap_err();
    assert!(error.is_credentials(), "{error}");
}

#[tokio::test]
async fn a_lost_response_leaves_a_key_that_undo_finds() {
    let emulator = service().await;
    let atlas = client(&emulator);
    let before = ids(&emulator);
    // The requests before the creation read the key and its access list.
    emulator.set_faults(Faults::new().with(Fault::reset(Reset::After).skip(2).times(1)));
    let rotate = atlas.org(ORG).api_key(KEY).rotate();
    let error = rotate.clone().await.unwrap_err();
    assert!(error.outcome_unknown(), "{error}");
    assert_eq!(ids(&emulator).len(), 4);
    // A later attempt with the same marker takes it away when it is finished.
    let rotation = rotate.clone().await.unwrap();
    let other = atlas.org(ORG).api_key(KEY).rotate().await.unwrap();
    assert_eq!(ids(&emulator).len(), 6);
    assert_eq!(rotate.successors().await.unwrap().len(), 2);
    assert_eq!(rotate.undo().await.unwrap().len(), 2);
    other.undo().await.unwrap();
    assert_eq!(ids(&emulator), before);

    emulator.set_faults(Faults::new().with(Fault::reset(Reset::After).skip(2).times(1)));
    rotate.clone().await.unwrap_err();
    let rotation_again = rotate.clone().await.unwrap();
    rotation_again.finish().await.unwrap();
    let id = rotation_again.created.id.to_string();
    assert_eq!(ids(&emulator).len(), before.len());
    assert!(ids(&emulator).contains(&id));
    let error = rotate.finish(&rotation.created.id).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
async fn nothing_is_deleted_for_a_successor_that_does_not_exist() {
    let emulator = service().await;
    let atlas = client(&emulator);
    let before = ids(&emulator);
    let rotate = atlas.org(ORG).api_key(KEY).rotate();
    let error = rotate.finish("6a793f752c88faeba59bbaff").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(rotate.finish(KEY).await.unwrap_err().is_input());
    assert_eq!(ids(&emulator), before);
    let requests = emulator.requests();
    for marker in ["", "]", "[successor]"] {
        let rotate = rotate.clone().with_marker(marker);
        assert!(rotate.undo().await.unwrap_err().is_input());
        assert!(rotate.clone().await.unwrap_err().is_input());
    }
    let rotate = atlas.org(ORG).api_key("").rotate();
    assert!(rotate.undo().await.unwrap_err().is_input());
    assert_eq!(emulator.requests(), requests);
}

#[tokio::test]
async fn the_marker_goes_even_if_the_old_key_is_gone() {
    let emulator = service().await;
    let atlas = client(&emulator);
    let rotation = atlas.org(ORG).api_key(KEY).rotate().await.unwrap();
    let id = &rotation.created.id;
    atlas.org(ORG).api_key(KEY).delete().await.unwrap();
    rotation.finish().await.unwrap();
    assert_eq!(emulator.api_key(id).unwrap().desc, "ci deploys");
}
