import type { Context, Link, Span as OtelSpan } from '@opentelemetry/api'
import type { ExportResult } from '@opentelemetry/core'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'
import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Attributes, Span, Tracing } from '../kernel/tracing.js'

/*
 * OpenTelemetry behind the port. Its libraries are loaded when traces are asked for and cost
 * nothing where they are not. Nothing of it is made global: spans come from our own code only,
 * because instrumentation by hooks would write down paths with their ids and a span for each hook.
 *
 * Everything but the endpoint is set by the specification's own variables, which the libraries read:
 * OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS, OTEL_BSP_*, OTEL_RESOURCE_ATTRIBUTES, ….
 */

export type TracingOptions = Readonly<{
  /** where spans are sent, OTLP over HTTP: `…/v1/traces` */
  url: string
  serviceName: string
  serviceVersion: string
  onFailure: (error: unknown) => void
}>

const load = async () => {
  const [api, { W3CTraceContextPropagator }, resources, { BasicTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'), import('@opentelemetry/core'), import('@opentelemetry/resources'), import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http')
  ])
  return { api, W3CTraceContextPropagator, resources, BasicTracerProvider, BatchSpanProcessor, OTLPTraceExporter }
}

/** How long the end of the service waits for a collector that does not answer. */
const closeMs = 5_000

/** An exporter whose failures are told: the library keeps them to itself. */
const telling = (exporter: SpanExporter, onFailure: (error: unknown) => void): SpanExporter => ({
  export: (spans: ReadableSpan[], done: (result: ExportResult) => void) => {
    exporter.export(spans, (result) => {
      if (result.error) onFailure(result.error)
      done(result)
    })
  },
  shutdown: () => exporter.shutdown()
})

/** A tracing that sends what it sees, until it is stopped; then it sends the rest. */
export const openTracing = async ({ url, serviceName, serviceVersion, onFailure }: TracingOptions) => {
  const { api, W3CTraceContextPropagator, resources, BasicTracerProvider, BatchSpanProcessor, OTLPTraceExporter } = await load()
  const resource = resources.defaultResource()
    .merge(resources.resourceFromAttributes({ 'service.name': serviceName, 'service.version': serviceVersion }))
    // What the operator says of the deployment counts for more.
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(telling(new OTLPTraceExporter({ url }), onFailure))] })
  const tracer = provider.getTracer('ticun', serviceVersion)
  const propagator = new W3CTraceContextPropagator()
  const running = new AsyncLocalStorage<Span>()
  const contexts = new WeakMap<Span, Context>()
  const spans = new WeakMap<Span, OtelSpan>()
  const kinds = { server: api.SpanKind.SERVER, client: api.SpanKind.CLIENT, internal: api.SpanKind.INTERNAL }

  const contextOf = (parent: Span | undefined, traceparent: string | undefined): Context => {
    if (parent) return contexts.get(parent) ?? api.ROOT_CONTEXT
    return traceparent === undefined ? api.ROOT_CONTEXT : propagator.extract(api.ROOT_CONTEXT, { traceparent }, api.defaultTextMapGetter)
  }

  const linksTo = (others: readonly Span[]): Link[] => others.flatMap((other) => {
    const span = spans.get(other)
    return span ? [{ context: span.spanContext() }] : []
  })

  const tracing: Tracing = {
    active: () => running.getStore(),
    begin: (name, { kind = 'internal', attributes = {}, parent, links = [], traceparent }) => {
      const context = contextOf(parent, traceparent)
      const made = tracer.startSpan(name, { kind: kinds[kind], attributes, links: linksTo(links) }, context)
      const span: Span = {
        within: (run) => running.run(span, run),
        set: (more: Attributes) => { made.setAttributes(more) },
        end: (failure) => {
          if (failure !== undefined) {
            made.setAttribute('error.type', failure)
            made.setStatus({ code: api.SpanStatusCode.ERROR })
          }
          made.end()
        }
      }
      spans.set(span, made)
      contexts.set(span, api.trace.setSpan(context, made))
      return span
    }
  }

  return {
    tracing,
    close: (): Promise<void> => Promise.race([provider.shutdown().catch(onFailure), sleep(closeMs, undefined, { ref: false })])
  }
}
