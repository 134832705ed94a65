//! What one can be told of.

use std::str::FromStr;

/// What one can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Products that changed.
    Products,
    /// The services, and what happens to them.
    Cluster,
    /// What is broken on purpose, and the verdict on it.
    Lab,
}

impl Topic {
    const ALL: [(&'static str, Topic); 3] =
        [("products", Topic::Products), ("cluster", Topic::Cluster), ("lab", Topic::Lab)];

    fn bit(self) -> u8 {
        match self {
            Topic::Products => 1,
            Topic::Cluster => 2,
            Topic::Lab => 4,
        }
    }
}

/// Some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Topics(u8);

impl Topics {
    /// Whether this is one of them.
    pub fn has(self, topic: Topic) -> bool {
        self.0 & topic.bit() != 0
    }
}

impl FromStr for Topics {
    type Err = String;

    /// Names with commas between them.
    fn from_str(text: &str) -> Result<Topics, String> {
        text.split(',').try_fold(Topics::default(), |Topics(bits), name| {
            let known = Topic::ALL.iter().find(|(known, _)| *known == name);
            let (_, topic) = known
                .ok_or_else(|| format!("there is no topic {name:?}; there are products, cluster and lab"))?;
            Ok(Topics(bits | topic.bit()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_named() {
        for (text, expected) in [
            ("products", Some([true, false, false])),
            ("cluster,products", Some([true, true, false])),
            ("lab,lab", Some([false, false, true])),
            ("", None),
            ("products,", None),
            ("Products", None),
        ] {
            let topics = text.parse::<Topics>().ok();
            let has = topics
                .map(|topics| [Topic::Products, Topic::Cluster, Topic::Lab].map(|topic| topics.has(topic)));
            assert_eq!(has, expected, "{text:?}");
        }
    }
}
