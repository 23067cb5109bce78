import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mountHealth, newMetrics } from '../health.ts'
import { newApp } from '../httpApp.ts'

const faults: Record<string, () => string | null> = {}
const app = newApp()
const server = createServer(app)
let url: string

beforeAll(async () => {
  mountHealth(
    app,
    { process: () => faults['process']?.() ?? null, postgres: async () => faults['postgres']?.() ?? null },
    newMetrics(),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const ask = async (path: string) => {
  const response = await fetch(url + path)
  return [response.status, await response.json()]
}

test('a process is ready while nothing is wrong, and says what is', async () => {
  expect(await ask('/health/ready')).toEqual([200, { status: 'ready' }])
  faults['process'] = () => 'stopping'
  faults['postgres'] = () => {
    throw new Error('it does not answer')
  }
  const wrong = { process: 'stopping', postgres: 'Error: it does not answer' }
  expect(await ask('/health/ready')).toEqual([503, { status: 'not_ready', faults: wrong }])
  expect(await ask('/health/live')).toEqual([200, { status: 'live' }])
  delete faults['process']
  delete faults['postgres']
  expect(await ask('/health/ready')).toEqual([200, { status: 'ready' }])
})

test('metrics are in the format of Prometheus', async () => {
  const response = await fetch(`${url}/metrics`)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; ?version=/)
  expect(await response.text()).toMatch(/^process_cpu_user_seconds_total [\d.]+$/m)
})
