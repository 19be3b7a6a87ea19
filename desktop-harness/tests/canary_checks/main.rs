//! The canary checks over real sockets: a canary, a router in front of it, and the agent's measurement and
//! judgement behind the router.

#[cfg(test)]
mod checks;
#[cfg(test)]
mod lab;
