import { tsImport } from 'tsx/esm/api'

/** Ports of this machine that nobody uses, for what the stack publishes. */
export async function freePorts() {
  const { freePort } = await tsImport('../../cli/embedded/freePort.ts', import.meta.url)
  return { http: await freePort(), postgres: await freePort(), redis: await freePort() }
}
