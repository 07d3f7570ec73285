//! What sqlx asks of a database beyond its rows, and nobody has: connections, transactions, statements.

use std::str::FromStr;

use sqlx::{Either, Error, SqlStr};

use super::driver::{Column, Kind, Rusqlite, Values};

/// There is none.
#[derive(Debug, Clone)]
pub(crate) enum Never {}

/// What no statement has done.
#[derive(Debug, Default)]
pub(crate) struct Nothing;

impl Extend<Self> for Nothing {
    fn extend<T: IntoIterator<Item = Self>>(&mut self, _: T) {}
}

impl FromStr for Never {
    type Err = Error;

    fn from_str(_: &str) -> Result<Self, Error> {
        Err(Error::Configuration("rows that are read in place have no connection".into()))
    }
}

impl sqlx::ConnectOptions for Never {
    type Connection = Self;

    fn from_url(_: &url::Url) -> Result<Self, Error> {
        "".parse()
    }

    async fn connect(&self) -> Result<Self, Error> {
        match *self {}
    }

    fn log_statements(self, _: log::LevelFilter) -> Self {
        match self {}
    }

    fn log_slow_statements(self, _: log::LevelFilter, _: std::time::Duration) -> Self {
        match self {}
    }
}

impl sqlx::Connection for Never {
    type Database = Rusqlite;
    type Options = Self;

    async fn close(self) -> Result<(), Error> {
        match self {}
    }

    async fn close_hard(self) -> Result<(), Error> {
        match self {}
    }

    async fn ping(&mut self) -> Result<(), Error> {
        match *self {}
    }

    async fn begin(&mut self) -> Result<sqlx::Transaction<'_, Rusqlite>, Error> {
        match *self {}
    }

    fn shrink_buffers(&mut self) {
        match *self {}
    }

    async fn flush(&mut self) -> Result<(), Error> {
        match *self {}
    }

    fn should_flush(&self) -> bool {
        match *self {}
    }
}

impl sqlx_core::transaction::TransactionManager for Never {
    type Database = Rusqlite;

    async fn begin(never: &mut Self, _: Option<SqlStr>) -> Result<(), Error> {
        match *never {}
    }

    async fn commit(never: &mut Self) -> Result<(), Error> {
        match *never {}
    }

    async fn rollback(never: &mut Self) -> Result<(), Error> {
        match *never {}
    }

    fn start_rollback(never: &mut Self) {
        match *never {}
    }

    fn get_transaction_depth(never: &Self) -> usize {
        match *never {}
    }
}

impl sqlx::Statement for Never {
    type Database = Rusqlite;

    fn into_sql(self) -> SqlStr {
        match self {}
    }

    fn sql(&self) -> &SqlStr {
        match *self {}
    }

    fn parameters(&self) -> Option<Either<&[Kind], usize>> {
        match *self {}
    }

    fn columns(&self) -> &[Column] {
        match *self {}
    }

    sqlx_core::impl_statement_query!(Values);
}
