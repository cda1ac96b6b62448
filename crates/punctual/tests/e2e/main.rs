//! The whole product, driven as people drive it: the real binary in a folder of its own, real data,
//! real messages. What it must show is computed by `punctual_sample::truth`, which shares no code
//! with the product.
//!
//! `five_formats` needs `pdftotext`; without it that test fails and says so.

mod cases;
mod crash;
mod demo;
mod disk_full;
mod dying_sources;
mod figures;
mod five_formats;
mod formats_by_channels;
mod killed_stages;
mod layers;
mod mail_faults;
mod mail_sizes;
mod once;
mod plans;
mod project;
mod refusals;
mod scripts;
mod secrets;
mod servers;
mod terminal;
