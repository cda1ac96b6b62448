//! Which files are read, and what a fault in one of them stops: links as Kubernetes mounts them, files that cannot
//! be read, a report that is wrong beside one that is right.

use std::{fs, os::unix::fs::symlink, path::Path};

use crate::{Answer, DEFINITIONS, OK, Project, WEEK};

const BROKEN: &str =
    "kind: report\nname: broken\ntitle: Broken\ntemplate: nothing@1\ntimezone: UTC\nperiod: week\nformats: [pdf]\n";

fn plan(project: &Project, report: &str) -> Answer {
    project.punctual(&["plan", report, "--period", WEEK, "--json"])
}

#[test]
fn a_fault_in_one_report_stops_that_report_and_no_other() {
    for broken in [
        BROKEN,
        "kind: report\nname: broken\ntitle: [\n",
        "kind: template\nname: other\nversion: 1\nquery: {}\nlayout: {title: x, sections: []}\n",
        "kind: list\nname: others\nmembers: [{email: nobody}]\n",
        "kind: source\nname: other\ntype: csv\npth: x.csv\n",
        "just a text\n",
    ] {
        let project = Project::started();
        project.write("broken.yaml", broken);
        let answer = plan(&project, "weekly-orders").exits(OK);
        let warnings: Vec<&str> = answer.err.lines().filter(|line| line.starts_with("warning")).collect();
        assert_eq!(warnings, ["warning: broken.yaml has errors, which `punctual check` shows"], "{broken}");
        project.punctual(&["explain", "weekly-orders"]).exits(OK);
        project.punctual(&["runs"]).exits(OK);
        project.punctual(&["check"]).exits(DEFINITIONS);
        plan(&project, "broken").exits(DEFINITIONS);
    }
}

#[test]
fn what_a_report_needs_stops_it() {
    let project = Project::started();
    project.write("broken.yaml", BROKEN);
    plan(&project, "broken").exits(DEFINITIONS).says("the definitions have an error; nothing was run");
    for (from, to) in [
        ("path: data/orders.csv", "pth: data/orders.csv"),
        ("version: 1", "version: one"),
        ("to: team", "to: teams"),
        ("team@company.example", "team.company.example"),
    ] {
        let project = Project::started();
        project.edit("orders.yaml", from, to);
        plan(&project, "weekly-orders").exits(DEFINITIONS).says("nothing was run");
    }
}

#[test]
fn wrong_settings_stop_everything() {
    for settings in ["- a list\n", "just a text\n", "titel: x\n", "title: [\n", "limits: {memory_mib: 0}\n"] {
        let project = Project::started();
        project.write("punctual.yaml", settings);
        for arguments in [["check", "--json"].as_slice(), &["runs"], &["explain", "weekly-orders"], &["doctor"]] {
            project.punctual(arguments).exits(DEFINITIONS);
        }
    }
}

/// Moves a file to where Kubernetes puts it: `NAME -> ..data/NAME`, `..data -> ..2026_11_28`.
fn mount(project: &Project, name: &str) {
    let root = project.folder.path();
    let hidden = root.join("..2026_11_28");
    fs::create_dir_all(&hidden).expect("the folder is made");
    fs::rename(root.join(name), hidden.join(name)).expect("the file is moved");
    if !root.join("..data").exists() {
        symlink("..2026_11_28", root.join("..data")).expect("a link");
    }
    symlink(Path::new("..data").join(name), root.join(name)).expect("a link");
}

#[test]
fn definitions_and_settings_are_read_through_links_as_kubernetes_mounts_them() {
    let project = Project::started();
    mount(&project, "orders.yaml");
    mount(&project, "punctual.yaml");
    let answer = project.punctual(&["check"]).exits(OK);
    assert_eq!(answer.out, "1 source, 1 template, 1 report, 1 list: no errors\n");
    plan(&project, "weekly-orders").exits(OK);
}

#[test]
fn linked_folders_are_read_once_however_they_are_reached() {
    let project = Project::started();
    fs::create_dir(project.path("definitions")).expect("the folder is made");
    fs::rename(project.path("orders.yaml"), project.path("definitions/orders.yaml")).expect("moved");
    symlink("definitions", project.path("again")).expect("a link");
    symlink("..", project.path("definitions/round")).expect("a link");
    symlink("definitions/orders.yaml", project.path("same.yaml")).expect("a link");
    project.punctual(&["check"]).exits(OK);
}

#[test]
fn links_that_lead_out_or_nowhere_are_refused_in_words() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let other = elsewhere.path().join("list.yaml");
    fs::write(&other, "kind: list\nname: others\nmembers: []\n").expect("written");
    let project = Project::started();
    symlink(&other, project.path("list.yaml")).expect("a link");
    project.punctual(&["check"]).exits(DEFINITIONS).says("list.yaml:1:1").says("outside of the project's folder");

    let project = Project::started();
    symlink(elsewhere.path(), project.path("lists")).expect("a link");
    project.punctual(&["check"]).exits(DEFINITIONS).says("lists:1:1").says("outside of the project's folder");

    let project = Project::started();
    symlink("gone.yaml", project.path("list.yaml")).expect("a link");
    project.punctual(&["check"]).exits(DEFINITIONS).says("this is a link to gone.yaml, which cannot be opened");

    // A linked folder without definitions is nobody's business.
    let project = Project::started();
    fs::remove_file(&other).expect("removed");
    symlink(elsewhere.path(), project.path("lists")).expect("a link");
    project.punctual(&["check"]).exits(OK);
}

#[test]
fn what_is_named_like_a_definition_and_is_no_file_is_told() {
    let project = Project::started();
    fs::create_dir(project.path("more.yaml")).expect("the folder is made");
    project.punctual(&["check"]).exits(DEFINITIONS).says("this is a folder named like a file of definitions");

    let project = Project::started();
    let made = std::process::Command::new("mkfifo").arg(project.path("pipe.yml")).status().expect("mkfifo runs");
    assert!(made.success());
    project.punctual(&["check"]).exits(DEFINITIONS).says("pipe.yml:1:1").says("this is no file that could be read");

    let project = Project::started();
    project.write("big.YAML", "#".repeat(1024 * 1024 + 1));
    project.punctual(&["check"]).exits(DEFINITIONS).says("the file has 1048577 bytes; 1048576 are the most");
}
