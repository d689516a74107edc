//! What users of a client remember about its registry.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One value of each type.
#[derive(Default)]
pub(super) struct Memory(Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Memory {
    /// The value of a type, which is created when it is first used.
    pub(super) fn get<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let value = values
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Arc::new(T::default()));
        Arc::clone(value).downcast().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_value_of_each_type() {
        let memory = Memory::default();
        *memory.get::<Mutex<u8>>().lock().expect("no panic") = 1;
        assert_eq!(*memory.get::<Mutex<u8>>().lock().expect("no panic"), 1);
        assert_eq!(*memory.get::<Mutex<u16>>().lock().expect("no panic"), 0);
    }
}
