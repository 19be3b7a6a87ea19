mod chains;
mod given;
mod hostile;
mod revoked;
mod rules;
mod statement;
mod world;
