//! The OpenID Provider, as apps see it.
