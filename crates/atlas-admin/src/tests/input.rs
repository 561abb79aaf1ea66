//! What is refused before anything is sent.

use super::*;

async fn refused(
    builder: ClientBuilder,
    call: impl AsyncFn(&Client) -> Result<Response<ApiKey>, Error>,
    reason: &str,
) {
    let fake = FakeService::answering([]);
    let client = fake.client(builder);
    let error = call(&client).await.unwrap_err();
    assert!(error.is_input(), "{error}");
    assert!(
        error.to_string().contains(reason),
        "{error} should say {reason}"
    );
    assert!(error.operation().is_some() && !error.outcome_unknown());
    assert_eq!(
        (error.requests_sent(), error.status(), fake.sent()),
        (0, None, 0)
    );
}

#[tokio::test]
async fn invalid_ids() {
    for id in [
        "",
        "gswvkocq",
        "../../orgs/x",
        "a%2fb",
        "32b6e34b3d91647abb20e7b8\r\nX: y",
        "日本",
    ] {
        refused(
            atlas(),
            async |c| c.org(id).api_key(KEY).update().desc("x").send().await,
            "organization id",
        )
        .await;
        refused(
            atlas(),
            async |c| c.org(ORG).api_key(id).update().desc("x").send().await,
            "API key id",
        )
        .await;
        refused(
            atlas(),
            async |c| {
                c.project(id)
                    .api_key(KEY)
                    .replace_roles([ProjectRole::Owner])
                    .send()
                    .await
            },
            "project id",
        )
        .await;
    }
    refused(
        atlas(),
        async |c| {
            c.org(ORG)
                .api_key("gswvkocq")
                .update()
                .desc("x")
                .send()
                .await
        },
        "looks like a public key",
    )
    .await;
}

#[tokio::test]
async fn bodies_that_say_nothing_or_too_much() {
    let update = async |client: &Client, desc: &str| {
        client
            .org(ORG)
            .api_key(KEY)
            .update()
            .desc(desc)
            .send()
            .await
    };
    refused(
        atlas(),
        async |c| c.org(ORG).api_key(KEY).update().send().await,
        "a description, roles, or both",
    )
    .await;
    refused(
        atlas(),
        async |c| update(c, "").await,
        "desc has 0 characters",
    )
    .await;
    refused(
        atlas(),
        async |c| update(c, &"é".repeat(251)).await,
        "desc has 251 characters",
    )
    .await;
    refused(
        atlas(),
        async |c| update(c, "a\r\nb").await,
        "control characters",
    )
    .await;
    let none: [OrgRole; 0] = [];
    refused(
        atlas(),
        async |c| {
            c.org(ORG)
                .api_key(KEY)
                .update()
                .roles(none.clone())
                .send()
                .await
        },
        "roles has 0 roles",
    )
    .await;
    let none: [ProjectRole; 0] = [];
    refused(
        atlas(),
        async |c| {
            c.project(PROJECT)
                .api_key(KEY)
                .replace_roles(none.clone())
                .send()
                .await
        },
        "roles has 0 roles",
    )
    .await;
}

#[tokio::test]
async fn a_description_of_250_characters_in_any_script_is_sent() {
    let fake = FakeService::answering([key_answer()]);
    let client = fake.client(atlas());
    let desc = "é".repeat(250);
    client
        .org(ORG)
        .api_key(KEY)
        .update()
        .desc(desc)
        .send()
        .await
        .unwrap();
    assert_eq!(fake.sent(), 1);
}

#[tokio::test]
async fn options_that_a_service_does_not_accept() {
    let described = async |c: &Client| {
        c.project(PROJECT)
            .api_key(KEY)
            .replace_roles([ProjectRole::Owner])
            .desc("x")
            .send()
            .await
    };
    refused(
        atlas().atlas_v1(),
        described,
        "Atlas v1.0 does not accept desc here",
    )
    .await;
    refused(
        ops_manager(),
        described,
        "Ops Manager does not accept desc here",
    )
    .await;

    let options = RequestOptions::new;
    let page = options().items_per_page(501);
    refused(
        atlas().atlas_v1(),
        async |c| replace(c, page.clone()).await,
        "itemsPerPage is 501; Atlas v1.0 accepts 1 to 500",
    )
    .await;
    refused(
        atlas(),
        async |c| replace(c, page.clone()).await,
        "accepts 1 to 500",
    )
    .await;
    refused(
        ops_manager(),
        async |c| update(c, page.clone()).await,
        "accepts 1 to 500",
    )
    .await;
    refused(
        atlas(),
        async |c| replace(c, options().page_num(0)).await,
        "pageNum is 0",
    )
    .await;
    refused(
        atlas(),
        async |c| update(c, options().page_num(1)).await,
        "Atlas v2 does not accept pageNum here",
    )
    .await;
    refused(
        ops_manager(),
        async |c| update(c, options().include_count(true)).await,
        "does not accept includeCount",
    )
    .await;
}

#[test]
fn builders_that_cannot_build() {
    let digest = || Client::builder().credentials(Credentials::digest("abcdefgh", "hush"));
    let account = || Credentials::service_account("mdb_sa_id_1", "mdb_sa_sk_hush");
    for (builder, reason) in [
        (Client::builder(), "no credentials"),
        (
            ops_manager().credentials(account()),
            "neither service accounts nor tokens",
        ),
        (
            ops_manager().credentials(Credentials::bearer("hush")),
            "neither service accounts nor tokens",
        ),
        (
            atlas().credentials(Credentials::bearer("hush hush")),
            "characters that tokens cannot have",
        ),
        (digest().base_url("http://example.com"), "plain HTTP"),
        (digest().ops_manager("http://10.0.0.1"), "plain HTTP"),
        (
            ops_manager().base_url("https://example.com"),
            "addresses of Ops Manager and Atlas",
        ),
        (
            ops_manager().atlas_v1(),
            "addresses of Ops Manager and Atlas",
        ),
        (digest().user_agent_suffix("a\r\nb"), "user agent"),
    ] {
        let error = builder.build().unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!format!("{error:?}").contains("hush"));
    }
    digest()
        .base_url("http://example.com")
        .allow_insecure_http()
        .build()
        .unwrap();
    digest().base_url("http://[::1]:8080").build().unwrap();
}

#[test]
fn the_environment_says_which_service() {
    let from = |url: &[(&str, &str)]| {
        let keys = [
            ("MONGODB_ATLAS_PUBLIC_KEY", "abcdefgh"),
            ("MONGODB_ATLAS_PRIVATE_KEY", "hush"),
        ];
        let variables: Vec<_> = keys.iter().chain(url).copied().collect();
        ClientBuilder::from_variables(&|name| {
            let value = variables.iter().find(|(known, _)| *known == name);
            Ok(value.map(|(_, value)| (*value).to_owned()))
        })
        .and_then(ClientBuilder::build)
        .map(|client| client.inner.requests.baseurl().to_owned())
    };
    let atlas = ("MONGODB_ATLAS_BASE_URL", "https://cloud.mongodbgov.com/");
    let ops_manager = (
        "MONGODB_ATLAS_OPS_MANAGER_URL",
        "https://om.example.com:8443",
    );
    assert_eq!(from(&[]).unwrap(), "https://cloud.mongodb.com/api/atlas/v2");
    assert_eq!(
        from(&[atlas]).unwrap(),
        "https://cloud.mongodbgov.com/api/atlas/v2"
    );
    assert_eq!(
        from(&[ops_manager]).unwrap(),
        "https://om.example.com:8443/api/public/v1.0"
    );
    for (service, variables, url) in [
        ("cloud", &[][..], "https://cloud.mongodb.com/api/atlas/v2"),
        ("cloudgov", &[], "https://cloud.mongodbgov.com/api/atlas/v2"),
        (
            "cloud-manager",
            &[],
            "https://cloud.mongodb.com/api/public/v1.0",
        ),
        (
            "cloud",
            &[ops_manager],
            "https://om.example.com:8443/api/atlas/v2",
        ),
        (
            "ops-manager",
            &[ops_manager],
            "https://om.example.com:8443/api/public/v1.0",
        ),
        (
            "ops-manager",
            &[atlas],
            "https://cloud.mongodbgov.com/api/public/v1.0",
        ),
    ] {
        let variables = [&[("MONGODB_ATLAS_SERVICE", service)], variables].concat();
        assert_eq!(from(&variables).unwrap(), url, "{service}");
    }
    for service in ["ops-manager", "cloudy"] {
        let error = from(&[("MONGODB_ATLAS_SERVICE", service)]).unwrap_err();
        assert!(error.is_input(), "{error}");
    }
    assert!(from(&[atlas, ops_manager]).unwrap_err().is_input());
    assert!(
        from(&[(atlas.0, "cloud.mongodb.com")])
            .unwrap_err()
            .is_input()
    );
}
