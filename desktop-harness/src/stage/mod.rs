//! The stage: a world on loopback for an app under test, played by commands on standard input.
//!
//! A test of an app in a simulator starts `mtd stage`, enrols the app with the code of the first line, and then moves
//! it about: to the café, home again, away from its connector. What the app delivered is told by [`story`], without
//! what differs from run to run and from platform to platform, to be compared with one file.
//!
//! ```text
//! ◄ {"payload":"mtd-enrol:eyJ1cmwi…","tenant":"acme","url":"https://localhost:35351"}
//! ► cafe
//! ◄ {"done":"cafe"}
//! ► fly
//! ◄ {"error":"unknown command \"fly\"; the commands are: token corporate|personal, …"}
//! ```
//!
//! One line in, one line out, in order. Ends at `stop`, at the end of input, or when interrupted; everything that it
//! made on disk is removed.

mod command;
mod input;
mod normal;
mod story;

use std::path::Path;
use std::time::Duration;

use agent_core::model::{Ownership, Timestamp};
use agent_core::platform::Clock;
use serde_json::{Value, json};

use crate::CliError;
use crate::connector::DeviceRow;
use crate::host::SystemClock;
use crate::ui::Ui;
use crate::world::{Place, World};
use command::Command;
use input::Line;

/// How long a code enrols: a developer's afternoon, not a test's seconds.
const CODE_LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// Plays until the input says stop or ends.
pub(crate) async fn play(ui: &Ui, place: &Place) -> Result<(), CliError> {
    let folder = tempfile::Builder::new().prefix("mtd-stage-").tempdir()?;
    let mut stage = Stage::set(folder.path(), place).await?;
    ui.line(stage.welcome()?.to_string());

    let mut lines = input::lines();
    while let Some(line) = lines.recv().await {
        let command = match line {
            Line::Text(text) => text.parse::<Command>(),
            Line::Unusable(why) => Err(why),
        };
        let last = matches!(command, Ok(Command::Stop));
        ui.line(stage.answer(command).await.to_string());
        if last {
            break;
        }
    }
    stage.world.end().await;
    Ok(folder.close()?)
}

struct Stage {
    world: World,
    since: Timestamp,
}

impl Stage {
    async fn set(folder: &Path, place: &Place) -> Result<Self, CliError> {
        Ok(Self { since: SystemClock.now(), world: World::build(folder, place).await? })
    }

    /// What an app needs to know to begin.
    fn welcome(&self) -> Result<Value, CliError> {
        let payload = self.code(Ownership::Corporate)?;
        Ok(json!({ "url": self.world.url, "payload": payload, "tenant": self.world.connector.tenant() }))
    }

    async fn answer(&mut self, command: Result<Command, String>) -> Value {
        let told = match command {
            Ok(command) => self.obey(&command).await.map(|told| (command.to_string(), told)),
            Err(why) => Err(why.into()),
        };
        match told {
            Ok((command, told)) => {
                let done = ("done".to_owned(), command.into());
                let told = told.map(|(member, value)| (member.to_owned(), value));
                Value::Object([done].into_iter().chain(told).collect())
            }
            Err(why) => json!({ "error": why.to_string() }),
        }
    }

    /// Does it, and gives what the answer has to tell.
    async fn obey(&mut self, command: &Command) -> Result<Option<(&'static str, Value)>, CliError> {
        match command {
            Command::Token(ownership) => return Ok(Some(("payload", self.code(*ownership)?.into()))),
            Command::Home => self.world.join_home().await?,
            Command::Cafe => self.world.join_cafe().await?,
            Command::AppSync(on) => {
                let settings = self.world.set_app_sync(*on)?;
                return Ok(Some(("settings_version", settings.device.version.into())));
            }
            Command::Device(id) => {
                let device = self.device(id.as_deref())?;
                return Ok(Some(("device", serde_json::to_value(device)?)));
            }
            Command::Story(id) => {
                let device = self.device(id.as_deref())?;
                return Ok(Some(("story", story::of(&self.world, &device, self.since)?)));
            }
            Command::Outage(on) => self.world.set_outage(*on).await?,
            Command::Stop => {}
        }
        Ok(None)
    }

    fn code(&self, ownership: Ownership) -> Result<String, CliError> {
        Ok(self.world.connector.create_token(ownership, CODE_LIFETIME)?.to_line()?)
    }

    /// The device of that identifier, or the one that enrolled last.
    fn device(&self, id: Option<&str>) -> Result<DeviceRow, CliError> {
        let mut devices = self.world.connector.devices()?;
        let found = match id {
            Some(id) => devices.into_iter().find(|device| device.id == id),
            None => devices.pop(),
        };
        found.ok_or_else(|| match id {
            Some(id) => format!("no device \"{id}\" is enrolled").into(),
            None => "no device is enrolled: give the app the code of the first line, or of `token`".into(),
        })
    }
}
