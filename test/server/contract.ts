import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { Event } from '@shared/contracts/events'
import type { DeliveredEvent } from '@shared/delivery/sink'

interface Response {
  $ref?: string
  content?: Record<string, { schema: object }>
}

interface Document {
  paths: Record<string, Record<string, { operationId: string; responses: Record<string, Response> }>>
  components: { responses: Record<string, Response> }
}

export interface ContractRoute {
  method: string
  /** With its parameters in braces. */
  path: string
  operationId: string
}

/** What the server's own OpenAPI document promises, to hold answers against. */
export interface Contract {
  routes: ContractRoute[]
  /** Throws when an answer isn't as the document says for this route and status. */
  checkAnswer(method: string, path: string, status: number, type: string | null, body: unknown): void
}

const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats.default(ajv)
let eventCheck: ValidateFunction | null = null

/** The event that was sent; throws when it isn't one. */
export function checkedEvent(value: unknown): DeliveredEvent {
  eventCheck ??= ajv.compile(Event)
  if (eventCheck(value)) return value as DeliveredEvent
  throw new Error(`not an event of the contract: ${JSON.stringify(value)?.slice(0, 2_000)}`)
}

/** `path`: where the document is. */
export async function readContract(url: string, path = '/openapi.json'): Promise<Contract> {
  const document = (await (await fetch(url + path)).json()) as Document
  const compiled = new Map<object, ValidateFunction>()
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, ...operation })),
  )
  const matchers = routes.map((route) => ({
    route,
    pattern: new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }))

  function validatorOf(schema: object): ValidateFunction {
    const known = compiled.get(schema) ?? ajv.compile(schema)
    compiled.set(schema, known)
    return known
  }

  function promised(method: string, path: string, status: number): Response {
    const bare = path.split('?')[0]!
    const found = matchers.find(({ route, pattern }) => route.method === method.toLowerCase() && pattern.test(bare))
    const responses = found?.route.responses ?? {}
    const error = document.components.responses['Error']!
    const response = responses[status] ?? (status >= 400 ? (responses['default'] ?? error) : undefined)
    if (!response) throw new Error(`${method} ${bare} answered ${status}, which the OpenAPI document doesn't know`)
    return response.$ref ? document.components.responses[response.$ref.split('/').at(-1)!]! : response
  }

  return {
    routes,
    checkAnswer(method, path, status, type, body) {
      const media = (type ?? '').split(';')[0]!
      const answer = promised(method, path, status)
      if (!answer.content && media === '' && body === '') return
      const content = answer.content?.[media]
      if (!content) throw new Error(`${method} ${path} answered ${status} as "${media}", which is not documented`)
      if (media !== 'application/json') return
      const validate = validatorOf(content.schema)
      if (validate(body)) return
      const faults = validate.errors!.map((fault) => `${fault.instancePath} ${fault.message}`).join('; ')
      throw new Error(`${method} ${path} answered ${status} with a body that doesn't fit: ${faults}`)
    },
  }
}
