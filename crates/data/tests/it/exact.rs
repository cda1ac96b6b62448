//! Arithmetic in table SQL against an oracle of whole numbers: what fits is exact, what does not
//! fit is an error, and nothing wraps or becomes infinite.

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{DataType, Decimal128Type, Decimal256Type, Float64Type, Int64Type, i256},
};
use proptest::prelude::*;
use punctual_data::{tables::create_table, values::value_at};
use punctual_model::{
    sql_text::SqlText,
    value::{Decimal, Value},
};

use crate::fixtures::{Bench, batch, ints, show_snapshot, texts};

/// A number as digits with this many behind the point.
type Digits = (i256, i8);

fn ten(exponent: u32) -> i256 {
    i256::from_i128(10).wrapping_pow(exponent)
}

/// The exact number in a cell, or `None` for NULL.
fn digits(batch: &RecordBatch, column: usize, row: usize) -> Option<Digits> {
    let array = batch.column(column);
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Int64 => (i256::from_i128(array.as_primitive::<Int64Type>().value(row).into()), 0),
        DataType::Decimal128(_, scale) => (i256::from_i128(array.as_primitive::<Decimal128Type>().value(row)), *scale),
        DataType::Decimal256(_, scale) => (array.as_primitive::<Decimal256Type>().value(row), *scale),
        other => panic!("{other} is not exact"),
    })
}

fn equal((a, s): Digits, (b, t): Digits) -> bool {
    let raise = |value: i256, scale: i8| value.checked_mul(ten(u32::try_from(s.max(t) - scale).expect("positive")));
    raise(a, s) == raise(b, t)
}

/// The quotient to 38 places, half away from zero.
fn quotient((a, s): Digits, (b, t): Digits) -> Digits {
    let places = u32::try_from(38 + t - s).expect("positive");
    let raised = a.checked_mul(ten(places)).expect("the oracle's numbers are small");
    let twice = raised.wrapping_mul(i256::from_i128(2));
    let (quotient, rest) = (twice.wrapping_div(b), twice.wrapping_rem(b));
    let _ = rest;
    // Twice the quotient, cut towards zero: one more and halved, it is rounded.
    let one = if quotient.is_negative() { i256::MINUS_ONE } else { i256::ONE };
    (quotient.wrapping_add(one).wrapping_div(i256::from_i128(2)), 38)
}

#[derive(Debug, Clone)]
struct Column {
    kind: String,
    scale: i8,
    values: Vec<i64>,
}

impl Column {
    fn values(&self) -> Vec<Value> {
        let scale = u8::try_from(self.scale).expect("not negative");
        let value = |digits: &i64| match self.kind.as_str() {
            "int" => Value::Int(*digits),
            _ => Value::Decimal(Decimal { digits: i128::from(*digits), scale }),
        };
        self.values.iter().map(value).collect()
    }

    fn at(&self, row: usize) -> Digits {
        (i256::from_i128(self.values[row].into()), self.scale)
    }
}

/// A column of whole numbers with up to 6 digits or decimals with up to 12.
fn column(rows: usize) -> impl Strategy<Value = Column> {
    let kind = prop_oneof![
        Just(("int".to_owned(), 6_u32, 0_i8)),
        (1_u32..=12).prop_flat_map(|precision| (Just(precision), 0..=precision)).prop_map(|(precision, scale)| {
            (format!("decimal({precision},{scale})"), precision, i8::try_from(scale).expect("small"))
        }),
    ];
    kind.prop_flat_map(move |(kind, precision, scale)| {
        let limit = 10_i64.pow(precision);
        prop::collection::vec(1 - limit..limit, rows).prop_map(move |values| Column {
            kind: kind.clone(),
            scale,
            values,
        })
    })
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}

async fn bench_of(columns: &[(&str, &Column)]) -> Bench {
    let mut bench = Bench::utc();
    let columns: Vec<(&str, &str, Vec<Value>)> =
        columns.iter().map(|(name, column)| (*name, column.kind.as_str(), column.values())).collect();
    bench.add("t", batch(&columns)).await;
    bench
}

async fn one(bench: &Bench, sql: &str) -> RecordBatch {
    let batches = bench.query(&SqlText::plain(sql)).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    arrow::compute::concat_batches(&batches[0].schema(), &batches).expect("one batch")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn operators_are_exact(a in column(6), b in column(6)) {
        run(async {
            let bench = bench_of(&[("a", &a), ("b", &b)]).await;
            let sql = "SELECT a + b, a - b, a * b, a / nullif(b, 0), -a, abs(a), a % nullif(b, 0), a * b * a FROM t";
            let found = one(&bench, sql).await;
            for row in 0..6 {
                let ((x, s), (y, t)) = (a.at(row), b.at(row));
                let scale = s.max(t);
                let raise = |v: i256, from: i8| v.wrapping_mul(ten(u32::try_from(scale - from).expect("positive")));
                let (high_x, high_y) = (raise(x, s), raise(y, t));
                let cell = |column| digits(&found, column, row);
                assert!(equal(cell(0).expect("a sum"), (high_x.wrapping_add(high_y), scale)));
                assert!(equal(cell(1).expect("a difference"), (high_x.wrapping_sub(high_y), scale)));
                assert!(equal(cell(2).expect("a product"), (x.wrapping_mul(y), s + t)));
                assert!(equal(cell(4).expect("negated"), (x.wrapping_neg(), s)));
                assert!(equal(cell(5).expect("absolute"), (x.wrapping_abs(), s)));
                assert!(equal(cell(7).expect("a product"), (x.wrapping_mul(y).wrapping_mul(x), s + t + s)));
                if y == i256::ZERO {
                    assert_eq!((cell(3), cell(6)), (None, None));
                } else {
                    assert_eq!(cell(3).expect("a quotient"), quotient((x, s), (y, t)), "{a:?} / {b:?}");
                    assert!(equal(cell(6).expect("a rest"), (high_x.wrapping_rem(high_y), scale)));
                }
            }
        });
    }

    #[test]
    fn aggregates_are_exact(a in column(9), groups in prop::collection::vec(0_i64..3, 9), share in 0_i64..=100) {
        run(async {
            let keys = Column { kind: "int".to_owned(), scale: 0, values: groups.clone() };
            let bench = bench_of(&[("k", &keys), ("a", &a)]).await;
            let p = format!("{}.{:02}", share / 100, share % 100);
            let calls = format!(
                "sum(a), avg(a), min(a), max(a), median(a), percentile_cont({p}) WITHIN GROUP (ORDER BY a), \
                 sum(DISTINCT a), percentile_cont(a, {p}), percentile_cont({p}) WITHIN GROUP (ORDER BY a DESC)"
            );
            let whole = one(&bench, &format!("SELECT 0 AS k, {calls} FROM t")).await;
            let grouped = one(&bench, &format!("SELECT k, {calls} FROM t GROUP BY k ORDER BY k")).await;
            for (found, by_key) in [(&whole, false), (&grouped, true)] {
                for row in 0..found.num_rows() {
                    let key = digits(found, 0, row).expect("a key").0;
                    let member = |index: &usize| !by_key || i256::from_i128(groups[*index].into()) == key;
                    let mut values: Vec<i256> = (0..9).filter(member).map(|index| a.at(index).0).collect();
                    values.sort_unstable();
                    check_aggregates(found, row, &values, a.scale, share);
                }
            }
        });
    }

    #[test]
    fn rounding_goes_half_away_from_zero(a in column(5), places in 0_i8..6) {
        run(async {
            let bench = bench_of(&[("a", &a)]).await;
            let found = one(&bench, &format!("SELECT round(a, {places}), round(a / 7, {places}) FROM t")).await;
            for row in 0..5 {
                let (x, s) = a.at(row);
                let kept = places.min(s);
                let cut = ten(u32::try_from(s - kept).expect("positive"));
                let rounded = |dividend: i256, divisor: i256| {
                    let twice = dividend.wrapping_mul(i256::from_i128(2)).wrapping_div(divisor);
                    let one = if dividend.is_negative() { i256::MINUS_ONE } else { i256::ONE };
                    twice.wrapping_add(one).wrapping_div(i256::from_i128(2))
                };
                assert!(equal(digits(&found, 0, row).expect("rounded"), (rounded(x, cut), kept)), "{a:?}");
                let seventh = quotient((x, s), (i256::from_i128(7), 0)).0;
                let cut = ten(u32::try_from(38 - places).expect("positive"));
                assert!(equal(digits(&found, 1, row).expect("rounded"), (rounded(seventh, cut), places)), "{a:?}");
            }
        });
    }

    /// 64-bit sums, products and differences at the edge are right, or an error.
    #[test]
    fn whole_numbers_fit_or_fail(a in any::<i64>(), b in any::<i64>()) {
        run(async {
            let mut bench = Bench::utc();
            bench.add("t", batch(&[("a", "int", ints([a])), ("b", "int", ints([b]))])).await;
            bench.add("rows", batch(&[("n", "int", ints([a, b]))])).await;
            for (sql, right) in [
                ("SELECT a + b FROM t", i128::from(a) + i128::from(b)),
                ("SELECT a - b FROM t", i128::from(a) - i128::from(b)),
                ("SELECT a * b FROM t", i128::from(a) * i128::from(b)),
                ("SELECT -a FROM t", -i128::from(a)),
                ("SELECT sum(n) FROM rows", i128::from(a) + i128::from(b)),
                ("SELECT sum(n) OVER () FROM rows LIMIT 1", i128::from(a) + i128::from(b)),
                ("SELECT CAST(a AS decimal(38,0)) * b FROM t", i128::from(a) * i128::from(b)),
            ] {
                match bench.query(&SqlText::plain(sql)).await {
                    Ok(batches) => assert_eq!(digits(&batches[0], 0, 0), Some((i256::from_i128(right), 0)), "{sql}"),
                    Err(error) => {
                        let message = error.to_string();
                        assert!(i64::try_from(right).is_err() && message.contains("too large"), "{sql}: {message}");
                    }
                }
            }
        });
    }

    /// A quotient is kept with at least 12 significant digits, however small it is.
    #[test]
    fn stored_quotients_keep_their_digits(a in 1_i64..i64::MAX, b in 1_i64..i64::MAX) {
        run(async {
            let mut bench = Bench::utc();
            bench.add("t", batch(&[("a", "int", ints([a])), ("b", "int", ints([b]))])).await;
            let sql = SqlText::plain("SELECT a / b AS q FROM t");
            let path = bench.folder.path().join("kept.parquet");
            let kept = create_table(&bench.session, "kept", &sql, &[], &path).await.expect("kept");
            let rows = crate::fixtures::read(&punctual_data::snapshot::Rows::open(&kept).expect("opened"));
            let found = rows[0].column(0).as_primitive::<Float64Type>().value(0);
            let right = a as f64 / b as f64;
            assert!(((found - right) / right).abs() < 1e-12, "{a} / {b} = {found}");
        });
    }
}

fn check_aggregates(found: &RecordBatch, row: usize, values: &[i256], scale: i8, share: i64) {
    let cell = |column| digits(found, column, row).expect("not NULL");
    let total = |values: &[i256]| values.iter().fold(i256::ZERO, |total, value| total.wrapping_add(*value));
    let number = |n: usize| i256::from_i128(i128::try_from(n).expect("small"));
    assert!(equal(cell(1), (total(values), scale)));
    assert_eq!(cell(2), quotient((total(values), scale), (number(values.len()), 0)));
    assert!(equal(cell(3), (values[0], scale)));
    assert!(equal(cell(4), (values[values.len() - 1], scale)));
    let at = |percent: usize| {
        let position = percent * (values.len() - 1);
        let (index, rest) = (position / 100, position % 100);
        let low = values[index];
        let high = values[(index + 1).min(values.len() - 1)];
        let way = high.wrapping_sub(low).wrapping_mul(number(rest));
        (low.wrapping_mul(number(100)).wrapping_add(way), scale + 2)
    };
    let percent = usize::try_from(share).expect("not negative");
    assert!(equal(cell(5), at(50)), "{values:?}");
    assert!(equal(cell(6), at(percent)), "{values:?} at {share}");
    assert!(equal(cell(8), at(percent)), "{values:?} at {share}");
    assert!(equal(cell(9), at(100 - percent)), "{values:?} at 100 - {share}");
    let mut once = values.to_vec();
    once.dedup();
    assert!(equal(cell(7), (total(&once), scale)));
}

async fn links() -> Bench {
    let mut bench = Bench::utc();
    let rows = batch(&[
        ("link", "text", texts(["north", "south", "west"])),
        ("bytes_sent", "int", ints([6_000_000_000_000_000_000, 5_000_000_000_000_000_000, 1])),
        ("units", "int", ints([3_037_000_500, 2, 5])),
        ("price", "int", ints([3_037_000_500, 3, 7])),
        ("rate", "double", vec![Value::Double(1e308), Value::Double(0.5), Value::Double(0.0)]),
    ]);
    bench.add("links", rows).await;
    bench
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    let bench = links().await;
    for (sql, named) in [
        ("SELECT sum(bytes_sent) AS total FROM links", "`sum(bytes_sent)`"),
        ("SELECT sum(units * price) FROM links", "`units * price`"),
        ("SELECT link, units * price AS worth FROM links", "`units * price`"),
        ("SELECT bytes_sent + bytes_sent AS twice FROM links", "`bytes_sent + bytes_sent`"),
        ("SELECT (bytes_sent - 1) * 3 AS x FROM links", "`(bytes_sent - 1) * 3`"),
        ("SELECT rate * 1e10 FROM links", "`rate * 10000000000`"),
        ("SELECT sum(rate * 1.9) FROM links", "too large"),
        ("SELECT sum(bytes_sent) OVER (ORDER BY link) FROM links", "too large"),
        ("SELECT link FROM links WHERE bytes_sent * 2 > 5", "`bytes_sent * 2`"),
        ("SELECT abs(-9223372036854775807 - units) FROM links", "too large"),
    ] {
        let message = bench.refusal(sql).await;
        assert!(message.starts_with("table `t`") && message.contains(named), "{sql}: {message}");
    }
    let wide = bench
        .show("SELECT sum(CAST(bytes_sent AS decimal(38,0))) AS total, avg(bytes_sent) > 3 AS big FROM links")
        .await;
    assert!(wide.contains("| 11000000000000000001 | true |"), "{wide}");
}

#[tokio::test]
async fn division_by_zero_is_an_error_that_says_how_to_leave_rows_empty() {
    let bench = links().await;
    for sql in [
        "SELECT price / (units - units) FROM links",
        "SELECT price % (units - units) FROM links",
        "SELECT 1.5 / (units - units) FROM links",
        "SELECT rate / (rate - rate) FROM links",
        "SELECT 1 / rate FROM links",
        "SELECT sum(price) / (count(*) - 3) FROM links",
        "SELECT integer_divide(price, units - units) FROM links",
    ] {
        let message = bench.refusal(sql).await;
        assert!(message.contains("divides by zero: write `nullif("), "{sql}: {message}");
    }
    let empty = bench.show("SELECT link, price / nullif(units - 2, 0) AS q FROM links WHERE link = 'south'").await;
    assert!(empty.contains("| south |   |"), "{empty}");
}

#[tokio::test]
async fn whole_numbers_divide_as_people_mean_it() {
    let mut bench = Bench::utc();
    let amounts = [1999, 70, 100].map(|digits| Value::Decimal(Decimal { digits, scale: 2 })).to_vec();
    bench
        .add(
            "f",
            batch(&[
                ("late", "int", ints([1, 0, 1])),
                ("n", "int", ints([7, 8, 9])),
                ("amount", "decimal(12,2)", amounts),
            ]),
        )
        .await;
    let table = |sql: &'static str| {
        let bench = &bench;
        async move {
            let path = bench.folder.path().join("kept.parquet");
            let kept = create_table(&bench.session, "kept", &SqlText::plain(sql), &[], &path).await.expect(sql);
            show_snapshot(&kept)
        }
    };
    let shown =
        table("SELECT sum(late) / count(*) AS share, avg(n) AS mean, median(n) AS middle, 7 / 2 AS half FROM f").await;
    assert!(shown.contains("| 0.6666666666666666 | 8.0  | 8.0    | 3.5  |"), "{shown}");
    let shown = table("SELECT integer_divide(-7, 2) AS i, floor(7 / 2) AS f, 7 % 2 AS m, round(2 / 3, 3) AS r").await;
    assert!(shown.contains("| -3 | 3 | 1 | 0.667 |"), "{shown}");
    // Rates that are written out are decimals beside decimals.
    let shown = table("SELECT sum(amount * 1.19) AS gross, round(sum(amount) * 0.15, 2) AS tax, sum(amount / 3) * 3 = sum(amount) AS same FROM f").await;
    assert!(shown.contains("| 25.8111 | 3.25 |"), "{shown}");
    let shown =
        table("SELECT percentile_cont(0.9) WITHIN GROUP (ORDER BY n) AS p, quantile_cont(n, 0.25) AS q FROM f").await;
    assert!(shown.contains("| 8.8 | 7.5 |"), "{shown}");
}

#[tokio::test]
async fn numbers_of_all_kinds_meet() {
    let bench = links().await;
    for sql in [
        "SELECT coalesce(price / units, 0.0) FROM links",
        "SELECT CASE WHEN units > 2 THEN price / units ELSE 0 END FROM links",
        "SELECT price / units AS q FROM links UNION ALL SELECT 0.5",
        "SELECT price / units AS q FROM links UNION ALL SELECT 1",
        "SELECT greatest(price / units, 0.5, 1) FROM links",
        "SELECT count(*) FROM links WHERE price / units > 0.5 AND price / units BETWEEN 0.1 AND 2 AND rate >= price / units",
        "SELECT count(*) FROM links WHERE price / units IN (1, 1.5, 1.4)",
        "SELECT price / units AS q, count(*) FROM links GROUP BY 1 ORDER BY 1",
        "SELECT row_number() OVER (ORDER BY link) - 1 FROM links",
        "SELECT sum(price) OVER (ORDER BY link ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) / 2 FROM links WHERE price < 10",
        "SELECT median(price) OVER (ORDER BY link ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM links",
        "SELECT sqrt(price / units), power(price, 2), ln(price / units), stddev(price / units) FROM links GROUP BY price, units",
        "SELECT stddev(price), var_pop(price), corr(price, units) FROM links",
        "SELECT floor(price / units), ceil(price / units), trunc(price / units), round(price / units) FROM links",
        "SELECT CAST(price / units AS decimal(18,4)) AS a, CAST(price / units AS double) AS b, CAST(price / units AS bigint) AS c FROM links",
        "SELECT max(price / units) - min(price / units) FROM links",
        "SELECT sum(price) FILTER (WHERE units > 2) / sum(price) FROM links WHERE price < 10",
        "SELECT a.link FROM links a JOIN links b ON a.price / 2 = b.price / 2",
        "SELECT sum(CASE WHEN units > 2 THEN 1.0 ELSE 0 END) FROM links",
        "SELECT sum(NULL), avg(NULL), median(NULL), 1 + NULL FROM links",
        "SELECT -(rate) , -units, - (price / units) FROM links WHERE rate < 1",
        "SELECT extract(epoch FROM sum(a)) FROM (SELECT TIMESTAMP '2026-01-02' - TIMESTAMP '2026-01-01' AS a)",
        "SELECT date '2026-01-05' - 3, date '2026-01-05' + INTERVAL '1 day'",
    ] {
        bench.show(sql).await;
    }
    let shown = bench.show("SELECT rate > price AS a, rate = 0.5 AS b FROM links ORDER BY link").await;
    assert!(shown.contains("| true  | false |") && shown.contains("| false | true  |"), "{shown}");
}

#[tokio::test]
async fn sums_do_not_depend_on_the_order_of_their_rows() {
    let mut bench = Bench::utc();
    let doubles = [1e16, 1.0, -1e16, 1.0].map(Value::Double).to_vec();
    bench.add("d", batch(&[("x", "double", doubles), ("n", "int", ints([i64::MAX, 1, -1, i64::MIN]))])).await;
    let shown = bench.show("SELECT sum(x) AS x, sum(n) AS n FROM d").await;
    assert!(shown.contains("| 2.0 | -1 |"), "{shown}");
}

#[tokio::test]
async fn quotients_are_values_of_findings_too() {
    let bench = links().await;
    let found = one(&bench, "SELECT price / units AS q FROM links WHERE link = 'west'").await;
    assert_eq!(value_at(found.column(0), 0), Ok(Value::Double(1.4)));
}
