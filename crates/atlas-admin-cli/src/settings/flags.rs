//! The flags as a source.

use super::{
    Layer, LoginParts,
    login::PartNames,
    secret::{read_file, read_stdin},
};
use crate::{cli::Global, exit::Failure};

pub(super) fn layer(global: &Global) -> Result<Layer, Failure> {
    let secret = match &global.private_key_file {
        Some(path) => Some(read_file(path)?),
        None if global.private_key_stdin => Some(read_stdin()?),
        None => None,
    };
    Ok(Layer {
        origin: "flags".to_owned(),
        service: global.service,
        base_url: global.base_url.clone(),
        ops_manager_url: global.base_url.clone(),
        api_version: global.api_version,
        login: LoginParts {
            public_key: global.public_key.clone(),
            client_id: global.client_id.clone(),
            secret,
            names: PartNames {
                public_key: "--public-key",
                private_key: "--private-key-file or --private-key-stdin",
                client_id: "--client-id",
                client_secret: "--private-key-file or --private-key-stdin",
                token: "",
            },
            ..LoginParts::default()
        },
        ..Layer::default()
    })
}
