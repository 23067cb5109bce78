import { newUuid } from '@shared/domain/ids'
import type { JsonObject } from '@shared/domain/json'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'
import { Pool } from 'undici'
import { PLAIN, piecesOf } from '../agent/script.ts'
import { LatencyWindow, type LoopWindow } from '../load/latencyWindow.ts'
import { callAgent } from './callAgent.ts'
import { type FloorTenant, prepareFloor } from './prepareFloor.ts'
import { STEPS, type Step } from './statements.ts'

// The way of a message without AgentView, in one process:
//   accept → BullMQ add ⇢ BullMQ process: claim → history → agent app → append → finish → publish

export interface FloorPlan {
  databaseUrl: string
  redisUrl: string
  agentUrl: string
  sessions: number
  historyItems: number
}

export interface FloorVerdict {
  acknowledged: number
  completed: number
  /** Rows of events and deltas. */
  events: number
  errors: number
  faults: number
  first: string[]
}

interface Job {
  sessionId: string
  runId: string
}

const CONNECTIONS = 20
const QUEUE = 'floor'
const SHOWN = 5

export class Floor {
  readonly #plan: FloorPlan
  readonly #db: pg.Pool
  readonly #agent: Pool
  readonly #redis: Redis
  readonly #blocking: Redis
  readonly #queue: Queue<Job, void, string>
  readonly #worker: Worker<Job, void, string>
  readonly #window = new LatencyWindow()
  readonly #ended = new Map<string, (text: string) => void>()
  readonly #problems: string[] = []
  #loops: Promise<void>[] = []
  readonly #workerId = newUuid()
  #tenant: FloorTenant = { organizationId: '', versionId: '', sessionIds: [] }
  #messages = 0
  #acknowledged = 0
  #wrongTexts = 0
  #stopping = false

  private constructor(plan: FloorPlan) {
    this.#plan = plan
    this.#db = new pg.Pool({ connectionString: plan.databaseUrl, max: CONNECTIONS })
    this.#agent = new Pool(plan.agentUrl, { connections: plan.sessions, pipelining: 1 })
    this.#redis = new Redis(plan.redisUrl, { maxRetriesPerRequest: null })
    this.#blocking = new Redis(plan.redisUrl, { maxRetriesPerRequest: null })
    this.#queue = new Queue(QUEUE, { connection: this.#redis })
    this.#worker = new Worker(QUEUE, ({ data }) => this.#execute(data), {
      connection: this.#blocking,
      concurrency: plan.sessions,
    })
    this.#worker.on('failed', (_job, error) => this.#problems.push(error.message))
    this.#worker.on('error', (error) => this.#problems.push(error.message))
  }

  static async start(plan: FloorPlan): Promise<Floor> {
    const floor = new Floor(plan)
    floor.#tenant = await prepareFloor(floor.#db, plan.sessions)
    await floor.#worker.waitUntilReady()
    return floor
  }

  begin(): void {
    this.#stopping = false
    this.#loops = this.#tenant.sessionIds.map((sessionId) => this.#talk(sessionId))
  }

  /** Every session waits for the end of its run and says no more; `begin` lets them go on. */
  async pause(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#loops)
  }

  open(): void {
    this.#window.open()
  }

  close(): LoopWindow {
    return this.#window.close()
  }

  /** Once they have paused. */
  async stop(): Promise<FloorVerdict> {
    await this.#worker.close()
    await this.#queue.close()
    const counted = await this.#count()
    await Promise.all([this.#db.end(), this.#agent.close()])
    for (const redis of [this.#redis, this.#blocking]) redis.disconnect()
    return {
      acknowledged: this.#acknowledged,
      ...counted,
      errors: this.#problems.length,
      faults: this.#wrongTexts,
      first: this.#problems.slice(0, SHOWN),
    }
  }

  async #talk(sessionId: string): Promise<void> {
    while (!this.#stopping) {
      const content = `floor-${++this.#messages}`
      const runId = newUuid()
      const sentAt = performance.now()
      const ended = new Promise<string>((resolve) => this.#ended.set(runId, resolve))
      await this.#accept({ sessionId, runId }, content)
      const text = await ended
      this.#window.note(sentAt)
      if (text !== piecesOf(content, PLAIN.deltas).join('')) this.#wrongTexts++
    }
  }

  async #accept({ sessionId, runId }: Job, content: string): Promise<void> {
    const { organizationId, versionId } = this.#tenant
    const input = { type: 'message', role: 'user', content }
    await this.#step('accept', [sessionId, runId, newUuid(), organizationId, versionId, JSON.stringify(input)])
    await this.#queue.add('run', { sessionId, runId }, { removeOnComplete: true, removeOnFail: true })
    this.#acknowledged++
  }

  async #execute({ sessionId, runId }: Job): Promise<void> {
    const [claimed] = await this.#step<{ run_no: number; epoch: number; input: JsonObject }>('claim', [
      sessionId,
      runId,
      this.#workerId,
    ])
    if (!claimed) throw new Error(`${runId} could not be claimed`)
    const { run_no: runNo, epoch, input } = claimed
    const history = await this.#step<{ data: JsonObject }>('history', [sessionId, runNo, this.#plan.historyItems])
    const pieces = await callAgent(this.#agent, {
      run: { id: runId, attempt: 1, leg: 0, type: 'chat', metadata: {} },
      session: { id: sessionId, metadata: {}, state: null },
      items: history.map(({ data }) => data).reverse(),
      input,
    })
    const itemId = newUuid()
    const output = { type: 'message', role: 'assistant', content: pieces.join('') }
    await this.#guarded('append', [sessionId, runId, epoch, itemId, pieces])
    await this.#guarded('finish', [sessionId, runId, epoch, itemId, JSON.stringify(output)])
    await this.#redis.publish(`floor:${sessionId}`, JSON.stringify({ runId, pieces, output }))
    this.#ended.get(runId)?.(output.content)
    this.#ended.delete(runId)
  }

  async #guarded(step: Step, values: unknown[]): Promise<void> {
    if ((await this.#step(step, values)).length === 0) throw new Error(`${step} changed no row`)
  }

  async #step<Row extends pg.QueryResultRow>(step: Step, values: unknown[]): Promise<Row[]> {
    return (await this.#db.query<Row>({ name: step, text: STEPS[step], values })).rows
  }

  async #count(): Promise<{ completed: number; events: number }> {
    const { rows } = await this.#db.query<{ completed: number; events: number }>(
      `select (select count(*)::int from runs where status = 'completed' and session_id = any($1)) as completed,
              (select count(*)::int from session_log where session_id = any($1)) as events`,
      [this.#tenant.sessionIds],
    )
    return rows[0]!
  }
}
