import { expect } from '@jest/globals'
import type { Answer, ErrorBody } from './apiClient.ts'
import { countRows, quiet } from './countRows.ts'
import type { TestServer } from './startTestServer.ts'

/** A request that is refused as expected and leaves nothing behind: no table has another number of rows. */
export async function expectRefused(
  server: Pick<TestServer, 'db' | 'stage'>,
  status: number,
  code: string,
  send: () => Promise<Answer>,
): Promise<ErrorBody['error']> {
  await quiet(server)
  const before = await countRows(server.db)
  const answer = await send()
  const { error } = answer.body as ErrorBody
  expect([answer.status, error?.code]).toEqual([status, code])
  expect(await countRows(server.db)).toEqual(before)
  return error
}
