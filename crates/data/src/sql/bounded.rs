//! Functions whose result can be far larger than their arguments, held to a size: `repeat`,
//! `lpad`, `rpad` and their kin refuse before they allocate. The process's own limit stays the
//! outer guard; this one gives the author words instead of a dead process.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array},
    compute::{cast, kernels::length::length},
    datatypes::{DataType, FieldRef, Int64Type},
};
use datafusion::{
    common::{Result, exec_err},
    logical_expr::{
        ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    },
};

use crate::error::human_bytes;

/// How the second argument makes a result grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Growth {
    /// The first argument so many times.
    Times,
    /// A text of so many characters.
    Characters,
    /// A list of so many elements.
    Elements,
}

/// How a function can grow its arguments; `None` for one that cannot, or not by a number.
pub(super) fn growth(name: &str) -> Option<Growth> {
    match name {
        "repeat" => Some(Growth::Times),
        "lpad" | "rpad" => Some(Growth::Characters),
        "array_repeat" | "array_resize" => Some(Growth::Elements),
        _ => None,
    }
}

/// The same function, refusing results of more than `max_bytes` for one batch of rows.
pub(super) fn bounded(inner: Arc<ScalarUDF>, growth: Growth, max_bytes: u64) -> ScalarUDF {
    ScalarUDF::new_from_impl(Bounded { inner, growth, max_bytes })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    growth: Growth,
    max_bytes: u64,
}

impl Bounded {
    /// Bytes that the call would make, at most.
    fn size(&self, args: &ScalarFunctionArgs) -> Result<u128> {
        let [first, second, ..] = args.args.as_slice() else { return Ok(0) };
        let constant = matches!((first, second), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let counts = cast(&second.to_array(rows)?, &DataType::Int64)?;
        let counts = counts.as_primitive::<Int64Type>();
        let sizes = match self.growth {
            Growth::Times => byte_lengths(&first.to_array(rows)?)?,
            Growth::Characters => Int64Array::from_value(4, rows),
            Growth::Elements => Int64Array::from_value(16, rows),
        };
        Ok(counts
            .iter()
            .zip(sizes.iter())
            .map(|(count, size)| positive(count).saturating_mul(positive(size)))
            .fold(0, u128::saturating_add))
    }
}

fn positive(number: Option<i64>) -> u128 {
    number.and_then(|n| u128::try_from(n).ok()).unwrap_or(0)
}

fn byte_lengths(texts: &ArrayRef) -> Result<Int64Array> {
    if texts.data_type().is_null() {
        return Ok(Int64Array::from_value(0, texts.len()));
    }
    Ok(cast(&length(texts)?, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arguments)
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let size = self.size(&args)?;
        if size > u128::from(self.max_bytes) {
            let size = human_bytes(u64::try_from(size).unwrap_or(u64::MAX));
            return exec_err!("`{}` would make {size} at once, {} at most", self.name(), human_bytes(self.max_bytes));
        }
        self.inner.invoke_with_args(args)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}
