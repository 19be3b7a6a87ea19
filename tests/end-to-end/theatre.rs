//! `mtd stage` as a process, and what a test says to it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::device::{Device, wait};

pub struct Theatre {
    /// The first line.
    pub welcome: Value,
    machine: Device,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Theatre {
    pub fn open() -> Self {
        Self::open_with("")
    }

    pub fn open_with(options: &str) -> Self {
        let machine = Device::new();
        let mut command = machine.command(&format!("stage {options}"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut theatre = Self { welcome: Value::Null, machine, child, stdin, stdout };
        theatre.welcome = theatre.line().expect("the stage says nothing");
        theatre
    }

    /// Gives a command, which must be obeyed; the answer.
    #[track_caller]
    pub fn tell(&mut self, command: &str) -> Value {
        let answer = self.say(command);
        assert_eq!(answer["done"], command, "{answer}");
        answer
    }

    /// Gives a command, which must be refused; why.
    #[track_caller]
    pub fn refuses(&mut self, command: impl AsRef<[u8]>) -> String {
        let answer = self.say(command);
        assert!(answer.get("done").is_none(), "{answer}");
        answer["error"].as_str().unwrap().to_owned()
    }

    /// Ends the input; the exit status.
    pub fn hang_up(&mut self) -> Option<i32> {
        self.stdin = None;
        wait(&mut self.child, "stage")
    }

    /// Sends a signal; the exit status.
    pub fn signal(&mut self, name: &str) -> Option<i32> {
        let asked = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(asked.unwrap().success());
        wait(&mut self.child, "stage")
    }

    /// The exit status after `stop`.
    pub fn stops(&mut self) -> Option<i32> {
        self.tell("stop");
        wait(&mut self.child, "stage")
    }

    /// What is left of it in the folder for temporary files.
    pub fn leftovers(&self) -> usize {
        std::fs::read_dir(self.machine.path("tmp")).unwrap().count()
    }

    #[track_caller]
    fn say(&mut self, command: impl AsRef<[u8]>) -> Value {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(&[command.as_ref(), b"\n"].concat()).unwrap();
        self.line().expect("the stage ended")
    }

    /// The next line of its output; `None` at the end.
    pub fn line(&mut self) -> Option<Value> {
        let mut line = String::new();
        let read = self.stdout.read_line(&mut line).unwrap();
        (read > 0).then(|| serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}")))
    }
}

impl Drop for Theatre {
    fn drop(&mut self) {
        // Fails only where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
