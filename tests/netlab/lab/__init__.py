"""The attack lab: a phone, its network, an attacker and a small internet, built of network namespaces."""
