//! The checksum of every table of the example: it changes only on purpose.

use sha2::{Digest, Sha256};

use punctual_sample::{SampleError, write};

use crate::agency;

fn sha256(content: impl FnOnce(&mut Vec<u8>) -> Result<(), SampleError>) -> String {
    let mut bytes = Vec::new();
    content(&mut bytes).expect("writing to memory succeeds");
    hex::encode(Sha256::digest(&bytes))
}

#[test]
fn the_tables_of_the_example_are_what_they_were() {
    let agency = agency();
    let sums = [
        ("clients", sha256(|out| write::clients_csv(&agency, out))),
        ("contacts", sha256(|out| write::contacts_csv(&agency, out))),
        ("traffic", sha256(|out| write::postgres(&agency, out))),
        ("spend", sha256(|out| write::mariadb(&agency, out))),
        ("tickets", sha256(|out| write::tickets_csv(&agency, out))),
    ];
    let expected = [
        ("clients", "effdd13ab36141ed0b46ae238834012c0dc75e6477ca8b51753ae37856aec4e6"),
        ("contacts", "2b496fe9bf5526fd76d817d0d8373fa885c34c5101143eec8bd4480ca169fe62"),
        ("traffic", "4206394d0fc18dabc24bfa9dbaa7101c41e2c69ff7a290152a58c1b1c8bec4e9"),
        ("spend", "d2ffac37121ef91ccb218795125c2cc02af844b22934c8b39b8a8fd5902674f6"),
        ("tickets", "63baf1167fa01e86795256b148afaf2e3a2d6962bbe4c1211cdd35b4b0a8acf9"),
    ]
    .map(|(table, sum)| (table, sum.to_owned()));
    assert_eq!(sums, expected);
}
