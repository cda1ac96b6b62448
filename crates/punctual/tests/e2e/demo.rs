//! The demo: no server, no configuration, and every figure right.

use punctual_sample::{Agency, DEFAULT_SEED};

use crate::{
    figures::assert_folder_is_true,
    project::{Answer, Project, files},
};

fn demo(project: &Project) -> Answer {
    let folder = project.path("demo");
    let answer = project.punctual(&["demo", "--dir", folder.to_str().expect("a path in UTF-8")]);
    assert_eq!(answer.code, 0, "{}", answer.words());
    answer
}

#[test]
fn the_demo_shows_what_the_rows_add_up_to_and_a_second_one_sends_nothing() {
    let project = Project::empty();
    let first = demo(&project);
    assert!(first.out.contains("12 accepted"), "{}", first.words());
    let agency = Agency::new(DEFAULT_SEED, 1.0).expect("a size in range");
    assert_folder_is_true(&project.path("demo/reports"), &agency);
    let sent = files(&project.path("demo/outbox"), "eml");
    assert_eq!(sent.len(), 12);

    let second = demo(&project);
    assert!(second.out.contains("nothing was sent: all 12 deliveries were accepted before"), "{}", second.words());
    assert_eq!(files(&project.path("demo/outbox"), "eml"), sent);
}
