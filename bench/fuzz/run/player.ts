import { SOCKET_MESSAGES } from '@shared/contracts/sockets'
import type { CredentialName, FuzzedRequest } from '../generate/requests.ts'
import type { FuzzedRoute } from '../generate/routes.ts'
import type { FuzzedStep } from '../generate/sequences.ts'
import type { FuzzedSocket } from '../generate/sockets.ts'
import { AnswerJudge, acknowledgementFaults, parsed } from '../judge/judgeAnswer.ts'
import type { ProcessWatch } from '../judge/watchProcesses.ts'
import { type Allowance, RowLedger } from '../judge/rows.ts'
import { frameRequest } from '../send/frameRequest.ts'
import { type RawAnswer, exchange } from '../send/rawHttp.ts'
import { talkBySocket } from '../send/sendSocket.ts'
import { asServer } from '../world/asServer.ts'
import type { World } from '../world/world.ts'
import type { Worlds } from '../world/worlds.ts'
import { endRuns } from './endRuns.ts'
import type { Site } from './site.ts'
import type { Tally } from './tally.ts'
import { Transcript } from './transcript.ts'

/** A sequence showed that something is wrong. */
export class FuzzFault extends Error {
  readonly transcript: readonly string[]
  constructor(faults: readonly string[], transcript: Transcript) {
    super(faults.join('\n'))
    this.transcript = transcript.lines
  }
}

/**
 * A token that is used up twice takes its whole family with it: there the refusal is what writes. Whoever comes with a
 * sound token of the customer's own is made known by it, whatever he asks for.
 */
function allowed(operationId: string | null, credential: CredentialName): Allowance {
  return {
    ...(operationId === 'refreshToken' && { writes: 'refresh_tokens' }),
    ...(credential === 'customer' && { adds: 'end_users' }),
  }
}

const SOCKET_NAMES: ReadonlySet<string> = new Set(Object.keys(SOCKET_MESSAGES))

export interface Played {
  site: Site
  routes: readonly FuzzedRoute[]
  worlds: Worlds
  watch: ProcessWatch
  tally: Tally
  budgetMs: number
}

/**
 *   world ─▶ each step: what is there ─▶ send ─▶ judge the answer ─▶ a refusal left nothing behind ─▶ at rest again
 * Throws FuzzFault.
 */
export async function play(steps: readonly FuzzedStep[], played: Played): Promise<void> {
  const player = new Player(played, await played.worlds.take())
  for (const step of steps) await player.step(step)
  await player.end()
}

class Player {
  readonly #played: Played
  readonly #world: World
  readonly #judge = new AnswerJudge()
  readonly #ledger: RowLedger
  readonly #transcript = new Transcript()

  constructor(played: Played, world: World) {
    this.#played = played
    this.#world = world
    this.#ledger = new RowLedger(played.site.db, played.budgetMs)
  }

  async step(step: FuzzedStep): Promise<void> {
    this.#refuse(await this.#ledger.open())
    if (step.kind === 'socket') return this.#socket(step)
    if (step.kind === 'request') return this.#request(step)
    // Who wrote what can't be told.
    this.#ledger.changed()
    await Promise.all(step.requests.map((request) => this.#send(request)))
  }

  /** Everything that was accepted ends, once nothing waits for anybody any more. */
  async end(): Promise<void> {
    const { db, apiUrl } = this.#played.site
    const { organizationId, secretKey } = this.#world.keys
    this.#refuse(await endRuns(db, asServer(apiUrl, secretKey), organizationId, this.#ledger))
    this.#refuse(await this.#played.watch.faults())
  }

  #refuse(faults: readonly string[]): void {
    if (faults.length > 0) throw new FuzzFault(faults, this.#transcript)
  }

  async #request(request: FuzzedRequest): Promise<void> {
    const refused = await this.#send(request)
    if (!refused) return this.#ledger.changed()
    this.#refuse(await this.#ledger.faults(allowed(request.operationId, request.credential)))
  }

  /** Sends and judges; true: nothing was accepted. */
  async #send(request: FuzzedRequest): Promise<boolean> {
    const { site, routes, tally, budgetMs } = this.#played
    const { known, credentials } = this.#world
    const { method, operationId, framing } = request
    const address = known.resolve(request.address)
    const body = request.body === null ? null : known.resolve(request.body)
    const { token, key } = credentials[request.credential]
    const headers = [
      ...(token === null ? [] : [`Authorization: Bearer ${token}`]),
      ...(key === undefined ? [] : [`AgentView-Key: ${key}`]),
      ...request.headers,
    ]
    const isStream = operationId.startsWith('stream')
    const url = isStream ? site.eventsUrl : site.apiUrl
    this.#transcript.request(url, method, address, headers, body, framing)
    const { bytes, broken, halfClosed } = frameRequest({
      method,
      address,
      host: new URL(url).host,
      headers,
      body,
      framing,
    })
    const answer = await exchange(url, bytes, budgetMs, halfClosed)
    const told = typeof answer === 'string' ? answer : String(answer.status)
    this.#transcript.answered(typeof answer === 'string' ? answer : shown(answer))
    tally.add(operationId, told)
    if (answer === 'silent') this.#refuse([`no answer within ${budgetMs} ms`])
    if (typeof answer === 'string') {
      if (!broken) this.#refuse(['the connection was closed without an answer'])
      return false
    }
    this.#refuse(this.#judge.faultsOf(answer, routeFor(routes, method, address), method))
    const told2xx = answer.status < 400 && method !== 'OPTIONS'
    const json = parsed(answer.body)
    if (told2xx) known.learn(json)
    // What was too much may have been refused, though what came before it was accepted.
    return framing !== 'tooShort' && (!told2xx || isBatchOfRefusals(json))
  }

  async #socket(step: FuzzedSocket): Promise<void> {
    const { site, tally, budgetMs } = this.#played
    const { known, credentials } = this.#world
    const credential = credentials[step.credential]
    const messages = step.messages.map(({ name, payload }) => ({
      name,
      payload: payload.map((text) => known.resolve(text)),
    }))
    this.#transcript.socket(site.eventsUrl, credential.token, messages, step.packet)
    const outcome = await talkBySocket(site.eventsUrl, credential, { ...step, messages }, SOCKET_NAMES, budgetMs)
    const { connection, refusal, acknowledged } = outcome
    this.#transcript.answered(`${connection} ${JSON.stringify(acknowledged).slice(0, 500)}`)
    tally.add('socket connection', connection)
    if (connection === 'silent') this.#refuse([`the socket was neither taken nor refused within ${budgetMs} ms`])
    if (connection === 'refused') this.#refuse(acknowledgementFaults('connect', { error: refusal }))
    let accepted = false
    for (const { name, answer, end } of acknowledged) {
      const refused = typeof answer === 'object' && answer !== null && 'error' in answer
      tally.add(`socket ${name}`, end === 'answered' ? (refused ? 'refused' : 'ok') : end)
      if (end === 'silent') this.#refuse([`"${name}" was not acknowledged within ${budgetMs} ms`])
      if (end === 'answered') this.#refuse(acknowledgementFaults(name, answer))
      if (end !== 'answered' || !refused) accepted = true
      if (end === 'answered' && !refused) known.learn(answer)
    }
    if (accepted) this.#ledger.changed()
    else this.#refuse(await this.#ledger.faults(allowed(null, step.credential)))
  }
}

function isBatchOfRefusals(body: unknown): boolean {
  if (typeof body !== 'object' || body === null || !('results' in body) || !Array.isArray(body.results)) return false
  return body.results.every((result: { status?: number }) => Number(result.status) >= 400)
}

/** The route that has to answer what was sent, which may be another than the one that was meant. */
function routeFor(routes: readonly FuzzedRoute[], method: string, address: string): FuzzedRoute | null {
  const path = address.split(/[?#]/)[0] ?? ''
  const fits = (route: FuzzedRoute) => new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}/?$`, 'i').test(path)
  const fitting = routes.filter((route) => route.method === method && fits(route))
  return fitting.find((route) => !route.path.includes('{')) ?? fitting[0] ?? null
}

function shown({ status, body }: RawAnswer): string {
  const text = body.toString('utf8')
  return `${status} ${text.length > 500 ? `${text.slice(0, 500)}…` : text}`
}
