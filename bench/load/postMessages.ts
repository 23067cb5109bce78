import { Pool } from 'undici'

/** Posts JSON on connections that stay open: no fetch, no streams, for the load shares the machine with what it loads. */
export interface Poster {
  /** Resolves with the answer's status and unparsed body. */
  post(path: string, headers: Readonly<Record<string, string>>, body: string): Promise<Answer>
  close(): Promise<void>
}

export interface Answer {
  status: number
  body: Buffer
}

export function startPoster(url: string, connections: number): Poster {
  const pool = new Pool(url, { connections, pipelining: 1 })
  return {
    post: (path, headers, body) =>
      new Promise((resolve, reject) => {
        let status = 0
        const chunks: Buffer[] = []
        pool.dispatch(
          { path, method: 'POST', headers, body },
          {
            onRequestStart: () => undefined,
            onResponseStart: (_controller, statusCode) => void (status = statusCode),
            onResponseData: (_controller, chunk) => void chunks.push(chunk),
            onResponseEnd: () => resolve({ status, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) }),
            onResponseError: (_controller, error) => reject(error),
          },
        )
      }),
    close: () => pool.destroy(),
  }
}
