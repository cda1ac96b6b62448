//! Lists: recipients and the domains they may have. Guards live here, never in extracted data.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::slug::Slug;

/// Recipients, and the domains they may have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The name that reports use.
    pub name: Slug,
    /// The recipients.
    pub members: Vec<Member>,
    /// The domains that a key's recipients may have: `{7: [acme.example]}`.
    /// With any entry here, a key without one is refused.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub domains: IndexMap<MemberKey, Vec<String>>,
}

/// One recipient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The edition this recipient gets; with a key, only that edition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<MemberKey>,
    /// The e-mail address.
    pub email: String,
    /// The name people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What identifies the recipient when the address changes. Default: the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A burst key in a list: a number or text, compared as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct MemberKey(pub String);

impl std::fmt::Display for MemberKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MemberKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl serde::de::Visitor<'_> for KeyVisitor {
            type Value = MemberKey;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number or text")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<MemberKey, E> {
                Ok(MemberKey(text.to_owned()))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<MemberKey, E> {
                Ok(MemberKey(number.to_string()))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<MemberKey, E> {
                Ok(MemberKey(number.to_string()))
            }
        }
        deserializer.deserialize_any(KeyVisitor)
    }
}

impl JsonSchema for MemberKey {
    fn schema_name() -> Cow<'static, str> {
        "MemberKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"] })
    }
}
