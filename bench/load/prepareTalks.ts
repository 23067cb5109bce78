import { AGENT } from '../agent/script.ts'
import { createApiClient } from '../client/apiClient.ts'
import { createSession, signIn } from '../client/calls.ts'
import type { Talk } from './talker.ts'

const AT_ONCE = 8

/** New end users with a session each. */
export async function prepareTalks(
  { url, publishableKey }: { url: string; publishableKey: string },
  count: number,
  name: string,
): Promise<Talk[]> {
  const api = createApiClient(url)
  const talks: Talk[] = []
  const numbers = Array.from({ length: count }, (_, index) => index).values()
  const prepareNext = async () => {
    for (const index of numbers) {
      const token = await signIn(api, publishableKey)
      const sessionId = await createSession(api, token, AGENT)
      talks.push({ token, sessionId, name: `${name}-${index}` })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, prepareNext))
  return talks
}
