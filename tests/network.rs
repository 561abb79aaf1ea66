//! Corporate networks: private certificate authorities, client certificates and proxies.

use std::{env, error::Error as StdError, io::ErrorKind, sync::Arc, time::Duration};

use atlas_admin::{ApiKey, Client, ClientBuilder, Credentials, Error, Response, RetryPolicy};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::Command,
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig, pki_types::PrivatePkcs8KeyDer, server::WebPkiClientVerifier,
    },
};
use workspace_tests::{
    fault_server::{FaultServer, Script, head},
    ids::{API_KEY_ID, ORG_ID},
};

async fn update(builder: ClientBuilder) -> Result<Response<ApiKey>, Error> {
    let client = builder.retry(RetryPolicy::none()).build()?;
    let update = client.org(ORG_ID).api_key(API_KEY_ID).update().desc("x");
    update.send().await
}

fn at(url: &str) -> ClientBuilder {
    let builder = Client::builder().credentials(Credentials::bearer("hush"));
    builder.timeout(Duration::from_secs(20)).base_url(url)
}

/// A self-signed certificate with its key, in PEM.
struct Certified {
    certificate: String,
    key: String,
    certified: rcgen::CertifiedKey<rcgen::KeyPair>,
}

impl Certified {
    fn new(name: &str) -> Self {
        let certified = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        Self {
            certificate: certified.cert.pem(),
            key: certified.signing_key.serialize_pem(),
            certified,
        }
    }

    fn server_config(&self) -> ServerConfig {
        let key = PrivatePkcs8KeyDer::from(self.certified.signing_key.serialize_der());
        ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![self.certified.cert.der().clone()], key.into())
            .unwrap()
    }
}

/// Starts a server that requires a client certificate issued by `clients`.
async fn serve(server: &Certified, clients: &Certified) -> FaultServer {
    let mut roots = RootCertStore::empty();
    roots.add(clients.certified.cert.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(roots.into()).build().unwrap();
    let key = PrivatePkcs8KeyDer::from(server.certified.signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![server.certified.cert.der().clone()], key.into())
        .unwrap();
    let script = Script::default();
    FaultServer::start_tls(script, config).await.unwrap()
}

#[tokio::test]
async fn private_authorities_and_client_certificates_work() {
    let (server, client) = (Certified::new("127.0.0.1"), Certified::new("client"));
    let stranger = Certified::new("stranger");
    let running = serve(&server, &client).await;
    let url = &running.url;
    let identity = |it: &Certified| format!("{}{}", it.certificate, it.key);
    let trusting = || at(url).add_root_certificate(&server.certificate);

    let marked = |pem: &[u8]| [b"\xef\xbb\xbf", pem].concat();
    let with_marks = at(url)
        .add_root_certificate(marked(server.certificate.as_ref()))
        .client_identity(marked(identity(&client).as_ref()));
    assert_eq!(update(with_marks).await.unwrap().id, API_KEY_ID);
    let with_identity = trusting().client_identity(identity(&client));
    assert_eq!(update(with_identity).await.unwrap().id, API_KEY_ID);

    let error = update(trusting()).await.unwrap_err();
    assert!(error.is_transport(), "{error}");
    let with_other_identity = trusting().client_identity(identity(&stranger));
    assert!(
        update(with_other_identity)
            .await
            .unwrap_err()
            .is_transport()
    );
    let distrusting = at(url).client_identity(identity(&client));
    let error = update(distrusting).await.unwrap_err();
    assert!(error.is_transport() && !error.outcome_unknown(), "{error}");
}

#[tokio::test]
async fn plain_text_on_an_encrypted_connection_leaves_the_outcome_open() {
    let server = Certified::new("127.0.0.1");
    let acceptor = TlsAcceptor::from(Arc::new(server.server_config()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let key = format!(r#"{{"id":"{API_KEY_ID}"}}"#);
    let success = head(200, &[("Content-Length", &key.len().to_string())]) + &key;
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap();
            while stream.read_u8().await.unwrap() != b'}' {}
            stream.write_all(success.as_bytes()).await.unwrap();
            while stream.read_u8().await.unwrap() != b'}' {}
            let plain = stream.get_mut().0;
            plain.write_all(b"HTTP/1.1 400 -\r\n\r\n").await.unwrap();
        }
    });
    let builder = at(&url).add_root_certificate(&server.certificate);
    let client = builder.build().unwrap();
    let update = || client.org(ORG_ID).api_key(API_KEY_ID).update().desc("x");
    assert_eq!(update().send().await.unwrap().requests_sent(), 1);
    let error = update().send().await.unwrap_err();
    assert!(error.is_transport() && error.outcome_unknown(), "{error}");
    assert_eq!(error.requests_sent(), 1);
}

#[test]
fn invalid_certificates_are_rejected_and_not_quoted() {
    let certified = Certified::new("client");
    let without_key = at("https://om.example.com").client_identity(&certified.certificate);
    let without_certificate = at("https://om.example.com").client_identity(&certified.key);
    let no_root = at("https://om.example.com").add_root_certificate(&certified.key);
    let line = certified.key.lines().nth(1).unwrap();
    for builder in [without_key, without_certificate, no_root] {
        let builder = builder.credentials(Credentials::bearer("token"));
        let error = builder.build().unwrap_err();
        assert!(error.is_input(), "{error}");
        assert!(!format!("{error} {error:?}").contains(line));
    }
}

/// Tells [`call_in_child_process`] the URL to call. Without it, that test does nothing.
const CHILD_URL: &str = "WORKSPACE_TESTS_CHILD_URL";

#[tokio::test]
async fn call_in_child_process() {
    let Ok(url) = env::var(CHILD_URL) else {
        return;
    };
    let result = update(at(&url)).await;
    if url.starts_with("https:") {
        let error = result.unwrap_err();
        assert!(error.is_transport() && !error.outcome_unknown(), "{error}");
    } else {
        assert_eq!(result.unwrap().id, API_KEY_ID);
    }
}

/// Returns a process that runs [`call_in_child_process`], with no host exempt from proxies.
fn child_calling(url: &str) -> Result<Command, Box<dyn StdError>> {
    let mut child = Command::new(env::current_exe()?);
    child
        .args(["--exact", "call_in_child_process"])
        .env(CHILD_URL, url)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .kill_on_drop(true);
    Ok(child)
}

#[tokio::test]
async fn proxies_from_the_environment_are_used() -> Result<(), Box<dyn StdError>> {
    let proxy = TcpListener::bind("127.0.0.1:0").await?;
    let mut child = child_calling("https://atlas.invalid")?;
    child.env("HTTPS_PROXY", format!("http://{}", proxy.local_addr()?));
    let mut child = child.spawn()?;
    let connect = async {
        let (mut stream, _) = proxy.accept().await?;
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).await?;
        stream.write_all(b"HTTP/1.1 502 No\r\n\r\n").await?;
        std::io::Result::Ok(String::from_utf8_lossy(&request[..read]).into_owned())
    };
    let connect = timeout(Duration::from_secs(30), connect).await??;
    assert!(
        connect.starts_with("CONNECT atlas.invalid:443 HTTP/1.1\r\n"),
        "{connect}"
    );
    assert!(!connect.contains("hush"), "{connect}");
    assert!(
        timeout(Duration::from_secs(30), child.wait())
            .await??
            .success()
    );
    Ok(())
}

#[tokio::test]
async fn names_of_this_machine_are_not_left_to_a_resolver() {
    let service = FaultServer::start(Script::default()).await.unwrap();
    for name in ["localhost", "atlas.localhost", "no-such-name.dev.localhost"] {
        let url = service.url.replace("127.0.0.1", name);
        assert_eq!(update(at(&url)).await.unwrap().id, API_KEY_ID, "{name}");

        // This client has a resolver of its own.
        let custom = || at(&url).http_client(reqwest::Client::new());
        let error = custom().build().unwrap_err();
        assert!(error.is_input(), "{error}");
        custom().allow_insecure_http().build().unwrap();
    }
    let custom = at(&service.url).http_client(reqwest::Client::new());
    assert_eq!(update(custom).await.unwrap().id, API_KEY_ID);
}

/// A certificate authority for [`print_in_child_process`], in PEM.
const CHILD_CA: &str = "WORKSPACE_TESTS_CHILD_CA";

#[tokio::test]
async fn print_in_child_process() {
    let Ok(url) = env::var(CHILD_URL) else {
        return;
    };
    let mut builder = at(&url);
    if let Ok(pem) = env::var(CHILD_CA) {
        builder = builder.add_root_certificate(pem);
    }
    let client = match builder.build() {
        Ok(client) => client,
        Err(error) => return println!("build: {error} {error:?}"),
    };
    let update = || client.org(ORG_ID).api_key(API_KEY_ID).update().desc("x");
    update().to_request().unwrap();
    match update().send().await {
        Ok(key) => println!("updated {}", key.id),
        Err(error) => println!("requests: {}: {error} {error:?}", error.requests_sent()),
    }
}

/// Returns what [`print_in_child_process`] prints with these variables.
async fn printed(url: &str, variables: &[(&str, &str)]) -> String {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "print_in_child_process", "--nocapture"])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env(CHILD_URL, url)
        .envs(variables.iter().copied())
        .kill_on_drop(true)
        .output();
    let output = timeout(Duration::from_secs(30), output).await;
    String::from_utf8(output.unwrap().unwrap().stdout).unwrap()
}

#[tokio::test]
async fn without_the_systems_certificates_only_https_fails() {
    let none = [
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_DIR", "/nonexistent"),
    ];
    let plain = FaultServer::start(Script::default()).await.unwrap();
    let text = printed(&plain.url, &none).await;
    assert!(text.contains(&format!("updated {API_KEY_ID}")), "{text}");

    let server = Certified::new("127.0.0.1");
    let https = FaultServer::start_tls(Script::default(), server.server_config())
        .await
        .unwrap();
    let text = printed(&https.url, &none).await;
    assert!(
        text.contains("ca-certificates") && text.contains("--ca-file"),
        "{text}"
    );
    assert!(text.contains("requests: 1:"), "it was repeated: {text}");

    let [file, folder] = none;
    let text = printed(&https.url, &[file, folder, (CHILD_CA, &server.certificate)]).await;
    assert!(text.contains(&format!("updated {API_KEY_ID}")), "{text}");
}

#[tokio::test]
async fn a_proxy_that_cannot_be_used_is_an_error() {
    for (name, value) in [
        ("HTTPS_PROXY", "http://me:hush@proxy:port"),
        ("ALL_PROXY", "socks5://me:hush@127.0.0.1"),
    ] {
        let text = printed("https://atlas.invalid", &[(name, value)]).await;
        assert!(text.contains("build:") && text.contains(name), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
}

#[tokio::test]
async fn a_proxy_that_requires_other_credentials_is_asked_once() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://me:h@sh#/hush@{}", proxy.local_addr().unwrap());
    let mut requests = Vec::new();
    let serve = async {
        loop {
            let (mut stream, _) = proxy.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            requests.push(String::from_utf8_lossy(&request[..read]).into_owned());
            let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
            stream.write_all(refusal).await.unwrap();
        }
    };
    let variables = [("HTTPS_PROXY", address.as_str())];
    let text = tokio::select! {
        () = serve => unreachable!(),
        text = printed("https://atlas.invalid", &variables) => text,
    };
    assert_eq!(requests.len(), 1, "{text}");
    // `me:h@sh#/hush`
    assert!(
        requests[0].contains("Basic bWU6aEBzaCMvaHVzaA=="),
        "{}",
        requests[0]
    );
    assert!(
        text.contains("proxy") && text.contains("HTTPS_PROXY"),
        "{text}"
    );
    assert!(!text.contains("hush"), "{text}");
}

/// A proxy would see credentials that are sent without TLS.
#[tokio::test]
async fn loopback_services_bypass_proxies() -> Result<(), Box<dyn StdError>> {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0")?;
    proxy.set_nonblocking(true)?;
    for host in ["127.0.0.1", "localhost"] {
        let service = FaultServer::start(Script::default()).await?;
        let mut child = child_calling(&service.url.replace("127.0.0.1", host))?;
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            child.env(name, format!("http://{}", proxy.local_addr()?));
        }
        let status = timeout(Duration::from_secs(30), child.status()).await??;
        let proxied = proxy.accept().map_err(|error| error.kind());
        assert!(
            matches!(proxied, Err(ErrorKind::WouldBlock)),
            "{host}: {proxied:?}"
        );
        assert!(status.success(), "{host}");
        assert_eq!(service.requests().len(), 1, "{host}");
    }
    Ok(())
}
