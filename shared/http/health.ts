import type { Express } from 'express'
import { Registry, collectDefaultMetrics } from 'prom-client'

/** What must be true for this process to be given traffic; each returns null, or what is wrong. */
export type ReadinessCheck = () => Promise<string | null> | string | null

/** `GET /health/live`, `GET /health/ready`, `GET /metrics` (Prometheus), on every process. */
export function mountHealth(app: Express, checks: Record<string, ReadinessCheck>, registry: Registry): void {
  app.get('/health/live', (_request, response) => void response.json({ status: 'live' }))
  app.get('/health/ready', async (_request, response) => {
    const faults: Record<string, string> = {}
    await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        const fault = await Promise.resolve(check()).catch((error: unknown) => String(error))
        if (fault !== null) faults[name] = fault
      }),
    )
    const ready = Object.keys(faults).length === 0
    response.status(ready ? 200 : 503).json(ready ? { status: 'ready' } : { status: 'not_ready', faults })
  })
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics())
  })
}

/** The process' own figures (CPU, memory, event loop); one registry a process, whatever roles it has. */
export function newMetrics(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}
