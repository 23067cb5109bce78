import { createServer } from 'node:http'
import { toNodeHandler } from '@agentview/agent/node'
import { modelAgent } from './agent.ts'

const port = Number(process.env.PORT ?? 4104)
const host = process.env.HOST ?? '127.0.0.1'
const agent = modelAgent({
  baseURL: process.env.MODEL_BASE_URL ?? 'https://api.openai.com/v1',
  apiKey: process.env.MODEL_API_KEY ?? 'none',
  model: process.env.MODEL ?? 'gpt-5-mini',
  system: process.env.MODEL_SYSTEM ?? 'You are a helpful assistant. Answer briefly.',
})
// Without a secret it answers whoever calls, which on one's own machine is nobody else.
const handle = toNodeHandler(agent, { secret: process.env.AGENTVIEW_SIGNING_SECRET ?? null })

const server = createServer((request, response) => void handle(request, response))
server.on('error', (error) => {
  console.error(`The model's agent can't listen on ${host}:${port}: ${error.message}`)
  process.exitCode = 1
})
server.listen(port, host, () => console.log(`The model's agent listens on http://${host}:${port}`))
