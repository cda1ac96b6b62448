//! Members of a list that come as rows: from a CSV file of the project, or from a source. Rows say who gets
//! what; the guards stay in the list.

use std::ops::Range;

use super::{Located, Project};
use crate::{
    definition::{List, Member, MemberKey, Members},
    diagnostic::{Diagnostic, SourceFile},
    nearest::nearest,
};

/// So many members fit into a list.
const MAX_MEMBERS: usize = 200_000;
/// The columns that rows of members may have.
const COLUMNS: [&str; 4] = ["key", "email", "name", "id"];

/// Where the members of a list stand in a file.
#[derive(Debug, Clone)]
pub struct MemberRows {
    /// The index of the file in `Project::files`.
    pub file: usize,
    header: Vec<String>,
    /// The bytes of each row's fields.
    fields: Vec<Vec<Range<usize>>>,
}

impl MemberRows {
    /// The bytes of one field, or of the row's first one.
    pub fn span(&self, row: usize, column: &str) -> Range<usize> {
        let at = self.header.iter().position(|name| name == column).unwrap_or_default();
        self.fields.get(row).and_then(|fields| fields.get(at).or(fields.first())).cloned().unwrap_or(0..0)
    }
}

/// Rows that are no members.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct MembersError {
    /// The row, from 0; `None` when the columns are wrong.
    pub row: Option<usize>,
    /// The column.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
}

/// Members of rows with the columns `email`, and where wanted `key`, `name` and `id`. Texts are kept as they
/// are; a field that is empty or has no value stands for none.
///
/// # Errors
/// A column that is unknown, given twice or missing; a row without an address; too many rows.
pub fn members_from_rows<R>(columns: &[String], rows: impl Iterator<Item = R>) -> Result<Vec<Member>, MembersError>
where
    R: AsRef<[Option<String>]>,
{
    check_columns(columns)?;
    let mut members = Vec::new();
    for (index, row) in rows.enumerate() {
        let fault = |message: String| MembersError { row: Some(index), column: 0, message, help: None };
        if index == MAX_MEMBERS {
            return Err(fault(format!("there are more than {MAX_MEMBERS} members; split the list")));
        }
        let row = row.as_ref();
        let field = |name: &str| {
            let at = columns.iter().position(|column| column == name)?;
            row.get(at).cloned().flatten().filter(|text| !text.is_empty())
        };
        let email = field("email").ok_or_else(|| fault("this member has no `email`".to_owned()))?;
        members.push(Member { key: field("key").map(MemberKey), email, name: field("name"), id: field("id") });
    }
    Ok(members)
}

fn check_columns(columns: &[String]) -> Result<(), MembersError> {
    let fault = |column, message, help| MembersError { row: None, column, message, help };
    for (index, column) in columns.iter().enumerate() {
        if !COLUMNS.contains(&column.as_str()) {
            let help = match nearest(column, COLUMNS.into_iter()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known here: {}", COLUMNS.join(", ")),
            };
            return Err(fault(index, format!("members have no column `{column}`"), Some(help)));
        }
        if columns[..index].contains(column) {
            return Err(fault(index, format!("the column `{column}` is there twice"), None));
        }
    }
    if columns.iter().any(|column| column == "email") {
        return Ok(());
    }
    Err(fault(0, "there is no column `email`".to_owned(), Some("add the column `email`".to_owned())))
}

impl Project {
    /// The files that lists name for their members: the list's name and the path as it is written.
    pub fn member_files(&self) -> Vec<(String, String)> {
        self.lists
            .iter()
            .filter_map(|(name, list)| match &list.value.members {
                Members::File(members) => Some((name.clone(), members.file.clone())),
                Members::Listed(_) | Members::Query(_) => None,
            })
            .collect()
    }

    /// An error about the file that a list names for its members.
    pub fn member_file_error(&self, list: &str, message: impl Into<String>) -> Option<Diagnostic> {
        let list = self.lists.get(list)?;
        Some(self.error_at(&list.place, &steps!["members", "file"], message))
    }

    /// Puts the members of a CSV file into the list that names it; what is no member is told.
    pub fn read_members(&mut self, list: &str, file: SourceFile) -> Option<Diagnostic> {
        self.files.push(file);
        let index = self.files.len() - 1;
        let subject = self.lists.get(list).and_then(|list| self.subject(&list.place));
        let read = read_csv(&self.files[index].text);
        let (header, fields, members) = match read {
            Ok(read) => read,
            Err(CsvFault { span, message, help }) => {
                let error = Diagnostic::error(&self.files[index], span, message).about(subject);
                return Some(match help {
                    Some(help) => error.with_help(help),
                    None => error,
                });
            }
        };
        self.member_rows.insert(list.to_owned(), MemberRows { file: index, header, fields });
        if let Some(Located { value: List { members: slot, .. }, .. }) = self.lists.get_mut(list) {
            *slot = Members::Listed(members);
        }
        None
    }
}

/// What is wrong with a file of members.
struct CsvFault {
    span: Range<usize>,
    message: String,
    help: Option<String>,
}

type Rows = (Vec<String>, Vec<Vec<Range<usize>>>, Vec<Member>);

fn read_csv(text: &str) -> Result<Rows, CsvFault> {
    let mut rows = super::csv::rows(text).map_err(|fault| CsvFault {
        span: fault.at..fault.at + 1,
        message: fault.message.to_owned(),
        help: Some(fault.help.to_owned()),
    })?;
    if rows.is_empty() {
        let message = "the file is empty; it needs a header line such as `key,email,name`".to_owned();
        return Err(CsvFault { span: 0..0, message, help: None });
    }
    let head = rows.remove(0);
    let header: Vec<String> = head.iter().map(|(name, _)| name.trim().to_lowercase()).collect();
    for row in &rows {
        if row.len() != header.len() {
            let span = row.first().map_or(0..0, |(_, span)| span.clone());
            let message = format!("this line has {} fields, the header has {}", row.len(), header.len());
            return Err(CsvFault { span, message, help: None });
        }
    }
    let texts = rows.iter().map(|row| row.iter().map(|(text, _)| Some(text.clone())).collect::<Vec<_>>());
    let members = members_from_rows(&header, texts).map_err(|error| {
        let at = error.row.map_or(&head, |row| &rows[row]);
        let span = at.get(error.column).map_or(0..0, |(_, span)| span.clone());
        CsvFault { span, message: error.message, help: error.help }
    })?;
    let fields = rows.iter().map(|row| row.iter().map(|(_, span)| span.clone()).collect()).collect();
    Ok((header, fields, members))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> Project {
        let text = "kind: list\nname: clients\nmembers: {file: members.csv}\n";
        let file = SourceFile { path: "lists.yaml".to_owned(), text: text.to_owned() };
        let (project, faults) = super::super::read(None, vec![file]);
        assert_eq!(faults, []);
        project
    }

    fn told(csv: &str) -> String {
        let file = SourceFile { path: "members.csv".to_owned(), text: csv.to_owned() };
        let fault = project().read_members("clients", file).expect("a fault");
        assert_eq!(fault.definition.as_ref().map(|d| d.name.as_str()), Some("clients"));
        format!("{}:{}: {}", fault.line, fault.column, fault.message)
    }

    #[test]
    fn members_come_from_a_file_with_their_keys_as_they_are_written() {
        let mut project = project();
        assert_eq!(project.member_files(), [("clients".to_owned(), "members.csv".to_owned())]);
        let text =
            "\u{feff}email,key,name\r\nana@acme.example,007,\"Lima, Ana\"\r\nbo@acme.example,1e3,\r\n".to_owned();
        let fault = project.read_members("clients", SourceFile { path: "members.csv".to_owned(), text });
        assert_eq!(fault, None);
        let members = project.lists["clients"].value.members.listed().expect("read");
        assert_eq!(members[0].key, Some(MemberKey("007".to_owned())));
        assert_eq!(members[0].name.as_deref(), Some("Lima, Ana"));
        assert_eq!((members[1].key.clone(), &members[1].name), (Some(MemberKey("1e3".to_owned())), &None));
        let error = project.error_at_member(&project.lists["clients"], 1, "email", "no");
        assert_eq!((error.file.as_str(), error.line, error.column), ("members.csv", 3, 1));
    }

    #[test]
    fn what_is_no_member_is_told_with_its_line() {
        assert_eq!(told(""), "1:1: the file is empty; it needs a header line such as `key,email,name`");
        assert_eq!(told("key,mail\n"), "1:5: members have no column `mail`");
        assert_eq!(told("key,name\n1,a\n"), "1:1: there is no column `email`");
        assert_eq!(told("email,email\n"), "1:7: the column `email` is there twice");
        assert_eq!(told("email,key\na@b.example,1\n,2\n"), "3:1: this member has no `email`");
        assert_eq!(told("email,key\na@b.example\n"), "2:1: this line has 1 fields, the header has 2");
        assert_eq!(told("email\n\"a@b.example\n"), "2:1: this quote is never closed");
    }
}
