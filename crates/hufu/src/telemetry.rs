//! Logs, traces and metrics.

use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderMap, HeaderName};
use anyhow::{Context as _, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{TraceContextExt as _, TraceId, TracerProvider as _};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator, SdkTracerProvider};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::settings::{LogFormat, Telemetry};

/// Ends the telemetry when dropped: what is buffered is sent.
#[derive(Debug, Default)]
pub struct Guard(Option<SdkTracerProvider>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(provider) = self.0.take()
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Starts logging, and tracing if an endpoint is set. Once a process.
pub fn start(settings: &Telemetry) -> Result<Guard> {
    let filter = EnvFilter::try_new(&settings.log).context("telemetry.log is not usable")?;
    let lines = match settings.format {
        LogFormat::Json => tracing_subscriber::fmt::layer().json().flatten_event(true).boxed(),
        LogFormat::Text => tracing_subscriber::fmt::layer().with_target(false).boxed(),
    };
    let registry = tracing_subscriber::registry().with(filter).with(lines);
    let Some(endpoint) = &settings.otlp_endpoint else {
        registry.try_init()?;
        return Ok(Guard::default());
    };
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_http_client(OnRuntime::new()?)
        .with_endpoint(endpoint)
        .build()
        .context("telemetry.otlp_endpoint is not usable")?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(Resource::builder().with_service_name("hufu").build())
        .build();
    let traces = tracing_opentelemetry::layer().with_tracer(provider.tracer("hufu"));
    registry.with(traces).try_init()?;
    COLLECTED.get_or_init(|| ());
    Ok(Guard(Some(provider)))
}

/// The client of the collector. The exporter has a thread of its own, where no request can be made:
/// requests are made on the runtime.
#[derive(Debug)]
struct OnRuntime {
    client: reqwest::Client,
    runtime: tokio::runtime::Handle,
}

/// How long a collector may take.
const COLLECTOR_PATIENCE: Duration = Duration::from_secs(5);

impl OnRuntime {
    fn new() -> Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(COLLECTOR_PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client, runtime: tokio::runtime::Handle::try_current()? })
    }
}

/// What `HttpClient` answers.
type Sent<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for OnRuntime {
    fn send_bytes<'life, 'sent>(&'life self, request: Request<Bytes>) -> Sent<'sent>
    where
        'life: 'sent,
        Self: 'sent,
    {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move { client.send_bytes(request).await });
        Box::pin(async move { sent.await? })
    }
}

/// The process's metrics.
pub fn metrics() -> &'static PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| {
        const SECONDS: [f64; 11] =
            [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
        let matcher = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(matcher, &SECONDS);
        let recorder = builder.map(PrometheusBuilder::build_recorder);
        // The only error is an empty list of buckets.
        let recorder = recorder.unwrap_or_else(|_| PrometheusBuilder::new().build_recorder());
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("somebody else takes the metrics");
        }
        handle
    })
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// Whether spans go to a collector.
static COLLECTED: OnceLock<()> = OnceLock::new();

/// The span of a request: a child of the caller's, if it sent one (W3C Trace Context). Without a
/// collector the id is still worth having in the log: the caller's, or a new one.
pub(crate) fn request_span(request: &ServiceRequest) -> Span {
    let parent = TraceContextPropagator::new().extract(&Headers(request.headers()));
    let caller = parent.span().span_context().trace_id();
    if COLLECTED.get().is_some() {
        return collected_span(parent, caller);
    }
    let trace_id = match caller {
        TraceId::INVALID => RandomIdGenerator::default().new_trace_id(),
        caller => caller,
    };
    // Named at once: what is recorded later makes the log read the span's fields again.
    tracing::info_span!("request", %trace_id)
}

/// The same for a collector, which says which trace it is.
fn collected_span(parent: Context, caller: TraceId) -> Span {
    let span = tracing::info_span!(
        "request",
        otel.kind = "server",
        trace_id = tracing::field::Empty,
        status = tracing::field::Empty,
    );
    if span.is_disabled() {
        return span;
    }
    // Fails only where there is no layer that takes the parent.
    let _ = span.set_parent(parent);
    let own = span.context().span().span_context().trace_id();
    let trace_id = if own == TraceId::INVALID { caller } else { own };
    span.record("trace_id", tracing::field::display(trace_id));
    span
}

/// Headers that carry the current trace on to whom we call.
pub(crate) fn trace_headers() -> Vec<(&'static str, String)> {
    let mut carrier = std::collections::HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.remove("traceparent").map(|value| ("traceparent", value)).into_iter().collect()
}
