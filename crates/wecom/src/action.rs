//! What to do about an `errcode`: the global list [D 90313] in one table.

/// What a refusal asks of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// WeCom is busy: try again, at most three times, with growing pauses.
    Retry,
    /// The token is stale: fetch one and repeat the call once. The client does it by itself; who
    /// sees this got the same answer twice.
    RefreshToken,
    /// The code, the ticket or the installation's code can't be used any more: begin anew.
    RestartSignIn,
    /// Something is wrong with the app, the corp or the authorisation: only an administrator (or
    /// the provider) can mend it. [`crate::remedy()`] says where.
    TellAdministrator,
    /// The member is not there or is hidden from the app. Not proof of deletion: the visible range
    /// does the same, so that an account must not be deleted for it.
    NotAMember,
    /// A limit was hit: nothing helps before its window has passed.
    Wait,
    /// A mistake on our side, or a code that is not in the list.
    GiveUp,
}

impl Action {
    /// The action for an `errcode` of the server API.
    pub fn for_errcode(errcode: i64) -> Self {
        match errcode {
            -1 | 6000 | 45033 | 45035 => Self::Retry,
            // The last three are about tickets and suites
            40014 | 42001 | 42012 | 40082 | 42009 => Self::RefreshToken,
            40029 | 42003 | 42022 | 84014 | 84015 | 90210 | 40205 | 40207 | 40077 | 42007
            | 40078 => Self::RestartSignIn,
            _ if is_administrators(errcode) => Self::TellAdministrator,
            40003 | 92000 | 43004 | 40073 | 40208 | 50002 | 60003 | 60123 | 60004 | 60011
            | 60021 | 60111 | 46004 | 81013 | 301_021 => Self::NotAMember,
            45009 | 45036 | 85004 | 40085 => Self::Wait,
            _ => Self::GiveUp,
        }
    }
}

/// Configuration of the app or the corp, then what lies between corp and provider.
fn is_administrators(errcode: i64) -> bool {
    let configuration = matches!(
        errcode,
        40001
            | 40013
            | 40091
            | 45031
            | 40056
            | 301_002
            | 50003
            | 50006
            | 60031
            | 301_007
            | 40141
            | 43009
            | 2_000_002
            | 40057
            | 50001
            | 92001
            | 40133
            | 40134
            | 40209
            | 40210
            | 48001
            | 48002
            | 48006
            | 48008
            | 48009
            | 60020
            | 301_042
            | 670_001
            | 45024
            | 85005
            | 85008
            | 85111
            | 80001
            | 40102
            | 43012
    );
    let provider = matches!(
        errcode,
        48004 | 40080 | 40083 | 40084 | 40136 | 40137 | 701_008 | 701_016 | 701_099
    );
    configuration || provider
}
