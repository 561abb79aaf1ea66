//! The services as clients address them.

use atlas_emulator::Service;

pub(crate) const ALL: &[Service] = &[Service::AtlasV2, Service::AtlasV1, Service::OpsManagerV1];

pub(crate) fn name(service: Service) -> &'static str {
    match service {
        Service::AtlasV2 => "Atlas v2",
        Service::AtlasV1 => "Atlas v1.0",
        _ => "Ops Manager",
    }
}

/// Returns the media type of requests; on Atlas v2 that of the newest version.
pub(crate) fn media_type(service: Service) -> &'static str {
    match service {
        Service::AtlasV2 => "application/vnd.atlas.2025-03-12+json",
        _ => "application/json",
    }
}

/// Returns the media type of responses; on Atlas v2 that of the only version of both operations.
pub(crate) fn served_media_type(service: Service) -> &'static str {
    match service {
        Service::AtlasV2 => "application/vnd.atlas.2023-01-01+json;charset=utf-8",
        _ => "application/json",
    }
}

pub(crate) fn accepts_tokens(service: Service) -> bool {
    service != Service::OpsManagerV1
}
