//! A document that converts each change and each step only while it is written: a plan of a hundred thousand changes is not
//! kept twice.

use std::marker::PhantomData;

use serde::{Serialize, Serializer};

use super::{ChangeV1, Document, Impact, Inverse, PlanV1, StepV1};
use crate::plan;

/// Planner's values `A` that are written as `B`.
#[derive(Debug)]
pub struct Unconverted<'a, A, B> {
    values: &'a [A],
    written_as: PhantomData<B>,
}

impl<'a, A, B> From<&'a [A]> for Unconverted<'a, A, B> {
    fn from(values: &'a [A]) -> Self {
        Self { values, written_as: PhantomData }
    }
}

impl<'a, A, B: From<&'a A> + Serialize> Serialize for Unconverted<'a, A, B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.values.iter().map(B::from))
    }
}

/// A list that a document omits when it is empty.
pub trait IsEmpty {
    /// Whether it has no entries.
    fn is_empty(&self) -> bool;
}

impl<T> IsEmpty for Vec<T> {
    fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }
}

impl<A, B> IsEmpty for Unconverted<'_, A, B> {
    fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// The plan part of such a document.
pub(in crate::document) type UnconvertedPlan<'a> = PlanV1<
    Unconverted<'a, plan::Change, ChangeV1>,
    Unconverted<'a, plan::Step, StepV1>,
    Unconverted<'a, plan::NumberImpact, Impact>,
>;

/// A document that is only written: the planner's values, in the form of version 1.
pub type UnconvertedDocument<'a> = Document<UnconvertedPlan<'a>, Unconverted<'a, plan::UndoEntry, Inverse>>;
