//! What is judged of what was seen: a table of scenarios, the rules one by one, and arbitrary input.

mod arbitrary;
mod badssl;
mod canaries;
mod canary_world;
mod dns;
mod fusion;
mod link;
mod link_path;
mod link_world;
mod portals;
mod rules;
mod scenarios;
mod transparency;
mod world;
