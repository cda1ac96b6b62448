//! The words that a message says itself, in the report's language. Figures, notes and titles come
//! written already; which locale a report has is the engine's knowledge.

/// The fixed words of a body in one language.
#[derive(Debug, PartialEq, Eq)]
pub struct BodyWords {
    /// The language's code (ISO 639-1).
    language: &'static str,
    /// Above the files that are attached.
    pub(super) attached: &'static str,
    /// Above the files that are only linked.
    pub(super) linked: &'static str,
    /// Beside a change that is good.
    pub(super) better: &'static str,
    /// Beside a change that is bad.
    pub(super) worse: &'static str,
    /// Why the recipient gets this; `{list}` and `{sender}` stand for names.
    listed: &'static str,
    /// The same where no list is named.
    named: &'static str,
    /// Between a heading and what follows.
    pub(super) colon: &'static str,
    /// Between whole number and fraction.
    decimal: char,
    /// Bytes, thousands and millions of them.
    units: [&'static str; 3],
}

const ENGLISH: BodyWords = BodyWords {
    language: "en",
    attached: "Attached",
    linked: "To download",
    better: "better",
    worse: "worse",
    listed: "You get this report because your address is on the list “{list}” of {sender}.",
    named: "You get this report because {sender} sends it to your address.",
    colon: ":",
    decimal: '.',
    units: ["B", "kB", "MB"],
};

const GERMAN: BodyWords = BodyWords {
    language: "de",
    attached: "Im Anhang",
    linked: "Zum Herunterladen",
    better: "besser",
    worse: "schlechter",
    listed: "Sie erhalten diesen Bericht, weil Ihre Adresse auf der Liste „{list}“ von {sender} steht.",
    named: "Sie erhalten diesen Bericht, weil {sender} ihn an Ihre Adresse schickt.",
    colon: ":",
    decimal: ',',
    units: ["B", "kB", "MB"],
};

const FRENCH: BodyWords = BodyWords {
    language: "fr",
    attached: "En pièce jointe",
    linked: "À télécharger",
    better: "mieux",
    worse: "moins bien",
    listed: "Vous recevez ce rapport parce que votre adresse figure sur la liste « {list} » de {sender}.",
    named: "Vous recevez ce rapport parce que {sender} l’envoie à votre adresse.",
    colon: " :",
    decimal: ',',
    units: ["o", "ko", "Mo"],
};

const SPANISH: BodyWords = BodyWords {
    language: "es",
    attached: "Adjunto",
    linked: "Para descargar",
    better: "mejor",
    worse: "peor",
    listed: "Recibe este informe porque su dirección está en la lista «{list}» de {sender}.",
    named: "Recibe este informe porque {sender} lo envía a su dirección.",
    colon: ":",
    decimal: ',',
    units: ["B", "kB", "MB"],
};

impl BodyWords {
    /// Every language that messages speak.
    const ALL: [&'static Self; 4] = [&ENGLISH, &GERMAN, &FRENCH, &SPANISH];

    /// The words for a BCP 47 tag. A language that is not known here reads English.
    pub fn of_locale(tag: &str) -> &'static Self {
        let language = tag.split(['-', '_']).next().unwrap_or(tag);
        Self::ALL.into_iter().find(|words| words.language.eq_ignore_ascii_case(language)).unwrap_or(&ENGLISH)
    }

    /// Why the recipient gets this.
    pub fn reason(&self, list: Option<&str>, sender: &str) -> String {
        // The name is put in last: whatever it says, nothing is looked for in it.
        let (pattern, list) = list.map_or((self.named, ""), |list| (self.listed, list));
        let mut parts = pattern.splitn(2, "{sender}");
        let (before, after) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        format!("{}{sender}{}", before.replacen("{list}", list, 1), after)
    }

    /// A file's type and size, as mail programs show them (SI units): `PDF, 2.3 MB`.
    pub fn file(&self, format: &str, bytes: u64) -> String {
        let [ones, thousands, millions] = self.units;
        let size = match bytes {
            0..1_000 => format!("{bytes}\u{a0}{ones}"),
            // What is rounded up to a thousand thousands is a million.
            1_000..=999_000 => format!("{}\u{a0}{thousands}", bytes.div_ceil(1_000)),
            _ => {
                let tenths = bytes.div_ceil(100_000);
                format!("{}{}{}\u{a0}{millions}", tenths / 10, self.decimal, tenths % 10)
            }
        };
        format!("{}, {size}", format.to_uppercase())
    }
}

impl Default for &BodyWords {
    fn default() -> Self {
        &ENGLISH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_everything_in_its_own_words() {
        for words in BodyWords::ALL {
            assert_eq!(BodyWords::of_locale(&format!("{}-XX", words.language)), words);
            let reason = words.reason(Some("client-contacts"), "Harbour & Field");
            assert!(reason.contains("client-contacts") && reason.contains("Harbour & Field"), "{reason}");
            assert!(!reason.contains(['{', '}']), "{reason}");
            let named = words.reason(None, "Harbour & Field");
            assert!(named.contains("Harbour & Field") && !named.contains(['{', '}']), "{named}");
            if words.language != "en" {
                let texts = [words.attached, words.linked, words.better, words.worse, words.listed, words.named];
                let english =
                    [ENGLISH.attached, ENGLISH.linked, ENGLISH.better, ENGLISH.worse, ENGLISH.listed, ENGLISH.named];
                assert!(texts.iter().zip(english).all(|(own, english)| *own != english), "{}", words.language);
            }
        }
        assert_eq!(BodyWords::of_locale("el-GR"), &ENGLISH);
        assert_eq!(BodyWords::of_locale(""), &ENGLISH);
    }

    #[test]
    fn names_are_put_in_as_they_are() {
        assert_eq!(
            ENGLISH.reason(Some("{sender}"), "{list}"),
            "You get this report because your address is on the list “{sender}” of {list}."
        );
    }

    #[test]
    fn sizes_read_like_in_a_mail_program_of_the_language() {
        assert_eq!(ENGLISH.file("pdf", 999), "PDF, 999\u{a0}B");
        assert_eq!(ENGLISH.file("csv", 1_001), "CSV, 2\u{a0}kB");
        assert_eq!(ENGLISH.file("xlsx", 999_001), "XLSX, 1.0\u{a0}MB");
        assert_eq!(ENGLISH.file("pdf", 2_340_000), "PDF, 2.4\u{a0}MB");
        assert_eq!(GERMAN.file("pdf", 2_340_000), "PDF, 2,4\u{a0}MB");
        assert_eq!(FRENCH.file("pdf", 2_340_000), "PDF, 2,4\u{a0}Mo");
        assert_eq!(FRENCH.file("pdf", 12), "PDF, 12\u{a0}o");
        assert_eq!(SPANISH.file("pdf", 12_000), "PDF, 12\u{a0}kB");
    }
}
