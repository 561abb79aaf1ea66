//! The services as foreign clients address them.

use atlas_emulator::Service;

pub(crate) const ALL: &[Service] = &[Service::AtlasV2, Service::AtlasV1, Service::OpsManagerV1];

pub(crate) fn name(service: Service) -> &'static str {
    match service {
        Service::AtlasV2 => "Atlas v2",
        Service::AtlasV1 => "Atlas v1.0",
        _ => "Ops Manager",
    }
}

/// What a client asks for and sends: on Atlas v2 the newest version.
pub(crate) fn media_type(service: Service) -> &'static str {
    match service {
        Service::AtlasV2 => "application/vnd.atlas.2025-03-12+json",
        _ => "application/json",
    }
}

/// What it gets: on Atlas v2 the one version that both operations have.
pub(crate) fn served_media_type(service: Service) -> &'static str {
    match service {
        Service::AtlasV2 => "application/vnd.atlas.2023-01-01+json;charset=utf-8",
        _ => "application/json",
    }
}

pub(crate) fn takes_tokens(service: Service) -> bool {
    service != Service::OpsManagerV1
}
