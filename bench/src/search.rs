//! `bench search`: how long a search takes among many users. In this process, without HTTP: what is
//! measured is the statement.

use std::time::Instant;

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use store::id::TenantId;
use store::normal::{Email, Handle, Phone};
use store::user::UserStatus;
use store::user_search::{self, Search};
use store::{Database, DatabaseUrl, Env, TenantRead};
use url::Url;

use crate::installation::address;
use crate::report::{Row, micros_as_millis, note};

/// Options of `search`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Users of the tenant.
    #[arg(long, default_value_t = 1_000_000)]
    users: u32,
    /// Searches of each kind.
    #[arg(long, default_value_t = 1_000)]
    searches: u32,
}

/// Rows that are asked for.
const LIMIT: u32 = 50;

/// Measures on PostgreSQL, at `HUFU_BENCH_POSTGRES` or `HUFU_TEST_POSTGRES`, in a database of its own
/// that is gone afterwards.
pub(crate) async fn run(options: &Options) -> Result<Vec<Row>> {
    let admin = address("POSTGRES")?;
    let name = format!("hufu_bench_{}", std::process::id());
    let mut url: Url = admin.parse().context("HUFU_BENCH_POSTGRES is not a URL")?;
    url.set_path(&name);
    let mut connection = PgConnection::connect(&admin).await?;
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    let rows = measure(url.as_str(), options).await;
    let drop = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
    connection.execute(drop).await?;
    rows
}

async fn measure(url: &str, options: &Options) -> Result<Vec<Row>> {
    let env = Env::system();
    let database = Database::open(&DatabaseUrl::Postgres(url.to_owned()), 4).await?;
    database.migrate().await?;
    let mut connection = PgConnection::connect(url).await?;
    let tenant = TenantId(env.ordered_id()?);
    let began = Instant::now();
    fill(&mut connection, [tenant, TenantId(env.ordered_id()?)], options.users).await?;
    note(&format!("{} users made in {:.0} s", options.users, began.elapsed().as_secs_f64()));
    let keys = std::sync::Arc::new(store::KeyRing::ephemeral(&env)?);
    let ephemeral = store::Ephemeral::memory(store::ephemeral::MemorySettings::default());
    let scope = store::Store {
        database,
        ephemeral,
        env: env.clone(),
        keys,
        logout_due: std::sync::Arc::default(),
    }
    .tenant(tenant);
    let scans = table_scans(&mut connection).await?;
    let mut rows = Vec::new();
    for (what, status, search) in kinds() {
        let numbers = Numbers { env: &env, below: options.users };
        rows.push(one_kind(&scope, options.searches, what, status, search, &numbers).await?);
    }
    let scans = table_scans(&mut connection).await? - scans;
    rows.push(Row::new("reads of the whole table meanwhile", scans.to_string()).aim("0"));
    Ok(rows)
}

/// Random numbers of users.
struct Numbers<'e> {
    env: &'e Env,
    below: u32,
}

impl Numbers<'_> {
    fn next(&self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.env.bytes()?) % self.below)
    }
}

type Make = fn(u32) -> Search;

/// What is searched for. Surnames are those of `fill`.
fn kinds() -> [(&'static str, Option<UserStatus>, Make); 9] {
    let suspended = Some(UserStatus::Suspended);
    [
        ("a surname of 50,000 people", None, |at| Search::starting(SURNAMES[at as usize % 20].0)),
        ("a user name's beginning, 50,000 have it", None, |at| {
            Search::starting(SURNAMES[at as usize % 20].1)
        }),
        ("one letter", None, |at| Search::starting(["z", "w", "1", "e", "l"][at as usize % 5])),
        ("most of a phone number", None, |at| Search::starting(&phone(at)[3..12])),
        ("most of a user name", None, |at| Search::starting(&user_name(at))),
        ("nobody", None, |at| Search::starting(&format!("nobody {at}"))),
        ("a surname, of suspended people only", suspended, |at| {
            Search::starting(SURNAMES[at as usize % 20].0)
        }),
        ("an external id, exactly", None, |at| {
            Handle::parse(&format!("E{at:08}"))
                .map_or_else(|_| Search::default(), |id| Search::external_id(&id))
        }),
        ("a mail address or phone number, exactly", None, |at| match at % 2 {
            0 => Email::parse(&format!("{}@example.com", user_name(at)))
                .map_or_else(|_| Search::default(), |email| Search::email(&email)),
            _ => Phone::parse(&phone(at))
                .map_or_else(|_| Search::default(), |phone| Search::phone_number(&phone)),
        }),
    ]
}

async fn one_kind(
    scope: &TenantRead,
    searches: u32,
    what: &str,
    status: Option<UserStatus>,
    search: Make,
    numbers: &Numbers<'_>,
) -> Result<Row> {
    let mut times = Histogram::<u64>::new(3)?;
    let mut found = 0;
    for _ in 0..searches {
        let search = search(numbers.next()?);
        let began = Instant::now();
        let answer = user_search::search(&mut scope.clone(), search, status, LIMIT).await?;
        times.record(u64::try_from(began.elapsed().as_micros())?)?;
        found += answer.items.len();
    }
    let [middle, late, most] =
        [times.value_at_quantile(0.5), times.value_at_quantile(0.99), times.max()];
    let figure = format!(
        "{} / {} / {} ({:.1} found)",
        micros_as_millis(middle),
        micros_as_millis(late),
        micros_as_millis(most),
        f64::from(u32::try_from(found)?) / f64::from(searches.max(1)),
    );
    Ok(Row::new(format!("search for {what}: p50 / p99 / most"), figure).aim("p99 < 10 ms"))
}

/// How often PostgreSQL has read all users one by one.
async fn table_scans(connection: &mut PgConnection) -> Result<i64> {
    // What a connection has done is counted a moment later.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    connection.execute("SELECT pg_stat_clear_snapshot()").await?;
    let query = "SELECT coalesce(seq_scan, 0) FROM pg_stat_user_tables WHERE relname = 'users'";
    Ok(sqlx::query_scalar(query).fetch_one(connection).await?)
}

const SURNAMES: [(&str, &str); 20] = [
    ("王", "wang"),
    ("李", "li"),
    ("张", "zhang"),
    ("刘", "liu"),
    ("陈", "chen"),
    ("杨", "yang"),
    ("黄", "huang"),
    ("赵", "zhao"),
    ("吴", "wu"),
    ("周", "zhou"),
    ("徐", "xu"),
    ("孙", "sun"),
    ("马", "ma"),
    ("朱", "zhu"),
    ("胡", "hu"),
    ("郭", "guo"),
    ("何", "he"),
    ("高", "gao"),
    ("林", "lin"),
    ("罗", "luo"),
];

fn user_name(at: u32) -> String {
    format!("{}.{at}", SURNAMES[at as usize % 20].1)
}

fn phone(at: u32) -> String {
    format!("+861{:010}", 3_000_000_000 + u64::from(at) * 6_000)
}

/// Makes the users, as `user_name` and `phone` say; one of a hundred is suspended, every third has
/// signed in. A quarter as many are another tenant's.
async fn fill(
    connection: &mut PgConnection,
    [tenant, other]: [TenantId; 2],
    users: u32,
) -> Result<()> {
    let list = |which: fn(&(&'static str, &'static str)) -> &'static str| {
        SURNAMES.iter().map(which).collect::<Vec<_>>().join("','")
    };
    let (names, letters) = (list(|pair| pair.0), list(|pair| pair.1));
    for (tenant, users) in [(tenant, users), (other, users / 4)] {
        let texts = [
            format!(
                "INSERT INTO tenants (id, host, display_name, status, version, created_at, updated_at)
                 VALUES ('{tenant}', '{tenant}.example', 'Bench', 'active', 1, now(), now())"
            ),
            format!(
                "INSERT INTO users (tenant_id, id, status, origin, version, created_at, updated_at,
                 name, name_key, username, username_key, external_id, external_id_key, email, email_key,
                 email_verified, phone_number, phone_key, phone_number_verified)
                 SELECT '{tenant}', gen_random_uuid(),
                 CASE WHEN i % 100 = 7 THEN 'suspended' ELSE 'active' END, 'console', 1,
                 now() - i * interval '1 second', now(), n, convert_to(n, 'UTF8'), u,
                 convert_to(u, 'UTF8'), 'E' || lpad(i::text, 8, '0'),
                 convert_to('e' || lpad(i::text, 8, '0'), 'UTF8'), u || '@example.com',
                 convert_to(u || '@example.com', 'UTF8'), TRUE, p, convert_to(p, 'UTF8'), TRUE
                 FROM (SELECT i, (ARRAY['{names}'])[1 + i % 20] || chr(19968 + (i * 791) % 20000)
                         || chr(19968 + (i * 1047) % 20000) AS n,
                     (ARRAY['{letters}'])[1 + i % 20] || '.' || i AS u,
                     '+861' || (3000000000 + i::bigint * 6000) AS p
                     FROM generate_series(0, {users} - 1) i) made"
            ),
            format!(
                "INSERT INTO identities (tenant_id, id, user_id, provider, corp_id, subject, userid,
                 created_at, last_sign_in_at)
                 SELECT tenant_id, gen_random_uuid(), id, 'wecom', 'wwbench', username, username, now(),
                 now() FROM users WHERE tenant_id = '{tenant}' AND length(username) % 3 = 0"
            ),
        ];
        for text in texts {
            connection.execute(AssertSqlSafe(text)).await?;
        }
    }
    connection.execute("VACUUM ANALYZE").await?;
    Ok(())
}
