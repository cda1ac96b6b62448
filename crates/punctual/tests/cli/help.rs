//! `--help` of the binary and of each command: what people read first must not change unseen.

use crate::{OK, USAGE, punctual};

#[test]
fn the_binary_and_each_command_explain_themselves() {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| {
        insta::assert_snapshot!("punctual", punctual(&["--help"]).exits(OK).out);
        for command in [
            "init",
            "check",
            "schema",
            "explain",
            "plan",
            "run",
            "runs",
            "show",
            "artifacts",
            "deliveries",
            "doctor",
            "demo",
            "next",
            "completions",
        ] {
            insta::assert_snapshot!(command, punctual(&[command, "--help"]).exits(OK).out);
        }
    });
}

#[test]
fn help_lists_every_command_that_completions_know_except_hidden_ones() {
    let help = punctual(&["--help"]).exits(OK).out;
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"run") && !commands.contains(&"reference"), "{commands:?}");
    let completions = punctual(&["completions", "bash"]).exits(OK).out;
    for command in commands {
        assert!(completions.contains(&format!("punctual,{command})")), "{command} is not completed");
    }
}

#[test]
fn a_wrong_command_line_exits_2_and_says_what_is_near() {
    punctual(&["rnu"]).exits(USAGE).says("rnu").says("run");
    punctual(&["run"]).exits(USAGE).says("<REPORT>");
    punctual(&["run", "r", "--until", "deliverr"]).exits(USAGE).says("known stages: ");
    punctual(&["run", "r", "--deliver", "--until", "extract"]).exits(USAGE).says("--deliver");
    punctual(&[]).exits(USAGE);
}

#[test]
fn a_folder_without_a_project_says_how_to_make_one() {
    punctual(&["check"]).exits(crate::DEFINITIONS).says("punctual init").says("punctual.yaml");
}
