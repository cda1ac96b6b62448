//! Lists: recipients and the domains they may have. Guards live here, never in extracted data.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, de::Error as _};

use super::shape::{Written, list_or_keys};
use crate::slug::Slug;

/// Recipients, and the domains they may have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// The name that reports use.
    pub name: Slug,
    /// The recipients: written here, in a CSV file of the project, or asked of a source.
    pub members: Members,
    /// The domains that a key's recipients may have: `{7: [acme.example]}`.
    /// With any entry here, a key without one is refused.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub domains: IndexMap<MemberKey, Vec<String>>,
}

/// Where a list's recipients stand.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Members {
    /// Written in the list.
    Listed(Vec<Member>),
    /// In a CSV file of the project.
    File(MembersFile),
    /// In a source; asked when a delivery is planned.
    Query(MembersQuery),
}

/// A CSV file with a header: `email`, and where wanted `key`, `name` and `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MembersFile {
    /// The file, relative to the project's folder; it stays within the project.
    pub file: String,
}

/// A query that gives the columns `email`, and where wanted `key`, `name` and `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MembersQuery {
    /// The source's name.
    pub source: Slug,
    /// One SELECT in the source's own SQL. `{{ ... }}` values become bind parameters.
    pub sql: String,
}

impl Members {
    /// The recipients, where they are known: those of a query are known only to its source.
    pub fn listed(&self) -> Option<&[Member]> {
        match self {
            Self::Listed(members) => Some(members),
            Self::File(_) | Self::Query(_) => None,
        }
    }

    /// The source that is asked for the recipients.
    pub fn source(&self) -> Option<&Slug> {
        match self {
            Self::Query(query) => Some(&query.source),
            Self::Listed(_) | Self::File(_) => None,
        }
    }
}

impl From<Vec<Member>> for Members {
    fn from(members: Vec<Member>) -> Self {
        Self::Listed(members)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Keys {
            file: Option<String>,
            source: Option<Slug>,
            sql: Option<String>,
        }
        let expected = "a list of members, {file: members.csv}, or {source, sql}";
        let keys = match list_or_keys(expected, deserializer)? {
            Written::List(members) => return Ok(Self::Listed(members)),
            Written::Keys(keys) => keys,
            Written::Text(never) => match never {},
        };
        match keys {
            Keys { file: Some(file), source: None, sql: None } => Ok(Self::File(MembersFile { file })),
            Keys { file: None, source: Some(source), sql: Some(sql) } => Ok(Self::Query(MembersQuery { source, sql })),
            Keys { file: None, source: Some(_), sql: None } => Err(D::Error::missing_field("sql")),
            Keys { file: None, source: None, sql: Some(_) } => Err(D::Error::missing_field("source")),
            Keys { file: None, source: None, sql: None } => {
                Err(D::Error::custom("this says no members: write `file`, or `source` and `sql`"))
            }
            Keys { file: Some(_), .. } => Err(D::Error::custom("`file` stands alone: leave `source` and `sql` out")),
        }
    }
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
