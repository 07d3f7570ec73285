//! rusqlite's values and rows, as a database of sqlx: so that one `FromRow` and one set of types serve
//! both engines. Nothing connects to it ([`never`](super::never)): [`Statements`](super::statements::Statements)
//! run what it has bound.
//!
//! Values are stored as sqlx's own driver does it, to the byte: columns are compared with them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::types::Value;
use serde::{Deserialize, Serialize};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::types::Json;
use sqlx::{ColumnIndex, Decode, Encode, Error, Type};
use uuid::Uuid;

use super::never::{Never, Nothing};

/// The database.
#[derive(Debug)]
pub(crate) struct Rusqlite;

impl sqlx::Database for Rusqlite {
    type Connection = Never;
    type TransactionManager = Never;
    type Row = Row;
    type QueryResult = Nothing;
    type Column = Column;
    type TypeInfo = Kind;
    type Value = Owned;
    type ValueRef<'r> = Borrowed<'r>;
    type Arguments = Values;
    type ArgumentBuffer = Vec<Value>;
    type Statement = Never;
    const NAME: &'static str = "SQLite in place";
    const URL_SCHEMES: &'static [&'static str] = &[];
}

// ---------------------------------------------------------------- rows

/// The columns of a statement's rows.
pub(super) struct Columns {
    all: Vec<Column>,
    by_name: HashMap<String, usize>,
}

impl Columns {
    pub(super) fn named(names: &[&str]) -> Self {
        let column = |(ordinal, name): (usize, &&str)| Column { ordinal, name: (*name).to_owned() };
        let by_name = names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), at)).collect();
        Self { all: names.iter().enumerate().map(column).collect(), by_name }
    }

    pub(super) const fn len(&self) -> usize {
        self.all.len()
    }
}

/// A column; its values say themselves of which type they are.
#[derive(Debug)]
pub(crate) struct Column {
    ordinal: usize,
    name: String,
}

impl sqlx::Column for Column {
    type Database = Rusqlite;

    fn ordinal(&self) -> usize {
        self.ordinal
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn type_info(&self) -> &Kind {
        &Kind::Null
    }
}

/// A row, copied out of the statement.
pub(crate) struct Row {
    columns: Arc<Columns>,
    values: Vec<Value>,
    /// The column after the one that was asked for last: records mostly ask in the statement's order.
    next: AtomicUsize,
}

impl Row {
    pub(super) const fn new(columns: Arc<Columns>, values: Vec<Value>) -> Self {
        Self { columns, values, next: AtomicUsize::new(0) }
    }
}

impl sqlx::Row for Row {
    type Database = Rusqlite;

    fn columns(&self) -> &[Column] {
        &self.columns.all
    }

    fn try_get_raw<I: ColumnIndex<Self>>(&self, index: I) -> Result<Borrowed<'_>, Error> {
        let index = index.index(self)?;
        let len = self.values.len();
        self.values.get(index).map(Borrowed).ok_or(Error::ColumnIndexOutOfBounds { index, len })
    }
}

impl ColumnIndex<Row> for str {
    fn index(&self, row: &Row) -> Result<usize, Error> {
        let next = row.next.load(Ordering::Relaxed);
        let is_next = row.columns.all.get(next).is_some_and(|column| column.name == *self);
        let index = if is_next { Some(next) } else { row.columns.by_name.get(self).copied() };
        let index = index.ok_or_else(|| Error::ColumnNotFound(self.to_owned()))?;
        row.next.store(index + 1, Ordering::Relaxed);
        Ok(index)
    }
}

impl ColumnIndex<Row> for usize {
    fn index(&self, _: &Row) -> Result<usize, Error> {
        Ok(*self)
    }
}

// ---------------------------------------------------------------- values

/// What SQLite stores a value as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Integer,
    Real,
    Text,
    Blob,
}

impl Kind {
    const fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(_) => Self::Integer,
            Value::Real(_) => Self::Real,
            Value::Text(_) => Self::Text,
            Value::Blob(_) => Self::Blob,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(sqlx::TypeInfo::name(self))
    }
}

impl sqlx::TypeInfo for Kind {
    fn is_null(&self) -> bool {
        *self == Self::Null
    }

    fn name(&self) -> &str {
        match self {
            Self::Null => "NULL",
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Text => "TEXT",
            Self::Blob => "BLOB",
        }
    }
}

/// A value of a row.
#[derive(Clone, Copy)]
pub(crate) struct Borrowed<'r>(&'r Value);

impl<'r> Borrowed<'r> {
    fn is_no(self, kind: Kind) -> BoxDynError {
        format!("{} where {kind} is expected", Kind::of(self.0)).into()
    }

    fn integer(self) -> Result<i64, BoxDynError> {
        if let Value::Integer(value) = self.0 { Ok(*value) } else { Err(self.is_no(Kind::Integer)) }
    }

    fn text(self) -> Result<&'r str, BoxDynError> {
        if let Value::Text(value) = self.0 { Ok(value) } else { Err(self.is_no(Kind::Text)) }
    }

    fn blob(self) -> Result<&'r [u8], BoxDynError> {
        if let Value::Blob(value) = self.0 { Ok(value) } else { Err(self.is_no(Kind::Blob)) }
    }
}

impl<'r> sqlx::ValueRef<'r> for Borrowed<'r> {
    type Database = Rusqlite;

    fn to_owned(&self) -> Owned {
        Owned(self.0.clone())
    }

    fn type_info(&self) -> Cow<'_, Kind> {
        Cow::Owned(Kind::of(self.0))
    }

    fn is_null(&self) -> bool {
        *self.0 == Value::Null
    }
}

/// A value of its own.
pub(crate) struct Owned(Value);

impl sqlx::Value for Owned {
    type Database = Rusqlite;

    fn as_ref(&self) -> Borrowed<'_> {
        Borrowed(&self.0)
    }

    fn type_info(&self) -> Cow<'_, Kind> {
        Cow::Owned(Kind::of(&self.0))
    }

    fn is_null(&self) -> bool {
        self.0 == Value::Null
    }
}

/// The values that are bound to a statement.
#[derive(Default)]
pub(crate) struct Values(pub(super) Vec<Value>);

impl sqlx::Arguments for Values {
    type Database = Rusqlite;

    fn reserve(&mut self, additional: usize, _: usize) {
        self.0.reserve(additional);
    }

    fn add<'t, T>(&mut self, value: T) -> Result<(), BoxDynError>
    where
        T: Encode<'t, Rusqlite> + Type<Rusqlite>,
    {
        if value.encode(&mut self.0)?.is_null() {
            self.0.push(Value::Null);
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

// ---------------------------------------------------------------- types

/// What a type is stored as, how it becomes that, and how it is read again.
macro_rules! stored {
    ($($type:ty, $kind:ident, |$value:ident| $encoded:expr, |$stored:ident| $decoded:expr;)*) => {$(
        impl Type<Rusqlite> for $type {
            fn type_info() -> Kind {
                Kind::$kind
            }
        }
        impl Encode<'_, Rusqlite> for $type {
            fn encode_by_ref(&self, buffer: &mut Vec<Value>) -> Result<IsNull, BoxDynError> {
                let $value = self;
                buffer.push(Value::$kind($encoded));
                Ok(IsNull::No)
            }
        }
        impl Decode<'_, Rusqlite> for $type {
            fn decode($stored: Borrowed<'_>) -> Result<Self, BoxDynError> {
                Ok($decoded)
            }
        }
    )*};
}

stored! {
    bool, Integer, |value| i64::from(*value), |stored| stored.integer()? != 0;
    i32, Integer, |value| i64::from(*value), |stored| stored.integer()?.try_into()?;
    i64, Integer, |value| *value, |stored| stored.integer()?;
    String, Text, |value| value.clone(), |stored| stored.text()?.to_owned();
    Vec<u8>, Blob, |value| value.clone(), |stored| stored.blob()?.to_owned();
    Uuid, Blob, |value| value.as_bytes().to_vec(), |stored| Self::from_slice(stored.blob()?)?;
    DateTime<Utc>, Text, |value| value.to_rfc3339_opts(SecondsFormat::AutoSi, false),
        |stored| DateTime::parse_from_rfc3339(stored.text()?)?.to_utc();
}

impl Type<Rusqlite> for str {
    fn type_info() -> Kind {
        Kind::Text
    }
}

impl Encode<'_, Rusqlite> for &str {
    fn encode_by_ref(&self, buffer: &mut Vec<Value>) -> Result<IsNull, BoxDynError> {
        buffer.push(Value::Text((*self).to_owned()));
        Ok(IsNull::No)
    }
}

impl<'r> Decode<'r, Rusqlite> for &'r str {
    fn decode(stored: Borrowed<'r>) -> Result<Self, BoxDynError> {
        stored.text()
    }
}

impl<T> Type<Rusqlite> for Json<T> {
    fn type_info() -> Kind {
        Kind::Text
    }
}

impl<T: Serialize> Encode<'_, Rusqlite> for Json<T> {
    fn encode_by_ref(&self, buffer: &mut Vec<Value>) -> Result<IsNull, BoxDynError> {
        buffer.push(Value::Text(serde_json::to_string(&self.0)?));
        Ok(IsNull::No)
    }
}

impl<'r, T: Deserialize<'r>> Decode<'r, Rusqlite> for Json<T> {
    fn decode(stored: Borrowed<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_str(stored.text()?)?))
    }
}

sqlx_core::impl_encode_for_option!(Rusqlite);
