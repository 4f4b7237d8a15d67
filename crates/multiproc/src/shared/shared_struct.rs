//! Structs in shared memory.

/// Defines a struct that may live in shared memory, because each of its fields
/// may.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use multiproc::shared::{Mutex, Shared};
/// use multiproc::shared_struct;
///
/// shared_struct! {
///     /// How far the workers have come.
///     #[derive(Debug)]
///     struct Progress {
///         started: AtomicU32,
///         longest: Mutex<f64>,
///     }
/// }
///
/// let progress = Shared::new(Progress {
///     started: AtomicU32::new(0),
///     longest: Mutex::new(0.0),
/// })?;
/// progress.started.fetch_add(1, Ordering::Relaxed);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// A field that points elsewhere does not compile, since another process has
/// something else at that address:
///
/// ```compile_fail,E0277
/// multiproc::shared_struct! {
///     struct Name {
///         text: String,
///     }
/// }
/// ```
///
/// A struct whose fields are all [`Plain`](crate::shared::Plain) is plain, and
/// may be guarded by a [`Mutex`](crate::shared::Mutex).
#[macro_export]
macro_rules! shared_struct {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $name:ident {
            $(
                $(#[$field_attribute:meta])*
                $field_visibility:vis $field:ident: $type:ty
            ),* $(,)?
        }
    ) => {
        $(#[$attribute])*
        $visibility struct $name {
            $($(#[$field_attribute])* $field_visibility $field: $type,)*
        }

        // SAFETY: it holds nothing but its fields, and the body compiles only
        // if each of them is process-safe.
        unsafe impl $crate::shared::ProcessSafe for $name {
            fn init_in_place(&self) {
                $($crate::shared::ProcessSafe::init_in_place(&self.$field);)*
            }
        }

        // SAFETY: plain if each field is. (`for<'any>` makes the bound a
        // condition: without it, a field that is not plain would be an error.)
        unsafe impl $crate::shared::Plain for $name
        where
            $(for<'any> $type: $crate::shared::Plain,)*
        {
        }
    };
}
