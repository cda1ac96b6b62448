//! The few words that spreadsheets and pages say beside the document's own, in its language.

use punctual_document::{
    content::{Chart, ChartKind},
    locale::Locale,
};

/// The words of one language.
pub(crate) struct Words {
    /// The column of figures' labels.
    pub figure: &'static str,
    /// The column of figures' values.
    pub value: &'static str,
    /// The column of the values before.
    pub previous: &'static str,
    /// The column of changes.
    pub change: &'static str,
    /// Before the period's name.
    pub period: &'static str,
    /// The heading of remarks.
    pub notes: &'static str,
    /// The column of tables' names.
    pub table: &'static str,
    /// The column of tables' row counts.
    pub rows: &'static str,
    /// Texts were cut; `{n}` stands for how many.
    pub texts_cut: &'static str,
    /// The figure of the period before, `{value}`, beside a change.
    compared: &'static str,
    /// What a chart of lines shows: `{series}` by `{x}`.
    line_chart: &'static str,
    /// What a chart of bars shows.
    bar_chart: &'static str,
}

impl Words {
    /// "vs 1,234", beside a change.
    pub(crate) fn compared(&self, value: &str) -> String {
        self.compared.replace("{value}", value)
    }

    /// What a chart shows, for readers who do not see it.
    pub(crate) fn chart(&self, chart: &Chart) -> String {
        let pattern = match chart.kind {
            ChartKind::Line => self.line_chart,
            ChartKind::Bar => self.bar_chart,
        };
        // An axis without a name is not spoken of.
        let named = !chart.x_label.is_empty();
        let pattern = if named { pattern } else { pattern.split_inclusive("{series}").next().unwrap_or(pattern) };
        let series: Vec<&str> = chart.series.iter().map(|s| s.label.as_str()).collect();
        pattern.replace("{series}", &series.join(", ")).replace("{x}", &chart.x_label)
    }
}

const ENGLISH: Words = Words {
    figure: "Figure",
    value: "Value",
    previous: "Previous period",
    change: "Change",
    period: "Period",
    notes: "Notes",
    table: "Table",
    rows: "Rows",
    texts_cut: "Texts cut at 32,767 characters, the most a cell can hold: {n}",
    compared: "vs {value}",
    line_chart: "Line chart: {series} by {x}",
    bar_chart: "Bar chart: {series} by {x}",
};

const GERMAN: Words = Words {
    figure: "Kennzahl",
    value: "Wert",
    previous: "Vorzeitraum",
    change: "Änderung",
    period: "Zeitraum",
    notes: "Hinweise",
    table: "Tabelle",
    rows: "Zeilen",
    texts_cut: "Bei 32.767 Zeichen, mehr fasst eine Zelle nicht, gekürzte Texte: {n}",
    compared: "zuvor {value}",
    line_chart: "Liniendiagramm: {series} nach {x}",
    bar_chart: "Balkendiagramm: {series} nach {x}",
};

const FRENCH: Words = Words {
    figure: "Indicateur",
    value: "Valeur",
    previous: "Période précédente",
    change: "Évolution",
    period: "Période",
    notes: "Remarques",
    table: "Tableau",
    rows: "Lignes",
    texts_cut: "Textes coupés à 32 767 caractères, le maximum d’une cellule : {n}",
    compared: "contre {value}",
    line_chart: "Graphique en courbes : {series} par {x}",
    bar_chart: "Graphique à barres : {series} par {x}",
};

const SPANISH: Words = Words {
    figure: "Indicador",
    value: "Valor",
    previous: "Período anterior",
    change: "Variación",
    period: "Período",
    notes: "Notas",
    table: "Tabla",
    rows: "Filas",
    texts_cut: "Textos cortados a 32 767 caracteres, el máximo de una celda: {n}",
    compared: "antes {value}",
    line_chart: "Gráfico de líneas: {series} por {x}",
    bar_chart: "Gráfico de barras: {series} por {x}",
};

/// The words for a document's locale tag. A language that is not known here reads English.
pub(crate) fn words(tag: &str) -> &'static Words {
    known(tag).unwrap_or(&ENGLISH)
}

fn known(tag: &str) -> Option<&'static Words> {
    Some(match language(tag) {
        "en" => &ENGLISH,
        "de" => &GERMAN,
        "fr" => &FRENCH,
        "es" => &SPANISH,
        _ => return None,
    })
}

fn language(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

/// "12 rows left out" in the document's language.
pub(crate) fn rows_left_out(locale: impl Into<Option<&'static Locale>>, count: u64) -> String {
    let locale = locale.into().unwrap_or(Locale::ALL[0]);
    match count {
        1 => locale.words.row_left_out.to_owned(),
        _ => locale.words.rows_left_out.replace("{n}", &count.to_string()),
    }
}

/// The rules of a document's locale tag; American English when this build does not know it.
pub(crate) fn locale_of(tag: &str) -> &'static Locale {
    Locale::by_tag(tag).unwrap_or(Locale::ALL[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_locale_has_its_words() {
        for locale in Locale::ALL {
            assert!(known(locale.tag).is_some(), "{}", locale.tag);
        }
        assert_eq!(words("xx").figure, "Figure");
    }

    #[test]
    fn left_out_rows_are_counted_in_words() {
        assert_eq!(rows_left_out(locale_of("en-US"), 1), "1 row left out");
        assert_eq!(rows_left_out(locale_of("de-DE"), 12), "12 Zeilen ausgelassen");
    }
}
