//! Which types of sources, formats and channels exist: the adapters' own lists, side by side.

use punctual_model::kinds::Catalog;

/// All registered types, as the definitions' checks and the reference need them.
pub fn catalog() -> Catalog {
    Catalog {
        sources: punctual_sources::KINDS.iter().map(|kind| kind.spec).collect(),
        formats: punctual_formats::KINDS.iter().map(|kind| kind.spec).collect(),
        channels: punctual_channels::KINDS.iter().map(|kind| kind.spec).collect(),
        locales: punctual_document::locale::Locale::ALL.iter().map(|locale| locale.tag).collect(),
    }
}
