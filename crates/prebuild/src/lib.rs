//! No code: this crate names every outside dependency once, so that a build of one crate beside it
//! resolves the same features as a build of all, and a machine compiles the dependencies once.
