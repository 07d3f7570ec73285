//! Ready settings of well-known products for an app: what to paste where, and what of the app has to
//! be otherwise for it.

mod products;

use actix_web::get;
use serde::Serialize;
use store::app::App;
use store::protocol::Profile;
use utoipa::ToSchema;

use self::products::{PRODUCTS, Places, Product};
use crate::answer::Answer;
use crate::apps::find;
use crate::caller::TenantCaller;
use crate::problem::{Problem, Result};

/// A product that settings can be given for.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProductView {
    /// Its name in the path.
    #[schema(example = "grafana")]
    product: &'static str,
    /// Its name.
    #[schema(example = "Grafana")]
    title: &'static str,
    /// Where it takes the answer, after its own address.
    #[schema(example = "/login/generic_oauth")]
    callback_path: &'static str,
}

/// The products.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProductList {
    /// All of them.
    items: Vec<ProductView>,
}

/// Ready settings of a product.
#[derive(Serialize, ToSchema)]
pub(crate) struct Integration {
    /// Which product.
    #[schema(example = "grafana")]
    product: &'static str,
    /// Its name.
    #[schema(example = "Grafana")]
    title: &'static str,
    /// Where the settings belong.
    #[schema(example = "grafana.ini")]
    file: &'static str,
    /// The settings. The client secret stands as `CLIENT_SECRET`: only you have it.
    #[schema(example = "[auth.generic_oauth]\nenabled = true\n…")]
    content: String,
    /// The redirect URI that the product uses.
    #[schema(example = "https://grafana.acme.example/login/generic_oauth")]
    redirect_uri: String,
    /// What has to be changed of the app first; nothing, if it is ready.
    changes: Vec<NeededChange>,
}

/// Something of the app that the product cannot do with.
#[derive(Serialize, ToSchema)]
pub(crate) struct NeededChange {
    /// Which field of the app.
    #[schema(example = "id_token_signed_response_alg")]
    field: &'static str,
    /// What it has to be, or to have.
    #[schema(example = "RS256")]
    needed: String,
    /// Why.
    #[schema(example = "Spring Security expects RS256 unless told otherwise in code.")]
    why: &'static str,
}

/// List the products that ready settings can be given for
#[utoipa::path(tag = "Apps", operation_id = "listIntegrations",
    responses((status = 200, description = "The products", body = ProductList)))]
#[get("/tenants/{tenant}/apps/{app}/integrations")]
pub(crate) async fn list(call: TenantCaller) -> Result<Answer> {
    find(&call, &mut call.scope()).await?;
    let view = |product: &Product| ProductView {
        product: product.name,
        title: product.title,
        callback_path: product.callback_path,
    };
    Answer::ok(&ProductList { items: PRODUCTS.iter().map(view).collect() })
}

/// Read ready settings of a product
///
/// Paste them, put in the client secret, and change the app where the answer says so.
#[utoipa::path(tag = "Apps", operation_id = "getIntegration",
    responses((status = 200, description = "The settings", body = Integration)))]
#[get("/tenants/{tenant}/apps/{app}/integrations/{product}")]
pub(crate) async fn read(call: TenantCaller) -> Result<Answer> {
    let app = find(&call, &mut call.scope()).await?;
    let name = call.name("product");
    let product = PRODUCTS.iter().find(|product| product.name == name);
    let product = product.ok_or_else(Problem::not_found)?;
    let scheme = &call.console().scheme;
    let issuer = oidc::Issuer::new(scheme, &call.tenant.host).to_string();
    Answer::ok(&integration(product, &app, issuer, &call.tenant.display_name))
}

fn integration(product: &Product, app: &App, issuer: String, tenant: &str) -> Integration {
    let mut registered = app.redirect_uris.values.iter();
    let base = registered.find_map(|uri| uri.strip_suffix(product.callback_path));
    let base = base.map_or_else(|| format!("https://{}.example.com", product.name), str::to_owned);
    let places = Places {
        redirect_uri: format!("{base}{}", product.callback_path),
        client_id: app.id.to_string(),
        label: tenant.replace(['"', '\'', '\\', '\n', '\r'], " "),
        alg: app.id_token_alg.as_str(),
        issuer,
        base,
    };
    Integration {
        product: product.name,
        title: product.title,
        file: product.file,
        content: (product.settings)(&places),
        changes: changes(product, app, &places),
        redirect_uri: places.redirect_uri,
    }
}

fn changes(product: &Product, app: &App, places: &Places) -> Vec<NeededChange> {
    let mut changes = Vec::new();
    if !app.redirect_uris.values.contains(&places.redirect_uri) {
        changes.push(NeededChange {
            field: "redirect_uris",
            needed: places.redirect_uri.clone(),
            why: "The product takes the answer there: put its own host in.",
        });
    }
    if app.token_endpoint_auth_method != product.auth_method {
        changes.push(NeededChange {
            field: "token_endpoint_auth_method",
            needed: product.auth_method.to_string(),
            why: "It is how the product proves itself with these settings.",
        });
    }
    if let Some((alg, why)) = product.alg.filter(|(alg, _)| *alg != app.id_token_alg) {
        let field = "id_token_signed_response_alg";
        changes.push(NeededChange { field, needed: alg.to_string(), why });
    }
    if !product.pkce && app.protocol.profile != Profile::OidcBasic {
        changes.push(NeededChange {
            field: "profile",
            needed: Profile::OidcBasic.to_string(),
            why: "The product does not send PKCE.",
        });
    }
    changes
}
