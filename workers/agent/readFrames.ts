import { AGENT_FRAMES, AgentAnswer, type AgentFrame, type FrameName } from '@shared/contracts/agentApi'
import { type Check, checkOf } from '@shared/contracts/validate'
import { type Json, findJsonFault, isObject } from '@shared/domain/json'
import { tunables } from '@shared/domain/tunables'
import { invalidOutput } from './agentFailure.ts'

/** Turns lines of an answer into what they say. A comment line (heartbeat) and an ignored frame say nothing. */
export interface LineParser<Said> {
  line(line: string): Said | null
}

export type FrameParser = LineParser<AgentFrame>

const checkAnswer = checkOf(AgentAnswer)
const checks = Object.fromEntries(
  Object.entries(AGENT_FRAMES).map(([name, schema]) => [name, checkOf(schema)]),
) as unknown as { [Name in FrameName]: Check<Extract<AgentFrame, { name: Name }>['data']> }

/** Frames as server-sent events. */
export function sseParser(): FrameParser {
  return eventParser((event, data) => toFrame(event || 'message', data || '{}'))
}

/** Server-sent events (WHATWG HTML, 9.2.6), as far as agent apps need them: `event`, `data`, comments, blank line. */
export function eventParser<Said>(say: (event: string, data: string | null) => Said | null): LineParser<Said> {
  let event = ''
  let data: string | null = null

  function take(line: string): void {
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon === -1 ? line : line.slice(0, colon)
    const from = line.charCodeAt(colon + 1) === SPACE ? colon + 2 : colon + 1
    const value = colon === -1 ? '' : line.slice(from)
    if (field === 'event') event = value
    else if (field === 'data') data = data === null ? value : `${data}\n${value}`
  }

  return {
    line(line) {
      if (line !== '') {
        take(line)
        return null
      }
      const said = event === '' && data === null ? null : say(event, data)
      event = ''
      data = null
      return said
    },
  }
}

const SPACE = 0x20

/** One JSON object a line; the frame's name is its `event`, its data the other members. */
export function ndjsonParser(): FrameParser {
  return {
    line(line) {
      if (line.trim() === '') return null
      const value = parseJson(line)
      if (!isObject(value) || typeof value['event'] !== 'string') {
        throw invalidOutput('The agent app sent a line that is not an object with an "event".')
      }
      const { event, ...data } = value
      return checkedFrame(String(event), data)
    },
  }
}

function toFrame(name: string, text: string): AgentFrame | null {
  return name.startsWith('x-') ? null : checkedFrame(name, parseJson(text))
}

function checkedFrame(name: string, data: Json): AgentFrame | null {
  if (name === 'text' && isPlainText(data)) return { name, data }
  if (name.startsWith('x-')) return null
  if (!Object.hasOwn(checks, name)) throw invalidOutput(`The agent app sent the unknown frame "${name.slice(0, 100)}".`)
  refuseUnstorable(data)
  const frameName = name as FrameName
  const checked = checks[frameName](data)
  if (!checked.ok)
    throw invalidOutput(`The agent app sent a frame "${name}" that is not valid.`, checked.details.map(plain))
  return { name: frameName, data: checked.value } as AgentFrame
}

/** What most frames are; the text itself is checked where it is joined. */
function isPlainText(data: Json): data is { delta: string } {
  return isObject(data) && typeof data['delta'] === 'string' && Object.keys(data).length === 1
}

/** The frames of an answer in one piece. */
export function framesOfAnswer(text: string): AgentFrame[] {
  const value = parseJson(text)
  refuseUnstorable(value)
  const checked = checkAnswer(value)
  if (!checked.ok) throw invalidOutput('The agent app sent an answer that is not valid.', checked.details.map(plain))
  const { version, items, state, metadata, memories, usage } = checked.value
  return [
    ...(version === undefined ? [] : [{ name: 'version' as const, data: { version } }]),
    ...items.map((item) => ({ name: 'item' as const, data: { item } })),
    ...(state === undefined ? [] : [{ name: 'state' as const, data: { state } }]),
    ...(metadata === undefined ? [] : [{ name: 'metadata' as const, data: { metadata } }]),
    ...(memories === undefined ? [] : [{ name: 'memories' as const, data: { memories } }]),
    ...(usage === undefined ? [] : [{ name: 'usage' as const, data: usage }]),
    { name: 'done', data: {} },
  ]
}

export function parseJson(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    throw invalidOutput(`The agent app sent something that is not JSON: ${JSON.stringify(text.slice(0, 80))}.`)
  }
}

/** A text delta may end in half a surrogate pair, which the next one completes: that is mended where text is joined. */
export function refuseUnstorable(value: Json): void {
  const fault = findJsonFault(
    isObject(value) && typeof value['delta'] === 'string' ? { ...value, delta: '' } : value,
    tunables.jsonDepth,
  )
  if (fault) throw invalidOutput(`The agent app sent JSON that can't be stored: "${fault.path}" ${fault.message}.`)
}

function plain(detail: { path: string; message: string }): Json {
  return { path: detail.path, message: detail.message }
}
