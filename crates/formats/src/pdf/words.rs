//! The few words that only pages say, in the document's language: page numbers and the like.
//! What every format says is in the document's locale and the crate's `words`.

/// The words of one language.
pub(super) struct Words {
    page: &'static str,
    compared: &'static str,
    columns: &'static str,
    missing: &'static str,
    line_chart: &'static str,
    bar_chart: &'static str,
}

const ENGLISH: Words = Words {
    page: "Page {n} of {total}",
    compared: "vs {value}",
    columns: "Columns {from}–{to} of {total}",
    missing: "Characters that this file's fonts do not have: {list}",
    line_chart: "Line chart: {series} by {x}",
    bar_chart: "Bar chart: {series} by {x}",
};

const GERMAN: Words = Words {
    page: "Seite {n} von {total}",
    compared: "zuvor {value}",
    columns: "Spalten {from}–{to} von {total}",
    missing: "Zeichen, die den Schriften dieser Datei fehlen: {list}",
    line_chart: "Liniendiagramm: {series} nach {x}",
    bar_chart: "Balkendiagramm: {series} nach {x}",
};

const FRENCH: Words = Words {
    page: "Page {n} sur {total}",
    compared: "contre {value}",
    columns: "Colonnes {from} à {to} sur {total}",
    missing: "Caractères absents des polices de ce fichier : {list}",
    line_chart: "Graphique en courbes : {series} par {x}",
    bar_chart: "Graphique à barres : {series} par {x}",
};

const SPANISH: Words = Words {
    page: "Página {n} de {total}",
    compared: "antes {value}",
    columns: "Columnas {from}–{to} de {total}",
    missing: "Caracteres que faltan en las fuentes de este archivo: {list}",
    line_chart: "Gráfico de líneas: {series} por {x}",
    bar_chart: "Gráfico de barras: {series} por {x}",
};

impl Words {
    /// The words for a BCP 47 tag. A language that is not known here reads English.
    pub(super) fn of_locale(tag: &str) -> &'static Self {
        match tag.split(['-', '_']).next() {
            Some("de") => &GERMAN,
            Some("fr") => &FRENCH,
            Some("es") => &SPANISH,
            _ => &ENGLISH,
        }
    }

    /// "Page 2 of 5".
    pub(super) fn page(&self, number: usize, total: usize) -> String {
        self.page.replace("{n}", &number.to_string()).replace("{total}", &total.to_string())
    }

    /// The figure of the period before, beside a change.
    pub(super) fn compared(&self, value: &str) -> String {
        self.compared.replace("{value}", value)
    }

    /// Which columns of a split table follow; the first is 1.
    pub(super) fn columns(&self, from: usize, to: usize, total: usize) -> String {
        let text = self.columns.replace("{from}", &from.to_string()).replace("{to}", &to.to_string());
        text.replace("{total}", &total.to_string())
    }

    /// Which characters have no glyph, by code point.
    pub(super) fn missing(&self, list: &str) -> String {
        self.missing.replace("{list}", list)
    }

    /// What a chart shows, for readers who do not see it.
    pub(super) fn chart(&self, line: bool, series: &str, x: &str) -> String {
        let pattern = if line { self.line_chart } else { self.bar_chart };
        // An axis without a name is not spoken of.
        let pattern =
            if x.is_empty() { pattern.split_inclusive("{series}").next().unwrap_or(pattern) } else { pattern };
        pattern.replace("{series}", series).replace("{x}", x)
    }
}

#[cfg(test)]
mod tests {
    use punctual_document::locale::Locale;

    use super::*;

    #[test]
    fn pages_are_counted_in_the_document_s_language() {
        assert_eq!(Words::of_locale("en-US").page(2, 5), "Page 2 of 5");
        assert_eq!(Words::of_locale("de").page(2, 5), "Seite 2 von 5");
        assert_eq!(Words::of_locale("el-GR").page(2, 5), "Page 2 of 5");
        assert_eq!(Words::of_locale("en-US").chart(true, "Visits", "Day"), "Line chart: Visits by Day");
        assert_eq!(Words::of_locale("de-DE").chart(false, "Umsatz", ""), "Balkendiagramm: Umsatz");
        assert_eq!(Words::of_locale("fr-FR").columns(2, 9, 30), "Colonnes 2 à 9 sur 30");
    }

    #[test]
    fn every_locale_of_documents_is_spoken() {
        for locale in Locale::ALL {
            let words = Words::of_locale(locale.tag);
            assert!(locale.language() == "en" || words.page != ENGLISH.page, "{}", locale.tag);
        }
    }
}
