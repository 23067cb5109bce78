import { createServer } from 'node:http'
import { toNodeHandler } from '@agentview/agent/node'
import { waiter } from './agent.ts'

const port = Number(process.env.PORT ?? 4102)
const host = process.env.HOST ?? '127.0.0.1'
// Without a secret it answers whoever calls, which on one's own machine is nobody else.
const handle = toNodeHandler(waiter, { secret: process.env.AGENTVIEW_SIGNING_SECRET ?? null })

const server = createServer((request, response) => void handle(request, response))
server.on('error', (error) => {
  console.error(`The waiter can't listen on ${host}:${port}: ${error.message}`)
  process.exitCode = 1
})
server.listen(port, host, () => console.log(`The waiter listens on http://${host}:${port}`))
