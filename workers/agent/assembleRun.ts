import type { AgentFrame } from '@shared/contracts/agentApi'
import type { EventData } from '@shared/domain/events'
import { newId } from '@shared/domain/ids'
import { type Json, type JsonObject, findJsonFault, isObject } from '@shared/domain/json'
import type { MemoryWrite } from '@shared/domain/memories'
import type { Item, Usage } from '@shared/domain/objects'
import { type Patch, PatchError, applyPatch } from '@shared/domain/patch'
import { tunables } from '@shared/domain/tunables'
import { AgentFailure, invalidOutput } from './agentFailure.ts'
import { BYTES_PER_WORK, growthOf, jsonBytes, refuseDeep, refuseLarge } from './answerLimits.ts'

/** What frames become in the session's log. */
export type RunEvent = {
  [Type in 'item.created' | 'item.delta' | 'item.completed' | 'custom']: { type: Type; data: EventData[Type] }
}['item.created' | 'item.delta' | 'item.completed' | 'custom']

/** What a run has made by its end. State, metadata, memories and usage are applied only then. */
export interface RunResult {
  items: Item[]
  /** To be written with the end: what completes or classifies the last items. */
  events: RunEvent[]
  version?: string
  usage?: Usage
  state?: Json
  metadata?: JsonObject
  memories?: MemoryWrite[]
}

/** Frames that make something; the others end the leg. */
export type MakingFrame = Exclude<AgentFrame, { name: 'done' | 'pause' }>

export interface RunAssembly {
  /** The events of one frame. Throws AgentFailure: `error` frames, and whatever breaks the protocol. */
  take(frame: MakingFrame): RunEvent[]
  /**
   * The frame `done`: open items are completed, the output is known: the last item that `isOutput` takes, if any, else
   * the last one. Throws AgentFailure when there is none. Changes nothing here: when the result is refused, the run
   * breaks off instead.
   */
  done(isOutput?: (data: JsonObject) => boolean): RunResult
  /** The frame `pause`: open items are completed, there is no output yet. Changes nothing here either. */
  pause(): RunResult
  /** The end of a run that broke off: open items are kept as they are, marked incomplete. */
  cutShort(): RunResult
}

export interface AssemblyOptions {
  sessionId: string
  runId: string
  runNo: number
  firstItemNo: number
  now: () => Date
}

/** The default item that `text` frames without an id grow. */
const TEXT = Symbol('text')
type StreamKey = string | typeof TEXT
/** An item of so many members is copied whole where a larger one's copy would have to be accounted for. */
const FEW_MEMBERS = 8

/**
 * Grows a run's items from the frames of one attempt. Pure: no I/O, ids of items are ours whatever the agent app calls
 * them, and every limit on size and number is enforced here.
 */
export function assembleRun(options: AssemblyOptions): RunAssembly {
  const items: Item[] = []
  const open = new Map<StreamKey, number>()
  /** Bytes of each open item, or more; measured anew when they pass the cap, since parts may have been replaced. */
  const sizes = new Map<number, number>()
  /** The first half of a surrogate pair, by item, until the second comes. */
  const halves = new Map<number, string>()
  /** What changes have cost up to now, as `applyPatch` counts it. */
  let work = 0
  const result: Omit<RunResult, 'items' | 'events'> = {}

  function add(data: JsonObject, status: 'streaming' | 'complete', key: StreamKey | null): RunEvent {
    if (items.length >= tunables.agentAnswerItems) {
      throw invalidOutput(`The agent app sent more than ${tunables.agentAnswerItems} items.`)
    }
    const { sessionId, runId, runNo, firstItemNo, now } = options
    const itemNo = firstItemNo + items.length
    const item: Item = {
      id: newId('item'),
      sessionId,
      runId,
      runNo,
      itemNo,
      kind: 'step',
      status,
      data,
      createdAt: now().toISOString(),
    }
    const bytes = jsonBytes(data)
    refuseLarge('an item', bytes)
    sizes.set(items.length, bytes)
    if (key !== null) open.set(key, items.length)
    items.push(item)
    return { type: 'item.created', data: { item } }
  }

  function grow(index: number, patch: Patch): RunEvent {
    const item = items[index]!
    refuseDeep(patch)
    return grown(index, patch, patched(item.data, patch, spend))
  }

  function grown(index: number, patch: Patch, data: JsonObject): RunEvent {
    const item = items[index]!
    const most = sizes.get(index)! + growthOf(patch)
    const bytes = most > tunables.itemBytes ? measure(data) : most
    refuseLarge('an item', bytes)
    sizes.set(index, bytes)
    items[index] = { ...item, data }
    return { type: 'item.delta', data: { itemId: item.id, patch } }
  }

  /** What most frames do: the same as a patch of theirs would. */
  function growText(index: number, value: string): RunEvent {
    const item = items[index]!
    const patch: Patch = [{ op: 'append', path: '/content', value }]
    const { content } = item.data
    if (typeof content !== 'string' || Object.keys(item.data).length > FEW_MEMBERS) return grow(index, patch)
    spend(FEW_MEMBERS + 1)
    return grown(index, patch, { ...item.data, content: content + value })
  }

  /** Frames can be made that cost far more than they weigh. */
  function spend(more: number): void {
    work += more
    if (work > tunables.agentAnswerWork) {
      throw invalidOutput('The agent app sent too many changes of something so large: send it whole.')
    }
  }

  function measure(data: JsonObject): number {
    const bytes = jsonBytes(data)
    spend(bytes / BYTES_PER_WORK)
    return bytes
  }

  function complete(key: StreamKey, index: number, data?: JsonObject): RunEvent {
    if (data) refuseLarge('an item', jsonBytes(data))
    open.delete(key)
    const item: Item = { ...items[index]!, status: 'complete', ...(data && { data }) }
    items[index] = item
    return { type: 'item.completed', data: { item } }
  }

  function indexOf(id: string): number {
    const index = open.get(id)
    if (index === undefined)
      throw invalidOutput(`The agent app named the item "${id.slice(0, 100)}", which is not open.`)
    return index
  }

  function takeText({ id, delta }: { id?: string; delta: string }): RunEvent[] {
    const key = id ?? TEXT
    const known = open.get(key)
    const { whole, half } = splitHalf((known === undefined ? '' : (halves.get(known) ?? '')) + delta)
    const fault = findJsonFault(whole, 1)
    if (fault) throw invalidOutput(`The agent app sent text that ${fault.message}.`)
    const created =
      known === undefined ? [add({ type: 'message', role: 'assistant', content: '' }, 'streaming', key)] : []
    const index = known ?? items.length - 1
    halves.set(index, half)
    return whole === '' ? created : [...created, growText(index, whole)]
  }

  function take(frame: MakingFrame): RunEvent[] {
    switch (frame.name) {
      case 'version':
        result.version = frame.data.version
        return []
      case 'item':
        return [add(frame.data.item, 'complete', null)]
      case 'item.start':
        if (open.has(frame.data.id)) throw invalidOutput(`The agent app started the item "${frame.data.id}" twice.`)
        return [add(frame.data.item, 'streaming', frame.data.id)]
      case 'item.delta':
        return [grow(indexOf(frame.data.id), frame.data.patch as Patch)]
      case 'item.done':
        return [complete(frame.data.id, indexOf(frame.data.id), frame.data.item)]
      case 'text':
        return takeText(frame.data)
      case 'state':
        refuseLarge('a state', jsonBytes(frame.data.state))
        result.state = frame.data.state
        return []
      case 'metadata':
        result.metadata = { ...result.metadata, ...frame.data.metadata }
        refuseLarge('metadata', measure(result.metadata), tunables.metadataBytes)
        return []
      case 'memories':
        result.memories = remembered(result.memories, frame.data.memories)
        return []
      case 'usage':
        result.usage = frame.data
        return []
      case 'custom':
        refuseLarge('a custom event', jsonBytes(frame.data.data))
        return [{ type: 'custom', data: frame.data }]
      case 'error':
        throw new AgentFailure(frame.data.code ?? 'agent_error', frame.data.message, {
          retryable: frame.data.retryable ?? false,
        })
    }
  }

  function withOpenOnes(status: 'complete' | 'incomplete'): RunResult {
    const closing = new Set(open.values())
    const whole = items.map((item, index): Item => (closing.has(index) ? { ...item, status } : item))
    const events = [...closing].map((index): RunEvent => ({ type: 'item.completed', data: { item: whole[index]! } }))
    return { ...result, items: whole, events }
  }

  return {
    take,
    done(isOutput = () => true) {
      // The default text item is the output, if there is one.
      const last = items.findLastIndex(({ data }) => isOutput(data))
      const outputIndex = open.get(TEXT) ?? (last === -1 ? items.length - 1 : last)
      const output = items[outputIndex]
      if (!output) throw invalidOutput('The agent app ended without an item: the last one is the output.')
      const closing = new Set(open.values()).add(outputIndex)
      const whole = items.map((item, index): Item => {
        if (!closing.has(index)) return item
        return { ...item, status: 'complete', kind: index === outputIndex ? 'output' : item.kind }
      })
      const inOrder = [...closing].toSorted((a, b) => Number(a === outputIndex) - Number(b === outputIndex) || a - b)
      const events = inOrder.map((index): RunEvent => ({ type: 'item.completed', data: { item: whole[index]! } }))
      return { ...result, items: whole, events }
    },
    pause: () => withOpenOnes('complete'),
    cutShort: () => withOpenOnes('incomplete'),
  }
}

function remembered(before: MemoryWrite[] = [], more: MemoryWrite[]): MemoryWrite[] {
  if (before.length + more.length > tunables.memories.writes) {
    throw invalidOutput(`The agent app sent more than ${tunables.memories.writes} memories.`)
  }
  for (const { content } of more) {
    if (content !== null) refuseLarge('a memory', Buffer.byteLength(content), tunables.memories.contentBytes)
  }
  return [...before, ...more]
}

function patched(data: JsonObject, patch: Patch, spend: (work: number) => void): JsonObject {
  try {
    const value = applyPatch(data, patch, spend)
    if (isObject(value)) return value
  } catch (error) {
    if (!(error instanceof PatchError)) throw error
    throw invalidOutput(`The agent app sent a patch that does not fit its item: ${error.message}.`)
  }
  throw invalidOutput('The agent app sent a patch that leaves no object.')
}

/** Text up to a trailing first half of a surrogate pair, and that half. */
function splitHalf(text: string): { whole: string; half: string } {
  const last = text.charCodeAt(text.length - 1)
  const isHigh = last >= 0xd800 && last <= 0xdbff
  return isHigh ? { whole: text.slice(0, -1), half: text.slice(-1) } : { whole: text, half: '' }
}
