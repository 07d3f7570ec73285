//! A value that the person types.

use actix_web::web::Bytes;
use actix_web::{HttpResponse, Responder};
use broker::Typed;
use store::policy::MatchField;

use crate::bind::BIND;
use crate::context::Context;
use crate::failure::Failure;
use crate::forms::{address_field, again, field};
use crate::forward::answer_next;
use crate::login::interaction_id;
use crate::pages::Notice;

/// `POST /bind/typed`: WeCom is asked whose it is.
pub(crate) async fn post(context: Context, body: Bytes) -> impl Responder {
    let result = confirm(&context, &body).await;
    context.answer(result).await
}

async fn confirm(context: &Context, body: &Bytes) -> Result<HttpResponse, Failure> {
    let params = context.own_form(body, BIND)?;
    let id = interaction_id(&params)?;
    let result = async {
        let named = field(&params, "field")?;
        let field = MatchField::ALL.iter().find(|field| field.as_str() == named);
        let address = address_field(&params)?;
        let typed = field.and_then(|field| Typed::of(*field, address));
        let typed = typed.ok_or(Failure::Notice(Notice::InvalidInput))?;
        let (tenant, visitor) = (&context.tenant, &context.visitor);
        let next = context.site.broker.confirm_typed(tenant, &id, visitor, &typed).await?;
        answer_next(context, &next)
    };
    again(result.await, &format!("/bind?interaction={id}"))
}
