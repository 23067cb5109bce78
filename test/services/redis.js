import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tsImport } from 'tsx/esm/api'
import { containerRedis, engineAnswers } from './containers.js'
import { findProgram, installed } from './packages.js'

const START_MS = 10_000
const ATTEMPTS = 3
const HOW = 'install redis-server, start Docker, or set REDIS_URL, and run npm test again.'

/** REDIS_URL, a container, or redis-server on a free port. Gives `{ url }`, or `{ missing }`: what helps. */
export async function provideRedis(context) {
  if (process.env.REDIS_URL) return { url: process.env.REDIS_URL }
  if (await engineAnswers()) {
    try {
      return await containerRedis(context)
    } catch (error) {
      console.log(`Redis does not start in a container (${error.message}); trying redis-server.`)
    }
  }
  const program =
    findProgram(['redis-server']) ?? (installed('redis-server') ? findProgram(['redis-server']) : undefined)
  return program ? startServer(program, context) : { missing: HOW }
}

async function startServer(program, { folder, atEnd }) {
  const { freePort } = await tsImport('../../cli/embedded/freePort.ts', import.meta.url)
  const data = path.join(folder, 'redis')
  await mkdir(data, { recursive: true })
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const port = await freePort()
    const flags = ['--port', String(port), '--bind', '127.0.0.1', '--dir', data, '--databases', '64']
    const child = spawn(program, [...flags, '--save', '', '--appendonly', 'no', '--loglevel', 'warning'], {
      stdio: 'ignore',
      detached: true, // a Ctrl-C is for us: tests that are ending still talk to it
    })
    const closed = once(child, 'close')
    atEnd(async () => {
      child.kill('SIGTERM')
      await closed
    })
    if (await answers(port, child)) return { url: `redis://127.0.0.1:${port}` }
  }
  return { missing: `redis-server does not start; ${HOW}` }
}

async function answers(port, child) {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(20)) {
    if (child.exitCode !== null || child.signalCode !== null) return false
    if (await ping(port)) return true
  }
  return false
}

function ping(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.once('data', (reply) => done(reply.toString().startsWith('+PONG')))
    socket.once('error', () => done(false))
    socket.setTimeout(1000, () => done(false))
    const done = (answer) => {
      socket.destroy()
      resolve(answer)
    }
  })
}
