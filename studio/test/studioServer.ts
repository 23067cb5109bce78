import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { AgentviewProcess, cleanUp, makeDataFolder } from '../../cli/test/agentviewProcess.ts'
import { freePort } from '../../test/freePort.ts'
import { type StageAgent, startStageAgent } from './stageAgent.ts'

const SCORES = [
  { name: 'like', kind: 'like', schema: { enum: ['up', 'down'] } },
  { name: 'helpful', title: 'Helpful', kind: 'rating', schema: { type: 'integer', minimum: 1, maximum: 5 } },
  {
    name: 'faults',
    title: 'Faults',
    kind: 'multiSelect',
    schema: { type: 'array', items: { enum: ['rude', 'wrong'] } },
  },
]

interface Credentials {
  secretKey: string
  owner: { email: string; password: string }
}

/** A whole AgentView as a person starts it, with an agent that the test directs and the stock Studio. */
export interface StudioServer {
  url: string
  agent: StageAgent
  owner: { email: string; password: string }
  /** A call of the Client API as the customer's server; fails unless it is answered well. */
  client<Answer>(method: string, path: string, body?: unknown): Promise<Answer>
  /** Says something to the agent and waits for the end of the turn: a new session. */
  talk(
    input: string,
    more?: Record<string, unknown>,
  ): Promise<{ sessionId: string; runId: string; items: { id: string; kind: string }[] }>
  stop(): Promise<void>
}

export async function startStudioServer(): Promise<StudioServer> {
  const agent = await startStageAgent()
  const port = await freePort()
  const data = await makeDataFolder()
  const config = path.join(await mkdtemp(path.join(tmpdir(), 'agentview-studio-')), 'agentview.config.mjs')
  const definition = {
    name: 'stage',
    title: 'Stage',
    url: agent.url,
    version: '1.0.0',
    allowUnknownMetadata: true,
    runs: [{ type: 'chat', output: { schema: { type: 'object' }, scores: SCORES } }],
  }
  await writeFile(config, `export default ${JSON.stringify({ agents: [definition] })}`)
  const environment = { PORT: String(port), AGENTVIEW_DATA: data, AGENTVIEW_CONFIG: config }
  const server = new AgentviewProcess(['start'], environment)
  await server.says('AgentView is ready')
  const url = `http://127.0.0.1:${port}`
  const credentials = JSON.parse(await readFile(path.join(data, 'credentials.json'), 'utf8')) as Credentials

  async function client<Answer>(method: string, route: string, body?: unknown): Promise<Answer> {
    const response = await fetch(url + route, {
      method,
      headers: {
        authorization: `Bearer ${credentials.secretKey}`,
        'content-type': 'application/json',
        prefer: 'wait=30',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${text}`)
    return (text && JSON.parse(text)) as Answer
  }
  return {
    url,
    agent,
    owner: credentials.owner,
    client,
    async talk(input, more) {
      const { session, run, items } = await client<{
        session: { id: string }
        run: { id: string }
        items: { id: string; kind: string }[]
      }>('POST', '/v1/messages', { agent: 'stage', input, ...more })
      return { sessionId: session.id, runId: run.id, items }
    },
    async stop() {
      await server.stop('SIGTERM')
      await agent.close()
      await cleanUp()
    },
  }
}
