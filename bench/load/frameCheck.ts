import { type Json, type JsonObject, isObject } from '@shared/domain/json'

/** A message that was answered 2xx, and the text that the agent app sends for it. */
export interface Acknowledged {
  runId: string
  text: string
}

/** What a run has come to, as its reader has seen it. */
interface SeenRun {
  ends: string[]
  /** The agent's text: as it grew, and as it was at last. */
  grown: string
  final: string | null
  deltas: number
}

export interface FrameCounts {
  acknowledged: number
  completed: number
  events: number
  deltas: number
}

/**
 * Checks all that one reader of one session has got, frame by frame: seq contiguous from its cursor, each run ended once
 * and well, its text what the agent app sent, byte for byte. Folds by itself, so that a wrong fold of ours shows too.
 */
export class FrameCheck {
  readonly faults: string[] = []
  readonly counts: FrameCounts = { acknowledged: 0, completed: 0, events: 0, deltas: 0 }
  readonly #sessionId: string
  readonly #runs = new Map<string, SeenRun>()
  /** The texts of runs that were acknowledged and whose end was not read yet. */
  readonly #awaited = new Map<string, string>()
  readonly #runOfItem = new Map<string, string>()
  readonly #onText: (runId: string, text: string) => void
  #seq: number

  /** `onText` is told each piece of a run's text as it is taken. */
  constructor(sessionId: string, after: number, onText: (runId: string, text: string) => void = () => undefined) {
    this.#sessionId = sessionId
    this.#seq = after
    this.#onText = onText
  }

  take(json: string): void {
    const event: unknown = JSON.parse(json)
    if (!isObject(event) || !isObject(event.data)) return this.#fault('a frame is no event', json)
    if (event.sessionId !== this.#sessionId) this.#fault('an event is of another session', json)
    if (event.seq !== this.#seq + 1) this.#fault(`seq ${this.#seq + 1} was expected`, json)
    this.#seq = Number(event.seq)
    this.counts.events++
    this.#note(textOf(event.type), typeof event.runId === 'string' ? event.runId : undefined, event.data)
  }

  /**
   * A message that was acknowledged: its run is judged once its end was read, which may come later, for what was kept is
   * also checked in the middle of runs. A run that was judged is forgotten.
   */
  expect({ runId, text }: Acknowledged): void {
    this.counts.acknowledged++
    if (this.#runs.get(runId)?.ends.length) this.#judge(runId, text)
    else this.#awaited.set(runId, text)
  }

  /** All was read: what was acknowledged must have ended, and nobody else's run must be there. */
  expectNoMore(): void {
    for (const [runId, text] of this.#awaited) this.#judge(runId, text)
    for (const [runId, { ends }] of this.#runs) this.#fault(`${runId} was not acknowledged`, ends.join())
  }

  #judge(runId: string, text: string): void {
    const run = this.#runs.get(runId)
    this.#runs.delete(runId)
    this.#awaited.delete(runId)
    if (run?.ends.length !== 1 || run.ends[0] !== 'run.completed') {
      return this.#fault(`${runId} was acknowledged and ended ${run?.ends.length ?? 0} times`, run?.ends.join() ?? '')
    }
    this.counts.completed++
    if (run.final !== text) this.#fault(`the text of ${runId} differs`, `${run.final} instead of ${text}`)
    if (run.deltas > 0 && run.grown !== text)
      this.#fault(`${runId} grew to something else`, `${run.grown}, not ${text}`)
  }

  #note(type: string, runId: string | undefined, data: JsonObject): void {
    if (type === 'item.delta') return this.#grow(textOf(data.itemId), data.patch)
    if (runId === undefined) return
    if (type === 'run.completed' || type === 'run.failed' || type === 'run.cancelled') {
      this.#run(runId).ends.push(type)
      const text = this.#awaited.get(runId)
      if (text !== undefined) this.#judge(runId, text)
      return
    }
    const { item } = data
    if (!isObject(item) || item.kind === 'input' || !isObject(item.data)) return
    const content = textOf(item.data.content)
    this.#runOfItem.set(textOf(item.id), runId)
    const run = this.#run(runId)
    // An item that was never seen to grow comes with its whole text.
    if (type === 'item.created' || (run.final === null && run.grown === '')) this.#onText(runId, content)
    if (type === 'item.created') run.grown = content
    if (type !== 'item.completed') return
    this.#runOfItem.delete(textOf(item.id))
    run.final = content
  }

  #grow(itemId: string, patch: Json | undefined): void {
    const runId = this.#runOfItem.get(itemId)
    if (runId === undefined || !Array.isArray(patch)) return this.#fault('a delta of no item', itemId)
    const run = this.#run(runId)
    for (const change of patch) {
      const appends = isObject(change) && change.op === 'append' && change.path === '/content'
      if (appends && typeof change.value === 'string') {
        run.grown += change.value
        this.#onText(runId, change.value)
      } else this.#fault('a delta that appends no text', JSON.stringify(change))
    }
    run.deltas++
    this.counts.deltas++
  }

  #run(runId: string): SeenRun {
    const known = this.#runs.get(runId)
    if (known) return known
    const run: SeenRun = { ends: [], grown: '', final: null, deltas: 0 }
    this.#runs.set(runId, run)
    return run
  }

  #fault(what: string, got: string): void {
    this.faults.push(`${this.#sessionId}: ${what}: ${got.slice(0, 500)}`)
  }
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}
