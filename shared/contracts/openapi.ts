import { type Rule, adminAccess } from './adminAccess.ts'
import { type AdminRouteName, adminRoutes } from './adminApi.ts'
import type { AdminRoute } from './adminRoute.ts'
import { clientRoutes } from './clientApi.ts'
import { ErrorAnswer } from './objects.ts'
import type { CallerKind, Route } from './route.ts'

type Document = Record<string, unknown>

const SECURITY: Record<CallerKind, string | null> = {
  secret: 'secretKey',
  publishable: 'publishableKey',
  endUser: 'endUserToken',
  run: 'runToken',
  public: null,
}

const SCHEMES = {
  secretKey: { type: 'http', scheme: 'bearer', description: 'The customer’s server: av_sk_…' },
  publishableKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'A widget on a web page of an allowed origin: av_pk_…',
  },
  runToken: {
    type: 'http',
    scheme: 'bearer',
    description: 'An agent app that carries out one run: the token from its header AgentView-Run-Token, av_rt_…',
  },
  endUserToken: { type: 'http', scheme: 'bearer', description: 'A JWT of one end user' },
}

const ADMIN_SCHEMES = {
  login: {
    type: 'apiKey',
    in: 'cookie',
    name: 'agentview.session_token',
    description: 'Set by `POST /admin/v1/login`. Requests that are no GET also carry the header AgentView-CSRF.',
  },
}

/** The OpenAPI 3.1 document of the Client API, generated from the same schemas that validate requests. */
export function openApiDocument(version: string): Document {
  return documentOf('AgentView Client API', version, clientRoutes, SCHEMES, ({ callers }) =>
    callers.flatMap((caller) => (SECURITY[caller] ? [{ [SECURITY[caller]]: [] }] : [])),
  )
}

/** The same of the Admin API; each route says what role it takes. */
export function adminOpenApiDocument(version: string): Document {
  const routes = Object.entries<AdminRoute>(adminRoutes).map(([name, route]) => {
    const rule: Rule = adminAccess[name as AdminRouteName]
    const needs = rule === 'anyone' ? 'anyone' : rule === 'person' ? 'whoever is logged in' : `at least ${rule}`
    return [name, { ...route, rule, summary: `${route.summary} (${needs})` }] as const
  })
  return documentOf('AgentView Admin API', version, Object.fromEntries(routes), ADMIN_SCHEMES, ({ rule }) =>
    rule === 'anyone' ? [] : [{ login: [] }],
  )
}

type Documented = AdminRoute & Pick<Route, 'idempotent'>

function documentOf<One extends Documented>(
  title: string,
  version: string,
  routes: Readonly<Record<string, One>>,
  securitySchemes: Document,
  securityOf: (route: One) => Document[],
): Document {
  const paths: Record<string, Document> = {}
  for (const [operationId, route] of Object.entries(routes)) {
    const documented = operation(operationId, route, securityOf(route))
    paths[route.path] = { ...paths[route.path], [route.method]: documented }
  }
  return {
    openapi: '3.1.0',
    info: { title, version },
    paths,
    components: { securitySchemes, responses: { Error: { description: 'Refused', content: json(ErrorAnswer) } } },
  }
}

function operation(operationId: string, route: Documented, security: Document[]): Document {
  return {
    operationId,
    summary: route.summary,
    security,
    parameters: parameters(route),
    ...(route.body && { requestBody: { required: true, content: json(route.body) } }),
    responses: responses(route),
  }
}

function parameters(route: Documented): Document[] {
  const all = [...members(route.params, 'path'), ...members(route.query, 'query')]
  if (route.idempotent) all.push({ name: 'Idempotency-Key', in: 'header', schema: { type: 'string', maxLength: 255 } })
  return all
}

function members(schema: unknown, place: 'path' | 'query'): Document[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, unknown>
    required?: string[]
  }
  return Object.entries(properties).map(([name, member]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: member,
  }))
}

function responses(route: Documented): Document {
  const answers: Document = { default: { $ref: '#/components/responses/Error' } }
  for (const [status, schema] of Object.entries(route.responses)) {
    answers[status] = { description: route.summary, ...(schema && { content: json(schema) }) }
  }
  if (route.stream) {
    const ok = (answers['200'] ?? { description: route.summary }) as { content?: Document }
    const streamed = {
      'text/event-stream': {
        schema: { type: 'string', description: 'Frames of id, event and data; data is the event' },
      },
    }
    answers['200'] = { ...ok, content: { ...ok.content, ...streamed } }
  }
  return answers
}

function json(schema: unknown): Document {
  return { 'application/json': { schema } }
}
