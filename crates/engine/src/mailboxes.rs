//! Whether senders and recipients can stand in a message, by the rules of the send; nothing is opened.

use punctual_delivery::{Mailbox, MailboxError};
use punctual_model::{diagnostic::Diagnostic, project::Project, yaml::Step};

/// Every fault of a project's mailboxes. That a member's address is one, the model has checked already.
pub(crate) fn faults(project: &Project) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    if let Some(place) = &project.settings_place {
        for (key, text) in [("from", &project.settings.from), ("reply_to", &project.settings.reply_to)] {
            let fault = text.as_deref().and_then(|text| text.parse::<Mailbox>().err());
            faults.extend(fault.map(|fault| {
                let help = "write it as `name@domain` or `Name <name@domain>`";
                project.error_at(place, &[Step::Key(key.to_owned())], fault.to_string()).with_help(help)
            }));
        }
    }
    for list in project.lists.values() {
        for (index, member) in list.value.members.iter().enumerate() {
            if let Err(fault @ MailboxError::Name { .. }) = Mailbox::new(member.name.as_deref(), &member.email) {
                let at = [Step::Key("members".to_owned()), Step::Index(index), Step::Key("name".to_owned())];
                faults.push(project.error_at(&list.place, &at, fault.to_string()));
            }
        }
    }
    faults
}
