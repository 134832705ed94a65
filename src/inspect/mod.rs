//! `toystore inspect`.
