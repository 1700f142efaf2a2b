//! Between the wire's types and this crate's own: conversion, and nothing else.
//!
//! No other module names a generated type.

mod plugin;
mod requests;
mod responses;
mod routes;
mod schema;
mod service;

pub(crate) use routes::routes;
