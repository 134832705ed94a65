//! The products of a first start, and of an import.

use std::path::Path;

use toystore_actors::catalog::Source;
use toystore_actors::domain::{Digest, ProductSeed};

use super::settings::{Config, ProductsFile};
use super::{products, text_file};
use crate::console::failure::Failure;

const LOCAL_PRODUCTS: &str = include_str!("../../configs/catalog.csv");

impl Config {
    /// The products of a first start, which are read when they are needed. What is wrong with them is told then, with the
    /// file, the line and what is expected there.
    pub fn products(&self) -> Source {
        let (name, text) = self.products_text();
        let digest = text.as_ref().ok().map(|text| products::digest(text));
        Source {
            digest,
            read: Box::new(move || products::parse(&name, text.as_ref().map_err(String::clone)?)),
        }
    }

    /// As [`Config::products`], read and checked before a first start makes anything.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the file, the line and what is expected there.
    pub fn first_products(&self) -> Result<ReadProducts, Failure> {
        let (name, text) = self.products_text();
        text.and_then(|text| ReadProducts::parse(&name, &text)).map_err(Failure::Usage)
    }

    /// What the products are in, for messages, and its text.
    fn products_text(&self) -> (String, Result<String, String>) {
        match &self.products_file {
            ProductsFile::BuiltIn => ("the built-in catalog".to_owned(), Ok(LOCAL_PRODUCTS.to_owned())),
            ProductsFile::File(path) => (path.display().to_string(), text_file::read(path)),
            ProductsFile::Nowhere => {
                let why = format!(
                    "{}: catalog.products is missing; name the file of the products of the first start, such as \
                     products = \"catalog.csv\"",
                    self.origin
                );
                (String::new(), Err(why))
            }
        }
    }
}

/// Products that were read, and what tells their file from another.
#[derive(Debug)]
pub struct ReadProducts {
    /// The products, in the file's order.
    pub products: Vec<ProductSeed>,
    /// The digest of the file's bytes.
    pub digest: Digest,
}

impl ReadProducts {
    /// Reads a file of products, to be imported.
    ///
    /// # Errors
    /// [`Failure::Usage`] with the file, the line and what is expected there.
    pub fn of(file: &Path) -> Result<ReadProducts, Failure> {
        let text = text_file::read(file);
        text.and_then(|text| ReadProducts::parse(&file.display().to_string(), &text)).map_err(Failure::Usage)
    }

    fn parse(name: &str, text: &str) -> Result<ReadProducts, String> {
        Ok(ReadProducts { products: products::parse(name, text)?, digest: products::digest(text) })
    }
}

impl From<ReadProducts> for Source {
    fn from(read: ReadProducts) -> Source {
        let ReadProducts { products, digest } = read;
        Source { digest: Some(digest), read: Box::new(move || Ok(products.clone())) }
    }
}
