import type { QueryResult } from 'pg'
import type { Database } from '@shared/store/pool'

type Around = (name: string, send: () => Promise<QueryResult>) => Promise<QueryResult>

/** A database whose prepared statements a test may hold up or let fail, before or after they are committed. */
export function withStatements(db: Database, around: Around): Database {
  const query = (statement: { name: string }) =>
    around(statement.name, () => db.query(statement as never) as unknown as Promise<QueryResult>)
  return new Proxy(db, { get: (target, name) => (name === 'query' ? query : Reflect.get(target, name, target)) })
}

/** What pg says when the connection broke: nobody knows whether the statement was committed. */
export function brokenOff(): Promise<never> {
  return Promise.reject(new Error('Connection terminated unexpectedly'))
}

/**
 * Lets statements whose name begins so break off the first `times`, before they are sent or after they were committed
 * (then only those that have brought something).
 */
export function breakOff(prefix: string, when: 'committed' | 'before', times = 1): Around & { left: () => number } {
  let left = times
  const around: Around = async (name, send) => {
    if (!name.startsWith(prefix) || left === 0) return send()
    const result = when === 'committed' ? await send() : null
    if (result?.rows.length === 0) return result
    left--
    return brokenOff()
  }
  return Object.assign(around, { left: () => left })
}
