//! From the format of the version before to this one: each service says which of its tables have other rows now.
//!
//! A file is converted when it is opened, before anything else is read, in one transaction: after a crash it is of one
//! format or of the other. However long a table is, it does not pass through memory at once.

use redb::{AccessGuard, Database, Key, ReadableTable, TableDefinition, TableError, Value, WriteTransaction};

use super::errors::DiskError;
use super::owner::write_format;

/// Gives a service's tables the rows of this format, in the transaction that says so.
pub type Conversion = fn(&WriteTransaction) -> Result<(), DiskError>;

/// The conversion of a file whose tables are the same in both formats.
///
/// # Errors
/// Never.
pub fn same_tables(_: &WriteTransaction) -> Result<(), DiskError> {
    Ok(())
}

/// Converts a file of the format before.
///
/// # Errors
/// When the disk fails or the file is damaged: then nothing is converted.
pub fn convert(database: &Database, conversion: Conversion) -> Result<(), DiskError> {
    let transaction = database.begin_write()?;
    conversion(&transaction)?;
    write_format(&transaction)?;
    transaction.commit()?;
    Ok(())
}

/// A table whose rows are others in this format than in the one before. It keeps its name and its keys.
pub trait ConvertedTable {
    const NAME: &'static str;
    type Key: Key + 'static;
    type Before: Value + 'static;
    type Now: Value + 'static;

    /// What becomes of a row.
    fn row<'r>(before: &'r AccessGuard<'_, Self::Before>) -> <Self::Now as Value>::SelfType<'r>;
}

/// Converts all rows of a table. There may be no such table.
///
/// # Errors
/// When the disk fails or the file is damaged.
pub fn convert_table<T: ConvertedTable>(transaction: &WriteTransaction) -> Result<(), DiskError> {
    // redb keeps the types of a table's rows beside its name, and opens it with no others.
    let before = format!("{} before", T::NAME);
    let old = TableDefinition::<T::Key, T::Before>::new(&before);
    let new = TableDefinition::<T::Key, T::Now>::new(T::NAME);
    match transaction.rename_table(new, old) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(()),
        renamed => renamed?,
    }
    {
        let (rows, mut converted) = (transaction.open_table(old)?, transaction.open_table(new)?);
        for row in rows.iter()? {
            let (key, row) = row?;
            converted.insert(key.value(), T::row(&row))?;
        }
    }
    transaction.delete_table(old)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use redb::{ReadableDatabase, ReadableTableMetadata};

    use super::super::owner::{FORMAT_BEFORE, FORMAT_VERSION, read_owner};
    use super::super::{DataFile, OpenError};
    use super::*;
    use crate::test_doubles::MemoryDisk;

    struct Names;

    impl ConvertedTable for Names {
        const NAME: &'static str = "names";
        type Key = u64;
        type Before = &'static str;
        type Now = (&'static str, u64);

        fn row<'r>(before: &'r AccessGuard<'_, Self::Before>) -> (&'r str, u64) {
            (before.value(), before.value().len() as u64)
        }
    }

    const BEFORE: TableDefinition<u64, &str> = TableDefinition::new("names");
    const NOW: TableDefinition<u64, (&str, u64)> = TableDefinition::new("names");
    const ROWS: u64 = 1000;

    fn opened(disk: &MemoryDisk, conversion: Conversion) -> Result<DataFile, OpenError> {
        DataFile::open(Rc::new(disk.clone()), "file", "a test", conversion)
    }

    /// A disk with a file of the format before.
    fn disk() -> MemoryDisk {
        let disk = MemoryDisk::default();
        let write = |database: &Database| {
            let transaction = database.begin_write()?;
            {
                let mut names = transaction.open_table(BEFORE)?;
                for number in 0..ROWS {
                    names.insert(number, &*format!("name {number}"))?;
                }
                let mut format = transaction.open_table(TableDefinition::<&str, &str>::new("toystore"))?;
                format.insert("format", FORMAT_BEFORE)?;
            }
            transaction.commit()?;
            Ok(())
        };
        opened(&disk, same_tables).unwrap().load(write).unwrap();
        disk
    }

    fn format(file: &DataFile) -> String {
        file.load(read_owner).unwrap().unwrap().1
    }

    #[test]
    fn a_file_of_the_format_before_is_converted_once() {
        let disk = disk();
        for _ in 0..2 {
            let file = opened(&disk, convert_table::<Names>).unwrap();
            let rows = |database: &Database| {
                let names = database.begin_read()?.open_table(NOW)?;
                let (name, length) =
                    names.get(12)?.map(|row| (row.value().0.to_owned(), row.value().1)).unwrap();
                Ok((names.len()?, name, length))
            };
            assert_eq!(file.load(rows).unwrap(), (ROWS, "name 12".to_owned(), 7));
            assert_eq!(format(&file), FORMAT_VERSION);
        }
        let never = |_: &WriteTransaction| panic!("it is converted");
        assert_eq!(format(&opened(&disk, never).unwrap()), FORMAT_VERSION);
    }

    #[test]
    fn a_conversion_that_fails_leaves_the_file_as_it_was() {
        let disk = disk();
        let fails = |transaction: &WriteTransaction| {
            convert_table::<Names>(transaction)?;
            Err(DiskError::Damaged("of a row".into()))
        };
        assert!(matches!(opened(&disk, fails), Err(OpenError::Damaged { why, .. }) if why == "of a row"));
        let file = opened(&disk, convert_table::<Names>).unwrap();
        assert_eq!(format(&file), FORMAT_VERSION);
        assert_eq!(file.load(|database| Ok(database.begin_read()?.open_table(NOW)?.len()?)).unwrap(), ROWS);
    }
}
