//! Missing values: where a sign-in by QR code tells no phone number, the person can have it fetched.

use store::tenant::Tenant;

use crate::Broker;
use crate::arrive::{Completed, To};
use crate::complete::Proven;
use crate::error::{Reason, Refused, Result};

impl Broker {
    /// On a phone: the person has authorised the fetching of missing values for a sign-in elsewhere.
    pub(crate) async fn authorised(
        &self,
        _tenant: &Tenant,
        proven: &Proven<'_>,
        _ticket: &str,
    ) -> Result<Completed> {
        let _ = To::Consent(proven.interaction.id.clone());
        Err(Refused::within(Reason::TicketUnknown, proven.interaction).into())
    }
}
