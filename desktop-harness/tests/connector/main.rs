//! The agent's client against the development connector, over real TLS on loopback.

#[cfg(test)]
mod admin;
#[cfg(test)]
mod attestation;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod delivery;
#[cfg(test)]
mod enrolment;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod inspection;
#[cfg(test)]
mod intel;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod patience;
#[cfg(test)]
mod phone;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod support;
