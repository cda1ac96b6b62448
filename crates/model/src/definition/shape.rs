//! Values with a short form: one word, a text or a list, or a mapping of keys. What is written decides which
//! form is read, so that a fault is told in the words of that form: a mistyped key is an unknown key.

use std::marker::PhantomData;

use serde::{
    Deserialize, Deserializer,
    de::{
        MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer},
    },
};

/// What was written.
pub(super) enum Written<S, L, M> {
    /// One word or text.
    Text(S),
    /// A list.
    List(L),
    /// A mapping of keys.
    Keys(M),
}

/// A form that a value does not have.
pub(super) enum Never {}

impl<'de> Deserialize<'de> for Never {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom(NO_SUCH_FORM))
    }
}

const NO_SUCH_FORM: &str = "no such form";

struct Forms<S, L, M> {
    expected: &'static str,
    texts: bool,
    lists: bool,
    forms: PhantomData<(S, L, M)>,
}

impl<'de, S, L, M> Visitor<'de> for Forms<S, L, M>
where
    S: Deserialize<'de>,
    L: Deserialize<'de>,
    M: Deserialize<'de>,
{
    type Value = Written<S, L, M>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if !self.texts {
            return Err(E::invalid_type(serde::de::Unexpected::Str(text), &self));
        }
        S::deserialize(StrDeserializer::new(text)).map(Written::Text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        if !self.lists {
            return Err(serde::de::Error::invalid_type(serde::de::Unexpected::Seq, &self));
        }
        L::deserialize(SeqAccessDeserializer::new(items)).map(Written::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        M::deserialize(MapAccessDeserializer::new(entries)).map(Written::Keys)
    }
}

/// Reads a text or a mapping of keys; `expected` says so in words.
pub(super) fn text_or_keys<'de, S, M, D>(expected: &'static str, from: D) -> Result<Written<S, Never, M>, D::Error>
where
    S: Deserialize<'de>,
    M: Deserialize<'de>,
    D: Deserializer<'de>,
{
    from.deserialize_any(Forms { expected, texts: true, lists: false, forms: PhantomData })
}

/// Reads a list or a mapping of keys; `expected` says so in words.
pub(super) fn list_or_keys<'de, L, M, D>(expected: &'static str, from: D) -> Result<Written<Never, L, M>, D::Error>
where
    L: Deserialize<'de>,
    M: Deserialize<'de>,
    D: Deserializer<'de>,
{
    from.deserialize_any(Forms { expected, texts: false, lists: true, forms: PhantomData })
}
