import { afterAll, expect, test } from '@jest/globals'
import { createOutboundGuard } from '@shared/outbound/guard'
import { closeAgentConnections } from '../callAgentApp.ts'
import { call, failureOf } from './hostileServer.ts'

afterAll(() => closeAgentConnections())

test.each(['http://127.0.0.1:9/', 'http://localhost:9/', 'http://[::1]:9/', 'http://169.254.169.254/'])(
  'an agent app at %s is not called unless that is allowed, and not tried again',
  async (url) => {
    const failure = failureOf(await call(url, { guard: createOutboundGuard([]) }))
    expect([failure.code, failure.retryable]).toEqual(['agent_unreachable', false])
    expect(failure.message).toContain('AGENTVIEW_ALLOW_HOSTS')
  },
)
