//! What is judged of what was seen: a table of scenarios, the rules one by one, and arbitrary input.

mod arbitrary;
mod badssl;
mod canaries;
mod canary_world;
mod dns;
mod link_path;
mod portals;
mod rules;
mod scenarios;
mod transparency;
mod world;
