//! What a wrapper of a data file passes on: the locks, which are between the system and whoever else has the file.

/// The methods of redb's backend that lock ranges of a file, passed on to the backend in a field.
macro_rules! forward_locks {
    ($file:ident) => {
        fn try_lock_range(
            &self,
            start: ::std::ops::Bound<u64>,
            end: ::std::ops::Bound<u64>,
        ) -> Result<bool, ::redb::BackendError> {
            self.$file.try_lock_range(start, end)
        }

        fn try_lock_shared_range(
            &self,
            start: ::std::ops::Bound<u64>,
            end: ::std::ops::Bound<u64>,
        ) -> Result<bool, ::redb::BackendError> {
            self.$file.try_lock_shared_range(start, end)
        }

        fn lock_range(
            &self,
            start: ::std::ops::Bound<u64>,
            end: ::std::ops::Bound<u64>,
        ) -> Result<(), ::redb::BackendError> {
            self.$file.lock_range(start, end)
        }

        fn lock_shared_range(
            &self,
            start: ::std::ops::Bound<u64>,
            end: ::std::ops::Bound<u64>,
        ) -> Result<(), ::redb::BackendError> {
            self.$file.lock_shared_range(start, end)
        }

        fn unlock_range(
            &self,
            start: ::std::ops::Bound<u64>,
            end: ::std::ops::Bound<u64>,
        ) -> Result<(), ::redb::BackendError> {
            self.$file.unlock_range(start, end)
        }

        fn query_lock_range(
            &self,
            start: ::std::ops::Bound<u64>,
            end: ::std::ops::Bound<u64>,
        ) -> Result<bool, ::redb::BackendError> {
            self.$file.query_lock_range(start, end)
        }
    };
}

pub(crate) use forward_locks;
