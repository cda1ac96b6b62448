//! `docs/reference/state.md` says what the code does: its diagrams are the transition tables, its
//! tables are those of the database.

use std::collections::{BTreeMap, BTreeSet};

use punctual_model::state::{DeliveryState, RevisionState, StageState};
use sqlx::{Executor, Row};

use crate::places::{Place, Sqlite};

const PAGE: &str = include_str!("../../../../docs/reference/state.md");

type Arrows = BTreeSet<(String, String)>;

/// The arrows of the diagram below a heading.
fn drawn(heading: &str) -> Arrows {
    let section = PAGE.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let diagram = section.split("```mermaid\nstateDiagram-v2\n").nth(1).unwrap().split("```").next().unwrap();
    let arrows: Vec<(String, String)> = diagram
        .lines()
        .map(|line| line.trim().split_once(" --> ").unwrap())
        .map(|(from, to)| (from.to_owned(), to.to_owned()))
        .collect();
    let set: Arrows = arrows.iter().cloned().collect();
    assert_eq!(set.len(), arrows.len(), "an arrow is drawn twice");
    set
}

/// The arrows of a transition table; `[*]` is the beginning, and the end of what nothing follows.
fn arrows<'a>(first: &str, table: impl Iterator<Item = (&'a str, Vec<&'a str>)>) -> Arrows {
    let mut arrows = Arrows::from([("[*]".to_owned(), first.to_owned())]);
    for (from, next) in table {
        let next = if next.is_empty() { vec!["[*]"] } else { next };
        arrows.extend(next.into_iter().map(|to| (from.to_owned(), to.to_owned())));
    }
    arrows
}

#[test]
fn the_diagrams_are_the_transition_tables() {
    let revisions = RevisionState::ALL.iter().map(|s| (s.as_str(), s.next().iter().map(|n| n.as_str()).collect()));
    assert_eq!(drawn("Revisions"), arrows("queued", revisions));
    let stages = StageState::ALL.iter().map(|s| (s.as_str(), s.next().iter().map(|n| n.as_str()).collect()));
    assert_eq!(drawn("Stages"), arrows("running", stages));
    let deliveries = DeliveryState::ALL.iter().map(|s| (s.as_str(), s.next().iter().map(|n| n.as_str()).collect()));
    assert_eq!(drawn("Deliveries"), arrows("planned", deliveries));
}

/// The words in backquotes, with what stands in brackets left out.
fn quoted(text: &str) -> Vec<String> {
    let mut plain = String::new();
    let mut depth = 0;
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            other if depth == 0 => plain.push(other),
            _ => {}
        }
    }
    plain.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_tables_are_those_of_the_database() {
    let section = PAGE.split("\n## Tables\n").nth(1).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let described: BTreeMap<String, Vec<String>> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').collect();
            (quoted(cells[1]).remove(0), quoted(cells[3]))
        })
        .collect();

    let place = Sqlite::new();
    let _store = place.open().await;
    let mut connection = place.connection().await;
    let sql = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
               WHERE m.type = 'table' ORDER BY m.name, c.cid";
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in connection.fetch_all(sql).await.unwrap() {
        found.entry(row.get(0)).or_default().push(row.get(1));
    }
    assert_eq!(described, found);
}
