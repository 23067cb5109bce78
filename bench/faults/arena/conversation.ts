import type { OnBusy } from '@shared/domain/agents'
import type { SessionEvent } from '@shared/domain/events'
import { isEnded } from '@shared/domain/runStates'
import type { ApiClient } from '../../client/apiClient.ts'
import { type Accepted, cancelRun, getSession, listRuns, resumeRun, sendMessage } from '../../client/calls.ts'
import { NOBODY, type Reader, type ReaderOptions } from '../../client/reader.ts'
import { SdkReader } from '../../client/sdkReader.ts'
import { SessionReader } from '../../client/sessionReader.ts'
import { SocketReader } from '../../client/socketReader.ts'
import { type Script, inputOf } from '../agent/script.ts'
import type { Recorder } from '../history/recorder.ts'
import { type Idler, startIdler } from './idler.ts'
import { patience } from './patience.ts'
import { Turn } from './turn.ts'

export type Transport = 'sse' | 'socket' | 'sdk-sse' | 'sdk-socket'

export interface ConversationParts {
  api: ApiClient
  apiUrl: string
  recorder: Recorder
  /** Unique in the strike. */
  name: string
  token: string
  sessionId: string
  /** Each reader goes through all of them, beginning at another. */
  eventsUrls: readonly string[]
  transports: readonly Transport[]
}

/** One end user's session: a talker who sends again until he is answered, and readers who come back by cursor. */
export class Conversation {
  readonly sessionId: string
  readonly readers: Reader[] = []
  readonly turns: Turn[] = []
  readonly #parts: ConversationParts
  readonly #idlers: Idler[] = []

  constructor(parts: ConversationParts) {
    this.#parts = parts
    this.sessionId = parts.sessionId
    const { transports, eventsUrls } = parts
    for (const [index, transport] of transports.entries()) {
      const first = index % eventsUrls.length
      this.join(transport, [...eventsUrls.slice(first), ...eventsUrls.slice(0, first)])
    }
  }

  /** One more reader of the session; it goes through `urls` from one connection to the next. */
  join(transport: Transport, urls: readonly string[]): Reader {
    const reader = this.#read(`${transport}-${this.readers.length + 1}`, transport, urls)
    this.readers.push(reader)
    return reader
  }

  /** Clients that never read, from the log's end as its readers know it. */
  async idle(url: string, count: number): Promise<Idler[]> {
    const { token, sessionId } = this.#parts
    const after = Math.max(...this.readers.map(({ log }) => log.view.seq))
    const idlers = await Promise.all(Array.from({ length: count }, () => startIdler(url, token, sessionId, after)))
    this.#idlers.push(...idlers)
    return idlers
  }

  /** Sends a message, again and again under one key as a widget does; resolves nothing: look at the turn. */
  say(script: Script, more: { onBusy?: OnBusy } = {}): Turn {
    const { recorder, name, sessionId } = this.#parts
    const content = `${name}-${this.turns.length + 1}`
    const key = `key-${content}`
    recorder.note({ kind: 'sent', key, sessionId, content, script, ...more })
    const accepted = this.#send(key, { input: inputOf(content, script), ...more })
    const turn = new Turn({ recorder, sessionId, key, content, accepted })
    this.turns.push(turn)
    return turn
  }

  /** Cancels the run of a message; gives the run's status then, or null when nobody answered. */
  async cancel(turn: Turn): Promise<string | null> {
    const { api, recorder, token } = this.#parts
    const accepted = await turn.accepted
    if (!accepted) return null
    const { runId } = accepted
    try {
      const { status } = await cancelRun(api, token, runId, `cancel-${turn.content}`)
      recorder.note({ kind: 'cancelled', runId, status })
      return status
    } catch {
      return null
    }
  }

  /** Answers the pause that the run of a message waits in; false when it has none, or another end was faster. */
  async resume(turn: Turn): Promise<boolean> {
    const { api, token } = this.#parts
    const [accepted, pause] = await Promise.all([turn.accepted, turn.sawPause()])
    const [call] = pause?.toolCalls ?? []
    if (!accepted || !pause || !call) return false
    try {
      const answer = { pauseId: pause.pauseId, callId: call.callId }
      await resumeRun(api, token, accepted.runId, answer, `resume-${turn.content}`)
      return true
    } catch {
      return false
    }
  }

  /** Turns one after the other, each said when the one before has ended. */
  async talk(turns: number, script: Script): Promise<void> {
    for (let count = 0; count < turns; count++) await this.say(script).sawEnd()
  }

  /** Waits, within patience, until every reader saw every accepted run end; what is not there the checker will tell. */
  async settle(): Promise<void> {
    const accepted = await Promise.all(this.turns.map((turn) => turn.accepted))
    const runIds = accepted.flatMap((one) => one?.runId ?? [])
    const ended = (reader: Reader) =>
      reader.until(
        ({ runs }) => runIds.every((id) => runs.some((run) => run.id === id && (isEnded(run.status) || run.pause))),
        patience.settle,
        'the end of all runs',
      )
    await Promise.all(this.readers.map((reader) => ended(reader).catch(() => undefined)))
  }

  /** Reads the log anew through the public API, lets the readers come to its end, and closes them. */
  async close(): Promise<void> {
    const { api, recorder, token, sessionId, eventsUrls } = this.#parts
    const session = await getSession(api, token, sessionId)
    const runs = await listRuns(api, token, sessionId)
    const events: SessionEvent[] = []
    const watch = { ...NOBODY, event: (data: string) => void events.push(JSON.parse(data)) }
    const fresh = new SessionReader({ urls: eventsUrls, token, sessionId, watch })
    const readers = [fresh, ...this.readers]
    const caughtUp = (reader: Reader) =>
      reader.until(({ seq }) => seq >= session.lastSeq, patience.catchUp, `event ${session.lastSeq}`)
    await Promise.all(readers.map((reader) => caughtUp(reader).catch(() => undefined)))
    await Promise.all([fresh.close(), this.hangUp()])
    recorder.note({ kind: 'final', sessionId, events, session, runs })
  }

  /** Ends all connections. */
  async hangUp(): Promise<void> {
    for (const idler of this.#idlers) idler.close()
    await Promise.all(this.readers.map((reader) => reader.close()))
  }

  async #send(key: string, message: Parameters<typeof sendMessage>[3]): Promise<Accepted | null> {
    const { api, recorder, token, sessionId } = this.#parts
    try {
      return await sendMessage(api, token, sessionId, message, key)
    } catch (error) {
      // What came of each try is recorded by the client itself: a refusal is there already.
      const refused = recorder.entries.some((entry) => entry.kind === 'refused' && entry.key === key)
      if (!refused) recorder.note({ kind: 'unanswered', key, why: String(error).slice(0, 300) })
      return null
    }
  }

  #read(name: string, transport: Transport, urls: readonly string[]): Reader {
    const { apiUrl, recorder, token, sessionId, name: conversation } = this.#parts
    const reader = `${conversation}/${name}`
    const options: ReaderOptions = {
      urls,
      token,
      sessionId,
      outageMs: patience.outage,
      silenceMs: patience.silence,
      watch: {
        connecting: (url, after) => recorder.note({ kind: 'connecting', reader, sessionId, url, after }),
        event: (data) => recorder.note({ kind: 'event', reader, event: JSON.parse(data) }),
        disconnected: (why) => recorder.note({ kind: 'disconnected', reader, why }),
      },
    }
    const what = `${reader}: messages and runs shown otherwise than the log folds to`
    const compared = (value: number) => recorder.note({ kind: 'measured', what, value, atMost: 0 })
    switch (transport) {
      case 'sse':
        return new SessionReader(options)
      case 'socket':
        return new SocketReader(options)
      case 'sdk-sse':
        return new SdkReader({ ...options, apiUrl, compared, transport: 'sse' })
      case 'sdk-socket':
        return new SdkReader({ ...options, apiUrl, compared, transport: 'socket' })
    }
  }
}
