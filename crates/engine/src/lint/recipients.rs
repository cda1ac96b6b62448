//! What is certainly wrong with who sends and who receives, by the rules of the send itself: addresses that no
//! message can go to, one address twice, a key or a domain that its guard refuses every time.

use std::collections::BTreeMap;

use punctual_data::outline;
use punctual_delivery::{Mailbox, MailboxError};
use punctual_model::{
    address::{EmailAddress, canonical},
    definition::{List, Member, Members, Report},
    diagnostic::Diagnostic,
    project::{Located, Project, members_from_rows},
    recipients::WHOLE,
    yaml::Step,
};

use super::{step, template_sql, text_faults, with_help};

/// So many faults of one list are told one by one.
const MOST_FAULTS: usize = 25;

/// Every fault of senders, lists, and of lists against the reports that use them.
pub(super) fn lint(project: &Project, faults: &mut Vec<Diagnostic>) {
    senders(project, faults);
    for list in project.lists.values() {
        let mut found = Vec::new();
        domains(project, list, &mut found);
        members(project, list, &mut found);
        query(project, list, &mut found);
        shorten(&mut found);
        faults.append(&mut found);
    }
    for report in project.reports.values() {
        let Some(deliver) = &report.value.deliver else { continue };
        if let Some(list) = project.lists.get(deliver.to.as_str()) {
            let mut found = Vec::new();
            keys(project, report, list, &mut found);
            shorten(&mut found);
            faults.append(&mut found);
        }
    }
}

/// The first faults, and how many there are.
fn shorten(faults: &mut Vec<Diagnostic>) {
    let more = faults.len().saturating_sub(MOST_FAULTS);
    if more > 0 {
        faults.truncate(MOST_FAULTS);
        if let Some(last) = faults.last_mut() {
            last.message = format!("{} (and {more} more of this list)", last.message);
        }
    }
}

/// `from` and `reply_to` are read as they are for a message.
fn senders(project: &Project, faults: &mut Vec<Diagnostic>) {
    let Some(place) = &project.settings_place else { return };
    for (key, text) in [("from", &project.settings.from), ("reply_to", &project.settings.reply_to)] {
        if let Some(Err(error)) = text.as_deref().map(str::parse::<Mailbox>) {
            let help = "write it as `name@domain` or `Name <name@domain>`";
            faults.push(project.error_at(place, &[step(key)], error.to_string()).with_help(help));
        }
    }
}

/// The domain of a text as it stands in addresses.
fn domain(text: &str) -> Option<String> {
    format!("x@{text}").parse::<EmailAddress>().ok().map(|address| address.domain().to_owned())
}

fn domains(project: &Project, list: &Located<List>, faults: &mut Vec<Diagnostic>) {
    for (key, allowed) in &list.value.domains {
        let base = [step("domains"), step(&key.0)];
        if allowed.is_empty() {
            let message = format!("edition {key} may go to no domain: this list is empty");
            faults
                .push(project.error_at_key(&list.place, &base, message).with_help("name a domain, or remove the key"));
        }
        for (index, text) in allowed.iter().enumerate().filter(|(_, text)| domain(text).is_none()) {
            let mut at = base.to_vec();
            at.push(Step::Index(index));
            let help = "write what stands after the @, such as acme.example";
            faults.push(project.error_at(&list.place, &at, format!("`{text}` is not a domain name")).with_help(help));
        }
    }
}

fn members(project: &Project, list: &Located<List>, faults: &mut Vec<Diagnostic>) {
    let mut addresses: BTreeMap<(Option<&str>, String), usize> = BTreeMap::new();
    let mut ids: BTreeMap<(Option<&str>, &str), usize> = BTreeMap::new();
    for (index, member) in list.value.members.listed().unwrap_or_default().iter().enumerate() {
        let key = member.key.as_ref().map(|key| key.0.as_str());
        let of = key.map(|key| format!(" for edition {key}")).unwrap_or_default();
        let at = |column: &str, message: String| project.error_at_member(list, index, column, &message);
        match Mailbox::new(member.name.as_deref(), &member.email) {
            Err(error @ MailboxError::Name { .. }) => faults.push(at("name", error.to_string())),
            Err(error @ MailboxError::Address(_)) => faults.push(at("email", error.to_string())),
            Ok(mailbox) => {
                if addresses.insert((key, canonical(&member.email)), index).is_some() {
                    let message = format!("`{}` stands in this list a second time{of}", member.email);
                    faults.push(at("email", message).with_help("one address is one recipient: remove one of them"));
                }
                guard(list, member, &mailbox.address, &at, faults);
            }
        }
        if let Some(id) = &member.id
            && ids.insert((key, id), index).is_some()
        {
            let message = format!("the id `{id}` stands in this list a second time{of}");
            faults.push(at("id", message).with_help("an id names one recipient: give each its own"));
        }
    }
}

/// The text of a query for members, and its columns where the text tells them.
fn query(project: &Project, list: &Located<List>, faults: &mut Vec<Diagnostic>) {
    let Members::Query(query) = &list.value.members else { return };
    let at = [step("members"), step("sql")];
    let told = text_faults(&query.sql);
    if !told.is_empty() {
        let told = told.into_iter();
        return faults.extend(told.map(|(message, help)| with_help(project.error_at(&list.place, &at, message), help)));
    }
    let columns = template_sql(&query.sql).and_then(|sql| outline::columns(&sql)).unwrap_or_default();
    let rows = std::iter::empty::<Vec<Option<String>>>();
    if let Some(error) = members_from_rows(&columns, rows).err().filter(|_| !columns.is_empty()) {
        let fault = project.error_at(&list.place, &at, error.message);
        faults.push(match error.help {
            Some(help) => fault.with_help(help),
            None => fault,
        });
    }
}

/// What the list's own guard refuses at every send.
fn guard(
    list: &Located<List>,
    member: &Member,
    address: &EmailAddress,
    at: &dyn Fn(&str, String) -> Diagnostic,
    faults: &mut Vec<Diagnostic>,
) {
    if list.value.domains.is_empty() {
        return;
    }
    let edition = member.key.as_ref().map_or(WHOLE, |key| key.0.as_str());
    match list.value.domains.iter().find(|(key, _)| key.0 == edition) {
        None => {
            let message = format!("edition {edition} may go to no domain: `domains` has no entry for it");
            let help = format!("add `{edition}: [{}]` to `domains`, if that is right", address.domain());
            faults.push(at("key", message).with_help(help));
        }
        Some((_, allowed)) if allowed.iter().filter_map(|text| domain(text)).all(|text| text != address.domain()) => {
            let message = format!(
                "edition {edition} may go to {}, but {} is at {}",
                allowed.join(", "),
                member.email,
                address.domain()
            );
            faults.push(at("email", message).with_help("mend the address, or add its domain to `domains`"));
        }
        Some(_) => {}
    }
}

/// Members with a key only for reports that are burst, and without one only for those that are not.
fn keys(project: &Project, report: &Located<Report>, list: &Located<List>, faults: &mut Vec<Diagnostic>) {
    let name = &report.value.name;
    let burst = report.value.burst.is_some();
    let members = list.value.members.listed().unwrap_or_default();
    for (index, member) in members.iter().enumerate().filter(|(_, member)| member.key.is_some() != burst) {
        let (message, help) = match &member.key {
            None => (
                format!("{} has no key, but report `{name}` is burst", member.email),
                "give it the key of its edition, or use another list",
            ),
            Some(key) => (
                format!("{} has key {key}, but report `{name}` has no `burst`", member.email),
                "remove the key, burst the report, or use another list",
            ),
        };
        faults.push(project.error_at_member(list, index, "key", &message).with_help(help));
    }
}
