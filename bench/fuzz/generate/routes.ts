import type { Schema } from './fromSchema.ts'

/** A route as the OpenAPI document describes it: all that the fuzzing knows of it. */
export interface FuzzedRoute {
  operationId: string
  method: string
  /** `/v1/sessions/{sessionId}` */
  path: string
  /** The kinds of credential that the document names; empty: none is needed. */
  security: string[]
  params: Record<string, Schema>
  query: Record<string, Schema>
  headers: Record<string, Schema>
  body: Schema | null
  /** By status; null: without a body. `default` is what every refusal looks like. */
  responses: Record<string, Record<string, Schema> | null>
  /** Its stream is of another protocol. */
  isForeign?: true
}

interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  schema: Schema
}

type Content = Record<string, { schema: Schema }>

interface Response {
  $ref?: string
  content?: Content
}

interface Operation {
  operationId: string
  security?: Record<string, unknown>[]
  parameters?: Parameter[]
  requestBody?: { content: Content }
  responses: Record<string, Response>
}

export interface OpenApi {
  paths: Record<string, Record<string, Operation>>
  components: { responses: Record<string, Response> }
}

export function routesOf(document: OpenApi): FuzzedRoute[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => routeOf(document, path, method, operation)),
  )
}

/** Those of these operation ids; all without. Throws when there is none of a name. */
export function chosenRoutes(all: FuzzedRoute[], names: string[] | undefined): FuzzedRoute[] {
  if (!names) return all
  return names.map((name) => {
    const route = all.find(({ operationId }) => operationId === name)
    if (route) return route
    throw new Error(`there is no route ${name}; there are ${all.map(({ operationId }) => operationId).join(', ')}`)
  })
}

function routeOf(document: OpenApi, path: string, method: string, operation: Operation): FuzzedRoute {
  const { operationId, parameters = [], security = [], requestBody } = operation
  const place = (where: Parameter['in']) =>
    Object.fromEntries(parameters.filter((one) => one.in === where).map(({ name, schema }) => [name, schema]))
  return {
    operationId,
    method: method.toUpperCase(),
    path,
    security: security.flatMap((one) => Object.keys(one)),
    params: place('path'),
    query: place('query'),
    headers: place('header'),
    body: requestBody?.content['application/json']?.schema ?? null,
    responses: Object.fromEntries(
      Object.entries(operation.responses).map(([status, response]) => [status, schemasOf(document, response)]),
    ),
  }
}

function schemasOf(document: OpenApi, response: Response): Record<string, Schema> | null {
  const named = response.$ref?.split('/').at(-1)
  const { content } = named === undefined ? response : (document.components.responses[named] ?? {})
  return content ? Object.fromEntries(Object.entries(content).map(([type, { schema }]) => [type, schema])) : null
}
