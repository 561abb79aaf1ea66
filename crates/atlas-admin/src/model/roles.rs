//! Conversions of roles. The enums with the known roles are generated.

use std::{convert::Infallible, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::other_role::OtherRole;
pub use crate::generated::roles::{OrgRole, ProjectRole};

/// Implements the conversions of a role from and to its name. They cannot fail.
macro_rules! role_as_text {
    ($role:ident) => {
        impl From<&str> for $role {
            fn from(name: &str) -> Self {
                Self::known(name).unwrap_or_else(|| Self::Other(OtherRole::new(name)))
            }
        }

        impl From<String> for $role {
            fn from(name: String) -> Self {
                Self::from(name.as_str())
            }
        }

        impl From<&String> for $role {
            fn from(name: &String) -> Self {
                Self::from(name.as_str())
            }
        }

        impl From<&&str> for $role {
            fn from(name: &&str) -> Self {
                Self::from(*name)
            }
        }

        impl From<&$role> for $role {
            fn from(role: &$role) -> Self {
                role.clone()
            }
        }

        impl FromStr for $role {
            type Err = Infallible;

            fn from_str(name: &str) -> Result<Self, Infallible> {
                Ok(Self::from(name))
            }
        }

        impl AsRef<str> for $role {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $role {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl Serialize for $role {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $role {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    };
}

role_as_text!(OrgRole);
role_as_text!(ProjectRole);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_roles_round_trip_through_text() {
        for role in OrgRole::KNOWN {
            assert_eq!(&OrgRole::from(role.as_str()), role);
            assert!(role.as_str().starts_with("ORG_"));
        }
        for role in ProjectRole::KNOWN {
            assert_eq!(&ProjectRole::from(role.as_str()), role);
            assert!(role.as_str().starts_with("GROUP_"));
        }
    }

    #[test]
    fn unknown_roles_keep_their_names() {
        let role: OrgRole = serde_json::from_str(r#""ORG_ASTRONAUT""#).unwrap();
        assert!(matches!(&role, OrgRole::Other(other) if other.as_str() == "ORG_ASTRONAUT"));
        assert_eq!(role.to_string(), "ORG_ASTRONAUT");
        assert_eq!(serde_json::to_string(&role).unwrap(), r#""ORG_ASTRONAUT""#);
    }
}
