//! Bytes from anybody.

use agent_core::model::Timestamp;
use proptest::prelude::*;

use super::super::{KeyDescription, RevocationList, Roots, Trust, read_statement, verify_chain};
use super::given;
use super::statement::Statement;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_are_too_odd_for_the_reader_of_statements(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = KeyDescription::read(&bytes);
        let _ = RevocationList::parse(&bytes);
    }

    #[test]
    fn no_certificates_are_too_odd(
        chain in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..7),
    ) {
        let trust = Trust { roots: &Roots::google(), revoked: None, now: Timestamp::from_unix(0) };
        prop_assert!(verify_chain(&chain, trust).is_err());
        let _ = read_statement(&chain);
    }

    /// One byte changed: refused, or read as something that was written differently.
    #[test]
    fn a_changed_byte_is_never_read_as_the_same(at in any::<prop::sample::Index>(), by in 1..=255u8) {
        let der = Statement::default().der();
        let sound = KeyDescription::read(&der).unwrap();
        let mut changed = der.clone();
        *at.get_mut(&mut changed) ^= by;
        prop_assert_ne!(KeyDescription::read(&changed).ok(), Some(sound));
    }
}

/// Real chains of which one bit is changed, at places all over them.
#[test]
fn no_changed_real_chain_holds() {
    let Some(data) = given::data() else { return };
    let roots = Roots::google();
    for given in given::all(&data) {
        let trust = Trust { roots: &roots, revoked: None, now: given.made_at() };
        let Ok(sound) = verify_chain(&given.chain, trust) else { continue };
        for at in 0..given.chain.len() {
            let length = given.chain[at].len();
            for place in (0..length).step_by(37).chain([length - 1]) {
                let mut chain = given.chain.clone();
                chain[at][place] ^= 1 << (place % 8);
                let outcome = verify_chain(&chain, trust);
                assert!(
                    outcome.is_err(),
                    "{}: certificate {at}, byte {place}: {:?}",
                    given.name,
                    outcome == Ok(sound)
                );
            }
        }
    }
}
