//! Every row of the error table, and every bad input, against the real binary.

mod support;
