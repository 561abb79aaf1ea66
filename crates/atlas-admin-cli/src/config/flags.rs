//! Settings from the command line.

use super::{
    credentials::{CredentialParts, PartNames},
    layer::Layer,
    secret::{read_file, read_stdin},
};
use crate::args::GlobalArgs;

pub(super) fn layer(global: &GlobalArgs) -> Layer {
    let secret = match &global.private_key_file {
        Some(path) => Some(read_file(path)),
        None if global.private_key_stdin => Some(read_stdin()),
        None => None,
    };
    Layer {
        origin: "flags".to_owned(),
        service: global.service.map(Ok),
        api_version: global.api_version,
        credentials: CredentialParts {
            public_key: global.public_key.clone().map(Ok),
            client_id: global.client_id.clone().map(Ok),
            secret,
            names: PartNames {
                public_key: "--public-key",
                private_key: "--private-key-file or --private-key-stdin",
                client_id: "--client-id",
                client_secret: "--private-key-file or --private-key-stdin",
                token: "",
            },
            ..CredentialParts::default()
        },
        secret_files: global.private_key_file.iter().cloned().collect(),
        ..Layer::default()
    }
    .with_urls(global.base_url.clone(), global.base_url.clone())
}
