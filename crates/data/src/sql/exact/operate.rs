//! `+ - * / %` on two columns of numbers: one function for each operator and call, which knows the
//! text of its call for its errors. Every result is checked.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use arrow::{
    array::{ArrayRef, AsArray, Float64Array, PrimitiveArray},
    compute::try_binary,
    datatypes::{DataType, Decimal128Type, Decimal256Type, Float64Type, Int64Type, i256},
    error::ArrowError,
};
use datafusion::{
    common::{DataFusionError, Result, ScalarValue},
    logical_expr::{
        ColumnarValue, Expr, Operator, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
        expr::schema_name_from_exprs,
    },
    sql::sqlparser::ast::BinaryOperator,
};

use super::{
    kinds::{DIGITS, WIDE, WIDE_SCALE, common, decimal, digits},
    wide,
};

/// An operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    Plus,
    Minus,
    Times,
    Divide,
    Modulo,
}

impl Operation {
    pub const ALL: [Self; 5] = [Self::Plus, Self::Minus, Self::Times, Self::Divide, Self::Modulo];

    pub fn of(op: &BinaryOperator) -> Option<Self> {
        Some(match op {
            BinaryOperator::Plus => Self::Plus,
            BinaryOperator::Minus => Self::Minus,
            BinaryOperator::Multiply => Self::Times,
            BinaryOperator::Divide => Self::Divide,
            BinaryOperator::Modulo => Self::Modulo,
            _ => return None,
        })
    }

    pub fn operator(self) -> Operator {
        match self {
            Self::Plus => Operator::Plus,
            Self::Minus => Operator::Minus,
            Self::Times => Operator::Multiply,
            Self::Divide => Operator::Divide,
            Self::Modulo => Operator::Modulo,
        }
    }

    pub fn function(self) -> &'static str {
        match self {
            Self::Plus => "exact_plus",
            Self::Minus => "exact_minus",
            Self::Times => "exact_times",
            Self::Divide => "exact_divide",
            Self::Modulo => "exact_modulo",
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
        }
    }

    /// The type of the result of two numbers of types that [`common`] gives.
    fn result(self, left: &DataType, right: &DataType) -> DataType {
        if *left == DataType::Float64 || *left == WIDE {
            return left.clone();
        }
        if self == Self::Divide {
            return WIDE;
        }
        if *left == DataType::Int64 {
            return DataType::Int64;
        }
        let ((p, s), (q, t)) = (digits(left), digits(right));
        let (s, t) = (i16::from(s), i16::from(t));
        let scale = s.max(t);
        let whole = (p - s).max(q - t);
        match self {
            Self::Times => decimal(p + q, s + t),
            Self::Modulo => decimal(whole + scale, scale),
            _ => decimal(whole + scale + 1, scale),
        }
    }
}

/// One call of an operator.
#[derive(Debug, Clone)]
pub(super) struct Arithmetic {
    operation: Operation,
    /// The call as its author wrote it.
    label: String,
    /// What stands right of the operator, for the way out of a division by zero.
    divisor: String,
    signature: Signature,
}

// Two calls are the same when their operators and arguments are.
impl PartialEq for Arithmetic {
    fn eq(&self, other: &Self) -> bool {
        self.operation == other.operation
    }
}

impl Eq for Arithmetic {}

impl Hash for Arithmetic {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.operation.hash(state);
    }
}

impl Arithmetic {
    pub fn new(operation: Operation, left: &Expr, right: &Expr) -> Self {
        let divisor = label(right, false);
        let label = format!("{} {} {}", label(left, true), operation.sign(), label(right, true));
        Self { operation, label, divisor, signature: Signature::user_defined(Volatility::Immutable) }
    }

    pub fn labelled(operation: Operation, label: String) -> Self {
        let signature = Signature::user_defined(Volatility::Immutable);
        Self { operation, label, divisor: String::new(), signature }
    }

    fn compute(&self, left: &ArrayRef, right: &ArrayRef, result: &DataType) -> Result<ArrayRef> {
        let (from, to) = (left.data_type(), right.data_type());
        Ok(match (from, result) {
            (DataType::Float64, _) => Arc::new(self.doubles(left, right)?),
            (DataType::Int64, DataType::Int64) => {
                let (a, b) = (left.as_primitive::<Int64Type>(), right.as_primitive::<Int64Type>());
                Arc::new(self.each::<Int64Type, Int64Type>(a, b, |a, b| self.whole(a, b))?)
            }
            (DataType::Int64, _) => {
                let (a, b) = (left.as_primitive::<Int64Type>(), right.as_primitive::<Int64Type>());
                let (a, b) = (a.unary::<_, Decimal128Type>(i128::from), b.unary::<_, Decimal128Type>(i128::from));
                Arc::new(self.narrow(&a, &b, (0, 0), result)?)
            }
            (DataType::Decimal128(_, s), _) => {
                let scales = (*s, digits(to).1);
                let (a, b) = (left.as_primitive::<Decimal128Type>(), right.as_primitive::<Decimal128Type>());
                match result {
                    DataType::Decimal128(precision, scale) => {
                        let step = |a, b| self.decimals(a, b, scales, *scale).filter(|v| below(*v, *precision));
                        Arc::new(
                            self.each::<Decimal128Type, Decimal128Type>(a, b, step)?.with_data_type(result.clone()),
                        )
                    }
                    _ => Arc::new(self.narrow(a, b, scales, result)?),
                }
            }
            _ => {
                let (a, b) = (left.as_primitive::<Decimal256Type>(), right.as_primitive::<Decimal256Type>());
                let step = |a, b| self.wides(a, b, (WIDE_SCALE, WIDE_SCALE));
                Arc::new(self.each::<Decimal256Type, Decimal256Type>(a, b, step)?.with_data_type(WIDE))
            }
        })
    }

    /// Decimals whose result is wide.
    fn narrow(
        &self,
        a: &PrimitiveArray<Decimal128Type>,
        b: &PrimitiveArray<Decimal128Type>,
        scales: (i8, i8),
        result: &DataType,
    ) -> Result<PrimitiveArray<Decimal256Type>> {
        let step = |a, b| self.wides(i256::from_i128(a), i256::from_i128(b), scales);
        Ok(self.each::<Decimal128Type, Decimal256Type>(a, b, step)?.with_data_type(result.clone()))
    }

    /// Applies a step that gives nothing where the result does not fit.
    fn each<A, R>(
        &self,
        a: &PrimitiveArray<A>,
        b: &PrimitiveArray<A>,
        step: impl Fn(A::Native, A::Native) -> Option<R::Native>,
    ) -> Result<PrimitiveArray<R>>
    where
        A: arrow::datatypes::ArrowPrimitiveType,
        A::Native: Default + PartialEq,
        R: arrow::datatypes::ArrowPrimitiveType,
    {
        let divides = matches!(self.operation, Operation::Divide | Operation::Modulo);
        let result = try_binary::<_, _, _, R>(a, b, |a, b| {
            if divides && b == A::Native::default() {
                return Err(self.by_zero());
            }
            step(a, b).ok_or_else(|| self.too_large())
        });
        Ok(result?)
    }

    fn whole(&self, a: i64, b: i64) -> Option<i64> {
        match self.operation {
            Operation::Plus => a.checked_add(b),
            Operation::Minus => a.checked_sub(b),
            Operation::Times => a.checked_mul(b),
            // The least whole number by -1 leaves no rest.
            Operation::Modulo => Some(a.wrapping_rem(b)),
            Operation::Divide => None,
        }
    }

    fn decimals(&self, a: i128, b: i128, (s, t): (i8, i8), scale: i8) -> Option<i128> {
        if self.operation == Operation::Times {
            return a.checked_mul(b);
        }
        let raise = |value: i128, from: i8| match scale - from {
            0 => Some(value),
            places => value.checked_mul(10_i128.checked_pow(u32::try_from(places).ok()?)?),
        };
        let (a, b) = (raise(a, s)?, raise(b, t)?);
        match self.operation {
            Operation::Plus => a.checked_add(b),
            Operation::Minus => a.checked_sub(b),
            Operation::Modulo => a.checked_rem(b),
            Operation::Times | Operation::Divide => None,
        }
    }

    /// Two numbers of these scales; the result has the wide scale.
    fn wides(&self, a: i256, b: i256, (s, t): (i8, i8)) -> Option<i256> {
        let raise = |value, scale| wide::rescale(value, scale, WIDE_SCALE);
        let value = match self.operation {
            Operation::Plus => raise(a, s)?.checked_add(raise(b, t)?)?,
            Operation::Minus => raise(a, s)?.checked_sub(raise(b, t)?)?,
            Operation::Modulo => raise(a, s)?.checked_rem(raise(b, t)?)?,
            Operation::Divide => wide::divide(a, b, u32::try_from(WIDE_SCALE + t - s).ok()?)?,
            Operation::Times => match s + t - WIDE_SCALE {
                cut if cut >= 0 => wide::multiply(a, b, u32::from(cut.unsigned_abs()))?,
                more => a.checked_mul(b)?.checked_mul(wide::ten(u32::from(more.unsigned_abs()))?)?,
            },
        };
        wide::fits(value, 2 * DIGITS).then_some(value)
    }

    fn doubles(&self, left: &ArrayRef, right: &ArrayRef) -> Result<Float64Array> {
        let (a, b) = (left.as_primitive::<Float64Type>(), right.as_primitive::<Float64Type>());
        let step = |a: f64, b: f64| {
            let value = match self.operation {
                Operation::Plus => a + b,
                Operation::Minus => a - b,
                Operation::Times => a * b,
                Operation::Divide => a / b,
                Operation::Modulo => a % b,
            };
            // What came in infinite may stay so; nothing becomes it here.
            (value.is_finite() || !a.is_finite() || !b.is_finite()).then_some(value)
        };
        self.each::<Float64Type, Float64Type>(a, b, step)
    }

    fn by_zero(&self) -> ArrowError {
        ArrowError::ComputeError(format!(
            "`{}` divides by zero: write `nullif({}, 0)` for the divisor to leave such rows empty",
            self.label, self.divisor
        ))
    }

    fn too_large(&self) -> ArrowError {
        ArrowError::ComputeError(format!("`{}` {TOO_LARGE}", self.label))
    }
}

/// The end of the sentence about a result that does not fit its type.
pub(super) const TOO_LARGE: &str = "gives a number that is too large for its type: a whole number goes up to \
     9223372036854775807, a decimal has 38 digits; cast to a wider type first, as in `CAST(x AS decimal(38, 0))`, or \
     to a double";

fn below(value: i128, precision: u8) -> bool {
    value.unsigned_abs() < 10_u128.pow(u32::from(precision))
}

/// An expression as people write it: columns without their tables, no casts that nobody wrote.
/// `inside` of another one, an operation stands in parentheses.
pub(super) fn label(expr: &Expr, inside: bool) -> String {
    const LENGTH: usize = 80;
    let text = match expr {
        Expr::Column(column) | Expr::OuterReferenceColumn(_, column) => column.name.clone(),
        Expr::Alias(alias) => return label(&alias.expr, inside),
        Expr::Literal(value, _) => value.to_string(),
        Expr::ScalarFunction(call) => match call.func.inner().downcast_ref::<Arithmetic>() {
            Some(arithmetic) if inside => format!("({})", arithmetic.label),
            Some(arithmetic) => arithmetic.label.clone(),
            None => format!("{}({})", call.func.name(), labels(&call.args)),
        },
        Expr::AggregateFunction(call) => {
            let distinct = if call.params.distinct { "DISTINCT " } else { "" };
            format!("{}({distinct}{})", call.func.name(), labels(&call.params.args))
        }
        other => other.to_string(),
    };
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn labels(args: &[Expr]) -> String {
    args.iter().map(|arg| label(arg, false)).collect::<Vec<_>>().join(", ")
}

impl ScalarUDFImpl for Arithmetic {
    fn name(&self) -> &str {
        self.operation.function()
    }

    /// A column without a name of its own is named as the operator's would be.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let names: Vec<String> = args
            .iter()
            .map(|arg| schema_name_from_exprs(std::slice::from_ref(arg)))
            .collect::<std::result::Result<_, _>>()?;
        Ok(names.join(&format!(" {} ", self.operation.sign())))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let [left, right] = arguments else { return Err(two()) };
        common(left, right).map(|(left, right)| vec![left, right])
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let [left, right] = arguments else { return Err(two()) };
        let (left, right) = common(left, right)?;
        Ok(self.operation.result(&left, &right))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [left, right] = arrays.as_slice() else { return Err(two()) };
        let result = self.compute(left, right, args.return_field.data_type())?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

fn two() -> DataFusionError {
    DataFusionError::Plan("an operator has two sides".to_owned())
}
