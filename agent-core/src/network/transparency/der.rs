//! As much of DER (X.690) as it takes to cut one extension out of a certificate: elements with a tag of one byte and
//! a definite, shortest length.

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    /// The identifier octet.
    pub(super) tag: u8,
    /// What it holds.
    pub(super) content: &'a [u8],
    /// The whole, with tag and length.
    pub(super) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The element that `input` is, with nothing after it.
    pub(super) fn only(input: &'a [u8]) -> Option<Self> {
        let (element, rest) = Self::first(input)?;
        rest.is_empty().then_some(element)
    }

    /// The elements that `input` is made of.
    pub(super) fn all(mut input: &'a [u8]) -> Option<Vec<Self>> {
        let mut elements = Vec::new();
        while !input.is_empty() {
            let (element, rest) = Self::first(input)?;
            elements.push(element);
            input = rest;
        }
        Some(elements)
    }

    /// The element if it has this tag.
    pub(super) fn tagged(self, tag: u8) -> Option<Self> {
        (self.tag == tag).then_some(self)
    }

    /// The element at the start of `input`, and what follows it.
    fn first(input: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&tag, after_tag) = input.split_first()?;
        if tag & MULTI_BYTE_TAG == MULTI_BYTE_TAG {
            return None;
        }
        let (length, content) = length(after_tag)?;
        let (content, rest) = content.split_at_checked(length)?;
        let whole = input.get(..input.len().checked_sub(rest.len())?)?;
        Some((Self { tag, content, whole }, rest))
    }
}

/// All five bits of the tag number: it goes on in further bytes.
const MULTI_BYTE_TAG: u8 = 0x1f;

/// Bit of a length's first byte that makes it the number of bytes that follow.
const LONG_FORM: u8 = 0x80;

fn length(input: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = input.split_first()?;
    if first < LONG_FORM {
        return Some((usize::from(first), rest));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(first & !LONG_FORM))?;
    if digits.is_empty() || digits.len() > size_of::<u32>() {
        return None;
    }
    let length = digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
    let is_shortest = digits.first() != Some(&0) && length >= usize::from(LONG_FORM);
    is_shortest.then_some((length, rest))
}

/// An element with `tag` that holds `content`.
pub(super) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < LONG_FORM => element.push(short),
        _ => {
            let digits: Vec<_> =
                content.len().to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
            element.push(LONG_FORM | digits.len() as u8);
            element.extend(digits);
        }
    }
    element.extend(content);
    element
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_length_that_is_not_the_shortest_is_refused() {
        for input in [
            &[4, 0x81, 1, 0][..],
            &[4, 0x82, 0, 0x80],
            &[4, 0x80, 0, 0],
            &[4, 0x85, 0, 0, 0, 0, 1, 0],
            &[4, 0xff],
            &[0x1f, 1, 0],
            &[4, 2, 0],
            &[4],
        ] {
            assert_eq!(Element::only(input), None, "{input:?}");
        }
    }

    #[test]
    fn what_follows_is_not_part_of_the_only_element() {
        assert_eq!(Element::only(&[5, 0, 5, 0]), None);
        assert_eq!(Element::all(&[5, 0, 5, 0]).unwrap().len(), 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_encoded_reads_the_same(
            tag in (0_u8..).prop_filter("one byte", |tag| tag & 0x1f != 0x1f),
            length in prop_oneof![0..300_usize, 65_000..66_000_usize],
        ) {
            let content = vec![7; length];
            let whole = encode(tag, &content);
            prop_assert_eq!(
                Element::only(&whole),
                Some(Element { tag, content: &content, whole: &whole })
            );
        }

        #[test]
        fn any_bytes_are_read_without_panic(input: Vec<u8>) {
            if let Some(elements) = Element::all(&input) {
                let wholes: Vec<_> = elements.iter().flat_map(|element| element.whole).copied().collect();
                prop_assert_eq!(wholes, input.clone());
                for element in elements {
                    prop_assert_eq!(encode(element.tag, element.content), element.whole);
                }
            }
        }
    }
}
