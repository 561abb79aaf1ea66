//! What stands between a client and a service of a company's own: a private
//! certificate authority, a service that wants to see a certificate, a proxy.

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
use workspace_tests::Script;

const ORG: &str = "32b6e34b3d91647abb20e7b8";
const KEY: &str = "6a793f752c88faeba59bba49";

async fn update(builder: ClientBuilder) -> Result<Response<ApiKey>, Error> {
    let client = builder.retry(RetryPolicy::none()).build()?;
    let update = client.org(ORG).api_key(KEY).update().desc("x");
    update.send().await
}

fn at(url: &str) -> ClientBuilder {
    let builder = Client::builder().credentials(Credentials::bearer("hush"));
    builder
        .timeout(Duration::from_secs(20))
        .base_url(url)
        .unwrap()
}

/// A certificate with its key, of its own authority, in PEM.
struct Certified {
    certificate: String,
    key: String,
    made: rcgen::CertifiedKey<rcgen::KeyPair>,
}

impl Certified {
    fn new(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        Self {
            certificate: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
            made,
        }
    }
}

/// A service over TLS that answers those who show a certificate of this authority.
async fn service(certified: &Certified, clients: &Certified) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(clients.made.cert.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(roots.into()).build().unwrap();
    let key = PrivatePkcs8KeyDer::from(certified.made.signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certified.made.cert.der().clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 4096]).await;
            let body = format!(r#"{{"id":"{KEY}"}}"#);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn a_private_authority_and_a_client_certificate_are_taken() {
    let (server, client) = (Certified::new("127.0.0.1"), Certified::new("client"));
    let stranger = Certified::new("stranger");
    let url = service(&server, &client).await;
    let identity = |of: &Certified| format!("{}{}", of.certificate, of.key);
    let known = || at(&url).add_root_certificate(&server.certificate).unwrap();

    let shown = known().client_identity(identity(&client)).unwrap();
    assert_eq!(update(shown).await.unwrap().id, KEY);

    let nothing_shown = update(known()).await.unwrap_err();
    assert!(nothing_shown.is_transport(), "{nothing_shown}");
    let other = known().client_identity(identity(&stranger)).unwrap();
    assert!(update(other).await.unwrap_err().is_transport());
    let unknown = at(&url).client_identity(identity(&client)).unwrap();
    let error = update(unknown).await.unwrap_err();
    assert!(error.is_transport() && !error.outcome_unknown(), "{error}");
}

#[test]
fn what_is_no_certificate_is_refused_and_not_quoted() {
    let made = Certified::new("client");
    let without_key = at("https://om.example.com").client_identity(&made.certificate);
    let without_certificate = at("https://om.example.com").client_identity(&made.key);
    let no_root = at("https://om.example.com").add_root_certificate(&made.key);
    let line = made.key.lines().nth(1).unwrap();
    for refused in [without_key, without_certificate, no_root] {
        let error = refused.unwrap_err();
        assert!(error.is_input(), "{error}");
        assert!(!format!("{error} {error:?}").contains(line));
    }
}

/// Says to [`the_call_of_the_tests_below`] which URL to call, and thereby that it
/// runs where its environment is set.
const CHILD: &str = "CALLS_WITH_A_PROXY_SET";

#[tokio::test]
async fn the_call_of_the_tests_below() {
    let Ok(url) = env::var(CHILD) else {
        return;
    };
    let result = update(at(&url)).await;
    if url.starts_with("https:") {
        let error = result.unwrap_err();
        assert!(error.is_transport() && !error.outcome_unknown(), "{error}");
    } else {
        assert_eq!(result.unwrap().id, KEY);
    }
}

/// [`the_call_of_the_tests_below`] in a process that knows of no host without a proxy.
fn call_of(url: &str) -> Result<Command, Box<dyn StdError>> {
    let mut child = Command::new(env::current_exe()?);
    child
        .args(["--exact", "the_call_of_the_tests_below"])
        .env(CHILD, url)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .kill_on_drop(true);
    Ok(child)
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_asked_for_the_service() -> Result<(), Box<dyn StdError>> {
    let proxy = TcpListener::bind("127.0.0.1:0").await?;
    let mut child = call_of("https://atlas.invalid")?;
    child.env("HTTPS_PROXY", format!("http://{}", proxy.local_addr()?));
    let mut child = child.spawn()?;
    let asked = async {
        let (mut stream, _) = proxy.accept().await?;
        let mut request = vec![0; 4096];
        let read = stream.read(&mut request).await?;
        stream.write_all(b"HTTP/1.1 502 No\r\n\r\n").await?;
        std::io::Result::Ok(String::from_utf8_lossy(&request[..read]).into_owned())
    };
    let asked = timeout(Duration::from_secs(30), asked).await??;
    assert!(
        asked.starts_with("CONNECT atlas.invalid:443 HTTP/1.1\r\n"),
        "{asked}"
    );
    assert!(!asked.contains("hush"), "{asked}");
    assert!(
        timeout(Duration::from_secs(30), child.wait())
            .await??
            .success()
    );
    Ok(())
}

/// Without TLS a proxy would read the credentials that never have to leave the machine.
#[tokio::test]
async fn a_service_on_this_machine_is_asked_directly() -> Result<(), Box<dyn StdError>> {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0")?;
    proxy.set_nonblocking(true)?;
    let body = format!(r#"{{"id":"{KEY}"}}"#);
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for host in ["127.0.0.1", "localhost"] {
        let service = Script::start(vec![answer.clone()]).await?;
        let mut child = call_of(&service.url.replace("127.0.0.1", host))?;
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            child.env(name, format!("http://{}", proxy.local_addr()?));
        }
        let status = timeout(Duration::from_secs(30), child.status()).await??;
        let strayed = proxy.accept().map_err(|error| error.kind());
        assert!(
            matches!(strayed, Err(ErrorKind::WouldBlock)),
            "{host}: {strayed:?}"
        );
        assert!(status.success(), "{host}");
        assert_eq!(service.requests().len(), 1, "{host}");
    }
    Ok(())
}
