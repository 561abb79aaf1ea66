//! Corporate networks: private certificate authorities, client certificates and proxies.

use std::{env, error::Error as StdError, io::ErrorKind, time::Duration};

use atlas_admin::{ApiKey, Client, ClientBuilder, Credentials, Error, Response, RetryPolicy};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::Command,
    time::timeout,
};
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig, pki_types::PrivatePkcs8KeyDer, server::WebPkiClientVerifier,
};
use workspace_tests::{
    fault_server::{FaultServer, Script},
    ids::{API_KEY_ID, ORG_ID},
};

async fn update(builder: ClientBuilder) -> Result<Response<ApiKey>, Error> {
    let client = builder.retry(RetryPolicy::none()).build()?;
    let update = client.org(ORG_ID).api_key(API_KEY_ID).update().desc("x");
    update.send().await
}

fn at(url: &str) -> ClientBuilder {
    let builder = Client::builder().credentials(Credentials::bearer("hush"));
    builder
        .timeout(Duration::from_secs(20))
        .base_url(url)
        .unwrap()
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
    let trusting = || at(url).add_root_certificate(&server.certificate).unwrap();

    let marked = |pem: &[u8]| [b"\xef\xbb\xbf", pem].concat();
    let with_marks = at(url)
        .add_root_certificate(marked(server.certificate.as_ref()))
        .and_then(|builder| builder.client_identity(marked(identity(&client).as_ref())))
        .unwrap();
    assert_eq!(update(with_marks).await.unwrap().id, API_KEY_ID);
    let with_identity = trusting().client_identity(identity(&client)).unwrap();
    assert_eq!(update(with_identity).await.unwrap().id, API_KEY_ID);

    let error = update(trusting()).await.unwrap_err();
    assert!(error.is_transport(), "{error}");
    let with_other_identity = trusting().client_identity(identity(&stranger)).unwrap();
    assert!(
        update(with_other_identity)
            .await
            .unwrap_err()
            .is_transport()
    );
    let distrusting = at(url).client_identity(identity(&client)).unwrap();
    let error = update(distrusting).await.unwrap_err();
    assert!(error.is_transport() && !error.outcome_unknown(), "{error}");
}

#[test]
fn invalid_certificates_are_rejected_and_not_quoted() {
    let certified = Certified::new("client");
    let without_key = at("https://om.example.com").client_identity(&certified.certificate);
    let without_certificate = at("https://om.example.com").client_identity(&certified.key);
    let no_root = at("https://om.example.com").add_root_certificate(&certified.key);
    let line = certified.key.lines().nth(1).unwrap();
    for result in [without_key, without_certificate, no_root] {
        let error = result.unwrap_err();
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
