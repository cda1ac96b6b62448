//! The project's settings, `punctual.yaml`: where state lives, how messages leave, and limits.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::length::Length;

/// The settings of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What people read as the project's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The folder of state and artifacts, relative to the project. Default: `.punctual`.
    #[serde(default = "default_data")]
    pub data: String,
    /// Who messages come from: `Reports <reports@agency.example>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where answers go, when that is not `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The channel of reports that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_channel: Option<String>,
    /// How messages leave, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub channels: IndexMap<String, Channel>,
    /// A folder of fonts (.ttf, .otf, .ttc), relative to the project, for characters that the shipped font
    /// lacks: its own covers Latin, Greek and Cyrillic. They are asked in the order of their names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fonts: Option<String>,
    /// Whether this system's fonts are asked for characters that neither the shipped font nor the project's
    /// fonts have. Default: true. Without them a document looks the same on every machine.
    #[serde(default = "default_system_fonts")]
    pub system_fonts: bool,
    /// More recipients than this need `--confirm`. Default: 100.
    #[serde(default = "default_confirm_over")]
    pub confirm_over: u64,
    /// How a failing source is asked again.
    #[serde(default)]
    pub retry: Retry,
    /// What authored text, SQL and documents may use.
    #[serde(default)]
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            title: None,
            data: default_data(),
            from: None,
            reply_to: None,
            default_channel: None,
            channels: IndexMap::new(),
            fonts: None,
            system_fonts: default_system_fonts(),
            confirm_over: default_confirm_over(),
            retry: Retry::default(),
            limits: Limits::default(),
        }
    }
}

fn default_data() -> String {
    ".punctual".to_owned()
}

fn default_system_fonts() -> bool {
    true
}

fn default_confirm_over() -> u64 {
    100
}

/// How messages leave: a type of channel and its options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Channel {
    /// The type of channel: `smtp` or `folder`.
    #[serde(rename = "type")]
    pub channel_type: String,
    /// The options of this type of channel.
    #[serde(flatten)]
    pub options: serde_json::Map<String, serde_json::Value>,
}

/// How a failing source is asked again: exponential backoff, each wait twice the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Give up after this time. Default: 30m.
    pub for_at_most: Length,
    /// The first wait. Default: 1s.
    pub first_wait: Length,
    /// The longest wait. Default: 5m.
    pub longest_wait: Length,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            for_at_most: Length::from_secs(30 * 60),
            first_wait: Length::from_secs(1),
            longest_wait: Length::from_secs(300),
        }
    }
}

/// What one sandboxed job may use. Each default is a time that a person would wait, or more than a report of a
/// million rows takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Memory in MiB. Default: 1024.
    pub memory_mib: u64,
    /// CPU time of all cores together. Default: 5m.
    pub cpu: Length,
    /// Elapsed time. Default: 5m.
    pub elapsed: Length,
    /// Bytes of one file that it writes, in MiB. Default: 2048.
    pub output_mib: u64,
    /// Elapsed time of one SQL table or check. Default: 1m.
    pub query: Length,
    /// Elapsed time of one text: a title, a subject, a paragraph, the text of a query. Default: 10s.
    pub text: Length,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_mib: 1024,
            cpu: Length::from_secs(300),
            elapsed: Length::from_secs(300),
            output_mib: 2048,
            query: Length::from_secs(60),
            text: Length::from_secs(10),
        }
    }
}
