//! Tests of `atlas-admin` without a TLS provider, and with one that the program installs.

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use atlas_admin::{Client, Credentials, OrgRole};
    use rustls::crypto::ring;

    /// One test, since a provider is the process's.
    #[tokio::test]
    async fn a_client_needs_a_provider() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        drop(listener);
        let credentials = Credentials::digest("abcdefgh", "12345678-9abc-4def-8123-456789abcdef");
        let builder = Client::builder().credentials(credentials).base_url(url);

        let error = builder.clone().build().unwrap_err();
        assert!(error.is_input());
        assert_eq!(
            error.to_string(),
            "the program has installed no provider for rustls; call CryptoProvider::install_default \
             first, or turn on the feature rustls of atlas-admin"
        );

        ring::default_provider().install_default().unwrap();
        let client = builder.build().unwrap();
        let org = client.org("32b6e34b3d91647abb20e7b8");
        let key = org.api_key("6a793f752c88faeba59bba49");
        let update = key.update().roles([OrgRole::ReadOnly]);
        let error = update.send().await.unwrap_err();
        assert!(error.is_transport(), "{error}");
    }
}
