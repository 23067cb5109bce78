import type { Mail } from '@services/admin/mailer'
import { openAdmin } from '@services/admin/openAdmin'
import { requestBody } from '@workers/agent/requestBody'
import { type Contract, readContract } from './contract.ts'
import { type TestServer, type TestServerOptions, startTestServer } from './startTestServer.ts'

export interface AdminServer extends TestServer {
  adminContract: Contract
  /** What was mailed to people. */
  mails: Mail[]
}

/** A test server with the Admin API as well: loading it takes longer than all of the rest, so only its tests do. */
export async function startAdminServer(options: TestServerOptions = {}): Promise<AdminServer> {
  const mails: Mail[] = []
  const server = await startTestServer({
    ...options,
    mountAdmin: (app, process) =>
      openAdmin(app, {
        ...process,
        version: '0.0.0',
        mailer: { send: async (mail) => void mails.push(mail) },
        writeRequest: requestBody,
        addressOf: ({ headers, socket }) => String(headers['x-test-address'] ?? socket.remoteAddress),
      }),
  })
  try {
    const adminContract = await readContract(server.url, '/admin/v1/openapi.json')
    return { ...server, adminContract, mails }
  } catch (error) {
    await server.close()
    throw error
  }
}
