import { readFile, writeFile } from 'node:fs/promises'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { handleEliza } from '@examples/eliza/agent'
import { handleReplay } from '@examples/replay/agent'
import { type AgentDefinition, DEFAULT_POLICY } from '@shared/domain/agents'

export interface RunningExamples {
  agents: AgentDefinition[]
  stop(): Promise<void>
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

const EXAMPLES: { name: string; title: string; handle: Handler }[] = [
  { name: 'eliza', title: 'Eliza', handle: handleEliza },
  { name: 'replay', title: 'Replay of a recorded conversation', handle: handleReplay },
]

/**
 * Runs the example agent apps on free ports of this machine. The ports are kept in the data folder and taken again at
 * the next start if they are free, so that a restart publishes no new versions.
 */
export async function startExamples(dataFolder: string): Promise<RunningExamples> {
  const file = path.join(dataFolder, 'examples.json')
  const wanted = await readFile(file, 'utf8').then(
    (text): Record<string, number> => JSON.parse(text),
    () => ({}) as Record<string, number>,
  )
  const ports: Record<string, number> = {}
  const servers: Server[] = []
  const agents: AgentDefinition[] = []
  for (const { name, title, handle } of EXAMPLES) {
    const server = createServer((request, response) => void handle(request, response))
    const port = await listen(server, wanted[name] ?? 0).catch(() => listen(server, 0))
    ports[name] = port
    servers.push(server)
    agents.push({
      name,
      title,
      url: `http://127.0.0.1:${port}/`,
      version: '1.0.0',
      protocol: 'agentview',
      allowUnknownMetadata: true,
      policy: DEFAULT_POLICY,
      runs: [{ type: 'chat' }],
    })
  }
  await writeFile(file, JSON.stringify(ports))
  return {
    agents,
    async stop() {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
  return (server.address() as AddressInfo).port
}
