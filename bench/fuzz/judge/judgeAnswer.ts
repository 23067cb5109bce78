import { Event } from '@shared/contracts/events'
import { ErrorAnswer } from '@shared/contracts/objects'
import { type Check, checkOf } from '@shared/contracts/validate'
import { ERROR_STATUS, type ErrorCode } from '@shared/domain/errors'
import { isObject } from '@shared/domain/json'
import type { FuzzedRoute } from '../generate/routes.ts'
import type { RawAnswer } from '../send/rawHttp.ts'

/** What a caller must never be told: our code, our files, our statements. Nothing that is sent looks like these. */
const LEAKS = [
  /\bat \S+ \(?(?:file:|node:|\/\S+:\d)/,
  /node_modules|\/dist\/|\.ts:\d+/,
  /\bSQLSTATE\b|syntax error at or near|violates .* constraint|relation "|pg_catalog|out of shared memory/i,
  /\bselect\b[^"]*\bfrom\b|\binsert into\b/i,
  /ECONNREFUSED|ECONNRESET|TypeError|RangeError|Cannot read propert/,
]

/** A schema of the document, which was generated from ours. */
type OurSchema = Parameters<typeof checkOf>[0]

const isEvent = checkOf(Event)
const isRefusal = checkOf(ErrorAnswer)

/** Holds answers against the OpenAPI document; gives what is wrong with one. */
export class AnswerJudge {
  readonly #checks = new Map<string, Check<unknown>>()

  /** `route`: the one that has to have answered; null: none has, so it must be a refusal. */
  faultsOf(answer: RawAnswer, route: FuzzedRoute | null, method: string): string[] {
    const { status } = answer
    if (!(status >= 200 && status < 500)) return [`answered ${status}: ${answer.body.toString('utf8').slice(0, 500)}`]
    if (method === 'HEAD') return []
    const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? ''
    if (status >= 400) return refusalFaults(answer, type)
    if (method === 'OPTIONS' && (status === 200 || status === 204)) return []
    if (!route) return [`answered ${status}, though no route is meant`]
    if (type === 'text/event-stream')
      return this.#promises(route, status, type) ? streamFaults(answer, route) : [undocumented(status, type)]
    const promised = route.responses[status]
    if (promised === null && answer.body.length === 0) return []
    const schema = promised?.[type]
    if (!schema) return [undocumented(status, type)]
    return this.#bodyFaults(`${route.operationId} ${status}`, schema as OurSchema, answer)
  }

  #promises(route: FuzzedRoute, status: number, type: string): boolean {
    return route.responses[status]?.[type] !== undefined
  }

  #bodyFaults(name: string, schema: OurSchema, answer: RawAnswer): string[] {
    const body = parsed(answer.body)
    if (body === undefined) return ['answered with something that is no JSON']
    const check = this.#checks.get(name) ?? checkOf(schema)
    this.#checks.set(name, check)
    const result = check(body)
    const faults = result.ok ? [] : result.details.map(({ path, message }) => `the answer's ${path} ${message}`)
    return [...faults, ...requestIdFaults(answer)]
  }
}

function undocumented(status: number, type: string): string {
  return `answered ${status} as "${type}", which the OpenAPI document does not know`
}

/** The one shape of errors, with the status that its code has, and nothing of how we are made. */
function refusalFaults(answer: RawAnswer, type: string): string[] {
  const text = answer.body.toString('utf8')
  const body = parsed(answer.body)
  const result = isRefusal(body)
  if (type !== 'application/json' || !result.ok)
    return [`a refusal (${answer.status}) in another shape: ${type} ${text.slice(0, 300)}`]
  const { code, requestId } = result.value.error
  const faults = requestIdFaults(answer)
  if (ERROR_STATUS[code as ErrorCode] !== answer.status) faults.push(`answered ${answer.status} with the code ${code}`)
  if (requestId !== answer.headers.get('x-request-id')) faults.push('the error’s requestId is not that of the header')
  if (answer.status === 429 && !answer.headers.has('retry-after')) faults.push('a 429 without Retry-After')
  faults.push(
    ...LEAKS.filter((leak) => leak.test(text)).map(
      (leak) => `the refusal tells too much (${leak.source}): ${text.slice(0, 500)}`,
    ),
  )
  return faults
}

function requestIdFaults({ headers }: RawAnswer): string[] {
  return /^req_[0-9a-z]{26}$/.test(headers.get('x-request-id') ?? '') ? [] : ['answered without X-Request-Id']
}

/** Whole frames only: a stream may have been left in the middle of one. */
function streamFaults({ body }: RawAnswer, { isForeign }: FuzzedRoute): string[] {
  const frames = body.toString('utf8').split('\n\n').slice(0, -1)
  return frames.flatMap((frame) => {
    const lines = new Map(
      frame.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    )
    if (!lines.has('data') || lines.get('event') === 'cut') return []
    if (isForeign) return foreignFaults(frame, parsed(Buffer.from(lines.get('data') ?? '')))
    const result = isEvent(parsed(Buffer.from(lines.get('data') ?? '')))
    if (!result.ok) return [`a frame that is no event: ${frame.slice(0, 300)}`]
    const told = String(result.value.seq) === lines.get('id') && result.value.type === lines.get('event')
    return told ? [] : [`a frame's id or event is not its event's: ${frame.slice(0, 300)}`]
  })
}

/** Of another protocol: its own client judges what its events say (services/interop/test). */
function foreignFaults(frame: string, event: unknown): string[] {
  if (!isObject(event) || typeof event['type'] !== 'string') return [`a frame that is no event: ${frame.slice(0, 300)}`]
  return LEAKS.some((leak) => leak.test(frame)) ? [`an event tells too much: ${frame.slice(0, 500)}`] : []
}

/** What a socket's message was acknowledged with. */
export function acknowledgementFaults(name: string, answer: unknown): string[] {
  if (!isObject(answer)) return [`"${name}" was acknowledged with ${JSON.stringify(answer)}`]
  if (!('error' in answer))
    return answer['ok'] === true || 'run' in answer ? [] : [`"${name}" was acknowledged in another shape`]
  const result = isRefusal(answer)
  const text = JSON.stringify(answer)
  if (!result.ok) return [`"${name}" was refused in another shape: ${text.slice(0, 300)}`]
  if (ERROR_STATUS[result.value.error.code as ErrorCode] >= 500) return [`"${name}" was answered ${text}`]
  return LEAKS.some((leak) => leak.test(text)) ? [`the refusal of "${name}" tells too much: ${text.slice(0, 500)}`] : []
}

export function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
