//use super::*;
//use crate::model::{Judgement, PinSet, Timestamp};
//use crate::network::testing::{canary_settings, endpoint, snapshot};
//use proptest::prelude::*;
