//! "Did you mean": the known name closest to what was written.

/// The known name closest to `written`, if one is close enough to be a likely slip.
pub fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (written.chars().count() / 3).clamp(1, 4);
    known
        .map(|name| (strsim::damerau_levenshtein(&written.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_and_leaves_strangers() {
        let known = ["source", "sql", "columns", "checks"];
        assert_eq!(nearest("sorce", known.into_iter()), Some("source"));
        assert_eq!(nearest("cheks", known.into_iter()), Some("checks"));
        assert_eq!(nearest("banana", known.into_iter()), None);
    }
}
