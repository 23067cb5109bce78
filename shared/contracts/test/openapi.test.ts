import { describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { isObject } from '@shared/domain/json'
import { STREAM_ROUTES, clientRoutes } from '../clientApi.ts'
import { openApiDocument } from '../openapi.ts'
import type { Route } from '../route.ts'

interface Operation {
  operationId: string
  summary: string
  security: Record<string, string[]>[]
  parameters: { name: string; in: string; required: boolean; schema: object }[]
  requestBody?: { content: Record<string, { schema: object }> }
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: object }> }>
}

const routes: [string, Route][] = Object.entries(clientRoutes)
const document = openApiDocument('1.2.3')
const paths = document['paths'] as Record<string, Record<string, Operation>>
const operationOf = ({ path, method }: Route): Operation => paths[path]![method]!

/** All objects of a JSON value, with where they are. */
function* nodesOf(value: unknown, path = ''): Generator<[Record<string, unknown>, string]> {
  if (Array.isArray(value)) for (const [index, element] of value.entries()) yield* nodesOf(element, `${path}/${index}`)
  if (!isObject(value)) return
  yield [value, path]
  for (const [key, member] of Object.entries(value)) yield* nodesOf(member, `${path}/${key}`)
}

describe('the OpenAPI document', () => {
  test('is of version 3.1 and plain JSON', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } })
    expect(JSON.parse(JSON.stringify(document))).toEqual(document)
  })

  test('refers to nothing that it doesn’t hold', () => {
    for (const [node] of nodesOf(document)) {
      if (typeof node['$ref'] !== 'string') continue
      const target = node['$ref']
        .slice(2)
        .split('/')
        .reduce<unknown>((place, key) => isObject(place) && place[key], document)
      expect(isObject(target)).toBe(true)
    }
  })

  test('has schemas that can be compiled, none of which lets an unknown member of ours through', () => {
    const ajv = new Ajv2020({ strict: false })
    addFormats.default(ajv)
    for (const [node, path] of nodesOf(document)) {
      if (isObject(node['schema'])) expect(() => ajv.compile(node['schema'] as object)).not.toThrow()
      // `error` may have further members, e.g. activeRunId
      if (node['type'] === 'object' && isObject(node['properties']) && !path.endsWith('/properties/error'))
        expect([path, node['additionalProperties']]).toEqual([path, false])
    }
  })
})

describe.each(routes)('%s', (name, route) => {
  const operation = operationOf(route)

  test('is documented under its name, with who may call it', () => {
    expect(operation.operationId).toBe(name)
    expect(operation.summary).not.toBe('')
    expect(operation.security.length).toBe(route.callers.filter((caller) => caller !== 'public').length)
  })

  test('has each parameter of its path, and no other there', () => {
    const named = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    const documented = operation.parameters.filter((parameter) => parameter.in === 'path')
    expect(documented.map((parameter) => parameter.name)).toEqual(named)
    expect(documented.every((parameter) => parameter.required)).toBe(true)
  })

  test('has a body, a key for idempotency, and answers as it is defined', () => {
    expect(operation.requestBody !== undefined).toBe(route.body !== undefined)
    expect(operation.parameters.some((parameter) => parameter.name === 'Idempotency-Key')).toBe(
      route.idempotent === true,
    )
    const statuses = [...Object.keys(route.responses), ...(route.stream ? ['200'] : []), 'default']
    expect(new Set(Object.keys(operation.responses))).toEqual(new Set(statuses))
    expect(operation.responses['default']).toEqual({ $ref: '#/components/responses/Error' })
    const media = Object.keys(operation.responses['200']?.content ?? {})
    expect(media.includes('text/event-stream')).toBe(route.stream !== undefined)
  })
})

describe('the routes', () => {
  test('have each method and path once', () => {
    const places = routes.map(([, { method, path }]) => `${method} ${path}`)
    expect(new Set(places).size).toBe(places.length)
  })

  test('that hold a connection open are streams and nothing else', () => {
    for (const name of STREAM_ROUTES) expect(clientRoutes[name]).toMatchObject({ method: 'get', responses: {} })
  })

  test('of a publishable key are the two for tokens and those that read agents', () => {
    const open = routes.filter(([, { callers }]) => callers.includes('publishable')).map(([name]) => name)
    expect(open).toEqual(['createAnonymousToken', 'refreshToken', 'listAgents', 'readAgent'])
  })
})
