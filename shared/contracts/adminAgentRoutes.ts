import { Type } from 'typebox'
import type { AdminRoute } from './adminRoute.ts'
import { AdminAgent, VersionDetail, VersionDiff, VersionRow } from './adminObjects.ts'
import { LIST, closed, page } from './objects.ts'

const Name = Type.String({ minLength: 1, maxLength: 63 })
const Version = Type.String({ minLength: 1, maxLength: 50 })
const ofAgent = closed({ name: Name })

/** Agents and their versions. They are published by `agentview config push`. */
export const adminAgentRoutes = {
  listAgents: {
    method: 'get',
    path: '/admin/v1/agents',
    summary: 'Agents by name',
    query: closed(LIST),
    responses: { 200: page(AdminAgent) },
  },
  readAgent: {
    method: 'get',
    path: '/admin/v1/agents/{name}',
    summary: 'An agent',
    params: ofAgent,
    responses: { 200: AdminAgent },
  },
  listVersions: {
    method: 'get',
    path: '/admin/v1/agents/{name}/versions',
    summary: 'Versions of an agent in the order of their publishing, the newest first',
    params: ofAgent,
    query: closed(LIST),
    responses: { 200: page(VersionRow) },
  },
  readVersion: {
    method: 'get',
    path: '/admin/v1/agents/{name}/versions/{version}',
    summary: 'A version with its definition: schemas and policies',
    params: closed({ name: Name, version: Version }),
    responses: { 200: VersionDetail },
  },
  diffVersions: {
    method: 'get',
    path: '/admin/v1/agents/{name}/diff',
    summary: 'Where two versions of an agent differ',
    params: ofAgent,
    query: closed({ from: Version, to: Version }),
    responses: { 200: VersionDiff },
  },
  activateVersion: {
    method: 'post',
    path: '/admin/v1/agents/{name}/activate',
    summary: 'Make a version the active one: forwards, or back',
    params: ofAgent,
    body: closed({ version: Version }),
    responses: { 200: AdminAgent },
  },
} as const satisfies Record<string, AdminRoute>
