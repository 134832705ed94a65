//! Stories by hand for each counter, long random histories, and what is kept of them.

mod bounds;
mod random;
mod stories;
