//! Which drawing a product has.

/// Those that have one of their own, in `assets/toys.svg`.
const DRAWN: [&str; 18] = [
    "tux",
    "fox",
    "python",
    "whale",
    "elephant",
    "gopher",
    "crab",
    "frisbee",
    "lego",
    "barbie",
    "kite",
    "yo-yo",
    "rubiks-cube",
    "teddy-bear",
    "matryoshka",
    "space-rocket",
    "marbles",
    "puzzle-1000",
];

/// So many neutral toys there are for all others, `toy-1` and so on.
const NEUTRAL: usize = 6;

/// The id of the drawing of a product: its own, or one that is always the same for the same name.
pub fn drawing(name: &str) -> String {
    let slug = slug(name);
    if DRAWN.contains(&slug.as_str()) {
        return slug;
    }
    let sum = name.bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    format!("toy-{}", sum % NEUTRAL + 1)
}

/// A name in small letters and digits, with a dash where there is something else in between.
fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for c in name.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            '\'' => {}
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_toy_of_the_built_in_catalog_has_a_drawing_of_its_own() {
        let sprite = include_str!("assets/toys.svg");
        for id in
            DRAWN.iter().map(ToString::to_string).chain((1..=NEUTRAL).map(|number| format!("toy-{number}")))
        {
            assert!(sprite.contains(&format!("id=\"{id}\"")), "there is no drawing {id:?}");
        }
        let catalog = include_str!("../../../../configs/catalog.csv");
        for line in catalog.lines().skip(1) {
            let name = line.split(',').next().expect("a name");
            assert!(DRAWN.contains(&drawing(name).as_str()), "{name}");
        }
    }

    #[test]
    fn any_other_has_a_neutral_one() {
        for (name, expected) in
            [("Rubik's Cube", "rubiks-cube"), ("  Tux ", "tux"), ("Матрёшка", "toy-"), ("<script>", "toy-")]
        {
            assert!(drawing(name).starts_with(expected), "{name}: {}", drawing(name));
        }
        assert_eq!(drawing("Gnu"), drawing("Gnu"));
    }
}
