//! How a revision's messages leave: its channel, opened, and what its messages have in common.

use std::{collections::BTreeMap, sync::Arc};

use punctual_delivery::{Channel, ChannelConfig, Mailbox};
use punctual_model::{
    definition::Channel as ChannelDefinition,
    frozen::{Frozen, NamedChannel, Sender},
    project::Project,
};

use crate::{compose::Composer, environment::Engine, outcome::EngineError, request::RunRequest};

/// A channel that is ready to send, and the composer of its messages.
pub(crate) struct Post<'a> {
    pub(crate) name: String,
    pub(crate) channel: Arc<dyn Channel>,
    pub(crate) composer: Composer<'a>,
}

impl Engine {
    /// The channel of a definition, or the one that the request names, and the composer.
    pub(crate) fn post<'a>(
        &'a self,
        request: &RunRequest<'_>,
        definition: &'a Frozen,
    ) -> Result<Post<'a>, EngineError> {
        let channel = match &request.channel {
            Some(name) => Some(self.named(request.project, name)?),
            None => definition.channel.clone(),
        };
        let Some(NamedChannel { name, definition: options }) = channel else {
            return Err(self.no_channel(request, definition));
        };
        let channel = self.open_channel(&name, &options, &definition.sender)?;
        let composer = self.composer(definition, &name)?;
        Ok(Post { name, channel, composer })
    }

    fn named(&self, project: &Project, name: &str) -> Result<NamedChannel, EngineError> {
        Frozen::channel(project, name).ok_or_else(|| EngineError::Channel {
            channel: name.to_owned(),
            message: "it is not in punctual.yaml under `channels:`".to_owned(),
        })
    }

    /// A report without a channel names one that is not there, or none.
    fn no_channel(&self, request: &RunRequest<'_>, definition: &Frozen) -> EngineError {
        let deliver = definition.report.deliver.as_ref();
        let default = request.project.settings.default_channel.as_ref();
        match deliver.and_then(|d| d.channel.as_ref()).or(default) {
            Some(name) => EngineError::Channel {
                channel: name.clone(),
                message: "it is not in punctual.yaml under `channels:`".to_owned(),
            },
            None => EngineError::NoDelivery { report: definition.report.name.to_string() },
        }
    }

    /// Opens a channel by its name in the settings; nothing is connected yet.
    ///
    /// # Errors
    /// When there is no such channel, a secret has no value, or the options cannot work.
    pub fn channel(&self, project: &Project, name: &str) -> Result<Arc<dyn Channel>, EngineError> {
        let named = self.named(project, name)?;
        let settings = &project.settings;
        let sender = Sender { title: None, from: settings.from.clone(), reply_to: settings.reply_to.clone() };
        self.open_channel(name, &named.definition, &sender)
    }

    fn open_channel(
        &self,
        name: &str,
        definition: &ChannelDefinition,
        sender: &Sender,
    ) -> Result<Arc<dyn Channel>, EngineError> {
        let fault = |message: String| EngineError::Channel { channel: name.to_owned(), message };
        let kind = self
            .parts
            .channels
            .iter()
            .find(|kind| kind.spec.name == definition.channel_type)
            .ok_or_else(|| fault(format!("unknown type `{}`", definition.channel_type)))?;
        let options = self.resolver().resolve(&kind.spec, &definition.options).map_err(|e| fault(e.to_string()))?;
        let config = ChannelConfig {
            name: name.to_owned(),
            options,
            project: self.parts.project.clone(),
            from: mailbox(sender, name)?.address,
            installation: Some(self.parts.installation.id().to_owned()).filter(|id| !id.is_empty()),
        };
        (kind.open)(config).map_err(|e| fault(e.problem))
    }

    fn composer<'a>(&'a self, definition: &'a Frozen, channel: &str) -> Result<Composer<'a>, EngineError> {
        let fault = |message: String| EngineError::Channel { channel: channel.to_owned(), message };
        let reply_to = definition.sender.reply_to.as_deref().map(str::parse::<Mailbox>).transpose();
        Ok(Composer {
            definition,
            from: mailbox(&definition.sender, channel)?,
            reply_to: reply_to.map_err(|e| fault(format!("`reply_to` in punctual.yaml: {e}")))?,
            artifacts: &self.parts.artifacts,
            date: self.now(),
        })
    }
}

fn mailbox(sender: &Sender, channel: &str) -> Result<Mailbox, EngineError> {
    let fault = |message: String| EngineError::Channel { channel: channel.to_owned(), message };
    let from = sender.from.as_deref().ok_or_else(|| {
        fault("punctual.yaml needs `from:`, such as `from: Reports <reports@agency.example>`".to_owned())
    })?;
    from.parse().map_err(|e| fault(format!("`from` in punctual.yaml: {e}")))
}

/// The channels that deliveries on record went over, each opened once and only when it is asked.
pub(crate) struct Channels<'a> {
    engine: &'a Engine,
    project: &'a Project,
    definition: &'a Frozen,
    open: BTreeMap<String, Option<Arc<dyn Channel>>>,
}

impl<'a> Channels<'a> {
    pub(crate) fn new(engine: &'a Engine, project: &'a Project, definition: &'a Frozen) -> Self {
        Self { engine, project, definition, open: BTreeMap::new() }
    }

    /// A channel by the name that it had when it was used; `None` when it cannot be opened any more.
    pub(crate) fn get(&mut self, name: &str) -> Option<Arc<dyn Channel>> {
        let Self { engine, project, definition, open } = self;
        let find = || {
            let kept = definition.channel.as_ref().filter(|kept| kept.name == name);
            match kept {
                Some(kept) => engine.open_channel(name, &kept.definition, &definition.sender).ok(),
                None => engine.channel(project, name).ok(),
            }
        };
        open.entry(name.to_owned()).or_insert_with(find).clone()
    }

    /// Takes leave of those that were opened.
    pub(crate) async fn close(self) {
        for channel in self.open.into_values().flatten() {
            channel.close().await;
        }
    }
}
