//! Who gets which edition, and the guards that refuse a wrong answer. Pure: the same rules serve
//! `plan`, the moment before a send, and tests. Refusals say what was expected and what was found.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    address::{canonical, canonical_domain},
    definition::{Expect, List, Member},
};

/// The edition of a report that is not burst.
pub const WHOLE: &str = "all";

/// One recipient of one edition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Recipient {
    /// The edition's key.
    pub edition: String,
    /// What identifies the recipient when the address changes.
    pub id: String,
    /// The e-mail address.
    pub email: String,
    /// The name people read.
    pub name: Option<String>,
}

/// Who gets what, and what speaks against sending it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Resolution {
    /// Every recipient, by edition and then by id.
    pub recipients: Vec<Recipient>,
    /// Recipients that are not written to, each with the reason.
    pub held: Vec<Held>,
    /// Reasons not to send at all.
    pub refusals: Vec<String>,
    /// Things a person should know.
    pub warnings: Vec<String>,
}

/// A recipient that is not written to for now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Held {
    /// The recipient.
    pub recipient: Recipient,
    /// Why.
    pub reason: String,
}

/// What the guards compare with.
#[derive(Debug, Clone, Copy)]
pub struct Guard<'a> {
    /// Whether the report is burst by a key.
    pub burst: bool,
    /// What the report expects.
    pub expect: &'a Expect,
    /// More recipients than this need a confirmation.
    pub confirm_over: u64,
    /// Whether a person confirmed.
    pub confirmed: bool,
}

/// Resolves a list against the editions that exist (or that were asked for) and guards the answer.
/// `editions` are all editions of the run; `only` narrows what is sent, never what is expected.
pub fn resolve(list: &List, editions: &[String], only: Option<&[String]>, guard: Guard<'_>) -> Resolution {
    let mut resolution = Resolution::default();
    let known: BTreeSet<&str> = editions.iter().map(String::as_str).collect();
    let Some(members) = list.members.listed() else {
        // Never an empty list in place of one that was not read.
        resolution.refusals.push(format!("the members of list `{}` were not read", list.name));
        return resolution;
    };
    let mut named = Named { list, ids: BTreeMap::new(), addresses: BTreeMap::new() };
    for member in members {
        let edition = match edition_of(member, guard.burst) {
            Ok(edition) => edition,
            Err(refusal) => {
                resolution.refusals.push(refusal);
                continue;
            }
        };
        let recipient = Recipient {
            id: member.id.clone().unwrap_or_else(|| canonical(&member.email)),
            edition,
            email: member.email.clone(),
            name: member.name.clone(),
        };
        if let Some(refusal) = named.twice(&recipient) {
            resolution.refusals.push(refusal);
        } else if known.contains(recipient.edition.as_str()) {
            resolution.recipients.push(recipient);
        } else {
            let reason = format!("the run has no edition {}", recipient.edition);
            resolution.held.push(Held { recipient, reason });
        }
    }
    resolution.recipients.sort();
    guard_domains(list, &mut resolution);
    guard_counts(editions.len() as u64, guard, &mut resolution);
    warn_editions_without_recipient(editions, &mut resolution);
    if let Some(only) = only {
        resolution.recipients.retain(|r| only.contains(&r.edition));
        resolution.held.retain(|held| only.contains(&held.recipient.edition));
    }
    guard_confirmation(guard, &mut resolution);
    resolution
}

/// Who was named so far, by id and by address.
struct Named<'a> {
    list: &'a List,
    ids: BTreeMap<(String, String), String>,
    addresses: BTreeMap<(String, String), String>,
}

impl Named<'_> {
    /// Why a recipient cannot be another one: its id or its address was named before for the same edition.
    fn twice(&mut self, recipient: &Recipient) -> Option<String> {
        let Recipient { edition, id, email, .. } = recipient;
        let list = &self.list.name;
        if let Some(before) = self.ids.insert((edition.clone(), id.clone()), email.clone()) {
            return Some(format!(
                "list `{list}` names {before} and {email} as one recipient `{id}` of edition {edition}; remove one"
            ));
        }
        let before = self.addresses.insert((edition.clone(), canonical(email)), email.clone())?;
        let spelled = if before == *email { String::new() } else { format!(" (as {before} and as {email})") };
        Some(format!(
            "list `{list}` names {email} twice for edition {edition}{spelled}: one address is one recipient, whatever \
             its id; remove one"
        ))
    }
}

fn edition_of(member: &Member, burst: bool) -> Result<String, String> {
    match (&member.key, burst) {
        (Some(key), true) => Ok(key.0.clone()),
        (None, false) => Ok(WHOLE.to_owned()),
        (None, true) => {
            Err(format!("{} has no key: in a burst report every recipient needs the key of its edition", member.email))
        }
        (Some(key), false) => Err(format!(
            "{} has key {key}, but the report is not burst: it may only get an edition of that key",
            member.email
        )),
    }
}

/// The one spelling of an address's domain.
fn domain(email: &str) -> Option<String> {
    email.rsplit_once('@').map(|(_, domain)| canonical_domain(domain))
}

fn guard_domains(list: &List, resolution: &mut Resolution) {
    if list.domains.is_empty() {
        return;
    }
    let allowed: BTreeMap<&str, &Vec<String>> =
        list.domains.iter().map(|(key, domains)| (key.0.as_str(), domains)).collect();
    for recipient in &resolution.recipients {
        let found = domain(&recipient.email).unwrap_or_default();
        match allowed.get(recipient.edition.as_str()) {
            None => resolution.refusals.push(format!(
                "edition {} may go to no domain: list `{}` has no `domains` entry for it, so {} is refused",
                recipient.edition, list.name, recipient.email
            )),
            Some(domains) if !domains.iter().any(|d| canonical_domain(d) == found) => {
                resolution.refusals.push(format!(
                    "edition {} may go to {}, but {} is at {found}",
                    recipient.edition,
                    domains.join(", "),
                    recipient.email
                ));
            }
            Some(_) => {}
        }
    }
}

/// Why a list's domains speak against an address for an edition; `None` when they do not.
pub fn domain_refusal(list: &List, edition: &str, email: &str) -> Option<String> {
    let recipient = Recipient { edition: edition.to_owned(), id: String::new(), email: email.to_owned(), name: None };
    let mut resolution = Resolution { recipients: vec![recipient], ..Resolution::default() };
    guard_domains(list, &mut resolution);
    resolution.refusals.pop()
}

fn guard_counts(editions: u64, guard: Guard<'_>, resolution: &mut Resolution) {
    let tolerance = guard.expect.tolerance_percent;
    let recipients = resolution.recipients.len() as u64;
    for (what, expected, found) in
        [("editions", guard.expect.editions, editions), ("recipients", guard.expect.recipients, recipients)]
    {
        let Some(expected) = expected else { continue };
        let off = expected.abs_diff(found);
        if u128::from(off) * 100 > u128::from(expected) * u128::from(tolerance) {
            let margin = if tolerance == 0 { String::new() } else { format!(" (within {tolerance}%)") };
            resolution.refusals.push(format!("expected {expected} {what}{margin}, found {found}"));
        }
    }
}

fn warn_editions_without_recipient(editions: &[String], resolution: &mut Resolution) {
    let reached: BTreeSet<&str> = resolution.recipients.iter().map(|r| r.edition.as_str()).collect();
    let missing: Vec<&String> = editions.iter().filter(|e| !reached.contains(e.as_str())).collect();
    for edition in missing {
        resolution.warnings.push(format!("edition {edition} has no recipient"));
    }
}

fn guard_confirmation(guard: Guard<'_>, resolution: &mut Resolution) {
    let count = resolution.recipients.len() as u64;
    if count > guard.confirm_over && !guard.confirmed {
        resolution.refusals.push(format!(
            "{count} recipients are more than the {} that may be written to without asking; look at `plan`, then add --confirm",
            guard.confirm_over
        ));
    }
}

/// How a plan differs from what the last period's run sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Comparison {
    /// Recipients that got nothing last time.
    pub new: Vec<Recipient>,
    /// Recipients that got it last time and would not now.
    pub gone: Vec<Recipient>,
    /// Recipients whose address has another domain than last time: before and after.
    pub changed_domain: Vec<(Recipient, Recipient)>,
}

/// Compares who would get a report with who got the last one.
pub fn compare(now: &[Recipient], last: &[Recipient]) -> Comparison {
    let by_id = |list: &[Recipient]| -> BTreeMap<(String, String), Recipient> {
        list.iter().map(|r| ((r.edition.clone(), r.id.clone()), r.clone())).collect()
    };
    let (now, last) = (by_id(now), by_id(last));
    let mut comparison = Comparison::default();
    for (key, recipient) in &now {
        match last.get(key) {
            None => comparison.new.push(recipient.clone()),
            Some(before) if domain(&before.email) != domain(&recipient.email) => {
                comparison.changed_domain.push((before.clone(), recipient.clone()));
            }
            Some(_) => {}
        }
    }
    comparison.gone = last.iter().filter(|(key, _)| !now.contains_key(*key)).map(|(_, r)| r.clone()).collect();
    comparison
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::{MemberKey, Members};

    fn list(members: &[(Option<&str>, &str)], domains: &[(&str, &str)]) -> List {
        List {
            name: "clients".parse().expect("a slug"),
            members: members
                .iter()
                .map(|(key, email)| Member {
                    key: key.map(|k| MemberKey(k.to_owned())),
                    email: (*email).to_owned(),
                    name: None,
                    id: None,
                })
                .collect::<Vec<_>>()
                .into(),
            domains: domains.iter().map(|(k, d)| (MemberKey((*k).to_owned()), vec![(*d).to_owned()])).collect(),
        }
    }

    fn guard(expect: &Expect) -> Guard<'_> {
        Guard { burst: true, expect, confirm_over: 100, confirmed: false }
    }

    fn keys(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|k| (*k).to_owned()).collect()
    }

    #[test]
    fn a_member_with_a_key_gets_only_that_edition() {
        let list = list(&[(Some("1"), "a@one.example"), (Some("2"), "b@two.example")], &[]);
        let resolution = resolve(&list, &keys(&["1", "2"]), None, guard(&Expect::default()));
        let pairs: Vec<_> = resolution.recipients.iter().map(|r| (r.edition.as_str(), r.email.as_str())).collect();
        assert_eq!(pairs, [("1", "a@one.example"), ("2", "b@two.example")]);
        assert!(resolution.refusals.is_empty());
    }

    #[test]
    fn a_member_without_key_never_gets_a_burst_edition() {
        let list = list(&[(None, "all@agency.example")], &[]);
        let resolution = resolve(&list, &keys(&["1"]), None, guard(&Expect::default()));
        assert!(resolution.recipients.is_empty());
        assert!(resolution.refusals[0].contains("has no key"));
    }

    #[test]
    fn one_address_is_one_recipient_whatever_its_id_case_or_spelling_of_domain() {
        let spellings = ["ana@bücher.example", "Ana@xn--bcher-kva.example", "ANA@BÜCHER.example."];
        for spelled in spellings {
            let mut list = list(&[(Some("1"), spellings[0]), (Some("1"), spelled)], &[]);
            let Members::Listed(members) = &mut list.members else { unreachable!("members are listed") };
            members[0].id = Some("first".to_owned());
            members[1].id = Some("second".to_owned());
            let refusals = resolve(&list, &keys(&["1"]), None, guard(&Expect::default())).refusals;
            assert_eq!(refusals.len(), 1, "{spelled}");
            assert!(refusals[0].contains("twice for edition 1"), "{refusals:?}");
        }
        let two = list(&[(Some("1"), spellings[0]), (Some("2"), spellings[1])], &[]);
        let resolution = resolve(&two, &keys(&["1", "2"]), None, guard(&Expect::default()));
        assert_eq!((resolution.recipients.len(), resolution.refusals.len()), (2, 0), "two editions are two mails");
    }

    #[test]
    fn a_key_that_the_run_does_not_have_is_held_with_its_reason() {
        let list = list(&[(Some("1"), "a@one.example"), (Some("9"), "i@nine.example")], &[]);
        let resolution = resolve(&list, &keys(&["1"]), None, guard(&Expect::default()));
        assert_eq!(resolution.recipients.len(), 1);
        assert_eq!(resolution.held[0].recipient.email, "i@nine.example");
        assert_eq!(resolution.held[0].reason, "the run has no edition 9");
    }

    #[test]
    fn a_list_of_144_where_12_belong_is_refused_with_what_was_expected() {
        let members: Vec<(Option<String>, String)> = (1..=12)
            .flat_map(|key| (1..=12).map(move |n| (Some(key.to_string()), format!("p{n}@client{key}.example"))))
            .collect();
        let borrowed: Vec<(Option<&str>, &str)> = members.iter().map(|(k, e)| (k.as_deref(), e.as_str())).collect();
        let list = list(&borrowed, &[]);
        let expect = Expect { editions: Some(12), recipients: Some(12), tolerance_percent: 0 };
        let editions: Vec<String> = (1..=12).map(|k| k.to_string()).collect();
        let resolution = resolve(&list, &editions, None, guard(&expect));
        assert!(resolution.refusals.contains(&"expected 12 recipients, found 144".to_owned()));
        assert!(resolution.refusals.iter().any(|r| r.contains("--confirm")));
    }

    #[test]
    fn tolerance_is_a_share_of_what_is_expected() {
        let expect = Expect { editions: Some(10), recipients: None, tolerance_percent: 10 };
        let list = list(&[], &[]);
        let nine: Vec<String> = (1..=9).map(|k| k.to_string()).collect();
        assert!(resolve(&list, &nine, None, guard(&expect)).refusals.is_empty());
        let refusals = resolve(&list, &nine[..8], None, guard(&expect)).refusals;
        assert_eq!(refusals, ["expected 10 editions (within 10%), found 8"]);
    }

    #[test]
    fn a_wrong_domain_is_refused() {
        let list = list(&[(Some("1"), "x@two.example"), (Some("2"), "y@two.example")], &[("1", "one.example")]);
        let refusals = resolve(&list, &keys(&["1", "2"]), None, guard(&Expect::default())).refusals;
        assert_eq!(refusals.len(), 2);
        assert!(refusals[0].contains("may go to one.example, but x@two.example is at two.example"));
        assert!(refusals[1].contains("no `domains` entry"));
    }

    #[test]
    fn narrowing_what_is_sent_does_not_change_what_is_expected() {
        let list = list(&[(Some("1"), "a@one.example"), (Some("2"), "b@two.example")], &[]);
        let expect = Expect { editions: Some(2), recipients: Some(2), tolerance_percent: 0 };
        let only = keys(&["2"]);
        let resolution = resolve(&list, &keys(&["1", "2"]), Some(&only), guard(&expect));
        assert!(resolution.refusals.is_empty());
        assert_eq!(resolution.recipients.len(), 1);
    }

    #[test]
    fn the_comparison_names_new_gone_and_moved() {
        let recipient = |edition: &str, id: &str, email: &str| Recipient {
            edition: edition.into(),
            id: id.into(),
            email: email.into(),
            name: None,
        };
        let last = [recipient("1", "a", "a@one.example"), recipient("2", "b", "b@two.example")];
        let now = [recipient("1", "a", "a@evil.example"), recipient("3", "c", "c@three.example")];
        let comparison = compare(&now, &last);
        assert_eq!(comparison.new.len(), 1);
        assert_eq!(comparison.gone.len(), 1);
        assert_eq!(comparison.changed_domain.len(), 1);
    }
}
