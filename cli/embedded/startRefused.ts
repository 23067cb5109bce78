/** Why embedded Postgres can't start here, in one line that also says what to do. Print the message, not the stack. */
export class StartRefused extends Error {
  override name = 'StartRefused'
}

/** The `code` of a Node or Postgres error (`ENOENT`, `3D000`), or undefined. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** Awaits `result`; gives undefined where it fails with one of `codes`, and throws any other failure. */
export async function unless<T>(result: Promise<T>, ...codes: string[]): Promise<T | undefined> {
  try {
    return await result
  } catch (error) {
    if (codes.includes(errorCode(error) ?? '')) return undefined
    throw error
  }
}
