import { describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { isConnectionTrouble, isRefusedStatement } from '../connectionTrouble.ts'

const answered = (code: string) => Object.assign(new pg.DatabaseError('no', 2, 'error'), { severity: 'ERROR', code })
const system = (code: string) => Object.assign(new Error(`read ${code}`), { code, errno: -1, syscall: 'read' })
const what = (error: unknown) => [isConnectionTrouble(error), isRefusedStatement(error)]

describe('trouble with the connection, which passes', () => {
  test.each(['08006', '40001', '40P01', '53300', '57P01', '57P03', '57014'])('SQLSTATE %s', (code) => {
    expect(what(answered(code))).toEqual([true, false])
  })

  test.each(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOTFOUND'])('%s', (code) => {
    expect(what(system(code))).toEqual([true, false])
  })

  test.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client has encountered a connection error and is not queryable',
  ])('%s', (message) => {
    expect(what(new Error(message))).toEqual([true, false])
  })

  test('a name with several addresses of which none answers', () => {
    const error = Object.assign(new AggregateError([system('ECONNREFUSED')]), { code: 'ECONNREFUSED' })
    expect(what(error)).toEqual([true, false])
  })

  test('as pg really throws it', async () => {
    const client = new pg.Client({ host: '127.0.0.1', port: 1, user: 'a', database: 'a' })
    expect(what(await client.connect().catch((error: unknown) => error))).toEqual([true, false])
  })
})

test.each(['22P05', '23505', '42P01', 'P0001', 'XX000'])('SQLSTATE %s is a refusal', (code) => {
  expect(what(answered(code))).toEqual([false, true])
})

describe('a fault of ours is neither: tried again, it would happen again', () => {
  test.each([
    ['a TypeError', new TypeError('x is not a function')],
    ['an error of ours', new Error('the agent version is gone')],
    ['a code that looks like an SQLSTATE', Object.assign(new Error('no'), { code: '08006' })],
    ['a system call for something else', system('EACCES')],
    ['a text', 'Connection terminated'],
    ['nothing', undefined],
  ])('%s', (_what, error) => {
    expect(what(error)).toEqual([false, false])
  })
})
