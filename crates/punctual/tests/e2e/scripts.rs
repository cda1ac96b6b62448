//! Names in scripts that the shipped font lacks: told before anything leaves, and readable once the
//! project has a font for them.

use crate::project::Project;

const SETTINGS: &str = "title: Agency\nfrom: Reports <reports@agency.example>\ndefault_channel: out\n\
                        channels:\n  out: {type: folder}\nsystem_fonts: false\n";

fn project() -> Project {
    let project = Project::empty();
    project.write("punctual.yaml", SETTINGS);
    project.write("clients.csv", "code,name\n7,山田太郎\n8,Łódź & Söhne\n");
    project.write(
        "all.yaml",
        "kind: source\nname: files\ntype: csv\npath: clients.csv\n---\n\
         kind: template\nname: clients\nversion: 1\nquery:\n  datasets:\n    clients: {source: files}\n\
         layout:\n  title: \"For {{ client.name }}\"\n  sections:\n    - {name: rows, type: table, data: clients}\n---\n\
         kind: report\nname: each\ntitle: Each\ntemplate: clients@1\ntimezone: UTC\nperiod: month\nformats: [pdf, html]\n\
         burst: {by: code, from: clients, as: client}\ndeliver: {to: people}\n---\n\
         kind: list\nname: people\nmembers:\n  - {key: 7, email: a@acme.example}\n  - {key: 8, email: b@acme.example}\n",
    );
    project
}

#[test]
fn what_has_no_glyph_is_told_before_anything_leaves_and_is_readable_with_a_font_of_the_project() {
    let project = project();
    let month = ["--period", "2026-10"];
    for command in ["plan", "run"] {
        let answer = project.punctual(&[&[command, "each"], &month[..]].concat());
        let told = answer.words();
        assert_eq!(answer.code, 0, "{told}");
        for word in ["no font has", "山 (U+5C71)", "in the pdf of edition 7", "`fonts:`"] {
            assert!(told.contains(word), "{command}: {word} in {told}");
        }
        assert!(!told.contains("edition 8:"), "{told}");
    }

    std::fs::create_dir(project.path("fonts")).expect("a folder");
    let font = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc";
    std::fs::copy(font, project.path("fonts/wqy-microhei.ttc"))
        .unwrap_or_else(|error| panic!("{font} is needed (scripts/install-packages.sh): {error}"));
    project.write("punctual.yaml", &format!("{SETTINGS}fonts: fonts\n"));
    let answer = project.punctual(&[&["run", "each"], &month[..]].concat());
    assert_eq!(answer.code, 0, "{}", answer.words());
    assert!(!answer.words().contains("no font has"), "the fonts are part of what documents are made from");
}

#[test]
fn a_folder_of_fonts_that_is_not_there_is_an_error_of_the_definitions() {
    let project = project();
    for (folder, told) in [("fonts", "cannot be read"), ("../fonts", "leads out of the project")] {
        project.write("punctual.yaml", &format!("{SETTINGS}fonts: {folder}\n"));
        let answer = project.punctual(&["check"]);
        assert_ne!(answer.code, 0, "{}", answer.words());
        assert!(answer.words().contains(told), "{}", answer.words());
    }
}
