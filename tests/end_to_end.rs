//! Every operation on every service, from the public client to the emulator's state.

use std::time::{Duration, SystemTime};

use atlas_admin::{
    ApiVersion, Client, ClientBuilder, Credentials, Error, ErrorCode, ErrorKind, OrgRole,
    ProjectRole, RequestOptions, RoleEdit,
};
use atlas_emulator::Emulator;
use workspace_tests::ids::UNKNOWN_ID;

fn key_pair(emulator: &Emulator) -> Credentials {
    Credentials::digest(emulator.public_key(), emulator.private_key())
}

fn service_account(emulator: &Emulator) -> Credentials {
    Credentials::service_account(emulator.client_id(), emulator.client_secret())
}

fn atlas(emulator: &Emulator) -> ClientBuilder {
    Client::builder().base_url(emulator.base_url())
}

/// Creates a client for each service and each kind of credentials that it accepts.
fn clients(emulator: &Emulator) -> Vec<(&'static str, Client)> {
    let ops_manager = Client::builder().ops_manager(emulator.base_url());
    [
        ("v2 digest", atlas(emulator).credentials(key_pair(emulator))),
        (
            "v2 account",
            atlas(emulator).credentials(service_account(emulator)),
        ),
        (
            "v1 digest",
            atlas(emulator).atlas_v1().credentials(key_pair(emulator)),
        ),
        (
            "v1 account",
            atlas(emulator)
                .atlas_v1()
                .credentials(service_account(emulator)),
        ),
        ("om digest", ops_manager.credentials(key_pair(emulator))),
    ]
    .map(|(name, builder)| (name, builder.build().unwrap()))
    .into()
}

#[tokio::test]
async fn operations_change_the_emulators_state() {
    let emulator = Emulator::start().await.unwrap();
    for (name, client) in clients(&emulator) {
        let update = client
            .org(emulator.org_id())
            .api_key(emulator.api_key_id())
            .update();
        let key = update
            .desc(name)
            .roles([OrgRole::Member, OrgRole::ReadOnly])
            .send()
            .await
            .unwrap();
        assert_eq!(key.desc.as_deref(), Some(name));
        let mut roles: Vec<OrgRole> = key.org_roles().collect();
        roles.sort();
        assert_eq!(roles, [OrgRole::Member, OrgRole::ReadOnly], "{name}");

        for role in [ProjectRole::Owner, ProjectRole::DataAccessReadOnly] {
            let project = client
                .project(emulator.project_id())
                .api_key(emulator.api_key_id());
            let key = project.replace_roles([role.clone()]).send().await.unwrap();
            assert_eq!(
                key.project_roles(emulator.project_id()).collect::<Vec<_>>(),
                [role],
                "{name}"
            );
        }

        let state = emulator.api_key(emulator.api_key_id()).unwrap();
        assert_eq!(state.desc, name);
        assert_eq!(state.org_roles, ["ORG_MEMBER", "ORG_READ_ONLY"], "{name}");
        assert_eq!(
            state.project_roles[emulator.project_id()],
            ["GROUP_DATA_ACCESS_READ_ONLY"],
            "{name}"
        );
    }
}

#[tokio::test]
async fn omitted_fields_stay_unchanged() {
    let emulator = Emulator::start().await.unwrap();
    let client = atlas(&emulator)
        .credentials(key_pair(&emulator))
        .build()
        .unwrap();
    let before = emulator.api_key(emulator.api_key_id()).unwrap();
    let key = || {
        client
            .org(emulator.org_id())
            .api_key(emulator.api_key_id())
            .update()
    };

    key().desc("only this").send().await.unwrap();
    let after = emulator.api_key(emulator.api_key_id()).unwrap();
    assert_eq!(after.desc, "only this");
    assert_eq!(
        (&after.org_roles, &after.project_roles),
        (&before.org_roles, &before.project_roles)
    );

    key().roles([OrgRole::GroupCreator]).send().await.unwrap();
    let after = emulator.api_key(emulator.api_key_id()).unwrap();
    assert_eq!(
        (after.desc.as_str(), after.org_roles.as_slice()),
        ("only this", &["ORG_GROUP_CREATOR".to_owned()][..])
    );
}

#[tokio::test]
async fn nonces_are_reused() {
    let emulator = Emulator::start().await.unwrap();
    let client = atlas(&emulator)
        .credentials(key_pair(&emulator))
        .build()
        .unwrap();
    for _ in 0..5 {
        client
            .org(emulator.org_id())
            .api_key(emulator.api_key_id())
            .update()
            .desc("again")
            .send()
            .await
            .unwrap();
    }
    assert_eq!((emulator.challenges(), emulator.requests()), (1, 6));
}

#[tokio::test]
async fn stale_nonces_are_replaced_without_errors() {
    let ttl = std::time::Duration::from_millis(20);
    let emulator = Emulator::builder().nonce_ttl(ttl).start().await.unwrap();
    let client = atlas(&emulator)
        .credentials(key_pair(&emulator))
        .build()
        .unwrap();
    for _ in 0..3 {
        client
            .org(emulator.org_id())
            .api_key(emulator.api_key_id())
            .update()
            .desc("later")
            .send()
            .await
            .unwrap();
        tokio::time::sleep(ttl * 2).await;
    }
    assert_eq!((emulator.challenges(), emulator.requests()), (3, 6));
}

#[tokio::test]
async fn envelopes_are_unwrapped() {
    let emulator = Emulator::start().await.unwrap();
    for (name, client) in clients(&emulator) {
        let options = RequestOptions::new().envelope(true).pretty(true);
        let update = client
            .org(emulator.org_id())
            .api_key(emulator.api_key_id())
            .update();
        let key = update
            .desc("wrapped")
            .options(options.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(key.id, emulator.api_key_id(), "{name}");

        let update = client.org(emulator.org_id()).api_key(UNKNOWN_ID).update();
        let error = update
            .desc("wrapped")
            .options(options)
            .send()
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::NotFound, Some(ErrorCode::API_KEY_NOT_FOUND)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn error_kinds_are_distinguished() -> Result<(), Error> {
    let emulator = Emulator::start().await.unwrap();
    let client = atlas(&emulator).credentials(key_pair(&emulator)).build()?;
    let key = |org: &str, key: &str| client.org(org).api_key(key).update().desc("x");

    let error = key(UNKNOWN_ID, emulator.api_key_id())
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::NotFound, Some(ErrorCode::ORG_NOT_FOUND))
    );

    let wrong = Credentials::digest(
        emulator.public_key(),
        "00000000-0000-0000-0000-000000000000",
    );
    let unauthenticated = atlas(&emulator).credentials(wrong).build()?;
    let error = unauthenticated
        .org(emulator.org_id())
        .api_key(emulator.api_key_id())
        .update()
        .desc("x")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.requests_sent()),
        (ErrorKind::Credentials, 2)
    );

    let owner = client
        .org(emulator.org_id())
        .api_key(emulator.calling_api_key_id());
    let error = owner
        .update()
        .roles([OrgRole::Member])
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::CANNOT_DEMOTE_LAST_ORG_OWNER));
    assert!(!error.outcome_unknown());

    let unknown_version: ApiVersion = "2023-03-03".parse()?;
    let update = key(emulator.org_id(), emulator.api_key_id());
    let error = update
        .options(RequestOptions::new().api_version(unknown_version))
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.status().map(|s| s.as_u16())),
        (ErrorKind::Version, Some(406))
    );
    Ok(())
}

#[tokio::test]
async fn invalid_input_is_rejected_before_sending() {
    let emulator = Emulator::start().await.unwrap();
    let v2 = atlas(&emulator)
        .credentials(key_pair(&emulator))
        .build()
        .unwrap();
    let v1 = atlas(&emulator)
        .atlas_v1()
        .credentials(key_pair(&emulator))
        .build()
        .unwrap();
    let (org, project, key) = (
        emulator.org_id(),
        emulator.project_id(),
        emulator.api_key_id(),
    );
    let too_long = "x".repeat(251);
    let items = |count| RequestOptions::new().items_per_page(count);
    let rejected = [
        (
            "id with a path",
            v2.org("../../orgs/x")
                .api_key(key)
                .update()
                .desc("x")
                .send()
                .await,
        ),
        (
            "public key instead of an id",
            v2.org(org)
                .api_key("gswvkocq")
                .update()
                .desc("x")
                .send()
                .await,
        ),
        (
            "no field to update",
            v2.org(org).api_key(key).update().send().await,
        ),
        (
            "empty description",
            v2.org(org).api_key(key).update().desc("").send().await,
        ),
        (
            "long description",
            v2.org(org)
                .api_key(key)
                .update()
                .desc(&too_long)
                .send()
                .await,
        ),
        (
            "description with line breaks",
            v2.org(org)
                .api_key(key)
                .update()
                .desc("a\r\nb")
                .send()
                .await,
        ),
        (
            "no organization roles",
            v2.org(org)
                .api_key(key)
                .update()
                .roles::<OrgRole>([])
                .send()
                .await,
        ),
        (
            "no project roles",
            v2.project(project)
                .api_key(key)
                .replace_roles::<ProjectRole>([])
                .send()
                .await,
        ),
        (
            "description on v1",
            v1.project(project)
                .api_key(key)
                .replace_roles([ProjectRole::Owner])
                .desc("x")
                .send()
                .await,
        ),
        (
            "501 items per page on v1",
            v1.project(project)
                .api_key(key)
                .replace_roles([ProjectRole::Owner])
                .options(items(501))
                .send()
                .await,
        ),
        (
            "items per page of an organization key on v2",
            v2.org(org)
                .api_key(key)
                .update()
                .desc("x")
                .options(items(10))
                .send()
                .await,
        ),
    ];
    let mut text = String::new();
    for (name, result) in rejected {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{name}: {error}");
        text += &format!(
            "{name}\n  {}\n",
            error
                .to_string()
                .replace(org, "ORG")
                .replace(project, "PROJECT")
                .replace(key, "KEY")
        );
    }
    assert_eq!(emulator.requests(), 0);
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn get_returns_the_updated_key() {
    let emulator = Emulator::start().await.unwrap();
    for (name, client) in clients(&emulator) {
        let key = client.org(emulator.org_id()).api_key(emulator.api_key_id());
        let written = key.clone().update().desc(name).send().await.unwrap();
        let options = RequestOptions::new().envelope(true).pretty(true);
        let read = key.get().options(options).send().await.unwrap();
        assert_eq!(read.desc.as_deref(), Some(name));
        assert_eq!(read.roles, written.roles, "{name}");
        assert_eq!(read.links, written.links, "{name}");
    }
}

/// Options that change the form of each response, and must not change its meaning.
fn forms() -> [RequestOptions; 2] {
    let options = RequestOptions::new;
    [options(), options().envelope(true).pretty(true)]
}

#[tokio::test]
async fn keys_are_created_listed_and_deleted() {
    let emulator = Emulator::start().await.unwrap();
    for (name, client) in clients(&emulator) {
        for options in forms() {
            let start = SystemTime::now();
            let org = client.org(emulator.org_id());
            let create = org.api_keys().create(name).options(options.clone());
            let new = create.roles([OrgRole::ReadOnly]).await.unwrap();
            let state = emulator.api_key(&new.id).unwrap();
            assert_eq!((&*state.desc, &state.public_key), (name, &new.public_key));
            assert_eq!(state.org_roles, ["ORG_READ_ONLY"], "{name}");

            let list = org.api_keys().list().options(options.clone());
            let ids = |keys: &[atlas_admin::ApiKey]| -> Vec<String> {
                keys.iter().map(|key| key.id.to_string()).collect()
            };
            let all = list.clone().items_per_page(1).all().await.unwrap();
            let mut known: Vec<_> = emulator.api_keys(emulator.org_id());
            known.sort_by(|a, b| a.public_key.cmp(&b.public_key));
            let known: Vec<_> = known.into_iter().map(|key| key.id).collect();
            assert_eq!(ids(&all), known, "{name}");
            let page = list.page().await.unwrap();
            assert_eq!(page.total_count, Some(3), "{name}");
            let found = org.api_keys().find_created(name, start).await.unwrap();
            assert_eq!(ids(&found), [new.id.to_string()], "{name}");

            let key = org.api_key(&new.id);
            let read = key.get().options(options.clone()).await.unwrap();
            assert!(read.private_key.as_ref().unwrap().expose().contains('*'));
            key.delete().options(options.clone()).await.unwrap();
            assert!(emulator.api_key(&new.id).is_none(), "{name}");
            let error = key.delete().options(options.clone()).await.unwrap_err();
            assert!(error.is_not_found() && !error.outcome_unknown(), "{error}");
            key.delete().options(options).missing_ok().await.unwrap();
        }
    }
}

#[tokio::test]
async fn keys_are_created_in_projects_assigned_edited_and_removed() {
    use ProjectRole::{DataAccessReadOnly, Owner, ReadOnly};
    let emulator = Emulator::start().await.unwrap();
    let in_project = |id: &str| {
        emulator
            .api_key(id)
            .unwrap()
            .project_roles
            .remove(emulator.project_id())
    };
    for (name, client) in clients(&emulator) {
        for options in forms() {
            let project = client.project(emulator.project_id());
            let create = project.api_keys().create(name).options(options.clone());
            let new = create.roles([ReadOnly]).await.unwrap();
            let key = project.api_key(&new.id);
            let added = key
                .add_roles([Owner])
                .options(options.clone())
                .await
                .unwrap();
            assert_eq!(*added, RoleEdit::new(true, vec![ReadOnly, Owner]), "{name}");
            let removed = key.remove_roles([ReadOnly]).options(options.clone());
            assert_eq!(removed.await.unwrap().roles, [Owner], "{name}");
            assert_eq!(in_project(&new.id).unwrap(), ["GROUP_OWNER"], "{name}");

            let list = project.api_keys().list().options(options.clone());
            let listed = list.all().await.unwrap();
            assert!(listed.iter().any(|key| key.id == new.id), "{name}");
            key.remove().options(options.clone()).await.unwrap();
            assert_eq!(in_project(&new.id), None, "{name}");
            key.remove()
                .missing_ok()
                .options(options.clone())
                .await
                .unwrap();

            let assigned = key.assign([DataAccessReadOnly]).options(options.clone());
            let assigned = assigned.await.unwrap();
            assert!(
                assigned
                    .project_roles(emulator.project_id())
                    .eq([DataAccessReadOnly])
            );
            assert_eq!(in_project(&new.id).unwrap().len(), 1, "{name}");
            let org_key = client.org(emulator.org_id()).api_key(&new.id);
            org_key.delete().options(options).await.unwrap();
        }
    }
}

#[tokio::test]
async fn access_lists_restrict_where_a_key_signs_in_from() {
    let emulator = Emulator::start().await.unwrap();
    for (name, client) in clients(&emulator) {
        for options in forms() {
            let org = client.org(emulator.org_id());
            let create = org.api_keys().create(name).roles([OrgRole::ReadOnly]);
            let new = create.await.unwrap();
            let as_new = atlas(&emulator)
                .credentials(new.credentials())
                .build()
                .unwrap();
            let as_new = as_new.org(emulator.org_id()).api_key(&new.id);
            as_new.get().await.unwrap();

            let list = org.api_key(&new.id).access_list();
            let entries = [
                "203.0.113.0/24",
                "198.51.100.7",
                "2001:db8::/32",
                "2001:db8:1::1",
            ];
            let added = list.add(entries).options(options.clone()).await.unwrap();
            assert_eq!(added.results.len(), 4, "{name}");
            let error = as_new.get().await.unwrap_err();
            assert_eq!(error.code(), Some(ErrorCode::IP_ADDRESS_NOT_ON_ACCESS_LIST));
            list.add(["127.0.0.1"])
                .options(options.clone())
                .await
                .unwrap();
            as_new.get().await.unwrap();

            let all = list.list().items_per_page(2).options(options.clone());
            assert_eq!(all.all().await.unwrap().len(), 5, "{name}");
            let entry = list
                .get("127.0.0.1")
                .options(options.clone())
                .await
                .unwrap();
            assert!(entry.count.is_some_and(|count| count > 0), "{name}");
            for entry in entries {
                let read = list.get(entry).options(options.clone()).await.unwrap();
                list.delete(&*read).options(options.clone()).await.unwrap();
                let error = list
                    .delete(entry)
                    .options(options.clone())
                    .await
                    .unwrap_err();
                assert!(error.is_not_found(), "{name} {entry}: {error}");
                list.delete(entry).missing_ok().await.unwrap();
            }
            let error = list
                .add(["127.0.0.1"])
                .options(options.clone())
                .await
                .unwrap_err();
            assert!(error.is_conflict(), "{name}: {error}");
            assert_eq!(
                emulator.api_key(&new.id).unwrap().access_list,
                ["127.0.0.1/32"]
            );
            org.api_key(&new.id).delete().await.unwrap();
            assert!(as_new.get().await.unwrap_err().is_credentials(), "{name}");
        }
    }
}

#[tokio::test]
async fn edits_of_roles_at_the_same_time_are_all_applied() {
    let latency = Duration::from_millis(5);
    let emulator = Emulator::builder().latency(latency).start().await.unwrap();
    let (project, key) = (emulator.project_id(), emulator.api_key_id());
    let roles: Vec<_> = atlas_admin::Service::AtlasV2.project_roles().collect();
    let clients = clients(&emulator);
    let v2 = clients.iter().filter(|(name, _)| name.starts_with("v2"));
    let edits: Vec<_> = v2
        .cycle()
        .zip(&roles)
        .map(|((_, client), role)| {
            let edit = client.project(project).api_key(key).add_roles([role]);
            tokio::spawn(edit.send())
        })
        .collect();
    for edit in edits {
        edit.await.unwrap().unwrap();
    }
    let state = emulator.api_key(key).unwrap();
    assert_eq!(state.project_roles[project].len(), roles.len());
}
