//! What is judged of what was seen: a table of scenarios, the rules one by one, and arbitrary input.

mod arbitrary;
mod badssl;
mod canaries;
mod canary_world;
mod dns;
mod fusion;
mod link;
mod link_world;
mod rules;
mod scenarios;
mod world;
